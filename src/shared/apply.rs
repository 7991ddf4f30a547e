//! From a record to what is served after it. Nothing is derived: the record has the values, and a fingerprint of all of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use thiserror::Error;

use crate::domain::{
    Cause, Fingerprint, LedgerEntry, Position, QuoteKey, RestoredLog, ServedChange,
    ServedFingerprint, ShownChange, Snapshot,
};
use crate::shared::record::{
    Chain, FORMAT, Record, RecordError, Settings, Shown, State, read_change, to_shown,
};

/// A state of the service, and its place in the log.
#[derive(Debug, Clone)]
pub struct Replica {
    /// How many records led to it.
    pub seq: u64,
    /// The chain of these records.
    pub chain: Chain,
    /// What is served.
    pub snapshot: Arc<Snapshot>,
    /// The same in bytes.
    pub shown: Arc<Shown>,
}

/// What a record leads to.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The state after it.
    pub replica: Replica,
    /// The record.
    pub record: Record,
    /// The entry for the ledger of this replica, with the fingerprints of what is served.
    pub entry: LedgerEntry,
}

/// Why a record is not applied.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApplyError {
    /// The record cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It follows other records than those that led to the state: the log, or the state, is of another past.
    #[error("record {seq} follows other records than those of this replica")]
    OtherChain {
        /// The number of the record.
        seq: u64,
    },
    /// What is served after it has another fingerprint than the record says.
    #[error("what is served after record {seq} is {found}, and the record says {expected}")]
    OtherState {
        /// The number of the record.
        seq: u64,
        /// The fingerprint that the record has.
        expected: Fingerprint,
        /// The fingerprint of what is served after it here.
        found: Fingerprint,
    },
    /// Its revision does not follow that of the state.
    #[error("the revision {revision} of record {seq} does not follow revision {last}")]
    OutOfOrder {
        /// The number of the record.
        seq: u64,
        /// Its revision.
        revision: u64,
        /// The revision of the state.
        last: u64,
    },
}

/// What a new record says beside its facts and its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The replica that writes it.
    pub node: String,
    /// Its version of silkrate.
    pub build: String,
    /// The format of the record; of a replica, the newest one that it knows.
    pub format: u32,
}

impl Replica {
    /// The state before the first record: what a snapshot serves is not in the log yet.
    pub fn before_the_log(snapshot: Arc<Snapshot>) -> Self {
        Self {
            seq: 0,
            chain: Chain::START,
            snapshot,
            shown: Arc::default(),
        }
    }

    /// The state that a ledger has, with the position of its last entry.
    ///
    /// # Errors
    /// [`RecordError::Broken`].
    pub fn restored(log: &RestoredLog, position: Position) -> Result<Self, RecordError> {
        let changes = log.shown.iter().map(read_change);
        let changes = changes.collect::<Result<Vec<_>, _>>()?;
        let left = left(&changes, &log.shown);
        Ok(Self {
            seq: log.seq,
            chain: Chain::from(log.chain),
            snapshot: Arc::new(Snapshot::assembled(position, changes, left)),
            shown: Arc::new(Shown::default().changed(&log.shown, true)),
        })
    }

    /// The state to begin with that the log keeps beside its records.
    ///
    /// # Errors
    /// [`ApplyError::OtherState`], [`RecordError::Broken`].
    pub fn of_state(state: &State) -> Result<Self, ApplyError> {
        let State {
            seq,
            chain,
            whole,
            left,
        } = state;
        let shown = Shown::default().changed(&whole.served, true);
        let found = shown.fingerprint();
        if found != whole.state {
            return Err(ApplyError::OtherState {
                seq: *seq,
                expected: whole.state,
                found,
            });
        }
        let changes = whole.served.iter().map(read_change);
        let changes = changes.collect::<Result<Vec<_>, _>>()?;
        let position = whole.entry.position.clone();
        Ok(Self {
            seq: *seq,
            chain: *chain,
            snapshot: Arc::new(Snapshot::assembled(position, changes, left.iter().copied())),
            shown: Arc::new(shown),
        })
    }

    /// The same, of this replica, after a record of a time.
    pub fn state(&self, at: Timestamp, settings: Option<Settings>, origin: &Origin) -> State {
        State {
            seq: self.seq,
            chain: self.chain,
            whole: Record {
                format: origin.format,
                previous: self.chain,
                entry: LedgerEntry::empty(self.snapshot.position.clone(), at, Cause::Start),
                served: self.shown.whole().collect(),
                is_whole: true,
                state: self.shown.fingerprint(),
                settings,
                node: origin.node.clone(),
                build: origin.build.clone(),
            },
            left: self.snapshot.removals().collect(),
        }
    }

    /// The record of a step that leads from this state to a snapshot. It is whole where a new epoch begins, and at the beginning
    /// of a log.
    pub fn record(
        &self,
        next: &Snapshot,
        entry: &LedgerEntry,
        settings: Option<Settings>,
        origin: &Origin,
    ) -> Record {
        let is_whole = self.shown.is_empty() || next.position.epoch != self.snapshot.position.epoch;
        let changes = if is_whole {
            next.whole()
        } else {
            next.changes_from(&self.snapshot)
        };
        let revision = next.position.revision;
        // A client that resumes in this epoch learns of what left before the log began.
        let goes_on = is_whole && next.position.epoch == self.snapshot.position.epoch;
        let left = next.removals().filter(|_| goes_on);
        let left = left.map(|(key, revision)| to_shown(&ServedChange::Quote(key, None), revision));
        let changes = changes.iter().map(|change| to_shown(change, revision));
        let served: Vec<ShownChange> = left.chain(changes).collect();
        let state = self.shown.changed(&served, is_whole).fingerprint();
        let of_settings = entry.served.iter().filter(|served| served.is_of_settings());
        Record {
            format: origin.format,
            previous: self.chain,
            entry: LedgerEntry {
                position: next.position.clone(),
                served: of_settings.cloned().collect(),
                ..entry.clone()
            },
            served,
            is_whole,
            state,
            settings,
            node: origin.node.clone(),
            build: origin.build.clone(),
        }
    }

