//! Settled values stay settled after a restart, and the same state is served.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use rusqlite::Connection;
use silkrate::clock::Clock;
use silkrate::domain::{Currency, Intent, Table, parse_decimal};
use tempfile::TempDir;

use crate::support::april::{bank_of_april, nbk, nbk_path};
use crate::support::boards::noon;
use crate::support::commits::{Commits, NEVER, opened, store, tenge};
use crate::support::silkrate::{Silkrate, settings, source};

fn april(day: i8) -> Date {
    date(2026, 4, day)
}

/// Adds the bank's own change to the row of a currency.
fn with_change(mut table: Table, code: &'static str, change: &str) -> Table {
    let row = table.rows.get_mut(&Currency::constant(code)).unwrap();
    Arc::make_mut(row).published_change = Some(parse_decimal(change).unwrap());
    table
}

/// A table of five rows.
fn five(day: Date, values: [&str; 5]) -> Table {
    let [usd, eur, rub, cny, gbp] = values;
    let rows = [
        ("USD", 1, usd),
        ("EUR", 1, eur),
        ("RUB", 1, rub),
        ("CNY", 1, cny),
        ("GBP", 1, gbp),
    ];
    tenge(day, &rows)
}

#[tokio::test]
async fn an_announced_misprint_that_a_later_table_overtook_is_not_served_by_a_restart() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let bank = bank_of_april().await;
    let start = async |now| {
        let mut config = settings(now);
        config.store = silkrate::config::Store::File(path.clone());
        config.sources.push(source("nbk", "", &bank.url()));
        let mut silkrate = Silkrate::start(config).await;
        silkrate.all_attempted().await;
        silkrate
    };
    let misprint = nbk("03.04.2026", ("540.09", "65.00"), ("3.91", "0.00"));
    bank.publish(&[(nbk_path("03.04.2026"), misprint)]);
    let mut first = start("2026-04-02T12:00:00Z").await;
    let usd = first.rate("USD/KZT").await;
    assert_eq!((usd.value.as_str(), usd.held.len()), ("475.09", 1));
    first.finish().await;

    // The start asks for the fourth and back to the third, whose misprint agrees with its own change.
    let fourth = nbk("04.04.2026", ("476.00", "-64.09"), ("3.91", "0.00"));
    bank.publish(&[
        (nbk_path("04.04.2026"), fourth.clone()),
        (nbk_path("05.04.2026"), fourth),
    ]);
    for _start in 0..2 {
        let mut again = start("2026-04-04T05:00:00Z").await;
        let usd = again.rate("USD/KZT").await;
        assert_eq!((usd.value.as_str(), usd.held.len()), ("476.00", 0));
        let change = usd.change.unwrap();
        let reference = (
            change.reference_date.as_str(),
            change.reference_value.as_str(),
        );
        assert_eq!(reference, ("2026-04-02", "475.09"));
        again.finish().await;
    }
    let connection = Connection::open(&path).unwrap();
    let query =
        "SELECT count(*), min(outcome), max(outcome) FROM held JOIN decisions ON held = held.id";
    let settled: (i64, String, String) = connection
        .query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    let once = (1, "overtaken".to_owned(), "overtaken".to_owned());
    assert_eq!(settled, once, "held once and settled once");
}

#[tokio::test]
async fn what_was_overtaken_before_a_restart_is_neither_served_nor_held_when_it_is_fetched_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let day = |day, eur, change| {
        let table = five(april(day), ["478.77", eur, "5.88", "66.1", "640.5"]);
        with_change(table, "EUR", change)
    };
    let (first, wrong, third) = (
        day(1, "548.62", "0"),
        day(2, "610.00", "61.38"),
        day(3, "548.00", "-62.00"),
    );
    let commits = Commits::open(store(&path, NEVER), noon(april(3))).await;
    for table in [&first, &wrong, &third] {
        commits.submit_newest(table.clone()).await;
    }
    let before = commits.close().await;
    let commits = Commits::open(store(&path, NEVER), noon(april(3))).await;
    let outcome = commits.submit(vec![third, wrong], Intent::AnyDate).await;
    assert_eq!(outcome.holding, Vec::<&str>::new());
    assert_eq!(outcome.revision, None, "nothing a reader sees has changed");
    let change = commits.rate("EUR/KZT").change.unwrap();
    assert_eq!(change.reference_date, april(1));
    assert_eq!(commits.close().await, before);
}

