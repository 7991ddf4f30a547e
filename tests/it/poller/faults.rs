//! A bank with every fault that was observed, and its recovery.

use std::time::Duration;

use silkrate::pb;

use crate::support::april::{bank_of_april, nbk, nbk_path, silkrate_of_april, silkrate_waiting};
use crate::support::bank::FAULTS;

/// How long a poll waits for a bank that hangs.
const SHORT: Duration = Duration::from_secs(1);

#[tokio::test]
async fn every_fault_leaves_the_last_good_value_and_the_next_poll_after_it_recovers() {
    let bank = bank_of_april().await;
    // Some other answer may come too late on a busy machine: that is a fault from which it recovers too.
    let mut silkrate = silkrate_waiting(&bank, SHORT).await;
    let recovered = |detail: &pb::SourceDetail| {
        detail.polling() == pb::Polling::Ok && detail.consecutive_failures == 0
    };
    silkrate.until(recovered).await;
    let good = silkrate.rate("KZT/USD").await;
    for fault in FAULTS {
        bank.break_with(Some(*fault));
        silkrate
            .until(|detail| detail.polling() == pb::Polling::Failing)
            .await;
        let detail = silkrate.sources().await.remove(0);
        assert!(
            detail.last_error().starts_with("daily: "),
            "{fault:?}: {}",
            detail.last_error()
        );
        assert_eq!(silkrate.rate("KZT/USD").await, good, "{fault:?}");
        bank.break_with(None);
        silkrate.until(recovered).await;
    }
    assert_eq!(bank.most_in_flight(), 1);
    silkrate.finish().await;
}

#[tokio::test]
async fn an_unchanged_document_is_answered_with_304_and_commits_nothing() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let before = silkrate.snapshot(&[]).await;
    let verified = silkrate.sources().await[0].last_verified_time;
    bank.ended(6).await;
    silkrate
        .until(|detail| detail.last_verified_time != verified)
        .await;
    assert_eq!(silkrate.snapshot(&[]).await, before);
    let later: Vec<u16> = bank
        .seen()
        .iter()
        .rev()
        .take(4)
        .map(|seen| seen.status)
        .collect();
    assert_eq!(later, [304; 4]);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_table_without_a_dollar_is_refused_and_the_last_good_one_stays() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let good = silkrate.rate("KZT/USD").await;
    let headless = nbk("03.04.2026", ("0.00", "0.00"), ("3.90", "-0.01"));
    bank.publish(&[(nbk_path("03.04.2026"), headless)]);
    silkrate
        .until(|detail| detail.polling() == pb::Polling::Failing)
        .await;
    let detail = silkrate.sources().await.remove(0);
    assert_eq!(detail.last_error(), "daily: there is no row for USD");
    assert_eq!(silkrate.rate("KZT/USD").await, good);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_correction_is_a_new_revision_that_names_what_it_supersedes() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let before = silkrate.snapshot(&[]).await.position.unwrap();
    let corrected = nbk("02.04.2026", ("475.10", "-3.67"), ("3.91", "-0.02"));
    bank.publish(&[
        (nbk_path("02.04.2026"), corrected.clone()),
        (nbk_path("03.04.2026"), corrected),
    ]);
    silkrate
        .committed(|snapshot| snapshot.position.revision > before.revision)
        .await;
    let rate = silkrate.rate("USD/KZT").await;
    assert_eq!(rate.value, "475.10");
    assert_eq!(rate.fixings[0].superseded_value.as_deref(), Some("475.09"));
    assert_eq!(rate.changed_at_revision, before.revision + 1);
    silkrate.finish().await;
}
