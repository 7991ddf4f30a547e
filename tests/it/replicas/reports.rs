//! What replicas report of themselves, over a log in memory.

use std::time::Duration;

use silkrate::shared::log::{Double, Faults, SharedStore};
use silkrate::shared::members::State;
use silkrate::shared::node::{NoLead, Status};

use crate::replicas::ledger::{KeptLedger, World};
use crate::replicas::{AGREE_MAX, Running};

/// The longest time without an answer after which a replica says so, and a second.
const SILENCE_MAX: Duration = Duration::from_secs(16);

fn start(number: usize, store: &SharedStore, world: &World) -> Running {
    let seed = u64::try_from(number).unwrap() + 7;
    let double = Double::new(store.clone(), seed, Faults::default());
    Running::start(number, double, KeptLedger::new(world, seed))
}

#[tokio::test(start_paused = true)]
async fn a_replica_says_that_the_log_does_not_answer_and_since_when() {
    let (store, world) = (SharedStore::default(), World::default());
    let mut replica = start(0, &store, &world);
    let at_first = replica.status.borrow().clone();
    let detached = at_first.detached.unwrap();
    assert!(
        detached.reason.contains("not answered yet"),
        "{}",
        detached.reason
    );
    assert!(!at_first.has_state);
    replica.double.cut(true);
    let refused = replica
        .until(|status| {
            let detached = status.detached.as_ref();
            detached.is_some_and(|detached| detached.reason.contains("the call was lost"))
        })
        .await;
    assert_eq!(refused.detached.unwrap().since, detached.since);

    replica.double.cut(false);
    let leads = replica.until(|status| status.state == State::Leading && status.seq > 2);
    assert_eq!(leads.await.detached, None);
    replica.double.cut(true);
    let begun = tokio::time::Instant::now();
    let silent = replica.until(|status| status.detached.is_some()).await;
    let waited = begun.elapsed();
    assert!(
        waited > Duration::from_secs(10) && waited < SILENCE_MAX,
        "{waited:?}"
    );
    let since = silent.detached.clone().unwrap().since;
    assert!(since > detached.since);
    let lag = silent.lag(since + Duration::from_secs(20));
    assert_eq!(lag, Duration::from_secs(20), "{silent:?}");

    replica.double.cut(false);
    let again = replica.until(|status| status.state == State::Leading && status.detached.is_none());
    assert_eq!(again.await.takeovers, 2);
    replica.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_is_asked_to_gives_up_its_lead_and_another_one_takes_it() {
    let (store, world) = (SharedStore::default(), World::default());
    let mut first = start(0, &store, &world);
    first.until(|status| status.state == State::Leading).await;
    let mut second = start(1, &store, &world);
    let follows = second.until(|status| status.state == State::Following && status.seq > 0);
    let leader = follows.await.leader.unwrap();
    assert_eq!(
        (leader.node.as_str(), leader.build.as_str()),
        ("replica 0", "test")
    );
    assert_eq!(
        second.handle.step_down().await,
        Err(NoLead {
            leader: Some(leader)
        })
    );

    let taken = first.handle.step_down().await.unwrap();
    assert_eq!(taken.unwrap().node, "replica 1");
    second.until(|status| status.state == State::Leading).await;
    let follows = first.until(|status| {
        let leader = status.leader.as_ref();
        status.state == State::Following && leader.is_some_and(|leader| leader.node == "replica 1")
    });
    follows.await;
    // Each of them lets the other one lead for a while, the first one for less long by now.
    tokio::time::sleep(Duration::from_secs(5)).await;
    second.handle.step_down().await.unwrap();
    first.until(|status| status.state == State::Leading).await;
    tokio::time::sleep(AGREE_MAX).await;
    assert_eq!(first.status.borrow().state, State::Leading);
    first.end().await;
    second.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_whose_lead_no_other_one_takes_says_so_and_takes_it_again() {
    let (store, world) = (SharedStore::default(), World::default());
    let mut alone = start(0, &store, &world);
    alone.until(|status| status.state == State::Leading).await;
    assert_eq!(alone.handle.step_down().await, Ok(None));
    alone.until(|status| status.state == State::Leading).await;
    alone.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_replicas_are_listed_with_what_they_do_until_they_are_gone() {
    let (store, world) = (SharedStore::default(), World::default());
    let mut first = start(0, &store, &world);
    first.until(|status| status.state == State::Leading).await;
    let mut second = start(1, &store, &world);
    second
        .until(|status| status.state == State::Following)
        .await;
    world.end_after_one_more(&store).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let members = first.handle.members().await.unwrap();
    let seq = u64::try_from(store.records().len()).unwrap();
    for (member, (node, state)) in members.iter().zip([
        ("replica 0", State::Leading),
        ("replica 1", State::Following),
    ]) {
        assert_eq!((member.node.as_str(), member.state), (node, Some(state)));
        assert_eq!((member.seq, member.chain), (seq, members[0].chain));
    }
    assert_eq!(members.len(), 2);
    // It is killed.
    second.end().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(first.handle.members().await.unwrap().len(), 1);
    first.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_joins_a_long_log_shows_a_state_before_it_has_read_it() {
    let (store, world) = (SharedStore::default(), World::default());
    let mut first = start(0, &store, &world);
    first.until(|status| status.seq > 100).await;
    let mut second = start(1, &store, &world);
    let follows = second.until(|status| status.state == State::Following && status.has_state);
    let seq = follows.await.seq;
    let states = second.ledger.states();
    let [(early, false), (late, true)] = states[..] else {
        panic!("{states:?}");
    };
    // The first record has the revision 0.
    assert!(early >= 63 && early < late && late < seq, "{states:?}");
    first.end().await;
    second.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_whose_commit_waits_for_the_log_does_not_count_as_leading_after_its_lease() {
    let (store, world) = (SharedStore::default(), World::default());
    let mut first = start(0, &store, &world);
    first.until(|status| status.state == State::Leading).await;
    let mut second = start(1, &store, &world);
    second
        .until(|status| status.state == State::Following && status.seq > 0)
        .await;
    first.double.cut(true);
    second.until(|status| status.state == State::Leading).await;
    first.until(|status| status.state != State::Leading).await;
    first.double.cut(false);
    first
        .until(|status| status.state == State::Following && status.seq > 0)
        .await;
    first.end().await;
    second.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_cannot_give_the_log_its_past_says_why_and_lets_others_lead() {
    let (store, world) = (SharedStore::default(), World::default());
    let double = Double::new(store.clone(), 7, Faults::default());
    let ledger = KeptLedger::new(&world, 7).unreadable();
    let mut replica = Running::start_with_past(0, double, ledger);
    let says_why = |status: &Status| {
        let trouble = status.trouble.as_deref().unwrap_or_default();
        trouble.contains("page 7")
    };
    replica.until(says_why).await;
    let mut other = start(1, &store, &world);
    other
        .until(|status| status.state == State::Leading && status.seq > 0)
        .await;
    replica.end().await;
    other.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_cannot_lead_says_why_for_as_long_as_no_other_leads() {
    let (store, world) = (SharedStore::default(), World::default());
    let mut replica = start(0, &store, &world);
    replica.ledger.set_lacks_records(true);
    let says_why = |status: &Status| {
        let trouble = status.trouble.as_deref().unwrap_or_default();
        trouble.contains("its ledger does not have what the log has")
    };
    replica.until(says_why).await;
    // It asks itself every five seconds.
    for _second in 0..30 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let status = replica.status.borrow().clone();
        assert!(says_why(&status), "{status:?}");
    }
    let mut other = start(1, &store, &world);
    other
        .until(|status| status.state == State::Leading && status.seq > 0)
        .await;
    let follows = replica.until(|status| {
        status.state == State::Following && status.leader.is_some() && status.trouble.is_none()
    });
    follows.await;
    other.end().await;
    replica.until(says_why).await;
    replica.ledger.set_lacks_records(false);
    let leads = replica.until(|status| status.state == State::Leading);
    assert_eq!(leads.await.trouble, None);
    replica.end().await;
}

#[tokio::test(start_paused = true)]
async fn two_replicas_of_one_name_both_say_so_until_one_is_gone() {
    let (store, world) = (SharedStore::default(), World::default());
    let mut first = start(0, &store, &world);
    first.until(|status| status.state == State::Leading).await;
    let mut second = start(0, &store, &world);
    for replica in [&mut first, &mut second] {
        replica.until(|status| status.has_namesake).await;
    }
    let members = first.handle.members().await.unwrap();
    let [member] = &members[..] else {
        panic!("{members:?}");
    };
    assert!(
        member.trouble.contains("another replica has the same name"),
        "{member:?}"
    );
    second.end().await;
    first.until(|status| !status.has_namesake).await;
    // One that is started again takes the place of the one that was killed silently.
    first.again(0, true).await;
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert!(!first.status.borrow().has_namesake);
    first.end().await;
}
