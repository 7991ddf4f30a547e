//! What a restart restores, and what is served while the ledger cannot be written.

mod damage;
mod older;
mod order;
mod settled;
mod smallest;
mod store;
mod trouble;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use silkrate::app::{App, AppError};
use silkrate::board::BoardReader;
use silkrate::clock::Clock;
use silkrate::commit::{BufferedLedger, Commit, CommitHandle, Submission};
use silkrate::config;
use silkrate::domain::{Currency, Intent, RateFilter, SourceId, SourceRecord};
use silkrate::ledger::ClockKind;
use silkrate::pb::watch_rates_response::Event;
use silkrate::pb::{self, ResumeVerdict};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::april::{bank_of_april, nbk, nbk_path};
use crate::support::bank::{Bank, Fault};
use crate::support::boards::noon;
use crate::support::records::{PREFERENCES, Quotes, Records, table};
use crate::support::silkrate::{Silkrate, filter, message, settings, source};

const NBK: SourceId = SourceId::new("nbk");
const PAIRS: &[&str] = &["KZT/USD", "USD/KZT", "KZT/UZS", "*/KZT"];

async fn with_ledger(bank: &Bank, path: &Path) -> Silkrate {
    let mut config = settings("2026-04-02T09:00:00Z");
    config.store = config::Store::File(path.to_owned());
    config.sources.push(source("nbk", "", &bank.url()));
    Silkrate::start(config).await
}

#[tokio::test]
async fn two_restarts_without_the_bank_change_no_byte_and_no_position() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let bank = bank_of_april().await;
    let mut first = with_ledger(&bank, &path).await;
    first.all_attempted().await;
    // Two values are held back and one is flagged: they are part of what is served.
    let third = nbk("03.04.2026", ("4751.09", "-3.68"), ("3.95", "0.05"));
    bank.publish(&[(nbk_path("03.04.2026"), third)]);
    first
        .committed(|snapshot| {
            snapshot
                .source(NBK)
                .is_some_and(|state| !state.held.is_empty())
        })
        .await;
    let before = first.snapshot(PAIRS).await;
    assert!(before.rates.iter().any(|rate| !rate.held.is_empty()));
    first.finish().await;

    bank.break_with(Some(Fault::Status(503)));
    for restart in 1..=2 {
        let mut again = with_ledger(&bank, &path).await;
        assert_eq!(
            again.snapshot(PAIRS).await,
            before,
            "restart {restart}, at once"
        );
        again.all_attempted().await;
        assert_eq!(
            again.snapshot(PAIRS).await,
            before,
            "restart {restart}, after a poll"
        );
        let mut stream = again
            .watch(pb::WatchRatesRequest {
                filter: Some(filter(PAIRS)),
                resume_after: before.position.clone(),
                ..pb::WatchRatesRequest::default()
            })
            .await;
        let (_, opening) = message(&mut stream).await;
        let Event::Opening(opening) = opening else {
            panic!("expected the opening, got {opening:?}")
        };
        assert_eq!(opening.verdict(), ResumeVerdict::Resumed);
        drop(stream);
        again.finish().await;
    }
}

#[tokio::test]
async fn after_a_restart_a_reader_resumes_and_gets_an_update_of_the_changes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let bank = bank_of_april().await;
    let mut first = with_ledger(&bank, &path).await;
    first.all_attempted().await;
    let held = first.snapshot(&["USD/KZT"]).await.position;
    first.finish().await;

    let third = nbk("03.04.2026", ("476.00", "0.91"), ("3.92", "0.01"));
    bank.publish(&[(nbk_path("03.04.2026"), third)]);
    let mut again = with_ledger(&bank, &path).await;
    again
        .committed(|snapshot| {
            let usd = snapshot.rate(silkrate::domain::Pair::parse("USD/KZT").unwrap());
            usd.is_some_and(|usd| usd.announced.is_some())
        })
        .await;
    let mut stream = again
        .watch(pb::WatchRatesRequest {
            filter: Some(filter(&["USD/KZT"])),
            resume_after: held,
            ..pb::WatchRatesRequest::default()
        })
        .await;
    message(&mut stream).await;
    let (position, update) = message(&mut stream).await;
    let Event::Update(update) = update else {
        panic!("expected the catch-up, got {update:?}")
    };
    let announced = update.rates[0].announced.as_ref().unwrap();
    assert_eq!(
        (announced.value.as_str(), announced.effective_date.as_str()),
        ("476.00", "2026-04-03")
    );
    assert_eq!(
        position,
        again.snapshot(&["USD/KZT"]).await.position.unwrap()
    );
    drop(stream);
    again.finish().await;
}

