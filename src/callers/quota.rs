//! A quota that belongs to one client alone.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use thiserror::Error;

/// The time after which a whole quota is there again.
pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// A client has used its quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the quota of {per_minute} a minute is used, and has enough for this again in {wait:?}")]
pub struct QuotaExceeded {
    /// The quota.
    pub per_minute: u32,
    /// When there is enough for the same request.
    pub wait: Duration,
}

/// A quota that belongs to one client alone.
pub(super) struct OwnQuota {
    cell: DefaultDirectRateLimiter,
    per_minute: NonZeroU32,
}

impl OwnQuota {
    /// A whole quota of a number of units a minute.
    pub(super) fn new(per_minute: NonZeroU32) -> Self {
        let quota = Quota::per_minute(per_minute);
        Self {
            cell: RateLimiter::direct_with_clock(quota, DefaultClock::default()),
            per_minute,
        }
    }

    /// Takes a cost; one that is more than a whole quota takes all of it.
    ///
    /// # Errors
    /// [`QuotaExceeded`]: then nothing is taken.
    pub(super) fn charge(&self, cost: NonZeroU32) -> Result<(), QuotaExceeded> {
        let wait = match self.cell.check_n(cost.min(self.per_minute)) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(until)) => until.wait_time_from(self.cell.clock().now()),
            // It does not happen: the cost is at most the quota.
            Err(_more_than_the_quota) => MINUTE,
        };
        Err(QuotaExceeded {
            per_minute: self.per_minute.get(),
            wait,
        })
    }
}

impl fmt::Debug for OwnQuota {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "OwnQuota({} a minute)", self.per_minute)
    }
}
