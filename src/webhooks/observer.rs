//! Derives the events of every webhook from each snapshot that is published.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::board::{BoardReader, Preferences};
use crate::clock::Clock;
use crate::domain::Snapshot;
use crate::outage::Outage;
use crate::query_threads;
use crate::webhooks::known::{Known, Observation, Step};
use crate::webhooks::receiver::Receiver;
use crate::webhooks::reload::Listed;
use crate::webhooks::store::{Store, StoreError};

/// How often the newest snapshot is read again while the first polls run, or while the file cannot be written: those end
/// within seconds, and an operator who makes room on a full disk does not wait longer.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The task that derives events.
#[derive(Debug)]
pub(super) struct Observer {
    store: Store,
    board: BoardReader,
    clock: Clock,
    preferences: Preferences,
    watched: Vec<Watched>,
    /// Other receivers, after a reload.
    lists: mpsc::Receiver<Vec<Listed>>,
    /// Whether events cannot be written.
    outage: Outage,
}

/// A webhook, and what its receiver knows; `None` before it has begun.
#[derive(Debug)]
struct Watched {
    receiver: Arc<Receiver>,
    known: Option<Arc<Known>>,
}

impl Observer {
    pub(super) fn new(
        store: Store,
        board: BoardReader,
        clock: Clock,
        preferences: Preferences,
        (receivers, lists): (Vec<Listed>, mpsc::Receiver<Vec<Listed>>),
    ) -> Self {
        let mut observer = Self {
            store,
            preferences,
            clock,
            watched: Vec::new(),
            lists,
            board,
            outage: Outage::default(),
        };
        observer.watch(receivers);
        observer
    }

    /// Watches for these receivers from now on. What is known to one that is replaced by another of its name is known to that.
    fn watch(&mut self, receivers: Vec<Listed>) {
        let mut before = std::mem::take(&mut self.watched);
        let watched = receivers.into_iter().map(|(receiver, known)| {
            let name = &receiver.webhook.name;
            let of_name = |watched: &Watched| watched.receiver.webhook.name == *name;
            let of_name = before.iter().position(of_name);
            let known = match of_name {
                Some(index) => before.swap_remove(index).known,
                None => known.map(Arc::new),
            };
            Watched { receiver, known }
        });
        self.watched = watched.collect();
    }

    /// Derives events until it is stopped. The commit task never waits for it: when it is further behind than the queue is
    /// long, it goes on with the newest snapshot. What it has not read when it stops differs from what is known at the next
    /// start, too.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut records = self.board.watch_records();
        let (mut snapshot, mut queue) = self.board.subscribe();
        loop {
            let is_complete = self.observe(&snapshot).await;
            tokio::select! {
                biased;
                queued = queue.recv() => {
                    let next = match queued {
                        Ok(next) => next,
                        Err(RecvError::Lagged(_)) => self.board.snapshot(),
                        Err(RecvError::Closed) => return stop.cancelled().await,
                    };
                    // Beyond the end of the queue it still has snapshots that are older. Revisions compare across epochs.
                    if next.position.revision > snapshot.position.revision {
                        snapshot = next;
                    }
                }
                () = stop.cancelled() => return,
                Some(receivers) = self.lists.recv() => self.watch(receivers),
                // A table of a past day was filed, and what is served stays: what was missed is looked up again.
                Ok(()) = records.changed() => {}
                () = tokio::time::sleep(RETRY_AFTER), if !is_complete => {
                    snapshot = self.board.snapshot();
                }
            }
        }
    }

    /// Records what differs in a snapshot, for every webhook. Returns whether nothing is left to be tried again.
    async fn observe(&mut self, snapshot: &Arc<Snapshot>) -> bool {
        if !self.all_attempted() {
            return false;
        }
        // They may be newer than the snapshot, which waited in the queue. What was missed is looked up in them alone, and they
        // have every table of the snapshot.
        let published = self.board.published();
        let observation = Observation {
            snapshot: Arc::clone(snapshot),
            published,
            preferences: self.preferences.current(),
            now: self.clock.now(),
        };
        let watched = self.watched.iter_mut();
        let watched = watched.filter(|watched| !watched.receiver.is_gone());
        let observed = watched.map(|watched| watched.observe(&self.store, observation.clone()));
        // At once, because some wait for a thread.
        let observed = join_all(observed).await;
        let Some(error) = observed.into_iter().find_map(Result::err) else {
            if let Some(failures) = self.outage.succeeded() {
                tracing::info!(failures, "events of webhooks can be written again");
            }
            return true;
        };
        if self.outage.failed() {
            tracing::error!(%error, "events of webhooks cannot be written; this is tried again every second");
        }
        false
    }

    /// Whether every source has been asked once, by this process or before: until then another source may answer in the place
    /// of the one that is preferred, which is no change.
    fn all_attempted(&self) -> bool {
        let published = self.board.published();
        let mut records = published.records().values();
        records.all(|record| record.attempted)
    }
}

impl Watched {
    /// Records what differs in a snapshot, and wakes the courier if there are events.
    async fn observe(&mut self, store: &Store, observation: Observation) -> Result<(), StoreError> {
        let name = &self.receiver.webhook.name;
        let now = observation.now;
        let mut step = self.step(observation).await;
        if self.known.is_none() {
            // What is served at the beginning is known to no receiver, and has not changed.
            step.events.clear();
        } else if step.is_empty() {
            return Ok(());
        }
        let dropped = store.record(name, step.clone(), now).await?;
        let lost = u64::try_from(dropped).unwrap_or(u64::MAX);
        self.receiver.counts.dropped.add(lost);
        if dropped > 0 {
            tracing::error!(
                webhook = name,
                dropped,
                "too many events wait for the receiver; the oldest are dropped"
            );
        }
        let has_events = !step.events.is_empty();
        Arc::make_mut(self.known.get_or_insert_default()).apply(step);
        if has_events {
            self.receiver.notify();
        }
        Ok(())
    }

    /// The step from what is known. With a limit, many days of many pairs may have to be looked up, which takes as long as a
    /// query: no commit and no reader waits for it.
    async fn step(&self, observation: Observation) -> Step {
        let known = self.known.clone().unwrap_or_default();
        let receiver = Arc::clone(&self.receiver);
        let step = move || known.step(&receiver.webhook, &observation);
        if self.receiver.webhook.min_change_percent.is_none() {
            return step();
        }
        match query_threads::spawn(step).await {
            Ok(step) => step,
            Err(error) => resume_unwind(error.into_panic()),
        }
    }
}
