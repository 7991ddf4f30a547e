//! A history by currency: the pages of all currencies become tables.

use std::fs;

use jiff::civil::date;

use crate::backfill::backfilled;
use crate::backfill::server::Server;
use crate::support::bank::Bank;
use crate::support::scripted::{Scripted, answer};
use crate::support::silkrate::source;

/// The pages of the Kyrgyz bank for two days of May 2026, by number, at the address they are requested at.
fn pages(first: &str, last: &str) -> Vec<(String, String)> {
    [("24", "cny"), ("20", "eur"), ("40", "kzt"), ("44", "rub"), ("15", "usd")]
        .map(|(id, name)| {
            let path = format!(
                "/index1.jsp?item=1562&lang=ENG&valuta_id={id}&beg_day={first}&beg_month=05&beg_year=2026\
                 &end_day={last}&end_month=05&end_year=2026"
            );
            let file = format!(
                "{}/tests/fixtures/nbkr/history/2026-05-{name}.html",
                env!("CARGO_MANIFEST_DIR")
            );
            (path, fs::read_to_string(file).unwrap())
        })
        .to_vec()
}

#[tokio::test]
async fn the_pages_of_five_currencies_become_a_table_for_each_date() {
    let (server, bank) = (Server::start().await, Bank::start().await);
    bank.publish(&pages("22", "25"));
    let source = source("nbkr", "", &bank.url());
    let (first, last) = (date(2026, 5, 22), date(2026, 5, 25));
    let stats = backfilled(&server.admin, &source, first, last).await;
    assert_eq!(
        (stats.requests, stats.filed, stats.is_complete()),
        (5, 2, true)
    );
    assert_eq!(server.dates(), ["2026-05-23", "2026-05-24"]);
    let shared = server.shared.lock().unwrap();
    let codes = shared.tables[0]
        .rows
        .iter()
        .map(|row| row.currency.as_str());
    assert_eq!(
        codes.collect::<Vec<_>>(),
        ["CNY", "EUR", "KZT", "RUB", "USD"]
    );
    assert_eq!(shared.tables[0].rows[4].value, "87.4500");
}

#[tokio::test]
async fn a_page_that_fails_leaves_the_whole_range_for_a_later_run() {
    let (server, bank) = (Server::start().await, Bank::start().await);
    let pages = pages("22", "25");
    bank.publish(&pages[..3]);
    let source = source("nbkr", "", &bank.url());
    let (first, last) = (date(2026, 5, 22), date(2026, 5, 25));
    let stats = backfilled(&server.admin, &source, first, last).await;
    assert_eq!((stats.requests, stats.filed, stats.failed), (4, 0, 1));
    assert_eq!(stats.days, 0, "no day of it is done");
    assert_eq!(
        stats.failures,
        ["daily RUB 2026-05-22 to 2026-05-25: no table was found (404)"]
    );
}

/// These pages with that of a currency, by its number, changed.
fn with_page(
    pages: &[(String, String)],
    id: &str,
    change: impl Fn(&str) -> String,
) -> Vec<(String, String)> {
    let of_currency = format!("valuta_id={id}&");
    let mut pages = pages.to_vec();
    for (path, text) in &mut pages {
        if path.contains(&of_currency) {
            *text = change(text);
        }
    }
    pages
}

/// What the bank sends for a while in place of a page: a notice, a part of the page, or the page of another currency.
fn mistaken(page: &str) -> [String; 4] {
    let notice = "<!DOCTYPE html><html><h1>The site is being maintained</h1></html>";
    let (without_end, _) = page.rsplit_once("</table>").unwrap();
    let (within_a_row, _) = page.rsplit_once("<!--value-->").unwrap();
    let of_another = page
        .replace("\"44\" selected", "\"44\"")
        .replace("\"38\"", "\"38\" selected");
    assert_ne!(of_another, page);
    [
        notice.to_owned(),
        without_end.to_owned(),
        within_a_row.to_owned(),
        of_another,
    ]
}

