//! Ledgers of a time without a log, of which one becomes the past of the log.

use silkrate::shared::log::{Double, Faults, SharedStore};
use silkrate::shared::members::State;
use silkrate::shared::record::Record;

use crate::replicas::Running;
use crate::replicas::ledger::{KeptLedger, World};

/// A ledger with at least this number of entries, of a time without a log.
async fn past_of(entries: u64, number: usize) -> KeptLedger {
    let (store, world) = (SharedStore::default(), World::default());
    let seed = u64::try_from(number).unwrap() + 7;
    let double = Double::new(store, seed, Faults::default());
    let ledger = KeptLedger::new(&world, seed);
    let mut alone = Running::start(number, double, ledger.clone());
    alone.until(|status| status.seq >= entries).await;
    alone.end().await;
    ledger.left_alone();
    ledger
}

#[tokio::test(start_paused = true)]
async fn of_two_replicas_with_a_past_the_one_that_has_more_gives_it_to_the_log() {
    let (short, long) = (past_of(5, 0).await, past_of(40, 1).await);
    let (past, store) = (long.times(), SharedStore::default());
    let double = |seed| Double::new(store.clone(), seed, Faults::default());
    // The one that has less is there first.
    let mut first = Running::start_with_past(0, double(7), short);
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let mut second = Running::start_with_past(1, double(8), long);
    second
        .until(|status| status.state == State::Leading && status.seq > 40)
        .await;
    let follows = first.until(|status| status.state == State::Following && status.seq > 40);
    assert_eq!(follows.await.past_entries, 0);
    let records = store.records();
    let times = records.iter().take(past.len());
    let times = times.map(|stored| Record::decode(&stored.bytes).unwrap().entry.at);
    assert_eq!(times.collect::<Vec<_>>(), past);
    first.end().await;
    second.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_does_not_wait_for_one_that_cannot_give_the_log_its_longer_past() {
    let (short, long) = (past_of(5, 0).await, past_of(40, 1).await);
    let store = SharedStore::default();
    let double = |seed| Double::new(store.clone(), seed, Faults::default());
    let mut second = Running::start_with_past(1, double(8), long.unreadable());
    let mut first = Running::start_with_past(0, double(7), short);
    first
        .until(|status| status.state == State::Leading && status.seq > 5)
        .await;
    second
        .until(|status| {
            status
                .trouble
                .as_deref()
                .is_some_and(|trouble| trouble.contains("page 7"))
        })
        .await;
    first.end().await;
    second.end().await;
}
