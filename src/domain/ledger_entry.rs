//! Ledger entries: one step of the state each, as it is written; and what is restored from the ledger after a restart.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::judged::{Decision, Held, HeldOutcome};
use crate::domain::published::{Currency, Fixing, SourceId, Table};
use crate::domain::served::{Fingerprint, Position, ServedFingerprint};

/// The cause of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A poll brought new data, minutes or hours after the one before.
    Poll(SourceId),
    /// A start, the first poll after an outage, or a request for a missed table brought new data: it may have been
    /// published long before.
    CatchUp(SourceId),
    /// An operator submitted a table of the past.
    Backfill(SourceId),
    /// Time passed: a midnight, or a publication that became late.
    Clock,
    /// An operator decided, or other settings were loaded.
    Operator,
    /// The service started for the first time, with other settings or without continuity; the ledger can be written
    /// again; or a replay began anew.
    Start,
}

impl Cause {
    /// The name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Poll(_) => "poll",
            Self::CatchUp(_) => "catch_up",
            Self::Backfill(_) => "backfill",
            Self::Clock => "clock",
            Self::Operator => "operator",
            Self::Start => "start",
        }
    }

    /// The cause of a name, and of the source of its table.
    pub fn parse(name: &str, source: Option<SourceId>) -> Option<Self> {
        Some(match (name, source) {
            ("poll", Some(source)) => Self::Poll(source),
            ("catch_up", Some(source)) => Self::CatchUp(source),
            ("backfill", Some(source)) => Self::Backfill(source),
            ("clock", _) => Self::Clock,
            ("operator", _) => Self::Operator,
            ("start", _) => Self::Start,
            _ => return None,
        })
    }

    /// The source of the table.
    pub const fn source(self) -> Option<SourceId> {
        match self {
            Self::Poll(source) | Self::CatchUp(source) | Self::Backfill(source) => Some(source),
            Self::Clock | Self::Operator | Self::Start => None,
        }
    }
}

/// One step of the state. If it changed nothing that is served (as a table of the past may), its position is that of
/// the entry before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The position after it.
    pub position: Position,
    /// The time of the service's clock.
    pub at: Timestamp,
    /// The cause.
    pub cause: Cause,
    /// The rows that were accepted, new or corrected, by table.
    pub filed: Vec<FiledTable>,
    /// The values that were held.
    pub held: Vec<Arc<Held>>,
    /// How held values were settled. A released one is also in `filed`.
    pub decided: Vec<Decision>,
    /// The sources whose first attempt has ended since the last entry.
    pub attempted: Vec<SourceId>,
    /// The answers without a table that was due, the first after each hour at which one was due.
    pub answered: Vec<Answer>,
    /// The fingerprints of what changed.
    pub served: Vec<ServedFingerprint>,
}

impl LedgerEntry {
    /// An entry without facts, and of nothing that is served otherwise.
    pub const fn empty(position: Position, at: Timestamp, cause: Cause) -> Self {
        Self {
            position,
            at,
            cause,
            filed: Vec::new(),
            held: Vec::new(),
            decided: Vec::new(),
            attempted: Vec::new(),
            answered: Vec::new(),
            served: Vec::new(),
        }
    }
}

/// An answer of a bank to a request for a table that was due: the bank was reached, and showed no newer table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The source.
    pub source: SourceId,
    /// The document's name.
    pub document: &'static str,
    /// When the request began.
    pub asked_at: Timestamp,
}

/// Rows of one table that are new or corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledTable {
    /// The source.
    pub source: SourceId,
    /// The document's name.
    pub document: &'static str,
    /// The currency on one side of every row.
    pub pivot: Currency,
    /// The date the document prints.
    pub effective_date: Date,
    /// The instant that it prints (market tables).
    pub as_of: Option<Timestamp>,
    /// The rows. `superseded_value` is the value that a row replaces; the ledger links the two.
    pub rows: Vec<Arc<Fixing>>,
}

impl FiledTable {
    /// The currencies of its rows: of each, the side that is not the pivot.
    pub fn codes(&self) -> impl Iterator<Item = Currency> {
        self.rows.iter().map(|row| {
            if row.currency == self.pivot {
                row.home_currency
            } else {
                row.currency
            }
        })
    }
}

/// The place of an entry in a log that replicas share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStep {
    /// The name of the log.
    pub log: Arc<str>,
    /// The number of the record.
    pub seq: u64,
    /// The chain of records up to it.
    pub chain: Fingerprint,
    /// Whether `shown` replaces all that was served before.
    pub is_whole: bool,
    /// What is served otherwise than before.
    pub shown: Vec<ShownChange>,
}

/// A subject as it is served from a revision on, in the bytes that every replica keeps of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownChange {
    /// The quote (`KZT/USD`) or source (`source nbk`).
    pub subject: String,
    /// The revision that last changed it.
    pub changed_at_revision: u64,
    /// The encoded value; `None` if it is no longer served.
    pub value: Option<Arc<[u8]>>,
}

/// The place of the ledger in a log, as it is restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredLog {
    /// The number of the last record.
    pub seq: u64,
    /// The chain of records up to it.
    pub chain: Fingerprint,
    /// What is served after it, and then what left, in the order in which it did.
    pub shown: Vec<ShownChange>,
}

/// The tables of a document as they are restored from the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RestoredDocument {
    /// The newest tables, and older ones that contain the newest row of some currency; oldest first. Held rows are not
    /// included.
    pub tables: Vec<Table>,
    /// The held values.
    pub held: Vec<Held>,
    /// The values that were held and then settled, and how, in the order in which they were held.
    pub settled: Vec<(Held, HeldOutcome)>,
    /// The oldest date known, kept in memory or not.
    pub began: Option<Date>,
    /// When the bank was last asked for a table that was due, and answered without it.
    pub asked: Option<Timestamp>,
}
