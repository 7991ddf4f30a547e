//! Rows as CSV and as lines: dialects, layouts, and the headers of their answers.

use silkrate::tabular::Dialect;
use tokio::process::Command;

use crate::support::browser::{Answer, get};
use crate::web::{FRIEND, april};

/// Every path whose answer has rows, and a query.
const ROWS: &[(&str, &str)] = &[
    ("/v1/snapshot", "?pairs=USD/KZT"),
    ("/v1/snapshot", "?date=2026-04-01"),
    ("/v1/rates/USD/KZT", ""),
    ("/v1/rates/USD/KZT", "?date=2026-04-01"),
    ("/v1/convert", "?amount=1000.10&from=USD&to=KZT"),
    ("/v1/history/USD/KZT", ""),
    ("/v1/history", ""),
    ("/v1/periods", ""),
    ("/v1/fixings/nbk/USD", ""),
    ("/v1/currencies", ""),
    ("/v1/pairs", ""),
    ("/v1/sources", ""),
];

/// How often an answer says that it depends on `Accept`.
fn times_varying(answer: &Answer) -> usize {
    let names = answer.vary().into_iter();
    names.filter(|name| *name == "accept").count()
}

/// The lines of rows; of a source, which is polled at any moment, its id alone.
fn settled(answer: &Answer) -> Vec<&str> {
    let lines = answer.text().lines();
    if answer.text().contains("last_attempt_time") {
        return lines.filter_map(|line| line.split(',').next()).collect();
    }
    lines.collect()
}

