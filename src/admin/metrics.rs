//! The page `/metrics`: what is in memory already, read when the page is.

mod commits;
mod ledger;
mod rates;
mod service;
mod sources;
mod traffic;
mod webhooks;

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use tokio::sync::watch;
pub use traffic::Traffic;

use crate::admin::metrics::commits::CommitMetrics;
use crate::admin::metrics::ledger::LedgerMetrics;
use crate::admin::metrics::rates::RateMetrics;
use crate::admin::metrics::service::ServiceMetrics;
use crate::admin::metrics::sources::SourceMetrics;
use crate::admin::metrics::webhooks::WebhookMetrics;
use crate::board::BoardReader;
use crate::clock::Clock;
use crate::commit::LedgerHealth;
use crate::domain::RateFilter;
use crate::telemetry::{Collect, CommitCounts, DeliveryCounts, Exposition, Format, Process};

/// Where the page reads.
#[derive(Debug, Clone)]
pub struct MetricSources {
    /// What is published.
    pub board: BoardReader,
    /// The pairs of the ticker, whose rates are on the page.
    pub ticker: RateFilter,
    /// How the ledger is.
    pub ledger: watch::Receiver<LedgerHealth>,
    /// The file of the ledger; `None` if it is in memory.
    pub ledger_path: Option<PathBuf>,
    /// What the commit task counts.
    pub commits: Arc<CommitCounts>,
    /// How the attempts to deliver ended, by webhook.
    pub webhooks: Vec<(String, Arc<DeliveryCounts>)>,
    /// What the ports and the streams count.
    pub traffic: Traffic,
    /// The clock of the service.
    pub clock: Clock,
}

/// The page. Clones share it.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Exposition>);

impl Metrics {
    /// The page of a service that starts now.
    pub fn new(sources: MetricSources) -> Self {
        let MetricSources {
            board,
            ticker,
            ledger,
            ledger_path,
            commits,
            webhooks,
            traffic,
            clock,
        } = sources;
        let started = Timestamp::now();
        let parts: [Box<dyn Collect>; 8] = [
            Box::new(ServiceMetrics::new(board.clone(), clock.clone())),
            Box::new(RateMetrics::new(board.clone(), ticker)),
            Box::new(SourceMetrics::new(board, clock)),
            Box::new(CommitMetrics(commits)),
            Box::new(LedgerMetrics::new(ledger, ledger_path)),
            Box::new(traffic),
            Box::new(WebhookMetrics(webhooks)),
            Box::new(Process { started }),
        ];
        Self(Arc::new(Exposition::new(parts)))
    }

    /// The page in the format that a reader accepts.
    pub(super) async fn answer(self, headers: HeaderMap) -> Response {
        let accepted = headers.get_all(ACCEPT).iter();
        let accepted: Vec<_> = accepted.filter_map(|value| value.to_str().ok()).collect();
        let format = Format::accepted(&accepted.join(","));
        // It reads the size of files: a disk that does not answer must not hold up a thread of the runtime.
        let page = tokio::task::spawn_blocking(move || self.0.render(format)).await;
        let Ok(Ok(page)) = page else {
            tracing::error!("could not write the page of metrics");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (headers, Body::from(page)).into_response()
    }
}
