//! How long to wait before coming back: full jitter, so that ten thousand clients of a restarted server do not
//! return in the same moment.

use std::time::Duration;

/// The most a server can ask us to wait: a mistake of its own must not silence a client for ever.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// The bounds between which waiting grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackOff {
    /// The most the first wait may take.
    pub first: Duration,
    /// The most any wait may take.
    pub most: Duration,
}

impl Default for BackOff {
    /// From a second, within which a restarted server is back, to a minute, which no operator finds long.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            most: Duration::from_secs(60),
        }
    }
}

impl BackOff {
    /// The most the wait after so many failures may take; it doubles with each.
    fn ceiling(&self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        self.first.saturating_mul(doubled).min(self.most)
    }

    /// A wait anywhere between nothing and the ceiling, after what the server asked for.
    pub fn wait(&self, failures: u32, retry_after: Option<Duration>) -> Duration {
        let ceiling = u64::try_from(self.ceiling(failures).as_millis()).unwrap_or(u64::MAX);
        let jitter = Duration::from_millis(fastrand::u64(0..=ceiling));
        let asked = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
        asked.saturating_add(jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_from_a_second_to_a_minute() {
        let back_off = BackOff::default();
        let seconds = |failures| back_off.ceiling(failures).as_secs();
        let ceilings: Vec<u64> = [1, 2, 3, 6, 7, 8, u32::MAX].map(seconds).to_vec();
        assert_eq!(ceilings, [1, 2, 4, 32, 60, 60, 60]);
    }

    #[test]
    fn nobody_returns_before_the_server_wants() {
        let asked = Duration::from_secs(7);
        for _ in 0..100 {
            let wait = BackOff::default().wait(1, Some(asked));
            assert!(
                wait >= asked && wait <= asked + Duration::from_secs(1),
                "{wait:?}"
            );
            assert!(BackOff::default().wait(1, None) <= Duration::from_secs(1));
        }
    }

    #[test]
    fn a_server_cannot_send_a_client_away_for_ever() {
        let wait = BackOff::default().wait(1, Some(Duration::MAX));
        assert!(wait <= RETRY_AFTER_MAX + Duration::from_secs(1));
    }
}
