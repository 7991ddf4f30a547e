//! The rollover at the bank's midnight happens in time, whatever is submitted meanwhile.

use jiff::SignedDuration;
use jiff::civil::date;
use silkrate::clock::Clock;
use silkrate::commit::BufferedLedger;
use silkrate::domain::{DecisionError, HeldOutcome, Intent, Pair, SourceId};
use silkrate::ledger::ClockKind;
use tokio::task::JoinSet;

use crate::support::boards::noon;
use crate::support::commits::{Commits, PATIENCE, opened, tenge};

/// Operators who decide at the same time: more than the commit task can answer without one always waiting.
const OPERATORS: usize = 8;

#[tokio::test]
async fn refused_decisions_around_midnight_do_not_keep_the_next_table_from_taking_force() {
    let (today, tomorrow) = (date(2026, 4, 1), date(2026, 4, 2));
    let midnight = noon(today) + SignedDuration::from_hours(12);
    // Long enough for the commit task to start on a busy machine before the clock reaches midnight.
    let clock = Clock::replay(midnight - SignedDuration::from_secs(2), 1);
    let store = BufferedLedger::open(None, ClockKind::Replay).unwrap();
    let (commit, handle) = opened(store, clock.clone()).await;
    let commits = Commits::run(commit, handle);
    let tables = vec![
        tenge(today, &[("USD", 1, "475")]),
        tenge(tomorrow, &[("USD", 1, "476")]),
    ];
    commits.submit(tables, Intent::Newest).await;
    let pair = Pair::parse("USD/KZT").unwrap();
    let board = commits.board.clone();
    let in_force = move || {
        let rate = board.snapshot().rate(pair);
        rate.and_then(|rate| rate.effective_date)
    };
    assert_eq!(in_force(), Some(today));
    let mut operators = JoinSet::new();
    for _operator in 0..OPERATORS {
        let (handle, in_force) = (commits.handle.clone(), in_force.clone());
        operators.spawn(async move {
            while in_force() != Some(tomorrow) {
                let decided =
                    handle.decide("none".into(), None, HeldOutcome::Released, String::new());
                let refused = decided.await.unwrap().unwrap_err();
                assert_eq!(refused, DecisionError::NotHeld("none".into()));
            }
        });
    }
    let taken = tokio::time::timeout(PATIENCE, operators.join_all()).await;
    assert!(
        taken.is_ok(),
        "it is {} and {:?} is in force",
        clock.now(),
        in_force()
    );
    assert!(clock.now() >= midnight);
    commits.close().await;
}

/// A commit task with a table of 1 April and one of 2 April, seven hours before midnight.
async fn in_the_evening(clock: &Clock) -> Commits {
    let (today, tomorrow) = (date(2026, 4, 1), date(2026, 4, 2));
    let store = BufferedLedger::open(None, ClockKind::Replay).unwrap();
    let (commit, handle) = opened(store, clock.clone()).await;
    let commits = Commits::run(commit, handle);
    let tables = vec![
        tenge(today, &[("USD", 1, "475")]),
        tenge(tomorrow, &[("USD", 1, "476")]),
    ];
    commits.submit(tables, Intent::Newest).await;
    commits
}

/// Waits until a value is in force, without anything being submitted.
async fn comes_into_force(commits: &Commits, value: &str) {
    let pair = Pair::parse("USD/KZT").unwrap();
    let mut snapshots = commits.board.watch();
    let in_force = snapshots.wait_for(|published| {
        let rate = published.snapshot.rate(pair);
        rate.is_some_and(|rate| rate.value.to_string() == value)
    });
    let in_force = tokio::time::timeout(PATIENCE, in_force).await;
    drop(in_force.expect("it comes into force").unwrap());
}

#[tokio::test]
async fn a_machine_that_slept_over_midnight_serves_the_fixing_of_the_new_day() {
    let evening = noon(date(2026, 4, 1)) + SignedDuration::from_hours(5);
    let clock = Clock::replay(evening, 1);
    let commits = in_the_evening(&clock).await;
    comes_into_force(&commits, "475").await;
    clock.set_forward(SignedDuration::from_hours(8));
    comes_into_force(&commits, "476").await;
    commits.close().await;
}

#[tokio::test]
async fn a_clock_that_is_corrected_to_the_day_before_serves_the_fixing_of_that_day() {
    let after_midnight = noon(date(2026, 4, 1)) + SignedDuration::from_hours(13);
    let clock = Clock::replay(after_midnight, 1);
    let commits = in_the_evening(&clock).await;
    comes_into_force(&commits, "476").await;
    clock.set_forward(SignedDuration::from_hours(-8));
    comes_into_force(&commits, "475").await;
    commits.close().await;
}

#[tokio::test]
async fn a_value_held_in_a_table_of_the_past_waits_for_no_poll() {
    let (past, today, tomorrow) = (date(2026, 3, 31), date(2026, 4, 1), date(2026, 4, 2));
    let store = BufferedLedger::open(None, ClockKind::Replay).unwrap();
    let commits = Commits::open(store, noon(today)).await;
    let newest = tenge(today, &[("USD", 1, "475")]);
    let tables = vec![
        tenge(date(2026, 3, 30), &[("USD", 1, "474")]),
        newest.clone(),
    ];
    commits.submit(tables, Intent::AnyDate).await;
    let jump = tenge(past, &[("USD", 1, "4750")]);
    let outcome = commits.handle.backfill(SourceId::new("nbk"), jump).await;
    assert_eq!(outcome.unwrap().held_rows, 1);
    let outcome = commits.submit_newest(newest).await;
    assert!(!outcome.holds("daily"), "the table in force is accepted");
    let held = |commits: &Commits| {
        let published = commits.board.published();
        let record = published.record("nbk").unwrap();
        let held = record.documents[0].history.held();
        held.map(|held| held.fixing.effective_date)
            .collect::<Vec<_>>()
    };
    assert_eq!(held(&commits), [past]);
    let jump = tenge(tomorrow, &[("USD", 1, "47.6")]);
    let outcome = commits.submit_newest(jump).await;
    assert!(outcome.holds("daily"), "another poll may confirm this one");
    assert_eq!(held(&commits), [past, tomorrow]);
    commits.close().await;
}
