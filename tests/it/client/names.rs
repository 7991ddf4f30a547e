//! The earlier names of the options.

use silkrate::pb::admin::{FileTableRequest, Row, Table};

use crate::client::commands::{Ran, silkrate};
use crate::history::admin;
use crate::support::april::{bank_of_april, silkrate_of_april};

const HISTORY: &[&str] = &["history", "USD/KZT", "--csv"];
const FIXINGS: &[&str] = &["fixings", "nbk", "USD", "--csv"];
const PERIODS: &[&str] = &["periods", "USD/KZT", "--csv"];

/// A command, the earlier name of an option, its name, and a value that changes the output.
const OPTIONS: &[(&[&str], &str, &str, &str)] = &[
    (HISTORY, "--from", "--start", "2026-04-02"),
    (HISTORY, "--to", "--end", "2026-04-01"),
    (FIXINGS, "--from", "--start", "2026-04-02"),
    (FIXINGS, "--to", "--end", "2026-04-01"),
    // Of March and April one is left.
    (PERIODS, "--from", "--start", "2026-04-01"),
    (PERIODS, "--to", "--end", "2026-03-31"),
    (
        &["rates", "USD/KZT", "--csv"],
        "--on",
        "--date",
        "2026-04-01",
    ),
    (
        &["convert", "1", "USD", "KZT", "--csv"],
        "--on",
        "--date",
        "2026-04-01",
    ),
];

/// A table of the last day of March.
fn dollar_of_march() -> FileTableRequest {
    let dollar = Row {
        currency: "USD".to_owned(),
        units: "1".to_owned(),
        value: "481.54".to_owned(),
        home_currency: "KZT".to_owned(),
        published_change: None,
    };
    FileTableRequest {
        table: Some(Table {
            source: "nbk".to_owned(),
            document: "daily".to_owned(),
            pivot: "KZT".to_owned(),
            effective_date: "2026-03-31".to_owned(),
            as_of_time: None,
            rows: vec![dollar],
        }),
    }
}

#[tokio::test]
async fn an_earlier_name_of_an_option_has_the_effect_of_its_name() {
    let bank = bank_of_april().await;
    let server = silkrate_of_april(&bank).await;
    let filed = admin(&server).await.file_table(dollar_of_march()).await;
    let filed = filed.unwrap().into_inner();
    assert_eq!((filed.refused, filed.held_rows), (None, 0));
    let run = async |command: &[&str], option: &[&str]| {
        let address = ["--server", server.url.as_str()];
        let Ran { code, out, err } = silkrate(&[command, option, &address].concat()).await;
        assert_eq!((code, err.as_str()), (0, ""), "{command:?} {option:?}");
        let rows = out.lines().count();
        assert!(rows > 1, "{command:?} {option:?} prints values: {out}");
        out
    };
    for (command, earlier, name, value) in OPTIONS {
        let named = run(command, &[name, value]).await;
        assert_eq!(run(command, &[earlier, value]).await, named, "{command:?}");
        assert_ne!(run(command, &[]).await, named, "{command:?} {name}");
    }
    server.finish().await;
}
