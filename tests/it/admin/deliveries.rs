//! What the metrics tell of webhooks.

use std::time::Duration;

use crate::admin::metrics::{samples, scrape, until};
use crate::support::april::{bank_of_april, nbk, nbk_path};
use crate::support::receiver::{Receiver, Reply};
use crate::support::silkrate::{Silkrate, settings, source};
use crate::webhooks::webhook;

#[tokio::test]
async fn attempts_to_deliver_an_event_are_counted_by_how_they_ended() {
    let bank = bank_of_april().await;
    let receiver = Receiver::start().await;
    receiver.reply([Reply::Status(503)]);
    let mut config = settings("2026-04-02T09:00:00Z");
    let mut nbk_source = source("nbk", "", &bank.url());
    nbk_source.interval = Duration::from_secs(6);
    config.sources.push(nbk_source);
    config.webhooks.push(webhook("desk", &receiver.url()));
    // Retries come after seconds, which pass sixty times as fast.
    let clock = silkrate::clock::Clock::replay("2026-04-02T09:00:00Z".parse().unwrap(), 60);
    let mut silkrate = Silkrate::start_with(config, clock).await;
    silkrate.all_attempted().await;
    let corrected = nbk("02.04.2026", ("475.11", "-3.66"), ("3.91", "-0.02"));
    bank.publish(&[
        (nbk_path("02.04.2026"), corrected.clone()),
        (nbk_path("03.04.2026"), corrected),
    ]);
    let attempts = |outcome| {
        format!("silkrate_webhook_attempts_total{{webhook=\"desk\",outcome=\"{outcome}\"}}")
    };
    let samples = until(&silkrate, &attempts("delivered"), "1").await;
    assert_eq!(samples[&attempts("failed")], "1");
    assert_eq!(samples[&attempts("gone")], "0");
    assert_eq!(receiver.received().len(), 2);
    silkrate.finish().await;
}

#[tokio::test]
async fn events_wait_for_a_receiver_that_fails_and_none_is_sent_to_one_that_is_gone() {
    for (reply, outcome, gone) in [(503, "failed", "0"), (410, "gone", "1")] {
        let bank = bank_of_april().await;
        let receiver = Receiver::start().await;
        receiver.reply([Reply::Status(reply)]);
        let mut config = settings("2026-04-02T09:00:00Z");
        config.sources.push(source("nbk", "", &bank.url()));
        config.webhooks.push(webhook("desk", &receiver.url()));
        let mut silkrate = Silkrate::start(config).await;
        silkrate.all_attempted().await;
        let of = |family: &str| format!("silkrate_webhook_{family}{{webhook=\"desk\"}}");
        let before = samples(&scrape(&silkrate).await);
        assert_eq!(before[&of("waiting_events")], "0");
        let oldest = of("oldest_waiting_event_timestamp_seconds");
        assert!(!before.contains_key(&oldest));
        let third = nbk("03.04.2026", ("476.00", "0.91"), ("3.92", "0.01"));
        bank.publish(&[(nbk_path("03.04.2026"), third)]);
        let attempts =
            format!("silkrate_webhook_attempts_total{{webhook=\"desk\",outcome=\"{outcome}\"}}");
        let samples = until(&silkrate, &attempts, "1").await;
        let waiting = samples[&of("waiting_events")].parse::<u64>().unwrap();
        assert!(waiting >= 1, "{waiting}");
        // The clock of the test began at nine.
        assert!(
            samples[&oldest].starts_with("177512"),
            "{}",
            samples[&oldest]
        );
        assert_eq!(samples[&of("receiver_gone")], gone);
        assert_eq!(samples[&of("dropped_events_total")], "0");
        silkrate.finish().await;
    }
}
