//! The limits on requests to one bank.

use std::time::Duration;

use crate::backoff::{Backoff, RETRY_AFTER_MAX};
use crate::fetch::REQUEST_PAUSE;

/// The longest delay after the first failure; it doubles with each failure in a row.
const BACKOFF_FIRST: Duration = Duration::from_secs(2);
/// The longest delay after any failure: a person is waiting.
const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// After this many failures in a row a bank is given up: with the delays between them it had up to a minute to recover.
const FAILURES_MAX: u32 = 6;

/// The pauses and limits of requests to one bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// The pause between a response and the next request.
    pub pause: Duration,
    /// The delays after failures.
    pub backoff: Backoff,
    /// The number of failures in a row after which the bank is given up.
    pub failures_max: u32,
    /// The longest `Retry-After` that is honoured by waiting; a bank that demands more is given up.
    pub retry_after_max: Duration,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            pause: REQUEST_PAUSE,
            backoff: Backoff {
                first: BACKOFF_FIRST,
                max: BACKOFF_MAX,
            },
            failures_max: FAILURES_MAX,
            retry_after_max: RETRY_AFTER_MAX,
        }
    }
}
