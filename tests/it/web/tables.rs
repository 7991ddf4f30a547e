//! Rows as CSV and as lines: the same digits as in JSON, and as the command line prints over gRPC.

use std::collections::BTreeSet;

use serde_json::Value;
use tokio::process::Command;

use crate::contract::descriptor;
use crate::support::browser::get;
use crate::web::answers::json;
use crate::web::{FRIEND, april};

/// How the rows of a method are read.
struct Reading {
    /// The path as JSON, and its stem, to which an ending is added.
    paths: (&'static str, &'static str),
    query: &'static str,
    /// The name of the list in JSON.
    rows: &'static str,
    command: &'static [&'static str],
}

/// The methods that list rows, by the name in the contract; a method may stand here twice.
const LISTS: &[(&str, Reading)] = &[
    (
        "GetSnapshot",
        Reading {
            paths: ("/v1/snapshot.json", "/v1/snapshot"),
            query: "pairs=KZT/USD,*/KZT",
            rows: "rates",
            command: &["rates", "KZT/USD", "*/KZT"],
        },
    ),
    (
        "GetSnapshot",
        Reading {
            paths: ("/v1/snapshot.json", "/v1/snapshot"),
            query: "pairs=*/*&date=2026-04-01",
            rows: "rates",
            command: &["rates", "*/*", "--date", "2026-04-01"],
        },
    ),
    (
        "ListRateHistory",
        Reading {
            paths: ("/v1/history", "/v1/history"),
            query: "pairs=USD/KZT,KZT/USD&step=day&end=2026-04-02",
            rows: "rates",
            command: &[
                "history",
                "USD/KZT",
                "KZT/USD",
                "--step",
                "day",
                "--start",
                "2026-01-01",
            ],
        },
    ),
    (
        "ListRateHistory",
        Reading {
            paths: ("/v1/history/kzt/USD", "/v1/history/kzt/USD"),
            query: "start=2026-04-01",
            rows: "rates",
            command: &["history", "KZT/USD", "--start", "2026-04-01"],
        },
    ),
    (
        "ListPeriodRates",
        Reading {
            paths: ("/v1/periods", "/v1/periods"),
            query: "pairs=*/*&period=week",
            rows: "periods",
            command: &[
                "periods",
                "*/*",
                "--period",
                "week",
                "--start",
                "2026-01-01",
            ],
        },
    ),
    (
        "ListFixings",
        Reading {
            paths: ("/v1/fixings/nbk/USD", "/v1/fixings/nbk/USD"),
            query: "start=2026-03-01",
            rows: "fixings",
            command: &["fixings", "nbk", "USD", "--start", "2026-03-01"],
        },
    ),
    (
        "ListSources",
        Reading {
            paths: ("/v1/sources", "/v1/sources"),
            query: "",
            rows: "sources",
            command: &["sources"],
        },
    ),
];

/// The methods without rows.
const OTHERS: &[(&str, &str)] = &[
    ("GetRate", "one rate: a snapshot of one pair is its row"),
    ("ConvertAmount", "one figure"),
    ("WatchRates", "its lines are messages, not rows"),
];

/// What a poll changes at any moment.
const LIVE: &[&str] = &[
    "last_verified_time",
    "last_attempt_time",
    "next_attempt_time",
    "requests_today",
];

async fn printed(arguments: &[&str], url: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    command.args(arguments).args(["--server", url]);
    let ended = command.output().await.unwrap();
    assert!(ended.status.success(), "{ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

/// The rows of CSV as JSON objects of texts, without what a poll changes.
fn rows_of_csv(text: &str) -> Vec<Value> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| {
        let cells = header.iter().zip(record.iter());
        let cells = cells.filter(|(name, _)| !LIVE.contains(name));
        cells
            .map(|(name, cell)| (name.to_owned(), Value::from(cell)))
            .collect()
    };
    reader
        .records()
        .map(|record| row(record.unwrap()))
        .collect()
}

fn settled(rows: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let settled = |mut row: Value| {
        let fields = row.as_object_mut().unwrap();
        fields.retain(|name, _| !LIVE.contains(&name.as_str()));
        row
    };
    rows.into_iter().map(settled).collect()
}

/// A value of JSON as a cell has it.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    settled(lines)
}

