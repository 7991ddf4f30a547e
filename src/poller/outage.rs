//! What the log says of a source whose polls fail: each change, and a reminder a day.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::domain::SourceId;

/// A source that has failed for a day needs an operator, and needs one still a day later.
const REMINDER_INTERVAL: SignedDuration = SignedDuration::from_hours(24);
/// How many errors of an outage are told from new ones. A bank that is overloaded answers with two or three in turn, and each
/// would be a change of the reason.
const ERRORS_MAX: usize = 8;

/// Whether the polls of a source fail, and since when.
#[derive(Debug, Default)]
pub(super) struct Outages {
    current: Option<Outage>,
}

#[derive(Debug)]
struct Outage {
    since: Timestamp,
    failures: u32,
    /// The errors so far, each once.
    errors: Vec<String>,
    logged_at: Timestamp,
}

/// What has changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The first poll that fails after one that did not.
    Began,
    /// A poll fails with an error that the outage did not have yet.
    OtherError { failures: u32 },
    /// A day has passed since the last of these, and polls fail still.
    StillFails { since: Timestamp, failures: u32 },
    /// A poll succeeds after some that failed.
    Ended { after: Duration, failures: u32 },
}

impl Outages {
    /// Notes that a poll failed.
    fn failed(&mut self, error: &str, now: Timestamp) -> Option<Change> {
        let Some(outage) = &mut self.current else {
            self.current = Some(Outage {
                since: now,
                failures: 1,
                errors: vec![error.to_owned()],
                logged_at: now,
            });
            return Some(Change::Began);
        };
        outage.failures = outage.failures.saturating_add(1);
        let (since, failures) = (outage.since, outage.failures);
        // A clock that was set back begins another day.
        outage.logged_at = outage.logged_at.min(now);
        let is_known = outage.errors.iter().any(|known| known == error);
        if !is_known && outage.errors.len() < ERRORS_MAX {
            outage.errors.push(error.to_owned());
            outage.logged_at = now;
            return Some(Change::OtherError { failures });
        }
        if now.duration_since(outage.logged_at) < REMINDER_INTERVAL {
            return None;
        }
        outage.logged_at = now;
        Some(Change::StillFails { since, failures })
    }

    /// Notes that a poll succeeded.
    fn succeeded(&mut self, now: Timestamp) -> Option<Change> {
        let Outage {
            since, failures, ..
        } = self.current.take()?;
        let after = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        Some(Change::Ended { after, failures })
    }

    /// Logs what has changed by a poll that failed.
    pub(super) fn log_failure(&mut self, source: SourceId, error: &str, now: Timestamp) {
        match self.failed(error, now) {
            Some(Change::Began) => tracing::warn!(%source, error, "a poll failed"),
            Some(Change::OtherError { failures }) => {
                tracing::warn!(%source, failures, error, "polls fail with another error");
            }
            Some(Change::StillFails { since, failures }) => {
                let hours = now.duration_since(since).as_hours();
                tracing::warn!(%source, %since, hours, failures, error, "polls still fail");
            }
            Some(Change::Ended { .. }) | None => {
                tracing::debug!(%source, error, "a poll failed again");
            }
        }
    }

    /// Logs the end of an outage.
    pub(super) fn log_success(&mut self, source: SourceId, now: Timestamp) {
        if let Some(Change::Ended { after, failures }) = self.succeeded(now) {
            let seconds = after.as_secs();
            tracing::info!(%source, failures, seconds, "polls succeed again");
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    fn start() -> Timestamp {
        "2026-04-02T09:00:00Z".parse().unwrap()
    }

    #[test]
    fn an_outage_has_a_line_at_its_beginning_and_at_its_end_and_one_a_day_between() {
        let mut outages = Outages::default();
        let mut changes = Vec::new();
        let mut now = start();
        // A poll each quarter of an hour, for three days and an hour.
        for _ in 0..(73 * 4) {
            changes.extend(outages.failed("no route", now));
            now += 15.minutes();
        }
        changes.extend(outages.succeeded(now));
        changes.extend(outages.succeeded(now + 15.minutes()));
        let still = |days: u32| Change::StillFails {
            since: start(),
            failures: days * 96 + 1,
        };
        let ended = Change::Ended {
            after: Duration::from_secs(73 * 3600),
            failures: 73 * 4,
        };
        let expected = [Change::Began, still(1), still(2), still(3), ended];
        assert_eq!(changes, expected);
    }

    #[test]
    fn another_error_has_a_line_and_errors_that_take_turns_have_no_more() {
        let mut outages = Outages::default();
        let mut now = start();
        let mut changes = Vec::new();
        for error in [
            "no route",
            "status 503",
            "no route",
            "status 503",
            "no route",
        ] {
            changes.extend(outages.failed(error, now));
            now += 15.minutes();
        }
        let expected = [Change::Began, Change::OtherError { failures: 2 }];
        assert_eq!(changes, expected);
        outages.succeeded(now);
        assert_eq!(outages.failed("no route", now), Some(Change::Began));
    }

    #[test]
    fn errors_that_differ_each_time_end_in_one_line_a_day() {
        let mut outages = Outages::default();
        let mut lines = 0;
        for poll in 0..96_u32 {
            let now = start() + (15 * i64::from(poll)).minutes();
            lines += u32::from(outages.failed(&format!("row {poll}"), now).is_some());
        }
        assert_eq!(lines, 8);
    }

    #[test]
    fn a_clock_that_is_set_back_delays_no_reminder_beyond_a_day() {
        let mut outages = Outages::default();
        outages.failed("no route", start());
        let earlier = start() - (24 * 365).hours();
        assert_eq!(outages.failed("no route", earlier), None);
        let a_day_later = outages.failed("no route", earlier + 24.hours());
        assert!(matches!(a_day_later, Some(Change::StillFails { .. })));
        let ended = outages.succeeded(earlier + 25.hours());
        let expected = Change::Ended {
            after: Duration::ZERO,
            failures: 3,
        };
        assert_eq!(ended, Some(expected));
    }
}
