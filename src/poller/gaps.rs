//! Missed tables: how often each is requested, and their requests.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::commit::Stopped;
use crate::domain::Intent;
use crate::fetch::{REQUEST_PAUSE, Validators};
use crate::poller::plan::has_passed;
use crate::poller::poll::{AfterFailure, PollResult, RequestOutcome, Wanted, locked};
use crate::poller::{Poller, reasons};

/// How many times a bank answers the request for a missed table: one that does not have it by then never will.
const ANSWERS_MAX: u32 = 3;
/// The time after a request that failed in which the table is not requested again. An outage may last for hours, and a
/// table that was missed is not urgent: it is one of the last two weeks.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(3600);

/// A missed table: its document and date.
pub(super) type Gap = (&'static str, Date);

/// The requests that were sent for each missed table.
#[derive(Debug, Default)]
pub(super) struct GapTries {
    by_gap: BTreeMap<Gap, Tries>,
}

#[derive(Debug, Default)]
struct Tries {
    /// How many of them the bank answered.
    answers: u32,
    /// When the last one failed, if it did.
    failed_at: Option<Timestamp>,
}

impl GapTries {
    /// Forgets the tables that are no longer missed.
    fn retain(&mut self, gaps: &[Gap]) {
        self.by_gap.retain(|gap, _| gaps.contains(gap));
    }

    /// Whether a missed table should be requested.
    fn is_due(&self, gap: Gap, now: Timestamp) -> bool {
        self.by_gap.get(&gap).is_none_or(|tries| {
            let failed_at = tries.failed_at;
            tries.answers < ANSWERS_MAX
                && failed_at.is_none_or(|at| has_passed(at, PAUSE_AFTER_FAILURE, now))
        })
    }

    /// Notes a request. One that failed says nothing of what the bank has.
    fn note(&mut self, gap: Gap, outcome: &RequestOutcome, now: Timestamp) {
        let tries = self.by_gap.entry(gap).or_default();
        match outcome {
            RequestOutcome::Failed(_) => tries.failed_at = Some(now),
            RequestOutcome::Table(_)
            | RequestOutcome::NotModified
            | RequestOutcome::NoTable
            | RequestOutcome::NotFound => {
                tries.answers = tries.answers.saturating_add(1);
                tries.failed_at = None;
            }
        }
    }
}

impl Poller {
    /// Whether the budget allows a request for the past: those for the table of the day come first.
    pub(super) fn can_afford_past(&self) -> bool {
        let requests = self.budget.count();
        self.plan.is_past_affordable(self.clock.now(), requests)
    }

    /// Fetches the tables that the bank must have published and that are missing: each until the bank has answered a few
    /// times, then no more. Returns the delay that the bank demands before the next request.
    pub(super) async fn fetch_gaps(&mut self, gaps: Vec<Gap>) -> Result<Duration, Stopped> {
        self.gap_tries.retain(&gaps);
        for gap in gaps {
            if !self.can_afford_past() {
                break;
            }
            let (name, date) = gap;
            let document = self.documents.iter().find(|document| document.name == name);
            let Some((document, dated)) =
                document.and_then(|document| Some((document, document.dated?)))
            else {
                continue;
            };
            if !self.gap_tries.is_due(gap, self.clock.now()) {
                continue;
            }
            tokio::time::sleep(REQUEST_PAUSE).await;
            let result = Mutex::new(PollResult::default());
            let unknown = Validators::default();
            let wanted = Wanted {
                path: dated(date),
                date: Some(date),
            };
            let outcome = self.request(document, wanted, &unknown, &result).await;
            self.gap_tries.note(gap, &outcome, self.clock.now());
            let PollResult {
                tables,
                retry_after,
                ..
            } = std::mem::take(&mut *locked(&result));
            let submission = self.submission(tables, Intent::AnyDate, false);
            let submitted = self.commit.submit(submission).await?;
            for reason in reasons(&submitted, &[]) {
                tracing::warn!(source = %self.source.id, %date, reason, "a missed table was refused");
            }
            if matches!(outcome, RequestOutcome::Failed(AfterFailure::End)) || retry_after.is_some()
            {
                return Ok(retry_after.unwrap_or_default());
            }
        }
        Ok(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;

    use super::*;

    const GAP: Gap = ("daily", date(2026, 4, 2));

    #[test]
    fn a_missed_table_is_given_up_after_three_answers_and_never_for_failures() {
        let mut tries = GapTries::default();
        let mut now: Timestamp = "2026-04-03T09:00:00Z".parse().unwrap();
        for _ in 0..10 {
            assert!(tries.is_due(GAP, now));
            tries.note(GAP, &RequestOutcome::Failed(AfterFailure::End), now);
            assert!(!tries.is_due(GAP, now + 59.minutes()), "too soon");
            assert!(tries.is_due(GAP, now - 1.hour()), "the clock was set back");
            now += 1.hour();
        }
        for _ in 0..3 {
            assert!(tries.is_due(GAP, now));
            tries.note(GAP, &RequestOutcome::NoTable, now);
        }
        assert!(!tries.is_due(GAP, now + 24.hours()));
        tries.retain(&[GAP]);
        assert!(!tries.is_due(GAP, now));
        tries.retain(&[]);
        assert!(tries.is_due(GAP, now), "it was fetched, and is missed anew");
    }
}
