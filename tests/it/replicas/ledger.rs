//! What stands for the commit task and its ledger in a simulation: it keeps what it is given, and proposes a small change every
//! second while it leads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use silkrate::commit::{Beginning, FollowedStep, Proposer, Stopped};
use silkrate::domain::{
    Cause, Fingerprint, LedgerEntry, LogStep, Position, RestoredLog, ServedChange, ShownChange,
    Snapshot, SourceId, SourceState,
};
use silkrate::ledger::LedgerError;
use silkrate::shared::apply::Replica;
use silkrate::shared::log::SharedStore;
use silkrate::shared::node::Committer;
use tokio::task::JoinSet;

/// The interval of commits.
const INTERVAL: Duration = Duration::from_secs(1);
/// The longest time in which a record is appended once nothing fails.
const RECORD_MAX: Duration = Duration::from_secs(300);

/// What all replicas have in common.
#[derive(Clone, Default)]
pub(crate) struct World {
    /// The records that a commit task was told are accepted.
    accepted: Arc<Mutex<BTreeMap<u64, Fingerprint>>>,
    is_quiet: Arc<AtomicBool>,
}

/// The ledger of one replica: it outlives the replica.
#[derive(Clone)]
pub(crate) struct KeptLedger {
    world: World,
    kept: Arc<Mutex<Kept>>,
    lacks_records: Arc<AtomicBool>,
}

struct Kept {
    chains: BTreeMap<u64, Fingerprint>,
    shown: BTreeMap<String, ShownChange>,
    entries: Vec<LedgerEntry>,
    /// The revisions that were shown without a record, each with whether all records up to it were written.
    states: Vec<(u64, bool)>,
    renews: bool,
    is_alone: bool,
    is_unreadable: bool,
    /// What is served: after the last entry, or ahead of it.
    snapshot: Arc<Snapshot>,
    random: fastrand::Rng,
    leading: Option<JoinSet<()>>,
}

impl World {
    /// Waits until one more record is appended, and lets no further one be proposed.
    pub(crate) async fn end_after_one_more(&self, store: &SharedStore) {
        let before = store.records().len();
        let more = async {
            while store.records().len() == before {
                tokio::time::sleep(INTERVAL).await;
            }
        };
        tokio::time::timeout(RECORD_MAX, more).await.unwrap();
        self.is_quiet.store(true, Ordering::Relaxed);
    }

    /// How many accepted records a log does not have.
    pub(crate) fn lost(&self, chains: &BTreeMap<u64, Fingerprint>) -> usize {
        let accepted = self.accepted.lock().unwrap();
        let lost = accepted.iter();
        lost.filter(|(seq, chain)| chains.get(*seq) != Some(*chain))
            .count()
    }
}

impl Kept {
    fn new_epoch(&mut self) -> Arc<str> {
        epoch(&mut self.random)
    }
}

fn epoch(random: &mut fastrand::Rng) -> Arc<str> {
    let letters = std::iter::repeat_with(|| random.alphanumeric());
    letters.take(16).collect::<String>().into()
}

impl KeptLedger {
    pub(crate) fn new(world: &World, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let position = Position {
            epoch: epoch(&mut random),
            revision: 0,
        };
        let kept = Kept {
            chains: BTreeMap::new(),
            shown: BTreeMap::new(),
            entries: Vec::new(),
            states: Vec::new(),
            renews: false,
            is_alone: false,
            is_unreadable: false,
            snapshot: Arc::new(Snapshot::assembled(position, Vec::new(), [])),
            random,
            leading: None,
        };
        Self {
            world: world.clone(),
            kept: Arc::new(Mutex::new(kept)),
            lacks_records: Arc::default(),
        }
    }

    /// The same with a disk that is damaged.
    pub(crate) fn unreadable(self) -> Self {
        self.kept.lock().unwrap().is_unreadable = true;
        self
    }

    /// Lets it lack records of the log, or have them again.
    pub(crate) fn set_lacks_records(&self, lacks_records: bool) {
        self.lacks_records.store(lacks_records, Ordering::Relaxed);
    }

    /// Lets it be one of a time without a log.
    pub(crate) fn left_alone(&self) {
        self.kept.lock().unwrap().is_alone = true;
    }

    /// The times of its entries.
    pub(crate) fn times(&self) -> Vec<Timestamp> {
        let kept = self.kept.lock().unwrap();
        kept.entries.iter().map(|entry| entry.at).collect()
    }

    /// What a replica begins with.
    pub(crate) fn restored(&self) -> Replica {
        let kept = self.kept.lock().unwrap();
        let (last, entry) = (kept.chains.last_key_value(), kept.entries.last());
        let (Some((seq, chain)), Some(entry), false) = (last, entry, kept.is_alone) else {
            return Replica::before_the_log(Arc::clone(&kept.snapshot));
        };
        let log = RestoredLog {
            seq: *seq,
            chain: *chain,
            shown: kept.shown.values().cloned().collect(),
        };
        Replica::restored(&log, entry.position.clone()).unwrap()
    }

    pub(crate) fn states(&self) -> Vec<(u64, bool)> {
        self.kept.lock().unwrap().states.clone()
    }

    /// Ends the proposals of a replica that was killed.
    pub(crate) async fn stop(&self) {
        let leading = self.kept.lock().unwrap().leading.take();
        if let Some(mut task) = leading {
            task.shutdown().await;
        }
    }

    /// Asserts that it has the records of a log, and no others.
    pub(crate) fn assert_has(&self, chains: &BTreeMap<u64, Fingerprint>) {
        let kept = self.kept.lock().unwrap();
        assert_eq!(kept.chains.last_key_value(), chains.last_key_value());
        assert_eq!(kept.entries.len(), chains.len());
    }

