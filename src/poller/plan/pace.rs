//! How densely a source is polled at an instant.

use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};

use crate::poller::plan::{DocumentPlan, HOUR, Plan, between, later};

/// How often a table is requested when it is expected: it is seen a quarter of a minute after it appears, and half an hour
/// of it is sixty requests.
const EXPECTED: Duration = Duration::from_secs(30);
/// How often in the minutes beside: a table in ten appears in them.
const PROBABLE: Duration = Duration::from_secs(45);
/// How often within [`POSSIBLE_WITHIN`] of a time at which any table was first seen.
const POSSIBLE: Duration = Duration::from_secs(120);
/// The minutes before and after an instant whose sightings say how probable a table is then. Banks that publish by hand
/// scatter by some ten minutes.
const EXPECTED_WITHIN: Duration = Duration::from_secs(5 * 60);
/// The minutes around a sighting in which a table is possible: as long as the default interval, by which a first sighting
/// may be late.
const POSSIBLE_WITHIN: Duration = Duration::from_secs(15 * 60);
/// The time around a sighting in which polls come at the configured interval. A bank that moves its hour by less is found
/// by them, and then more exactly on the next day.
const REGULAR_WITHIN: Duration = HOUR;
/// A table is expected if one in this number of the last ones was first seen within [`EXPECTED_WITHIN`].
const EXPECTED_ONE_IN: usize = 3;
/// It is probable if one in this number was.
const PROBABLE_ONE_IN: usize = 10;
/// From how many sightings on the publication hours before the first of them are quiet: a week of daily tables.
const SIGHTINGS_ENOUGH: usize = 5;
/// By what factor polls are rarer than the configured interval after a table, and at most an hour: corrections are not
/// urgent.
const HOURLY_FACTOR: u32 = 4;
/// By what factor on days off and before the publication hours, and at most [`SPARSE_MAX`].
const SPARSE_FACTOR: u32 = 8;
/// A table that appears at an hour at which none ever did is seen two hours late at most.
const SPARSE_MAX: Duration = Duration::from_secs(2 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

impl Plan {
    /// The time between two polls of the source.
    pub(super) fn pace(&self, at: Timestamp) -> Duration {
        let paces = self.documents.iter();
        let paces = paces.map(|document| self.pace_of(document, at));
        let pace = paces.min().unwrap_or_else(|| self.sparse());
        if self.has_table() {
            pace
        } else {
            pace.min(self.hourly())
        }
    }

    /// The time between two polls for corrections.
    pub(super) fn hourly(&self) -> Duration {
        let hourly = self.interval.saturating_mul(HOURLY_FACTOR).min(HOUR);
        hourly.max(self.interval)
    }

    fn sparse(&self) -> Duration {
        let sparse = self.interval.saturating_mul(SPARSE_FACTOR).min(SPARSE_MAX);
        sparse.max(self.interval)
    }

    /// Whether a document publishes on the day of an instant, and its table is not known yet.
    pub(super) fn is_awaited(&self, document: &DocumentPlan, at: Timestamp) -> bool {
        if document.is_continuous() {
            return true;
        }
        let day = self.zone.to_datetime(at).date();
        let outlook = document.schedule.outlook(&self.zone, at, document.newest());
        let is_of_day = |opens| self.zone.to_datetime(opens).date() == day;
        let is_ahead = outlook.next.is_some_and(|next| is_of_day(next.opens));
        let is_late = outlook.first_missed.is_some();
        // Around a feast the bank may publish all the same.
        let is_possible = !document.schedule.is_publication_day(day)
            && document.schedule.awaits(day, document.newest());
        is_ahead || is_possible || (is_late && document.schedule.is_publication_day(day))
    }

    fn pace_of(&self, document: &DocumentPlan, at: Timestamp) -> Duration {
        if document.is_continuous() {
            return self.interval;
        }
        let local = self.zone.to_datetime(at);
        let (day, time) = (local.date(), local.time());
        let schedule = &document.schedule;
        let within = |span: Duration| {
            let seen = document.seen_at.iter();
            seen.filter(|seen| apart(**seen, time) <= span).count()
        };
        let in_hours = schedule.is_polled_on(day.weekday()) && schedule.hours.include(time.hour());
        if !self.is_awaited(document, at) {
            let is_holiday =
                schedule.hours.days.contains(&day.weekday()) && !schedule.is_publication_day(day);
            return if is_holiday && in_hours && within(REGULAR_WITHIN) > 0 {
                // A bank may work on a holiday.
                self.interval
            } else if in_hours || schedule.is_publication_day(day) {
                self.hourly()
            } else {
                self.sparse()
            };
        }
        let sightings = document.seen_at.len();
        let near = within(EXPECTED_WITHIN);
        let at_most = |pace: Duration| pace.min(self.interval);
        let is_after_all = document.seen_at.iter().all(|seen| *seen < time);
        if near > 0 && near * EXPECTED_ONE_IN >= sightings {
            at_most(EXPECTED)
        } else if near * PROBABLE_ONE_IN >= sightings.max(1) {
            at_most(PROBABLE)
        } else if within(POSSIBLE_WITHIN) > 0 {
            at_most(POSSIBLE)
        } else if within(REGULAR_WITHIN) > 0
            || (in_hours && (sightings < SIGHTINGS_ENOUGH || is_after_all))
        {
            self.interval
        } else if in_hours || self.is_late(document, at) {
            self.hourly()
        } else {
            self.sparse()
        }
    }

    fn is_late(&self, document: &DocumentPlan, at: Timestamp) -> bool {
        let outlook = document.schedule.outlook(&self.zone, at, document.newest());
        outlook.first_missed.is_some()
    }

    /// A time until the next poll, cut so that no denser polls are slept through.
    pub(super) fn cut(&self, now: Timestamp, wanted: Duration) -> Duration {
        if wanted <= POSSIBLE {
            return wanted;
        }
        let end = later(now, wanted);
        let boundaries = self.boundaries(now);
        let ahead = boundaries.filter(|boundary| (now..end).contains(boundary));
        let cut = ahead.filter_map(|boundary| {
            let pace = self.pace(boundary);
            (pace < wanted).then(|| between(now, boundary).max(pace))
        });
        cut.min().map_or(wanted, |cut| cut.min(wanted))
    }

    /// The start of the hours in which the next table is awaited, if it is awaited on the day of `at` and they have not
    /// begun.
    pub(super) fn next_publication_start(&self, at: Timestamp) -> Option<Timestamp> {
        let starts = self.documents.iter().filter_map(|document| {
            if document.is_continuous() || !self.is_awaited(document, at) {
                return None;
            }
            let day = self.zone.to_datetime(at).date();
            let opens = document.schedule.hours.opening(day, &self.zone);
            let seen = document.seen_at.iter().min();
            let seen = seen.and_then(|seen| self.before(day, *seen, EXPECTED_WITHIN));
            opens.into_iter().chain(seen).min()
        });
        starts.min().filter(|start| *start > at)
    }

    /// The instants of today and tomorrow from which on polls may be denser than before.
    fn boundaries(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let today = self.zone.to_datetime(now).date();
        let days = [Some(today), today.tomorrow().ok()];
        days.into_iter().flatten().flat_map(move |day| {
            self.documents.iter().flat_map(move |document| {
                let opens = document.schedule.hours.opening(day, &self.zone);
                let spans = [REGULAR_WITHIN, POSSIBLE_WITHIN, EXPECTED_WITHIN];
                let seen = document.seen_at.iter().flat_map(move |seen| {
                    spans
                        .into_iter()
                        .filter_map(move |span| self.before(day, *seen, span))
                });
                opens.into_iter().chain(seen)
            })
        })
    }

    /// The instant a span before a time of a day.
    fn before(&self, day: Date, time: Time, span: Duration) -> Option<Timestamp> {
        let span = SignedDuration::try_from(span).ok()?;
        let at = self.zone.to_timestamp(day.to_datetime(time)).ok()?;
        at.checked_sub(span).ok()
    }
}

/// The time between two times of day, over midnight if that is shorter.
fn apart(one: Time, other: Time) -> Duration {
    let apart = Duration::from_secs(one.duration_until(other).as_secs().unsigned_abs());
    apart.min(DAY.saturating_sub(apart))
}
