//! Exponential back-off and jitter: how long to wait before a retry, so that ten thousand clients of a restarted server
//! do not return in the same moment. The delays of polls are those of `poller::delay`: they are bounded by the publication
//! hours of the bank, and never shorter than its interval.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The longest `Retry-After` that is honoured by waiting: a mistake of the peer must not silence a client for ever.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// The bounds between which delays grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest delay after the first failure.
    pub first: Duration,
    /// The longest delay after any number of failures.
    pub max: Duration,
}

impl Default for Backoff {
    /// From a second, within which a restarted server is back, to a minute, which no operator finds long.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            max: Duration::from_secs(60),
        }
    }
}

impl Backoff {
    /// The longest delay after this number of failures in a row; it doubles with each of them.
    fn ceiling(&self, failures: u32) -> Duration {
        let factor = 2_u32.saturating_pow(failures.saturating_sub(1));
        self.first.saturating_mul(factor).min(self.max)
    }

    /// The delay before the next attempt: what the peer demanded (`retry_after`), at most five minutes, and then a random
    /// time between zero and the ceiling ("full jitter").
    pub fn delay(&self, failures: u32, retry_after: Option<Duration>) -> Duration {
        let demanded = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
        demanded.saturating_add(jitter(Duration::ZERO..=self.ceiling(failures)))
    }
}

/// A random duration within bounds, to the millisecond; every one is equally likely.
pub fn jitter(bounds: RangeInclusive<Duration>) -> Duration {
    let (least, most) = bounds.into_inner();
    let spread = most.saturating_sub(least).as_millis();
    let spread = u64::try_from(spread).unwrap_or(u64::MAX);
    least.saturating_add(Duration::from_millis(fastrand::u64(0..=spread)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_from_a_second_to_a_minute() {
        let backoff = Backoff::default();
        let seconds = |failures| backoff.ceiling(failures).as_secs();
        let ceilings: Vec<u64> = [1, 2, 3, 6, 7, 8, u32::MAX].map(seconds).to_vec();
        assert_eq!(ceilings, [1, 2, 4, 32, 60, 60, 60]);
    }

    #[test]
    fn no_delay_is_shorter_than_the_server_demands() {
        let demanded = Duration::from_secs(7);
        for _ in 0..100 {
            let delay = Backoff::default().delay(1, Some(demanded));
            assert!(
                delay >= demanded && delay <= demanded + Duration::from_secs(1),
                "{delay:?}"
            );
            assert!(Backoff::default().delay(1, None) <= Duration::from_secs(1));
        }
    }

    #[test]
    fn a_server_cannot_silence_a_client_for_ever() {
        let delay = Backoff::default().delay(1, Some(Duration::MAX));
        assert!(delay <= RETRY_AFTER_MAX + Duration::from_secs(1));
    }

    #[test]
    fn jitter_reaches_both_bounds_and_never_leaves_them() {
        let bounds = Duration::from_millis(5)..=Duration::from_millis(7);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..1000 {
            seen.insert(jitter(bounds.clone()).as_millis());
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [5, 6, 7]);
    }
}
