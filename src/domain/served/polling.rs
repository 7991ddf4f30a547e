//! The status of polling: whether a source can be fetched. It is independent of how current its values are.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// How polling goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Polling {
    /// The first attempt has not ended yet.
    #[default]
    NotTried,
    /// The last poll succeeded. A poll that the budget of requests cut short is no failure, and ends none.
    Ok,
    /// The last poll failed.
    Failing,
}

/// How a poll ended: well, or by its first failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PollOutcome {
    /// Without a failure, whether it brought a table or not.
    Ok,
    /// The source cannot be reached, or broke the connection off.
    Unreachable,
    /// The source refuses this client: it wants a key, another plan, or fewer requests.
    Refused,
    /// The source answered with a status that is not expected.
    Status,
    /// The document cannot be read.
    Unreadable,
    /// There is no table where there must be one.
    NoTable,
    /// A table was read and is implausible.
    Implausible,
    /// The requests of the day were used up on the way.
    BudgetUsedUp,
}

impl PollOutcome {
    /// Every outcome.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::Unreachable,
        Self::Refused,
        Self::Status,
        Self::Unreadable,
        Self::NoTable,
        Self::Implausible,
        Self::BudgetUsedUp,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Status => "status",
            Self::Unreadable => "unreadable",
            Self::NoTable => "no_table",
            Self::Implausible => "implausible",
            Self::BudgetUsedUp => "budget_used_up",
        }
    }
}

/// The requests to a source on one day, in its time zone: how many were sent, and how many may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestCount {
    /// How many were sent.
    pub today: u32,
    /// How many may be sent on one day.
    pub per_day: u32,
}

impl RequestCount {
    /// How many more may be sent on the day.
    pub fn left(self) -> u32 {
        self.per_day.saturating_sub(self.today)
    }
}

/// The status of the polls of a source. It changes without commits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PollStatus {
    /// The result of the last poll.
    pub polling: Polling,
    /// When a poll last succeeded.
    pub last_verified: Option<Timestamp>,
    /// When the last poll began.
    pub last_attempt: Option<Timestamp>,
    /// When the next poll is due.
    pub next_attempt: Option<Timestamp>,
    /// The number of failed polls since the last successful one.
    pub consecutive_failures: u32,
    /// The error of the last failed poll; kept after recovery.
    pub last_error: String,
    /// The requests of the day on which it was last polled.
    pub requests: RequestCount,
    /// How many polls ended in which way, since the service started.
    pub outcomes: BTreeMap<PollOutcome, u64>,
}

/// The result of one poll, or that none was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollReport {
    /// When it began. `None` if it was put off for the sake of the budget of requests: that says nothing of the source.
    pub attempted_at: Option<Timestamp>,
    /// When the next one is due.
    pub next_attempt: Timestamp,
    /// The error, if it failed.
    pub error: Option<String>,
    /// How it ended.
    pub outcome: PollOutcome,
    /// The requests of the day, with those of the poll.
    pub requests: RequestCount,
}

impl PollStatus {
    /// The status after another poll.
    #[must_use]
    pub fn after(self, report: PollReport) -> Self {
        let planned = Self {
            next_attempt: Some(report.next_attempt),
            requests: report.requests,
            ..self
        };
        let Some(attempted_at) = report.attempted_at else {
            return planned;
        };
        let mut attempted = Self {
            last_attempt: Some(attempted_at),
            ..planned
        };
        let count = attempted.outcomes.entry(report.outcome).or_default();
        *count = count.saturating_add(1);
        match report.error {
            // That says nothing of the source, and not all of it was asked for.
            None if report.outcome == PollOutcome::BudgetUsedUp => Self {
                polling: match attempted.polling {
                    Polling::NotTried | Polling::Ok => Polling::Ok,
                    Polling::Failing => Polling::Failing,
                },
                ..attempted
            },
            None => Self {
                polling: Polling::Ok,
                last_verified: Some(attempted_at),
                consecutive_failures: 0,
                ..attempted
            },
            Some(error) => Self {
                polling: Polling::Failing,
                consecutive_failures: attempted.consecutive_failures.saturating_add(1),
                last_error: error,
                ..attempted
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_that_the_budget_cut_short_verifies_nothing_and_is_no_failure() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let report = |second, outcome, error: Option<&str>| PollReport {
            attempted_at: Some(at(second)),
            next_attempt: at(second + 60),
            error: error.map(ToOwned::to_owned),
            outcome,
            requests: RequestCount::default(),
        };
        let cut_short = |second| report(second, PollOutcome::BudgetUsedUp, None);
        let first = PollStatus::default().after(cut_short(1));
        assert_eq!((first.polling, first.last_verified), (Polling::Ok, None));
        assert_eq!(first.last_attempt, Some(at(1)));
        let verified = first.after(report(2, PollOutcome::Ok, None));
        let known = verified.clone().after(cut_short(3));
        assert_eq!(
            (known.polling, known.last_verified),
            (Polling::Ok, Some(at(2)))
        );
        let failing = verified.after(report(4, PollOutcome::Status, Some("status 500")));
        let known = failing.after(cut_short(5));
        assert_eq!(
            (known.polling, known.consecutive_failures),
            (Polling::Failing, 1)
        );
        assert_eq!(known.outcomes[&PollOutcome::BudgetUsedUp], 2);
    }
}
