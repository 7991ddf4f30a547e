//! The published state: one snapshot, and the source records it was derived from, as one immutable value.
//!
//! Each commit publishes one [`Published`] for everyone at once, so a reader never sees new records beside an old
//! snapshot. Only the commit task holds a [`Board`]; everyone else holds a [`BoardReader`]. Beside it stands the poll
//! status of each source, which changes without commits.

mod preferences;
mod replica;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dashmap::DashMap;
pub use preferences::Preferences;
pub use replica::{Detached, Replica, ReplicaMark};
use tokio::sync::{broadcast, watch};

use crate::domain::{
    DroppedRow, PollReport, PollStatus, Snapshot, SourceId, SourceRecord, SourceState,
};

/// How many commits a subscriber may be behind and still receive each of them. A slower subscriber gets one merged
/// update. The tables of the banks come seconds apart, so one that is further behind does not keep up, and the newest
/// state serves it better: under overload, this bounds the age of the messages that arrive.
const QUEUE_MAX: usize = 4;

/// The writing end.
#[derive(Debug)]
pub struct Board {
    state: Arc<State>,
}

/// The reading end: cheap to clone, and it cannot change anything.
#[derive(Debug, Clone)]
pub struct BoardReader {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    published: watch::Sender<Published>,
    queue: broadcast::Sender<Arc<Snapshot>>,
    /// Notifies of records that were replaced beside a snapshot that stays.
    records: watch::Sender<()>,
    polls: DashMap<SourceId, PollStatus>,
    /// How this replica stands to the others; `None` of a service that runs alone.
    replica: watch::Sender<Option<Replica>>,
    /// Whether it has nothing to serve yet: every request looks at this.
    is_empty: AtomicBool,
}

/// What is published: a snapshot, and the records of the same moment. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Published {
    /// The snapshot.
    pub snapshot: Arc<Snapshot>,
    records: Arc<BTreeMap<SourceId, Arc<SourceRecord>>>,
}

/// All that is known of a source.
#[derive(Debug, Clone)]
pub struct SourceDetail {
    /// Its state at a snapshot.
    pub state: Arc<SourceState>,
    /// The record of its publications now.
    pub record: Arc<SourceRecord>,
    /// The status of its polls now.
    pub polls: PollStatus,
    /// The rows that were left out of the newest table of each document.
    pub dropped_rows: Vec<DroppedRow>,
}

impl Published {
    /// Whether the records are those of another publication, so that what follows from them is the same.
    pub fn has_records_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.records, &other.records)
    }

    fn new<'a>(
        snapshot: Arc<Snapshot>,
        records: impl Iterator<Item = &'a Arc<SourceRecord>>,
    ) -> Self {
        let records = records.map(|record| (record.id, Arc::clone(record)));
        Self {
            snapshot,
            records: Arc::new(records.collect()),
        }
    }

    /// The record of every source.
    pub fn records(&self) -> &BTreeMap<SourceId, Arc<SourceRecord>> {
        &self.records
    }

    /// The record of a source, by its id.
    pub fn record(&self, id: &str) -> Option<&Arc<SourceRecord>> {
        let mut records = self.records.values();
        records.find(|record| record.id.as_str() == id)
    }
}