#[test]
fn every_method_of_the_contract_has_rows_or_a_reason() {
    let service = descriptor::pool().get_service_by_name("silkrate.v1.RateService");
    let methods = service.unwrap();
    let methods: BTreeSet<String> = methods.methods().map(|one| one.name().to_owned()).collect();
    let lists = LISTS.iter().map(|(method, _)| *method);
    let others = OTHERS.iter().map(|(method, _)| *method);
    let listed: BTreeSet<String> = lists.chain(others).map(str::to_owned).collect();
    assert_eq!(listed, methods);
}

#[tokio::test]
async fn every_list_has_the_same_digits_in_every_form_and_over_grpc() {
    let (_bank, silkrate) = april().await;
    let (web, url) = (silkrate.web, silkrate.url.as_str());
    let body = async |path: String| {
        let answer = get(web, &path, &[]).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text().to_owned()
    };
    for (method, reading) in LISTS {
        let ((whole, stem), query) = (reading.paths, reading.query);
        let answer = json(web, &format!("{whole}?{query}")).await;
        let rows = settled(answer[reading.rows].as_array().unwrap().clone());
        assert!(!rows.is_empty(), "{method}");
        let print = async |format: &str| {
            let arguments = [reading.command, &["--format", format]].concat();
            printed(&arguments, url).await
        };
        let message: Value = serde_json::from_str(&print("json").await).unwrap();
        let over_grpc = message[reading.rows].as_array().unwrap().clone();
        assert_eq!(settled(over_grpc), rows, "{method}");
        assert_eq!(lines(&print("ndjson").await), rows, "{method}");
        let served = body(format!("{stem}.ndjson?{query}")).await;
        assert_eq!(lines(&served), rows, "{method}");

        let served = rows_of_csv(&body(format!("{stem}.csv?{query}")).await);
        assert_eq!(served, rows_of_csv(&print("csv").await), "{method}");
        assert_eq!(served.len(), rows.len(), "{method}");
        for (cells, row) in served.iter().zip(&rows) {
            let (cells, row) = (cells.as_object().unwrap(), row.as_object().unwrap());
            let both = cells.iter().filter(|(name, _)| row.contains_key(*name));
            let both: Vec<_> = both.collect();
            assert!(both.len() > 4, "{method}: {cells:?}");
            for (name, cell) in both {
                assert_eq!(*cell, Value::from(text_of(&row[name])), "{method}: {name}");
            }
        }
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_file_for_excel_has_a_byte_order_mark_semicolons_and_decimal_commas() {
    let (_bank, silkrate) = april().await;
    let path = "/v1/history.csv?pairs=USD/KZT,KZT/USD&layout=wide&dialect=excel-ru";
    let answer = get(silkrate.web, path, &[]).await;
    assert_eq!(
        answer.text(),
        "\u{feff}date;USD/KZT;KZT/USD\r\n\
         2026-04-02;475,09;0,00210486434149\r\n2026-04-01;478,77;0,00208868559016\r\n"
    );
    for (name, value) in [
        ("content-type", "text/csv; charset=utf-8; header=present"),
        (
            "content-disposition",
            "inline; filename=\"silkrate-history.csv\"",
        ),
        ("cache-control", "public, max-age=60"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    let plain = get(silkrate.web, "/v1/history/USD/KZT.csv?layout=wide", &[]).await;
    assert_eq!(
        plain.text(),
        "date,USD/KZT\r\n2026-04-02,475.09\r\n2026-04-01,478.77\r\n"
    );
    silkrate.finish().await;
}

#[tokio::test]
async fn a_command_writes_the_file_that_the_web_side_serves_in_each_layout_and_dialect() {
    let (_bank, silkrate) = april().await;
    for pairs in [&["USD/KZT", "KZT/USD"][..], &["*/KZT", "KZT/*"], &["*/*"]] {
        for (layout, dialect) in [
            ("long", "excel-ru"),
            ("wide", "excel-en"),
            ("wide", "excel-ru"),
        ] {
            let query = pairs.join(",");
            let path = format!(
                "/v1/history.csv?pairs={query}&start=2026-01-01&layout={layout}&dialect={dialect}"
            );
            let served = get(silkrate.web, &path, &[]).await;
            let options = ["--csv", "--start", "2026-01-01", "--layout", layout];
            let command = [&["history"], pairs, &options, &["--dialect", dialect]].concat();
            assert_eq!(printed(&command, &silkrate.url).await, served.text());
        }
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_client_that_accepts_rows_gets_them_on_the_plain_path() {
    let (_bank, silkrate) = april().await;
    for (accept, ending, kind) in [
        (
            "text/csv",
            ".csv",
            "text/csv; charset=utf-8; header=present",
        ),
        ("application/x-ndjson", ".ndjson", "application/x-ndjson"),
    ] {
        for path in ["/v1/history/USD/KZT", "/v1/history", "/v1/periods"] {
            let named = get(silkrate.web, &format!("{path}{ending}"), &[]).await;
            let accepted = get(silkrate.web, path, &[("accept", accept)]).await;
            assert_eq!(accepted.text(), named.text(), "{path}");
            assert_eq!(accepted.header("content-type"), Some(kind));
            assert!(accepted.vary().contains(&"accept"), "{path}");
            assert!(!named.vary().contains(&"accept"), "{path}");
        }
    }
    let any = get(silkrate.web, "/v1/history", &[("accept", "*/*")]).await;
    assert_eq!(any.header("content-type"), Some("application/json"));
    assert!(any.vary().contains(&"accept"));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_snapshot_as_csv_has_a_position_an_entity_tag_and_the_rules_of_origins() {
    let (_bank, silkrate) = april().await;
    let path = "/v1/snapshot.csv?pairs=USD/KZT";
    let answer = get(silkrate.web, path, &[("origin", FRIEND)]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(FRIEND));
    assert!(answer.header("silkrate-position").is_some());
    let tag = answer.header("etag").unwrap();
    let again = get(silkrate.web, path, &[("if-none-match", tag)]).await;
    assert_eq!(again.status, 304);
    let other = get(silkrate.web, &format!("{path}&dialect=excel-en"), &[]).await;
    assert_ne!(other.header("etag"), Some(tag));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_wrong_parameter_of_rows_is_named() {
    let (_bank, silkrate) = april().await;
    for (path, reason, field) in [
        (
            "/v1/snapshot.csv?dialect=excel",
            "INVALID_PARAMETER",
            Some("dialect"),
        ),
        (
            "/v1/snapshot.ndjson?dialect=rfc4180",
            "INVALID_PARAMETER",
            Some("dialect"),
        ),
        (
            "/v1/history.csv?layout=tall",
            "INVALID_PARAMETER",
            Some("layout"),
        ),
        (
            "/v1/history.ndjson?layout=wide",
            "INVALID_PARAMETER",
            Some("layout"),
        ),
        (
            "/v1/history.csv?start=1.4.2026",
            "INVALID_DATE",
            Some("start"),
        ),
        (
            "/v1/history/USD/KZT.csv?pairs=USD/KZT",
            "INVALID_PARAMETER",
            Some("pairs"),
        ),
        (
            "/v1/periods.csv?period=day",
            "INVALID_PARAMETER",
            Some("period"),
        ),
        (
            "/v1/fixings/nbk/USD.csv?end=2026-02-30",
            "INVALID_DATE",
            Some("end"),
        ),
        (
            "/v1/sources.csv?dialect=tsv",
            "INVALID_PARAMETER",
            Some("dialect"),
        ),
        ("/v1/history.csv?page_size=10", "INVALID_PARAMETER", None),
    ] {
        let refused = get(silkrate.web, path, &[]).await;
        let expected = (400, reason.to_owned(), field.map(str::to_owned));
        assert_eq!(refused.refusal(), expected, "{path}");
    }
    silkrate.finish().await;
}
