//! The budget of requests of a bank and day, and what is requested within it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use silkrate::{config, pb};

use crate::support::april::{bank_of_april, nbk_path, silkrate_of_april};
use crate::support::bank::{Bank, Fault};
use crate::support::silkrate::{Silkrate, settings, source};

/// The afternoon of the bank of April.
const NOW: &str = "2026-04-02T09:00:00Z";

async fn with_budget(bank: &Bank, requests_per_day: u32, store: config::Store) -> Silkrate {
    let mut config = settings(NOW);
    config.store = store;
    let mut nbk = source("nbk", "", &bank.url());
    nbk.requests_per_day = requests_per_day;
    config.sources.push(nbk);
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    silkrate
}

/// How long after [`NOW`] the next poll is due.
fn wait(detail: &pb::SourceDetail) -> SignedDuration {
    let next = detail.next_attempt_time.unwrap();
    let next = Timestamp::from_second(next.seconds).unwrap();
    next.duration_since(NOW.parse().unwrap())
}

#[tokio::test]
async fn a_bank_that_fails_is_not_sent_more_requests_than_its_budget_and_keeps_some_for_later() {
    let bank = Bank::start().await;
    bank.break_with(Some(Fault::Status(500)));
    let mut silkrate = with_budget(&bank, 8, config::Store::Memory).await;
    silkrate
        .until(|detail| wait(detail) > SignedDuration::from_mins(30))
        .await;
    let detail = silkrate.sources().await.remove(0);
    assert_eq!(detail.requests_per_day, 8);
    assert!((4..8).contains(&detail.requests_today), "{detail:?}");
    assert_eq!(
        bank.seen().len(),
        usize::try_from(detail.requests_today).unwrap()
    );
    assert!(
        wait(&detail) < SignedDuration::from_hours(10),
        "not only tomorrow"
    );
    silkrate.finish().await;
}

#[tokio::test]
async fn a_budget_that_is_used_up_is_no_failure_and_the_next_poll_is_on_the_banks_next_day() {
    let bank = bank_of_april().await;
    let mut silkrate = with_budget(&bank, 1, config::Store::Memory).await;
    silkrate.until(|detail| detail.requests_today == 1).await;
    silkrate
        // Ten hours later it is midnight in Almaty.
        .until(|detail| wait(detail) == SignedDuration::from_hours(10))
        .await;
    let detail = silkrate.sources().await.remove(0);
    assert_eq!(detail.polling(), pb::Polling::Ok);
    // Only one of its tables was asked for.
    assert_eq!(detail.last_verified_time, None);
    assert_eq!((detail.consecutive_failures, detail.last_error()), (0, ""));
    assert_eq!(silkrate.rate("USD/KZT").await.value, "475.09");
    assert_eq!(bank.seen().len(), 1);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_restart_requests_what_the_ledger_lacks_and_its_requests_count_too() {
    let bank = bank_of_april().await;
    let folder = tempfile::tempdir().unwrap();
    let store = || config::Store::File(folder.path().join("silkrate.db"));
    let mut config = settings(NOW);
    config.store = store();
    let mut nbk = source("nbk", "", &bank.url());
    nbk.interval = Duration::from_secs(3600);
    config.sources.push(nbk);
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    silkrate.finish().await;
    let first: Vec<_> = bank.seen().into_iter().map(|seen| seen.path).collect();
    let dates = ["02.04.2026", "01.04.2026", "03.04.2026"];
    assert_eq!(first, dates.map(nbk_path));

    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    silkrate.until(|detail| detail.requests_today == 5).await;
    silkrate.finish().await;
    let second: Vec<_> = bank
        .seen()
        .into_iter()
        .skip(3)
        .map(|seen| seen.path)
        .collect();
    assert_eq!(second, ["02.04.2026", "03.04.2026"].map(nbk_path));
}

#[tokio::test]
async fn a_restart_without_budget_serves_from_the_ledger_and_sends_nothing() {
    let bank = bank_of_april().await;
    let folder = tempfile::tempdir().unwrap();
    let store = || config::Store::File(folder.path().join("silkrate.db"));
    let mut silkrate = with_budget(&bank, 3, store()).await;
    silkrate.until(|detail| detail.requests_today == 3).await;
    silkrate.finish().await;
    let seen = bank.seen().len();
    let mut config = settings(NOW);
    config.store = store();
    let mut nbk = source("nbk", "", &bank.url());
    nbk.requests_per_day = 3;
    config.sources.push(nbk);
    let mut silkrate = Silkrate::start(config).await;
    silkrate
        .until(|detail| detail.requests_today == 3 && detail.next_attempt_time.is_some())
        .await;
    let rate = silkrate.rate("USD/KZT").await;
    assert_eq!(rate.value, "475.09");
    assert_eq!(bank.seen().len(), seen);
    silkrate.finish().await;
}

#[tokio::test]
async fn the_requests_of_the_day_are_counted_and_shown() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    silkrate.until(|detail| detail.requests_today >= 10).await;
    let detail = silkrate.sources().await.remove(0);
    assert_eq!(detail.requests_per_day, 1_000_000);
    silkrate.finish().await;
}
