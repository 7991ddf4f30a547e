//! The log: what has a line, and how often.

mod access;
mod failures;
mod refusals;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use silkrate::clock::Clock;
use silkrate::demo::{Bank, Season};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::april::bank_of_april;
use crate::support::bank::Fault;
use crate::support::captured::Captured;
use crate::support::silkrate::{Silkrate, settings, source};

/// The lines of a screen.
const SCREEN: usize = 50;
/// The sources that are polled by default.
const SOURCES: usize = 6;

#[tokio::test]
async fn a_day_of_every_bank_fits_on_a_screen_and_no_fact_is_logged_twice() {
    let captured = Captured::start();
    let clock = Season::April.clock();
    let bank = Bank::start(clock.clone()).await.unwrap();
    let url = bank.base_url();
    let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
    tasks.spawn(bank.run(stop.clone()));
    let ports = settings("2026-03-31T00:00:00Z");
    let config = Season::April.config(&url, ports.server, ports.web);
    let polled = config.sources.len();
    let silkrate = Silkrate::start_with(config, clock).await;
    let filed = async |date: &str| {
        let is_it = |line: &serde_json::Value| {
            line["message"] == "filed a table" && line["source"] == "cbu" && line["date"] == date
        };
        captured.line(is_it).await;
        captured.lines().len()
    };
    let (before, after) = (filed("2026-04-02").await, filed("2026-04-03").await);
    silkrate.finish().await;
    stop.cancel();
    tasks.join_all().await;
    let lines = captured.lines();
    let day = lines.get(before..after).unwrap();
    assert!(!day.is_empty());
    assert!(day.len() * SOURCES / polled <= SCREEN, "{day:#?}");
    let mut facts = BTreeSet::new();
    for line in &lines {
        let mut fact = line.clone();
        fact.as_object_mut().unwrap().remove("timestamp");
        assert!(facts.insert(fact.to_string()), "twice: {line}");
    }
}

#[tokio::test]
async fn a_bank_that_fails_has_a_line_when_it_begins_one_a_day_and_one_when_it_ends() {
    let captured = Captured::start();
    let bank = bank_of_april().await;
    bank.break_with(Some(Fault::Status(503)));
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    let clock = Clock::replay("2026-04-02T09:00:00Z".parse().unwrap(), 1);
    let silkrate = Silkrate::start_with(config, clock.clone()).await;
    let first = captured.message("a poll failed").await;
    assert_eq!(first["source"], "nbk");
    assert!(first["error"].as_str().unwrap().contains("503"), "{first}");
    bank.ended(3).await;
    clock.set_forward(SignedDuration::from_hours(25));
    let reminder = captured.message("polls still fail").await;
    assert_eq!(reminder["hours"], 25, "{reminder}");
    assert!(reminder["failures"].as_u64() > Some(1), "{reminder}");
    bank.ended(3).await;
    bank.break_with(None);
    let ended = captured.message("polls succeed again").await;
    assert!(ended["seconds"].as_u64() >= Some(25 * 3600), "{ended}");
    let of_polls = captured.messages();
    let of_polls = of_polls.iter().filter(|message| message.contains("poll"));
    let expected = ["a poll failed", "polls still fail", "polls succeed again"];
    assert_eq!(of_polls.collect::<Vec<_>>(), expected);
    silkrate.finish().await;
}
