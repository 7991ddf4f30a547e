//! When the next poll is due: computed from the publication hours of the bank and the health of the last polls.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::domain::Schedule;

/// By what factor polls are rarer outside the publication window.
const QUIET_FACTOR: u32 = 4;
/// The longest interval outside the window, unless a longer one is configured: a table that appears at an odd hour is
/// found an hour late at most.
const QUIET_INTERVAL_MAX: Duration = Duration::from_secs(3600);
/// The longest back-off, in intervals, so that a bank is polled soon after an outage of a night.
const BACKOFF_INTERVALS_MAX: u32 = 10;
/// The longest interval, in real time, until this process has fetched a table of the source: at a first start there is
/// nothing to serve before that.
const FIRST_TABLE_INTERVAL: Duration = Duration::from_secs(60);
/// The shortest real time between two polls, whatever the settings and the speed of the clock.
const POLL_INTERVAL_MIN: Duration = Duration::from_millis(100);

/// The publication window of a source. It is open when a table of any of its documents may appear. Holidays do not
/// close it, so a bank that works on one is polled all the same.
#[derive(Debug, Clone)]
pub struct PublicationWindow {
    /// The schedules of its documents.
    pub schedules: Vec<Schedule>,
    /// The time zone of the schedules.
    pub zone: TimeZone,
}

/// The health of the last polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PollHealth {
    /// Failed polls in a row; 0 after a successful one.
    pub failures: u32,
    /// The delay that the bank demanded (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// Whether this process has fetched a table of the source.
    pub has_table: bool,
}

impl PublicationWindow {
    /// Whether the window is open.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let local = self.zone.to_datetime(now);
        let (weekday, hour) = (local.date().weekday(), local.time().hour());
        self.schedules
            .iter()
            .any(|schedule| schedule.is_polled_on(weekday) && schedule.hours.include(hour))
    }

    /// The time on the service's clock until the next poll after a successful one.
    pub fn interval(&self, interval: Duration, now: Timestamp) -> Duration {
        if self.is_open(now) {
            return interval;
        }
        let quiet = interval
            .saturating_mul(QUIET_FACTOR)
            .min(QUIET_INTERVAL_MAX);
        self.opens_in(now)
            .map_or(quiet, |opens_in| quiet.min(opens_in))
            .max(interval)
    }

    /// The longest delay on the service's clock after failures: a number of intervals, but not past the opening of the
    /// window.
    pub fn longest(&self, interval: Duration, now: Timestamp) -> Duration {
        let back_off = interval.saturating_mul(BACKOFF_INTERVALS_MAX);
        let opens_in = if self.is_open(now) {
            None
        } else {
            self.opens_in(now)
        };
        opens_in
            .map_or(back_off, |opens_in| back_off.min(opens_in))
            .max(self.interval(interval, now))
    }

    /// How long until the window opens; `None` if that is more than a week.
    fn opens_in(&self, now: Timestamp) -> Option<Duration> {
        let today = self.zone.to_datetime(now).date();
        let opening = |date: Date, schedule: &Schedule| {
            let at = schedule.hours.opening(date, &self.zone)?;
            (schedule.is_polled_on(date.weekday()) && at > now).then_some(at)
        };
        let openings = (0..=7).filter_map(|days| today.checked_add(days.days()).ok());
        let openings = openings
            .flat_map(|date| {
                self.schedules
                    .iter()
                    .filter_map(move |schedule| opening(date, schedule))
            })
            .min();
        Duration::try_from(now.duration_until(openings?)).ok()
    }
}

