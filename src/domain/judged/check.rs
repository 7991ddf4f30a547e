//! Plausibility checks, and what happens to a value that fails one: it is flagged, or it is held.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::numbers::Change;
use crate::domain::published::{Currency, Fixing, SourceId};

/// A plausibility check that a value failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The change that the bank prints differs from the difference of its values.
    PublishedChange,
    /// The bank does not publish for this date, or a table between this one and the previous one is missing.
    Calendar,
    /// A row of the previous table is missing.
    MissingRow,
    /// The first row of a currency: there is no value to compare it with.
    NewRow,
    /// No other source that quotes the currency agrees.
    Triangle,
    /// The value moved by about a power of ten.
    UnitJump,
    /// The value is close to the reciprocal of the previous one.
    Inversion,
    /// The value moved too far, relative to the other rows of its table.
    SizeOfMove,
    /// The whole table moved too far.
    WholeTable,
    /// There is no value to compare with, and the price of the dollar is far from the usual one.
    Bounds,
    /// A second table of the same date that differs from the first in most of its rows.
    Rewritten,
    /// The bank corrected the value for this date, and prints the old one again.
    Returned,
    /// An operator rejected the value for an earlier date, and the bank still prints it.
    Rejected,
}

impl Check {
    /// Every check; the ones that only flag a value come first.
    pub const ALL: [Self; 13] = [
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
        Self::Returned,
        Self::Rejected,
    ];

    /// Its name in the ledger and in commands.
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
            Self::Returned => "returned",
            Self::Rejected => "rejected",
        }
    }

    /// The check of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.as_str() == name)
    }
}

/// A finding about a value that is served.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flag {
    /// The check that failed.
    pub check: Check,
    /// The currency of the row; `None` if it concerns the whole table.
    pub currency: Option<Currency>,
    /// The finding as a sentence.
    pub detail: String,
}

/// A published value that failed a check and waits for confirmation or a decision. The last accepted one is served
/// meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The document that contains it.
    pub document: &'static str,
    /// The currency of its row: the side that is not the table's pivot.
    pub code: Currency,
    /// The row as published.
    pub fixing: Arc<Fixing>,
    /// The check that failed.
    pub check: Check,
    /// The finding as a sentence.
    pub detail: String,
    /// When it was first held.
    pub since: Timestamp,
    /// The change against the row printed before it, held or not.
    pub change: Option<Change>,
}

impl Held {
    /// The id of the held value.
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

/// The id of a held value: `cbu/daily/2026-04-02/TMT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldId {
    /// The source.
    pub source: SourceId,
    /// The document.
    pub document: &'static str,
    /// The effective date.
    pub effective_date: Date,
    /// The currency of the row.
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

/// How a held value was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldOutcome {
    /// It is accepted and served.
    Released,
    /// It is discarded by an operator.
    Rejected,
    /// It is discarded: a value of a later table was accepted. It is accepted after all if a table between them, or
    /// another source, gives evidence for it later.
    Overtaken,
    /// It is discarded: the bank prints another value for the same date.
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

    /// The outcome of a name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [
            Self::Released,
            Self::Rejected,
            Self::Overtaken,
            Self::Replaced,
        ];
        all.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// Who settled a held value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecidedBy {
    /// A rule of the program.
    Rule,
    /// An operator.
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

    /// The one of a name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "rule" => Some(Self::Rule),
            "operator" => Some(Self::Operator),
            _ => None,
        }
    }
}

/// How a held value was settled, by whom, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The value.
    pub held: Arc<Held>,
    /// How it was settled.
    pub outcome: HeldOutcome,
    /// Who settled it.
    pub by: DecidedBy,
    /// The reason as a sentence.
    pub note: String,
}
