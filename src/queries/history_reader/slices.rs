//! The slices of a long historical query, newest first: each is read in one piece of work, between which other queries run.

use std::ops::Range;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::{DateRange, HistoryStep, Period};

/// How many days are read for each row wanted, unless every day has one: a carried table gives none.
const DAYS_FOR_A_ROW: usize = 2;
/// The least number of days of all legs of a slice: a query costs more than reading one more table.
const LEG_DAYS_MIN: usize = 32;
/// The most days of all legs of a slice: a day of a leg takes some microseconds, so a slice takes some tens of milliseconds.
const LEG_DAYS_MAX: usize = 8192;

/// What is left of a range, to be read from its newest day on.
#[derive(Debug)]
pub(super) struct Slices {
    left: Option<DateRange>,
    days: usize,
    days_max: usize,
}

impl Slices {
    /// The slices of a range for a number of legs and pairs, of which the first is expected to give as many rows of a step as
    /// are wanted, and the one that shows that more follow.
    pub(super) fn of(
        range: DateRange,
        legs: usize,
        pairs: usize,
        (step, rows_wanted): (HistoryStep, usize),
    ) -> Self {
        let days_max = LEG_DAYS_MAX.checked_div(legs.max(1)).unwrap_or(1).max(1);
        let rows_of_a_pair = rows_wanted.div_ceil(pairs.max(1));
        let days = match step {
            HistoryStep::Day => rows_of_a_pair.saturating_add(1),
            HistoryStep::Fixing | HistoryStep::LastOf(_) => {
                rows_of_a_pair.saturating_mul(DAYS_FOR_A_ROW)
            }
        };
        let days = days.max(LEG_DAYS_MIN.div_ceil(legs.max(1)));
        Self {
            left: (range.first <= range.last).then_some(range),
            days: days.min(days_max),
            days_max,
        }
    }

    /// The next slice. Each is twice as long as the one before, so that a pair that one table in a hundred has is found in
    /// a few of them.
    pub(super) fn next(&mut self) -> Option<DateRange> {
        let DateRange { first, last } = self.left.take()?;
        let back = i32::try_from(self.days.saturating_sub(1)).unwrap_or(i32::MAX);
        let earliest = last.checked_sub(back.days()).unwrap_or(Date::MIN);
        self.days = self.days.saturating_mul(2).min(self.days_max);
        let slice = DateRange {
            first: earliest.max(first),
            last,
        };
        let before = slice.first.yesterday().ok();
        self.left = before
            .filter(|before| *before >= first)
            .map(|last| DateRange { first, last });
        Some(slice)
    }
}

/// What is left of the periods of a range, to be read from the newest one on: some periods of all pairs, or a part of the
/// pairs of one long period.
#[derive(Debug)]
pub(super) struct PeriodSlices {
    period: Period,
    first: Date,
    pairs: usize,
    rows_wanted: usize,
    /// The days of the newest period left, and the index of the first pair left of it.
    left: Option<(DateRange, usize)>,
}

impl PeriodSlices {
    /// The slices of the periods around the days of a range, for a number of pairs and of rows.
    pub(super) fn of(period: Period, range: DateRange, pairs: usize, rows_wanted: usize) -> Self {
        let newest = (range.first <= range.last && pairs > 0).then(|| period.around(range.last));
        Self {
            period,
            first: period.around(range.first).first,
            pairs,
            rows_wanted,
            left: newest.map(|newest| (newest, 0)),
        }
    }

    /// Leaves out what a reader has: all before a period, and the period up to a pair.
    pub(super) fn continue_after(&mut self, first: Date, index: usize) {
        let is_left = self.left.is_some_and(|(newest, _)| first <= newest.first);
        if is_left {
            self.left = Some((self.period.around(first), index.saturating_add(1)));
        }
        if self.left.is_some_and(|(_, index)| index >= self.pairs) {
            self.left = self.before(first);
        }
    }

    /// The days of the next periods, and the pairs.
    pub(super) fn next(&mut self) -> Option<(DateRange, Range<usize>)> {
        let (newest, index) = self.left.take()?;
        let days = self.period.days_max();
        let pairs_max = LEG_DAYS_MAX.checked_div(days).unwrap_or(1).max(1);
        if index > 0 || self.pairs > pairs_max {
            let end = index.saturating_add(pairs_max).min(self.pairs);
            self.left = if end < self.pairs {
                Some((newest, end))
            } else {
                self.before(newest.first)
            };
            return Some((newest, index..end));
        }
        let fitting = pairs_max.checked_div(self.pairs).unwrap_or(1);
        let wanted = self.rows_wanted.div_ceil(self.pairs.max(1));
        let mut oldest = newest;
        for _ in 1..fitting.min(wanted) {
            match self.before(oldest.first) {
                Some((before, _)) => oldest = before,
                None => break,
            }
        }
        self.left = self.before(oldest.first);
        let days = DateRange {
            first: oldest.first,
            last: newest.last,
        };
        Some((days, 0..self.pairs))
    }

