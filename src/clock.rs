//! The clock that dates, publication windows and polls go by: the real one, or one of its own for replays and tests.
//!
//! What the transport waits for (time-outs, back-off, heartbeats) is in real time and not in here.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// The longest wait that is ever asked for, in real time: a day. Whoever wakes up early asks again, and a timer that
/// far ahead costs nothing.
pub const WAIT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// A clock. Copies of it say the same.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    Real,
    Replay(Replay),
}

/// A clock that started with the process.
#[derive(Debug)]
struct Replay {
    started: Instant,
    start: Timestamp,
    /// How many times faster than real time; at least 1.
    speed: u32,
    /// Where it stops.
    end: Timestamp,
}

impl Clock {
    /// The machine's clock.
    pub fn real() -> Self {
        Self(Arc::new(Kind::Real))
    }

    /// A clock that shows `start` now and runs `speed` times faster than real time. A speed of zero counts as one.
    pub fn replay(start: Timestamp, speed: u32) -> Self {
        Self::replay_until(start, speed, Timestamp::MAX)
    }

    /// As [`Clock::replay`], but stopping at `end`.
    pub fn replay_until(start: Timestamp, speed: u32, end: Timestamp) -> Self {
        Self(Arc::new(Kind::Replay(Replay {
            started: Instant::now(),
            start,
            speed: speed.max(1),
            end,
        })))
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            Kind::Real => Timestamp::now(),
            Kind::Replay(replay) => replay.now(),
        }
    }

    /// How long in real time until it shows `at`: zero when it does already, at most [`WAIT_MAX`], also when it stops
    /// before.
    pub fn real_time_until(&self, at: Timestamp) -> Duration {
        if let Kind::Replay(replay) = &*self.0
            && replay.now() < at
            && replay.end < at
        {
            return WAIT_MAX;
        }
        // A time that is past is a negative span, and no wait.
        let ahead = Duration::try_from(at.duration_since(self.now())).unwrap_or_default();
        self.real_time(ahead).min(WAIT_MAX)
    }

    /// How long in real time a span of this clock takes; rounded up, so that whoever waits for it does not wake up
    /// a moment too early.
    pub fn real_time(&self, clock_duration: Duration) -> Duration {
        match &*self.0 {
            Kind::Real => clock_duration,
            Kind::Replay(replay) => {
                let nanoseconds = clock_duration.as_nanos().div_ceil(replay.speed.into());
                u64::try_from(nanoseconds).map_or(Duration::MAX, Duration::from_nanos)
            }
        }
    }
}

impl Replay {
    fn now(&self) -> Timestamp {
        let passed = self.started.elapsed().checked_mul(self.speed);
        let shown = passed.and_then(|passed| self.start.checked_add(passed).ok());
        shown.map_or(self.end, |shown| shown.min(self.end))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_replay_runs_as_many_times_faster_as_it_was_told() {
        let clock = Clock::replay(at("2025-12-04T16:10:00Z"), 21_600);
        assert_eq!(clock.now(), at("2025-12-04T16:10:00Z"));
        advance(Duration::from_secs(4)).await;
        assert_eq!(clock.now(), at("2025-12-05T16:10:00Z"));
        assert_eq!(clock.clone().now(), clock.now());
        assert_eq!(clock.real_time(DAY), Duration::from_secs(4));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_an_instant_wakes_up_at_it_and_not_before() {
        for speed in [1, 7, 21_600] {
            let clock = Clock::replay(at("2025-12-04T16:10:00Z"), speed);
            let midnight = at("2025-12-05T00:00:00Z");
            advance(clock.real_time_until(midnight)).await;
            assert!(clock.now() >= midnight, "{speed}");
            assert!(clock.now().duration_since(midnight).as_millis() < 1, "{speed}");
            assert_eq!(clock.real_time_until(midnight), Duration::ZERO);
            assert_eq!(clock.real_time_until(Timestamp::MIN), Duration::ZERO);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_replay_holds_at_its_end() {
        let end = at("2025-12-13T18:00:00Z");
        let clock = Clock::replay_until(at("2025-12-13T17:00:00Z"), 3600, end);
        let beyond = at("2025-12-13T18:00:01Z");
        assert_eq!(clock.real_time_until(end), Duration::from_secs(1));
        assert_eq!(clock.real_time_until(beyond), WAIT_MAX);
        advance(DAY).await;
        assert_eq!(clock.now(), end);
        assert_eq!(clock.real_time_until(beyond), WAIT_MAX);
        assert_eq!(clock.real_time_until(end), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn no_time_is_too_long_for_it() {
        let clock = Clock::replay(at("2025-12-04T16:10:00Z"), u32::MAX);
        advance(1000 * DAY).await;
        assert_eq!(clock.now(), Timestamp::MAX);
        let slow = Clock::replay(Timestamp::MIN, 0);
        assert_eq!(slow.real_time_until(Timestamp::MAX), WAIT_MAX);
        assert_eq!(slow.real_time(Duration::MAX), Duration::MAX);
    }

    #[test]
    fn the_real_clock_is_the_machines() {
        let clock = Clock::real();
        assert!(clock.now() >= at("2025-12-04T16:10:00Z"));
        assert_eq!(clock.real_time(DAY), DAY);
        assert_eq!(clock.real_time_until(Timestamp::MAX), WAIT_MAX);
    }
}
