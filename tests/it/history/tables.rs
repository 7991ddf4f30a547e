//! A long history as CSV, as lines and in pages: the same rows, and a body that comes in several parts.

use std::fmt::Write;
use std::net::SocketAddr;

use jiff::ToSpan;
use jiff::civil::date;
use tempfile::TempDir;
use tokio::process::Command;

use crate::history::past::{NBK, filed, service, submit};
use crate::support::bank::Bank;
use crate::support::browser::{get, open};

/// The most rows of a page of JSON, and of a part of CSV.
const PAGE_ROWS: usize = 1000;
/// The pairs of three currencies in tenge, both ways.
const PAIRS: usize = 6;
const DAYS: usize = 185;
const QUERY: &str = "pairs=*/KZT,KZT/*&step=day&end=2026-04-03";

/// The rows of all pages of JSON, and the number of the pages.
async fn of_json(web: SocketAddr) -> (String, usize) {
    let mut rows = String::from("date,pair,value\n");
    let (mut token, mut pages) = (String::new(), 0);
    loop {
        let path = format!("/v1/history?{QUERY}&page_size=1000&page_token={token}");
        let page = get(web, &path, &[]).await.json();
        for rate in page["rates"].as_array().unwrap() {
            let field = |name: &str| rate[name].as_str().unwrap();
            let (date, pair, value) = (field("date"), field("pair"), field("value"));
            writeln!(rows, "{date},{pair},{value}").unwrap();
        }
        pages += 1;
        match page["next_page_token"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => return (rows, pages),
        }
    }
}

#[tokio::test]
async fn a_long_history_comes_in_parts_with_the_rows_of_all_its_pages() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let path = folder.path().join("silkrate.db");
    let silkrate = service("2026-04-03T09:00:00Z", &path, &bank).await;
    let days = date(2025, 10, 1).series(1.day()).take(DAYS);
    let tables = days.zip(1..).map(|(day, number)| {
        let value = |of: u32| format!("{of}.{:02}", number % 5);
        let (dollar, euro, rouble) = (value(475), value(549), value(5));
        let rows = [
            ("USD", "1", dollar.as_str()),
            ("EUR", "1", &euro),
            ("RUB", "1", &rouble),
        ];
        filed(NBK, &day.to_string(), &rows)
    });
    submit(&silkrate, tables.collect()).await;

    let (expected, pages) = of_json(silkrate.web).await;
    assert!(pages > 1);
    assert_eq!(expected.lines().count(), 1 + PAIRS * DAYS);

    let path = format!("/v1/history.csv?{QUERY}");
    let mut exchange = open(silkrate.web, ("GET", &path), &[], b"").await;
    assert_eq!(exchange.status(), 200);
    let mut parts = Vec::new();
    while let Some(part) = exchange.chunk().await {
        parts.push(part);
    }
    assert!(parts.len() > 1);
    for part in &parts {
        let lines = String::from_utf8_lossy(part).lines().count();
        assert!(lines <= 1 + PAGE_ROWS, "a part of {lines} lines");
    }
    let text = parts.concat();
    let mut reader = csv::Reader::from_reader(&*text);
    let header = reader.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|known| known == name).unwrap();
    let places = ["date", "pair", "value"].map(place);
    let mut found = String::from("date,pair,value\n");
    for record in reader.records() {
        let record = record.unwrap();
        writeln!(found, "{}", places.map(|place| &record[place]).join(",")).unwrap();
    }
    assert_eq!(found, expected);

    let path = format!("/v1/history.csv?{QUERY}&layout=wide");
    let wide = get(silkrate.web, &path, &[]).await;
    let lines: Vec<_> = wide.text().split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 1 + DAYS);
    let pairs: Vec<_> = lines[0].split(',').skip(1).collect();
    assert_eq!(pairs.len(), PAIRS);
    let mut found = String::from("date,pair,value\n");
    for line in &lines[1..] {
        let (day, values) = line.split_once(',').unwrap();
        for (pair, value) in pairs.iter().zip(values.split(',')) {
            writeln!(found, "{day},{pair},{value}").unwrap();
        }
    }
    assert_eq!(found, expected);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_wide_table_of_the_command_has_the_withdrawn_pairs_that_the_web_side_has() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let path = folder.path().join("silkrate.db");
    let silkrate = service("2026-04-03T09:00:00Z", &path, &bank).await;
    let others = [
        ("USD", "475.10"),
        ("EUR", "549.10"),
        ("CNY", "68.90"),
        ("RUB", "5.81"),
        ("GBP", "640.10"),
    ];
    let table = |day: &str, lats: &[(&'static str, &'static str)]| {
        let rows = others.iter().chain(lats);
        let rows: Vec<_> = rows.map(|(code, value)| (*code, "1", *value)).collect();
        filed(NBK, day, &rows)
    };
    let last = table("2025-06-02", &[("LVL", "780.20")]);
    submit(&silkrate, vec![last, table("2026-04-02", &[])]).await;
    for (items, start) in [
        (&["*/KZT"][..], "2026-04-01"),
        (&["KZT/*", "LVL/KZT"], "2026-04-01"),
        (&["LVL/KZT", "JPY/KZT", "USD/KZT"], "2026-04-01"),
        (&["*/*"], "2025-06-01"),
    ] {
        let query = items.join(",");
        let path = format!("/v1/history.csv?pairs={query}&start={start}&layout=wide");
        let served = get(silkrate.web, &path, &[]).await;
        let options = ["--start", start, "--csv", "--layout", "wide"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
        command.arg("history").args(items).args(options);
        command.args(["--server", &silkrate.url]);
        let ended = command.output().await.unwrap();
        let printed = String::from_utf8(ended.stdout).unwrap();
        assert_eq!(printed, served.text(), "{items:?}");
        assert!(printed.contains("LVL"), "{printed}");
    }
    silkrate.finish().await;
}
