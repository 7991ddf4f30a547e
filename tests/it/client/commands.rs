//! The commands on the command line, against a scripted server.

use std::process::Output;

use silkrate::pb::{
    Check, ConvertAmountResponse, Currency, Derivation, Fixing, HeldFixing, Pair, PeriodRates,
    Rate, SourceDetail, SourceState, WatchRatesResponse,
};
use tokio::net::TcpListener;
use tokio::process::Command;
use tonic::Status;

use crate::client::operators;
use crate::client::server::{
    Known, LONG, REQUESTED, Script, opening, position, rate, serve, serve_known, snapshot, update,
};

/// The output and the exit code of a command.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

pub(super) async fn silkrate(arguments: &[&str]) -> Ran {
    silkrate_in(&[], arguments).await
}

/// Runs a command with these variables of its environment.
pub(super) async fn silkrate_in(variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    command.envs(variables.iter().copied());
    let Output {
        status,
        stdout,
        stderr,
    } = command.args(arguments).output().await.unwrap();
    Ran {
        code: status.code().unwrap(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

fn dollar(date: &str, value: &str) -> Fixing {
    Fixing {
        source: "nbk".to_owned(),
        units: "1".to_owned(),
        currency: "USD".to_owned(),
        value: value.to_owned(),
        home_currency: "KZT".to_owned(),
        effective_date: date.to_owned(),
        ..Fixing::default()
    }
}

fn rate_of(date: &str, value: &str) -> Rate {
    Rate {
        pair: "USD/KZT".to_owned(),
        value: value.to_owned(),
        derivation: Derivation::Published.into(),
        source: Some("nbk".to_owned()),
        effective_date: Some(date.to_owned()),
        fixings: vec![dollar(date, value)],
        ..Rate::default()
    }
}

/// Three pages of fixings.
const DAYS: [(&str, &str); 5] = [
    ("2026-04-02", "475.09"),
    ("2026-04-01", "478.77"),
    ("2026-03-31", "478.10"),
    ("2026-03-30", "479.00"),
    ("2026-03-27", "481.5"),
];

pub(super) fn known() -> Known {
    let bank = SourceState {
        id: "nbk".to_owned(),
        name: "National Bank of Kazakhstan".to_owned(),
        ..SourceState::default()
    };
    let bank = SourceDetail {
        state: Some(bank),
        ..SourceDetail::default()
    };
    Known {
        history: DAYS.map(|(date, value)| rate_of(date, value)).into(),
        fixings: DAYS.map(|(date, value)| dollar(date, value)).into(),
        periods: vec![PeriodRates::default(); 3],
        conversion: ConvertAmountResponse {
            result: " dollars".to_owned(),
            rate: Some(rate_of("2026-04-02", "475.09")),
            position: None,
        },
        sources: vec![bank],
        currencies: vec![Currency::default()],
        pairs: vec![Pair::default(); 3],
        is_without_lists: false,
    }
}

#[tokio::test]
async fn an_unknown_option_is_not_answered_with_how_to_pass_it_as_a_value() {
    let pears = silkrate(&["watch", "--pears", "KZT/USD"]).await;
    assert!(
        pears.err.contains("unexpected argument '--pears'"),
        "{}",
        pears.err
    );
    assert!(!pears.err.contains("tip:"), "{}", pears.err);
    // A tip that names the right option stays.
    let sever = silkrate(&["watch", "--sever", "http://127.0.0.1:1"]).await;
    assert!(sever.err.contains("'--server'"), "{}", sever.err);
}

#[tokio::test]
async fn a_conversion_is_printed_with_the_name_of_the_bank() {
    let running = serve_known(known()).await;
    let server = ["--server", running.client.url()];
    let arguments = ["convert", "-1000.50", "usd", "Kzt", "--date", "2026-04-05"];
    let ran = silkrate(&[&arguments[..], &server].concat()).await;
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (
            0,
            "\
-1000.50 USD = -1000.50 dollars KZT
  1 USD = 475.09 KZT, National Bank of Kazakhstan (nbk), of 2026-04-02
  published: 1 USD = 475.09 KZT
  2026-04-05 has no rate of its own: the last one before it is of 2026-04-02
",
            ""
        )
    );
    let arguments = ["convert", "1", "USD", "KZT", "--date", "1999-01-01"];
    let ran = silkrate(&[&arguments[..], &server].concat()).await;
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert_eq!(
        ran.err,
        "silkrate: error: nothing is known of 1999-01-01\n  \
         hint: `silkrate history BASE/QUOTE` prints the dates that have a rate\n"
    );
}

#[tokio::test]
async fn history_is_requested_page_by_page_until_the_range_is_complete() {
    let running = serve_known(known()).await;
    let range = [
        "history",
        "usd/kzt",
        "--start",
        "2026-03-28",
        "--end",
        "2026-04-02",
    ];
    let server = ["--server", running.client.url()];
    let ran = silkrate(&[&range[..], &server].concat()).await;
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "USD/KZT: 4 rates, 2026-03-30 to 2026-04-02",
            "█▇█▁",
            "lowest 475.09 on 2026-04-02, highest 479.00 on 2026-03-30",
        ],
        "{ran:?}"
    );
    assert_eq!((ran.code, lines.len()), (0, 9));
    let ran = silkrate(&[&range[..], &server, &["--csv"]].concat()).await;
    assert_eq!(ran.out.matches("\r\nUSD/KZT,2026-0").count(), 4, "{ran:?}");
    let newest = ["history", "USD/KZT", "--limit", "3", "--json"];
    let ran = silkrate(&[&newest[..], &server].concat()).await;
    let rates: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let dates = rates["rates"].as_array().unwrap().iter();
    let dates: Vec<&str> = dates
        .map(|rate| rate["effective_date"].as_str().unwrap())
        .collect();
    assert_eq!(dates, ["2026-04-02", "2026-04-01", "2026-03-31"]);
}

