//! Three replicas over a log in memory whose network loses calls, answers and events, flips bits, and cuts replicas off, while
//! replicas are killed and started again. Every record that was accepted stays, and in the end all replicas have the same.
//!
//! Some ten plans in a normal run; `PROPTEST_CASES=1000 cargo test --test it replicas` for a long one.

mod ledger;
mod lost;
mod pasts;
mod reports;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use silkrate::clock::Clock;
use silkrate::domain::{Cause, Fingerprint};
use silkrate::shared::apply::Origin;
use silkrate::shared::log::{Double, Faults, Log, SharedStore};
use silkrate::shared::members::State;
use silkrate::shared::node::{Node, NodeHandle, NodeSettings, REVERTIBLE_FOR, Status};
use silkrate::shared::record::{Chain, FORMAT, Record};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::replicas::ledger::{KeptLedger, World};

/// The plans of a normal run.
const CASES: u32 = 12;
const REPLICAS: usize = 3;
const LEASE: Duration = Duration::from_secs(10);
/// The longest time, on the paused clock, in which replicas agree after the last fault.
const AGREE_MAX: Duration = Duration::from_secs(600);

/// What happens to a replica, and how long after the one before, in seconds.
#[derive(Debug, Clone)]
enum Step {
    /// Its network gets these faults.
    Faults(Faults),
    /// It is cut off from the log, or joined again.
    Cut(bool),
    /// It is killed, and started again with what it had written.
    Kill,
    /// It is stopped, and started again.
    Stop,
    /// The log loses its newest records, as one that is restored from an older copy.
    Lose(usize),
}

/// Plans, in which the log may lose records.
fn steps(loses: bool) -> impl Strategy<Value = Vec<(usize, Step, u64)>> {
    let percent = || 0..30_u8;
    let faults = (percent(), percent(), percent(), percent(), percent()).prop_map(
        |(dropped, unanswered, flipped, missed, repeated)| Faults {
            dropped,
            unanswered,
            flipped,
            missed,
            repeated,
        },
    );
    let step = prop_oneof![
        3 => faults.prop_map(Step::Faults),
        2 => any::<bool>().prop_map(Step::Cut),
        2 => Just(Step::Kill),
        1 => Just(Step::Stop),
        u32::from(loses) => (1..30_usize).prop_map(Step::Lose),
    ];
    prop::collection::vec((0..REPLICAS, step, 1..20_u64), 1..24)
}

/// A replica that runs.
struct Running {
    double: Double,
    ledger: KeptLedger,
    status: watch::Receiver<Status>,
    handle: NodeHandle,
    stop: CancellationToken,
    task: JoinSet<()>,
}

impl Running {
    fn start(number: usize, double: Double, ledger: KeptLedger) -> Self {
        Self::start_with(number, double, ledger, |node| node)
    }

    /// The same with a ledger of a time without a log.
    fn start_with_past(number: usize, double: Double, ledger: KeptLedger) -> Self {
        let entries = u64::try_from(ledger.times().len()).unwrap();
        Self::start_with(number, double, ledger, |node| node.with_past(entries))
    }

    fn start_with(
        number: usize,
        double: Double,
        ledger: KeptLedger,
        with: impl FnOnce(Node<KeptLedger>) -> Node<KeptLedger>,
    ) -> Self {
        let settings = NodeSettings {
            log: "main".into(),
            origin: Origin {
                node: format!("replica {number}"),
                build: "test".to_owned(),
                format: FORMAT,
            },
            admin_address: String::new(),
            may_lead: true,
            revertible_for: REVERTIBLE_FOR,
            clock: Clock::replay(Timestamp::UNIX_EPOCH, 1),
            lease: LEASE,
        };
        let log = Log::Double(double.clone());
        let node = with(Node::new(log, ledger.clone(), settings, ledger.restored()));
        let (status, stop) = (node.status(), CancellationToken::new());
        let handle = node.handle();
        let mut task = JoinSet::new();
        task.spawn(node.run(stop.clone()));
        Self {
            double,
            ledger,
            status,
            handle,
            stop,
            task,
        }
    }

