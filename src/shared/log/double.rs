//! A log in memory that fails as networks, servers and disks do: for simulations of many replicas in one process. What it does
//! follows from a seed.

mod store;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
pub use store::SharedStore;
use tokio::sync::watch;

use crate::shared::log::double::store::Store;
use crate::shared::log::{Appended, Event, Lead, LogError, Moment, Note, Page, Presence, Stored};

/// How often calls fail, each in per cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// A call does not arrive.
    pub dropped: u8,
    /// A call takes effect, and its answer is lost.
    pub unanswered: u8,
    /// A record that is read has another bit.
    pub flipped: u8,
    /// An event does not arrive.
    pub missed: u8,
    /// An event arrives twice.
    pub repeated: u8,
}

/// A replica's end of a log in memory.
#[derive(Debug, Clone)]
pub struct Double {
    store: SharedStore,
    link: Arc<Mutex<Link>>,
}

/// The network between a replica and the log.
#[derive(Debug)]
struct Link {
    random: Rng,
    faults: Faults,
    is_cut: bool,
}

/// What happens in a log in memory from a moment on.
#[derive(Debug)]
pub struct DoubleWatch {
    double: Double,
    changes: watch::Receiver<()>,
    moment: i64,
    again: Option<Event>,
}

impl Double {
    /// An end of a log; what fails follows from the seed.
    pub fn new(store: SharedStore, seed: u64, faults: Faults) -> Self {
        let link = Link {
            random: Rng::with_seed(seed),
            faults,
            is_cut: false,
        };
        Self {
            store,
            link: Arc::new(Mutex::new(link)),
        }
    }

