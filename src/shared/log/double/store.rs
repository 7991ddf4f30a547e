//! What a log in memory holds.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::shared::log::{Appended, Event, Lead, Moment, Note, Page, Presence, Stored};

/// A log in memory. Clones share it.
#[derive(Clone, Default)]
pub struct SharedStore {
    store: Arc<Mutex<Store>>,
}

/// The keys, and what happened to them.
#[derive(Debug, Default)]
pub(super) struct Store {
    moment: i64,
    records: BTreeMap<u64, Arc<[u8]>>,
    leader: Option<Held>,
    state: Option<Arc<[u8]>>,
    present: BTreeMap<i64, Present>,
    notes: BTreeMap<Note, Arc<[u8]>>,
    happened: BTreeMap<i64, Event>,
    changes: watch::Sender<()>,
}

/// The lead, as a replica has it.
#[derive(Debug, Clone)]
struct Held {
    lead: Lead,
    bytes: Arc<[u8]>,
    lease: Duration,
    until: Instant,
}

/// What a replica says of itself.
#[derive(Debug, Clone)]
struct Present {
    said: Option<(String, Arc<[u8]>)>,
    lease: Duration,
    until: Instant,
}

impl SharedStore {
    pub(super) fn with<T>(&self, call: impl FnOnce(&mut Store) -> T) -> T {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.end_lease();
        call(&mut store)
    }

    /// Wakes every watch.
    pub(super) fn touch(&self) {
        self.with(|store| store.changes.send_replace(()));
    }

    /// Loses the newest records, as servers do that are restored from an older copy. No watch notices it.
    pub fn lose(&self, records: usize) {
        self.with(|store| {
            for _ in 0..records {
                store.records.pop_last();
            }
        });
    }

    /// The records as they are.
    pub fn records(&self) -> Vec<Stored> {
        self.with(|store| store.read(0, u32::MAX).records)
    }
}

impl fmt::Debug for SharedStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SharedStore")
            .finish_non_exhaustive()
    }
}

impl Store {
    fn happens(&mut self, event: Event) {
        self.moment = self.moment.saturating_add(1);
        self.happened.insert(self.moment, event);
        self.changes.send_replace(());
    }

    fn end_lease(&mut self) {
        if self
            .leader
            .take_if(|held| held.until <= Instant::now())
            .is_some()
        {
            self.happens(Event::Leader(None));
        }
        let now = Instant::now();
        self.present.retain(|_, present| present.until > now);
    }

    fn leads(&self, lead: &Lead) -> bool {
        self.leader.as_ref().is_some_and(|held| held.lead == *lead)
    }

    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// The first event after a moment; if there is none, the end of the lease.
    pub(super) fn after(&self, moment: i64) -> Result<(i64, Event), Option<Instant>> {
        let mut later = self.happened.range(moment.saturating_add(1)..);
        let next = later.next().map(|(moment, event)| (*moment, event.clone()));
        next.ok_or(self.leader.as_ref().map(|held| held.until))
    }

    pub(super) fn read(&self, after: u64, limit: u32) -> Page {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let later = self.records.range(after.saturating_add(1)..);
        let stored = later.clone().map(|(seq, bytes)| Stored {
            seq: *seq,
            bytes: Arc::clone(bytes),
        });
        Page {
            records: stored.take(limit).collect(),
            has_more: later.count() > limit,
            moment: Moment(self.moment),
        }
    }

    pub(super) fn newest(&self) -> u64 {
        u64::try_from(self.records.len()).unwrap_or(u64::MAX)
    }

    pub(super) fn appear(&mut self, lease: Duration) -> Presence {
        self.moment = self.moment.saturating_add(1);
        let present = Present {
            said: None,
            lease,
            until: Instant::now() + lease,
        };
        self.present.insert(self.moment, present);
        Presence { lease: self.moment }
    }

