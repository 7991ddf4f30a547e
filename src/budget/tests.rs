//! Budgets across days, restarts and broken files.

use std::fs;
use std::time::Duration;

use super::*;

const NBK: SourceId = SourceId::new("nbk");
const CBR: SourceId = SourceId::new("cbr");

fn budget(counts: &RequestCounts, source: SourceId, now: &str) -> RequestBudget {
    let zone = TimeZone::get("Asia/Almaty").unwrap();
    let clock = Clock::replay(now.parse().unwrap(), 1);
    RequestBudget::new(source, 3, zone, clock, counts.clone())
}

/// How many of five requests may be sent.
async fn sent(budget: &RequestBudget) -> u32 {
    let mut sent = 0;
    for _ in 0..5 {
        sent += u32::from(budget.take().await);
    }
    sent
}

#[tokio::test(start_paused = true)]
async fn a_budget_is_never_passed_and_begins_anew_at_the_banks_midnight() {
    let counts = RequestCounts::in_memory();
    // Almaty is five hours ahead of UTC.
    let nbk = budget(&counts, NBK, "2026-04-02T18:59:00Z");
    assert_eq!(sent(&nbk).await, 3);
    assert_eq!(
        nbk.count(),
        RequestCount {
            today: 3,
            per_day: 3
        }
    );
    assert_eq!(sent(&budget(&counts, CBR, "2026-04-02T18:59:00Z")).await, 3);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(
        nbk.count(),
        RequestCount {
            today: 0,
            per_day: 3
        }
    );
    assert_eq!(sent(&nbk).await, 3);
}

#[tokio::test]
async fn a_clock_that_is_set_back_across_midnight_gives_no_second_budget() {
    let counts = RequestCounts::in_memory();
    let (evening, morning) = ("2026-04-02T18:59:00Z", "2026-04-02T19:01:00Z");
    assert_eq!(sent(&budget(&counts, NBK, evening)).await, 3);
    assert_eq!(sent(&budget(&counts, NBK, morning)).await, 3);
    assert_eq!(sent(&budget(&counts, NBK, evening)).await, 0);
    assert_eq!(sent(&budget(&counts, NBK, morning)).await, 0);
}

#[tokio::test]
async fn the_count_of_a_day_survives_a_restart_after_every_request() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("silkrate.db");
    let now = "2026-04-02T09:00:00Z";
    let mut sent = 0;
    for _ in 0..10 {
        // Nothing is written at the end: a process that is killed leaves the same.
        let counts = RequestCounts::beside(&ledger);
        sent += u32::from(budget(&counts, NBK, now).take().await);
    }
    assert_eq!(sent, 3);
    let counts = RequestCounts::beside(&ledger);
    assert_eq!(budget(&counts, NBK, now).count().today, 3);
    assert_eq!(budget(&counts, CBR, now).count().today, 0);
    assert_eq!(
        budget(&counts, NBK, "2026-04-03T09:00:00Z").count().today,
        0
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_or_kept_leaves_a_budget_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let now = "2026-04-02T09:00:00Z";
    let counts = RequestCounts::beside(&folder.path().join("missing/silkrate.db"));
    assert_eq!(sent(&budget(&counts, NBK, now)).await, 3);

    let ledger = folder.path().join("silkrate.db");
    let damaged = b"\xff\xfe\0nbk 2026-04-02\ncbr 2026-04-02 2\n".repeat(500);
    fs::write(folder.path().join("silkrate.db.requests"), damaged).unwrap();
    let counts = RequestCounts::beside(&ledger);
    assert_eq!(budget(&counts, CBR, now).count().today, 2);
    assert_eq!(sent(&budget(&counts, NBK, now)).await, 3);
    let again = RequestCounts::beside(&ledger);
    assert_eq!(budget(&again, NBK, now).count().today, 3);
}
