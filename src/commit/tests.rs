//! A moment that no test from outside can meet: the clock passes midnight while an entry is written.

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use crate::clock::Clock;
use crate::commit::restore::tests::{Step, World};
use crate::domain::Pair;

#[tokio::test]
async fn a_midnight_that_passes_within_a_commit_is_not_skipped() {
    let midnight: Timestamp = "2026-04-02T00:00:00Z".parse().unwrap();
    let before = midnight - SignedDuration::from_millis(1);
    let mut world = World::start(TempDir::new().unwrap(), before).await;
    world.take(&Step::Poll(vec![(0, 0), (1, 1)])).await;
    // The tables were filed before midnight, and the commit ended after it.
    let commit = &mut world.commit;
    commit.clock = Clock::replay_until(midnight, 1, midnight);
    let due = commit.next_due();
    assert_eq!(due, midnight);
    commit.pass_time(due).await;
    let snapshot = commit.board.snapshot();
    let rate = snapshot.rate(Pair::parse("USD/KZT").unwrap()).unwrap();
    assert_eq!(rate.effective_date, Some(date(2026, 4, 2)));
}
