//! One step of the state as it is written down, and what is read back after a restart.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::judged::{Decision, Held};
use crate::domain::published::{Currency, Fixing, SourceId, Table};
use crate::domain::served::{Position, ServedFingerprint};

/// Why the state moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A poll brought something.
    Poll(SourceId),
    /// A table of the past was handed in.
    Backfill(SourceId),
    /// Time passed: a midnight, a table that became late.
    Clock,
    /// A person decided.
    Operator,
    /// The service started with other settings or without continuity, or the ledger can be written again.
    Start,
}

impl Cause {
    /// Its name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Poll(_) => "poll",
            Self::Backfill(_) => "backfill",
            Self::Clock => "clock",
            Self::Operator => "operator",
            Self::Start => "start",
        }
    }

    /// Whose table it was.
    pub const fn source(self) -> Option<SourceId> {
        match self {
            Self::Poll(source) | Self::Backfill(source) => Some(source),
            Self::Clock | Self::Operator | Self::Start => None,
        }
    }
}

/// One step of the state. Where it changed nothing that is served (a table of the past, say), its position is that of
/// the step before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The position served after it.
    pub position: Position,
    /// When, on the service's clock.
    pub at: Timestamp,
    /// Why.
    pub cause: Cause,
    /// The rows that are served from now on, new or corrected, by table.
    pub filed: Vec<FiledTable>,
    /// The values that wait from now on.
    pub held: Vec<Arc<Held>>,
    /// What was decided on values that waited. A released one stands in `filed` too.
    pub decided: Vec<Decision>,
    /// The sources whose first attempt has ended since the last entry.
    pub attempted: Vec<SourceId>,
    /// What is served otherwise than before, or, without a fingerprint, not any more.
    pub served: Vec<ServedFingerprint>,
}

/// Rows of one table that were new or corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledTable {
    /// Who published it.
    pub source: SourceId,
    /// In which document.
    pub document: &'static str,
    /// The currency on one side of every row.
    pub pivot: Currency,
    /// The date the document prints.
    pub effective_date: Date,
    /// The instant it prints, where it has one.
    pub as_of: Option<Timestamp>,
    /// The rows. `superseded_value` says what a row replaces; the ledger links the two.
    pub rows: Vec<Arc<Fixing>>,
}

/// The tables of a document as the ledger knows them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RestoredDocument {
    /// The newest ones, and older ones of which a row is still the newest of its currency; oldest first. Held rows are
    /// not among their rows.
    pub tables: Vec<Table>,
    /// The values that wait.
    pub held: Vec<Held>,
    /// Those that are settled against: a person rejected them, or a later value was plausible.
    pub dismissed: Vec<Held>,
    /// The oldest date known, kept in memory or not.
    pub began: Option<Date>,
}
