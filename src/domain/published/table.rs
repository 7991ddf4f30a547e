//! Tables: all fixings of one document.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::published::{Currency, Fixing, SourceId};

/// One document of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentKey {
    /// The source.
    pub source: SourceId,
    /// The document's name within it.
    pub document: &'static str,
}

/// A row that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedRow {
    /// The code as printed, without control characters.
    pub currency: String,
    /// The reason as a sentence.
    pub reason: String,
}

/// All fixings of one document: one source, one document kind, the one date it prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The document's name.
    pub document: &'static str,
    /// The currency on one side of every row: a bank's own, or the base of a market table.
    pub pivot: Currency,
    /// The date the document prints.
    pub effective_date: Date,
    /// The instant that the document prints (market tables).
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

    /// Whether both have the same rows with the same values, whatever their dates, as on weekends and holidays.
    pub fn same_values(&self, other: &Self) -> bool {
        self.pivot == other.pivot
            && self.rows.len() == other.rows.len()
            && self
                .rows
                .iter()
                .zip(&other.rows)
                .all(|((code, row), (other_code, other_row))| {
                    code == other_code && row.same_value(other_row)
                })
    }
}
