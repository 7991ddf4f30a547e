//! What replicas do when etcd is away, and when it comes back with less than it had.

use std::time::Duration;

use jiff::civil::{Date, date};
use silkrate::commit::SimulatedDisk;
use silkrate::shared::log::Log;
use silkrate::shared::members::State;
use silkrate::shared::node::Status;
use tempfile::TempDir;

use crate::cluster::Cluster;
use crate::replicas::{LEASE, LOG, PATIENCE, Running, check_log, ledger};
use crate::server::Server;

/// A lease that does not end while a test runs.
const NEVER_ENDS: Duration = Duration::from_secs(3600);
/// How long a majority is away at least.
const AWAY: Duration = Duration::from_secs(12);

/// How soon a replica that lost the majority says so: fifteen seconds after the last answer, and a moment to notice it.
const MARKED_WITHIN: Duration = Duration::from_secs(16);

/// Two replicas of which the first one leads, and has committed two tables.
async fn two(log: &Log, folder: &TempDir) -> (Running, Running) {
    let mut first = Running::start(log.clone(), "first", folder.path()).await;
    first.until(State::Leading, 1).await;
    first.publish(date(2026, 4, 1), "475.00").await;
    first.publish(date(2026, 4, 2), "476.10").await;
    let mut second = Running::start(log.clone(), "second", folder.path()).await;
    second.until(State::Following, first.seq()).await;
    (first, second)
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the times are printed")]
async fn replicas_that_lose_the_majority_of_etcd_say_so_serve_on_and_catch_up() {
    let (cluster, folder) = (Cluster::start(3).await, TempDir::new().unwrap());
    let (mut first, mut second) = two(&cluster.log(LOG), &folder).await;
    let before = (first.rows(), second.rows());
    for member in [0, 1] {
        cluster.pause(member, true);
    }
    let begun = tokio::time::Instant::now();
    for replica in [&mut first, &mut second] {
        let silent = replica
            .until_status(|status| status.detached.is_some())
            .await;
        let detached = silent.detached.unwrap();
        let marked_after = begun.elapsed();
        println!("marked after {marked_after:.1?}: {}", detached.reason);
        assert!(marked_after < MARKED_WITHIN);
    }
    tokio::time::sleep_until(begun + AWAY).await;
    assert_eq!((first.rows(), second.rows()), before);
    for member in [0, 1] {
        cluster.pause(member, false);
    }
    let leads = |status: &Status| status.state == State::Leading && status.detached.is_none();
    let is_first = tokio::select! {
        _ = first.until_status(leads) => true,
        _ = second.until_status(leads) => false,
    };
    let (leader, follower) = if is_first {
        (&mut first, &mut second)
    } else {
        (&mut second, &mut first)
    };
    leader.publish(date(2026, 4, 3), "477.00").await;
    let follows = follower.until_status(|status| {
        let is_current = status.seq >= leader.seq() && status.detached.is_none();
        status.state == State::Following && is_current
    });
    let status = follows.await;
    assert_eq!(status.lag_records(), 0);
    assert_eq!(follower.rows(), leader.rows());
    first.kill().await;
    second.kill().await;
}

/// Publishes a table at whichever replica leads.
async fn publish(replicas: &[&Running], day: Date, dollar: &str) {
    let published = async {
        loop {
            for replica in replicas {
                if replica.try_to_publish(day, dollar).await.is_some() {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, published).await.unwrap();
}

/// Replaces what etcd has, while it is stopped, and waits until both replicas serve the same again.
#[expect(clippy::print_stdout, reason = "the counts are printed")]
async fn loses(is_emptied: bool) {
    let (mut cluster, folder) = (Cluster::start(1).await, TempDir::new().unwrap());
    let (mut first, mut second) = two(&cluster.log(LOG), &folder).await;
    cluster.kill(0).await;
    let copy = cluster.copy_of(0);
    cluster.start_again(0).await;
    for (day, dollar) in [(3, "477.00"), (6, "478.00"), (7, "479.00")] {
        publish(&[&first, &second], date(2026, 4, day), dollar).await;
    }
    let is_first = first.status().state == State::Leading;
    let (leader, follower) = if is_first {
        (&mut first, &mut second)
    } else {
        (&mut second, &mut first)
    };
    follower.until(State::Following, leader.seq()).await;
    let (before, seq, fixings) = (leader.position(), leader.seq(), leader.fixings().await);

    cluster.kill(0).await;
    cluster.restore(0, Some(&copy).filter(|_| !is_emptied).map(|copy| &**copy));
    cluster.start_again(0).await;
    // The first proposal tells the one that leads, unless it has noticed already and begun a new epoch.
    let proposed = leader.try_to_publish(date(2026, 4, 8), "480.00").await;
    assert!(proposed.is_none() || leader.position().epoch != before.epoch);
    let renewed = |status: &Status| {
        let has_all = status.seq > seq && status.position.epoch != before.epoch;
        has_all && matches!(status.state, State::Leading | State::Following)
    };
    let (one, other) = (
        leader.until_status(renewed).await,
        follower.until_status(renewed).await,
    );
    assert_eq!(one.position.epoch, other.position.epoch);
    assert!(one.position.revision > before.revision);
    let newest = one.seq.max(other.seq);
    for replica in [&mut *leader, &mut *follower] {
        replica.until_status(|status| status.seq >= newest).await;
    }
    assert_eq!(leader.rows(), follower.rows());
    assert!(leader.rows().contains("478.00"), "{}", leader.rows());
    // What the log had lost came from a ledger.
    if proposed.is_none() {
        assert_eq!(leader.fixings().await, fixings);
    }
    assert_eq!(follower.fixings().await, leader.fixings().await);
    println!(
        "restored {}: records {} of {seq} lost, none of what was committed; {} audits failed",
        if is_emptied {
            "empty"
        } else {
            "from an older copy"
        },
        if is_emptied { seq } else { 3 },
        one.audits_failed + other.audits_failed,
    );
    first.kill().await;
    second.kill().await;
}

#[tokio::test]
async fn an_older_copy_of_etcd_gets_what_the_replicas_have_in_a_new_epoch() {
    loses(false).await;
}

#[tokio::test]
async fn an_empty_etcd_gets_what_the_replicas_have_in_a_new_epoch() {
    loses(true).await;
}

/// Fills the disk of a replica, with a buffer of this size for its ledger.
async fn fills(unsaved_max: usize) {
    let (cluster, folder) = (Cluster::start(1).await, TempDir::new().unwrap());
    let log = cluster.log(LOG);
    let (first, second) = two(&log, &folder).await;
    let disk = SimulatedDisk::default();
    let third = ledger(folder.path(), "third").on(disk.clone());
    let third = third.retried_after(Duration::from_millis(100));
    let third = third.buffering(unsaved_max);
    let mut third = Running::start_with(log.clone(), "third", third, LEASE).await;
    third.until(State::Following, first.seq()).await;
    let epoch = first.position().epoch;
    disk.set_full(true);
    for (day, dollar) in [(3, "477.00"), (6, "478.00")] {
        first.publish(date(2026, 4, day), dollar).await;
        third.until(State::Following, first.seq()).await;
        assert_eq!(third.rows(), first.rows());
    }
    assert_ne!(third.fixings().await, first.fixings().await);
    disk.set_full(false);
    let caught_up = async {
        while third.fixings().await != first.fixings().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, caught_up).await.unwrap();
    assert_eq!(third.position().epoch, epoch);
    check_log(&log).await;
    for replica in [first, second, third] {
        replica.kill().await;
    }
}

#[tokio::test]
async fn the_ledger_of_the_one_that_leads_catches_up_after_its_disk_was_full_for_long_while_it_commits()
 {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let (log, disk) = (server.log(LOG), SimulatedDisk::default());
    let first = ledger(folder.path(), "first").on(disk.clone());
    let first = first.retried_after(Duration::from_millis(100)).buffering(1);
    let mut first = Running::start_with(log.clone(), "first", first, NEVER_ENDS).await;
    first.until(State::Leading, 1).await;
    first.publish(date(2026, 4, 1), "475.00").await;
    let epoch = first.position().epoch;
    disk.set_full(true);
    for (day, dollar) in [(2, "476.00"), (3, "477.00"), (6, "478.00")] {
        first.publish(date(2026, 4, day), dollar).await;
    }
    assert!(!first.fixings().await.contains("478.00"));
    disk.set_full(false);
    let corrected = |cents: u32| format!("478.{cents:02}");
    let mut commits = 0;
    let caught_up = async {
        while !first.fixings().await.contains(&corrected(commits)) {
            commits += 1;
            first.publish(date(2026, 4, 6), &corrected(commits)).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::time::timeout(PATIENCE, caught_up).await.unwrap();
    assert_eq!(
        (first.status().takeovers, first.position().epoch),
        (1, epoch)
    );
    let mut second = Running::start(log.clone(), "second", folder.path()).await;
    second.until(State::Following, first.seq()).await;
    assert_eq!(first.fixings().await, second.fixings().await);
    assert_eq!(second.rows(), first.rows());
    check_log(&log).await;
    first.kill().await;
    second.kill().await;
}

#[tokio::test]
async fn a_replica_whose_disk_is_full_serves_on_and_its_ledger_catches_up() {
    fills(100).await;
}

#[tokio::test]
async fn a_replica_whose_disk_is_full_for_longer_than_it_buffers_reads_the_log_again() {
    fills(1).await;
}
