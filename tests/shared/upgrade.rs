//! Replicas that are upgraded one by one to a version whose records have a newer format, and back.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use silkrate::shared::log::Log;
use silkrate::shared::members::State;
use silkrate::shared::record::{FORMAT, Record};
use tempfile::TempDir;

use crate::replicas::{LEASE, LOG, PATIENCE, PRESENT, Running, Version, ledger};
use crate::server::Server;

/// One that knows a newer format, and writes it as soon as every replica does.
const NEWER: Version = Version {
    build: "9.1.0",
    format: FORMAT + 1,
    revertible_for: Duration::ZERO,
};

/// The formats of the records of a log.
async fn formats(log: &Log) -> BTreeSet<u32> {
    let page = log.read(0, 64).await.unwrap();
    let records = page.records.iter();
    let records = records.map(|stored| Record::decode_for(&stored.bytes, NEWER.format).unwrap());
    records.map(|record| record.format).collect()
}

async fn start(log: &Log, name: &str, folder: &Path, version: Version) -> Running {
    let ledger = ledger(folder, name);
    Running::start_as(log.clone(), name, ledger, (LEASE, version)).await
}

/// Publishes the tables of days until the log has a format.
async fn publish_until(leader: &Running, log: &Log, day: &mut Date, format: u32) {
    let published = async {
        while !formats(log).await.contains(&format) {
            leader.publish(*day, "475.00").await;
            *day = day.checked_add(1.day()).unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, published).await.unwrap();
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the findings are printed")]
async fn replicas_are_upgraded_one_by_one_and_back_while_each_serves_what_the_one_that_leads_commits()
 {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let (log, folder) = (server.log(LOG), folder.path());
    let old = BTreeSet::from([FORMAT]);
    let mut first = start(&log, "first", folder, PRESENT).await;
    first.until(State::Leading, 1).await;
    first.publish(date(2026, 1, 1), "470.00").await;

    // The follower is upgraded, and leads then: the other one reads what it writes.
    let mut second = start(&log, "second", folder, NEWER).await;
    second.until(State::Following, first.seq()).await;
    first.handle.step_down().await.unwrap();
    second.until(State::Leading, 1).await;
    second.publish(date(2026, 1, 2), "471.00").await;
    first.until(State::Following, second.seq()).await;
    assert_eq!(first.rows(), second.rows());
    assert_eq!(formats(&log).await, old);

    // Back.
    second.kill().await;
    first.until(State::Leading, 1).await;
    let mut second = start(&log, "second", folder, PRESENT).await;
    first.publish(date(2026, 1, 3), "472.00").await;
    second.until(State::Following, first.seq()).await;
    assert_eq!(second.rows(), first.rows());
    second.kill().await;

    // All are upgraded: records have the newer format then.
    let mut second = start(&log, "second", folder, NEWER).await;
    second.until(State::Following, first.seq()).await;
    first.kill().await;
    second.until(State::Leading, 1).await;
    let mut first = start(&log, "first", folder, NEWER).await;
    let mut day = date(2026, 1, 4);
    publish_until(&second, &log, &mut day, NEWER.format).await;
    first.until(State::Following, second.seq()).await;
    assert_eq!(first.rows(), second.rows());

    // One that is taken back too late serves what it has, and says which version it needs.
    first.kill().await;
    second.publish(day, "480.00").await;
    let mut first = start(&log, "first", folder, PRESENT).await;
    let stopped = first.until_status(|status| status.stopped.is_some()).await;
    assert_ne!(
        stopped.state,
        State::OffTheLog,
        "no new epoch begins for it"
    );
    let reason = stopped.stopped.unwrap().reason;
    assert!(
        reason.contains("silkrate 9.1.0") && reason.contains("format 2"),
        "{reason}"
    );
    assert_eq!(
        first.board.snapshot().position.epoch,
        second.position().epoch
    );
    println!(
        "formats {:?}; a replica that is too old: {reason}",
        formats(&log).await
    );
    first.kill().await;
    second.kill().await;
}
