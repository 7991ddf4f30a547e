//! The rules of the log, in etcd and in the log in memory that simulations use: both must obey the same.

use std::sync::Arc;
use std::time::Duration;

use silkrate::shared::log::{
    Appended, Double, Event, Faults, Log, LogError, Note, SharedStore, Stored,
};

use crate::server::Server;

/// The shortest lease of etcd with its usual settings.
const LEASE: Duration = Duration::from_secs(2);
/// A lease that does not end within a test.
const LONG: Duration = Duration::from_secs(600);

fn record(text: &str) -> Arc<[u8]> {
    text.as_bytes().into()
}

fn double() -> Log {
    Log::Double(Double::new(SharedStore::default(), 7, Faults::default()))
}

async fn append(log: &Log, lead: &silkrate::shared::log::Lead, seq: u64, text: &str) -> Appended {
    log.append(lead, seq, text.as_bytes()).await.unwrap()
}

async fn only_the_leader_appends_and_each_place_is_written_once(log: &Log) {
    assert_eq!(log.leader().await, Ok(None));
    let lead = log.lead(b"one", LONG).await.unwrap().unwrap();
    assert_eq!(log.lead(b"two", LONG).await, Ok(None));
    assert_eq!(log.leader().await, Ok(Some(record("one"))));
    assert_eq!(append(log, &lead, 1, "first").await, Appended::Written);
    assert_eq!(append(log, &lead, 2, "second").await, Appended::Written);
    let taken = Appended::Taken(record("first"));
    assert_eq!(append(log, &lead, 1, "other").await, taken);
    assert_eq!(append(log, &lead, 4, "fourth").await, Appended::Gap);
    assert!(log.keep(&lead).await.unwrap());
    log.step_down(&lead).await.unwrap();
    assert!(!log.keep(&lead).await.unwrap());
    assert_eq!(append(log, &lead, 3, "third").await, Appended::Fenced);
    let other = log.lead(b"two", LONG).await.unwrap().unwrap();
    assert_eq!(append(log, &lead, 3, "third").await, Appended::Fenced);
    assert_eq!(append(log, &other, 3, "third").await, Appended::Written);
    let page = log.read(1, 1).await.unwrap();
    let second = Stored {
        seq: 2,
        bytes: record("second"),
    };
    assert_eq!((page.records, page.has_more), (vec![second], true));
    let page = log.read(0, 100).await.unwrap();
    let seqs: Vec<u64> = page.records.iter().map(|record| record.seq).collect();
    assert_eq!((seqs, page.has_more), (vec![1, 2, 3], false));
    let everywhere = log.read_everywhere(3).await.unwrap();
    assert!(!everywhere.is_empty() && everywhere.iter().all(|bytes| **bytes == *b"third"));
}

async fn a_follower_gets_every_record_and_each_change_of_the_lead(log: &Log) {
    let lead = log.lead(b"one", LEASE).await.unwrap().unwrap();
    append(log, &lead, 1, "first").await;
    let moment = log.read(0, 10).await.unwrap().moment;
    let mut watch = log.follow(moment).await.unwrap();
    append(log, &lead, 2, "second").await;
    let second = Event::Appended(Stored {
        seq: 2,
        bytes: record("second"),
    });
    assert_eq!(watch.next().await, Ok(second));
    watch.ask().unwrap();
    assert_eq!(watch.next().await, Ok(Event::Nothing));
    // The lease is not kept.
    assert_eq!(watch.next().await, Ok(Event::Leader(None)));
    assert_eq!(append(log, &lead, 3, "third").await, Appended::Fenced);
    let other = log.lead(b"two", LONG).await.unwrap().unwrap();
    assert_eq!(watch.next().await, Ok(Event::Leader(Some(record("two")))));
    assert_eq!(append(log, &other, 3, "third").await, Appended::Written);
    // From the same moment, all of it comes again.
    let mut again = log.follow(moment).await.unwrap();
    let mut seqs = Vec::new();
    while seqs.last() != Some(&3) {
        if let Event::Appended(record) = again.next().await.unwrap() {
            seqs.push(record.seq);
        }
    }
    assert_eq!(seqs, [2, 3]);
}

async fn only_the_leader_replaces_the_state_to_begin_with_and_notes(log: &Log) {
    assert_eq!(log.state().await, Ok(None));
    let lead = log.lead(b"one", LONG).await.unwrap().unwrap();
    for state in ["after 64", "after 128"] {
        assert_eq!(log.set_state(&lead, state.as_bytes()).await, Ok(true));
        assert_eq!(log.state().await, Ok(Some(record(state))));
    }
    let note = Note::Delivered("hook".to_owned());
    assert_eq!(log.set_note(&lead, &note, b"first").await, Ok(true));
    log.step_down(&lead).await.unwrap();
    let other = log.lead(b"two", LONG).await.unwrap().unwrap();
    // The one that led writes late.
    assert_eq!(log.set_state(&lead, b"after 64").await, Ok(false));
    assert_eq!(log.set_note(&lead, &note, b"late").await, Ok(false));
    assert_eq!(log.state().await, Ok(Some(record("after 128"))));
    assert_eq!(log.note(&note).await, Ok(Some(record("first"))));
    assert_eq!(log.set_note(&other, &note, b"second").await, Ok(true));
    assert_eq!(log.note(&note).await, Ok(Some(record("second"))));
}

