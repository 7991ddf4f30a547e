//! The windows over which changes are computed, in addition to the change since the previous fixing.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::published::Point;

/// A period that ends today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Window {
    /// Seven days.
    Week,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

impl Window {
    /// Every window, the shortest first.
    pub const ALL: [Self; 3] = [Self::Week, Self::Month, Self::Year];

    /// The first day of the window that ends on a day: for the 31st, the last day of a shorter month.
    pub fn before(self, today: Date) -> Date {
        let span = match self {
            Self::Week => 7.days(),
            Self::Month => 1.month(),
            Self::Year => 1.year(),
        };
        today.checked_sub(span).unwrap_or(Date::MIN)
    }
}

/// What was in force at the start of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowPoint {
    /// The window.
    pub window: Window,
    /// The fixing that was in force then. Its date is the one that it was made for, not one to which it was carried.
    pub point: Result<Point, MissingPoint>,
}

/// Why there is no value for a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissingPoint {
    /// The history begins later, on this date.
    BeginsLater(Date),
    /// No source has a value of this day or the two weeks before it.
    Unknown(Date),
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_month_before_the_31st_is_the_last_day_of_a_shorter_one() {
        assert_eq!(Window::Month.before(date(2026, 3, 31)), date(2026, 2, 28));
        assert_eq!(Window::Year.before(date(2024, 2, 29)), date(2023, 2, 28));
        assert_eq!(Window::Week.before(date(2026, 1, 3)), date(2025, 12, 27));
    }
}
