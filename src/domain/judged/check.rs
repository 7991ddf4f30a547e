//! What can be odd about a published value, and what happens to it then: it is marked, or it waits.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::numbers::Change;
use crate::domain::published::{Currency, Fixing, SourceId};

/// A check that a value did not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The bank's own change differs from ours.
    PublishedChange,
    /// The date is none of this bank's, or a table between this one and the last is not known.
    Calendar,
    /// A row that the table before had is missing.
    MissingRow,
    /// A row of a currency that no table before had: there is nothing to compare with.
    NewRow,
    /// No other source that quotes the currency agrees.
    Triangle,
    /// The value moved by a power of ten.
    UnitJump,
    /// The value is close to one divided by the last one.
    Inversion,
    /// The value moved too far, measured against the other rows of its table.
    SizeOfMove,
    /// The whole table moved too far.
    WholeTable,
    /// There is nothing to compare with, and it is far from what a dollar is known to cost.
    Bounds,
    /// A second table of the same date that differs from the first in most of its rows.
    Rewritten,
}

impl Check {
    /// Every check, the ones that only mark a value first.
    pub const ALL: [Self; 11] = [
        Self::PublishedChange,
        Self::Calendar,
        Self::MissingRow,
        Self::NewRow,
        Self::Triangle,
        Self::UnitJump,
        Self::Inversion,
        Self::SizeOfMove,
        Self::WholeTable,
        Self::Bounds,
        Self::Rewritten,
    ];

    /// Its name in the ledger, in commands and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PublishedChange => "published_change",
            Self::Calendar => "calendar",
            Self::MissingRow => "missing_row",
            Self::NewRow => "new_row",
            Self::Triangle => "triangle",
            Self::UnitJump => "unit_jump",
            Self::Inversion => "inversion",
            Self::SizeOfMove => "size_of_move",
            Self::WholeTable => "whole_table",
            Self::Bounds => "bounds",
            Self::Rewritten => "rewritten",
        }
    }

    /// The check of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.as_str() == name)
    }
}

/// A value that is served, and what is odd about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flag {
    /// Which check.
    pub check: Check,
    /// The currency of the row; none when it is about the whole table.
    pub currency: Option<Currency>,
    /// What is odd, for people.
    pub detail: String,
}

/// A published value that waits: it failed a check, and the last good one is served meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Which document it stands in.
    pub document: &'static str,
    /// The currency of its row: the side that is not the table's pivot.
    pub code: Currency,
    /// The row as published.
    pub fixing: Arc<Fixing>,
    /// The check it did not pass.
    pub check: Check,
    /// In which way, for people.
    pub detail: String,
    /// Since when it waits.
    pub since: Timestamp,
    /// Against the row printed before it, held or not.
    pub change: Option<Change>,
}

impl Held {
    /// Its name.
    pub fn id(&self) -> HeldId {
        HeldId {
            source: self.fixing.source,
            document: self.document,
            effective_date: self.fixing.effective_date,
            currency: self.code,
        }
    }

    /// The currency on the other side of its row, and of every row of its table.
    pub fn pivot(&self) -> Currency {
        if self.code == self.fixing.currency {
            self.fixing.home_currency
        } else {
            self.fixing.currency
        }
    }
}

/// The name of a held value: `cbu/daily/2026-04-02/TMT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldId {
    /// Who published it.
    pub source: SourceId,
    /// In which document.
    pub document: &'static str,
    /// Of which date.
    pub effective_date: Date,
    /// For which currency.
    pub currency: Currency,
}

impl fmt::Display for HeldId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            source,
            document,
            effective_date,
            currency,
        } = self;
        write!(formatter, "{source}/{document}/{effective_date}/{currency}")
    }
}

/// What became of a held value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldOutcome {
    /// It is served.
    Released,
    /// It is dropped for good.
    Rejected,
    /// A value of a later table is plausible: it is dropped.
    Overtaken,
    /// The bank prints another value for the same date.
    Replaced,
}

impl HeldOutcome {
    /// Its name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Rejected => "rejected",
            Self::Overtaken => "overtaken",
            Self::Replaced => "replaced",
        }
    }
}

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecidedBy {
    /// A rule.
    Rule,
    /// A person.
    Operator,
}

impl DecidedBy {
    /// Its name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Operator => "operator",
        }
    }
}

/// What was decided on a held value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The value.
    pub held: Arc<Held>,
    /// What became of it.
    pub outcome: HeldOutcome,
    /// Who decided.
    pub by: DecidedBy,
    /// Why, for people.
    pub note: String,
}
