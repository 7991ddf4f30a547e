//! Failures in a row: what begins with the first of them has one line of the log, and so has its end.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Attempts at the same thing, some of which fail.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    /// For how long no attempt fails before a success ends it.
    quiet_for: Duration,
    failures: Mutex<Option<Failures>>,
}

#[derive(Debug)]
struct Failures {
    count: u64,
    last_at: Instant,
}

impl Outage {
    /// Where some attempts may succeed while others fail: a success ends the outage once no attempt has failed for this long.
    pub(crate) fn ends_when_quiet_for(quiet_for: Duration) -> Self {
        Self {
            quiet_for,
            failures: Mutex::default(),
        }
    }

    /// Notes that an attempt failed. Returns whether an outage begins with it.
    pub(crate) fn failed(&self) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failures.as_ref().map_or(0, |failures| failures.count);
        *failures = Some(Failures {
            count: count.saturating_add(1),
            last_at: Instant::now(),
        });
        count == 0
    }

    /// Notes that an attempt succeeded. Returns how many failed, if an outage ends with it.
    pub(crate) fn succeeded(&self) -> Option<u64> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = failures.take_if(|failures| failures.last_at.elapsed() >= self.quiet_for);
        Some(ended?.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_begins_with_the_first_failure_and_ends_with_the_first_success() {
        let outage = Outage::default();
        assert_eq!(outage.succeeded(), None);
        assert!(outage.failed());
        assert!(!outage.failed());
        assert_eq!(outage.succeeded(), Some(2));
        assert_eq!(outage.succeeded(), None);
        assert!(outage.failed());
    }

    #[tokio::test(start_paused = true)]
    async fn successes_between_failures_end_no_outage_before_it_is_quiet() {
        let minute = Duration::from_secs(60);
        let outage = Outage::ends_when_quiet_for(minute);
        assert!(outage.failed());
        for _ in 0..3 {
            tokio::time::advance(minute / 2).await;
            assert_eq!(outage.succeeded(), None);
            assert!(!outage.failed());
        }
        tokio::time::advance(minute).await;
        assert_eq!(outage.succeeded(), Some(4));
    }
}
