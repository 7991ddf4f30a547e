//! A record of which one member of etcd has another bit: the digest tells, and the record is read from the others.

use std::collections::BTreeMap;

use jiff::civil::date;
use silkrate::shared::members::State;
use silkrate::shared::node::Status;
use tempfile::TempDir;
use tokio::process::Command;

use crate::cluster::{Cluster, log_at};
use crate::replicas::{LOG, Running};

/// The hash that each member has of its keys, by its address.
async fn hashes(urls: &[String]) -> BTreeMap<String, String> {
    let output = Command::new("etcdctl")
        .env("ETCDCTL_API", "3")
        .args(["--endpoints", &urls.join(","), "endpoint", "hashkv"])
        .output()
        .await;
    let output = output.expect("start `etcdctl`: install it with `apt-get install etcd-client`");
    let printed = String::from_utf8(output.stdout).unwrap();
    let lines = printed.lines().filter_map(|line| line.split_once(", "));
    let hashes: BTreeMap<String, String> = lines
        .map(|(url, hash)| (url.to_owned(), hash.to_owned()))
        .collect();
    assert_eq!(hashes.len(), urls.len(), "{printed}");
    hashes
}

/// Whether a replica says that it takes nothing from the log, because of a digest.
fn is_stopped(status: &Status) -> bool {
    let stopped = status.stopped.as_ref();
    stopped.is_some_and(|stopped| stopped.reason.contains("its digest is another one"))
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the findings are printed")]
async fn a_record_with_a_bit_that_flipped_at_one_member_is_found_by_its_digest_and_read_from_others()
 {
    let (mut cluster, folder) = (Cluster::start(3).await, TempDir::new().unwrap());
    let log = cluster.log(LOG);
    let urls = cluster.urls();
    let damaged = urls[2].clone();
    let mut leader = Running::start(log.clone(), "leader", folder.path()).await;
    leader.until(State::Leading, 1).await;
    for (day, dollar) in [(1, "475.00"), (2, "476.10")] {
        leader.publish(date(2026, 4, day), dollar).await;
    }
    // One that reaches the damaged member alone, and has what the log has.
    let alone = || log_at(vec![damaged.clone()], LOG);
    let mut edge = Running::start(alone(), "edge", folder.path()).await;
    edge.until(State::Following, leader.seq()).await;
    let rows = edge.rows();
    edge.kill().await;

    let newest = leader.seq();
    let page = log.read(newest - 1, 1).await.unwrap();
    let record = &page.records[0].bytes;
    cluster.until_stored(2, record).await;
    cluster.kill(2).await;
    cluster.flip(2, record);
    cluster.start_again(2).await;
    let hashes = hashes(&urls).await;
    assert_eq!(hashes[&urls[0]], hashes[&urls[1]]);
    assert_ne!(
        hashes[&urls[0]], hashes[&damaged],
        "etcdctl tells which one differs"
    );

    // One that asks the damaged member first, and then the others.
    let order = [2, 0, 1].map(|number: usize| urls[number].clone());
    let mut second = Running::start(log_at(order.into(), LOG), "second", folder.path()).await;
    second.until(State::Following, newest).await;
    assert_eq!(second.rows(), leader.rows());

    // Its newest record is not in the log, as far as it can see; it serves what it has, and says so.
    let mut edge = Running::start(alone(), "edge", folder.path()).await;
    let off = edge.until_status(|status| status.state == State::OffTheLog && is_stopped(status));
    assert_eq!(off.await.audits_failed, 1);
    assert_eq!(edge.rows(), rows);
    // An empty one stops before the record.
    let mut empty = Running::start(alone(), "empty", folder.path()).await;
    let stopped = empty.until_status(is_stopped).await;
    assert_eq!(stopped.seq, newest - 1);
    println!(
        "one bit of record {newest} at one of three members: {}",
        stopped.stopped.unwrap().reason
    );
    for replica in [edge, empty, second, leader] {
        replica.kill().await;
    }
}
