//! The plan of a historical query for one leg: which source answers on which days, and from tables of which dates.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::domain::{Coverage, DateRange, QuoteKey, SourceRecord, oldest_in_force};

/// The sources that answer a leg on some days of a range, in the order of preference.
#[derive(Debug)]
pub(super) struct Plan {
    key: QuoteKey,
    range: DateRange,
    coverage: Coverage,
    /// Each source, and for each of its documents the dates that price the leg, the oldest first.
    sources: Vec<(SourceRecord, Vec<Vec<Date>>)>,
}

impl Plan {
    /// The plan of a leg on a range of days that no source answers yet.
    pub(super) fn new(key: QuoteKey, range: DateRange) -> Self {
        Self {
            key,
            range,
            coverage: Coverage::of(range),
            sources: Vec::new(),
        }
    }

    /// The leg.
    pub(super) fn key(&self) -> QuoteKey {
        self.key
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

    /// The sources that answer on some days of a range: the source, its first and last such day, and the dates of its
    /// documents that price the leg.
    pub(super) fn answering(
        &self,
        range: DateRange,
    ) -> impl Iterator<Item = (SourceRecord, DateRange, &Vec<Vec<Date>>)> {
        self.sources.iter().filter_map(move |(record, priced)| {
            let days = self.coverage.answered_by(record.id);
            let days: Vec<DateRange> = days.filter_map(|days| days.intersection(range)).collect();
            let first = days.iter().map(|days| days.first).min()?;
            let last = days.iter().map(|days| days.last).max()?;
            Some((record.clone(), DateRange { first, last }, priced))
        })
    }

    /// The dates on which a rate may begin to stand: a leg is fixed, or another source begins to answer it. On each of
    /// them all legs have an answer.
    pub(super) fn dates_of_all(plans: &[Self]) -> Vec<Date> {
        let dates = plans.iter().flat_map(Self::dates);
        let dates: BTreeSet<Date> = dates.collect();
        let answered = dates
            .into_iter()
            .filter(|date| plans.iter().all(|plan| plan.answers(*date)));
        answered.collect()
    }

    fn dates(&self) -> BTreeSet<Date> {
        let mut dates = BTreeSet::new();
        for (record, priced) in &self.sources {
            for days in self.coverage.answered_by(record.id) {
                dates.insert(days.first);
                let fixed = priced.iter().flatten().filter(|date| days.contains(**date));
                dates.extend(fixed);
            }
        }
        dates
    }

    fn answers(&self, date: Date) -> bool {
        let mut sources = self.sources.iter();
        sources.any(|(record, _)| {
            let mut days = self.coverage.answered_by(record.id);
            days.any(|days| days.contains(date))
        })
    }
}
