//! A history by currency: the pages of all currencies become tables.

use std::fs;

use jiff::civil::date;

use crate::backfill::backfilled;
use crate::backfill::server::Server;
use crate::support::bank::Bank;
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

#[tokio::test]
async fn a_page_that_cannot_be_read_is_named_and_the_other_pages_are_filed() {
    let web_page = "<!DOCTYPE html><html></html>";
    for (broken, filed, requests, days) in [("44", 2, 5, 4), ("15", 0, 5, 0)] {
        let (server, bank) = (Server::start().await, Bank::start().await);
        let mut pages = pages("22", "25");
        let page = pages
            .iter_mut()
            .find(|(path, _)| path.contains(&format!("valuta_id={broken}&")));
        web_page.clone_into(&mut page.unwrap().1);
        bank.publish(&pages);
        let source = source("nbkr", "", &bank.url());
        let (first, last) = (date(2026, 5, 22), date(2026, 5, 25));
        let stats = backfilled(&server.admin, &source, first, last).await;
        let counts = (stats.requests, stats.filed, stats.failed, stats.days);
        assert_eq!(counts, (requests, filed, 1, days), "{stats:?}");
        let named = if broken == "44" { "RUB" } else { "USD" };
        let failure = format!("daily {named} 2026-05-22 to 2026-05-25: ");
        assert!(stats.failures[0].starts_with(&failure), "{stats:?}");
        let shared = server.shared.lock().unwrap();
        for table in &shared.tables {
            let codes = table.rows.iter().map(|row| row.currency.as_str());
            assert_eq!(codes.collect::<Vec<_>>(), ["CNY", "EUR", "KZT", "USD"]);
        }
    }
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
