//! The plan of a source: when its next poll is due and what that requests, by what the ledger knows and by the budget of
//! requests. A pure value: the same knowledge gives the same plan, before and after a restart.
//!
//! While today's table is awaited, polls are dense around the times of day at which the last ones were first seen. Once it
//! is there they come hourly, for corrections; before its hours they are sparse. A source of which nothing is known is
//! polled at its configured interval in its publication hours.

mod pace;

use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{DocumentRecord, FirstSeen, RequestCount, Schedule, SourceRecord};
use crate::sources::{Document, TableSelector};

/// The part of a day's budget that is kept, before the publication, for the hours in which a table is awaited: its half.
const RESERVED_FOR_PUBLICATION: u32 = 2;
/// The largest part of a day's budget that is kept for the hours after the publication: an eighth, six polls of most banks, if
/// hourly polls need as much. More would be missed in the search for a table that is late.
const RESERVED_FOR_LATER: u32 = 8;
/// The part of a day's budget that requests for the past leave while the table of the day is awaited: its half, as before the
/// publication. The search for a table takes some fifty requests of a hundred on an average day, and a table that was missed
/// can wait until that of the day is there.
const RESERVED_FROM_THE_PAST: u32 = 2;
/// The longest back-off after failures, in intervals; and at most an hour, so that a bank is polled soon after an outage.
const BACKOFF_INTERVALS_MAX: u32 = 10;
/// The shortest intervals, each while at least a number of fifths of a day's budget can be spent: a fifth of the default
/// budget on polls of half a minute, the next on those of a minute, and the last on those of two.
const SPARING_INTERVALS: [(u32, Duration); 3] = [
    (2, Duration::ZERO),
    (1, Duration::from_secs(60)),
    (0, Duration::from_secs(120)),
];
/// The longest time between two polls for the tables of the later one to count as seen live: polls before the publication
/// hours are two hours apart.
const LIVE_GAP_MAX: SignedDuration = SignedDuration::from_mins(150);
const HOUR: Duration = Duration::from_secs(3600);

/// What is known of a source when its next poll is planned.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The time zone of its dates and hours.
    pub zone: TimeZone,
    /// The configured interval.
    pub interval: Duration,
    /// Its documents.
    pub documents: Vec<DocumentPlan>,
    /// How many requests a poll for all tables sends at most while a table is awaited. Once that is there, a poll may request
    /// the one in force too: nothing is kept for it, so that the search has the whole budget.
    pub requests_for_all: u32,
}

/// What is known of one document.
#[derive(Debug, Clone)]
pub struct DocumentPlan {
    /// Its name within the source.
    pub name: &'static str,
    /// When its tables are published.
    pub schedule: Schedule,
    /// The dates of its known tables, oldest first; those of the last weeks are enough.
    pub known: Vec<Date>,
    /// The times of day at which its last tables were first seen.
    pub seen_at: Vec<Time>,
}

/// Which tables a poll requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollScope {
    /// Those that are awaited and not known.
    Missing,
    /// All that a poll may bring, to notice corrections.
    All,
}

impl DocumentPlan {
    /// What is known of a document by its record and the sightings of its tables. A table that repeats the one before, on a
    /// day off, appears whenever it is requested: when it was seen tells nothing.
    pub fn of(record: &DocumentRecord, first_seen: &FirstSeen, zone: &TimeZone) -> Self {
        let history = &record.history;
        Self {
            name: record.name,
            schedule: record.current_schedule(),
            known: history.kept_dates().collect(),
            seen_at: first_seen.times(zone, |date| !history.is_carry(date)),
        }
    }

    /// The effective date of the newest table, announced or not.
    fn newest(&self) -> Option<Date> {
        self.known.last().copied()
    }

    /// Whether a table may appear at any hour of any day, as a market's does: nothing is learned of it.
    fn is_continuous(&self) -> bool {
        let hours = self.schedule.hours;
        hours.opens == 0 && hours.closes == 24
    }
}

