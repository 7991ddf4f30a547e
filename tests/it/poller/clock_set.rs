//! A clock that is set back at any moment, and what is planned by it.

use std::time::Duration;

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use silkrate::budget::RequestCounts;
use silkrate::clock::{Clock, READ_INTERVAL};
use tokio::time::Instant;

use crate::support::lone_poller::{LonePoller, QuietBank, on_paused_clock};

/// Three in the afternoon in Almaty: polls are a quarter of an hour apart.
const NOW: &str = "2026-04-02T10:00:00Z";
/// A quarter of an hour takes as many seconds.
const SPEED: u32 = 60;
const POLL_INTERVAL: Duration = Duration::from_secs(15);
/// Before the publication hours polls are two hours apart: the longest wait that is ever planned here.
const LONGEST_INTERVAL: Duration = Duration::from_secs(120);
/// Less than the time between the plan of a poll and its wait.
const STEP: Duration = Duration::from_millis(45);

/// What happens when the clock is set back by five hours, so long after the start.
struct SetBack {
    /// When the first poll after the start began, since the start.
    second_poll: Duration,
    /// The time without a request after the clock was set.
    silence: Duration,
}

async fn set_back(after: Duration) -> SetBack {
    let now: Timestamp = NOW.parse().unwrap();
    let clock = Clock::replay(now, SPEED);
    let known = [date(2026, 4, 1), date(2026, 4, 2)];
    let bank = QuietBank::new(&clock, &known.map(|date| (date, Timestamp::MIN)));
    let counts = RequestCounts::in_memory();
    let begun = Instant::now();
    let poller = LonePoller::start(&bank, &known, (1_000, &counts)).await;
    tokio::time::sleep(after).await;
    clock.set_forward(SignedDuration::from_hours(-5));
    let (set, before) = (Instant::now(), bank.asked().len());
    tokio::time::sleep(LONGEST_INTERVAL * 2).await;
    poller.kill().await;
    let asked = bank.asked();
    let mut since_start = asked.iter().map(|asked| asked.real - begun);
    let next = asked.get(before);
    SetBack {
        second_poll: since_start.find(|at| *at > POLL_INTERVAL / 2).unwrap(),
        silence: next.map_or(Duration::MAX, |asked| asked.real - set),
    }
}

#[test]
fn a_clock_that_is_set_back_at_any_moment_of_a_poll_delays_the_next_one_no_longer_than_planned() {
    let silence = |after| {
        let mut outcome = None;
        on_paused_clock(async { outcome = Some(set_back(after).await) });
        let SetBack {
            second_poll,
            silence,
        } = outcome.unwrap();
        let most = LONGEST_INTERVAL + READ_INTERVAL;
        assert!(silence <= most, "set after {after:?}: {silence:?}");
        second_poll
    };
    // Within the wait, and then from the beginning of the next poll until its wait has begun.
    let second_poll = silence(POLL_INTERVAL + POLL_INTERVAL / 2);
    for step in 0..16 {
        silence(second_poll + STEP * step);
    }
}
