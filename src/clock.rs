//! The clock of the service: the machine's, or that of a replay.
//!
//! Dates, publication windows, freshness and poll intervals follow this clock. Transport time-outs, back-off and
//! heartbeats are real time and do not pass through here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The longest sleep before the clock is read again: a clock that is stopped never reaches the instant, and a suspended
/// machine is noticed within the hour.
const SLEEP_MAX: Duration = Duration::from_secs(3600);

/// The clock of the service.
#[derive(Debug, Clone)]
pub struct Clock {
    replay: Option<Replay>,
}

#[derive(Debug, Clone)]
struct Replay {
    start: Timestamp,
    speed: u32,
    end: Timestamp,
    /// When the clock was made.
    made: Instant,
    /// Nanoseconds from then to the last start, shared by every copy of the clock.
    started_after: Arc<AtomicU64>,
}

impl Clock {
    /// The machine's clock.
    pub fn real() -> Self {
        Self { replay: None }
    }

    /// A clock that shows `start` now and runs `speed` times as fast as real time.
    pub fn replay(start: Timestamp, speed: u32) -> Self {
        Self::replay_until(start, speed, Timestamp::MAX)
    }

    /// The same, but it stops at `end` and shows that from then on.
    pub fn replay_until(start: Timestamp, speed: u32, end: Timestamp) -> Self {
        Self {
            replay: Some(Replay {
                start,
                speed: speed.max(1),
                end,
                made: Instant::now(),
                started_after: Arc::default(),
            }),
        }
    }

    /// Sets a replay, and every copy of it, back to its start. The machine's clock is not affected.
    pub fn restart(&self) {
        if let Some(replay) = &self.replay {
            let made_ago = u64::try_from(replay.made.elapsed().as_nanos()).unwrap_or(u64::MAX);
            replay.started_after.store(made_ago, Ordering::Relaxed);
        }
    }

    /// The time it shows.
    pub fn now(&self) -> Timestamp {
        match &self.replay {
            None => Timestamp::now(),
            Some(replay) => {
                let started = Duration::from_nanos(replay.started_after.load(Ordering::Relaxed));
                let passed = replay.made.elapsed().saturating_sub(started);
                let passed = passed.saturating_mul(replay.speed);
                later(replay.start, passed).min(replay.end)
            }
        }
    }

    /// The time it will show after an amount of real time.
    pub fn after(&self, real_time: Duration) -> Timestamp {
        match &self.replay {
            None => later(self.now(), real_time),
            Some(replay) => {
                later(self.now(), real_time.saturating_mul(replay.speed)).min(replay.end)
            }
        }
    }

    /// The real time in which the clock advances by a duration. It is rounded up, so that a task that sleeps until an
    /// instant does not wake a moment before it.
    pub fn real_time(&self, clock_time: Duration) -> Duration {
        let speed = self.replay.as_ref().map_or(1, |replay| replay.speed);
        let nanoseconds = clock_time.as_nanos().div_ceil(speed.into());
        u64::try_from(nanoseconds).map_or(Duration::MAX, Duration::from_nanos)
    }

    /// How long to sleep in real time before the clock shows `at`; at most an hour, after which it must be read again.
    pub fn real_time_until(&self, at: Timestamp) -> Duration {
        let ahead = Duration::try_from(self.now().duration_until(at)).unwrap_or(Duration::ZERO);
        let is_past_end = self.replay.as_ref().is_some_and(|replay| at > replay.end);
        if is_past_end {
            SLEEP_MAX
        } else {
            self.real_time(ahead).min(SLEEP_MAX)
        }
    }
}

fn later(instant: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    instant.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_replay_starts_at_its_instant_and_runs_at_its_speed() {
        let clock = Clock::replay(at("2026-04-02T09:00:00Z"), 60);
        assert_eq!(clock.now(), at("2026-04-02T09:00:00Z"));
        tokio::time::advance(MINUTE).await;
        assert_eq!(clock.now(), at("2026-04-02T10:00:00Z"));
        assert_eq!(clock.after(MINUTE), at("2026-04-02T11:00:00Z"));
        assert_eq!(
            clock.real_time_until(at("2026-04-02T11:30:00Z")),
            Duration::from_secs(90)
        );
        assert_eq!(
            clock.real_time_until(at("2026-04-01T00:00:00Z")),
            Duration::ZERO
        );
        assert_eq!(clock.real_time(MINUTE * 60), MINUTE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_replay_with_an_end_stops_there() {
        let clock =
            Clock::replay_until(at("2025-12-13T00:00:00Z"), 3600, at("2025-12-13T18:00:00Z"));
        tokio::time::advance(MINUTE).await;
        assert_eq!(clock.now(), at("2025-12-13T18:00:00Z"));
        assert_eq!(clock.after(MINUTE), at("2025-12-13T18:00:00Z"));
        assert_eq!(clock.real_time_until(at("2025-12-14T00:00:00Z")), SLEEP_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_restarted_replay_shows_its_start_again_in_every_copy() {
        let clock =
            Clock::replay_until(at("2025-12-13T00:00:00Z"), 3600, at("2025-12-13T18:00:00Z"));
        let copy = clock.clone();
        tokio::time::advance(MINUTE).await;
        clock.restart();
        assert_eq!(copy.now(), at("2025-12-13T00:00:00Z"));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(copy.now(), at("2025-12-13T02:00:00Z"));
        assert_eq!(clock.now(), copy.now());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_an_instant_wakes_up_at_it_and_not_before() {
        for speed in [1, 7, 21_600] {
            let clock = Clock::replay(at("2025-12-04T23:10:00Z"), speed);
            let midnight = at("2025-12-05T00:00:00Z");
            tokio::time::advance(clock.real_time_until(midnight)).await;
            let late = clock.now().duration_since(midnight);
            assert!(
                !late.is_negative() && late.as_millis() < 1,
                "{speed}: {late:?}"
            );
            assert_eq!(clock.real_time_until(midnight), Duration::ZERO);
        }
    }

    #[test]
    fn the_real_clock_is_the_machines() {
        let before = Timestamp::now();
        assert!(Clock::real().now() >= before);
        assert_eq!(Clock::real().real_time(MINUTE), MINUTE);
    }
}
