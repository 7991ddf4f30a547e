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
    /// The bank has not been reached for a day after a publication was due, or has shown the same table for ten days. The
    /// value stays visible, with its date; another source that is not stale takes over.
    Stale,
}

/// What the freshness of a value is derived from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreshnessDates {
    /// The date in force; if nothing is in force yet, the first announced one.
    pub effective_date: Date,
    /// The date of the real fixing that it repeats; the same if it repeats none.
    pub fixed_on: Date,
    /// The newest date, including announced ones.
    pub newest: Date,
    /// The newest date that the document has printed, whether the value was in that table and accepted or not.
    pub printed: Date,
    /// When the bank was last asked for a table that was due, and answered without it.
    pub asked: Option<Timestamp>,
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
            ..
        } = known;
        if let Some(missed) = schedule.first_missed(zone, now, newest) {
            return Self::missed(schedule, zone, now, known, &missed);
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
            format!("there is no table for {uncovered}")
        } else if let Some(next) = schedule.next_date(effective_date) {
            // True on every day until then, so that the reason stays the same over a weekend.
            format!("no table was due before the one for {next}")
        } else {
            format!("no table was due for {uncovered}")
        };
        Self {
            freshness: Freshness::CarriedOver,
            reason: format!("{nothing}; that of {effective_date} stands"),
        }
    }

    fn missed(
        schedule: &Schedule,
        zone: &TimeZone,
        now: Timestamp,
        known: FreshnessDates,
        missed: &Publication,
    ) -> Self {
        let FreshnessDates {
            newest,
            printed,
            asked,
            ..
        } = known;
        let local = |instant| zone.to_datetime(instant).strftime("%Y-%m-%d %H:%M");
        let due = format!(
            "the table for {} was due by {} {}",
            missed.effective_date,
            local(missed.due),
            zone_phrase(zone)
        );
        let unreached = schedule.first_missed_since(zone, now, printed, asked);
        let unreached = unreached.map(|since| (schedule.stale_if_unreached(&since), since));
        let unchanged = schedule.stale_if_unchanged(missed);
        if let Some((stale_from, since)) = unreached
            && stale_from <= now.min(unchanged)
        {
            return Self {
                freshness: Freshness::Stale,
                reason: format!(
                    "nothing newer than {newest}; {due}; the bank has not been reached since {}; stale since {}",
                    local(since.due),
                    local(stale_from)
                ),
            };
        }
        let answer = if printed > newest {
            format!("the bank's table for {printed} has no accepted value")
        } else if asked >= Some(missed.due) {
            format!("the bank was asked since and still shows the table for {newest}")
        } else {
            "the bank has not been reached since".to_owned()
        };
        if unchanged <= now {
            return Self {
                freshness: Freshness::Stale,
                reason: format!("{due}; {answer}; stale since {}", local(unchanged)),
            };
        }
        Self {
            freshness: Freshness::Late,
            reason: format!("{due}; {answer}"),
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
mod tests;
