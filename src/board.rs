//! The latest tables of every source, and the snapshot made of them.
//!
//! Ground state is a map from source to its records; derived from it is one immutable [`Snapshot`] a commit, published
//! for everyone at once. Nobody answers a request by walking the map: that would not be one moment in time. Only the
//! commit task holds a [`Board`]; everyone else holds a [`BoardReader`].

use std::collections::BTreeMap;
use std::sync::Arc;

use dashmap::DashMap;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::domain::{
    DroppedRow, Inserted, PollReport, PollStatus, Position, Preference, Snapshot, SourceId,
    SourceRecord, SourceState, Table, choose_quotes,
};

/// The writing end.
#[derive(Debug)]
pub struct Board {
    state: Arc<State>,
    preferences: Vec<Preference>,
}

/// The reading end: cheap to clone, and it cannot change anything.
#[derive(Debug, Clone)]
pub struct BoardReader {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    /// The sources there are, sorted: the map is read by key.
    ids: Vec<SourceId>,
    sources: DashMap<SourceId, SourceEntry>,
    published: watch::Sender<Arc<Snapshot>>,
}

#[derive(Debug)]
struct SourceEntry {
    record: Arc<SourceRecord>,
    polls: PollStatus,
}

/// All that is known of a source now.
#[derive(Debug, Clone)]
pub struct SourceDetail {
    /// Its state at the last commit.
    pub state: Arc<SourceState>,
    /// What is known of its publications.
    pub record: Arc<SourceRecord>,
    /// How its polls go.
    pub polls: PollStatus,
    /// Rows that were left out of the newest table of each document.
    pub dropped_rows: Vec<DroppedRow>,
}

impl Board {
    /// A board that knows its sources and nothing of what they say. Revision 0 of a new epoch.
    pub fn new(
        records: Vec<SourceRecord>,
        preferences: Vec<Preference>,
        epoch: &str,
        now: Timestamp,
    ) -> Self {
        let mut ids: Vec<SourceId> = records.iter().map(|record| record.id).collect();
        ids.sort_unstable();
        let states = records
            .iter()
            .map(|record| (record.id, record.state(now)))
            .collect();
        let published = watch::Sender::new(Arc::new(Snapshot::initial(epoch, states)));
        let entry = |record: SourceRecord| {
            (
                record.id,
                SourceEntry {
                    record: Arc::new(record),
                    polls: PollStatus::default(),
                },
            )
        };
        let sources = records.into_iter().map(entry).collect();
        Self {
            state: Arc::new(State {
                ids,
                sources,
                published,
            }),
            preferences,
        }
    }

    /// A handle that can only read.
    pub fn reader(&self) -> BoardReader {
        BoardReader {
            state: Arc::clone(&self.state),
        }
    }

    /// What is known of a source's publications.
    pub fn record(&self, source: SourceId) -> Option<Arc<SourceRecord>> {
        self.state
            .sources
            .get(&source)
            .map(|entry| Arc::clone(&entry.record))
    }

    /// Files a table under its document and date. Nobody sees it before [`Board::publish`].
    pub fn insert(&self, source: SourceId, table: Table) -> Inserted {
        let Some(mut entry) = self.state.sources.get_mut(&source) else {
            return Inserted::Unchanged;
        };
        let record = Arc::make_mut(&mut entry.record);
        let document = record
            .documents
            .iter_mut()
            .find(|document| document.name == table.document);
        document.map_or(Inserted::Unchanged, |document| {
            document.history.insert(table)
        })
    }

    /// Notes that the first attempt to ask a source has ended, so that others may answer in its place.
    pub fn mark_attempted(&self, source: SourceId) {
        if let Some(mut entry) = self.state.sources.get_mut(&source)
            && !entry.record.attempted
        {
            Arc::make_mut(&mut entry.record).attempted = true;
        }
    }

    /// Notes how a poll went. No reader of a snapshot sees it.
    pub fn record_poll(&self, source: SourceId, report: PollReport) {
        if let Some(mut entry) = self.state.sources.get_mut(&source) {
            entry.polls = std::mem::take(&mut entry.polls).after(report);
        }
    }

    /// Derives the snapshot of this moment and publishes it, as the next revision, if anything a reader can see has
    /// changed.
    pub fn publish(&self, now: Timestamp) -> Option<Position> {
        let record = |id: &SourceId| Some((*id, self.record(*id)?));
        let records: BTreeMap<_, _> = self.state.ids.iter().filter_map(record).collect();
        let quotes = choose_quotes(&records, &self.preferences, now);
        let states = records
            .iter()
            .map(|(id, record)| (*id, record.state(now)))
            .collect();
        let next = self.state.published.borrow().next(quotes, states)?;
        let position = next.position.clone();
        self.state.published.send_replace(Arc::new(next));
        Some(position)
    }
}

impl BoardReader {
    /// The latest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.state.published.borrow())
    }

    /// The latest snapshot and every later one; a slow reader sees the newest.
    pub fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.state.published.subscribe()
    }

    /// Every source, sorted by id: its state at this snapshot, and how its polls go now.
    pub fn details(&self, snapshot: &Snapshot) -> Vec<SourceDetail> {
        let detail = |state: &Arc<SourceState>| {
            let entry = self.state.sources.get(&state.id)?;
            let tables = entry
                .record
                .documents
                .iter()
                .filter_map(|document| document.history.newest());
            Some(SourceDetail {
                state: Arc::clone(state),
                record: Arc::clone(&entry.record),
                polls: entry.polls.clone(),
                dropped_rows: tables
                    .flat_map(|table| table.dropped.iter().cloned())
                    .collect(),
            })
        };
        snapshot.sources().filter_map(detail).collect()
    }
}
