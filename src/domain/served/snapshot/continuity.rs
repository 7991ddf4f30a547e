//! Continuity across a restart: the ledger keeps, for each quote and source, the revision that last changed it and a
//! fingerprint. A snapshot restored from it serves the same at the same position.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::published::{QuoteKey, SourceId};
use crate::domain::served::snapshot::fingerprint::Fingerprint;
use crate::domain::served::snapshot::removals::{REMOVALS_MAX, Removals};
use crate::domain::served::{Position, Quote, Snapshot, SourceState, View};

/// The subject of the settings that decide which source answers a past date. It is kept beside what is served, and is none of
/// it.
pub const ORDER_OF_ANSWERS: &str = "order of answers";
/// The subject of the pairs of the ticker. It is none of what is served either: a stream that follows the ticker shows them.
pub const PAIRS_OF_TICKER: &str = "pairs of the ticker";

/// A change of what is served, for the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedFingerprint {
    /// The quote (`KZT/USD`) or source (`source nbk`).
    pub subject: String,
    /// The fingerprint of what is served from now on; `None` if the subject is no longer served.
    pub fingerprint: Option<Fingerprint>,
}

impl ServedFingerprint {
    /// Whether it is of settings, which the ledger keeps beside what is served.
    pub fn is_of_settings(&self) -> bool {
        is_of_settings(&self.subject)
    }
}

/// What the ledger knows of a subject that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServedRevision {
    /// The revision that last changed it.
    pub revision: u64,
    /// Its fingerprint; `None` if it was written by a version of silkrate whose fingerprints are not comparable.
    pub fingerprint: Option<Fingerprint>,
}

/// The state as the ledger knows it, without the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredState {
    /// The position served last.
    pub position: Position,
    /// When the last entry was made, on the service's clock.
    pub at: Timestamp,
    /// The ids of the sources whose first attempt had ended.
    pub attempted: Vec<String>,
    /// What is served, by subject.
    pub served: BTreeMap<String, ServedRevision>,
    /// The quotes that left in this epoch, oldest first, with the revisions from which on they were not served.
    pub left: Vec<(QuoteKey, u64)>,
}

/// How what is served after a restart relates to what was served before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    /// Both are the same.
    Exact,
    /// Some of it differs, or may differ: it is served at the next revision of the same epoch.
    Changed,
    /// Something is no longer served. A client that resumed would keep it, so a new epoch must begin.
    Broken,
}

impl RestoredState {
    /// Whether the ledger was written by a version of silkrate whose fingerprints are not comparable. Everything that
    /// is served then counts as changed.
    pub fn has_unknown_fingerprints(&self) -> bool {
        let mut served = self.served.values();
        served.any(|served| served.fingerprint.is_none())
    }
}

impl Snapshot {
    /// Restores the snapshot that the ledger describes. What is served as before keeps the revision that last changed it;
    /// what differs (because the settings or the program have changed) gets the next revision.
    pub fn restored(restored: &RestoredState, view: View) -> (Self, Continuity) {
        let RestoredState {
            position, served, ..
        } = restored;
        let next = position.revision.saturating_add(1);
        let changed_at = |subject: &str, fingerprint: Fingerprint| match served.get(subject) {
            Some(known) if known.fingerprint == Some(fingerprint) => known.revision,
            Some(_) | None => next,
        };
        let quotes = view.quotes.into_iter().map(|(key, inputs)| {
            let quote = Quote {
                changed_at_revision: changed_at(&pair_subject(key), inputs.fingerprint()),
                inputs: Arc::new(inputs),
            };
            (key, quote)
        });
        let sources = view.states.into_iter().map(|(id, mut state)| {
            state.changed_at_revision = changed_at(&source_subject(id), state.fingerprint());
            (id, Arc::new(state))
        });
        let mut removals = Removals::new(REMOVALS_MAX);
        for (key, revision) in &restored.left {
            removals.add(*key, *revision);
        }
        let mut snapshot = Self {
            position: position.clone(),
            quotes: quotes.collect(),
            sources: sources.collect(),
            removals: Arc::new(removals),
        };
        let continuity = if !snapshot.gone(served.keys()).is_empty() {
            Continuity::Broken
        } else if snapshot.newest_change() > position.revision {
            Continuity::Changed
        } else {
            Continuity::Exact
        };
        if continuity != Continuity::Exact {
            snapshot.position.revision = next;
        }
        (snapshot, continuity)
    }

