//! The status of polling: whether a source can be fetched. It is independent of how current its values are.

use jiff::Timestamp;

/// How polling goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Polling {
    /// The first attempt has not ended yet.
    #[default]
    NotTried,
    /// The last poll succeeded.
    Ok,
    /// The last poll failed.
    Failing,
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
}

/// The result of one poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollReport {
    /// When it began.
    pub attempted_at: Timestamp,
    /// When the next one is due.
    pub next_attempt: Timestamp,
    /// The error, if it failed.
    pub error: Option<String>,
}

impl PollStatus {
    /// The status after another poll.
    #[must_use]
    pub fn after(self, report: PollReport) -> Self {
        let attempted = Self {
            last_attempt: Some(report.attempted_at),
            next_attempt: Some(report.next_attempt),
            ..self
        };
        match report.error {
            None => Self {
                polling: Polling::Ok,
                last_verified: Some(report.attempted_at),
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