#[tokio::test]
async fn a_restart_with_a_year_of_history_serves_the_same_bytes_twice() {
    let today = april(2);
    // With a currency that ceased to exist, whose last table is kept for ever, and without.
    for ceased in [false, true] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("silkrate.db");
        let commits = Commits::open(store(&path, NEVER), noon(today)).await;
        for back in (0..400).rev() {
            let usd = format!("475.{:02}", back % 97);
            let mut rows = vec![("USD", 1, usd.as_str()), ("EUR", 1, "548.62")];
            rows.extend([("RUB", 1, "5.88"), ("CNY", 1, "66.1"), ("GBP", 1, "640.5")]);
            if ceased && back > 390 {
                rows.push(("HRK", 1, "72.5"));
            }
            let table = tenge(today - back.days(), &rows);
            commits.submit(vec![table], Intent::AnyDate).await;
        }
        let usd = commits.rate("USD/KZT");
        let windows = usd.windows.iter().map(|window| {
            let change = window.change.as_ref().map(|change| change.reference_date);
            change.map_err(Clone::clone)
        });
        let days = [date(2026, 3, 26), date(2026, 3, 2), date(2025, 4, 2)];
        assert_eq!(windows.collect::<Vec<_>>(), days.map(Ok), "{ceased}");
        let before = commits.close().await;
        for restart in 1..=2 {
            let clock = Clock::replay(noon(today), 1);
            let (commit, handle) = opened(store(&path, NEVER), clock).await;
            let at_once = commit.board().snapshot();
            assert_eq!(at_once, before, "restart {restart}, at once");
            let commits = Commits::run(commit, handle);
            commits.submit(Vec::new(), Intent::Newest).await;
            assert_eq!(commits.close().await, before, "restart {restart}, asked");
        }
    }
}

#[tokio::test]
async fn a_change_that_alone_was_mended_is_the_same_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let second = |usd, change| with_change(tenge(april(2), &[("USD", 1, usd)]), "USD", change);
    let commits = Commits::open(store(&path, NEVER), noon(april(2))).await;
    commits
        .submit_newest(tenge(april(1), &[("USD", 1, "478.77")]))
        .await;
    commits.submit_newest(second("475.10", "-3.60")).await;
    assert_eq!(commits.rate("USD/KZT").flags.len(), 1);
    commits.submit_newest(second("475.1", "-3.67")).await;
    let usd = commits.rate("USD/KZT");
    assert_eq!(usd.flags, []);
    let before = commits.close().await;
    let commits = Commits::open(store(&path, NEVER), noon(april(2))).await;
    assert_eq!(commits.rate("USD/KZT"), usd);
    assert_eq!(commits.close().await, before);
}

#[tokio::test]
async fn a_table_of_which_no_row_is_accepted_is_a_gap_before_and_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let commits = Commits::open(store(&path, NEVER), noon(april(3))).await;
    let right = five(april(1), ["475", "548", "5.8", "66", "640"]);
    commits.submit_newest(right).await;
    let wrong = five(april(2), ["617", "712", "7.5", "86", "832"]);
    let outcome = commits.submit_newest(wrong).await;
    assert_eq!(outcome.holding, ["daily"; 5], "each row is held");
    let outcome = commits
        .submit_newest(five(april(3), ["476", "549", "5.81", "66", "641"]))
        .await;
    assert_eq!(outcome.holding, Vec::<&str>::new());
    assert_eq!(outcome.gaps, [("daily", april(2))]);
    let before = commits.close().await;
    let commits = Commits::open(store(&path, NEVER), noon(april(3))).await;
    assert_eq!(commits.board.snapshot(), before, "flags and freshness too");
    let outcome = commits.submit(Vec::new(), Intent::Newest).await;
    assert_eq!(outcome.gaps, [("daily", april(2))]);
    assert_eq!(commits.close().await, before);
}
