//! Ranges of dates.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;

/// The dates from a first to a last one, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dates {
    /// The first.
    pub first: Date,
    /// The last; not before the first.
    pub last: Date,
}

impl Dates {
    /// The dates between two, unless the last is before the first.
    pub fn new(first: Date, last: Date) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// Whether a date is among them.
    pub(super) fn contains(self, date: Date) -> bool {
        (self.first..=self.last).contains(&date)
    }

    /// Each of them, oldest first.
    pub(super) fn iter(self) -> impl Iterator<Item = Date> {
        let all = self.first.series(1.day());
        all.take_while(move |date| *date <= self.last)
    }

    /// How many they are.
    pub(super) fn days(self) -> u64 {
        u64::try_from(self.iter().count()).unwrap_or(u64::MAX)
    }

    /// The same dates in pieces of at most so many days, at least one, oldest first.
    pub(super) fn windows(self, days: i32) -> impl Iterator<Item = Self> {
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

    /// From the first to the last date that is not known; nothing when all are.
    pub(super) fn without(self, known: &BTreeSet<Date>) -> Option<Self> {
        let mut unknown = self.iter().filter(|date| !known.contains(date));
        let first = unknown.next()?;
        let last = unknown.last().unwrap_or(first);
        Some(Self { first, last })
    }
}

/// Reads `YYYY-MM-DD`.
pub(super) fn parse(text: &str) -> Result<Date, String> {
    let date = Date::strptime("%Y-%m-%d", text);
    date.map_err(|_not_a_date| "a date is written YYYY-MM-DD, such as 2026-04-02".to_owned())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn dates(first: (i16, i8, i8), last: (i16, i8, i8)) -> Dates {
        let date = |(year, month, day)| date(year, month, day);
        Dates::new(date(first), date(last)).unwrap()
    }

    #[test]
    fn windows_cover_every_date_once_oldest_first() {
        let range = dates((2025, 12, 20), (2026, 1, 20));
        let windows: Vec<Dates> = range.windows(14).collect();
        assert_eq!(
            windows,
            [
                dates((2025, 12, 20), (2026, 1, 2)),
                dates((2026, 1, 3), (2026, 1, 16)),
                dates((2026, 1, 17), (2026, 1, 20)),
            ]
        );
        let all: Vec<Date> = windows.iter().flat_map(|window| window.iter()).collect();
        assert_eq!(all, range.iter().collect::<Vec<_>>());
        assert_eq!(range.days(), 32);
    }

    #[test]
    fn the_end_of_time_ends_the_windows() {
        let last = Dates::new(Date::MAX, Date::MAX).unwrap();
        assert_eq!(last.windows(14).collect::<Vec<_>>(), [last]);
        assert_eq!(last.days(), 1);
    }

    #[test]
    fn what_is_known_at_the_edges_is_cut_off() {
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

    #[test]
    fn a_date_is_written_in_one_way() {
        assert_eq!(parse("2026-04-02"), Ok(date(2026, 4, 2)));
        for wrong in ["", "2026", "02.04.2026", "2026-02-30", "2026-04-02T00:00"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
