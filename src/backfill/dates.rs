//! Ranges of dates.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;

/// The dates from a first to a last one, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    /// The first.
    pub first: Date,
    /// The last; not before the first.
    pub last: Date,
}

impl DateRange {
    /// The dates from `first` to `last`; `None` if `last` is before `first`.
    pub fn new(first: Date, last: Date) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// Whether a date is in the range.
    pub(super) fn contains(self, date: Date) -> bool {
        (self.first..=self.last).contains(&date)
    }

    /// The dates, oldest first.
    pub fn iter(self) -> impl Iterator<Item = Date> {
        let all = self.first.series(1.day());
        all.take_while(move |date| *date <= self.last)
    }

    /// The number of dates.
    pub fn count(self) -> u64 {
        u64::try_from(self.iter().count()).unwrap_or(u64::MAX)
    }

    /// The same dates in chunks of at most `days` days, oldest first.
    pub(super) fn chunks(self, days: i32) -> impl Iterator<Item = Self> {
        let beyond_first = i64::from(days.max(1)) - 1;
        let mut next = Some(self.first);
        std::iter::from_fn(move || {
            let first = next.filter(|first| *first <= self.last)?;
            let last = first.checked_add(beyond_first.days()).unwrap_or(self.last);
            let last = last.min(self.last);
            next = last.tomorrow().ok();
            Some(Self { first, last })
        })
    }

    /// The range from the first to the last date that is not in `known`; `None` if all are.
    pub(super) fn without(self, known: &BTreeSet<Date>) -> Option<Self> {
        let mut unknown = self.iter().filter(|date| !known.contains(date));
        let first = unknown.next()?;
        let last = unknown.last().unwrap_or(first);
        Some(Self { first, last })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn dates(first: (i16, i8, i8), last: (i16, i8, i8)) -> DateRange {
        let date = |(year, month, day)| date(year, month, day);
        DateRange::new(date(first), date(last)).unwrap()
    }

    #[test]
    fn chunks_cover_every_date_once_oldest_first() {
        let range = dates((2025, 12, 20), (2026, 1, 20));
        let chunks: Vec<DateRange> = range.chunks(14).collect();
        assert_eq!(
            chunks,
            [
                dates((2025, 12, 20), (2026, 1, 2)),
                dates((2026, 1, 3), (2026, 1, 16)),
                dates((2026, 1, 17), (2026, 1, 20)),
            ]
        );
        let all: Vec<Date> = chunks.iter().flat_map(|chunk| chunk.iter()).collect();
        assert_eq!(all, range.iter().collect::<Vec<_>>());
        assert_eq!(range.count(), 32);
    }

    #[test]
    fn the_last_date_of_the_calendar_ends_the_chunks() {
        let last = DateRange::new(Date::MAX, Date::MAX).unwrap();
        assert_eq!(last.chunks(14).collect::<Vec<_>>(), [last]);
        assert_eq!(last.count(), 1);
    }

    #[test]
    fn known_dates_at_either_end_are_cut_off() {
        let range = dates((2026, 4, 1), (2026, 4, 5));
        let known = |days: &[i8]| days.iter().map(|day| date(2026, 4, *day)).collect();
        let unknown = range.without(&known(&[1, 3, 5]));
        assert_eq!(unknown, Some(dates((2026, 4, 2), (2026, 4, 4))));
        assert_eq!(
            range.without(&known(&[1, 2, 4, 5])),
            Some(dates((2026, 4, 3), (2026, 4, 3)))
        );
        assert_eq!(range.without(&known(&[1, 2, 3, 4, 5])), None);
        assert_eq!(range.without(&known(&[])), Some(range));
    }
}
