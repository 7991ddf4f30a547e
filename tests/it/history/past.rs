//! Past dates: they are answered from their own tables, whatever happens later.

use std::path::Path;

use silkrate::config::{Config, Store};
use silkrate::pb::admin::{FileTableRequest, Row, Table};
use silkrate::pb::{
    ConvertAmountRequest, GetSnapshotRequest, ListRateHistoryRequest, Rate, RateFilter,
};
use tempfile::TempDir;

use crate::history::admin;
use crate::support::bank::Bank;
use crate::support::silkrate::{Silkrate, settings, source};

/// A table as an operator submits it: its source, currency and date, and the price of a dollar and of other currencies.
pub(super) fn filed(
    (source, document, pivot): (&str, &str, &str),
    date: &str,
    rows: &[(&str, &str, &str)],
) -> FileTableRequest {
    let row = |(currency, units, value): &(&str, &str, &str)| Row {
        currency: (*currency).to_owned(),
        units: (*units).to_owned(),
        value: (*value).to_owned(),
        home_currency: pivot.to_owned(),
        published_change: None,
    };
    FileTableRequest {
        table: Some(Table {
            source: source.to_owned(),
            document: document.to_owned(),
            pivot: pivot.to_owned(),
            effective_date: date.to_owned(),
            as_of_time: None,
            rows: rows.iter().map(row).collect(),
        }),
    }
}

pub(super) const NBK: (&str, &str, &str) = ("nbk", "daily", "KZT");
pub(super) const NBKR: (&str, &str, &str) = ("nbkr", "daily", "KGS");
const CBU: (&str, &str, &str) = ("cbu", "daily", "UZS");
pub(super) const CBR: (&str, &str, &str) = ("cbr", "daily", "RUB");

/// A service of four sources at an instant, which keeps its ledger in a file. Its banks answer nothing: what is known is what
/// an operator submits.
pub(super) async fn service(now: &str, store: &Path, bank: &Bank) -> Silkrate {
    let mut config: Config = settings(now);
    config.store = Store::File(store.to_owned());
    for id in ["nbk", "nbkr", "cbu", "cbr"] {
        config.sources.push(source(id, "", &bank.url()));
    }
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    silkrate
}

pub(super) async fn submit(silkrate: &Silkrate, tables: Vec<FileTableRequest>) {
    let mut operator = admin(silkrate).await;
    for table in tables {
        let shown = format!("{table:?}");
        let outcome = operator.file_table(table).await.unwrap().into_inner();
        let outcome = (outcome.refused, outcome.held_rows);
        assert_eq!(outcome, (None, 0), "{shown}");
    }
}

pub(super) async fn history(
    silkrate: &mut Silkrate,
    pair: &str,
    size: i32,
    last: &str,
) -> Vec<Rate> {
    let mut request = ListRateHistoryRequest {
        pair: pair.to_owned(),
        page_size: Some(size),
        end_date: (!last.is_empty()).then(|| last.to_owned()),
        ..ListRateHistoryRequest::default()
    };
    let mut rates = Vec::new();
    loop {
        let answer = silkrate.client.list_rate_history(request.clone()).await;
        let answer = answer.unwrap().into_inner();
        rates.extend(answer.rates);
        if answer.next_page_token.is_none() {
            return rates;
        }
        request.page_token = answer.next_page_token;
    }
}

/// The rates of a day.
pub(super) async fn rates_on(silkrate: &mut Silkrate, pairs: &[&str], date: &str) -> Vec<Rate> {
    let pairs = pairs.iter().map(ToString::to_string).collect();
    let request = GetSnapshotRequest {
        filter: Some(RateFilter { pairs }),
        date: Some(date.to_owned()),
    };
    let answer = silkrate.client.get_snapshot(request).await;
    answer.unwrap().into_inner().rates
}

/// The answer to a conversion, or its refusal.
async fn converted(silkrate: &mut Silkrate, (from, to): (&str, &str), date: &str) -> String {
    let request = ConvertAmountRequest {
        amount: "100".to_owned(),
        from_currency: from.to_owned(),
        to_currency: to.to_owned(),
        date: Some(date.to_owned()),
        round_to_minor_unit: false,
    };
    match silkrate.client.convert_amount(request).await {
        Ok(answer) => {
            let answer = answer.into_inner();
            format!("{} {:?}", answer.result, answer.rate)
        }
        Err(status) => status.message().to_owned(),
    }
}

fn row(rate: &Rate) -> String {
    let change = rate.change.as_ref();
    let change = change.map_or("none".to_owned(), |change| {
        format!("{} since {}", change.absolute, change.reference_date)
    });
    let (date, source) = (rate.effective_date(), rate.source());
    format!("{date} {source} {} {change}", rate.value)
}

