//! A machine that slept: its clock has advanced, and the timers of the runtime have not.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use silkrate::clock::Clock;

use crate::support::april::bank_of_april;
use crate::support::silkrate::{Silkrate, settings, source};

/// Ten in the evening in Almaty, when polls are rare.
const NOW: &str = "2026-04-02T17:00:00Z";

fn instant(time: Option<prost_types::Timestamp>) -> Timestamp {
    Timestamp::from_second(time.unwrap().seconds).unwrap()
}

async fn next_attempt(silkrate: &mut Silkrate) -> Timestamp {
    instant(silkrate.sources().await.remove(0).next_attempt_time)
}

#[tokio::test]
async fn a_poll_that_fell_due_while_the_machine_slept_comes_when_it_wakes_up() {
    let bank = bank_of_april().await;
    let mut config = settings(NOW);
    let mut nbk = source("nbk", "", &bank.url());
    nbk.interval = Duration::from_secs(3600);
    config.sources.push(nbk);
    let now: Timestamp = NOW.parse().unwrap();
    let clock = Clock::replay(now, 1);
    let mut silkrate = Silkrate::start_with(config, clock.clone()).await;
    silkrate.all_attempted().await;
    let (first, requests) = (next_attempt(&mut silkrate).await, bank.seen().len());
    assert!(first > now + SignedDuration::from_mins(10), "{first}");

    clock.set_forward(SignedDuration::from_hours(7));
    let later = first + SignedDuration::from_hours(5);
    silkrate
        .until(|detail| instant(detail.next_attempt_time) > later)
        .await;
    assert!(bank.seen().len() > requests);
    silkrate.finish().await;
}
