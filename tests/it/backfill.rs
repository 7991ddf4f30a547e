//! A backfill from banks on loopback to a server that records the tables it receives.

mod command;
mod pages;
mod server;
mod trouble;

use std::time::Duration;

use jiff::civil::{Date, date};
use silkrate::backfill::{Backfill, DateRange, Recorder, Stats, Throttle};
use silkrate::backoff::Backoff;
use silkrate::client::Admin;
use silkrate::config::SourceSettings;

use crate::backfill::server::Server;
use crate::support::april::{nbk, nbk_path};
use crate::support::bank::Bank;
use crate::support::silkrate::{settings, source};

/// Long enough to be measured between two requests, short enough for many of them.
const PAUSE: Duration = Duration::from_millis(20);
const FAILURES_MAX: u32 = 3;

/// Delays short enough for a test.
fn throttle() -> Throttle {
    Throttle {
        pause: PAUSE,
        backoff: Backoff {
            first: Duration::from_millis(1),
            max: Duration::from_millis(5),
        },
        failures_max: FAILURES_MAX,
        retry_after_max: Duration::from_secs(300),
    }
}

fn day(of_april: i8) -> Date {
    date(2026, 4, of_april)
}

async fn backfilled(admin: &Admin, source: &SourceSettings, first: Date, last: Date) -> Stats {
    let http = settings("2026-04-30T09:00:00Z").http;
    let recorder = Recorder::new(|_| {});
    let backfill = Backfill {
        admin,
        http: &http,
        throttle: throttle(),
    };
    let dates = DateRange::new(first, last).unwrap();
    backfill.source(source, dates, &recorder).await;
    recorder.stats()
}

/// A bank with one table for each of the days of April.
async fn bank_of_days(days: impl IntoIterator<Item = i8>) -> Bank {
    let bank = Bank::start().await;
    for day in days {
        let printed = format!("{day:02}.04.2026");
        let usd = format!("47{day}.50");
        let table = nbk(&printed, (&usd, "+0.26"), ("3.91", "-0.02"));
        bank.publish(&[(nbk_path(&printed), table)]);
    }
    bank
}

/// The days of April that were requested, in that order.
fn requested(bank: &Bank) -> Vec<i8> {
    let seen = bank.seen();
    let paths = seen
        .iter()
        .map(|seen| seen.path.rsplit_once("fdate=").unwrap().1);
    paths
        .map(|date| date.split('.').next().unwrap().parse().unwrap())
        .collect()
}

#[tokio::test]
async fn every_table_is_uploaded_oldest_first_and_with_the_digits_printed() {
    let (server, bank) = (Server::start().await, bank_of_days(1..=20).await);
    let stats = backfilled(
        &server.admin,
        &source("nbk", "", &bank.url()),
        day(1),
        day(20),
    )
    .await;
    let dates: Vec<String> = (1..=20).map(|day| format!("2026-04-{day:02}")).collect();
    assert_eq!(server.dates(), dates);
    let expected = Stats {
        days: 20,
        requests: 20,
        filed: 20,
        ..Stats::default()
    };
    assert_eq!(stats, expected);
    let shared = server.shared.lock().unwrap();
    let table = &shared.tables[4];
    assert_eq!(
        (
            table.source.as_str(),
            table.document.as_str(),
            table.pivot.as_str()
        ),
        ("nbk", "daily", "KZT")
    );
    assert_eq!(table.as_of_time, None);
    let rows = table.rows.iter().map(|row| {
        let change = row.published_change.as_deref().unwrap();
        format!(
            "{} {} = {} {} ({change})",
            row.units, row.currency, row.value, row.home_currency
        )
    });
    assert_eq!(
        rows.collect::<Vec<_>>(),
        ["1 USD = 475.50 KZT (0.26)", "100 UZS = 3.91 KZT (-0.02)"]
    );
}

#[tokio::test]
async fn dates_that_the_server_has_are_not_requested() {
    let (server, bank) = (Server::start().await, bank_of_days(1..=6).await);
    server.knows("nbk", "daily", &["2026-04-02", "2026-04-03", "2026-04-05"]);
    server.knows("nbt", "daily", &["2026-04-01"]);
    let source = source("nbk", "", &bank.url());
    let stats = backfilled(&server.admin, &source, day(1), day(6)).await;
    assert_eq!(requested(&bank), [6, 4, 1]);
    assert_eq!((stats.filed, stats.already_filed), (3, 3));
    let again = backfilled(&server.admin, &source, day(1), day(6)).await;
    assert_eq!(requested(&bank).len(), 3, "no table is missing");
    assert_eq!(
        (again.requests, again.filed, again.already_filed),
        (0, 0, 6)
    );
    assert!(again.is_complete());
}

