//! Freshness: how current a value is, according to the schedule of its document.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::domain::judged::Held;
use crate::domain::published::{Publication, Schedule};

/// How current a value is, from best to worst. It is independent of whether polling works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// The fixing is for today, or one of the days for which its table is valid; or it is announced and none is in force
    /// yet.
    Fresh,
    /// There is none for today: none was due, because of a weekend or a holiday, or the bank has announced a later one
    /// instead. The last one still stands.
    CarriedOver,
    /// A publication was due and is missing.
    Late,
    /// Too old to be relied on; it stays visible, with its date.
    Stale,
}

/// The dates from which the freshness of a value is derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreshnessDates {
    /// The date in force; if nothing is in force yet, the first announced one.
    pub effective_date: Date,
    /// The date of the real fixing that it repeats; the same if it repeats none.
    pub fixed_on: Date,
    /// The newest date, including announced ones.
    pub newest: Date,
}

/// A freshness, and the reason if it is not [`Freshness::Fresh`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshnessStatus {
    /// The freshness.
    pub freshness: Freshness,
    /// The reason; empty if the value is fresh. It names dates and hours of the calendar alone, so that it changes only
    /// with an event.
    pub reason: String,
}

impl FreshnessStatus {
    /// The freshness of a document, or of a row of it, in the source's time zone.
    pub fn of(schedule: &Schedule, zone: &TimeZone, now: Timestamp, known: FreshnessDates) -> Self {
        let FreshnessDates {
            effective_date,
            fixed_on,
            newest,
        } = known;
        if let Some(missed) = schedule.first_missed(zone, now, newest) {
            return Self::missed(schedule, zone, now, newest, &missed);
        }
        if effective_date > fixed_on {
            return Self {
                freshness: Freshness::CarriedOver,
                reason: format!("the fixing of {fixed_on} was repeated for {effective_date}"),
            };
        }
        let uncovered = effective_date.saturating_add(schedule.valid_days.days());
        if zone.to_datetime(now).date() < uncovered {
            return Self {
                freshness: Freshness::Fresh,
                reason: String::new(),
            };
        }
        // A bank that announced a later date is not late: it left this one out.
        let nothing = if schedule.takes_force_on(uncovered) {
            "there is no table"
        } else {
            "no table was due"
        };
        Self {
            freshness: Freshness::CarriedOver,
            reason: format!("{nothing} for {uncovered}; that of {effective_date} stands"),
        }
    }

    fn missed(
        schedule: &Schedule,
        zone: &TimeZone,
        now: Timestamp,
        newest: Date,
        missed: &Publication,
    ) -> Self {
        let local = |instant| zone.to_datetime(instant).strftime("%Y-%m-%d %H:%M");
        let due = format!(
            "the table for {} was due by {} {}",
            missed.effective_date,
            local(missed.due),
            zone_phrase(zone)
        );
        let stale_from = schedule.stale_from(missed);
        if now < stale_from {
            return Self {
                freshness: Freshness::Late,
                reason: format!("{due} and is not there"),
            };
        }
        Self {
            freshness: Freshness::Stale,
            reason: format!(
                "nothing newer than {newest}; {due}; stale since {}",
                local(stale_from)
            ),
        }
    }

    /// Adds to the reason, if a table is missing, that a value is held: the bank has published, but the value is not
    /// accepted.
    #[must_use]
    pub fn held_back(mut self, held: Option<&Arc<Held>>) -> Self {
        if let Some(held) = held
            && self.freshness >= Freshness::Late
        {
            let date = held.fixing.effective_date;
            self.reason = format!("{}; the value for {date} is held", self.reason);
        }
        self
    }

    /// The worse of the two. If both are equally bad for different reasons, the result has both reasons.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        match self.freshness.cmp(&other.freshness) {
            std::cmp::Ordering::Greater => self,
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Equal if self.reason == other.reason || other.reason.is_empty() => {
                self
            }
            std::cmp::Ordering::Equal => Self {
                freshness: self.freshness,
                reason: format!("{}; {}", self.reason, other.reason),
            },
        }
    }
}

