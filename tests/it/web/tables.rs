//! Rows as CSV and as lines: dialects, layouts, and the headers of their answers.

use tokio::process::Command;

use crate::support::browser::get;
use crate::web::{FRIEND, april};

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