    /// Returns whether the lease is still there.
    pub(super) fn report(&mut self, presence: Presence, node: &str, report: &[u8]) -> bool {
        if !self.present.contains_key(&presence.lease) {
            return false;
        }
        for (lease, present) in &mut self.present {
            present
                .said
                .take_if(|(name, _)| name == node && *lease != presence.lease);
            if *lease == presence.lease {
                present.said = Some((node.to_owned(), report.into()));
            }
        }
        true
    }

    pub(super) fn reports(&self, presence: Presence, node: &str) -> bool {
        let others = self
            .present
            .iter()
            .filter(|(lease, _)| **lease != presence.lease);
        let mut said = others.filter_map(|(_, present)| present.said.as_ref());
        !said.any(|(name, _)| name == node)
    }

    pub(super) fn stay(&mut self, presence: Presence) -> bool {
        let Some(present) = self.present.get_mut(&presence.lease) else {
            return false;
        };
        present.until = Instant::now() + present.lease;
        true
    }

    pub(super) fn leave(&mut self, presence: Presence) {
        self.present.remove(&presence.lease);
    }

    pub(super) fn nodes(&self) -> Vec<Arc<[u8]>> {
        let said = self.present.values();
        let said: BTreeMap<&str, &Arc<[u8]>> = said
            .filter_map(|present| present.said.as_ref())
            .map(|(name, report)| (name.as_str(), report))
            .collect();
        said.into_values().map(Arc::clone).collect()
    }

    pub(super) fn record(&self, seq: u64) -> Option<Arc<[u8]>> {
        self.records.get(&seq).cloned()
    }

    pub(super) fn append(&mut self, lead: &Lead, seq: u64, bytes: &[u8]) -> Appended {
        if let Some(taken) = self.records.get(&seq) {
            return Appended::Taken(Arc::clone(taken));
        }
        if !self.leads(lead) {
            return Appended::Fenced;
        }
        let is_first = seq <= 1;
        if !is_first && !self.records.contains_key(&seq.saturating_sub(1)) {
            return Appended::Gap;
        }
        let bytes: Arc<[u8]> = bytes.into();
        self.records.insert(seq, Arc::clone(&bytes));
        self.happens(Event::Appended(Stored { seq, bytes }));
        Appended::Written
    }

    pub(super) fn lead(&mut self, leader: &[u8], lease: Duration) -> Option<Lead> {
        if self.leader.is_some() {
            return None;
        }
        let bytes: Arc<[u8]> = leader.into();
        self.happens(Event::Leader(Some(Arc::clone(&bytes))));
        let lead = Lead {
            lease: self.moment,
            since: self.moment,
        };
        self.leader = Some(Held {
            lead,
            bytes,
            lease,
            until: Instant::now() + lease,
        });
        Some(lead)
    }

    pub(super) fn keep(&mut self, lead: &Lead) -> bool {
        let held = self.leader.as_mut().filter(|held| held.lead == *lead);
        let Some(held) = held else {
            return false;
        };
        held.until = Instant::now() + held.lease;
        true
    }

    pub(super) fn step_down(&mut self, lead: &Lead) {
        if self.leads(lead) {
            self.leader = None;
            self.happens(Event::Leader(None));
        }
    }

    pub(super) fn leader(&self) -> Option<Arc<[u8]>> {
        self.leader.as_ref().map(|held| Arc::clone(&held.bytes))
    }

    pub(super) fn note(&self, note: &Note) -> Option<Arc<[u8]>> {
        self.notes.get(note).cloned()
    }

    /// Returns whether the caller leads.
    pub(super) fn set_note(&mut self, lead: &Lead, note: &Note, bytes: &[u8]) -> bool {
        let leads = self.leads(lead);
        if leads {
            self.notes.insert(note.clone(), bytes.into());
        }
        leads
    }

    pub(super) fn state(&self) -> Option<Arc<[u8]>> {
        self.state.clone()
    }

    /// Returns whether the caller leads.
    pub(super) fn set_state(&mut self, lead: &Lead, state: &[u8]) -> bool {
        let leads = self.leads(lead);
        if leads {
            self.state = Some(state.into());
        }
        leads
    }

    pub(super) fn say_nothing(&mut self) {
        self.happens(Event::Nothing);
    }
}