#[tokio::test]
async fn a_range_without_a_rate_fails_with_the_newest_day_before_it() {
    let running = serve_known(known()).await;
    let server = ["--server", running.client.url()];
    let range = ["--start", "2026-04-03", "--end", "2026-05-01"];
    for (command, what) in [
        (&["history", "USD/KZT"][..], "USD/KZT"),
        (&["fixings", "NBK", "usd"], "USD of nbk"),
    ] {
        let ran = silkrate(&[command, &range, &server].concat()).await;
        assert_eq!((ran.code, ran.out.as_str()), (1, ""));
        assert_eq!(
            ran.err,
            format!(
                "silkrate: error: the server has no rows of {what} from 2026-04-03 to 2026-05-01\n  \
                 hint: the newest is of 2026-04-02: try --end 2026-04-02\n"
            )
        );
    }
}

#[tokio::test]
async fn fixings_are_listed_page_by_page() {
    let running = serve_known(known()).await;
    let arguments = ["fixings", "nbk", "usd", "--limit", "5"];
    let ran = silkrate(&[&arguments[..], &["--server", running.client.url()]].concat()).await;
    assert!(ran.out.starts_with("USD as nbk published it\n"), "{ran:?}");
    assert!(ran.out.contains("2026-03-27  1 USD  481.5 KZT"), "{ran:?}");
}

#[tokio::test]
async fn a_pair_without_a_quote_is_noted_with_the_servers_message() {
    let running = serve([]).await;
    let server = ["--server", running.client.url()];
    for command in [&["rates"][..], &["watch", "--once"]] {
        let ran = silkrate(&[command, &["KZT/USD", "eur/usd"], &server].concat()).await;
        assert_eq!(
            (ran.code, ran.err.as_str()),
            (0, "silkrate: no source quotes EUR/USD\n")
        );
        assert!(ran.out.contains("KZT/USD"), "{ran:?}");
    }
    let ran = silkrate(&[&["rates", "EUR/USD"][..], &server].concat()).await;
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.starts_with("silkrate: no source quotes EUR/USD\n"),
        "{ran:?}"
    );
}

#[tokio::test]
async fn every_message_of_a_watch_has_a_position_even_if_the_ticker_gains_a_pair() {
    let (kgs, kzt) = (rate("KGS/USD", "0.0114"), rate("KZT/USD", "0.002"));
    let at = |revision| WatchRatesResponse {
        position: Some(position(revision)),
        ..opening(REQUESTED, LONG)
    };
    let first = vec![
        at(1),
        snapshot(1, std::slice::from_ref(&kzt)),
        update(1, 2, std::slice::from_ref(&kgs)),
    ];
    let second = vec![at(2), snapshot(2, &[kgs, kzt])];
    let end = Status::permission_denied("enough");
    let running = serve([Script::Hang(first), Script::Break(second, end)]).await;
    let ran = silkrate(&[
        "watch",
        "--format",
        "json",
        "--server",
        running.client.url(),
    ])
    .await;
    let seen = ran.out.lines().map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).unwrap();
        let event = message["event"].as_str().unwrap().to_owned();
        (event, message["position"]["revision"].as_u64())
    });
    let expected = [
        ("opening", 1),
        ("snapshot", 1),
        ("update", 2),
        ("opening", 2),
        ("snapshot", 2),
    ];
    let expected = expected.map(|(event, revision)| (event.to_owned(), Some(revision)));
    assert_eq!(seen.collect::<Vec<_>>(), expected, "{ran:?}");
    assert!(ran.err.contains("enough"), "{ran:?}");
}

