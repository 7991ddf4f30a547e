//! Schedules: when a bank publishes, and which dates its tables bear.
//!
//! The rules of a bank are data; their consequences for a day are computed here. On each publication day one table
//! appears. It has one effective date, and it is due when the publication hours of that day end.

use std::iter::successors;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// How many days without a publication are skipped: the longest new-year holidays take twelve, and a weekly table
/// that falls on a holiday leaves thirteen.
const PAUSE_DAYS_MAX: usize = 31;
/// How many days of missed publications are counted: ten years.
const COUNTED_DAYS_MAX: usize = 3_660;
/// How many dates between two tables are listed: as many as a history keeps.
const DATES_MAX: usize = 64;

/// The publication hours, in the time zone of the source.
#[derive(Debug, Clone, Copy)]
pub struct Hours {
    /// The days of the week.
    pub days: &'static [Weekday],
    /// The hour at which they begin, 0 to 23.
    pub opens: i8,
    /// The hour at which they end, 1 to 24.
    pub closes: i8,
}

/// The rule by which a table is dated, relative to the working day on which it is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatingRule {
    /// The same day.
    SameDay,
    /// The next calendar day.
    NextDay,
    /// The next publication day: on a Friday, Monday.
    NextPublicationDay,
}

/// A public holiday on a fixed date, on which the bank publishes nothing: month and day.
pub type Holiday = (i8, i8);

/// When the tables of a document are published, and how long each is valid.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// The publication days and hours.
    pub hours: Hours,
    /// The date that a table bears.
    pub dating: DatingRule,
    /// Days without a publication. Moving holidays (Eid) and days off moved by decree are not included.
    pub holidays: &'static [Holiday],
    /// Other days of the week on which the last table may appear again under a later date, at the same hours. A
    /// repeated table is polled for, and is never due.
    pub repeated_on: &'static [Weekday],
    /// The number of days for which a table is valid: one for a daily table, seven for a weekly one.
    pub valid_days: i32,
    /// How many hours after the end of the publication hours a missing table makes the last one stale.
    pub stale_after_hours: i32,
}

/// A scheduled publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publication {
    /// The effective date of its table.
    pub effective_date: Date,
    /// When its publication hours begin.
    pub opens: Timestamp,
    /// When its publication hours end: a table that is missing is late from then on.
    pub due: Timestamp,
}

/// The missed and the next publications of a document at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// How many publications were missed.
    pub missed: u32,
    /// The first of them.
    pub first_missed: Option<Publication>,
    /// The first publication that is neither there nor due. `None` only for a schedule without days.
    pub next: Option<Publication>,
}

impl Hours {
    /// Whether the hours include an hour of the day, 0 to 23.
    pub fn include(&self, hour: i8) -> bool {
        (self.opens..self.closes).contains(&hour)
    }

    /// When they begin on a day.
    pub fn opening(&self, day: Date, zone: &TimeZone) -> Option<Timestamp> {
        instant(day, self.opens, zone)
    }

    /// When they end on a day.
    pub fn closing(&self, day: Date, zone: &TimeZone) -> Option<Timestamp> {
        instant(day, self.closes, zone)
    }
}

impl Schedule {
    /// Whether the bank publishes a table on a day.
    pub fn is_publication_day(&self, day: Date) -> bool {
        self.hours.days.contains(&day.weekday())
            && !self.holidays.contains(&(day.month(), day.day()))
    }

    /// Whether a table may appear on a day of the week, a repeated one included.
    pub fn is_polled_on(&self, weekday: Weekday) -> bool {
        self.hours.days.contains(&weekday) || self.repeated_on.contains(&weekday)
    }

    /// Whether a fixing is scheduled to take force on a date.
    pub fn takes_force_on(&self, date: Date) -> bool {
        match self.dating {
            DatingRule::SameDay | DatingRule::NextPublicationDay => self.is_publication_day(date),
            DatingRule::NextDay => date
                .yesterday()
                .is_ok_and(|day| self.is_publication_day(day)),
        }
    }

    /// The first date after another on which a fixing is scheduled to take force.
    pub fn next_date(&self, after: Date) -> Option<Date> {
        days_from(after)
            .skip(1)
            .take(PAUSE_DAYS_MAX)
            .find(|date| self.takes_force_on(*date))
    }

    /// The dates between two others on which fixings are scheduled to take force, earliest first; at most 64.
    pub fn dates_between(&self, after: Date, before: Date) -> Vec<Date> {
        successors(self.next_date(after), |date| self.next_date(*date))
            .take_while(|date| *date < before)
            .take(DATES_MAX)
            .collect()
    }

