//! `grpc.health.v1`, with watches that count among the streams of their client, and end when the service drains: a health watch
//! would otherwise delay every shutdown until its deadline.

use std::pin::Pin;

use futures_util::{Stream, StreamExt, stream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_health::server::HealthService;

use crate::access::counted_in;
use crate::domain::Refusal;
use crate::feed::Transport;
use crate::queries::Queries;

/// The health service over one transport.
#[derive(Debug)]
pub struct DrainingHealth {
    inner: HealthService,
    queries: Queries,
    transport: Transport,
    draining: CancellationToken,
}

impl DrainingHealth {
    /// Answers as `inner` does, until `draining` is cancelled. `queries` give each watch its place among the streams.
    pub fn new(
        inner: HealthService,
        (queries, transport): (Queries, Transport),
        draining: CancellationToken,
    ) -> Self {
        Self {
            inner,
            queries,
            transport,
            draining,
        }
    }
}

#[tonic::async_trait]
impl Health for DrainingHealth {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        self.inner.check(request).await
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let client = counted_in(request.extensions());
        let place = self.queries.health_place(client, self.transport)?;
        let statuses = self.inner.watch(request).await?.into_inner();
        let not_serving = HealthCheckResponse {
            status: ServingStatus::NotServing.into(),
        };
        let end = stream::iter([Ok(not_serving), Err(Refusal::Draining.into())]);
        let drained = self.draining.clone().cancelled_owned();
        let statuses = statuses.take_until(Box::pin(drained)).chain(end);
        Ok(Response::new(Box::pin(statuses.map(move |status| {
            let _held_as_long = &place;
            status
        }))))
    }
}