/// A time zone as it is written in a sentence: `in Almaty`, `UTC`.
fn zone_phrase(zone: &TimeZone) -> String {
    let name = zone.iana_name().unwrap_or("in the bank's zone");
    match name.rsplit_once('/') {
        Some((_, city)) => format!("in {}", city.replace('_', " ")),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday, date};

    use super::*;
    use crate::domain::published::{DatingRule, Hours};

    /// Monday to Friday, 14 to 19, tomorrow's table.
    const DAILY: Schedule = Schedule {
        hours: Hours {
            days: &[
                Weekday::Monday,
                Weekday::Tuesday,
                Weekday::Wednesday,
                Weekday::Thursday,
                Weekday::Friday,
            ],
            opens: 14,
            closes: 19,
        },
        dating: DatingRule::NextDay,
        holidays: &[(4, 6)],
        repeated_on: &[],
        valid_days: 1,
        stale_after_hours: 24,
    };

    /// The age at a local time in Almaty, UTC+5, of a real fixing in force, when the newest known bears a date.
    fn age(
        schedule: &Schedule,
        local: &str,
        effective_date: Date,
        newest: Date,
    ) -> FreshnessStatus {
        let zone = TimeZone::get("Asia/Almaty").unwrap();
        let now = zone.to_timestamp(local.parse().unwrap()).unwrap();
        let known = FreshnessDates {
            effective_date,
            fixed_on: effective_date,
            newest,
        };
        FreshnessStatus::of(schedule, &zone, now, known)
    }

    fn april(day: i8) -> Date {
        date(2026, 4, day)
    }

    #[test]
    fn a_table_is_fresh_on_its_day_until_the_next_one_is_due() {
        // 2026-04-02 is a Thursday.
        let at = |local| age(&DAILY, local, april(2), april(2));
        assert_eq!(at("2026-04-02T18:59:59").freshness, Freshness::Fresh);
        assert_eq!(at("2026-04-02T18:59:59").reason, "");
        let late = at("2026-04-02T19:00:00");
        assert_eq!(late.freshness, Freshness::Late);
        assert_eq!(
            late.reason,
            "the table for 2026-04-03 was due by 2026-04-02 19:00 in Almaty and is not there"
        );
        assert_eq!(late, at("2026-04-03T18:59:59"));
    }

    #[test]
    fn a_late_table_makes_the_one_before_it_stale_after_a_day() {
        let at = |local| age(&DAILY, local, april(2), april(2));
        let stale = at("2026-04-03T19:00:00");
        assert_eq!(stale.freshness, Freshness::Stale);
        assert_eq!(
            stale.reason,
            "nothing newer than 2026-04-02; the table for 2026-04-03 was due by 2026-04-02 19:00 \
             in Almaty; stale since 2026-04-03 19:00"
        );
        assert_eq!(
            stale,
            at("2026-09-09T12:00:00"),
            "the reason does not move with the day"
        );
    }

    #[test]
    fn a_table_stands_over_a_weekend_and_a_holiday() {
        // Friday brings Saturday's; Monday the 6th is a holiday, and Tuesday brings Wednesday's.
        let at = |local| age(&DAILY, local, april(4), april(4));
        assert_eq!(at("2026-04-04T23:59:59").freshness, Freshness::Fresh);
        let carried = at("2026-04-05T00:00:00");
        assert_eq!(carried.freshness, Freshness::CarriedOver);
        assert_eq!(
            carried.reason,
            "no table was due for 2026-04-05; that of 2026-04-04 stands"
        );
        assert_eq!(carried, at("2026-04-07T18:59:59"));
        assert_eq!(at("2026-04-07T19:00:00").freshness, Freshness::Late);
    }

    #[test]
    fn a_bank_that_announced_a_later_date_has_missed_nothing() {
        // On Thursday it announced the 13th: a holiday that is not in the calendar.
        let at = |local| age(&DAILY, local, april(9), april(13));
        let carried = at("2026-04-11T22:00:00");
        assert_eq!(carried.freshness, Freshness::CarriedOver);
        assert_eq!(
            carried.reason,
            "there is no table for 2026-04-10; that of 2026-04-09 stands"
        );
    }

    #[test]
    fn what_is_only_announced_is_fresh() {
        let age = age(&DAILY, "2026-04-02T20:00:00", april(3), april(3));
        assert_eq!(age.freshness, Freshness::Fresh);
    }

    #[test]
    fn a_weekly_table_is_fresh_for_seven_days() {
        let weekly = Schedule {
            hours: Hours {
                days: &[Weekday::Friday],
                ..DAILY.hours
            },
            valid_days: 7,
            stale_after_hours: 48,
            ..DAILY
        };
        let at = |local| age(&weekly, local, april(4), april(4)).freshness;
        assert_eq!(at("2026-04-04T00:00:00"), Freshness::Fresh);
        assert_eq!(at("2026-04-10T18:59:59"), Freshness::Fresh, "the sixth day");
        assert_eq!(at("2026-04-10T19:00:00"), Freshness::Late);
        assert_eq!(at("2026-04-12T18:59:59"), Freshness::Late);
        assert_eq!(at("2026-04-12T19:00:00"), Freshness::Stale);
    }

    #[test]
    fn a_repeated_fixing_is_carried_over_until_the_next_is_due() {
        let zone = TimeZone::UTC;
        let at = |local: &str| {
            let known = FreshnessDates {
                effective_date: april(5),
                fixed_on: april(4),
                newest: april(5),
            };
            let now = zone.to_timestamp(local.parse().unwrap()).unwrap();
            FreshnessStatus::of(&DAILY, &zone, now, known)
        };
        let carried = at("2026-04-05T12:00:00");
        assert_eq!(carried.freshness, Freshness::CarriedOver);
        assert_eq!(
            carried.reason,
            "the fixing of 2026-04-04 was repeated for 2026-04-05"
        );
        let late = at("2026-04-07T19:00:00");
        assert_eq!(
            late.reason,
            "the table for 2026-04-08 was due by 2026-04-07 19:00 UTC and is not there"
        );
    }
}