async fn printed(arguments: &[&str], url: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    command.args(arguments).args(["--server", url]);
    let ended = command.output().await.unwrap();
    assert!(ended.status.success(), "{ended:?}");
    String::from_utf8(ended.stdout).unwrap()
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
async fn every_dialect_has_its_separator_its_decimal_mark_and_its_byte_order_mark() {
    let (_bank, silkrate) = april().await;
    let points = "date,USD/KZT\r\n2026-04-02,475.09\r\n2026-04-01,478.77\r\n";
    let marked = format!("\u{feff}{points}");
    let commas = "\u{feff}date;USD/KZT\r\n2026-04-02;475,09\r\n2026-04-01;478,77\r\n";
    let files = [
        ("rfc4180", points),
        ("excel-en", marked.as_str()),
        ("excel-ru", commas),
        ("excel-kk", commas),
        ("excel-ky", commas),
        ("excel-tg", commas),
        ("excel-uz", commas),
        ("excel-tk", commas),
    ];
    let names = files.iter().map(|(name, _)| *name);
    assert!(names.eq(Dialect::names()));
    for (dialect, expected) in files {
        let path = format!("/v1/history/USD/KZT.csv?layout=wide&dialect={dialect}");
        let served = get(silkrate.web, &path, &[]).await;
        assert_eq!(served.text(), expected, "{dialect}");
    }
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
async fn a_wide_table_has_the_quoted_pairs_on_both_sides_whatever_its_range() {
    let (_bank, silkrate) = april().await;
    let pairs = ["*/KZT", "KZT/KZT", "UZS/USD"];
    for (start, end, lines) in [
        ("2026-01-01", "2026-01-31", 1),
        ("2026-04-01", "2026-04-02", 3),
    ] {
        let query = pairs.join(",");
        let path = format!("/v1/history.csv?pairs={query}&start={start}&end={end}&layout=wide");
        let served = get(silkrate.web, &path, &[]).await;
        let header = served.text().lines().next();
        assert_eq!(header, Some("date,USD/KZT"), "{path}");
        assert_eq!(served.text().lines().count(), lines);
        let range = ["--start", start, "--end", end, "--server", &silkrate.url];
        let wide = ["--csv", "--layout", "wide"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
        command.arg("history").args(pairs).args(range).args(wide);
        // A range without a rate is a failure of the command, after the header.
        let printed = command.output().await.unwrap().stdout;
        assert_eq!(String::from_utf8(printed).unwrap(), served.text());
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
        (
            "text/csv; charset=utf-8; header=present",
            ".csv",
            "text/csv; charset=utf-8; header=present",
        ),
        ("application/x-ndjson", ".ndjson", "application/x-ndjson"),
    ] {
        for (path, query) in ROWS {
            let named = get(silkrate.web, &format!("{path}{ending}{query}"), &[]).await;
            assert_eq!(named.status, 200, "{path}: {}", named.text());
            let plain = format!("{path}{query}");
            // A prepared answer in JSON does not stand in for one in rows, nor the other way round.
            for _ in 0..2 {
                let any = get(silkrate.web, &plain, &[("accept", "*/*")]).await;
                assert_eq!(any.header("content-type"), Some("application/json"));
                assert_eq!(times_varying(&any), 1, "{path}");
                let accepted = get(silkrate.web, &plain, &[("accept", accept)]).await;
                assert_eq!(settled(&accepted), settled(&named), "{path}");
                assert_eq!(accepted.header("content-type"), Some(kind), "{path}");
                assert_eq!(times_varying(&accepted), 1, "{path}");
            }
            assert_eq!(times_varying(&named), 0, "{path}");
        }
    }
    let json = get(silkrate.web, "/v1/snapshot.json", &[("accept", "text/csv")]).await;
    assert_eq!(json.header("content-type"), Some("application/json"));
    assert_eq!(times_varying(&json), 0);
    silkrate.finish().await;
}

#[tokio::test]
async fn one_figure_is_a_table_of_one_row_and_a_refusal_stays_json() {
    let (_bank, silkrate) = april().await;
    let rate = get(silkrate.web, "/v1/rates/usd/kzt.csv?dialect=excel-ru", &[]).await;
    let (header, row) = rate.text().split_once("\r\n").unwrap();
    assert!(
        header.starts_with("\u{feff}pair;effective_date;value;"),
        "{header}"
    );
    assert!(row.starts_with("USD/KZT;2026-04-02;475,09;-3,68;"), "{row}");
    assert_eq!(row.lines().count(), 1);
    assert!(rate.header("silkrate-position").is_some());
    let tag = rate.header("etag").unwrap();
    let held = [("if-none-match", tag)];
    let again = get(
        silkrate.web,
        "/v1/rates/USD/KZT.csv?dialect=excel-kk",
        &held,
    )
    .await;
    assert_eq!(again.status, 304, "it is the same file");
    let plain = get(silkrate.web, "/v1/rates/USD/KZT.csv", &held).await;
    assert_eq!(plain.status, 200);

    let query = "amount=1000.10&from=USD&to=KZT&round=1";
    let converted = get(silkrate.web, &format!("/v1/convert.csv?{query}"), &[]).await;
    let lines: Vec<_> = converted.text().lines().collect();
    assert!(
        lines[0].starts_with("amount,from_currency,to_currency,date,"),
        "{lines:?}"
    );
    // 1000.10 dollars of 475.09 tenge are 475137.509 tenge.
    let expected = "1000.10,USD,KZT,,true,475137.51,475.09,";
    assert!(lines[1].starts_with(expected), "{lines:?}");
    assert_eq!(lines.len(), 2);
    for (path, status, field) in [
        ("/v1/rates/USD/XXX.csv", 404, None),
        ("/v1/rates/USD/KZT.csv?dialect=excel", 400, Some("dialect")),
        (
            "/v1/rates/USD/KZT.ndjson?dialect=rfc4180",
            400,
            Some("dialect"),
        ),
        (
            "/v1/convert.csv?amount=x&from=USD&to=KZT",
            400,
            Some("amount"),
        ),
        (
            "/v1/convert.ndjson?amount=1&from=USD&to=KZT&round=2",
            400,
            Some("round"),
        ),
    ] {
        let refused = get(silkrate.web, path, &[]).await;
        let (found, _, named) = refused.refusal();
        assert_eq!((found, named.as_deref()), (status, field), "{path}");
    }
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
