//! The slices of a long historical query, newest first: each is read in one piece of work, between which other queries run.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::DateRange;

/// How many days are read for each row wanted: a carried table gives none.
const DAYS_FOR_A_ROW: usize = 2;
/// The least number of days of a slice: a query costs more than reading one more table.
const DAYS_MIN: usize = 32;
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
    /// The slices of a range for a number of legs, of which the first is expected to give as many rows as are wanted.
    pub(super) fn of(range: DateRange, legs: usize, rows_wanted: usize) -> Self {
        let days_max = LEG_DAYS_MAX.checked_div(legs.max(1)).unwrap_or(1).max(1);
        let days = rows_wanted.saturating_mul(DAYS_FOR_A_ROW).max(DAYS_MIN);
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

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn slices(range: DateRange, legs: usize, rows_wanted: usize) -> Vec<DateRange> {
        let mut slices = Slices::of(range, legs, rows_wanted);
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