    /// The same state at the first position of a new epoch: everything counts as changed there.
    #[must_use]
    pub fn renewed(&self, position: Position) -> Self {
        let revision = position.revision;
        let quotes = self.quotes.iter().map(|(key, quote)| {
            let quote = Quote {
                inputs: Arc::clone(&quote.inputs),
                changed_at_revision: revision,
            };
            (*key, quote)
        });
        let sources = self.sources.iter().map(|(id, state)| {
            let mut state = SourceState::clone(state);
            state.changed_at_revision = revision;
            (*id, Arc::new(state))
        });
        Self {
            quotes: quotes.collect(),
            sources: sources.collect(),
            removals: Arc::clone(&self.removals),
            position,
        }
    }

    /// The same state at the next revision of its epoch: for a change that no row shows.
    #[must_use]
    pub fn at_next_revision(&self) -> Self {
        let mut next = self.clone();
        next.position.revision = next.position.revision.saturating_add(1);
        next
    }

    /// What is served here and no longer in a later snapshot.
    pub fn lost_in(&self, later: &Self) -> Vec<ServedFingerprint> {
        let quotes = self.quotes.keys().map(|key| pair_subject(*key));
        let sources = self.sources.keys().map(|id| source_subject(*id));
        let subjects: Vec<String> = quotes.chain(sources).collect();
        later.gone(subjects.iter())
    }

    /// The fingerprints of what changed at this revision.
    pub fn changes(&self) -> Vec<ServedFingerprint> {
        let revision = self.position.revision;
        let quotes = self.quotes.iter();
        let quotes = quotes.filter(|(_, quote)| quote.changed_at_revision == revision);
        let quotes = quotes.map(|(key, quote)| ServedFingerprint {
            subject: pair_subject(*key),
            fingerprint: Some(quote.inputs.fingerprint()),
        });
        let sources = self.sources.values();
        let sources = sources.filter(|state| state.changed_at_revision == revision);
        let sources = sources.map(|state| ServedFingerprint {
            subject: source_subject(state.id),
            fingerprint: Some(state.fingerprint()),
        });
        quotes.chain(sources).collect()
    }

    /// Whether the subject is served.
    fn serves(&self, subject: &str) -> bool {
        let mut quotes = self.quotes.keys();
        let mut sources = self.sources.keys();
        is_of_settings(subject)
            || quotes.any(|key| pair_subject(*key) == subject)
            || sources.any(|id| source_subject(*id) == subject)
    }

    /// Those of the known subjects that are no longer served.
    pub fn gone<'a>(&self, known: impl Iterator<Item = &'a String>) -> Vec<ServedFingerprint> {
        let gone = known.filter(|subject| !self.serves(subject));
        let served = gone.map(|subject| ServedFingerprint {
            subject: subject.clone(),
            fingerprint: None,
        });
        served.collect()
    }

    fn newest_change(&self) -> u64 {
        let quotes = self.quotes.values().map(|quote| quote.changed_at_revision);
        let sources = self.sources.values();
        let sources = sources.map(|state| state.changed_at_revision);
        quotes.chain(sources).max().unwrap_or(0)
    }
}

fn is_of_settings(subject: &str) -> bool {
    [ORDER_OF_ANSWERS, PAIRS_OF_TICKER].contains(&subject)
}

/// The name of a quote in the ledger.
fn pair_subject((home, other): QuoteKey) -> String {
    format!("{home}/{other}")
}

/// The name of a source in the ledger.
fn source_subject(id: SourceId) -> String {
    format!("source {id}")
}
