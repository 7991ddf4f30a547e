//! A file that an earlier version of silkrate wrote.

use rusqlite::Connection;
use silkrate::webhooks::path_beside;

use crate::support::boards::OneBank;
use crate::support::receiver::{Received, Receiver};
use crate::webhooks::trouble::{Running, values};
use crate::webhooks::{until, webhook};

/// A file of version 2, with two events that wait: values 99 and 100 of the first day.
const VERSION_2: &str = include_str!("../../fixtures/webhooks/version-2.sql");

#[tokio::test]
async fn what_waits_in_a_file_of_version_2_is_delivered_once_and_in_order() {
    let receiver = Receiver::start().await;
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("silkrate.db");
    let file = Connection::open(path_beside(&ledger)).unwrap();
    file.execute_batch(VERSION_2).unwrap();
    drop(file);
    let bank = OneBank::new();
    bank.commit_dollar(1, "100");

    let desk = webhook("desk", &receiver.url());
    let running = Running::start(&bank, &desk, &ledger).await;
    receiver.until(2).await;
    until(&ledger, |states| states[0].pending == 0).await;
    running.finish().await;
    let running = Running::start(&bank, &desk, &ledger).await;
    bank.commit_dollar(2, "101");
    let is_last = |sent: &[Received]| values(sent).contains(&"101".to_owned());
    let sent = receiver.until_all(is_last).await;
    until(&ledger, |states| states[0].pending == 0).await;
    running.finish().await;

    let ids: Vec<&str> = sent.iter().map(Received::id).collect();
    assert_eq!(ids[..2], ["evt_1", "evt_2"]);
    assert_eq!(values(&sent), ["99", "100", "101"]);
    assert_eq!(receiver.received().len(), 3);
}
