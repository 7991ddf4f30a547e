//! When a client may repeat a request that was refused.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::domain::Refusal;

/// When a client of a draining server should reconnect: another replica answers at once, a restart takes a moment.
const DRAINING_RETRY: Duration = Duration::from_secs(1);
/// When a client of a replica without a state should ask it again: one that reaches the log takes the state in a second, and
/// another replica answers at once.
const NO_STATE_RETRY: Duration = Duration::from_secs(2);
/// When a client whose stream has reached its age should reconnect: nothing is wrong, so it is soon.
const STREAM_AGED_RETRY: Duration = Duration::from_millis(500);
/// When a client should ask for a stream again after it found none free: streams end when readers leave, and each ends
/// once an hour.
const TOO_MANY_STREAMS_RETRY: Duration = Duration::from_secs(10);
/// By how much programs behind one address spread when they come back after their quota was used.
const QUOTA_RETRY_SPREAD: Duration = Duration::from_secs(1);
/// When a client should ask again after too much waited to be read: readers that take nothing are cut after two seconds then.
const ANSWERS_UNREAD_RETRY: Duration = Duration::from_secs(2);
/// When a client should repeat a historical query after it found the queue full: a query takes some milliseconds.
const TOO_MANY_QUERIES_RETRY: Duration = Duration::from_secs(1);
/// When a client should repeat a query of a ledger that cannot be read: the service tries to open it each minute.
const LEDGER_RETRY: Duration = Duration::from_secs(60);

impl Refusal {
    /// The bounds of the delay after which a client should repeat the request, where that makes sense. They differ where
    /// many clients would otherwise come back at the same moment: each takes a random delay between them.
    pub fn retry_delay(&self) -> Option<RangeInclusive<Duration>> {
        match self {
            Self::Draining => Some(around(DRAINING_RETRY)),
            Self::NoState(_) => Some(around(NO_STATE_RETRY)),
            Self::StreamAged => Some(around(STREAM_AGED_RETRY)),
            Self::TooManyStreams { .. }
            | Self::TooManyClientStreams { .. }
            | Self::MemoryPressure => Some(around(TOO_MANY_STREAMS_RETRY)),
            Self::QuotaExceeded { wait, .. } => {
                Some(*wait..=wait.saturating_add(QUOTA_RETRY_SPREAD))
            }
            Self::AnswersUnread { .. } => Some(around(ANSWERS_UNREAD_RETRY)),
            Self::TooManyQueries(_) => Some(TOO_MANY_QUERIES_RETRY..=TOO_MANY_QUERIES_RETRY),
            Self::LedgerUnavailable(_) => Some(LEDGER_RETRY..=LEDGER_RETRY),
            _ => None,
        }
    }
}

/// From 0.5 to 1.5 times a delay.
fn around(delay: Duration) -> RangeInclusive<Duration> {
    let half = delay.checked_div(2).unwrap_or_default();
    half..=delay.saturating_add(half)
}
