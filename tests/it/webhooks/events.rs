//! What is sent, and when.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use ring::hmac::{HMAC_SHA256, Key, verify};
use rust_decimal::Decimal;
use serde_json::Value;
use silkrate::config::{EventKind, WebhookSecret};
use silkrate::domain::RateFilter;

use crate::support::april::{nbk, nbk_path};
use crate::support::browser::get;
use crate::support::receiver::{Received, Receiver};
use crate::webhooks::{SECRET, World, webhook};

const NEW_SECRET: &str = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

/// Whether one of the signatures of a request is that of a secret, as a receiver checks it.
fn is_signed(received: &Received, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap());
    let key = Key::new(HMAC_SHA256, &key.unwrap());
    let (id, timestamp) = (received.id(), received.header("webhook-timestamp"));
    let signed = format!("{id}.{timestamp}.{}", received.body);
    let signatures = received.header("webhook-signature").split(' ');
    let mut signatures = signatures.map(|one| STANDARD.decode(one.strip_prefix("v1,").unwrap()));
    signatures.any(|signature| verify(&key, signed.as_bytes(), &signature.unwrap()).is_ok())
}

#[tokio::test]
async fn a_change_is_posted_with_the_rate_that_is_served_signed_with_every_secret() {
    let receiver = Receiver::start().await;
    let mut desk = webhook("desk", &receiver.url());
    desk.secrets.push(WebhookSecret::parse(NEW_SECRET).unwrap());
    let world = World::new(1, vec![desk]).await;
    let silkrate = world.start().await;
    world.serve(&silkrate, "475.11").await;

    let sent = receiver.until(1).await.remove(0);
    assert_eq!(
        (sent.method.as_str(), sent.path.as_str()),
        ("POST", "/hook")
    );
    assert_eq!(sent.header("content-type"), "application/json");
    assert!(is_signed(&sent, SECRET) && is_signed(&sent, NEW_SECRET));
    let other = NEW_SECRET.replace("AQID", "BQID");
    assert!(!is_signed(&sent, &other), "the check can fail");
    let attempted_at = sent.header("webhook-timestamp").parse().unwrap();
    let attempted_at = Timestamp::from_second(attempted_at).unwrap();
    let ago = Timestamp::now().duration_since(attempted_at);
    assert!(
        ago < SignedDuration::from_mins(1),
        "the machine's clock, not the replay's: {ago}"
    );

    let event = sent.json();
    assert_eq!(event["type"], "change");
    assert!(
        event["timestamp"]
            .as_str()
            .unwrap()
            .starts_with("2026-04-02T09:0")
    );
    let mut data = event["data"].clone();
    assert_eq!(data["value"], "475.11");
    assert_eq!(data["change"]["percent"], "-0.7645");
    let position = data.as_object_mut().unwrap().remove("position").unwrap();
    let served = get(silkrate.web, "/v1/rates/USD/KZT", &[]).await.json();
    assert_eq!(data, served["rate"]);
    assert_eq!(position["epoch"], served["position"]["epoch"]);
    silkrate.finish().await;
    assert_eq!(receiver.received().len(), 1, "it is sent once");
}

