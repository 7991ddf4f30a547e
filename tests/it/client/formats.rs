//! Every command that reads, in every format.

use serde_json::Value;

use crate::client::commands::{Ran, held, known, silkrate};
use crate::client::operators;
use crate::client::server::{Known, serve_known};

/// A command that reads, the fields of its message, and the number of its rows.
struct Reading {
    command: &'static [&'static str],
    /// A text that only the table has.
    of_table: &'static str,
    keys: &'static [&'static str],
    first_columns: &'static str,
    rows: usize,
}

const READINGS: &[Reading] = &[
    Reading {
        command: &["rates", "KZT/USD", "KGS/USD"],
        of_table: "FRESHNESS",
        keys: &["position", "rates", "sources"],
        first_columns: "pair,effective_date,value,change_absolute,change_percent,",
        rows: 2,
    },
    Reading {
        command: &["convert", "1000", "USD", "KZT"],
        of_table: "1000 USD = ",
        keys: &[
            "amount",
            "date",
            "from_currency",
            "position",
            "rate",
            "result",
            "round_to_minor_unit",
            "to_currency",
        ],
        first_columns: "amount,from_currency,to_currency,date,round_to_minor_unit,result,rate_value,",
        rows: 1,
    },
    Reading {
        command: &["history", "USD/KZT", "--limit", "3"],
        of_table: "lowest",
        keys: &["next_page_token", "rates"],
        first_columns: "pair,effective_date,value,change_absolute,change_percent,",
        rows: 3,
    },
    Reading {
        command: &["periods", "USD/KZT", "--limit", "3"],
        of_table: "AVERAGE",
        keys: &["next_page_token", "periods"],
        first_columns: "pair,start_date,end_date,complete,first_date,first_value,",
        rows: 3,
    },
    Reading {
        command: &["fixings", "nbk", "USD", "--limit", "3"],
        of_table: "USD as nbk published it",
        keys: &["fixings", "next_page_token"],
        first_columns: "source,currency,units,value,home_currency,effective_date,",
        rows: 3,
    },
    Reading {
        command: &["sources"],
        of_table: "LAST VERIFIED",
        keys: &["replica", "sources"],
        first_columns: "id,name,attribution,freshness,",
        rows: 1,
    },
    Reading {
        command: &["currencies"],
        of_table: "DIGITS",
        keys: &["currencies", "sources"],
        first_columns: "code,name_en,name_kk,",
        rows: 1,
    },
    Reading {
        command: &["pairs"],
        of_table: "SINCE",
        keys: &["next_page_token", "pairs", "sources"],
        first_columns: "pair,base_currency,quote_currency,derivation,source,start_date",
        rows: 3,
    },
    Reading {
        command: &["held"],
        of_table: "SINCE",
        keys: &["held"],
        first_columns: "id,check,detail,since_time,source,currency,units,value,",
        rows: 1,
    },
];

async fn printed(command: &[&str], format: &[&str], address: &[&str]) -> Ran {
    let ran = silkrate(&[command, format, address].concat()).await;
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (0, ""),
        "{command:?} {format:?}"
    );
    ran
}

#[tokio::test]
async fn every_reading_command_prints_a_table_csv_and_the_message_of_the_contract() {
    let (server, admin) = (serve_known(known()).await, operators::serve(held()).await);
    for reading in READINGS {
        let address = match reading.command[0] {
            "held" => ["--admin", admin.url.as_str()],
            _ => ["--server", server.client.url()],
        };
        let print = async |format: &[&str]| printed(reading.command, format, &address).await.out;
        let name = reading.command[0];

        let table = print(&[]).await;
        assert_eq!(table, print(&["--format", "table"]).await, "{name}");
        assert!(table.contains(reading.of_table), "{name}: {table}");

        let csv = print(&["--format", "csv"]).await;
        assert_eq!(csv, print(&["--csv"]).await, "{name}");
        let mut lines = csv.split_terminator("\r\n");
        let header = lines.next().unwrap();
        assert!(
            header.starts_with(reading.first_columns),
            "{name}: {header}"
        );
        assert_eq!(lines.count(), reading.rows, "{name}: {csv}");

        let json = print(&["--format", "json"]).await;
        assert_eq!(json, print(&["--json"]).await, "{name}");
        let message: Value = serde_json::from_str(&json).unwrap();
        let keys: Vec<_> = message.as_object().unwrap().keys().collect();
        assert_eq!(keys, reading.keys, "{name}");
        assert_eq!(json.lines().count(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_meaningless_combination_is_refused_before_any_request() {
    let nowhere = ["--server", "http://127.0.0.1:1"];
    for (command, message) in [
        (&["rates", "--csv", "--json"][..], "cannot be used with"),
        (
            &["sources", "--json", "--format", "csv"],
            "cannot be used with",
        ),
        (
            &["watch", "--format", "csv"],
            "possible values: ticker, table, json",
        ),
        (
            &["watch", "--wide", "--format", "json"],
            "--wide is for the ticker",
        ),
    ] {
        let ran = silkrate(&[command, &nowhere].concat()).await;
        assert_eq!((ran.code, ran.out.as_str()), (64, ""), "{command:?}");
        assert!(ran.err.contains(message), "{command:?}: {}", ran.err);
    }
}

#[tokio::test]
async fn a_decision_is_not_sent_when_its_format_is_refused() {
    let running = operators::serve(held()).await;
    let admin = ["--admin", running.url.as_str()];
    let release = ["held", "release", "cbu/daily/2026-04-02/TMT", "--csv"];
    let ran = silkrate(&[&release[..], &admin].concat()).await;
    assert_eq!((ran.code, ran.out.as_str()), (64, ""));
    assert!(ran.err.contains("a decision has no CSV format"), "{ran:?}");
    assert_eq!(running.notes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_decision_prints_as_the_message_of_the_contract() {
    let running = operators::serve(held()).await;
    let admin = ["--admin", running.url.as_str()];
    let release = ["held", "release", "cbu/daily/2026-04-02/TMT", "--json"];
    let ran = printed(&release, &[], &admin).await;
    let message: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(message["position"]["revision"], 8);
    assert_eq!(message["held"]["id"], "cbu/daily/2026-04-02/TMT");
}

#[tokio::test]
async fn a_wide_table_of_an_earlier_server_has_the_pairs_with_rates_and_says_so() {
    let earlier = Known {
        is_without_lists: true,
        ..known()
    };
    let server = serve_known(earlier).await;
    let command = ["history", "*/KZT", "--csv", "--layout", "wide", "--server"];
    let ran = silkrate(&[&command[..], &[server.client.url()]].concat()).await;
    assert_eq!(ran.out.lines().next(), Some("date,USD/KZT"), "{ran:?}");
    assert_eq!(
        ran.err,
        "silkrate: the server is of an earlier version, which does not list pairs: one without a rate in the range has \
         no column\n"
    );
    assert_eq!(ran.code, 0);
}