#[tokio::test]
async fn a_page_whose_values_cannot_be_read_is_named_and_the_other_pages_are_filed() {
    for (broken, filed, days) in [("44", 2, 4), ("15", 0, 0)] {
        let (server, bank) = (Server::start().await, Bank::start().await);
        let with_points = |page: &str| page.replace("1,2263", "1.2263").replace("87,45", "87.45");
        bank.publish(&with_page(&pages("22", "25"), broken, with_points));
        let source = source("nbkr", "", &bank.url());
        let (first, last) = (date(2026, 5, 22), date(2026, 5, 25));
        let stats = backfilled(&server.admin, &source, first, last).await;
        let counts = (stats.requests, stats.filed, stats.failed, stats.days);
        assert_eq!(counts, (5, filed, 1, days), "{stats:?}");
        let named = if broken == "44" { "RUB" } else { "USD" };
        let failure = format!("daily {named} 2026-05-22 to 2026-05-25: no usable row");
        assert!(stats.failures[0].starts_with(&failure), "{stats:?}");
        let shared = server.shared.lock().unwrap();
        for table in &shared.tables {
            let codes = table.rows.iter().map(|row| row.currency.as_str());
            assert_eq!(codes.collect::<Vec<_>>(), ["CNY", "EUR", "KZT", "USD"]);
        }
    }
}

#[tokio::test]
async fn a_page_that_comes_as_something_else_is_requested_again_and_then_left_to_a_later_run() {
    let (first, last) = (date(2026, 5, 22), date(2026, 5, 25));
    let pages = pages("22", "25");
    let (_, roubles) = pages
        .iter()
        .find(|(path, _)| path.contains("=44&"))
        .unwrap();
    for mistaken in mistaken(roubles) {
        let (server, bank) = (Server::start().await, Bank::start().await);
        bank.publish(&with_page(&pages, "44", |_| mistaken.clone()));
        let source = source("nbkr", "", &bank.url());
        let stats = backfilled(&server.admin, &source, first, last).await;
        let counts = (stats.requests, stats.filed, stats.failed, stats.days);
        assert_eq!(counts, (5, 0, 1, 0), "{mistaken} {stats:?}");
        assert!(stats.failures[0].starts_with("daily RUB "), "{stats:?}");
        bank.publish(&pages);
        let stats = backfilled(&server.admin, &source, first, last).await;
        assert_eq!((stats.filed, stats.is_complete()), (2, true));
        let shared = server.shared.lock().unwrap();
        assert!(shared.tables.iter().all(|table| table.rows.len() == 5));
    }
}

#[tokio::test]
async fn a_page_that_comes_at_the_second_request_is_filed() {
    let pages = pages("22", "25");
    let mut replies = Vec::new();
    for (path, page) in &pages {
        if path.contains("valuta_id=20&") {
            replies.push(answer("200 OK", &[], b"<!DOCTYPE html><html></html>"));
        }
        replies.push(answer("200 OK", &[], page.as_bytes()));
    }
    let (server, bank) = (Server::start().await, Scripted::start(replies).await);
    let source = source("nbkr", "", &bank.base_url);
    let (first, last) = (date(2026, 5, 22), date(2026, 5, 25));
    let stats = backfilled(&server.admin, &source, first, last).await;
    let counts = (stats.requests, stats.filed, stats.failed);
    assert_eq!(counts, (6, 2, 0), "{stats:?}");
    let shared = server.shared.lock().unwrap();
    assert!(shared.tables.iter().all(|table| table.rows.len() == 5));
}

#[tokio::test]
async fn pages_are_requested_from_the_first_to_the_last_missing_date() {
    let (server, bank) = (Server::start().await, Bank::start().await);
    bank.publish(&pages("23", "24"));
    server.knows("nbkr", "daily", &["2026-05-22", "2026-05-24", "2026-05-25"]);
    let source = source("nbkr", "", &bank.url());
    let range = (date(2026, 5, 22), date(2026, 5, 25));
    let stats = backfilled(&server.admin, &source, range.0, range.1).await;
    assert_eq!(
        stats.failed,
        1,
        "only the 23rd is unknown: {:?}",
        bank.seen()
    );
    bank.publish(&pages("23", "23"));
    let stats = backfilled(&server.admin, &source, range.0, range.1).await;
    assert_eq!((stats.filed, stats.is_complete()), (1, true));
    assert_eq!(
        server.dates(),
        ["2026-05-23"],
        "the 24th on the same pages is known"
    );
}