    /// Waits until what it reports is so.
    async fn until(&mut self, is_so: impl FnMut(&Status) -> bool) -> Status {
        let waited = tokio::time::timeout(AGREE_MAX, self.status.wait_for(is_so));
        waited.await.unwrap().unwrap().clone()
    }

    async fn end(mut self) {
        self.task.shutdown().await;
        self.ledger.stop().await;
    }

    async fn again(&mut self, number: usize, is_killed: bool) {
        if is_killed {
            self.task.shutdown().await;
        } else {
            self.stop.cancel();
            self.task.join_next().await.unwrap().unwrap();
        }
        self.ledger.stop().await;
        *self = Self::start(number, self.double.clone(), self.ledger.clone());
    }
}

/// Carries out a plan. Returns the number of accepted records that are not in the log in the end.
async fn run(seed: u64, steps: Vec<(usize, Step, u64)>) -> usize {
    let (store, world) = (SharedStore::default(), World::default());
    let start = |number: usize| {
        let seed = seed.wrapping_add(u64::try_from(number).unwrap());
        let double = Double::new(store.clone(), seed, Faults::default());
        Running::start(number, double, KeptLedger::new(&world, seed))
    };
    let mut replicas: Vec<Running> = (0..REPLICAS).map(start).collect();
    for (at, step, seconds) in steps {
        let replica = &mut replicas[at];
        match step {
            Step::Faults(faults) => replica.double.set_faults(faults),
            Step::Cut(is_cut) => replica.double.cut(is_cut),
            Step::Kill => replica.again(at, true).await,
            Step::Stop => replica.again(at, false).await,
            Step::Lose(records) => store.lose(records),
        }
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
    for replica in &replicas {
        replica.double.set_faults(Faults::default());
        replica.double.cut(false);
    }
    // One more record, and then no more.
    world.end_after_one_more(&store).await;
    tokio::time::sleep(AGREE_MAX).await;
    let chains = check_log(&store);
    let states = replicas.iter();
    let states: Vec<State> = states
        .map(|replica| replica.status.borrow().state)
        .collect();
    let leading = states.iter().filter(|state| **state == State::Leading);
    assert_eq!(leading.count(), 1, "{states:?}");
    for replica in &mut replicas {
        assert_eq!(replica.status.borrow().detached, None);
        replica.ledger.assert_has(&chains);
        replica.task.shutdown().await;
        replica.ledger.stop().await;
    }
    world.lost(&chains)
}

fn on_paused_clock<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work)
}

/// Checks that each record follows the one before, and returns the chain after each.
fn check_log(store: &SharedStore) -> BTreeMap<u64, Fingerprint> {
    let mut chain = Chain::START;
    let mut revision = None;
    let mut chains = BTreeMap::new();
    for (stored, seq) in store.records().iter().zip(1..) {
        assert_eq!(stored.seq, seq, "a hole");
        let record = Record::decode(&stored.bytes).unwrap();
        assert_eq!(record.previous, chain);
        assert_eq!(record.entry.cause, Cause::Clock);
        let next = record.entry.position.revision;
        let is_next = |last: u64| {
            if record.is_whole {
                // An epoch begins, or the log began with facts alone.
                next > last || last == 0
            } else {
                next == last + 1 || next == last && record.served.is_empty()
            }
        };
        assert!(revision.is_none_or(is_next), "{next} after {revision:?}");
        revision = Some(next);
        chain = chain.followed_by(&stored.bytes);
        chains.insert(seq, chain.fingerprint());
    }
    assert!(!chains.is_empty());
    chains
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: if std::env::var_os("PROPTEST_CASES").is_some() {
            ProptestConfig::default().cases
        } else {
            CASES
        },
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_fails_no_accepted_record_is_lost_and_all_replicas_agree(
        seed in any::<u64>(),
        steps in steps(false),
    ) {
        prop_assert_eq!(on_paused_clock(run(seed, steps)), 0, "accepted records that are lost");
    }

    #[test]
    fn whatever_fails_and_is_lost_all_replicas_agree_in_the_end(
        seed in any::<u64>(),
        steps in steps(true),
    ) {
        on_paused_clock(run(seed, steps));
    }
}