#[tokio::test]
async fn with_a_limit_small_changes_are_not_sent_and_the_correction_of_a_large_one_is() {
    let receiver = Receiver::start().await;
    let mut desk = webhook("desk", &receiver.url());
    desk.min_change_percent = Some(Decimal::ONE);
    let world = World::new(1, vec![desk]).await;
    let silkrate = world.start().await;
    for dollar in ["475.11", "473.02", "475.30"] {
        world.serve(&silkrate, dollar).await;
    }
    let sent = receiver.until(2).await;
    let percents: Vec<Value> = sent
        .iter()
        .map(|one| one.json()["data"]["change"]["percent"].clone())
        .collect();
    assert_eq!(percents, ["-1.201", "-0.7248"]);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_value_that_is_held_is_an_event() {
    let receiver = Receiver::start().await;
    let world = World::new(1, vec![webhook("desk", &receiver.url())]).await;
    let silkrate = world.start().await;
    let third = nbk("03.04.2026", ("4751.09", "-3.68"), ("3.95", "0.05"));
    world.bank.publish(&[(nbk_path("03.04.2026"), third)]);
    let held = receiver.until(1).await.remove(0).json();
    assert_eq!(held["type"], "held");
    assert_eq!(held["data"]["id"], "nbk/daily/2026-04-03/USD");
    assert_eq!(held["data"]["fixing"]["value"], "4751.09");
    assert_eq!(held["data"]["check"], "UNIT_JUMP");
    silkrate.finish().await;
    assert_eq!(receiver.received().len(), 1, "it is sent once");
}

#[tokio::test]
async fn the_rows_of_a_table_that_the_bank_rewrites_are_events_once_when_they_are_held() {
    let receiver = Receiver::start().await;
    let mut desk = webhook("desk", &receiver.url());
    desk.pairs = RateFilter::parse(&["USD/KZT", "UZS/KZT"]).unwrap();
    let world = World::new(1, vec![desk]).await;
    let silkrate = world.start().await;
    let rewritten = nbk("02.04.2026", ("476.20", "-2.57"), ("3.95", "0.02"));
    world.bank.publish(&[
        (nbk_path("02.04.2026"), rewritten.clone()),
        (nbk_path("03.04.2026"), rewritten),
    ]);
    receiver.until(2).await;
    // Polls go on. The bank still prints it later, and its rows are served; there is no rate of the sum, whose own bank is absent.
    for minutes in [10, 15, 10, 60] {
        world.clock.set_forward(SignedDuration::from_mins(minutes));
        world.bank.ended(3).await;
    }
    receiver.until(3).await;
    let corrected = nbk("02.04.2026", ("476.30", "-2.47"), ("3.95", "0.02"));
    world.bank.publish(&[
        (nbk_path("02.04.2026"), corrected.clone()),
        (nbk_path("03.04.2026"), corrected),
    ]);
    let is_newest = |one: &Received| one.json()["data"]["value"] == "476.30";
    let is_last = |sent: &[Received]| sent.iter().any(is_newest);
    let sent = receiver.until_all(is_last).await;
    silkrate.finish().await;
    let kinds = sent.iter().map(|one| one.json()["type"].clone());
    let kinds: Vec<Value> = kinds.collect();
    assert_eq!(kinds, ["held", "held", "change", "change"]);
}

#[tokio::test]
async fn a_value_is_an_event_when_it_is_announced_and_again_when_it_takes_force() {
    let receiver = Receiver::start().await;
    let world = World::new(1, vec![webhook("desk", &receiver.url())]).await;
    let silkrate = world.start().await;
    let third = nbk("03.04.2026", ("476.00", "0.91"), ("3.91", "0"));
    world.bank.publish(&[(nbk_path("03.04.2026"), third)]);
    let announced = receiver.until(1).await.remove(0).json();
    assert_eq!(announced["type"], "announced");
    assert_eq!(announced["data"]["value"], "475.09");
    let value = &announced["data"]["announced"];
    assert_eq!(
        (&value["value"], &value["effective_date"]),
        (&"476.00".into(), &"2026-04-03".into())
    );
    assert_eq!(value["change"]["percent"], "0.1915");

    // Midnight in Almaty has passed.
    world.clock.set_forward(SignedDuration::from_hours(11));
    let change = receiver.until(2).await.remove(1).json();
    assert_eq!(change["type"], "change");
    assert_eq!(change["data"]["value"], "476.00");
    silkrate.finish().await;
}

#[tokio::test]
async fn a_source_that_has_missed_a_publication_is_an_event() {
    let receiver = Receiver::start().await;
    let world = World::new(1, vec![webhook("desk", &receiver.url())]).await;
    let silkrate = world.start().await;
    // The morning of the third, for which the bank has not published.
    world.clock.set_forward(SignedDuration::from_hours(20));
    let late = receiver.until(1).await.remove(0).json();
    assert_eq!(late["type"], "source_late");
    assert_eq!(late["data"]["id"], "nbk");
    assert_eq!(late["data"]["freshness"], "LATE");
    let reason = late["data"]["freshness_reason"].as_str().unwrap();
    assert!(
        reason.starts_with("the table for 2026-04-03 was due by "),
        "{reason}"
    );
    silkrate.finish().await;
    assert_eq!(receiver.received().len(), 1, "it is sent once");
}

#[tokio::test]
async fn a_webhook_gets_the_events_and_the_pairs_that_it_names() {
    let (held, sums, all) = (
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    let mut of_held = webhook("held", &held.url());
    of_held.events = vec![EventKind::Held];
    let mut of_sums = webhook("sums", &sums.url());
    of_sums.events.retain(|kind| *kind != EventKind::Announced);
    of_sums.pairs = RateFilter::parse(&["UZS/KZT"]).unwrap();
    let of_all = webhook("all", &all.url());
    let world = World::new(1, vec![of_held, of_sums, of_all]).await;
    let silkrate = world.start().await;
    world.serve(&silkrate, "475.11").await;
    let third = nbk("03.04.2026", ("4751.09", "-3.68"), ("3.95", "0.05"));
    world.bank.publish(&[(nbk_path("03.04.2026"), third)]);
    all.until(2).await;
    assert_eq!(held.until(1).await[0].json()["type"], "held");
    silkrate.finish().await;
    assert_eq!(held.received().len(), 1);
    assert!(
        sums.received().is_empty(),
        "neither the dollar nor what is held of it"
    );
}

#[tokio::test]
async fn a_slow_receiver_delays_no_other_one_no_commit_and_no_stop() {
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.reply_always(crate::support::receiver::Reply::Hang);
    let mut hanging = webhook("slow", &slow.url());
    hanging.timeout = Duration::from_secs(60);
    let world = World::new(1, vec![hanging, webhook("quick", &quick.url())]).await;
    let silkrate = world.start().await;
    for dollar in ["475.11", "475.12", "475.13"] {
        world.serve(&silkrate, dollar).await;
    }
    quick.until(3).await;
    assert_eq!(slow.until(1).await.len(), 1, "one request at a time");
    silkrate.finish().await;
}
