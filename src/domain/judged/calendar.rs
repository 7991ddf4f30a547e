//! The calendar of a document as its tables show it: which rule they are dated by, and which tables are missing.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::judged::DocumentRecord;
use crate::domain::published::{Publication, Schedule};

impl DocumentRecord {
    /// The schedule as all tables kept show it.
    pub fn current_schedule(&self) -> Schedule {
        self.schedule_until(Date::MAX)
    }

    /// The schedule as the tables up to a date show it.
    pub fn schedule_until(&self, last: Date) -> Schedule {
        let fixing_dates = self.history.fixing_dates().rev();
        let fixing_dates = fixing_dates.filter(|date| *date <= last && self.is_fixing(*date));
        self.schedule.taught_by(fixing_dates)
    }

    /// Whether a table that does not repeat the one before is certainly a fixing: of the oldest one only a printed change
    /// tells.
    fn is_fixing(&self, date: Date) -> bool {
        let prints_move = |date| {
            let table = self.history.table(date);
            let mut rows = table.into_iter().flat_map(|table| table.rows.values());
            rows.any(|row| row.published_change.is_some_and(|change| !change.is_zero()))
        };
        self.history.date_before(date).is_some() || prints_move(date)
    }

    /// The dates between two tables that must have had a table of their own, earliest first.
    pub fn missing_dates(&self, before: Date, date: Date) -> Vec<Date> {
        let schedule = self.schedule_until(before);
        let missing = schedule.dates_between(before, date);
        if missing.is_empty() || self.shows_other_dating(&schedule, before, date) {
            return Vec::new();
        }
        missing
    }

    /// The same, without those of which the changes that the bank prints prove that there is none: a holiday that is not
    /// in the calendar.
    pub fn gaps_between(&self, before: Date, date: Date) -> Vec<Date> {
        let missing = self.missing_dates(before, date);
        if missing.is_empty() || self.follows_directly(before, date) {
            return Vec::new();
        }
        missing
    }

    /// Whether the date of a table is odd: neither the calendar nor the tables before it have such a date.
    pub(super) fn is_odd_date(&self, before: Date, date: Date) -> bool {
        let schedule = self.schedule_until(before);
        if schedule.may_take_force_on(date) {
            return false;
        }
        if schedule.valid_days == 1 {
            // A daily table may be repeated under any later date.
            return !self.history.is_carry(date)
                && !self.shows_other_dating(&schedule, before, date);
        }
        // A table for several days is moved to another day of publication by a holiday, and keeps its day of the week.
        date.weekday() != before.weekday()
    }

    /// Whether a table is the first that is dated by the other rule: by that rule it follows the one before, and so do the
    /// changes that it prints. The date alone may be a misprint.
    fn shows_other_dating(&self, schedule: &Schedule, before: Date, date: Date) -> bool {
        let Some(other) = schedule.with_other_dating() else {
            return false;
        };
        other.may_take_force_on(date)
            && other.dates_between(before, date).is_empty()
            && self.follows_directly(before, date)
    }

    /// Whether the changes that a table prints prove that no table lies between it and another one: most of them are the
    /// differences from that one.
    fn follows_directly(&self, before: Date, date: Date) -> bool {
        let rows_before = self.history.printed(before);
        let rows = self.history.printed(date);
        let agree = rows.iter().filter_map(|(code, row)| {
            let difference = row.difference_from(rows_before.get(code)?)?;
            row.published_change.map(|change| change == difference)
        });
        let (agree, differ): (Vec<bool>, Vec<bool>) = agree.partition(|agrees| *agrees);
        agree.len() > differ.len()
    }

    /// The first missed publication that was due after the bank was last asked; the first of all if it never was.
    pub fn first_missed_since(
        &self,
        zone: &TimeZone,
        now: Timestamp,
        asked: Option<Timestamp>,
    ) -> Option<Publication> {
        let newest = self.history.newest_printed()?;
        self.current_schedule()
            .first_missed_since(zone, now, newest, asked)
    }
}
