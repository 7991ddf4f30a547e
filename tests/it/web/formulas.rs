//! A text from outside in a file for a spreadsheet.

use std::net::SocketAddr;

use silkrate::clock::Clock;
use silkrate::config::Config;
use silkrate::domain::{PollOutcome, PollReport, Preference, RateFilter, RequestCount, SourceId};
use silkrate::listener::Admission;
use silkrate::queries::Queries;
use silkrate::tabular::Dialect;
use silkrate::web::{Browsers, WebCounts};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::service::Routes;

use crate::support::boards::{FIRST_DAY, OneBank, noon};
use crate::support::browser::get;

/// Texts of which a spreadsheet would run each.
const FORMULAS: &[&str] = &[
    "=HYPERLINK(\"https://evil.example\";\"rates\")",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
];

/// Serves the board of a bank to browsers until the tasks are dropped.
async fn serve(bank: &OneBank) -> (JoinSet<()>, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = Config::load(None, std::iter::empty()).unwrap();
    let ticker = RateFilter::parse(&["KZT/USD"]).unwrap();
    let ledger = watch::channel(None).1;
    let home = [Preference::Home];
    let queries = Queries::new(bank.feed.clone(), ledger, ticker, &home, Clock::real());
    let grpc = Routes::default().into_axum_router();
    let counts = WebCounts::default();
    let port = (listener, None, &counts);
    let mut tasks = JoinSet::new();
    let browsers = Browsers::new(&config.web, queries, grpc, &counts);
    let none = Admission::default();
    tasks.spawn(browsers.serve(port, none, bank.draining.clone()));
    (tasks, address)
}

/// The cell of a column in the first record of a file.
fn cell(file: &str, column: &str) -> String {
    let file = file.trim_start_matches('\u{feff}');
    let delimiter = file.bytes().find(|byte| b",;".contains(byte)).unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(file.as_bytes());
    let place = reader
        .headers()
        .unwrap()
        .iter()
        .position(|name| name == column);
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 1, "{file}");
    records[0][place.unwrap()].to_owned()
}

#[tokio::test]
async fn the_error_of_a_source_that_reads_as_a_formula_is_a_text_in_every_dialect() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "475.09");
    let (_tasks, web) = serve(&bank).await;
    for error in FORMULAS {
        let report = PollReport {
            attempted_at: Some(noon(FIRST_DAY)),
            next_attempt: noon(FIRST_DAY),
            error: Some((*error).to_owned()),
            outcome: PollOutcome::Unreadable,
            requests: RequestCount::default(),
        };
        let nbk = SourceId::new("nbk");
        bank.commit.borrow().board.record_poll(nbk, report);
        for dialect in Dialect::names() {
            let path = format!("/v1/sources.csv?dialect={dialect}");
            let file = get(web, &path, &[]).await;
            assert_eq!(cell(file.text(), "last_error"), format!("'{error}"));
        }
        let json = get(web, "/v1/sources", &[]).await.json();
        assert_eq!(json["sources"][0]["last_error"], *error);
    }
}