    /// The missed and the next publications, given the effective date of the newest known table, announced or not.
    /// Before the first table none is missed.
    pub fn outlook(&self, zone: &TimeZone, now: Timestamp, newest: Option<Date>) -> Outlook {
        let wanted = newest.and_then(|newest| self.first_day_beyond(newest));
        let first_missed = wanted.and_then(|day| self.publication_due(day, zone, now));
        let missed = wanted.filter(|_| first_missed.is_some());
        // A publication of the day before yesterday is due in every time zone; for later days the hour counts.
        let yesterday = days_back_from(zone.to_datetime(now).date()).nth(1);
        let next = wanted
            .max(yesterday)
            .into_iter()
            .flat_map(days_from)
            .take(PAUSE_DAYS_MAX)
            .filter(|day| self.is_publication_day(*day))
            .filter_map(|day| self.publication(day, zone))
            .find(|publication| publication.due > now);
        Outlook {
            missed: missed.map_or(0, |day| self.count_due(day, zone, now)),
            first_missed,
            next,
        }
    }

    /// The first missed publication, given the effective date of the newest known table.
    pub fn first_missed(
        &self,
        zone: &TimeZone,
        now: Timestamp,
        newest: Date,
    ) -> Option<Publication> {
        self.publication_due(self.first_day_beyond(newest)?, zone, now)
    }

    /// The instant at which a missed publication makes the last table stale.
    pub fn stale_from(&self, missed: &Publication) -> Timestamp {
        let patience = SignedDuration::from_hours(i64::from(self.stale_after_hours));
        missed.due.checked_add(patience).unwrap_or(Timestamp::MAX)
    }

    /// The next instant at which anything derived from the schedule can change: a midnight, the end of the publication
    /// hours, or the instant at which a missed publication makes a table stale.
    pub fn next_change(&self, zone: &TimeZone, now: Timestamp) -> Timestamp {
        let today = zone.to_datetime(now).date();
        let midnight = today
            .tomorrow()
            .ok()
            .and_then(|tomorrow| instant(tomorrow, 0, zone));
        let patience_days = i64::from(self.stale_after_hours)
            .saturating_div(24)
            .saturating_add(2);
        let patience = SignedDuration::from_hours(patience_days.saturating_mul(24));
        days_from(today.saturating_sub(patience))
            .take_while(|day| *day <= today)
            .filter(|day| self.is_publication_day(*day))
            .filter_map(|day| self.publication(day, zone))
            .flat_map(|publication| [publication.due, self.stale_from(&publication)])
            .chain(midnight)
            .filter(|instant| *instant > now)
            .min()
            .unwrap_or(Timestamp::MAX)
    }

    /// The first publication day whose table has a later effective date.
    fn first_day_beyond(&self, date: Date) -> Option<Date> {
        let start = match self.dating {
            DatingRule::SameDay => date.tomorrow().ok()?,
            DatingRule::NextDay => date,
            // The table of the last publication day up to the date takes force on the next one, which is after it.
            DatingRule::NextPublicationDay => days_back_from(date)
                .take(PAUSE_DAYS_MAX)
                .find(|day| self.is_publication_day(*day))
                .unwrap_or(date),
        };
        days_from(start)
            .take(PAUSE_DAYS_MAX)
            .find(|day| self.is_publication_day(*day))
    }

    /// The publication of a day.
    fn publication(&self, day: Date, zone: &TimeZone) -> Option<Publication> {
        let effective_date = match self.dating {
            DatingRule::SameDay => day,
            DatingRule::NextDay => day.tomorrow().ok()?,
            DatingRule::NextPublicationDay => self.next_date(day)?,
        };
        Some(Publication {
            effective_date,
            opens: self.hours.opening(day, zone)?,
            due: self.hours.closing(day, zone)?,
        })
    }

    fn publication_due(&self, day: Date, zone: &TimeZone, now: Timestamp) -> Option<Publication> {
        self.publication(day, zone)
            .filter(|publication| publication.due <= now)
    }

    /// How many publications were due since a publication day.
    fn count_due(&self, first: Date, zone: &TimeZone, now: Timestamp) -> u32 {
        let today = zone.to_datetime(now).date();
        let yesterday = today.yesterday().unwrap_or(today);
        let is_due = |day: Date| {
            day < yesterday || self.hours.closing(day, zone).is_some_and(|due| due <= now)
        };
        let count = days_from(first)
            .take(COUNTED_DAYS_MAX)
            .take_while(|day| *day <= today)
            .filter(|day| self.is_publication_day(*day) && is_due(*day))
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

/// An hour of a day, 0 to 24, as an instant.
fn instant(day: Date, hour: i8, zone: &TimeZone) -> Option<Timestamp> {
    let (day, hour) = if hour == 24 {
        (day.tomorrow().ok()?, 0)
    } else {
        (day, hour)
    };
    let time = Time::new(hour, 0, 0, 0).ok()?;
    let zoned = day.to_datetime(time).to_zoned_datetime(zone.clone()).ok()?;
    Some(zoned.timestamp())
}

fn days_from(first: Date) -> impl Iterator<Item = Date> {
    successors(Some(first), |day| day.tomorrow().ok())
}

fn days_back_from(last: Date) -> impl Iterator<Item = Date> {
    successors(Some(last), |day| day.yesterday().ok())
}

#[cfg(test)]
mod tests;