impl Plan {
    /// A plan for a source with these documents, of which nothing is known yet.
    pub fn new(zone: TimeZone, interval: Duration, documents: &[Document]) -> Self {
        let requests: usize = documents.iter().map(|document| document.polls.len()).sum();
        let document = |document: &Document| DocumentPlan {
            name: document.name,
            schedule: document.schedule,
            known: Vec::new(),
            seen_at: Vec::new(),
        };
        Self {
            zone,
            interval,
            documents: documents.iter().map(document).collect(),
            requests_for_all: u32::try_from(requests).unwrap_or(u32::MAX),
        }
    }

    /// Takes over what the service knows: the tables of the record, and when those of each document were first seen.
    pub fn update(&mut self, record: &SourceRecord, first_seen: &[(&'static str, FirstSeen)]) {
        let nothing = FirstSeen::default();
        for document in &mut self.documents {
            if let Some(known) = record.document(document.name) {
                let seen = first_seen.iter().find(|(name, _)| *name == document.name);
                let seen = seen.map_or(&nothing, |(_, seen)| seen);
                *document = DocumentPlan::of(known, seen, &self.zone);
            }
        }
    }

    /// Whether a table of any document is known.
    pub fn has_table(&self) -> bool {
        self.documents
            .iter()
            .any(|document| !document.known.is_empty())
    }

    /// The time on the service's clock from a poll that succeeded to the next one.
    pub fn interval(&self, now: Timestamp) -> Duration {
        self.cut(now, self.pace(now))
    }

    /// The longest time from a poll that failed to the next one: a number of intervals, but not past the instant at which
    /// a table is expected.
    pub fn longest_interval(&self, now: Timestamp) -> Duration {
        let pace = self.pace(now);
        let longest = pace.saturating_mul(BACKOFF_INTERVALS_MAX).min(HOUR);
        self.cut(now, longest.max(pace)).max(self.interval(now))
    }

    /// The scope of a poll, by the instant at which the last one for all tables succeeded.
    pub fn scope(&self, at: Timestamp, last_complete: Option<Timestamp>) -> PollScope {
        let complete_due = last_complete.is_none_or(|last| has_passed(last, self.hourly(), at));
        if complete_due {
            PollScope::All
        } else {
            PollScope::Missing
        }
    }

    /// Whether a table that is new in a poll has appeared since the one before: that one succeeded, not long ago.
    pub fn is_live(&self, at: Timestamp, last_success: Option<Timestamp>) -> bool {
        let since = last_success.map(|last| at.duration_since(last));
        since.is_some_and(|since| (SignedDuration::ZERO..=LIVE_GAP_MAX).contains(&since))
    }

    /// Which tables of a document a poll requests. For [`PollScope::Missing`] none if it is not awaited. For
    /// [`PollScope::All`] the one in force is among them: once a later one is known, a bank that is asked for the newest
    /// does not show it any more, and it may be corrected until its day ends.
    pub fn selectors(
        &self,
        document: &Document,
        scope: PollScope,
        at: Timestamp,
    ) -> Vec<TableSelector> {
        let polls = document.polls.iter().copied();
        let planned = self
            .documents
            .iter()
            .find(|planned| planned.name == document.name);
        let today = self.zone.to_datetime(at).date();
        let Some(planned) = planned.filter(|_| scope == PollScope::Missing) else {
            let newest = planned.and_then(DocumentPlan::newest);
            let is_out_of_sight =
                document.loses_sight_of_today() && newest.is_some_and(|newest| newest > today);
            return polls
                .chain(is_out_of_sight.then_some(TableSelector::Today))
                .collect();
        };
        if !self.is_awaited(planned, at) {
            return Vec::new();
        }
        let is_missing = |selector: &TableSelector| {
            let Some(date) = document.date(*selector, today) else {
                return true;
            };
            // On a day for which no table was made, today's stays unknown. A date to come that is not scheduled is
            // requested only where no scheduled one is.
            let is_possible = *selector == TableSelector::NextFixing
                || planned.schedule.may_take_force_on(date)
                || (date > today && !document.polls.contains(&TableSelector::NextFixing));
            is_possible && !planned.known.contains(&date)
        };
        polls.filter(is_missing).collect()
    }

    /// The instant of a poll that is due at `due`, put off if the budget of the day would not last: a little while there is
    /// enough to go on searching, then until the publication hours, evenly over the rest of the day, or to the next day. The
    /// polls of a market, which publishes at any hour, are always spread over the rest of the day, if the budget allows
    /// fewer than the interval asks for.
    pub fn within_budget(
        &self,
        due: Timestamp,
        now: Timestamp,
        requests: RequestCount,
    ) -> Timestamp {
        let midnight = self.next_midnight(now);
        // The first request of a day is never put off, however small the budget is.
        if due >= midnight || (requests.today == 0 && requests.per_day > 0) {
            return due;
        }
        if requests.left() == 0 {
            return midnight;
        }
        if self.documents.iter().all(DocumentPlan::is_continuous) {
            let polls = requests.left() / self.requests_for_all.max(1);
            let share = between(now, midnight) / polls.max(1);
            let is_short = share > self.interval;
            return due
                .max(if is_short { later(now, share) } else { due })
                .min(midnight);
        }
        if self.is_affordable(due, requests) {
            let sparing = later(now, self.sparing_interval(due, requests));
            return due.max(sparing).min(midnight);
        }
        let before = self
            .next_publication_start(due)
            .filter(|start| *start < midnight);
        let put_off = before.unwrap_or_else(|| {
            let polls = requests.left() / self.requests_for_all.max(1);
            let rest = between(now, midnight) / polls.max(1).saturating_add(1);
            later(now, rest)
        });
        due.max(put_off).min(midnight)
    }

    /// Whether a poll for all tables leaves enough of the day's budget for its later hours.
    pub fn is_affordable(&self, at: Timestamp, requests: RequestCount) -> bool {
        let needed = self
            .requests_for_all
            .saturating_add(self.reserve(at, requests.per_day));
        requests.left() >= needed
    }

    /// Whether a request for the past, a missed table or the one before that in force, leaves enough of the day's budget for
    /// the table of the day and its corrections.
    pub fn is_past_affordable(&self, at: Timestamp, requests: RequestCount) -> bool {
        let mut documents = self.documents.iter();
        let is_awaited =
            documents.any(|document| !document.is_continuous() && self.is_awaited(document, at));
        let kept = if is_awaited {
            requests.per_day / RESERVED_FROM_THE_PAST
        } else {
            0
        };
        self.is_affordable(at, requests) && requests.left() > kept
    }

    /// The shortest interval that what is left of the budget, beside the reserve, allows: it is spent on ever rarer polls, so
    /// that a table is still found soon when it is an hour late.
    fn sparing_interval(&self, at: Timestamp, requests: RequestCount) -> Duration {
        let spare = requests
            .left()
            .saturating_sub(self.reserve(at, requests.per_day));
        let fifths = spare.saturating_mul(5) / requests.per_day.max(1);
        SPARING_INTERVALS
            .iter()
            .find(|(least, _)| fifths >= *least)
            .map_or(Duration::ZERO, |(_, interval)| {
                (*interval).min(self.interval)
            })
    }

    /// How much of a day's budget is kept for the hours after an instant.
    fn reserve(&self, at: Timestamp, per_day: u32) -> u32 {
        if self.next_publication_start(at).is_some() {
            return per_day / RESERVED_FOR_PUBLICATION;
        }
        let hours = between(at, self.next_midnight(at)).as_secs().div_ceil(3600);
        let hours = u32::try_from(hours).unwrap_or(u32::MAX);
        let hourly = hours.saturating_mul(self.requests_for_all);
        hourly.min(per_day / RESERVED_FOR_LATER)
    }

    /// The end of the day of an instant, in the time zone of the source.
    fn next_midnight(&self, at: Timestamp) -> Timestamp {
        let tomorrow = self.zone.to_datetime(at).date().tomorrow();
        let midnight = tomorrow.and_then(|day| self.zone.to_timestamp(day.at(0, 0, 0, 0)));
        midnight.unwrap_or(Timestamp::MAX)
    }
}

/// Whether a duration has passed since an instant. A clock that shows an earlier time was set back: what it showed before
/// then tells nothing.
pub(super) fn has_passed(since: Timestamp, duration: Duration, now: Timestamp) -> bool {
    since > now || later(since, duration) <= now
}

fn later(instant: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    instant.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The time from one instant to a later one; zero if it is not later.
fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(from.duration_until(to)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
