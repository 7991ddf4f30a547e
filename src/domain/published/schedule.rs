//! Schedules: when a bank publishes, and which dates its tables bear.
//!
//! The rules of a bank are data; their consequences for a day are computed here. On each publication day one table
//! appears. It has one effective date, and it is due when the publication hours of that day end. Around a moving feast a
//! table may appear and is not due.

mod day;
mod feasts;
mod learned;

use std::iter::successors;

pub use feasts::MovingFeasts;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// How many days without a publication are skipped: the longest new-year holidays take twelve, and a weekly table
/// that falls on a holiday leaves thirteen.
const PAUSE_DAYS_MAX: usize = 31;
/// How many days of missed publications are counted: ten years.
const COUNTED_DAYS_MAX: usize = 3_660;
/// How many dates between two tables are listed: as many as a history keeps.
const DATES_MAX: usize = 64;
/// How long after the end of the publication hours a bank may remain unreached before its last table is stale: a day, in
/// which most outages of a bank or of the network end.
const UNREACHED_MAX: SignedDuration = SignedDuration::from_hours(24);
/// How long after the end of the publication hours the last table stands while the bank is reached and shows no newer one:
/// ten days, as long as the longest holidays that no calendar knows beforehand.
const UNCHANGED_MAX: SignedDuration = SignedDuration::from_hours(10 * 24);
/// How many days back a publication may lie whose deadlines are still to come: those of [`UNCHANGED_MAX`], and one for the
/// hours of the day on either side.
const DEADLINE_DAYS: i32 = 12;

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

/// Days that the settings name, because a government decreed them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceptions {
    /// Days on which the bank publishes nothing.
    pub holidays: &'static [Date],
    /// Days on which it publishes, whatever the rules say.
    pub working_days: &'static [Date],
}

impl Exceptions {
    /// No such day.
    pub const NONE: Self = Self {
        holidays: &[],
        working_days: &[],
    };
}

