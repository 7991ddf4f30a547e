//! Logs that lose records, as those of servers that are restored from an older copy.

use std::time::Duration;

use silkrate::shared::log::{Double, Faults, SharedStore};
use silkrate::shared::members::State;
use silkrate::shared::node::Status;
use silkrate::shared::record::Record;
use tokio::time::Instant;

use crate::replicas::ledger::{KeptLedger, World};
use crate::replicas::{Running, check_log};

/// The longest time in which a replica that follows notices that the log has lost records, of which a restored log says nothing.
const NOTICED_MAX: Duration = Duration::from_secs(61);

fn start(number: usize, store: &SharedStore, world: &World) -> Running {
    let seed = u64::try_from(number).unwrap() + 7;
    let double = Double::new(store.clone(), seed, Faults::default());
    Running::start(number, double, KeptLedger::new(world, seed))
}

/// The epochs of the records that begin one.
fn epochs(store: &SharedStore) -> Vec<String> {
    let records = store.records();
    let records = records.iter();
    let records = records.map(|stored| Record::decode(&stored.bytes).unwrap());
    let whole = records.filter(|record| record.is_whole);
    whole
        .map(|record| record.entry.position.epoch.to_string())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_log_that_lost_everything_gets_what_the_replica_has_in_a_new_epoch() {
    let (store, world) = (SharedStore::default(), World::default());
    let mut replica = start(0, &store, &world);
    replica.until(|status| status.seq > 3).await;
    let before = epochs(&store);
    let known = replica.status.borrow().seq;
    store.lose(1_000_000);
    replica
        .until(|status| status.state == State::OffTheLog)
        .await;
    let again = replica.until(|status| status.state == State::Leading && status.seq > known + 1);
    let status = again.await;
    assert_eq!((status.audits_failed, status.takeovers), (1, 2));
    let chains = check_log(&store);
    assert_eq!(chains.get(&status.seq), Some(&status.chain.fingerprint()));
    let after = epochs(&store);
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before, after, "an epoch that the log does not know");
    replica.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_replica_that_has_most_leads_when_the_log_lost_its_end() {
    let (store, world) = (SharedStore::default(), World::default());
    let mut first = start(0, &store, &world);
    first.until(|status| status.state == State::Leading).await;
    let mut second = start(1, &store, &world);
    let mut third = start(2, &store, &world);
    for follower in [&mut second, &mut third] {
        follower
            .until(|status| status.state == State::Following && status.seq > 5)
            .await;
    }
    // The third one is away while more is appended.
    third.double.cut(true);
    let reached = first.status.borrow().seq + 40;
    second.until(|status| status.seq > reached).await;
    store.lose(20);
    third.double.cut(false);
    let leading = first.until(|status| status.state == State::Leading && status.takeovers == 2);
    let known = leading.await.seq;
    for follower in [&mut second, &mut third] {
        let follows = |status: &Status| status.state == State::Following && status.seq > known;
        follower.until(follows).await;
    }
    assert_eq!(epochs(&store).len(), 2);
    world.end_after_one_more(&store).await;
    tokio::time::sleep(crate::replicas::AGREE_MAX).await;
    let chains = check_log(&store);
    for replica in [first, second, third] {
        replica.ledger.assert_has(&chains);
        replica.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_was_shown_a_lost_state_serves_what_a_shorter_log_has() {
    let (store, world) = (SharedStore::default(), World::default());
    let mut first = start(0, &store, &world);
    first.until(|status| status.seq > 140).await;
    // It begins with a state of more than sixty records.
    let mut second = start(1, &store, &world);
    let follows = |status: &Status| status.state == State::Following && status.seq > 0;
    second.until(follows).await;
    second.double.cut(true);
    first.end().await;
    store.lose(1_000_000);
    let mut third = start(2, &store, &world);
    third
        .until(|status| status.state == State::Leading && status.seq > 3)
        .await;
    second.double.cut(false);
    second.until(|status| status.audits_failed > 0).await;
    world.end_after_one_more(&store).await;
    second.until(follows).await;
    assert!(store.records().len() < 60, "{}", store.records().len());
    let (one, other) = (second.status.borrow(), third.status.borrow());
    assert_eq!(one.position, other.position);
    drop((one, other));
    second.end().await;
    third.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_shows_a_state_of_records_that_the_log_has_lost_leads_in_a_new_epoch() {
    let (store, world) = (SharedStore::default(), World::default());
    let mut first = start(0, &store, &world);
    first.until(|status| status.seq > 140).await;
    first.end().await;
    let kept = store.records().len();
    store.lose(kept - 30);
    let before = epochs(&store);
    // Of the state to begin with, which follows more than sixty records, the log has the first thirty.
    let mut second = start(1, &store, &world);
    let leads = second.until(|status| status.state == State::Leading && status.seq > 32);
    assert_eq!(leads.await.audits_failed, 1);
    let mut third = start(2, &store, &world);
    third
        .until(|status| status.state == State::Following && status.seq > 40)
        .await;
    check_log(&store);
    let after = epochs(&store);
    assert_eq!((before.len(), after.len()), (1, 2));
    second.end().await;
    third.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_follows_notices_within_a_minute_that_the_log_has_lost_records() {
    let (store, world) = (SharedStore::default(), World::default());
    let mut first = start(0, &store, &world);
    first.until(|status| status.state == State::Leading).await;
    let mut second = start(1, &store, &world);
    second.until(|status| status.seq > 5).await;
    // Nothing is appended any more that could tell it.
    world.end_after_one_more(&store).await;
    let records = u64::try_from(store.records().len()).unwrap();
    second.until(|status| status.seq == records).await;
    assert_eq!(second.status.borrow().audits_failed, 0);
    store.lose(2);
    let begun = Instant::now();
    second.until(|status| status.audits_failed > 0).await;
    assert!(begun.elapsed() <= NOTICED_MAX, "{:?}", begun.elapsed());
    first.end().await;
    second.end().await;
}
