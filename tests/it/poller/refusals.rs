//! A vendor that refuses the key or the number of requests: it is asked as often as configured, from the first poll on.

use std::time::Duration;

use jiff::SignedDuration;
use silkrate::clock::Clock;

use crate::support::april::{bank_of_april, nbk, nbk_path};
use crate::support::bank::{Bank, Fault};
use crate::support::scripted::{Scripted, Step, answer};
use crate::support::silkrate::{Silkrate, settings, source};

const HOUR: i64 = 3600;
const NOW: &str = "2026-04-02T09:00:00Z";

/// How many seconds after a first poll that is answered like this the next one is due.
async fn next_poll_after(reply: Vec<Step>) -> i64 {
    let vendor = Scripted::start([reply]).await;
    let mut config = settings(NOW);
    let mut market = source("market", "currencylayer", &vendor.base_url);
    market.interval = Duration::from_secs(3600);
    config.sources.push(market);
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    let detail = silkrate.sources().await.remove(0);
    silkrate.finish().await;
    let second = |time: Option<prost_types::Timestamp>| time.unwrap().seconds;
    second(detail.next_attempt_time) - second(detail.last_attempt_time)
}

#[tokio::test]
async fn a_vendor_that_refuses_is_asked_as_often_as_configured() {
    let limit = br#"{"success":false,"error":{"code":104,"info":"Your monthly usage limit has been reached."}}"#;
    for reply in [
        answer("200 OK", &[], limit),
        answer(
            "401 Unauthorized",
            &[],
            b"{\"message\":\"No API key found\"}",
        ),
        answer("429 Too Many Requests", &[], b""),
    ] {
        let seconds = next_poll_after(reply.clone()).await;
        assert!(
            (HOUR..=2 * HOUR).contains(&seconds),
            "{seconds} s after {reply:?}"
        );
    }
}

#[tokio::test]
async fn a_vendor_that_names_a_delay_is_not_asked_before_it_has_passed() {
    let later = ["Retry-After: 9000"];
    let limit = br#"{"success":false,"error":{"code":106,"info":"Too many requests."}}"#;
    // Some vendors send their errors with status 200.
    for (status, body) in [("429 Too Many Requests", &b""[..]), ("200 OK", limit)] {
        let seconds = next_poll_after(answer(status, &later, body)).await;
        assert!(seconds >= 9000, "{seconds} s after {status}");
    }
}

#[tokio::test]
async fn a_vendor_that_names_a_delay_is_not_asked_before_although_the_clock_is_set_back() {
    let reply = answer("429 Too Many Requests", &["Retry-After: 9000"], b"");
    let mut vendor = Scripted::start([reply]).await;
    let bank = bank_of_april().await;
    let mut config = settings(NOW);
    let sources = [
        ("market", "currencylayer", &vendor.base_url),
        ("nbk", "", &bank.url()),
    ];
    for (id, kind, url) in sources {
        let mut source = source(id, kind, url);
        source.interval = Duration::from_secs(3600);
        config.sources.push(source);
    }
    let clock = Clock::replay(NOW.parse().unwrap(), 1);
    let mut silkrate = Silkrate::start_with(config, clock.clone()).await;
    silkrate.all_attempted().await;
    vendor.request().await;
    // The bank is polled at once, each time that its poller notices. That of the vendor reads the clock equally often.
    let set_back = async {
        let mut interval = tokio::time::interval(Duration::from_secs(1));
        loop {
            interval.tick().await;
            clock.set_forward(SignedDuration::from_mins(-10));
        }
    };
    let polled = async {
        for _ in 0..3 {
            bank.ended(2).await;
        }
    };
    tokio::select! {
        () = polled => {}
        () = set_back => {}
    }
    assert!(vendor.has_no_request());
    silkrate.finish().await;
}

#[tokio::test]
async fn a_vendor_that_is_down_at_the_start_is_asked_again_within_a_minute() {
    let seconds = next_poll_after(answer("500 Internal Server Error", &[], b"")).await;
    assert!(seconds <= 61, "{seconds}");
}

#[tokio::test]
async fn a_bank_that_refuses_a_poll_is_not_asked_for_missed_tables() {
    let bank = Bank::start().await;
    let first = nbk("01.04.2026", ("478.77", "-2.77"), ("3.93", "-0.02"));
    let third = nbk("03.04.2026", ("476.00", "0.91"), ("3.92", "0.01"));
    // The bank has no table of 2 April: it answers with that of 1 April.
    bank.publish(&[
        (
            nbk_path("31.03.2026"),
            nbk("31.03.2026", ("481.54", "0.26"), ("3.95", "0.00")),
        ),
        (nbk_path("01.04.2026"), first.clone()),
        (nbk_path("02.04.2026"), first),
        (nbk_path("03.04.2026"), third),
    ]);
    let mut config = settings(NOW);
    let mut source = source("nbk", "", &bank.url());
    source.interval = Duration::from_secs(3600);
    config.sources.push(source);
    let clock = Clock::replay(NOW.parse().unwrap(), 1);
    let mut silkrate = Silkrate::start_with(config, clock.clone()).await;
    silkrate.all_attempted().await;
    // The table of 2 April is requested once more, as a missed one.
    let missed = |bank: &Bank| {
        let seen = bank.seen().into_iter();
        seen.filter(|seen| seen.path == nbk_path("02.04.2026"))
            .count()
            > 1
    };
    silkrate.until(|_| missed(&bank)).await;
    assert_eq!(silkrate.sources().await[0].consecutive_failures, 0);

    bank.break_with(Some(Fault::Status(429)));
    clock.set_forward(SignedDuration::from_hours(2));
    silkrate
        .until(|detail| detail.consecutive_failures == 1)
        .await;
    // What would follow on the poll has been requested once the next poll has ended.
    clock.set_forward(SignedDuration::from_hours(12));
    silkrate
        .until(|detail| detail.consecutive_failures == 2)
        .await;
    let seen = bank.seen();
    let refused = seen.iter().filter(|seen| seen.status == 429);
    assert_eq!(refused.count(), 2, "{seen:?}");
    silkrate.finish().await;
}