/// When the tables of a document are published, and how long each is valid.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// The publication days and hours.
    pub hours: Hours,
    /// The date that a table bears.
    pub dating: DatingRule,
    /// Days without a publication, the same each year.
    pub holidays: &'static [Holiday],
    /// The feasts of the country that have other dates each year. Around them no table is due.
    pub feasts: MovingFeasts,
    /// Days that the settings name. They precede every other rule.
    pub exceptions: Exceptions,
    /// Other days of the week on which the last table may appear again under a later date, at the same hours. A
    /// repeated table is polled for, and is never due.
    pub repeated_on: &'static [Weekday],
    /// The number of days for which a table is valid: one for a daily table, seven for a weekly one.
    pub valid_days: i32,
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
    /// The first publication that is expected and neither there nor due. `None` only for a schedule without days.
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
    /// Whether a table may appear on a day of the week, a repeated one included.
    pub fn is_polled_on(&self, weekday: Weekday) -> bool {
        self.hours.days.contains(&weekday) || self.repeated_on.contains(&weekday)
    }

    /// The missed and the next publications, given the effective date of the newest known table, announced or not.
    /// Before the first table none is missed.
    pub fn outlook(&self, zone: &TimeZone, now: Timestamp, newest: Option<Date>) -> Outlook {
        let first_missed = newest.and_then(|newest| self.first_missed(zone, now, newest));
        let due = newest.and_then(|newest| self.first_due_day_beyond(newest));
        let missed = due.filter(|_| first_missed.is_some());
        // A publication of the day before yesterday is due in every time zone; for later days the hour counts.
        let yesterday = days_back_from(zone.to_datetime(now).date()).nth(1);
        let next = newest
            .map(|newest| self.first_day_beyond(newest))
            .max(yesterday)
            .into_iter()
            .flat_map(days_from)
            .take(PAUSE_DAYS_MAX)
            .filter(|day| self.is_expected_day(*day))
            .filter_map(|day| self.publication(day, zone))
            .find(|publication| publication.due > now && Some(publication.effective_date) > newest);
        Outlook {
            missed: missed.map_or(0, |day| self.count_due(day, zone, now)),
            first_missed,
            next,
        }
    }

    /// The last publication whose table has an effective date up to this one.
    pub fn last_publication(&self, zone: &TimeZone, effective_date: Date) -> Option<Publication> {
        days_back_from(effective_date)
            .take(PAUSE_DAYS_MAX)
            .filter(|day| self.is_expected_day(*day))
            .filter_map(|day| self.publication(day, zone))
            .find(|publication| publication.effective_date <= effective_date)
    }

    /// The first missed publication, given the effective date of the newest known table.
    pub fn first_missed(
        &self,
        zone: &TimeZone,
        now: Timestamp,
        newest: Date,
    ) -> Option<Publication> {
        self.publication_due(self.first_due_day_beyond(newest)?, zone, now)
    }

    /// The first missed publication that was due after the bank was last asked; the first of all if it never was.
    pub fn first_missed_since(
        &self,
        zone: &TimeZone,
        now: Timestamp,
        newest: Date,
        asked: Option<Timestamp>,
    ) -> Option<Publication> {
        let first = self.first_missed(zone, now, newest)?;
        let Some(asked) = asked.filter(|asked| *asked >= first.due) else {
            return Some(first);
        };
        days_from(zone.to_datetime(asked).date())
            .take(PAUSE_DAYS_MAX)
            .filter(|day| self.is_publication_day(*day))
            .filter_map(|day| self.publication(day, zone))
            .find(|publication| publication.due > asked)
            .filter(|publication| publication.due <= now)
    }

    /// The instant at which the last table becomes stale, if the bank has not been reached since a publication was due.
    pub fn stale_if_unreached(&self, missed: &Publication) -> Timestamp {
        later(missed.due, UNREACHED_MAX)
    }

    /// The instant at which the last table becomes stale, even if the bank is reached and shows no newer one.
    pub fn stale_if_unchanged(&self, first_missed: &Publication) -> Timestamp {
        later(first_missed.due, UNCHANGED_MAX)
    }

    /// The next instant at which anything derived from the schedule can change: a midnight, the end of the publication
    /// hours, or an instant at which a missed publication makes a table stale.
    pub fn next_change(&self, zone: &TimeZone, now: Timestamp) -> Timestamp {
        let today = zone.to_datetime(now).date();
        let midnight = today
            .tomorrow()
            .ok()
            .and_then(|tomorrow| instant(tomorrow, 0, zone));
        let first = today.checked_sub(DEADLINE_DAYS.days()).unwrap_or(today);
        days_from(first)
            .take_while(|day| *day <= today)
            .filter(|day| self.is_expected_day(*day))
            .filter_map(|day| self.publication(day, zone))
            .flat_map(|missed| {
                let unreached = self.stale_if_unreached(&missed);
                [missed.due, unreached, self.stale_if_unchanged(&missed)]
            })
            .chain(midnight)
            .filter(|instant| *instant > now)
            .min()
            .unwrap_or(Timestamp::MAX)
    }

    /// The first day whose table may have a later effective date.
    fn first_day_beyond(&self, date: Date) -> Date {
        match self.dating {
            DatingRule::SameDay => date.tomorrow().unwrap_or(date),
            DatingRule::NextDay => date,
            // The table of the last working day up to the date takes force on the next one, which is after it.
            DatingRule::NextPublicationDay => days_back_from(date)
                .take(PAUSE_DAYS_MAX)
                .find(|day| self.may_publish_on(*day))
                .unwrap_or(date),
        }
    }

    /// The first day on which a table with a later effective date is due.
    fn first_due_day_beyond(&self, date: Date) -> Option<Date> {
        days_from(self.first_day_beyond(date))
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

fn later(instant: Timestamp, duration: SignedDuration) -> Timestamp {
    instant.checked_add(duration).unwrap_or(Timestamp::MAX)
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
