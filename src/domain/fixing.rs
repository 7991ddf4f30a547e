//! What a bank published: rows and tables, as printed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::Currency;

/// The short name of a publisher, such as `nbk`: also its file, its fixture folder and its label in metrics.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(&'static str);

impl SourceId {
    /// Names a source.
    pub const fn new(id: &'static str) -> Self {
        Self(id)
    }

    /// The name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.0)
    }
}

impl fmt::Debug for SourceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

/// One row as published: `units` of `currency` cost `value` of `home_currency`. Never inverted, never re-dated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixing {
    /// Who published it.
    pub source: SourceId,
    /// The currency priced.
    pub currency: Currency,
    /// The nominal: a power of ten.
    pub units: u32,
    /// The bank's digits; above zero.
    pub value: Decimal,
    /// The currency the value is in.
    pub home_currency: Currency,
    /// The date the document prints.
    pub effective_date: Date,
    /// The bank's own change, for `units`, where it prints one.
    pub published_change: Option<Decimal>,
    /// What the row said before the bank corrected it.
    pub superseded_value: Option<Decimal>,
}

impl Fixing {
    /// Whether both say the same number for the same units, whatever their dates.
    pub fn same_figure(&self, other: &Self) -> bool {
        self.units == other.units && self.value == other.value
    }
}

/// A row that was not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedRow {
    /// The code as printed, without control characters.
    pub currency: String,
    /// Why, for people.
    pub reason: String,
}

/// All fixings of one document: one source, one document kind, the one date it prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Which of the source's documents this is.
    pub document: &'static str,
    /// The currency that stands on one side of every row: a bank's own, a market table's base.
    pub pivot: Currency,
    /// The date the document prints.
    pub effective_date: Date,
    /// The instant the document prints, where it has one (market tables).
    pub as_of: Option<Timestamp>,
    /// The rows, by the currency that is not the pivot.
    pub rows: BTreeMap<Currency, Arc<Fixing>>,
    /// The rows that were left out.
    pub dropped: Vec<DroppedRow>,
}

impl Table {
    /// The one or two rows that lead from one currency to the other.
    pub fn path(&self, from: Currency, to: Currency) -> Option<Vec<Arc<Fixing>>> {
        let row = |currency| self.rows.get(&currency).map(Arc::clone);
        if from == to {
            None
        } else if from == self.pivot {
            Some(vec![row(to)?])
        } else if to == self.pivot {
            Some(vec![row(from)?])
        } else {
            Some(vec![row(from)?, row(to)?])
        }
    }

    /// Whether both have the same rows with the same figures, whatever their dates: how weekends and holidays look.
    pub fn same_figures(&self, other: &Self) -> bool {
        self.pivot == other.pivot
            && self.rows.len() == other.rows.len()
            && self
                .rows
                .iter()
                .zip(&other.rows)
                .all(|((code, row), (other_code, other_row))| {
                    code == other_code && row.same_figure(other_row)
                })
    }
}

/// One moment of one source for one pair: the rows behind it and their date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// One row, or two that cross through the table's pivot.
    pub fixings: Vec<Arc<Fixing>>,
    /// The date of the fixing.
    pub date: Date,
}
