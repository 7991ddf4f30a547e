//! What is refused again and again has one line: no bank and no client fills the log.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::Value;
use silkrate::access::Key;
use silkrate::clock::Clock;

use crate::support::bank::{Bank, FAULTS, Fault};
use crate::support::browser::{get, send};
use crate::support::captured::Captured;
use crate::support::keys::{Keys, bearer};
use crate::support::silkrate::{PATIENCE, Silkrate, settings, source};

const SOURCES: [&str; 6] = ["nbk", "nbkr", "cbu", "nbt", "cbt", "cbr"];
/// How often each refusal is repeated.
const TIMES: usize = 10;

/// Whether a text has a character that a terminal obeys, or that turns the direction of a text.
fn commands(line: &Value) -> bool {
    let of_text = |text: &str| {
        text.chars()
            .any(|letter| letter.is_control() || ('\u{202a}'..='\u{202e}').contains(&letter))
    };
    let mut texts = line.as_object().unwrap().values();
    texts.any(|value| value.as_str().is_some_and(of_text))
}

async fn asked_again(bank: &Bank, before: usize) {
    while bank.seen().len() <= before {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_document_that_is_refused_has_one_line_however_often_it_is_asked_for() {
    let hangs = |fault: &&Fault| **fault == Fault::Hang;
    let faults: Vec<Fault> = FAULTS
        .iter()
        .filter(|fault| !hangs(fault))
        .copied()
        .collect();
    for faults in faults.chunks(SOURCES.len()) {
        let captured = Captured::start();
        let now = "2026-04-02T09:00:00Z";
        let mut config = settings(now);
        let mut banks = Vec::new();
        for (id, fault) in SOURCES.iter().zip(faults) {
            let bank = Bank::start().await;
            bank.break_with(Some(*fault));
            config.sources.push(source(id, "", &bank.url()));
            banks.push((*id, *fault, bank));
        }
        let clock = Clock::replay(now.parse().unwrap(), 1);
        let mut silkrate = Silkrate::start_with(config, clock.clone()).await;
        silkrate.all_attempted().await;
        for _poll in 0..2 {
            let before: Vec<usize> = banks.iter().map(|(_, _, bank)| bank.seen().len()).collect();
            clock.set_forward(SignedDuration::from_hours(1));
            for ((_, _, bank), before) in banks.iter().zip(before) {
                let asked = tokio::time::timeout(PATIENCE, asked_again(bank, before)).await;
                asked.expect("every bank is asked again");
            }
        }
        silkrate.finish().await;
        for (id, fault, _bank) in &banks {
            let lines = captured.lines();
            let of_source = lines.iter().filter(|line| line["source"] == *id);
            let messages: Vec<_> = of_source.map(|line| &line["message"]).collect();
            assert_eq!(messages, ["a poll failed"], "{fault:?}");
        }
        for line in captured.lines() {
            assert!(!commands(&line), "{line:?}");
        }
    }
}

#[tokio::test]
async fn a_client_that_is_refused_again_and_again_has_at_most_one_line() {
    let captured = Captured::start();
    let keys = Keys::new();
    let mut config = settings("2026-04-02T09:00:00Z");
    config.access = keys.settings(false);
    config.server.max_streams_per_client = 1;
    let silkrate = Silkrate::start(config).await;
    let wrong = bearer(&Key::generate().unwrap());
    let requests = [
        ("/", [("host", "rebound.example")]),
        ("/v1/snapshot.json", [("authorization", wrong.as_str())]),
        ("/v1/snapshot.json", [("origin", "https://evil.example")]),
        ("/v1/watch?token=a.b&token=c.d", [("accept", "*/*")]),
        ("/v1/watch?after=forged%1b%e2%80%ae", [("accept", "*/*")]),
        ("/v1/watch?pairs=%1b[2J%0aforged", [("accept", "*/*")]),
        ("/%1b[2J%0d%0aforged", [("accept", "text/html")]),
    ];
    let started = captured.lines().len();
    for (path, headers) in requests {
        for _time in 0..TIMES {
            let answer = get(silkrate.web, path, &headers).await;
            assert!(answer.status >= 400, "{path}: {answer:?}");
        }
    }
    for _time in 0..TIMES {
        let answer = send(silkrate.web, ("POST", "/v1/tokens"), &[], b"{").await;
        assert_eq!(answer.status, 401);
    }
    let mut counts = BTreeMap::<String, usize>::new();
    for line in captured.lines().iter().skip(started) {
        assert!(!commands(line), "{line:?}");
        // The access log has a line for each request, where its setting is on.
        if line["message"] == "answered a request" {
            continue;
        }
        *counts.entry(line["message"].to_string()).or_default() += 1;
    }
    assert!(!counts.is_empty(), "the host has a line");
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    silkrate.finish().await;
}
