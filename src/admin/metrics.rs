//! The page `/metrics`: what is in memory already, read when the page is.

mod access;
mod commits;
mod ledger;
mod rates;
mod replica;
mod service;
mod sources;
mod tls;
mod traffic;
mod webhooks;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::sync::{Semaphore, watch};
pub use traffic::Traffic;

use crate::access::Access;
use crate::admin::metrics::access::AccessMetrics;
use crate::admin::metrics::commits::CommitMetrics;
use crate::admin::metrics::ledger::LedgerMetrics;
use crate::admin::metrics::rates::RateMetrics;
use crate::admin::metrics::replica::ReplicaMetrics;
use crate::admin::metrics::service::ServiceMetrics;
use crate::admin::metrics::sources::SourceMetrics;
use crate::admin::metrics::tls::TlsMetrics;
use crate::admin::metrics::webhooks::WebhookMetrics;
use crate::admin::text::{self, text};
use crate::board::BoardReader;
use crate::budget::RequestBudget;
use crate::clock::Clock;
use crate::commit::LedgerHealth;
use crate::queries::Queries;
use crate::shared::node::Status;
use crate::telemetry::{
    Collect, CommitCounts, CountsByWebhook, Exposition, Format, LedgerCounts, Process,
};
use crate::tls::Certificates;

/// Where the page reads.
#[derive(Debug, Clone)]
pub struct MetricSources {
    /// What is published.
    pub board: BoardReader,
    /// Names the pairs of the ticker, whose rates are on the page.
    pub queries: Queries,
    /// How the ledger is.
    pub ledger: watch::Receiver<LedgerHealth>,
    /// What is counted of the ledger.
    pub ledger_counts: Arc<LedgerCounts>,
    /// The file of the ledger; `None` if it is in memory.
    pub ledger_path: Option<PathBuf>,
    /// What the commit task counts.
    pub commits: Arc<CommitCounts>,
    /// How the attempts to deliver ended, by webhook.
    pub webhooks: watch::Receiver<CountsByWebhook>,
    /// The requests to each source.
    pub budgets: watch::Receiver<Vec<RequestBudget>>,
    /// The certificates of the ports that speak TLS.
    pub certificates: Certificates,
    /// The keys of clients.
    pub access: Access,
    /// What the ports and the streams count.
    pub traffic: Traffic,
    /// What this replica of a shared log reports; `None` if the service runs alone.
    pub replica: Option<watch::Receiver<Status>>,
    /// The clock of the service.
    pub clock: Clock,
}

/// How long a reader of the page may wait for it: less than the ten seconds after which Prometheus gives a scrape up, so that
/// it gets the reason.
const PATIENCE: Duration = Duration::from_secs(5);
const BUSY: &str =
    "the page of metrics could not be written in time: the machine or its disk is busy\n";
const BROKEN: &str = "the page of metrics could not be written; the log says more\n";

/// The page. Clones share it.
#[derive(Debug, Clone)]
pub struct Metrics {
    page: Arc<Exposition>,
    /// The turn to write it: however many read it, one thread writes.
    turn: Arc<Semaphore>,
    patience: Duration,
}

impl Metrics {
    /// The page of a service that starts now.
    pub fn new(sources: MetricSources) -> Self {
        let MetricSources {
            board,
            queries,
            ledger,
            ledger_counts,
            ledger_path,
            commits,
            webhooks,
            budgets,
            certificates,
            access,
            traffic,
            replica,
            clock,
        } = sources;
        let parts: [Box<dyn Collect>; 11] = [
            Box::new(ServiceMetrics::new(board.clone(), clock)),
            Box::new(RateMetrics::new(board.clone(), queries)),
            Box::new(SourceMetrics::new(board, budgets)),
            Box::new(CommitMetrics(commits)),
            Box::new(LedgerMetrics::new(ledger, ledger_counts, ledger_path)),
            Box::new(traffic),
            Box::new(TlsMetrics(certificates)),
            Box::new(AccessMetrics(access)),
            Box::new(WebhookMetrics(webhooks)),
            Box::new(ReplicaMetrics(replica)),
            Box::new(Process::new()),
        ];
        Self::of(Exposition::new(parts), PATIENCE)
    }

    fn of(page: Exposition, patience: Duration) -> Self {
        Self {
            page: Arc::new(page),
            turn: Arc::new(Semaphore::new(1)),
            patience,
        }
    }

    /// The page in the format that a reader accepts, or 503 if it is not written in time.
    pub(super) async fn answer(self, headers: HeaderMap) -> Response {
        let accepted = headers.get_all(ACCEPT).iter();
        let accepted: Vec<_> = accepted.filter_map(|value| value.to_str().ok()).collect();
        let format = Format::accepted(&accepted.join(","));
        let patience = self.patience;
        match tokio::time::timeout(patience, self.render(format)).await {
            Ok(Some(page)) => {
                let media_type = HeaderValue::from_static(format.media_type());
                (text::headers(media_type), Body::from(page)).into_response()
            }
            Ok(None) => {
                tracing::error!("could not write the page of metrics");
                text(StatusCode::INTERNAL_SERVER_ERROR, BROKEN)
            }
            Err(_late) => text(StatusCode::SERVICE_UNAVAILABLE, BUSY),
        }
    }

    /// Writes the page on a thread that may block: it reads the size of files, and a disk that does not answer must not hold
    /// up a thread of the runtime. The turn ends with the writing, whether the reader still waits or not.
    async fn render(self, format: Format) -> Option<String> {
        let turn = self.turn.acquire_owned().await.ok()?;
        let page = tokio::task::spawn_blocking(move || {
            let page = self.page.render(format);
            drop(turn);
            page
        });
        page.await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::telemetry::Page;

    /// A part that waits until the test lets it go on.
    #[derive(Debug)]
    struct Slow {
        begun: Sender<()>,
        goes_on: Mutex<Receiver<()>>,
    }

    impl Collect for Slow {
        fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
            self.begun.send(()).map_err(|_ended| fmt::Error)?;
            let goes_on = self.goes_on.lock().map_err(|_poisoned| fmt::Error)?;
            goes_on.recv().map_err(|_ended| fmt::Error)?;
            page.gauge(("silkrate_slow", "A figure"), Some(1_u64))
        }
    }

    #[tokio::test]
    async fn one_page_is_written_at_a_time_and_a_reader_who_waits_too_long_gets_the_reason() {
        let ((begun, has_begun), (go_on, goes_on)) = (channel(), channel());
        let goes_on = Mutex::new(goes_on);
        let parts: [Box<dyn Collect>; 1] = [Box::new(Slow { begun, goes_on })];
        // One that passes at once.
        let impatient = Metrics::of(Exposition::new(parts), Duration::from_millis(50));
        let patient = Metrics {
            patience: Duration::from_secs(30),
            ..impatient.clone()
        };
        let answer = |metrics: &Metrics| metrics.clone().answer(HeaderMap::new());
        for _ in 0..2 {
            let late = answer(&impatient).await;
            assert_eq!(late.status(), StatusCode::SERVICE_UNAVAILABLE);
            let text = axum::body::to_bytes(late.into_body(), 1024).await.unwrap();
            assert_eq!(text, BUSY);
        }
        // The first one is still being written, and the second one never was.
        has_begun.recv().unwrap();
        assert!(has_begun.try_recv().is_err());
        go_on.send(()).unwrap();
        go_on.send(()).unwrap();
        assert_eq!(answer(&patient).await.status(), StatusCode::OK);
    }
}
