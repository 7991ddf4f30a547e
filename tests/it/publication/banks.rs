//! Seven sources over a year, as they might work: publication minutes that scatter, hours that move, holidays that no
//! calendar has, and outages. Everything follows from a seed.

use std::iter::successors;

use fastrand::Rng;
use jiff::civil::{Date, DateTime, Time, Weekday, date, time};
use jiff::{SignedDuration, ToSpan};
use silkrate::domain::Schedule;

/// The first and the last day of the year.
pub(super) const FIRST_DAY: Date = date(2026, 1, 1);
pub(super) const LAST_DAY: Date = date(2026, 12, 31);
/// Working days off that no calendar knew, for each bank and year.
const SURPRISE_HOLIDAYS: usize = 8;
/// Outages of each bank in the year, and the longest.
const OUTAGES: usize = 12;
const OUTAGE_MINUTES_MAX: i64 = 8 * 60;

/// How one document of a source is published.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habit {
    pub(super) source: &'static str,
    pub(super) kind: &'static str,
    pub(super) document: &'static str,
    /// The days on which it appears.
    days: &'static [Weekday],
    /// Around which local time.
    around: Time,
    /// The standard deviation of that time, in minutes.
    scatter: i64,
    /// By how many minutes the hour moves on 1 July.
    moves: i64,
    dating: Dating,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dating {
    NextDay,
    /// The same, and on days off the table again under the next date.
    NextDayRepeated,
    NextWorkingDay,
    /// Several times a day under the same date.
    SameDay,
}

/// A table that appeared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Appearance {
    /// When, in the local time of the bank.
    pub(super) at: DateTime,
    pub(super) date: Date,
    /// The number of its fixing; a table that repeats the one before has the same.
    pub(super) fixing: u32,
    pub(super) is_new: bool,
}

/// The year of one document.
#[derive(Debug)]
pub(super) struct Year {
    appearances: Vec<Appearance>,
}

const WEEK: [Weekday; 5] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
];
const SIX_DAYS: [Weekday; 6] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
];

const fn habit(source: &'static str, around: Time, scatter: i64, dating: Dating) -> Habit {
    Habit {
        source,
        kind: "",
        document: "daily",
        days: &WEEK,
        around,
        scatter,
        moves: 0,
        dating,
    }
}

/// The sources, with the hours at which their real tables were seen where those are known.
pub(super) const HABITS: [Habit; 8] = [
    habit("nbk", time(15, 45, 0, 0), 8, Dating::NextDayRepeated),
    habit("nbkr", time(15, 59, 0, 0), 4, Dating::NextDayRepeated),
    Habit {
        document: "weekly",
        days: &[Weekday::Friday],
        ..habit("nbkr", time(16, 10, 0, 0), 4, Dating::NextDay)
    },
    Habit {
        moves: 45,
        ..habit("cbu", time(16, 45, 0, 0), 10, Dating::NextDay)
    },
    habit("nbt", time(11, 30, 0, 0), 12, Dating::NextWorkingDay),
    Habit {
        days: &SIX_DAYS,
        ..habit("cbt", time(15, 25, 0, 0), 3, Dating::NextWorkingDay)
    },
    Habit {
        moves: -70,
        ..habit("cbr", time(16, 30, 0, 0), 12, Dating::NextDay)
    },
    Habit {
        kind: "apilayer",
        document: "latest",
        ..habit("market", time(0, 33, 0, 0), 0, Dating::SameDay)
    },
];

pub(super) fn days_from(first: Date) -> impl Iterator<Item = Date> {
    successors(Some(first), |day| day.tomorrow().ok())
}

impl Year {
    /// All that appears in the year: on the days of the habit that the calendar does not have off, but for some surprises.
    pub(super) fn of(habit: Habit, schedule: &Schedule, rng: &mut Rng) -> Self {
        let surprises: Vec<Date> = (0..SURPRISE_HOLIDAYS)
            .map(|_| FIRST_DAY + i64::from(rng.i32(10..360)).days())
            .collect();
        let works = |day: Date| {
            habit.days.contains(&day.weekday())
                && schedule.is_publication_day(day)
                && !surprises.contains(&day)
        };
        let mut appearances = Vec::new();
        let mut fixing = 0;
        for day in days_from(FIRST_DAY).take_while(|day| *day <= LAST_DAY) {
            let tomorrow = day.tomorrow().unwrap();
            if habit.dating == Dating::SameDay {
                for hour in [0, 8, 16] {
                    fixing += 1;
                    let at = day.at(hour, 33, 0, 0);
                    appearances.push(Appearance {
                        at,
                        date: day,
                        fixing,
                        is_new: true,
                    });
                }
            } else if works(day) {
                fixing += 1;
                let date = match habit.dating {
                    Dating::NextWorkingDay => days_from(tomorrow).find(|day| works(*day)).unwrap(),
                    _ => tomorrow,
                };
                let at = habit.minute(day, rng);
                appearances.push(Appearance {
                    at,
                    date,
                    fixing,
                    is_new: true,
                });
            } else if habit.dating == Dating::NextDayRepeated && fixing > 0 {
                let at = day.at(0, 30, 0, 0);
                appearances.push(Appearance {
                    at,
                    date: tomorrow,
                    fixing,
                    is_new: false,
                });
            }
        }
        Self { appearances }
    }

    /// The dates of the tables, but for those that repeat the one before, that appeared before a day.
    pub(super) fn dates_before(&self, day: Date) -> impl Iterator<Item = Date> {
        let new = self.appearances.iter();
        let new = new.filter(move |appearance| appearance.is_new && appearance.at.date() < day);
        new.map(|appearance| appearance.date)
    }

    /// The answer to a request for a date, or for the newest table.
    pub(super) fn answer(&self, requested: Option<Date>, now: DateTime) -> Option<Appearance> {
        let there = self
            .appearances
            .partition_point(|appearance| appearance.at <= now);
        let mut there = self.appearances[..there].iter().rev().take(60);
        match requested {
            None => there.next().copied(),
            Some(date) => there.find(|known| known.date == date).copied(),
        }
    }
}

impl Habit {
    /// When the table of a day appears: on most days within a few minutes, on one in thirty within three quarters of an
    /// hour, and on one in fifty hours late.
    fn minute(&self, day: Date, rng: &mut Rng) -> DateTime {
        // Six dice make a bell; the factors make its standard deviation the scatter.
        let bell: i64 = (0..6).map(|_| rng.i64(-500..=500)).sum();
        let scattered = match rng.u32(0..300) {
            0..6 => rng.i64(3_600..10_800),
            6..16 => rng.i64(-2_700..=2_700),
            _ => bell * self.scatter * 60 * 1_414 / 1_000_000,
        };
        let moved = if day.month() >= 7 { self.moves } else { 0 };
        let seconds = SignedDuration::from_secs(scattered);
        day.to_datetime(self.around) + SignedDuration::from_mins(moved) + seconds
    }
}

/// The outages of a bank: each from one local instant to another.
pub(super) fn outages(rng: &mut Rng) -> Vec<(DateTime, DateTime)> {
    let outage = |_| {
        let day = FIRST_DAY + i64::from(rng.i32(0..365)).days();
        let from = day.at(rng.i8(0..24), rng.i8(0..60), 0, 0);
        let minutes = rng.i64(5..OUTAGE_MINUTES_MAX);
        (from, from + SignedDuration::from_mins(minutes))
    };
    (0..OUTAGES).map(outage).collect()
}
