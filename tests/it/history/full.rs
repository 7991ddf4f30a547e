//! Tables of long ago, submitted to a service whose memory is full: they go to the ledger, and nothing served changes.

use std::path::Path;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use rusqlite::Connection;
use silkrate::domain::{Intent, Rate, SourceId, TABLES_MAX, Table};
use tempfile::TempDir;

use crate::support::boards::noon;
use crate::support::commits::{Commits, NEVER, store, tenge};

const TODAY: Date = date(2026, 11, 23);
const LONG_AGO: Date = date(2010, 1, 5);
/// More days than are kept in memory, both of today and of long ago.
const DAYS: i32 = 70;

fn five(day: Date, usd: &str, eur: &str, lira: &str) -> Table {
    let rows = [
        ("USD", 1, usd),
        ("EUR", 1, eur),
        ("RUB", 1, "5.00"),
        ("TRY", 1, lira),
        ("CNY", 1, "50.10"),
    ];
    tenge(day, &rows)
}

fn today() -> Table {
    five(TODAY, "475.00", "548.62", "10.90")
}

/// Submits a table of long ago. Returns how many of its rows are held.
async fn submitted(commits: &Commits, table: Table) -> usize {
    let admitted = commits.handle.backfill(SourceId::new("nbk"), table).await;
    let admitted = admitted.unwrap();
    assert_eq!(admitted.refused, "");
    assert!(admitted.has_changes);
    admitted.held_rows
}

fn held(path: &Path) -> Vec<(String, String)> {
    let connection = Connection::open(path).unwrap();
    let mut query = connection
        .prepare("SELECT date, value FROM waiting ORDER BY date")
        .unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

fn liras_of_2010(path: &Path) -> i64 {
    let query = "SELECT count(*) FROM current_fixings WHERE currency = 'TRY' AND date < '2011'";
    let connection = Connection::open(path).unwrap();
    connection.query_row(query, [], |row| row.get(0)).unwrap()
}

/// What is served for a few pairs.
fn served(commits: &Commits) -> Vec<Rate> {
    let pairs = ["USD/KZT", "KZT/USD", "TRY/KZT", "EUR/KZT"];
    pairs.map(|pair| commits.rate(pair)).into()
}

#[tokio::test]
async fn a_backfill_of_long_ago_is_filed_and_changes_nothing_that_is_served() {
    assert!(usize::try_from(DAYS).unwrap() > TABLES_MAX);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let commits = Commits::open(store(&path, NEVER), noon(TODAY)).await;
    for back in (0..DAYS).rev() {
        let usd = format!("475.{back:02}");
        let table = five(TODAY - back.days(), &usd, "548.62", "10.90");
        commits.submit(vec![table], Intent::AnyDate).await;
    }
    let tomorrow = five(TODAY + 1.day(), "480.50", "560.62", "11.20");
    commits.submit_newest(tomorrow).await;
    let before = served(&commits);
    let announced = before[0].announced.as_ref().unwrap();
    assert_eq!(announced.effective_date, TODAY + 1.day());

    // A lira cost nine times as much; the first table alone could have other units, the second confirms the value.
    let mut held_rows = Vec::new();
    for day in 0..DAYS {
        let usd = format!("147.{day:02}");
        let table = five(LONG_AGO + day.days(), &usd, "210.62", "98.10");
        held_rows.push(submitted(&commits, table).await);
    }
    assert_eq!(held_rows.iter().sum::<usize>(), 1, "{held_rows:?}");
    assert_eq!(held(&path), []);
    assert_eq!(liras_of_2010(&path), i64::from(DAYS));

    // A misprint after them is held, and today's table does not settle it.
    let last = LONG_AGO + DAYS.days();
    let misprint = five(last, "147.80", "210.62", "981.00");
    assert_eq!(submitted(&commits, misprint).await, 1);
    let misprint = (last.to_string(), "981.00".to_owned());
    commits.submit_newest(today()).await;
    assert_eq!(held(&path), [misprint]);

    let after = served(&commits);
    for (after, before) in after.iter().zip(&before) {
        assert_eq!(
            (after.value, after.effective_date),
            (before.value, before.effective_date)
        );
        assert_eq!(
            (&after.change, &after.announced),
            (&before.change, &before.announced)
        );
        assert_eq!(
            (&after.freshness_status, &after.flags),
            (&before.freshness_status, &before.flags)
        );
    }
    let outcome = commits.submit(Vec::new(), Intent::Newest).await;
    assert_eq!(outcome.gaps, [], "nothing recent is evicted");
    let shown = commits.close().await;
    let commits = Commits::open(store(&path, NEVER), noon(TODAY)).await;
    assert_eq!(served(&commits), after);
    assert_eq!(commits.close().await, shown);
}
