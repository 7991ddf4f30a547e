//! What the ledger knows of a snapshot: the revision that last changed each thing that is served, and a fingerprint of it,
//! so that after a restart the same is served at the same position.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::published::{Currency, SourceId};
use crate::domain::served::snapshot::removals::{REMOVALS_MAX, Removals};
use crate::domain::served::{Position, Quote, QuoteInputs, Snapshot, SourceState, View};

/// What is served under a name (`KZT/USD`, `source nbk`), known by a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedFingerprint {
    /// The pair or source.
    pub subject: String,
    /// Differs when what is served differs. None: it is served no more.
    pub fingerprint: Option<u64>,
}

/// The state as the ledger knows it, but for the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredState {
    /// The position served last.
    pub position: Position,
    /// When the last entry was made, on the service's clock.
    pub at: Timestamp,
    /// The ids of the sources whose first attempt had ended.
    pub attempted: Vec<String>,
    /// By subject, the revision that last changed what is served, and its fingerprint.
    pub served: BTreeMap<String, (u64, u64)>,
}

/// How what is served after a restart relates to what was served before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    /// It is the same.
    Exact,
    /// Some of it is served otherwise, at the next revision.
    Moved,
    /// Something is not served any more: a reader who resumed would keep it. A new epoch must begin.
    Broken,
}

impl Snapshot {
    /// The state as it was written down: what is served as it was then keeps the revision that last changed it. What
    /// is served otherwise (the settings are others, or the program is newer) is of a revision of its own.
    pub fn restored(restored: &RestoredState, view: View) -> (Self, Continuity) {
        let RestoredState {
            position, served, ..
        } = restored;
        let next = position.revision.saturating_add(1);
        let changed_at = |subject: &str, fingerprint: u64| match served.get(subject) {
            Some((revision, known)) if *known == fingerprint => *revision,
            Some(_) | None => next,
        };
        let quotes = view.quotes.into_iter().map(|(key, inputs)| {
            let quote = Quote {
                changed_at_revision: changed_at(&pair_subject(key), fingerprint(&inputs)),
                inputs: Arc::new(inputs),
            };
            (key, quote)
        });
        let sources = view.states.into_iter().map(|(id, mut state)| {
            state.changed_at_revision = changed_at(&source_subject(id), fingerprint(&state));
            (id, Arc::new(state))
        });
        let mut snapshot = Self {
            position: position.clone(),
            quotes: quotes.collect(),
            sources: sources.collect(),
            removals: Arc::new(Removals::new(REMOVALS_MAX)),
        };
        let continuity = if !snapshot.gone(served.keys()).is_empty() {
            Continuity::Broken
        } else if snapshot.newest_change() > position.revision {
            Continuity::Moved
        } else {
            Continuity::Exact
        };
        if continuity != Continuity::Exact {
            snapshot.position.revision = next;
        }
        (snapshot, continuity)
    }

    /// The same state at another position: where continuity is lost, a new epoch begins, and all is of its first
    /// revision.
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

    /// What is served otherwise than at the revision before, by name, with a fingerprint of it.
    pub fn changes(&self) -> Vec<ServedFingerprint> {
        let revision = self.position.revision;
        let quotes = self.quotes.iter();
        let quotes = quotes.filter(|(_, quote)| quote.changed_at_revision == revision);
        let quotes = quotes.map(|(key, quote)| ServedFingerprint {
            subject: pair_subject(*key),
            fingerprint: Some(fingerprint(&*quote.inputs)),
        });
        let sources = self.sources.values();
        let sources = sources.filter(|state| state.changed_at_revision == revision);
        let sources = sources.map(|state| ServedFingerprint {
            subject: source_subject(state.id),
            fingerprint: Some(fingerprint(&**state)),
        });
        quotes.chain(sources).collect()
    }

    /// Whether something is served under a name.
    fn serves(&self, subject: &str) -> bool {
        let mut quotes = self.quotes.keys();
        let mut sources = self.sources.keys();
        quotes.any(|key| pair_subject(*key) == subject)
            || sources.any(|id| source_subject(*id) == subject)
    }

    /// What was served and is not any more: the names without a fingerprint.
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

/// The name of a pair in the ledger. Its revision is no part of a quote's fingerprint, and it is reset in a state's.
fn pair_subject((home, other): (Currency, Currency)) -> String {
    format!("{home}/{other}")
}

fn source_subject(id: SourceId) -> String {
    format!("source {id}")
}

/// Differs when the value differs, digits included. It is the same in every run of one build, and may differ in
/// another's, which then serves everything anew once.
fn fingerprint(value: &impl Fingerprint) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.text().hash(&mut hasher);
    hasher.finish()
}

trait Fingerprint {
    fn text(&self) -> String;
}

impl Fingerprint for QuoteInputs {
    fn text(&self) -> String {
        format!("{self:?}")
    }
}

impl Fingerprint for SourceState {
    fn text(&self) -> String {
        let state = Self {
            changed_at_revision: 0,
            ..self.clone()
        };
        format!("{state:?}")
    }
}
