//! What a schedule says of a day: whether a table is due on it, expected, possible, or none of these.

use jiff::civil::{Date, Weekday};

use super::feasts::FeastDay;
use super::{DATES_MAX, DatingRule, PAUSE_DAYS_MAX, Schedule, days_from};

/// What is known of a day, from the most certain to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DayKind {
    /// A table is due.
    Due,
    /// A table is expected, and none is due: a moving feast is near.
    Expected,
    /// Probably a day off. A table is possible all the same.
    Possible,
    /// A day off.
    Off,
}

impl Schedule {
    /// Whether a table is due on a day.
    pub fn is_publication_day(&self, day: Date) -> bool {
        self.kind_of(day) == DayKind::Due
    }

    /// Whether a table is expected on a day, due or not.
    pub(super) fn is_expected_day(&self, day: Date) -> bool {
        matches!(self.kind_of(day), DayKind::Due | DayKind::Expected)
    }

    /// Whether a table on a day is no surprise.
    pub(super) fn may_publish_on(&self, day: Date) -> bool {
        self.kind_of(day) != DayKind::Off
    }

    /// Whether a table may appear on a day and, given the newest known one, is not there.
    pub fn awaits(&self, day: Date, newest: Option<Date>) -> bool {
        self.may_publish_on(day) && newest.is_none_or(|newest| self.first_day_beyond(newest) <= day)
    }

    fn kind_of(&self, day: Date) -> DayKind {
        if self.exceptions.working_days.contains(&day) {
            return DayKind::Due;
        }
        if self.exceptions.holidays.contains(&day)
            || !self.hours.days.contains(&day.weekday())
            || self.is_holiday(day)
        {
            return DayKind::Off;
        }
        match self.feasts.on(day) {
            Some(FeastDay::Feast) => DayKind::Possible,
            None if self.replaces_a_holiday(day) => DayKind::Possible,
            Some(FeastDay::Tolerance) => DayKind::Expected,
            None => DayKind::Due,
        }
    }

    fn is_holiday(&self, day: Date) -> bool {
        self.holidays.contains(&(day.month(), day.day()))
    }

    /// Whether a holiday of the weekend before a Monday is perhaps made up for on it: the countries do so in some years,
    /// by decree.
    fn replaces_a_holiday(&self, day: Date) -> bool {
        let days_before = |day: Date| day.yesterday().ok();
        day.weekday() == Weekday::Monday
            && std::iter::successors(days_before(day), |day| days_before(*day))
                .take(2)
                .any(|day| !self.hours.days.contains(&day.weekday()) && self.is_holiday(day))
    }

    /// Whether a fixing must take force on a date.
    pub fn takes_force_on(&self, date: Date) -> bool {
        self.dates_from(date, Self::is_publication_day)
    }

    /// Whether a fixing that takes force on a date is no surprise.
    pub fn may_take_force_on(&self, date: Date) -> bool {
        self.dates_from(date, Self::may_publish_on)
    }

    /// Whether a date is that of a table from a day of some kind.
    fn dates_from(&self, date: Date, is_day: impl Fn(&Self, Date) -> bool) -> bool {
        match self.dating {
            DatingRule::SameDay | DatingRule::NextPublicationDay => is_day(self, date),
            DatingRule::NextDay => date.yesterday().is_ok_and(|day| is_day(self, day)),
        }
    }

    /// The first date after another on which a fixing is expected to take force.
    pub fn next_date(&self, after: Date) -> Option<Date> {
        days_from(after)
            .skip(1)
            .take(PAUSE_DAYS_MAX)
            .find(|date| self.dates_from(*date, Self::is_expected_day))
    }

    /// The first date after another on which a fixing may take force.
    pub fn next_possible_date(&self, after: Date) -> Option<Date> {
        days_from(after)
            .skip(1)
            .take(PAUSE_DAYS_MAX)
            .find(|date| self.may_take_force_on(*date))
    }

    /// The dates between two others on which fixings must take force, earliest first; at most 64.
    pub fn dates_between(&self, after: Date, before: Date) -> Vec<Date> {
        days_from(after)
            .skip(1)
            .take_while(|date| *date < before)
            .filter(|date| self.takes_force_on(*date))
            .take(DATES_MAX)
            .collect()
    }
}
