//! Checked queries about several pairs over time.

use jiff::civil::Date;

use crate::domain::{DateRange, HistoryStep, Pair, Period};

/// The rows of a history.
#[derive(Debug, Clone)]
pub(in crate::queries) struct RowsQuery {
    /// The pairs, in the order of the rows of a day.
    pub(in crate::queries) pairs: Vec<Pair>,
    /// The days that have rows.
    pub(in crate::queries) step: HistoryStep,
    /// The days asked for.
    pub(in crate::queries) range: DateRange,
    /// The date of the last row that is known, and the index of its pair: the rows after it are wanted.
    pub(in crate::queries) after: Option<(Date, usize)>,
}

/// The figures of periods.
#[derive(Debug, Clone)]
pub(in crate::queries) struct PeriodsQuery {
    /// The pairs, in the order of the figures of a period.
    pub(in crate::queries) pairs: Vec<Pair>,
    /// The length of the periods.
    pub(in crate::queries) period: Period,
    /// The days whose periods are asked for.
    pub(in crate::queries) range: DateRange,
    /// The first day of the last period that is known, and the index of its pair: the figures after it are wanted.
    pub(in crate::queries) after: Option<(Date, usize)>,
}
