//! The published snapshot, and what is known of each source beside it.
//!
//! Ground state is a map from source to its records; published beside it is one immutable [`Snapshot`] a commit, for
//! everyone at once. Nobody answers a request by walking the map: that would not be one moment in time. Only the commit
//! task holds a [`Board`]; everyone else holds a [`BoardReader`].

use std::sync::Arc;

use dashmap::DashMap;
use tokio::sync::{broadcast, watch};

use crate::domain::{
    DroppedRow, PollReport, PollStatus, Snapshot, SourceId, SourceRecord, SourceState,
};

/// How many commits a reader may be behind and still get each of them; further behind it gets the difference in one
/// message. A bank's tables come seconds apart, so who is behind by more does not keep up, and is better served with
/// the newest: when more is published than can be sent, this is what bounds how old a message may be that arrives.
const NEWS_MAX: usize = 4;

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
    sources: DashMap<SourceId, SourceEntry>,
    published: watch::Sender<Arc<Snapshot>>,
    news: broadcast::Sender<Arc<Snapshot>>,
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
    /// A board that shows this.
    pub fn new<'a>(
        records: impl Iterator<Item = &'a Arc<SourceRecord>>,
        snapshot: Snapshot,
    ) -> Self {
        Self::with_news_max(records, snapshot, NEWS_MAX)
    }

    /// The same, with room for so many commits that a reader has not seen yet; at least one.
    pub fn with_news_max<'a>(
        records: impl Iterator<Item = &'a Arc<SourceRecord>>,
        snapshot: Snapshot,
        news_max: usize,
    ) -> Self {
        let entry = |record: &Arc<SourceRecord>| {
            let entry = SourceEntry {
                record: Arc::clone(record),
                polls: PollStatus::default(),
            };
            (record.id, entry)
        };
        Self {
            state: Arc::new(State {
                sources: records.map(entry).collect(),
                published: watch::Sender::new(Arc::new(snapshot)),
                news: broadcast::Sender::new(news_max.max(1)),
            }),
        }
    }

    /// A handle that can only read.
    pub fn reader(&self) -> BoardReader {
        BoardReader {
            state: Arc::clone(&self.state),
        }
    }

    /// What is shown.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.state.published.borrow())
    }

    /// Notes how a poll went. No reader of a snapshot sees it.
    pub fn record_poll(&self, source: SourceId, report: PollReport) {
        if let Some(mut entry) = self.state.sources.get_mut(&source) {
            entry.polls = std::mem::take(&mut entry.polls).after(report);
        }
    }

    /// Takes what is known of the sources now.
    pub fn update<'a>(&self, records: impl Iterator<Item = &'a Arc<SourceRecord>>) {
        for record in records {
            if let Some(mut entry) = self.state.sources.get_mut(&record.id) {
                entry.record = Arc::clone(record);
            }
        }
    }

    /// Shows a snapshot to everyone.
    pub fn publish(&self, snapshot: Snapshot) {
        let snapshot = Arc::new(snapshot);
        self.state.published.send_replace(Arc::clone(&snapshot));
        // After it is shown, so that whoever begins to listen and then looks misses nothing. Nobody listening is no
        // failure.
        drop(self.state.news.send(snapshot));
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

    /// The latest snapshot, and each one after it in order, while the reader is not too far behind.
    pub fn news(&self) -> (Arc<Snapshot>, broadcast::Receiver<Arc<Snapshot>>) {
        let news = self.state.news.subscribe();
        (self.snapshot(), news)
    }

    /// What is known of a source's publications, by its name.
    pub fn record(&self, id: &str) -> Option<Arc<SourceRecord>> {
        let snapshot = self.snapshot();
        let state = snapshot.sources().find(|state| state.id.as_str() == id)?;
        let entry = self.state.sources.get(&state.id)?;
        Some(Arc::clone(&entry.record))
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
