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

/// What is taken from a quota.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// What a request costs.
    pub(super) units: u32,
    /// What was taken of it already.
    pub(super) taken: u32,
}

impl Cost {
    /// What is left to take; a request that costs more than a whole quota takes all of it. None if there is nothing to take.
    pub(super) fn within(self, per_minute: NonZeroU32) -> Option<NonZeroU32> {
        let whole = self.units.min(per_minute.get());
        NonZeroU32::new(whole.saturating_sub(self.taken))
    }
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

    /// Takes a cost.
    ///
    /// # Errors
    /// [`QuotaExceeded`]: then nothing is taken.
    pub(super) fn charge(&self, cost: Cost) -> Result<(), QuotaExceeded> {
        let Some(units) = cost.within(self.per_minute) else {
            return Ok(());
        };
        let wait = match self.cell.check_n(units) {
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