    /// The period before a day, with all pairs; `None` if it is not asked for.
    fn before(&self, first: Date) -> Option<(DateRange, usize)> {
        let before = first.yesterday().ok().map(|day| self.period.around(day))?;
        (before.first >= self.first && before.first < first).then_some((before, 0))
    }
}

/// The periods that some days consist of, the newest first.
pub(super) fn newest_first(period: Period, days: DateRange) -> impl Iterator<Item = DateRange> {
    let before = move |last: &DateRange| {
        let before = period.around(last.first.yesterday().ok()?);
        (before.first >= days.first && before.first < last.first).then_some(before)
    };
    std::iter::successors(Some(period.around(days.last)), before)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn slices(range: DateRange, legs: usize, rows_wanted: usize) -> Vec<DateRange> {
        let wanted = (HistoryStep::Fixing, rows_wanted);
        let mut slices = Slices::of(range, legs, 1, wanted);
        std::iter::from_fn(|| slices.next()).collect()
    }

    #[test]
    fn the_slices_of_a_range_leave_no_day_out_and_double_up_to_their_greatest_length() {
        let range = DateRange {
            first: date(1994, 1, 1),
            last: date(2026, 4, 2),
        };
        for (legs, rows_wanted) in [(1, 2), (1, 101), (20, 1001), (20_000, 5)] {
            let slices = slices(range, legs, rows_wanted);
            let days: Vec<usize> = slices.iter().map(|slice| slice.dates().count()).collect();
            assert_eq!(days.iter().sum::<usize>(), range.dates().count());
            assert!(
                days.iter()
                    .all(|days| days * legs <= LEG_DAYS_MAX.max(legs))
            );
            assert_eq!(
                (slices[0].last, slices.last().unwrap().first),
                (range.last, range.first)
            );
            for (newer, older) in slices.iter().zip(&slices[1..]) {
                assert_eq!(older.last.tomorrow().unwrap(), newer.first);
            }
            let whole = &days[..days.len() - 1];
            let days_max = (LEG_DAYS_MAX / legs).max(1);
            assert!(
                whole
                    .iter()
                    .zip(&whole[1..])
                    .all(|(newer, older)| *older == (newer * 2).min(days_max))
            );
        }
        let first = slices(range, 1, 101)[0];
        assert_eq!(first.dates().count(), 202);
        // A thousand rows of sixty pairs, of which each day has one.
        let every_day = (HistoryStep::Day, 1000);
        let first = Slices::of(range, 20, 60, every_day).next();
        assert_eq!(first.unwrap().dates().count(), 18);
    }

    /// The first day of each period and the index of each pair, in the order of the slices after a number of known ones.
    fn places(
        period: Period,
        (range, pairs): (DateRange, usize),
        rows_wanted: usize,
        last_known: Option<(Date, usize)>,
    ) -> Vec<(Date, usize)> {
        let mut slices = PeriodSlices::of(period, range, pairs, rows_wanted);
        if let Some((first, index)) = last_known {
            slices.continue_after(first, index);
        }
        let mut found = Vec::new();
        while let Some((days, chosen)) = slices.next() {
            let work = days.dates().count() * chosen.len();
            assert!(work <= LEG_DAYS_MAX.max(period.days_max()), "{work}");
            let periods = newest_first(period, days);
            found.extend(
                periods.flat_map(|days| chosen.clone().map(move |index| (days.first, index))),
            );
        }
        found
    }

    #[test]
    fn the_slices_of_periods_have_each_period_and_pair_once_in_order() {
        let range = DateRange {
            first: date(2024, 2, 20),
            last: date(2026, 4, 2),
        };
        for (_, period) in Period::NAMED {
            let whole = DateRange {
                first: period.around(range.first).first,
                last: period.around(range.last).last,
            };
            let firsts = || newest_first(period, whole).map(|days| days.first);
            assert_eq!(firsts().last(), Some(whole.first));
            for (pairs, rows_wanted) in [(1, 1), (3, 1000), (60, 101), (500, 1001)] {
                let all = firsts().flat_map(|first| (0..pairs).map(move |index| (first, index)));
                let all: Vec<(Date, usize)> = all.collect();
                for known in [0, 1, pairs, pairs + 1] {
                    let last_known = known.checked_sub(1).map(|last| all[last]);
                    let found = places(period, (range, pairs), rows_wanted, last_known);
                    assert_eq!(found, all[known..], "{period:?} {pairs} {rows_wanted}");
                }
            }
        }
    }

    #[test]
    fn a_range_that_ends_before_it_begins_has_no_slice_and_the_whole_calendar_has_an_end() {
        let reversed = DateRange {
            first: date(2026, 4, 2),
            last: date(2026, 4, 1),
        };
        assert_eq!(slices(reversed, 1, 10), []);
        let all = DateRange {
            first: Date::MIN,
            last: Date::MAX,
        };
        assert_eq!(slices(all, 1, 10).last().unwrap().first, Date::MIN);
    }
}
