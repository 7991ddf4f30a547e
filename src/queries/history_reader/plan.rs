//! The plan of a historical query for one leg: which source answers on which days, and from tables of which dates.

use jiff::civil::Date;

use crate::domain::{Coverage, DateRange, SourceRecord, oldest_in_force};

/// The sources that answer a leg on some days of a range, in the order of preference.
#[derive(Debug)]
pub(super) struct Plan {
    range: DateRange,
    coverage: Coverage,
    /// Each source, and for each of its documents the dates that price the leg, the oldest first.
    sources: Vec<(SourceRecord, Vec<Vec<Date>>)>,
}

impl Plan {
    /// The plan of a leg on a range of days that no source answers yet.
    pub(super) fn new(range: DateRange) -> Self {
        Self {
            range,
            coverage: Coverage::of(range),
            sources: Vec::new(),
        }
    }

    /// Whether a source answers on each day.
    pub(super) fn is_complete(&self) -> bool {
        self.coverage.open().is_empty()
    }

    /// The dates of the tables that may be in force on a day of the range, up to a date.
    pub(super) fn dates_wanted(&self, until: Date) -> DateRange {
        DateRange {
            first: oldest_in_force(self.range.first),
            last: self.range.last.min(until),
        }
    }

    /// Adds the next source by preference, with the dates of each of its documents that price the leg.
    pub(super) fn add(&mut self, record: SourceRecord, priced: Vec<Vec<Date>>) {
        for dates in &priced {
            self.coverage.cover(record.id, dates);
        }
        if self.coverage.answered_by(record.id).next().is_some() {
            self.sources.push((record, priced));
        }
    }

    /// The sources that answer on some days: the source, its first and last such day, and the dates of its documents that
    /// price the leg.
    pub(super) fn into_answering(
        self,
    ) -> impl Iterator<Item = (SourceRecord, DateRange, Vec<Vec<Date>>)> {
        let Self {
            coverage, sources, ..
        } = self;
        sources.into_iter().filter_map(move |(record, priced)| {
            let days: Vec<DateRange> = coverage.answered_by(record.id).collect();
            let first = days.iter().map(|days| days.first).min()?;
            let last = days.iter().map(|days| days.last).max()?;
            Some((record, DateRange { first, last }, priced))
        })
    }
}