#[tokio::test]
async fn the_history_of_a_cross_is_the_same_for_every_page_size_and_begins_with_its_later_leg() {
    let folder = TempDir::new().unwrap();
    let bank = Bank::start().await;
    let path = folder.path().join("silkrate.db");
    let mut silkrate = service("2026-04-03T09:00:00Z", &path, &bank).await;
    let first = jiff::civil::date(2025, 10, 1);
    let days = first.series(jiff::ToSpan::day(1)).take(185);
    let tenge = days.zip(1..).map(|(day, number)| {
        let value = format!("47{}.{:02}", number % 5, number % 97);
        filed(NBK, &day.to_string(), &[("USD", "1", &value)])
    });
    submit(&silkrate, tenge.collect()).await;
    let som = [
        ("2026-04-01", "87.44"),
        ("2026-04-02", "87.45"),
        ("2026-04-03", "87.45"),
    ];
    // The euro moves each day, so no table repeats another.
    let som = som.iter().zip(["100.1", "100.2", "100.3"]);
    let som =
        som.map(|((day, usd), eur)| filed(NBKR, day, &[("USD", "1", usd), ("EUR", "1", eur)]));
    submit(&silkrate, som.collect()).await;
    let mut found = Vec::new();
    for size in [1, 2, 3, 5, 100, 1000] {
        let rates = history(&mut silkrate, "KGS/KZT", size, "").await;
        found.push(rates.iter().map(row).collect::<Vec<_>>());
    }
    let dates: Vec<&str> = found[0]
        .iter()
        .filter_map(|row| row.split(' ').next())
        .collect();
    assert_eq!(dates, ["2026-04-03", "2026-04-02", "2026-04-01"]);
    assert!(found[0][2].ends_with("none"), "{:?}", found[0]);
    assert!(found.iter().all(|rows| *rows == found[0]), "{found:#?}");
    silkrate.finish().await;
}

/// Real tables of March 2026, as far as they are known; the others lie between them.
pub(super) fn march() -> Vec<FileTableRequest> {
    let mut tables = Vec::new();
    let days = [
        ("2026-03-16", "481.50", "87.4400", "12190.00", "80.8810"),
        ("2026-03-17", "480.20", "87.4400", "12195.20", "81.0517"),
        ("2026-03-18", "479.90", "87.4450", "12201.40", "82.0212"),
        ("2026-03-19", "481.10", "87.4500", "12205.00", "83.1259"),
        ("2026-03-20", "482.00", "87.4500", "12210.00", "83.9090"),
    ];
    for (number, (day, kzt, kgs, uzs, rub)) in (1..).zip(days) {
        let euro = |value: i32| format!("{value}.{number}");
        tables.push(filed(
            NBK,
            day,
            &[("USD", "1", kzt), ("EUR", "1", &euro(550))],
        ));
        tables.push(filed(
            NBKR,
            day,
            &[("USD", "1", kgs), ("EUR", "1", &euro(101))],
        ));
        tables.push(filed(
            CBU,
            day,
            &[("USD", "1", uzs), ("EUR", "1", &euro(14_010))],
        ));
        let (sum, tenge, som) = (
            format!("6{number}.9000"),
            format!("17.3{number}33"),
            format!("95.0{number}53"),
        );
        let rows = [
            ("USD", "1", rub),
            ("UZS", "10000", &*sum),
            ("KZT", "100", &tenge),
            ("KGS", "100", &som),
        ];
        tables.push(filed(CBR, day, &rows));
    }
    // A bank that is known from the 18th on: before, another one answers.
    tables.retain(|request| {
        let table = request.table.as_ref().unwrap();
        table.source != "nbkr" || &*table.effective_date >= "2026-03-18"
    });
    tables
}

/// Answers about days up to 20 March 2026: a hundred conversions and histories in pages, and the snapshots of ten days.
async fn past_answers(silkrate: &mut Silkrate) -> Vec<String> {
    let pairs = [
        ("USD", "UZS"),
        ("UZS", "USD"),
        ("KZT", "UZS"),
        ("UZS", "KZT"),
        ("KGS", "KZT"),
        ("KGS", "USD"),
        ("USD", "KZT"),
        ("UZS", "RUB"),
        ("KGS", "UZS"),
    ];
    let days = (11..=20).map(|day| format!("2026-03-{day}"));
    let mut answers = Vec::new();
    for day in days {
        let rates = rates_on(silkrate, &["*/*"], &day).await;
        answers.push(format!("{day} {rates:?}"));
        for pair in pairs {
            let answer = converted(silkrate, pair, &day).await;
            answers.push(format!("{day} {pair:?}: {answer}"));
        }
    }
    for (number, (base, quote)) in pairs.iter().chain([&("KZT", "KGS")]).enumerate() {
        let size = i32::try_from(number).unwrap() + 1;
        let pair = format!("{base}/{quote}");
        let rates = history(silkrate, &pair, size, "2026-03-20").await;
        answers.push(format!(
            "{pair}: {:?}",
            rates.iter().map(row).collect::<Vec<_>>()
        ));
    }
    assert_eq!(answers.len(), 110);
    answers
}