    /// Writes a step, which must be the next one, and serves what it leads to, if that is to be shown.
    fn write(&self, entry: LedgerEntry, step: LogStep, shown: Option<Arc<Snapshot>>) {
        let mut kept = self.kept.lock().unwrap();
        assert_eq!(step.seq, u64::try_from(kept.entries.len()).unwrap() + 1);
        kept.entries.push(entry);
        kept.chains.insert(step.seq, step.chain);
        if step.is_whole {
            kept.shown.clear();
        }
        for change in step.shown {
            kept.shown.insert(change.subject.clone(), change);
        }
        if let Some(snapshot) = shown {
            kept.snapshot = snapshot;
        }
    }

    /// The next commit: a source has missed another number of publications.
    fn next(&self, is_first: bool) -> (LedgerEntry, Arc<Snapshot>) {
        let mut kept = self.kept.lock().unwrap();
        let renewed = std::mem::take(&mut kept.renews).then(|| kept.new_epoch());
        let missed_publications = kept.random.u32(..);
        let names = ["nbk", "cbu", "nbt"];
        let id = SourceId::new(kept.random.choice(names).unwrap());
        let Position { epoch, revision } = kept.snapshot.position.clone();
        let position = Position {
            epoch: renewed.unwrap_or(epoch),
            revision: revision + u64::from(!is_first),
        };
        let nanosecond = kept.random.i64(0..1_000_000_000_000);
        let state = SourceState {
            id,
            name: "bank",
            attribution: "from the bank",
            freshness_status: None,
            newest_effective_date: None,
            next_publication: None,
            missed_publications,
            held: Vec::new(),
            flags: Vec::new(),
            changed_at_revision: position.revision,
        };
        let change = ServedChange::Source(id, Some(Arc::new(state)));
        let snapshot = kept.snapshot.changed(position.clone(), vec![change]);
        let at = Timestamp::UNIX_EPOCH + Duration::from_nanos(nanosecond.unsigned_abs());
        let entry = LedgerEntry::empty(position, at, Cause::Clock);
        (entry, Arc::new(snapshot))
    }

    async fn propose(self, proposer: Proposer, beginning: Beginning) {
        let mut is_first = beginning == Beginning::First;
        if beginning == Beginning::NewEpoch {
            self.kept.lock().unwrap().renews = true;
        }
        loop {
            let is_quiet = self.world.is_quiet.load(Ordering::Relaxed);
            if is_quiet && !self.kept.lock().unwrap().renews {
                tokio::time::sleep(INTERVAL).await;
                continue;
            }
            let (entry, snapshot) = self.next(is_first);
            let step = proposer.propose(entry.clone(), Arc::clone(&snapshot));
            let Some(step) = step.await else {
                return;
            };
            let accepted = (step.seq, step.chain);
            self.world
                .accepted
                .lock()
                .unwrap()
                .insert(accepted.0, accepted.1);
            self.write(entry, step, Some(snapshot));
            is_first = false;
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

impl Committer for KeptLedger {
    async fn follow(&self, followed: Vec<FollowedStep>) -> Result<(), Stopped> {
        for followed in followed {
            let shown = Some(followed.snapshot).filter(|_| followed.is_shown);
            self.write(followed.entry, followed.step, shown);
        }
        Ok(())
    }

    async fn can_lead(&self) -> Result<bool, Stopped> {
        Ok(!self.lacks_records.load(Ordering::Relaxed))
    }

    async fn lead(&self, proposer: Proposer, beginning: Beginning) -> Result<(), Stopped> {
        self.stop().await;
        let mut task = JoinSet::new();
        task.spawn(self.clone().propose(proposer, beginning));
        self.kept.lock().unwrap().leading = Some(task);
        Ok(())
    }

    async fn show(&self, snapshot: Arc<Snapshot>, is_whole: bool) -> Result<(), Stopped> {
        let mut kept = self.kept.lock().unwrap();
        kept.states.push((snapshot.position.revision, is_whole));
        kept.snapshot = snapshot;
        Ok(())
    }

    /// A commit is under way: as the task does, it waits for that.
    async fn begin_epoch(&self) -> Result<(), Stopped> {
        let before = {
            let mut kept = self.kept.lock().unwrap();
            kept.renews = true;
            kept.entries.len()
        };
        while self.kept.lock().unwrap().entries.len() == before {
            tokio::time::sleep(INTERVAL).await;
        }
        Ok(())
    }

    async fn entries(
        &self,
        after: u64,
        limit: u32,
    ) -> Result<Result<Vec<LedgerEntry>, LedgerError>, Stopped> {
        let kept = self.kept.lock().unwrap();
        if kept.is_unreadable {
            let (path, detail) = ("one.db".into(), "page 7".to_owned());
            return Ok(Err(LedgerError::Corrupt { path, detail }));
        }
        let later = kept.entries.iter().skip(usize::try_from(after).unwrap());
        let page = later.take(usize::try_from(limit).unwrap());
        Ok(Ok(page.cloned().collect()))
    }

    async fn set_aside(&self, _seq: u64) -> Result<Result<(), LedgerError>, Stopped> {
        let mut kept = self.kept.lock().unwrap();
        kept.chains.clear();
        kept.shown.clear();
        kept.entries.clear();
        Ok(Ok(()))
    }

    async fn stop_leading(&self) -> Result<(), Stopped> {
        self.stop().await;
        Ok(())
    }
}
