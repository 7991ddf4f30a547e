//! The clock of the service: the machine's, or that of a replay.
//!
//! Dates, publication windows, freshness and poll intervals follow this clock. Transport time-outs, back-off and
//! heartbeats are real time and do not pass through here.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The longest sleep before the clock is read again: a machine that slept, and a clock that was set, are noticed within it.
/// The timers of the runtime stand still while a machine sleeps, and reading a clock costs nothing beside a wake-up.
pub const READ_INTERVAL: Duration = Duration::from_secs(5);

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
    /// Nanoseconds by which it was set forward since it was made, shared by every copy of the clock.
    set_forward: Arc<AtomicI64>,
}

/// A wait for an instant of a clock, with what bounds it if the clock is set: an instant alone says nothing any more of how
/// long to wait once the clock was set back.
#[derive(Debug, Clone, Copy)]
pub struct Wait {
    /// The instant.
    until: Timestamp,
    /// What the clock showed when the wait was planned.
    read: Timestamp,
    /// When the clock shows the instant, on the timers of the runtime, unless it is set. `None` if it never does.
    ends_at: Option<Instant>,
}

impl Wait {
    /// The instant that was planned.
    pub fn until(&self) -> Timestamp {
        self.until
    }
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
                set_forward: Arc::default(),
            }),
        }
    }

    /// Sets a replay, and every copy of it, back to its start. The machine's clock is not affected.
    pub fn restart(&self) {
        if let Some(replay) = &self.replay {
            let made_ago = u64::try_from(replay.made.elapsed().as_nanos()).unwrap_or(u64::MAX);
            replay.started_after.store(made_ago, Ordering::Relaxed);
            replay.set_forward.store(0, Ordering::Relaxed);
        }
    }

    /// Sets a replay, and every copy of it, forward, or back by a negative duration: what happens to a machine's clock when
    /// it is set, or when the machine sleeps. The machine's clock itself is not affected.
    pub fn set_forward(&self, by: SignedDuration) {
        if let Some(replay) = &self.replay {
            let by = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
            replay.set_forward.fetch_add(by, Ordering::Relaxed);
        }
    }

    /// Sets a replay, and every copy of it, forward to an instant, unless it shows that or a later one: a replica of a replay
    /// goes on where the one before it was. The machine's clock is not affected.
    pub fn advance_to(&self, at: Timestamp) {
        if let Some(replay) = &self.replay {
            let behind = at.min(replay.end).duration_since(self.now());
            if behind.is_positive() {
                self.set_forward(behind);
            }
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
                let shown = later(replay.start, passed);
                let set = SignedDuration::from_nanos(replay.set_forward.load(Ordering::Relaxed));
                shown.checked_add(set).unwrap_or(shown).min(replay.end)
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

    /// How long to sleep in real time before the clock is read again by a task that waits until it shows `at`: at most
    /// [`READ_INTERVAL`].
    pub fn real_time_until(&self, at: Timestamp) -> Duration {
        let ahead = Duration::try_from(self.now().duration_until(at)).unwrap_or(Duration::ZERO);
        let is_past_end = self.replay.as_ref().is_some_and(|replay| at > replay.end);
        if is_past_end {
            READ_INTERVAL
        } else {
            self.real_time(ahead).min(READ_INTERVAL)
        }
    }

    /// Plans to wait until the clock shows `until`, an instant that was reckoned when it showed `read`.
    pub fn plan(&self, read: Timestamp, until: Timestamp) -> Wait {
        let ahead = Duration::try_from(read.duration_until(until)).unwrap_or(Duration::ZERO);
        let is_past_end = self
            .replay
            .as_ref()
            .is_some_and(|replay| until > replay.end);
        let in_real_time = self.real_time(ahead);
        let ends_at = Instant::now().checked_add(in_real_time);
        Wait {
            until,
            read,
            ends_at: ends_at.filter(|_| !is_past_end),
        }
    }

    /// The instant at which a wait ends, as the clock shows it now. After the clock was set back that is earlier than the
    /// instant that was planned: as much real time is left as before.
    pub fn end_of(&self, wait: Wait) -> Timestamp {
        let left = wait
            .ends_at
            .map(|end| end.saturating_duration_since(Instant::now()));
        left.map_or(wait.until, |left| self.after(left).min(wait.until))
    }

    /// Waits as planned, until the clock shows the instant. Time in which the machine sleeps counts, and a clock that is
    /// set forward past the instant ends the wait, both at most [`READ_INTERVAL`] later. A clock that is set back ends it
    /// too, also if that was between the plan and the wait: the caller plans anew, instead of waiting for an instant that
    /// was reckoned from a wrong time. It never lasts more than [`READ_INTERVAL`] longer than planned. A replay that stops before
    /// the instant never ends it.
    pub async fn wait(&self, wait: Wait) {
        // A clock that is slewed comes to the instant a little after the timers.
        let latest = wait.ends_at.and_then(|end| end.checked_add(READ_INTERVAL));
        let mut read = wait.read;
        loop {
            let (now, instant) = (self.now(), Instant::now());
            let is_over = latest.is_some_and(|latest| instant >= latest);
            if now >= wait.until || now < read || is_over {
                return;
            }
            read = now;
            let rest = latest.map_or(READ_INTERVAL, |latest| latest - instant);
            tokio::time::sleep(self.real_time_until(wait.until).min(rest)).await;
        }
    }

    /// Waits until the clock shows `at`, an instant that was reckoned just now. See [`Clock::wait`].
    pub async fn sleep_until(&self, at: Timestamp) {
        self.wait(self.plan(self.now(), at)).await;
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
            clock.real_time_until(at("2026-04-02T10:03:00Z")),
            Duration::from_secs(3)
        );
        assert_eq!(
            clock.real_time_until(at("2026-04-02T11:30:00Z")),
            READ_INTERVAL
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
        assert_eq!(
            clock.real_time_until(at("2025-12-14T00:00:00Z")),
            READ_INTERVAL
        );
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
    async fn a_replay_is_advanced_to_later_instants_and_never_past_its_end() {
        let hour = |hour: u8| at(&format!("2025-12-13T{hour:02}:00Z"));
        let clock = Clock::replay_until(hour(0), 3600, hour(18));
        for (to, shown) in [(hour(12), 12), (hour(0), 12), (Timestamp::MAX, 18)] {
            clock.advance_to(to);
            assert_eq!(clock.clone().now(), hour(shown));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_an_instant_wakes_up_at_it_and_not_before() {
        for speed in [1, 7, 21_600] {
            let clock = Clock::replay(at("2025-12-04T23:10:00Z"), speed);
            let midnight = at("2025-12-05T00:00:00Z");
            clock.sleep_until(midnight).await;
            let late = clock.now().duration_since(midnight);
            // The timers of the runtime have a resolution of a millisecond.
            let late_max = SignedDuration::from_millis(2 * i64::from(speed));
            assert!(!late.is_negative() && late < late_max, "{speed}: {late:?}");
            assert_eq!(clock.real_time_until(midnight), Duration::ZERO);
        }
    }

    /// The real time that a wait takes after the clock has been set while it runs.
    async fn waited(
        clock: &Clock,
        wait: impl Future<Output = ()>,
        set: SignedDuration,
    ) -> Duration {
        let mut wait = std::pin::pin!(wait);
        tokio::select! {
            () = &mut wait => panic!("it ends before the clock is set"),
            () = tokio::time::sleep(Duration::from_secs(61)) => {}
        }
        clock.set_forward(set);
        let begun = Instant::now();
        wait.await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_slept_past_the_instant_is_noticed_within_five_seconds() {
        let slept = SignedDuration::from_hours(7);
        let clock = Clock::replay(at("2026-04-02T17:00:00Z"), 1);
        let until = clock.sleep_until(at("2026-04-02T19:00:00Z"));
        assert!(waited(&clock, until, slept).await <= READ_INTERVAL);
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_slept_for_a_part_of_the_wait_waits_for_the_rest() {
        let clock = Clock::replay(at("2026-04-02T17:00:00Z"), 1);
        let begun = Instant::now();
        let until = clock.sleep_until(at("2026-04-02T19:00:00Z"));
        waited(&clock, until, SignedDuration::from_mins(90)).await;
        let waited = begun.elapsed();
        assert!(waited >= MINUTE * 30, "{waited:?}");
        assert!(waited <= MINUTE * 30 + READ_INTERVAL, "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_back_ends_the_wait_for_an_instant() {
        let a_year_back = SignedDuration::from_hours(-24 * 365);
        let clock = Clock::replay(at("2030-01-01T17:00:00Z"), 1);
        let until = clock.sleep_until(at("2030-01-01T19:00:00Z"));
        assert!(waited(&clock, until, a_year_back).await <= READ_INTERVAL);
    }

    /// The real time of a wait of an hour of the clock, which is set between its plan and its beginning, and within it.
    async fn waited_for_an_hour(speed: u32, between: i64, within: i64) -> Duration {
        let clock = Clock::replay(at("2026-04-02T17:00:00Z"), speed);
        let begun = Instant::now();
        let wait = clock.plan(clock.now(), at("2026-04-02T18:00:00Z"));
        clock.set_forward(SignedDuration::from_mins(between));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(clock.end_of(wait) < later(clock.now(), MINUTE * 60));
        let mut wait = std::pin::pin!(clock.wait(wait));
        tokio::select! {
            () = &mut wait => return begun.elapsed(),
            () = tokio::time::sleep(Duration::from_secs(7)) => {}
        }
        clock.set_forward(SignedDuration::from_mins(within));
        wait.await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn no_wait_is_longer_than_planned_whatever_the_clock_is_set_to() {
        let minutes = [-24 * 60, -300, -61, -1, 0, 1, 45, 300];
        let sets = minutes.map(|between| minutes.map(|within| (between, within)));
        for (between, within) in sets.into_iter().flatten() {
            for (speed, planned) in [(1, MINUTE * 60), (60, MINUTE)] {
                let waited = waited_for_an_hour(speed, between, within).await;
                let most = planned + READ_INTERVAL;
                assert!(waited <= most, "{between} {within}: {waited:?}");
                assert!((between, within) != (0, 0) || waited >= planned);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_was_set_back_before_the_wait_began_ends_it_at_once() {
        let clock = Clock::replay(at("2026-04-02T17:00:00Z"), 60);
        let wait = clock.plan(clock.now(), at("2026-04-02T18:00:00Z"));
        clock.set_forward(SignedDuration::from_hours(-4));
        assert_eq!(clock.end_of(wait), at("2026-04-02T14:00:00Z"));
        assert_eq!(wait.until(), at("2026-04-02T18:00:00Z"));
        let begun = Instant::now();
        clock.wait(wait).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_back_and_forward_leaves_as_much_time_as_planned() {
        let clock = Clock::replay(at("2026-04-02T17:00:00Z"), 1);
        let wait = clock.plan(clock.now(), at("2026-04-02T18:00:00Z"));
        for minutes in [-240, 180] {
            clock.set_forward(SignedDuration::from_mins(minutes));
            tokio::time::advance(MINUTE).await;
        }
        assert_eq!(clock.end_of(wait), at("2026-04-02T17:00:00Z"));
        clock.set_forward(SignedDuration::from_mins(120));
        assert_eq!(clock.end_of(wait), at("2026-04-02T18:00:00Z"));
    }

    #[test]
    fn the_real_clock_is_the_machines() {
        let before = Timestamp::now();
        assert!(Clock::real().now() >= before);
        assert_eq!(Clock::real().real_time(MINUTE), MINUTE);
    }
}