    /// What the next record leads to.
    ///
    /// # Errors
    /// An [`ApplyError`]: the record is not the next one of this state, or it is broken.
    pub fn apply(&self, stored: &[u8]) -> Result<Applied, ApplyError> {
        self.apply_for(stored, FORMAT)
    }

    /// The same for a reader that knows the formats up to another one.
    ///
    /// # Errors
    /// As for [`Replica::apply`].
    pub fn apply_for(&self, stored: &[u8], reads: u32) -> Result<Applied, ApplyError> {
        let seq = self.seq.saturating_add(1);
        let record = Record::decode_for(stored, reads)?;
        if record.previous != self.chain {
            return Err(ApplyError::OtherChain { seq });
        }
        let shown = self.shown.changed(&record.served, record.is_whole);
        let found = shown.fingerprint();
        if found != record.state {
            let expected = record.state;
            return Err(ApplyError::OtherState {
                seq,
                expected,
                found,
            });
        }
        let snapshot = self.served_after(&record, seq)?;
        let entry = self.entry(&record, &snapshot);
        let replica = Self {
            seq,
            chain: self.chain.followed_by(stored),
            snapshot,
            shown: Arc::new(shown),
        };
        Ok(Applied {
            replica,
            record,
            entry,
        })
    }

    /// The entry for a record that leads to a snapshot.
    fn entry(&self, record: &Record, next: &Snapshot) -> LedgerEntry {
        let changed: BTreeSet<&str> = record
            .served
            .iter()
            .map(|change| &*change.subject)
            .collect();
        let mut served: Vec<ServedFingerprint> = next.changes();
        served.retain(|served| changed.contains(&*served.subject));
        served.extend(self.snapshot.lost_in(next));
        served.extend(record.entry.served.iter().cloned());
        LedgerEntry {
            served,
            ..record.entry.clone()
        }
    }

    fn served_after(&self, record: &Record, seq: u64) -> Result<Arc<Snapshot>, ApplyError> {
        let (last, position) = (&self.snapshot.position, &record.entry.position);
        let is_same_epoch = last.epoch == position.epoch;
        // Before a whole record nothing is served, and nothing can be out of order.
        let follows = if self.shown.is_empty() {
            true
        } else if is_same_epoch {
            position.revision == last.revision
                || Some(position.revision) == last.revision.checked_add(1)
        } else {
            record.is_whole && position.revision > last.revision
        };
        if !follows {
            return Err(ApplyError::OutOfOrder {
                seq,
                revision: position.revision,
                last: last.revision,
            });
        }
        if record.served.is_empty() && !record.is_whole && last == position {
            return Ok(Arc::clone(&self.snapshot));
        }
        let changes = record.served.iter().map(read_change);
        let changes = changes.collect::<Result<Vec<_>, _>>()?;
        let position = position.clone();
        Ok(Arc::new(if record.is_whole {
            let left = left(&changes, &record.served);
            Snapshot::assembled(position, changes, left)
        } else {
            self.snapshot.changed(position, changes)
        }))
    }
}

/// The quotes that changes say are no longer served, with the revisions from which on they are not.
fn left(changes: &[ServedChange], shown: &[ShownChange]) -> Vec<(QuoteKey, u64)> {
    let changes = changes.iter().zip(shown);
    let left = changes.filter_map(|(change, shown)| match change {
        ServedChange::Quote(key, None) => Some((*key, shown.changed_at_revision)),
        _ => None,
    });
    left.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Currency;

    #[test]
    fn a_record_that_begins_a_log_says_what_left_in_its_epoch() {
        let position = |revision| Position {
            epoch: "first".into(),
            revision,
        };
        let left = ((Currency::KZT, Currency::USD), 5);
        let snapshot = Snapshot::assembled(position(9), Vec::new(), [left]);
        let replica = Replica::before_the_log(Arc::new(snapshot.clone()));
        let origin = Origin {
            node: "one".to_owned(),
            build: "test".to_owned(),
            format: FORMAT,
        };
        let at = Timestamp::UNIX_EPOCH;
        let entry = LedgerEntry::empty(position(9), at, Cause::Start);
        let record = replica.record(&snapshot, &entry, None, &origin);
        let empty = Snapshot::assembled(position(0), Vec::new(), []);
        let other = Replica::before_the_log(Arc::new(empty));
        let applied = other.apply(&record.encode().unwrap()).unwrap();
        let followed = applied.replica.snapshot.removals();
        assert_eq!(followed.collect::<Vec<_>>(), [left]);
        // Before another epoch nothing can be resumed.
        let renewed = snapshot.renewed(Position {
            epoch: "second".into(),
            revision: 10,
        });
        let record = replica.record(&renewed, &entry, None, &origin);
        assert_eq!(record.served, []);
    }
}
