//! Ranges of dates.

use jiff::ToSpan;
use jiff::civil::Date;

/// A range of dates, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    /// The first date.
    pub first: Date,
    /// The last date.
    pub last: Date,
}

impl DateRange {
    /// Whether a date lies in the range.
    pub fn contains(self, date: Date) -> bool {
        (self.first..=self.last).contains(&date)
    }

    /// The dates of the range, the oldest first.
    pub fn dates(self) -> impl Iterator<Item = Date> {
        let dates = self.first.series(1.day());
        dates.take_while(move |date| *date <= self.last)
    }

    /// The dates in both ranges; `None` if there are none.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        let first = self.first.max(other.first);
        let last = self.last.min(other.last);
        (first <= last).then_some(Self { first, last })
    }
}
