//! The delay until the next poll: as planned, and longer after failures.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The longest interval, in real time, until a table of the source is known: at a first start there is nothing to serve
/// before that. A source that refuses this client is not asked sooner for it.
const FIRST_TABLE_INTERVAL: Duration = Duration::from_secs(60);
/// For how many failures in a row it is as short: a quarter of an hour of them. A bank that is down for longer must not use
/// up the budget of its day.
const FIRST_TABLE_FAILURES_MAX: u32 = 4;
/// The longest back-off, in intervals: after an outage of any length, polls are dense again soon.
const BACKOFF_INTERVALS_MAX: u32 = 10;
/// The shortest real time between two polls, whatever the settings and the speed of the clock.
pub const POLL_INTERVAL_MIN: Duration = Duration::from_millis(100);

/// The health of the last polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PollHealth {
    /// Failed polls in a row; 0 after a successful one.
    pub failures: u32,
    /// Whether the last poll was refused: the source wants a key, another plan, or fewer requests.
    pub refused: bool,
    /// The delay that the bank demanded (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// Whether a table of the source is known.
    pub has_table: bool,
}

/// The bounds, in real time, of the random delay until the next poll: `due` after a successful one, `longest` at most.
///
/// After n failures they are 2^(n-2) and 2^(n-1) intervals, and not less than one: a failure never makes polls denser.
pub fn delay(due: Duration, longest: Duration, health: PollHealth) -> RangeInclusive<Duration> {
    let is_patient =
        health.has_table || health.refused || health.failures > FIRST_TABLE_FAILURES_MAX;
    let due = if is_patient {
        due
    } else {
        due.min(FIRST_TABLE_INTERVAL)
    };
    let intervals = 1_u32
        .checked_shl(health.failures.saturating_sub(1))
        .unwrap_or(u32::MAX)
        .clamp(1, BACKOFF_INTERVALS_MAX);
    let least = health
        .retry_after
        .unwrap_or_default()
        .max(POLL_INTERVAL_MIN);
    let most = due.saturating_mul(intervals).min(longest.max(due));
    let fewest = (most / 2).max(due);
    fewest.max(least)..=most.max(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn most(due: Duration, longest: Duration, health: PollHealth) -> Duration {
        *delay(due, longest, health).end()
    }

    fn least(due: Duration, longest: Duration, health: PollHealth) -> Duration {
        *delay(due, longest, health).start()
    }

    fn failing(failures: u32) -> PollHealth {
        PollHealth {
            failures,
            refused: false,
            retry_after: None,
            has_table: true,
        }
    }

    #[test]
    fn back_off_never_shortens_the_interval_and_ends_at_ten_of_them() {
        assert_eq!(most(MINUTE, MINUTE * 10, failing(0)), MINUTE);
        assert_eq!(most(MINUTE, MINUTE * 10, failing(1)), MINUTE);
        assert_eq!(most(MINUTE, MINUTE * 10, failing(2)), MINUTE * 2);
        assert_eq!(most(MINUTE, MINUTE * 10, failing(4)), MINUTE * 8);
        assert_eq!(least(MINUTE, MINUTE * 10, failing(2)), MINUTE);
        assert_eq!(least(MINUTE, MINUTE * 10, failing(4)), MINUTE * 4);
        for failures in 5..100 {
            assert_eq!(most(MINUTE, MINUTE * 10, failing(failures)), MINUTE * 10);
        }
    }

    #[test]
    fn no_delay_is_shorter_than_the_bank_demands() {
        let outcome = PollHealth {
            retry_after: Some(MINUTE * 45),
            ..failing(1)
        };
        assert_eq!(least(MINUTE, MINUTE * 10, outcome), MINUTE * 45);
    }

    #[test]
    fn a_source_without_a_table_is_polled_every_minute_until_it_has_failed_often() {
        let nothing_yet = PollHealth {
            has_table: false,
            ..failing(1)
        };
        assert_eq!(most(MINUTE * 60, MINUTE * 60, nothing_yet), MINUTE);
        let down = PollHealth {
            failures: 5,
            ..nothing_yet
        };
        assert_eq!(least(MINUTE * 60, MINUTE * 60, down), MINUTE * 60);
        assert_eq!(
            most(Duration::from_secs(1), MINUTE, nothing_yet),
            Duration::from_secs(1)
        );
    }

    #[test]
    fn a_source_that_refuses_is_polled_as_often_as_configured_and_not_every_minute() {
        let refused = PollHealth {
            refused: true,
            has_table: false,
            ..failing(1)
        };
        assert_eq!(least(MINUTE * 60, MINUTE * 60, refused), MINUTE * 60);
        let later = PollHealth {
            retry_after: Some(MINUTE * 90),
            ..refused
        };
        assert_eq!(least(MINUTE * 60, MINUTE * 60, later), MINUTE * 90);
    }

    #[test]
    fn polls_are_a_tenth_of_a_second_apart_at_least() {
        assert_eq!(
            least(Duration::ZERO, Duration::ZERO, failing(0)),
            Duration::from_millis(100)
        );
    }
}
