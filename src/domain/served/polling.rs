//! Whether asking a source works: a question apart from how current its values are.

use jiff::Timestamp;

/// How asking goes.
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

/// All that is known of the polls of a source. It moves without commits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PollStatus {
    /// How the last poll went.
    pub polling: Polling,
    /// When the source last confirmed or changed what we serve.
    pub last_verified: Option<Timestamp>,
    /// When it was last asked.
    pub last_attempt: Option<Timestamp>,
    /// When it will be asked next.
    pub next_attempt: Option<Timestamp>,
    /// Failed polls since the last good one.
    pub consecutive_failures: u32,
    /// What went wrong in the last failed poll; kept after recovery.
    pub last_error: String,
}

/// The outcome of one poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollReport {
    /// When it began.
    pub attempted_at: Timestamp,
    /// When the next one is due.
    pub next_attempt: Timestamp,
    /// What went wrong, if anything did.
    pub error: Option<String>,
}

impl PollStatus {
    /// The status after one more poll.
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