#[tokio::test]
async fn a_pair_that_other_settings_remove_ends_the_epoch() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let bank = bank_of_april().await;
    let mut first = with_ledger(&bank, &path).await;
    first.all_attempted().await;
    let before = first.snapshot(PAIRS).await.position.unwrap();
    first.finish().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.store = config::Store::File(path);
    let mut without = Silkrate::start(config).await;
    let after = without.snapshot(PAIRS).await;
    assert_eq!(after.rates, [], "no source is left to answer");
    let position = after.position.unwrap();
    assert_ne!(position.epoch, before.epoch);
    assert!(position.revision > before.revision);
    without.finish().await;
}

#[tokio::test]
async fn a_ledger_of_a_replay_is_refused_under_the_real_clock() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let bank = bank_of_april().await;
    with_ledger(&bank, &path).await.finish().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.clock = None;
    config.store = config::Store::File(path);
    let refused = App::bind(config).await;
    assert!(matches!(refused, Err(AppError::Store(_))), "{refused:?}");
}

/// A commit task on a store, with one bank and no poller.
struct CommitTask {
    handle: CommitHandle,
    board: BoardReader,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl CommitTask {
    async fn open(store: BufferedLedger) -> Self {
        let records = Records::default().with("nbk", Some(Currency::KZT), Vec::new());
        let records = records
            .sources
            .values()
            .map(|record| SourceRecord::clone(record));
        let clock = Clock::replay(noon(date(2026, 4, 1)), 1);
        let settings = (PREFERENCES.to_vec(), RateFilter::default());
        let (commit, handle) = Commit::open(records.collect(), settings, store, clock).await;
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

    async fn submit(&self, day: i8, usd: &'static str) {
        let day = date(2026, 4, day);
        let submission = Submission {
            source: NBK,
            tables: vec![table(
                "nbk",
                Quotes::InHome(Currency::KZT),
                day,
                &[("USD", 1, usd)],
            )],
            intent: Intent::Newest,
            attempt_ended: true,
            is_live: true,
            answered: Vec::new(),
        };
        let outcome = self.handle.submit(submission).await.unwrap();
        assert_eq!(outcome.refused, []);
    }

    async fn close(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

fn store(path: &Path) -> BufferedLedger {
    let store = BufferedLedger::open_if_possible(Some(path.to_owned()), ClockKind::Replay).unwrap();
    store.retried_after(Duration::from_millis(20))
}

#[tokio::test]
async fn a_foreign_file_is_left_alone_and_serving_goes_on_from_memory_until_it_is_gone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    fs::write(&path, "an editor's notes, by no means a database").unwrap();
    let task = CommitTask::open(store(&path)).await;
    task.submit(1, "478.77").await;
    task.submit(2, "475.09").await;
    let status = task.handle.ledger_status().unwrap();
    assert!(
        status.error.contains("is not a ledger of silkrate"),
        "{}",
        status.error
    );
    assert!(status.unsaved >= 2, "{}", status.unsaved);
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "an editor's notes, by no means a database"
    );
    let from_memory = task.board.snapshot().position.clone();

    let mut snapshots = task.board.watch();
    fs::remove_file(&path).unwrap();
    let recovered =
        snapshots.wait_for(|published| published.snapshot.position.epoch != from_memory.epoch);
    let recovered = Arc::clone(&recovered.await.unwrap().snapshot);
    assert!(recovered.position.revision > from_memory.revision);
    let status = task.handle.ledger_status().unwrap();
    assert_eq!((status.error.as_str(), status.unsaved), ("", 0));
    task.close().await;

    let again = CommitTask::open(store(&path)).await;
    assert_eq!(
        *again.board.snapshot(),
        *recovered,
        "the same state at the same position"
    );
    again.close().await;
}

#[tokio::test]
async fn every_published_revision_was_written_before() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let task = CommitTask::open(store(&path)).await;
    for (day, usd) in [(1, "478.77"), (2, "475.09"), (2, "475.10")] {
        task.submit(day, usd).await;
        let shown = task.board.snapshot().position.clone();
        let entries = rusqlite::Connection::open(&path).unwrap();
        let written: i64 = entries
            .query_row("SELECT max(revision) FROM entries", [], |row| row.get(0))
            .unwrap();
        assert_eq!(u64::try_from(written).unwrap(), shown.revision);
    }
    task.close().await;
}
