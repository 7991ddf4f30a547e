//! What the health service of gRPC reports.

use tokio_util::sync::CancellationToken;
use tonic::codec::CompressionEncoding;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

use crate::app::tasks::{Stage, Tasks};
use crate::app::transport::REQUEST_BYTES_MAX;
use crate::board::BoardReader;
use crate::feed::Transport;
use crate::grpc::DrainingHealth;
use crate::pb::rate_service_server::SERVICE_NAME;
use crate::queries::Queries;

/// The name under which the health service says whether this replica is in contact with the others.
const HEALTH_OF_REPLICA: &str = "silkrate.replica";

/// The health service of each port of clients.
pub(super) struct HealthServers {
    pub(super) grpc: HealthServer<DrainingHealth>,
    pub(super) grpc_web: HealthServer<DrainingHealth>,
}

/// The health service, which reports that the rates are served until told otherwise, and what tells it. Its watches count among the
/// streams of `queries`.
pub(super) async fn serving(
    (tasks, board): (&mut Tasks, &BoardReader),
    queries: &Queries,
    draining: CancellationToken,
) -> (HealthReporter, HealthServers) {
    let health = HealthReporter::new();
    health
        .set_service_status(SERVICE_NAME, ServingStatus::Serving)
        .await;
    report_contact(tasks, board, &health);
    let server = |transport| {
        let service = HealthService::from_health_reporter(health.clone());
        let streams = (queries.clone(), transport);
        HealthServer::new(DrainingHealth::new(service, streams, draining.clone()))
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(REQUEST_BYTES_MAX)
    };
    let servers = HealthServers {
        grpc: server(Transport::Grpc),
        grpc_web: server(Transport::GrpcWeb),
    };
    (health, servers)
}

/// Reports to health checks that nothing is served any more.
pub(super) async fn set_not_serving(health: &HealthReporter) {
    for name in [SERVICE_NAME, ""] {
        health
            .set_service_status(name, ServingStatus::NotServing)
            .await;
    }
}

/// Tells the health service whether this replica is in contact with the others, and that one without a state serves nothing.
fn report_contact(tasks: &mut Tasks, board: &BoardReader, health: &HealthReporter) {
    let mut replica = board.watch_replica();
    if replica.borrow().is_none() {
        return;
    }
    let (health, stopped) = (health.clone(), tasks.token(Stage::Listeners));
    let report = async move {
        let mut was_empty = false;
        loop {
            let (is_detached, is_empty) = {
                let replica = replica.borrow_and_update();
                let replica = replica.as_ref();
                let is_detached = replica.is_some_and(|replica| replica.detached.is_some());
                (
                    is_detached,
                    replica.is_some_and(|replica| replica.empty.is_some()),
                )
            };
            let contact = serving_if(!is_detached);
            health.set_service_status(HEALTH_OF_REPLICA, contact).await;
            // Only when it changes: a service that stops has reported that it does not serve.
            if std::mem::replace(&mut was_empty, is_empty) != is_empty {
                for name in [SERVICE_NAME, ""] {
                    health.set_service_status(name, serving_if(!is_empty)).await;
                }
            }
            tokio::select! {
                changed = replica.changed() => if changed.is_err() { break },
                () = stopped.cancelled() => return,
            }
        }
        stopped.cancelled().await;
    };
    tasks.start(Stage::Listeners, "health of the replica", report);
}

fn serving_if(serves: bool) -> ServingStatus {
    if serves {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    }
}