#[tokio::test]
async fn a_hundred_answers_and_ten_snapshots_of_the_past_are_the_same_before_during_and_after_an_outage()
 {
    let folder = TempDir::new().unwrap();
    let bank = Bank::start().await;
    let path = folder.path().join("silkrate.db");
    let mut silkrate = service("2026-03-20T09:00:00Z", &path, &bank).await;
    submit(&silkrate, march()).await;
    let before = past_answers(&mut silkrate).await;
    let friday = converted(&mut silkrate, ("USD", "UZS"), "2026-03-20").await;
    assert!(friday.starts_with("1221000 "), "{friday}");
    silkrate.finish().await;

    // The Uzbek bank has been dark for four weeks, and the Bank of Russia answers for the sum.
    let mut silkrate = service("2026-04-20T09:00:00Z", &path, &bank).await;
    let russian = |day: &str, usd: &str| {
        let rows = [
            ("USD", "1", usd),
            ("UZS", "10000", "65.4321"),
            ("KZT", "100", "17.1000"),
            ("KGS", "100", "94.0000"),
        ];
        filed(CBR, day, &rows)
    };
    let days = [
        "2026-03-27",
        "2026-04-03",
        "2026-04-10",
        "2026-04-17",
        "2026-04-18",
    ];
    let values = ["83.10", "82.40", "81.90", "81.20", "81.10"];
    let tables = days.iter().zip(values).map(|(day, usd)| russian(day, usd));
    submit(&silkrate, tables.collect()).await;
    assert_eq!(silkrate.rate("USD/UZS").await.source(), "cbr");
    let april = converted(&mut silkrate, ("USD", "UZS"), "2026-04-18").await;
    assert!(april.contains("\"cbr\""), "{april}");
    assert_eq!(
        past_answers(&mut silkrate).await,
        before,
        "during the outage"
    );
    silkrate.finish().await;

    // It is back, with its newest table.
    let mut silkrate = service("2026-04-21T09:00:00Z", &path, &bank).await;
    submit(
        &silkrate,
        vec![filed(
            CBU,
            "2026-04-21",
            &[("USD", "1", "12150.00"), ("EUR", "1", "14001.00")],
        )],
    )
    .await;
    assert_eq!(silkrate.rate("USD/UZS").await.source(), "cbu");
    assert_eq!(
        past_answers(&mut silkrate).await,
        before,
        "after the outage"
    );

    // While it was dark, the Uzbek bank answered for two weeks, and then the Bank of Russia did.
    let rows = history(&mut silkrate, "USD/UZS", 3, "").await;
    let rows: Vec<String> = rows
        .iter()
        .map(|rate| format!("{} {}", rate.effective_date(), rate.source()))
        .collect();
    let expected = [
        "2026-04-21 cbu",
        "2026-04-18 cbr",
        "2026-04-17 cbr",
        "2026-04-10 cbr",
        "2026-04-03 cbr",
        "2026-03-20 cbu",
    ];
    assert_eq!(rows[..6], expected);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_date_to_come_has_the_rate_known_so_far_until_a_table_is_announced_for_it() {
    let folder = TempDir::new().unwrap();
    let bank = Bank::start().await;
    let path = folder.path().join("silkrate.db");
    let mut silkrate = service("2026-04-02T09:00:00Z", &path, &bank).await;
    let pair = ("USD", "KZT");
    let today = filed(NBK, "2026-04-02", &[("USD", "1", "475.09")]);
    submit(&silkrate, vec![today]).await;
    let answer = converted(&mut silkrate, pair, "2026-04-03").await;
    assert!(answer.starts_with("47509 "), "{answer}");
    assert!(answer.contains("2026-04-02"), "{answer}");
    let announced = filed(NBK, "2026-04-03", &[("USD", "1", "474.55")]);
    submit(&silkrate, vec![announced]).await;
    let answer = converted(&mut silkrate, pair, "2026-04-03").await;
    assert!(answer.starts_with("47455 "), "{answer}");
    let answer = converted(&mut silkrate, pair, "2026-04-02").await;
    assert!(answer.starts_with("47509 "), "{answer}");
    silkrate.finish().await;
}
