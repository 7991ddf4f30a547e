//! The commit task on a ledger, with the Kazakh bank and no poller: a test submits the tables.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use silkrate::board::BoardReader;
use silkrate::clock::Clock;
use silkrate::commit::{
    BufferedLedger, Commit, CommitHandle, LedgerStatus, Submission, SubmitOutcome,
};
use silkrate::domain::{
    Currency, Intent, Pair, Rate, RateFilter, Snapshot, SourceId, SourceRecord, Table,
};
use silkrate::ledger::ClockKind;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::records::{PREFERENCES, Quotes, Records, table};

/// A timeout: nothing that these tests wait for takes as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// Longer than a test: the ledger is retried at the stop only.
pub(crate) const NEVER: Duration = Duration::from_secs(600);
/// A delay that a test can wait for.
pub(crate) const SOON: Duration = Duration::from_millis(20);

const NBK: SourceId = SourceId::new("nbk");

/// A table of the Kazakh bank.
pub(crate) fn tenge(day: Date, rows: &[(&'static str, u32, &str)]) -> Table {
    table("nbk", Quotes::InHome(Currency::KZT), day, rows)
}

/// A ledger in a file, retried this long after a failure.
pub(crate) fn store(path: &Path, retry_after: Duration) -> BufferedLedger {
    let store = BufferedLedger::open_if_possible(Some(path.to_owned()), ClockKind::Replay).unwrap();
    store.retried_after(retry_after)
}

/// The commit task before it runs, and the handle to it.
pub(crate) async fn opened(store: BufferedLedger, clock: Clock) -> (Commit, CommitHandle) {
    let records = Records::default().with("nbk", Some(Currency::KZT), Vec::new());
    let records = records.sources.values();
    let records = records.map(|record| SourceRecord::clone(record)).collect();
    let settings = (PREFERENCES.to_vec(), RateFilter::default());
    Commit::open(records, settings, store, clock).await
}

/// The running commit task.
pub(crate) struct Commits {
    pub(crate) handle: CommitHandle,
    pub(crate) board: BoardReader,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Commits {
    pub(crate) async fn open(store: BufferedLedger, now: Timestamp) -> Self {
        let (commit, handle) = opened(store, Clock::replay(now, 1)).await;
        Self::run(commit, handle)
    }

    pub(crate) fn run(commit: Commit, handle: CommitHandle) -> Self {
        let (board, stop) = (commit.board(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(commit.run(stop.clone()));
        Self {
            handle,
            board,
            stop,
            tasks,
        }
    }

    /// Submits the tables of a poll.
    pub(crate) async fn submit(&self, tables: Vec<Table>, intent: Intent) -> SubmitOutcome {
        let submission = Submission {
            source: NBK,
            tables,
            intent,
            attempt_ended: true,
            is_live: true,
            answered: Vec::new(),
        };
        let verdict = tokio::time::timeout(PATIENCE, self.handle.submit(submission));
        let verdict = verdict.await.expect("the verdict comes").unwrap();
        assert_eq!(verdict.refused, []);
        verdict
    }

    /// Submits the newest table.
    pub(crate) async fn submit_newest(&self, table: Table) -> SubmitOutcome {
        self.submit(vec![table], Intent::Newest).await
    }

    pub(crate) fn status(&self) -> LedgerStatus {
        self.handle.ledger_status().unwrap()
    }

    /// Waits until the ledger is written again.
    pub(crate) async fn recovered(&self) {
        let recovered = async {
            while !self.status().error.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        let recovered = tokio::time::timeout(PATIENCE, recovered).await;
        recovered.expect("the ledger is written again");
    }

    pub(crate) fn rate(&self, pair: &str) -> Rate {
        let rate = self.board.snapshot().rate(Pair::parse(pair).unwrap());
        rate.expect("the pair is quoted")
    }

    /// Stops as the service does, and returns the last snapshot.
    pub(crate) async fn close(mut self) -> Arc<Snapshot> {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        self.board.snapshot()
    }
}
