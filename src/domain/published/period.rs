//! Periods of the calendar, and the steps of a history.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::published::DateRange;

/// The length of a period of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// From Monday to Sunday, as ISO 8601 counts.
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months, the first of which is January, April, July or October.
    Quarter,
    /// A calendar year.
    Year,
}

impl Period {
    /// Every length with its name, the shortest first.
    pub const NAMED: [(&str, Self); 4] = [
        ("week", Self::Week),
        ("month", Self::Month),
        ("quarter", Self::Quarter),
        ("year", Self::Year),
    ];

    /// The length of a name.
    pub fn parse(name: &str) -> Option<Self> {
        let mut named = Self::NAMED.into_iter();
        named.find_map(|(known, period)| (known == name).then_some(period))
    }

    /// The days of the period that a day lies in.
    pub fn around(self, day: Date) -> DateRange {
        let months = match self {
            Self::Week => {
                let back = day.weekday().to_monday_zero_offset();
                let first = day.checked_sub(i32::from(back).days());
                let first = first.unwrap_or(Date::MIN);
                let last = first.checked_add(6.days()).unwrap_or(Date::MAX);
                return DateRange { first, last };
            }
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        };
        let before = day.month().saturating_sub(1).checked_rem(months);
        let month = day.month().saturating_sub(before.unwrap_or_default());
        let first = Date::new(day.year(), month, 1).unwrap_or(Date::MIN);
        let next = first.checked_add(i32::from(months).months());
        let last = next.and_then(Date::yesterday).unwrap_or(Date::MAX);
        DateRange { first, last }
    }

    /// The greatest number of days of such a period.
    pub const fn days_max(self) -> usize {
        match self {
            Self::Week => 7,
            Self::Month => 31,
            Self::Quarter => 92,
            Self::Year => 366,
        }
    }
}

/// The days of which a history has rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryStep {
    /// The days on which a rate began to stand.
    Fixing,
    /// Every day.
    Day,
    /// The last day of each period, and the last day of the range, in whose period more days follow.
    LastOf(Period),
}

impl HistoryStep {
    /// The step of a name: `fixing`, `day`, or the name of a period.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "fixing" => Some(Self::Fixing),
            "day" => Some(Self::Day),
            _ => Period::parse(name).map(Self::LastOf),
        }
    }

    /// Whether a day of a range that ends on `last` has rows, whatever is fixed on it.
    pub fn has_rows_on(self, day: Date, last: Date) -> bool {
        match self {
            Self::Fixing => false,
            Self::Day => true,
            Self::LastOf(period) => day == last || period.around(day).last == day,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_period_is_that_of_the_calendar_around_a_day() {
        let of = |period: Period, day: Date| {
            let DateRange { first, last } = period.around(day);
            format!("{first} {last}")
        };
        // 1 January 2027 is a Friday: its week begins in the year before.
        let day = date(2027, 1, 1);
        assert_eq!(of(Period::Week, day), "2026-12-28 2027-01-03");
        assert_eq!(of(Period::Month, day), "2027-01-01 2027-01-31");
        assert_eq!(
            of(Period::Month, date(2024, 2, 29)),
            "2024-02-01 2024-02-29"
        );
        assert_eq!(
            of(Period::Quarter, date(2026, 6, 30)),
            "2026-04-01 2026-06-30"
        );
        assert_eq!(
            of(Period::Quarter, date(2026, 12, 1)),
            "2026-10-01 2026-12-31"
        );
        assert_eq!(of(Period::Year, date(2026, 7, 15)), "2026-01-01 2026-12-31");
        for (_, period) in Period::NAMED {
            for end in [Date::MIN, Date::MAX] {
                assert!(period.around(end).contains(end), "{period:?}");
            }
        }
    }

    #[test]
    fn no_period_is_longer_than_its_greatest_number_of_days() {
        for (_, period) in Period::NAMED {
            let days = |year| period.around(date(year, 3, 1)).dates().count();
            let longest = (2020..2032).map(days).max();
            assert_eq!(
                longest.map(|days| days.max(period.days_max())),
                Some(period.days_max())
            );
        }
    }

    #[test]
    fn a_step_has_rows_on_the_last_day_of_its_periods_and_of_the_range() {
        let month = HistoryStep::parse("month").unwrap();
        let last = date(2026, 4, 2);
        let days = DateRange {
            first: date(2026, 1, 30),
            last,
        };
        let rows: Vec<String> = days
            .dates()
            .filter(|day| month.has_rows_on(*day, last))
            .map(|day| day.to_string())
            .collect();
        assert_eq!(
            rows,
            ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-02"]
        );
        assert_eq!(HistoryStep::parse("fixing"), Some(HistoryStep::Fixing));
        assert_eq!(HistoryStep::parse("MONTH"), None);
    }
}