#[tokio::test]
async fn days_that_an_older_table_covers_are_not_requested() {
    let (server, bank) = (Server::start().await, bank_of_days([1, 2, 3]).await);
    // The fourth and fifth are a weekend: the bank answers with the table of the third.
    let third = nbk("03.04.2026", ("473.50", "+0.26"), ("3.91", "-0.02"));
    bank.publish(&[
        (nbk_path("04.04.2026"), third.clone()),
        (nbk_path("05.04.2026"), third),
    ]);
    let source = source("nbk", "", &bank.url());
    let stats = backfilled(&server.admin, &source, day(1), day(5)).await;
    assert_eq!(requested(&bank), [5, 2, 1]);
    assert_eq!(server.dates(), ["2026-04-01", "2026-04-02", "2026-04-03"]);
    assert!(stats.is_complete(), "{stats:?}");
}

#[tokio::test]
async fn a_table_in_force_before_the_first_date_is_uploaded_with_its_own_date() {
    let (server, bank) = (Server::start().await, bank_of_days([5]).await);
    let third = nbk("03.04.2026", ("473.50", "+0.26"), ("3.91", "-0.02"));
    bank.publish(&[(nbk_path("04.04.2026"), third)]);
    let source = source("nbk", "", &bank.url());
    backfilled(&server.admin, &source, day(4), day(5)).await;
    assert_eq!(server.dates(), ["2026-04-03", "2026-04-05"]);
}

#[tokio::test]
async fn a_bank_without_tables_of_the_range_does_not_receive_a_request_for_every_day() {
    let (server, bank) = (Server::start().await, Bank::start().await);
    let newest = nbk("30.04.2026", ("473.50", "+0.26"), ("3.91", "-0.02"));
    for day in 1..=14 {
        bank.publish(&[(nbk_path(&format!("{day:02}.04.2026")), newest.clone())]);
    }
    let source = source("nbk", "", &bank.url());
    let stats = backfilled(&server.admin, &source, day(1), day(14)).await;
    assert_eq!(requested(&bank), [14, 13, 12]);
    assert_eq!(
        server.dates(),
        Vec::<String>::new(),
        "it is not of the dates wanted"
    );
    assert!(stats.is_complete());
}

#[tokio::test]
async fn a_404_means_a_day_without_a_table_only_for_banks_that_respond_so() {
    let (server, bank) = (Server::start().await, bank_of_days([1]).await);
    let cbt = backfilled(
        &server.admin,
        &source("cbt", "", &bank.url()),
        day(1),
        day(5),
    )
    .await;
    assert_eq!((cbt.requests, cbt.is_complete()), (5, true));
    let nbk = backfilled(
        &server.admin,
        &source("nbk", "", &bank.url()),
        day(1),
        day(2),
    )
    .await;
    assert_eq!((nbk.requests, nbk.filed, nbk.failed), (2, 1, 1));
    assert_eq!(nbk.failures, ["daily 2026-04-02: no table was found (404)"]);
}

#[tokio::test]
async fn days_without_a_table_are_stepped_over_however_many_there_are() {
    let (server, bank) = (Server::start().await, bank_of_days([9]).await);
    for day in 1..=8 {
        let printed = format!("{day:02}.04.2026");
        let empty = if day % 2 == 0 {
            "<rates></rates>".to_owned()
        } else {
            format!("<rates><date>{printed}</date></rates>")
        };
        bank.publish(&[(nbk_path(&printed), empty)]);
    }
    let source = source("nbk", "", &bank.url());
    let stats = backfilled(&server.admin, &source, day(1), day(9)).await;
    assert_eq!(
        (stats.requests, stats.filed, stats.is_complete()),
        (9, 1, true)
    );
}

#[tokio::test]
async fn a_row_that_is_left_out_is_counted_with_its_reason_and_its_table_is_filed() {
    let (server, bank) = (Server::start().await, Bank::start().await);
    let table = nbk("01.04.2026", ("478.77", "-2.77"), ("3,93", "-0.02"));
    bank.publish(&[(nbk_path("01.04.2026"), table)]);
    let source = source("nbk", "", &bank.url());
    let stats = backfilled(&server.admin, &source, day(1), day(1)).await;
    assert_eq!((stats.filed, stats.dropped_rows), (1, 1));
    let reason = "daily 2026-04-01 UZS: `3,93` is not a plain decimal number";
    assert_eq!(stats.drops, [reason]);
    assert!(stats.is_complete());
}