    /// Sets how often calls fail from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.link().faults = faults;
    }

    /// Cuts this replica off, or joins it again.
    pub fn cut(&self, is_cut: bool) {
        self.link().is_cut = is_cut;
        // The watches of this replica notice it.
        self.store.touch();
    }

    fn link(&self) -> std::sync::MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a fault of a frequency happens now.
    fn happens(&self, frequency: impl Fn(&Faults) -> u8) -> bool {
        let mut link = self.link();
        let percent = frequency(&link.faults);
        link.random.u8(..100) < percent
    }

    /// A call, with the faults of the network.
    fn call<T>(&self, call: impl FnOnce(&mut Store) -> T) -> Result<T, LogError> {
        if self.link().is_cut || self.happens(|faults| faults.dropped) {
            return Err(LogError::NoAnswer("the call was lost".to_owned()));
        }
        let answer = self.store.with(call);
        if self.happens(|faults| faults.unanswered) {
            return Err(LogError::NoAnswer("the answer was lost".to_owned()));
        }
        Ok(answer)
    }

    /// The bytes as this replica reads them.
    fn read_bytes(&self, bytes: &Arc<[u8]>) -> Arc<[u8]> {
        if !self.happens(|faults| faults.flipped) {
            return Arc::clone(bytes);
        }
        let mut flipped = bytes.to_vec();
        let mut link = self.link();
        if let Some(byte) = link.random.choice(&mut flipped) {
            *byte ^= 1 << link.random.u8(..8);
        }
        flipped.into()
    }

    pub(super) fn read(&self, after: u64, limit: u32) -> Result<Page, LogError> {
        let mut page = self.call(|store| store.read(after, limit))?;
        for record in &mut page.records {
            record.bytes = self.read_bytes(&record.bytes);
        }
        Ok(page)
    }

    pub(super) fn newest(&self) -> Result<u64, LogError> {
        self.call(|store| store.newest())
    }

    /// Three servers have the record, and a fault of one does not befall the others.
    pub(super) fn read_everywhere(&self, seq: u64) -> Result<Vec<Arc<[u8]>>, LogError> {
        let record = self.call(|store| store.record(seq))?;
        let read = record.map(|bytes| [self.read_bytes(&bytes), bytes]);
        Ok(read.into_iter().flatten().collect())
    }

    pub(super) fn append(&self, lead: &Lead, seq: u64, bytes: &[u8]) -> Result<Appended, LogError> {
        self.call(|store| store.append(lead, seq, bytes))
    }

    pub(super) fn follow(&self, since: Moment) -> Result<DoubleWatch, LogError> {
        let changes = self.call(|store| store.changes())?;
        Ok(DoubleWatch {
            double: self.clone(),
            changes,
            moment: since.0,
            again: None,
        })
    }

    pub(super) fn lead(&self, leader: &[u8], lease: Duration) -> Result<Option<Lead>, LogError> {
        self.call(|store| store.lead(leader, lease))
    }

    pub(super) fn keep(&self, lead: &Lead) -> Result<bool, LogError> {
        self.call(|store| store.keep(lead))
    }

    pub(super) fn step_down(&self, lead: &Lead) -> Result<(), LogError> {
        self.call(|store| store.step_down(lead))
    }

    pub(super) fn leader(&self) -> Result<Option<Arc<[u8]>>, LogError> {
        self.call(|store| store.leader())
    }

    pub(super) fn appear(&self, lease: Duration) -> Result<Presence, LogError> {
        self.call(|store| store.appear(lease))
    }

    pub(super) fn report(
        &self,
        presence: Presence,
        node: &str,
        report: &[u8],
    ) -> Result<(), LogError> {
        let is_kept = self.call(|store| store.report(presence, node, report))?;
        if is_kept {
            Ok(())
        } else {
            Err(LogError::Refused("the lease has ended".to_owned()))
        }
    }

    pub(super) fn reports(&self, presence: Presence, node: &str) -> Result<bool, LogError> {
        self.call(|store| store.reports(presence, node))
    }

    pub(super) fn stay(&self, presence: Presence) -> Result<bool, LogError> {
        self.call(|store| store.stay(presence))
    }

    pub(super) fn leave(&self, presence: Presence) -> Result<(), LogError> {
        self.call(|store| store.leave(presence))
    }

    pub(super) fn nodes(&self) -> Result<Vec<Arc<[u8]>>, LogError> {
        self.call(|store| store.nodes())
    }

    pub(super) fn note(&self, note: &Note) -> Result<Option<Arc<[u8]>>, LogError> {
        self.call(|store| store.note(note))
    }

    pub(super) fn set_note(
        &self,
        lead: &Lead,
        note: &Note,
        bytes: &[u8],
    ) -> Result<bool, LogError> {
        self.call(|store| store.set_note(lead, note, bytes))
    }

    pub(super) fn state(&self) -> Result<Option<Arc<[u8]>>, LogError> {
        self.call(|store| store.state())
    }

    pub(super) fn set_state(&self, lead: &Lead, state: &[u8]) -> Result<bool, LogError> {
        self.call(|store| store.set_state(lead, state))
    }
}

impl DoubleWatch {
    pub(super) async fn next(&mut self) -> Result<Event, LogError> {
        loop {
            if let Some(again) = self.again.take() {
                return Ok(again);
            }
            if self.double.link().is_cut {
                return Err(LogError::NoAnswer("the connection was lost".to_owned()));
            }
            let lease_ends = match self.double.store.with(|store| store.after(self.moment)) {
                Ok((moment, event)) => {
                    self.moment = moment;
                    if self.double.happens(|faults| faults.missed) {
                        continue;
                    }
                    return Ok(self.arrived(event));
                }
                Err(lease_ends) => lease_ends,
            };
            let end_of_lease = async {
                match lease_ends {
                    Some(end) => tokio::time::sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // The store lives as long as this end of it.
                changed = self.changes.changed() => drop(changed),
                () = end_of_lease => {}
            }
        }
    }

    /// An event as this replica gets it.
    fn arrived(&mut self, event: Event) -> Event {
        let event = match event {
            Event::Appended(Stored { seq, bytes }) => Event::Appended(Stored {
                seq,
                bytes: self.double.read_bytes(&bytes),
            }),
            other => other,
        };
        if self.double.happens(|faults| faults.repeated) {
            self.again = Some(event.clone());
        }
        event
    }

    pub(super) fn ask(&self) -> Result<(), LogError> {
        self.double.call(Store::say_nothing)
    }
}