/// The bounds, in real time, of the random delay until the next poll: `due` after a successful one, `longest` at most.
///
/// After n failures they are one interval and 2^(n-1) of them: a failure never makes polls denser.
pub fn delay(due: Duration, longest: Duration, health: PollHealth) -> RangeInclusive<Duration> {
    let due = if health.has_table {
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
    let bound = |delay: Duration| delay.min(longest.max(due)).max(least);
    bound(due)..=bound(due.saturating_mul(intervals))
}

#[cfg(test)]
mod tests {
    use jiff::civil::Weekday;

    use super::*;
    use crate::domain::{DatingRule, Hours};
    use crate::sources::WORKING_DAYS;

    const MINUTE: Duration = Duration::from_secs(60);

    /// Monday to Friday, 14 to 18.
    fn window() -> PublicationWindow {
        let schedule = Schedule {
            hours: Hours {
                days: WORKING_DAYS,
                opens: 14,
                closes: 18,
            },
            dating: DatingRule::NextDay,
            holidays: &[(4, 3)],
            repeated_on: &[],
            valid_days: 1,
            stale_after_hours: 24,
        };
        PublicationWindow {
            schedules: vec![schedule],
            zone: TimeZone::get("Asia/Almaty").unwrap(),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn most(due: Duration, longest: Duration, health: PollHealth) -> Duration {
        *delay(due, longest, health).end()
    }

    fn least(due: Duration, longest: Duration, health: PollHealth) -> Duration {
        *delay(due, longest, health).start()
    }

    fn failing(failures: u32) -> PollHealth {
        PollHealth {
            failures,
            retry_after: None,
            has_table: true,
        }
    }

    #[test]
    fn polls_are_frequent_inside_the_window_and_rare_outside() {
        // Almaty is five hours ahead of UTC; 2026-04-02 is a Thursday.
        let interval = |minutes: u32, now| window().interval(MINUTE * minutes, at(now));
        assert_eq!(interval(10, "2026-04-02T09:00:00Z"), MINUTE * 10);
        assert_eq!(interval(10, "2026-04-02T12:59:59Z"), MINUTE * 10);
        assert_eq!(interval(10, "2026-04-02T13:00:00Z"), MINUTE * 40);
        assert_eq!(
            interval(10, "2026-04-04T09:30:00Z"),
            MINUTE * 40,
            "a Saturday"
        );
        assert_eq!(
            interval(30, "2026-04-02T13:00:00Z"),
            MINUTE * 60,
            "an hour at most"
        );
        assert_eq!(
            interval(90, "2026-04-02T13:00:00Z"),
            MINUTE * 90,
            "unless a longer one is configured"
        );
    }

    #[test]
    fn a_window_is_open_while_that_of_any_document_is() {
        let mut window = window();
        let is_open = |window: &PublicationWindow, now| window.is_open(at(now));
        assert!(
            is_open(&window, "2026-04-03T09:00:00Z"),
            "a holiday does not close it"
        );
        assert!(!is_open(&window, "2026-04-04T09:00:00Z"), "a Saturday");
        window.schedules[0].repeated_on = &[Weekday::Saturday];
        assert!(
            is_open(&window, "2026-04-04T09:00:00Z"),
            "a table is repeated on a Saturday"
        );
        let mut evening = window.schedules[0];
        evening.hours = Hours {
            days: &[Weekday::Sunday],
            opens: 20,
            closes: 24,
        };
        window.schedules.push(evening);
        assert!(!is_open(&window, "2026-04-05T14:59:59Z"));
        assert!(is_open(&window, "2026-04-05T15:00:00Z"));
        assert!(is_open(&window, "2026-04-05T18:59:59Z"));
        assert!(!is_open(&window, "2026-04-05T19:00:00Z"));
        assert_eq!(
            window.longest(MINUTE * 60, at("2026-04-05T12:00:00Z")),
            MINUTE * 180,
            "the evening is the next opening"
        );
    }

    #[test]
    fn the_opening_of_the_window_is_not_slept_through() {
        assert_eq!(
            window().interval(MINUTE * 10, at("2026-04-02T08:40:00Z")),
            MINUTE * 20
        );
        assert_eq!(
            window().interval(MINUTE * 10, at("2026-04-02T08:55:00Z")),
            MINUTE * 10
        );
    }

    #[test]
    fn back_off_never_shortens_the_interval_and_ends_at_ten_of_them() {
        assert_eq!(most(MINUTE, MINUTE * 10, failing(0)), MINUTE);
        assert_eq!(most(MINUTE, MINUTE * 10, failing(1)), MINUTE);
        assert_eq!(most(MINUTE, MINUTE * 10, failing(2)), MINUTE * 2);
        assert_eq!(most(MINUTE, MINUTE * 10, failing(4)), MINUTE * 8);
        assert_eq!(least(MINUTE, MINUTE * 10, failing(4)), MINUTE);
        for failures in 5..100 {
            assert_eq!(most(MINUTE, MINUTE * 10, failing(failures)), MINUTE * 10);
        }
    }

    #[test]
    fn back_off_does_not_sleep_through_the_opening_of_the_window() {
        let longest = |minutes: u32, now| window().longest(MINUTE * minutes, at(now));
        assert_eq!(longest(15, "2026-04-02T10:00:00Z"), MINUTE * 150);
        assert_eq!(
            longest(15, "2026-04-02T08:00:00Z"),
            MINUTE * 60,
            "an hour before it opens"
        );
        assert_eq!(longest(15, "2026-04-02T20:00:00Z"), MINUTE * 150);
        assert_eq!(most(MINUTE * 60, MINUTE * 150, failing(9)), MINUTE * 150);
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
    fn a_source_without_a_table_is_polled_every_minute() {
        let nothing_yet = PollHealth {
            has_table: false,
            ..failing(1)
        };
        assert_eq!(most(MINUTE * 60, MINUTE * 60, nothing_yet), MINUTE);
        assert_eq!(
            most(Duration::from_secs(1), MINUTE, nothing_yet),
            Duration::from_secs(1)
        );
    }

    #[test]
    fn polls_are_a_tenth_of_a_second_apart_at_least() {
        assert_eq!(
            least(Duration::ZERO, Duration::ZERO, failing(0)),
            Duration::from_millis(100)
        );
    }
}
