//! What the operators' port answers over HTTP, and where it reads that.

use std::sync::Arc;

use axum::Router;
use tokio_util::sync::CancellationToken;

use crate::admin::{MetricSources, Metrics, Readiness, Traffic, pages};
use crate::clock::Clock;
use crate::commit::Commit;
use crate::config::{Config, Store};
use crate::telemetry::{CallCounts, DeliveryCounts, PortCounts, StreamCounts};
use crate::web::WebCounts;

/// What the parts of the service count.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) streams: Arc<StreamCounts>,
    /// The requests of the gRPC port.
    pub(super) calls: Arc<CallCounts>,
    pub(super) grpc: Arc<PortCounts>,
    pub(super) web: WebCounts,
    pub(super) admin: Arc<PortCounts>,
    pub(super) webhooks: Vec<(String, Arc<DeliveryCounts>)>,
}

/// The pages of a service that starts now.
pub(super) fn operators_pages(
    config: &Config,
    commit: &Commit,
    counts: &Counts,
    clock: &Clock,
    draining: CancellationToken,
) -> Router {
    let readiness = Readiness {
        board: commit.board(),
        ledger: commit.ledger_health(),
        is_ledger_required: config.store_required,
        draining,
    };
    let port = |name, counts: &Arc<PortCounts>| (name, Arc::clone(counts));
    let traffic = Traffic {
        streams: Arc::clone(&counts.streams),
        ports: [
            port("grpc", &counts.grpc),
            port("web", &counts.web.port),
            port("admin", &counts.admin),
        ],
        calls: Arc::clone(&counts.calls),
        web_calls: Arc::clone(&counts.web.calls),
    };
    let metrics = Metrics::new(MetricSources {
        board: commit.board(),
        ticker: config.ticker.pairs.clone(),
        ledger: commit.ledger_health(),
        ledger_path: match &config.store {
            Store::Memory => None,
            Store::File(path) => Some(path.clone()),
        },
        commits: commit.counts(),
        webhooks: counts.webhooks.clone(),
        traffic,
        clock: clock.clone(),
    });
    pages(readiness, metrics)
}
