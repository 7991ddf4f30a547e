//! The axis of dates: the days of a window as places, and the dates that are named.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::{DateRange, Window};
use crate::web::chart::path::Tenths;

/// The distances between named days within a week, in days.
const DAYS: &[i32] = &[1, 2, 4];
/// The distances between named Mondays, in weeks. A working week begins on each of them.
const WEEKS: &[i32] = &[1, 2];
/// The distances between named months: each of them divides a year.
const MONTHS: &[i8] = &[1, 2, 3, 6, 12];

/// Where a day begins on an axis of a length. The day after the last one begins at its end: a rate stands for a whole day.
pub(super) fn place(days: DateRange, day: Date, length: Tenths) -> Tenths {
    let [whole, passed] = [span(days) + 1, between(days.first, day)];
    let passed = passed.clamp(0, whole);
    (length * passed * 2 + whole) / (whole * 2)
}

/// The dates of a window that are named, at most `dates_max` of them: days of a week, Mondays of a month, the first days of
/// months of a year.
pub(super) fn named_dates(days: DateRange, window: Window, dates_max: usize) -> Vec<Date> {
    let fits = |dates: &Vec<Date>| dates.len() <= dates_max;
    let found = match window {
        Window::Week => DAYS.iter().map(|step| last_days(days, *step)).find(fits),
        Window::Month => WEEKS.iter().map(|step| mondays(days, *step)).find(fits),
        Window::Year => MONTHS.iter().map(|step| months(days, *step)).find(fits),
    };
    found.unwrap_or_default()
}

/// The last day, and those at a distance of some days before it.
fn last_days(days: DateRange, step: i32) -> Vec<Date> {
    let chosen = |date: &Date| between(*date, days.last) % i64::from(step) == 0;
    days.dates().filter(chosen).collect()
}

/// The Mondays at a distance of some weeks, up to the last one.
fn mondays(days: DateRange, step: i32) -> Vec<Date> {
    let from_monday = i32::from(days.last.weekday().to_monday_zero_offset());
    let last = days.last.checked_sub(from_monday.days());
    let last = last.unwrap_or(days.last);
    let last = DateRange { last, ..days };
    last_days(last, step.saturating_mul(7))
}

/// The first days of every month, or of every second, third or sixth one.
fn months(days: DateRange, step: i8) -> Vec<Date> {
    let chosen = |date: &Date| date.day() == 1 && (date.month() - 1) % step == 0;
    days.dates().filter(chosen).collect()
}

fn span(days: DateRange) -> i64 {
    between(days.first, days.last)
}

/// The days from one date to another.
fn between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn named(window: Window, dates_max: usize) -> Vec<String> {
        let last = date(2026, 4, 2);
        let days = DateRange {
            first: window.before(last),
            last,
        };
        let dates = named_dates(days, window, dates_max);
        dates.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_named_dates_are_days_mondays_and_months() {
        assert_eq!(
            named(Window::Week, 4),
            ["2026-03-27", "2026-03-29", "2026-03-31", "2026-04-02"]
        );
        let mondays = named(Window::Month, 9);
        assert_eq!(mondays.first().unwrap(), "2026-03-02");
        assert_eq!(mondays.last().unwrap(), "2026-03-30");
        assert_eq!(mondays.len(), 5);
        assert_eq!(
            named(Window::Month, 3),
            ["2026-03-02", "2026-03-16", "2026-03-30"]
        );
        assert_eq!(
            named(Window::Year, 5),
            ["2025-07-01", "2025-10-01", "2026-01-01", "2026-04-01"]
        );
        assert!(named(Window::Year, 0).is_empty());
    }

    #[test]
    fn a_window_begins_with_its_first_day_and_ends_after_its_last() {
        let days = DateRange {
            first: date(2026, 3, 26),
            last: date(2026, 4, 2),
        };
        let at = |day| place(days, day, 800);
        assert_eq!(at(days.first), 0);
        assert_eq!(at(date(2026, 3, 27)), 100);
        assert_eq!(at(date(2026, 4, 3)), 800);
        assert_eq!(at(date(2026, 1, 1)), 0, "what is earlier is at the edge");
    }
}
