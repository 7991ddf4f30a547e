//! Tables and rows that are older than the ones kept in memory: what they change is the same before and after a restart.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use silkrate::commit::BackfillOutcome;
use silkrate::domain::{Intent, SourceId, Table};
use tempfile::TempDir;

use crate::support::boards::noon;
use crate::support::commits::{Commits, NEVER, store, tenge};

/// More tables than are kept in memory.
const DAYS: i32 = 70;

fn today() -> Date {
    date(2026, 4, 2)
}

async fn backfill(commits: &Commits, table: Table) -> BackfillOutcome {
    let outcome = commits.handle.backfill(SourceId::new("nbk"), table).await;
    let outcome = outcome.unwrap();
    assert_eq!(outcome.refused, "");
    outcome
}

/// The tables of the last days, five rows each.
async fn submit_days(commits: &Commits) {
    for back in (0..DAYS).rev() {
        let usd = format!("475.{:02}", back % 7);
        let rows = [
            ("USD", 1, usd.as_str()),
            ("EUR", 1, "548.62"),
            ("RUB", 1, "5.88"),
        ];
        let rows = [&rows[..], &[("CNY", 1, "66.1"), ("GBP", 1, "640.5")]].concat();
        let table = tenge(today() - back.days(), &rows);
        commits.submit(vec![table], Intent::AnyDate).await;
    }
}

/// A table of 2022, when the kuna still existed.
fn with_kuna(day: i8, kuna: &str) -> Table {
    let rows = [
        ("USD", 1, "462.65"),
        ("EUR", 1, "492.86"),
        ("RUB", 1, "6.43"),
    ];
    let rows = [&rows[..], &[("CNY", 1, "66.5"), ("HRK", 1, kuna)]].concat();
    tenge(date(2022, 12, day), &rows)
}

#[tokio::test]
async fn a_currency_that_ceased_to_exist_is_served_once_its_last_table_is_backfilled() {
    // In any order, and with a correction of the last table.
    for days in [[28, 29, 30, 30], [30, 30, 29, 28], [29, 30, 28, 30]] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("silkrate.db");
        let commits = Commits::open(store(&path, NEVER), noon(today())).await;
        submit_days(&commits).await;
        for (number, day) in days.into_iter().enumerate() {
            backfill(&commits, with_kuna(day, &format!("65.{number}"))).await;
        }
        let kuna = commits.rate("HRK/KZT");
        assert_eq!(kuna.effective_date, Some(date(2022, 12, 30)), "{days:?}");
        let before = commits.close().await;
        let commits = Commits::open(store(&path, NEVER), noon(today())).await;
        assert_eq!(commits.board.snapshot(), before, "{days:?}");
        assert_eq!(commits.rate("HRK/KZT"), kuna, "{days:?}");
        commits.close().await;
    }
}

#[tokio::test]
async fn a_row_that_was_settled_long_ago_is_not_held_again_before_or_after_a_restart() {
    for is_restarted in [false, true] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("silkrate.db");
        let first = today() - (DAYS + 2).days();
        let five = |back: i32, eur: &str| {
            let rows = [("USD", 1, "475"), ("EUR", 1, eur), ("RUB", 1, "5.88")];
            let rows = [&rows[..], &[("CNY", 1, "66.1"), ("GBP", 1, "640.5")]].concat();
            tenge(first + back.days(), &rows)
        };
        let mut commits = Commits::open(store(&path, NEVER), noon(today())).await;
        let wrong = five(1, "610.00");
        for table in [five(0, "548.62"), wrong.clone(), five(2, "548.00")] {
            commits.submit(vec![table], Intent::AnyDate).await;
        }
        submit_days(&commits).await;
        if is_restarted {
            commits.close().await;
            commits = Commits::open(store(&path, NEVER), noon(today())).await;
        }
        let outcome = backfill(&commits, wrong).await;
        assert_eq!(outcome.held_rows, 0, "restarted: {is_restarted}");
        let before = commits.close().await;
        let commits = Commits::open(store(&path, NEVER), noon(today())).await;
        assert_eq!(
            commits.board.snapshot(),
            before,
            "restarted: {is_restarted}"
        );
        commits.close().await;
    }
}
