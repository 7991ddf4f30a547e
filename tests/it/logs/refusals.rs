//! What is refused again and again has one line: no bank fills the log.

use jiff::SignedDuration;
use serde_json::Value;
use silkrate::clock::Clock;

use crate::support::bank::{Bank, FAULTS, Fault};
use crate::support::captured::Captured;
use crate::support::silkrate::{PATIENCE, Silkrate, settings, source};

const SOURCES: [&str; 6] = ["nbk", "nbkr", "cbu", "nbt", "cbt", "cbr"];

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