async fn a_replica_learns_whether_another_process_reports_under_its_name(log: &Log) {
    let (one, other) = (
        log.appear(LONG).await.unwrap(),
        log.appear(LONG).await.unwrap(),
    );
    assert_eq!(log.reports(one, "one").await, Ok(true), "no process does");
    log.report(one, "one", b"first").await.unwrap();
    log.report(other, "two", b"other").await.unwrap();
    assert_eq!(log.reports(one, "one").await, Ok(true));
    log.report(other, "one", b"namesake").await.unwrap();
    assert_eq!(log.reports(one, "one").await, Ok(false));
}

async fn what_a_replica_says_stays_for_a_lease(log: &Log) {
    assert_eq!(log.nodes().await, Ok(Vec::new()));
    let (long, short) = (
        log.appear(LONG).await.unwrap(),
        log.appear(LEASE).await.unwrap(),
    );
    log.report(long, "two", b"first").await.unwrap();
    log.report(long, "two", b"second").await.unwrap();
    log.report(short, "one", b"other").await.unwrap();
    assert!(log.stay(short).await.unwrap());
    let both = vec![record("other"), record("second")];
    assert_eq!(log.nodes().await, Ok(both));
    // The short lease is not kept.
    while log.nodes().await.unwrap().len() > 1 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(log.nodes().await, Ok(vec![record("second")]));
    assert!(!log.stay(short).await.unwrap());
    assert!(log.report(short, "one", b"late").await.is_err());
    log.leave(long).await.unwrap();
    assert_eq!(log.nodes().await, Ok(Vec::new()));
}

async fn the_records_are_counted(log: &Log) {
    assert_eq!(log.newest().await, Ok(0));
    let lead = log.lead(b"one", LONG).await.unwrap().unwrap();
    append(log, &lead, 1, "first").await;
    append(log, &lead, 2, "second").await;
    assert_eq!(log.newest().await, Ok(2));
}

#[tokio::test]
async fn the_log_in_etcd_obeys_the_rules() {
    let server = Server::start().await;
    only_the_leader_appends_and_each_place_is_written_once(&server.log("places")).await;
    a_follower_gets_every_record_and_each_change_of_the_lead(&server.log("events")).await;
    only_the_leader_replaces_the_state_to_begin_with_and_notes(&server.log("state")).await;
    what_a_replica_says_stays_for_a_lease(&server.log("nodes")).await;
    the_records_are_counted(&server.log("count")).await;
    a_replica_learns_whether_another_process_reports_under_its_name(&server.log("names")).await;
}

#[tokio::test(start_paused = true)]
async fn the_log_in_memory_obeys_the_rules() {
    only_the_leader_appends_and_each_place_is_written_once(&double()).await;
    a_follower_gets_every_record_and_each_change_of_the_lead(&double()).await;
    only_the_leader_replaces_the_state_to_begin_with_and_notes(&double()).await;
    what_a_replica_says_stays_for_a_lease(&double()).await;
    the_records_are_counted(&double()).await;
    a_replica_learns_whether_another_process_reports_under_its_name(&double()).await;
}

#[tokio::test]
async fn a_server_that_is_gone_gives_no_answer_and_ends_a_watch() {
    let server = Server::start().await;
    let log = server.log("main");
    let lead = log.lead(b"one", LONG).await.unwrap().unwrap();
    let moment = log.read(0, 1).await.unwrap().moment;
    let mut watch = log.follow(moment).await.unwrap();
    server.kill().await;
    assert!(matches!(watch.next().await, Err(LogError::NoAnswer(_))));
    let append = log.append(&lead, 1, b"first").await;
    assert!(matches!(append, Err(LogError::NoAnswer(_))), "{append:?}");
    assert!(matches!(log.read(0, 1).await, Err(LogError::NoAnswer(_))));
}

#[tokio::test]
async fn an_address_that_is_none_is_named() {
    let servers = silkrate::shared::etcd::Servers {
        urls: vec!["http://no address".to_owned()],
        ..Default::default()
    };
    let refused = silkrate::shared::etcd::Etcd::new(servers, "main").unwrap_err();
    assert!(
        refused.to_string().contains("`http://no address`"),
        "{refused}"
    );
}