#[tokio::test]
async fn a_watch_notes_once_which_pairs_have_no_quote_yet() {
    let there = [rate("KZT/USD", "0.002")];
    let messages = vec![
        opening(REQUESTED, LONG),
        snapshot(1, &there),
        snapshot(2, &there),
    ];
    let end = Status::permission_denied("enough");
    let running = serve([Script::Break(messages, end)]).await;
    let pairs = [
        "watch",
        "kzt/usd",
        "eur/usd",
        "--server",
        running.client.url(),
    ];
    let ran = silkrate(&pairs).await;
    assert_eq!(ran.out, "KZT/USD = 0.00200 n/a\n");
    assert_eq!(
        ran.err.matches("EUR/USD: no source quotes it yet").count(),
        1,
        "{ran:?}"
    );
}

pub(super) fn held() -> HeldFixing {
    HeldFixing {
        id: "cbu/daily/2026-04-02/TMT".to_owned(),
        fixing: Some(Fixing {
            source: "cbu".to_owned(),
            currency: "TMT".to_owned(),
            home_currency: "UZS".to_owned(),
            ..dollar("2026-04-02", "346.917")
        }),
        check: Check::UnitJump.into(),
        detail: "a tenth of the last value".to_owned(),
        ..HeldFixing::default()
    }
}

#[tokio::test]
async fn an_operator_lists_what_is_held_and_releases_it() {
    let running = operators::serve(held()).await;
    let admin = ["--admin", running.url.as_str()];
    let ran = silkrate(&[&["held"][..], &admin].concat()).await;
    assert!(
        ran.out.contains("cbu/daily/2026-04-02/TMT  346.917  n/a"),
        "{ran:?}"
    );

    let release = ["held", "release", "cbu/daily/2026-04-02/TMT"];
    let of_another = silkrate(&[&release[..], &["--value", "3469.17"], &admin].concat()).await;
    assert_eq!((of_another.code, of_another.out.as_str()), (1, ""));
    assert!(
        of_another.err.contains("is 346.917 by now"),
        "{of_another:?}"
    );

    let value = ["--value", "346.917", "--note", "the bank says so"];
    let ran = silkrate(&[&release[..], &value, &admin].concat()).await;
    assert_eq!(
        ran.out,
        "Released cbu/daily/2026-04-02/TMT: 1 TMT = 346.917 UZS is served from now on, at revision 8 of epoch epoch.\n"
    );
    assert_eq!(running.notes(), ["the bank says so"]);
    let ran = silkrate(&[&["held", "list"][..], &admin].concat()).await;
    assert_eq!((ran.code, ran.out.as_str()), (0, "No value is held.\n"));
}

#[tokio::test]
async fn an_operator_rejects_what_is_held_once() {
    let running = operators::serve(held()).await;
    let reject = [
        "held",
        "reject",
        "cbu/daily/2026-04-02/TMT",
        "--admin",
        &running.url,
    ];
    let ran = silkrate(&reject).await;
    assert!(
        ran.out.contains("is rejected for good, at revision 9"),
        "{ran:?}"
    );
    assert_eq!(running.notes(), [""]);
    let again = silkrate(&reject).await;
    assert_eq!((again.code, again.out.as_str()), (1, ""));
    assert!(
        again.err.contains("`silkrate held` prints the held values"),
        "{again:?}"
    );
}

#[tokio::test]
async fn the_address_of_the_rates_is_not_that_of_operators() {
    let running = serve([]).await;
    let ran = silkrate(&["held", "--admin", running.client.url()]).await;
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("the operators' port of a server"),
        "{ran:?}"
    );
}

#[tokio::test]
async fn a_port_in_use_is_reported_with_the_setting_to_change() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    command
        .arg("serve")
        .env("SILKRATE_SERVER__LISTEN", &address);
    let ended = command.output().await.unwrap();
    let err = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{err}");
    assert!(
        err.contains(&format!("cannot listen on {address}")),
        "{err}"
    );
    assert!(err.contains("SILKRATE_SERVER__LISTEN"), "{err}");
    assert!(!err.contains("the lines above"), "{err}");
}
