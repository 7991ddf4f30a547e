//! Two replicas that both lead, as far as they know: each append checks the lead, so that one of them writes.

use std::time::{Duration, Instant};

use jiff::ToSpan;
use jiff::civil::date;
use silkrate::pb::etcd::kv_client::KvClient;
use silkrate::pb::etcd::lease_client::LeaseClient;
use silkrate::pb::etcd::{LeaseRevokeRequest, RangeRequest};
use silkrate::shared::members::State;
use silkrate::shared::node::Status;
use tempfile::TempDir;

use crate::faults::rounds;
use crate::replicas::{LOG, Running, check_log, ledger};
use crate::server::Server;

/// A lease that a replica does not ask about for as long as this test runs.
const LEASE: Duration = Duration::from_secs(3600);
/// The rounds of a normal run; `SILKRATE_FAULT_ROUNDS=200 cargo test --test shared fenced` for a long one.
const ROUNDS: usize = 10;

/// Ends the lease of the replica that leads, without its knowledge.
async fn revoke(server: &Server) {
    let mut keys = KvClient::connect(server.url.clone()).await.unwrap();
    let leader = RangeRequest {
        key: format!("/silkrate/{LOG}/leader").into_bytes(),
        ..Default::default()
    };
    let found = keys.range(leader).await.unwrap().into_inner();
    let lease = found.kvs[0].lease;
    let mut leases = LeaseClient::connect(server.url.clone()).await.unwrap();
    let revoke = LeaseRevokeRequest { id: lease };
    leases.lease_revoke(revoke).await.unwrap();
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the counts are printed")]
async fn of_two_replicas_that_both_lead_one_appends() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let log = server.log(LOG);
    let start = async |name| {
        let ledger = ledger(folder.path(), name);
        Running::start_with(log.clone(), name, ledger, LEASE).await
    };
    let mut leader = start("first").await;
    leader.until(State::Leading, 1).await;
    let mut other = start("second").await;
    other.until(State::Following, leader.seq()).await;
    // No round comes to a day that is too far ahead of the clock.
    let mut day = date(2020, 1, 1);
    let (mut refused, mut fenced) = (0, 0);
    let (rounds, begun) = (rounds(ROUNDS), Instant::now());
    for _ in 0..rounds {
        revoke(&server).await;
        other.until(State::Leading, 1).await;
        assert_eq!(leader.status().state, State::Leading, "both lead");
        day = day.checked_add(1.day()).unwrap();
        let (lost, published) = tokio::join!(
            leader.try_to_publish(day, "475.00"),
            other.try_to_publish(day, "475.00"),
        );
        assert!(published.is_some());
        refused += u64::from(lost.is_none());
        let follows = |status: &Status| status.state == State::Following;
        fenced += leader.until_status(follows).await.fenced;
        leader.until(State::Following, other.seq()).await;
        assert_eq!(leader.rows(), other.rows());
        std::mem::swap(&mut leader, &mut other);
    }
    check_log(&log).await;
    let fenced_in_all = leader.status().fenced + other.status().fenced;
    println!(
        "{rounds} rounds in {:.1?} with two that lead: {refused} commits refused, {fenced_in_all} fenced, no record twice",
        begun.elapsed(),
    );
    let rounds = u64::try_from(rounds).unwrap();
    assert_eq!((refused, fenced_in_all), (rounds, rounds));
    assert!(fenced >= rounds);
    leader.kill().await;
    other.kill().await;
}
