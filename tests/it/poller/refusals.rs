//! A vendor that refuses the key or the number of requests: it is asked as often as configured, from the first poll on.

use std::time::Duration;

use crate::support::scripted::{Scripted, Step, answer};
use crate::support::silkrate::{Silkrate, settings, source};

const HOUR: i64 = 3600;

/// How many seconds after a first poll that is answered like this the next one is due.
async fn next_poll_after(reply: Vec<Step>) -> i64 {
    let vendor = Scripted::start([reply]).await;
    let mut config = settings("2026-04-02T09:00:00Z");
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
    let seconds = next_poll_after(answer("429 Too Many Requests", &later, b"")).await;
    assert!(seconds >= 9000, "{seconds}");
}

#[tokio::test]
async fn a_vendor_that_is_down_at_the_start_is_asked_again_within_a_minute() {
    let seconds = next_poll_after(answer("500 Internal Server Error", &[], b"")).await;
    assert!(seconds <= 61, "{seconds}");
}