impl Board {
    /// A board that publishes a snapshot and its records.
    pub fn new<'a>(
        records: impl Iterator<Item = &'a Arc<SourceRecord>>,
        snapshot: Snapshot,
    ) -> Self {
        Self::with_queue_max(records, snapshot, QUEUE_MAX)
    }

    /// Like [`Board::new`], with another limit on the commits that a subscriber may be behind; at least one.
    pub fn with_queue_max<'a>(
        records: impl Iterator<Item = &'a Arc<SourceRecord>>,
        snapshot: Snapshot,
        queue_max: usize,
    ) -> Self {
        let published = Published::new(Arc::new(snapshot), records);
        let polls = published.records.keys();
        let polls = polls.map(|source| (*source, PollStatus::default()));
        Self {
            state: Arc::new(State {
                polls: polls.collect(),
                published: watch::Sender::new(published),
                queue: broadcast::Sender::new(queue_max.max(1)),
                records: watch::Sender::new(()),
                replica: watch::Sender::new(None),
                is_empty: AtomicBool::new(false),
            }),
        }
    }

    /// A handle that can only read.
    pub fn reader(&self) -> BoardReader {
        BoardReader {
            state: Arc::clone(&self.state),
        }
    }

    /// A handle that writes how this replica stands to the others, and nothing else.
    pub fn replica_mark(&self) -> ReplicaMark {
        ReplicaMark::new(Arc::clone(&self.state))
    }

    /// The snapshot that is published.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.state.published.borrow().snapshot)
    }

    /// Records the result of a poll. No snapshot contains it.
    pub fn record_poll(&self, source: SourceId, report: PollReport) {
        if let Some(mut polls) = self.state.polls.get_mut(&source) {
            *polls = std::mem::take(&mut *polls).after(report);
        }
    }

    /// Replaces the results of polls that another replica made. This process goes on counting its own.
    pub fn set_polls(&self, polls: Vec<(SourceId, PollStatus)>) {
        for (source, status) in polls {
            if let Some(mut known) = self.state.polls.get_mut(&source) {
                let outcomes = std::mem::take(&mut known.outcomes);
                *known = PollStatus { outcomes, ..status };
            }
        }
    }

    /// Takes over other sources: those that are new were never polled.
    pub fn set_sources<'a>(&self, records: impl Iterator<Item = &'a Arc<SourceRecord>>) {
        let sources: BTreeSet<SourceId> = records.map(|record| record.id).collect();
        self.state
            .polls
            .retain(|source, _| sources.contains(source));
        for source in sources {
            self.state.polls.entry(source).or_default();
        }
    }

    /// Replaces the records beside a snapshot that stays. No subscriber is notified, since nothing a subscriber receives has
    /// changed; those who look up past days in the records are.
    pub fn publish_records<'a>(&self, records: impl Iterator<Item = &'a Arc<SourceRecord>>) {
        self.refresh_records(records);
        self.state.records.send_replace(());
    }

    /// Replaces the records beside a snapshot that stays, after a poll that brought no table. No client is notified: a past day
    /// has no other fixing than before.
    pub fn refresh_records<'a>(&self, records: impl Iterator<Item = &'a Arc<SourceRecord>>) {
        self.state.published.send_if_modified(|published| {
            *published = Published::new(Arc::clone(&published.snapshot), records);
            false
        });
    }

    /// Publishes a snapshot and the records it was derived from, to everyone.
    pub fn publish<'a>(
        &self,
        snapshot: Snapshot,
        records: impl Iterator<Item = &'a Arc<SourceRecord>>,
    ) {
        let snapshot = Arc::new(snapshot);
        let published = Published::new(Arc::clone(&snapshot), records);
        self.state.published.send_replace(published);
        // Queued after it is published, so that a subscriber that opens its queue and then reads the snapshot misses
        // nothing. Without subscribers this fails, which is no error.
        drop(self.state.queue.send(snapshot));
    }
}

impl BoardReader {
    /// The latest snapshot, and the records it was derived from.
    pub fn published(&self) -> Published {
        self.state.published.borrow().clone()
    }

    /// The latest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.state.published.borrow().snapshot)
    }

    /// How this replica stands to the others; `None` of a service that runs alone.
    pub fn replica(&self) -> Option<Replica> {
        self.state.replica.borrow().clone()
    }

    /// Why this replica has nothing to serve yet; `None` of one that has, and of a service that runs alone.
    pub fn lack_of_state(&self) -> Option<String> {
        if !self.state.is_empty.load(Ordering::Acquire) {
            return None;
        }
        let replica = self.state.replica.borrow();
        replica.as_ref().and_then(|replica| replica.empty.clone())
    }

    /// Watches how it stands to the others.
    pub fn watch_replica(&self) -> watch::Receiver<Option<Replica>> {
        self.state.replica.subscribe()
    }

    /// Watches what is published. A slow reader sees the newest alone.
    pub fn watch(&self) -> watch::Receiver<Published> {
        self.state.published.subscribe()
    }

    /// Notifies of records that were replaced beside a snapshot that stayed, such as by a table of a past day.
    pub fn watch_records(&self) -> watch::Receiver<()> {
        self.state.records.subscribe()
    }

    /// The latest snapshot, and a queue of each one after it, in order, while the subscriber is not too far behind.
    pub fn subscribe(&self) -> (Arc<Snapshot>, broadcast::Receiver<Arc<Snapshot>>) {
        let queue = self.state.queue.subscribe();
        (self.snapshot(), queue)
    }

    /// The record of a source, by its id.
    pub fn record(&self, id: &str) -> Option<Arc<SourceRecord>> {
        self.published().record(id).map(Arc::clone)
    }

    /// Every source of a snapshot, sorted by id: its state there, and its record and polls now.
    pub fn details(&self, snapshot: &Snapshot) -> Vec<SourceDetail> {
        let published = self.published();
        let detail = |state: &Arc<SourceState>| {
            let record = published.records.get(&state.id)?;
            let polls = self.state.polls.get(&state.id)?.clone();
            let documents = record.documents.iter();
            let tables = documents.filter_map(|document| document.history.newest());
            let dropped = tables.flat_map(|table| table.dropped.iter().cloned());
            Some(SourceDetail {
                state: Arc::clone(state),
                record: Arc::clone(record),
                polls,
                dropped_rows: dropped.collect(),
            })
        };
        snapshot.sources().filter_map(detail).collect()
    }
}
