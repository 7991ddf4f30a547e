//! The subscriber of `silkrate::client` against a scripted server, over real sockets.

mod alone;
mod commands;
mod environment;
mod formats;
mod line;
mod names;
mod operators;
mod proxied;
mod replicas;
mod server;
#[cfg(target_os = "linux")]
mod top;

use std::time::Duration;

use futures_util::StreamExt;
use silkrate::client::{Client, ClientError, Watch, WatchEvent, WatchOptions};
use silkrate::domain::{Reason, Refusal};
use silkrate::pb::ResumeVerdict;
use silkrate::pb::watch_rates_response::Event;
use tokio::net::TcpListener;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::client::server::{
    LONG, REQUESTED, Script, heartbeat, opening, position, rate, serve, snapshot, update, watch,
};

fn kind(event: &WatchEvent) -> &'static str {
    match event {
        WatchEvent::Opening { .. } => "opening",
        WatchEvent::Snapshot => "snapshot",
        WatchEvent::Update { .. } => "update",
        WatchEvent::Heartbeat(_) => "heartbeat",
        WatchEvent::Disconnected { .. } => "disconnected",
    }
}

/// The next events, by kind, and the reason of the last disconnection among them.
async fn events(watch: &mut Watch, count: usize) -> (Vec<&'static str>, String) {
    let (mut kinds, mut last_reason) = (Vec::new(), String::new());
    for _ in 0..count {
        let event = watch.next().await.unwrap();
        kinds.push(kind(&event));
        if let WatchEvent::Disconnected { reason, .. } = event {
            last_reason = reason;
        }
    }
    (kinds, last_reason)
}

fn values(watch: &Watch) -> Vec<String> {
    let rates = watch.rates().iter();
    rates
        .map(|rate| format!("{} {}", rate.pair, rate.value))
        .collect()
}

#[tokio::test]
async fn after_a_disconnection_the_stream_resumes_where_it_stopped() {
    let first = vec![
        opening(REQUESTED, LONG),
        snapshot(1, &[rate("KZT/USD", "1")]),
        update(1, 2, &[rate("KGS/USD", "2")]),
    ];
    let second = vec![
        opening(ResumeVerdict::Resumed, LONG),
        update(2, 5, &[rate("KZT/USD", "3")]),
        heartbeat(5),
    ];
    let running = serve([
        Script::Break(first, Status::unavailable("draining")),
        Script::Hang(second),
    ])
    .await;
    let mut watch = running.watch();
    let (kinds, reason) = events(&mut watch, 7).await;
    assert_eq!(
        kinds,
        [
            "opening",
            "snapshot",
            "update",
            "disconnected",
            "opening",
            "update",
            "heartbeat"
        ]
    );
    assert_eq!(reason, "draining");
    assert_eq!(running.resumed_after(), [None, Some(2)]);
    assert_eq!(values(&watch), ["KGS/USD 2", "KZT/USD 3"]);
    assert_eq!(watch.position(), Some(&position(5)));
}

#[tokio::test]
async fn an_update_that_does_not_apply_leads_to_a_new_snapshot() {
    let first = vec![
        opening(REQUESTED, LONG),
        snapshot(1, &[rate("KZT/USD", "1")]),
        update(5, 6, &[rate("KZT/USD", "9")]),
    ];
    let second = vec![
        opening(REQUESTED, LONG),
        snapshot(7, &[rate("KGS/USD", "2")]),
        heartbeat(6),
    ];
    let third = vec![opening(REQUESTED, LONG), snapshot(8, &[])];
    let running = serve([
        Script::Hang(first),
        Script::Hang(second),
        Script::Hang(third),
    ])
    .await;
    let mut watch = running.watch();
    let (kinds, _) = events(&mut watch, 3).await;
    assert_eq!(kinds, ["opening", "snapshot", "disconnected"]);
    assert_eq!(values(&watch), ["KZT/USD 1"]);
    let (kinds, _) = events(&mut watch, 3).await;
    assert_eq!(kinds, ["opening", "snapshot", "disconnected"]);
    assert_eq!(values(&watch), ["KGS/USD 2"]);
    let (kinds, _) = events(&mut watch, 2).await;
    assert_eq!(kinds, ["opening", "snapshot"]);
    assert_eq!(running.resumed_after(), [None, None, None]);
}

#[tokio::test]
async fn a_new_pair_of_the_servers_ticker_leads_to_a_snapshot_in_its_order() {
    let (kgs, kzt) = (rate("KGS/USD", "0.0114"), rate("KZT/USD", "0.002"));
    let running = serve([
        Script::Hang(vec![
            opening(REQUESTED, LONG),
            snapshot(1, std::slice::from_ref(&kzt)),
            update(1, 2, std::slice::from_ref(&kgs)),
        ]),
        Script::Hang(vec![opening(REQUESTED, LONG), snapshot(2, &[kgs, kzt])]),
    ])
    .await;
    let options = WatchOptions::default();
    let mut watch = Watch::new(running.client.clone(), options);
    let (kinds, _) = events(&mut watch, 3).await;
    assert_eq!(kinds, ["opening", "snapshot", "update"]);
    assert_eq!(watch.position(), Some(&position(2)));
    let (kinds, _) = events(&mut watch, 2).await;
    assert_eq!(kinds, ["opening", "snapshot"]);
    assert_eq!(values(&watch), ["KGS/USD 0.0114", "KZT/USD 0.002"]);
    assert_eq!(running.resumed_after(), [None, None]);
}

#[tokio::test]
async fn a_removed_pair_is_dropped_and_a_position_too_old_to_resume_gets_a_snapshot() {
    let (kgs, kzt) = (rate("KGS/USD", "1"), rate("KZT/USD", "2"));
    let mut removal = update(1, 2, &[]);
    let Some(Event::Update(update)) = &mut removal.event else {
        panic!("expected an update");
    };
    update.removed_pairs = vec!["KGS/USD".to_owned(), "EUR/KGS".to_owned()];
    let first = vec![
        opening(REQUESTED, LONG),
        snapshot(1, &[kgs, kzt.clone()]),
        removal,
    ];
    let second = vec![
        opening(ResumeVerdict::SnapshotTooOld, LONG),
        snapshot(9, std::slice::from_ref(&kzt)),
        // A server may also send a snapshot in the middle of a stream.
        snapshot(12, &[]),
    ];
    let running = serve([
        Script::Break(first, Status::unavailable("aged")),
        Script::Hang(second),
    ])
    .await;
    let mut watch = running.watch();
    let (kinds, _) = events(&mut watch, 3).await;
    assert_eq!(kinds, ["opening", "snapshot", "update"]);
    assert_eq!(values(&watch), ["KZT/USD 2"]);
    let (kinds, _) = events(&mut watch, 3).await;
    assert_eq!(kinds, ["disconnected", "opening", "snapshot"]);
    assert_eq!(values(&watch), ["KZT/USD 2"]);
    assert_eq!(watch.position(), Some(&position(9)));
    events(&mut watch, 1).await;
    assert_eq!(values(&watch), Vec::<String>::new());
    assert_eq!(running.resumed_after(), [None, Some(2)]);
}

#[tokio::test]
async fn a_watch_has_the_rows_after_each_change() {
    let first = vec![
        opening(REQUESTED, LONG),
        snapshot(1, &[rate("KZT/USD", "1")]),
        update(1, 2, &[rate("KZT/USD", "2")]),
    ];
    let running = serve([
        Script::Break(first, Status::unavailable("draining")),
        Script::Refuse(Status::unauthenticated("no credentials")),
    ])
    .await;
    let changes = running.watch().changes();
    let seen = changes.map(|change| {
        let (event, rates) = change.ok()?;
        let values: Vec<String> = rates.iter().map(|rate| rate.value.clone()).collect();
        Some((kind(&event), values.concat()))
    });
    let seen: Vec<_> = seen.collect().await;
    let seen: Vec<_> = seen
        .iter()
        .map(|seen| seen.as_ref().map(|seen| (seen.0, seen.1.as_str())))
        .collect();
    assert_eq!(
        seen,
        [
            Some(("opening", "")),
            Some(("snapshot", "1")),
            Some(("update", "2")),
            Some(("disconnected", "2")),
            None
        ]
    );
}

#[tokio::test]
async fn a_reader_that_disconnects_on_purpose_resumes_at_once() {
    let running = serve([
        Script::Hang(vec![opening(REQUESTED, LONG), snapshot(1, &[])]),
        Script::Hang(vec![
            opening(ResumeVerdict::Resumed, LONG),
            update(1, 1, &[]),
        ]),
    ])
    .await;
    let mut watch = running.watch();
    events(&mut watch, 2).await;
    watch.reconnect();
    let (kinds, _) = events(&mut watch, 2).await;
    assert_eq!(kinds, ["opening", "update"]);
    assert_eq!(running.resumed_after(), [None, Some(1)]);
}

#[tokio::test]
async fn an_opening_has_the_position_of_the_server() {
    let mut first = opening(REQUESTED, LONG);
    first.position = Some(position(4));
    let running = serve([Script::Hang(vec![first])]).await;
    let mut watch = running.watch();
    let event = watch.next().await.unwrap();
    let WatchEvent::Opening {
        position: received, ..
    } = event
    else {
        panic!("{event:?}");
    };
    assert_eq!(received, Some(position(4)));
    assert_eq!(watch.position(), None);
}

#[tokio::test]
async fn three_missed_heartbeats_end_a_stream() {
    let first = vec![
        opening(REQUESTED, 100),
        snapshot(1, &[rate("KZT/USD", "1")]),
    ];
    let second = vec![opening(ResumeVerdict::Resumed, LONG), update(1, 1, &[])];
    let running = serve([Script::Hang(first), Script::Hang(second)]).await;
    let mut watch = running.watch();
    let (kinds, reason) = events(&mut watch, 5).await;
    assert_eq!(
        kinds,
        ["opening", "snapshot", "disconnected", "opening", "update"]
    );
    assert!(reason.ends_with("did not respond within 300ms"), "{reason}");
    assert_eq!(running.resumed_after(), [None, Some(1)]);
}

#[tokio::test]
async fn a_permanent_refusal_ends_the_watch() {
    let mut details = ErrorDetails::new();
    details.add_bad_request_violation("filter.pairs[1]", "`KZT` is not a pair");
    let status = Status::with_error_details(Code::InvalidArgument, "wrong", details);
    let refusals = [
        status,
        Status::unimplemented("no such method"),
        Status::unauthenticated("no credentials"),
        Status::permission_denied("not you"),
        Status::from(Refusal::MessageTooLarge { bytes_max: 65_536 }),
    ];
    let running = serve(refusals.map(Script::Refuse)).await;
    let wrong = running.watch().next().await.unwrap_err();
    assert_eq!(wrong.to_string(), "filter.pairs[1]: `KZT` is not a pair");
    assert!(wrong.is_usage());
    for _ in 0..4 {
        let refused = running.watch().next().await.unwrap_err();
        assert!(refused.is_permanent() && !refused.is_usage(), "{refused}");
    }
}

#[tokio::test]
async fn the_retry_delay_that_a_server_names_is_kept() {
    let mut details = ErrorDetails::new();
    details.set_retry_info(Some(Duration::from_secs(7)));
    let status = Status::with_error_details(Code::Unavailable, "draining", details);
    let running = serve([Script::Refuse(status)]).await;
    let event = running.watch().next().await.unwrap();
    let WatchEvent::Disconnected { retry_in, .. } = event else {
        panic!("{event:?}");
    };
    assert!(retry_in >= Duration::from_secs(7), "{retry_in:?}");
}

#[tokio::test]
async fn a_stream_at_its_maximum_age_is_not_reported_as_a_disconnection() {
    let mut details = ErrorDetails::new();
    details.set_error_info("STREAM_AGED", "silkrate", []);
    let aged = Status::with_error_details(Code::Unavailable, "old", details);
    let running = serve([
        Script::Break(vec![opening(REQUESTED, LONG), snapshot(1, &[])], aged),
        Script::Hang(vec![
            opening(ResumeVerdict::Resumed, LONG),
            update(1, 1, &[]),
        ]),
    ])
    .await;
    let (kinds, _) = events(&mut running.watch(), 4).await;
    assert_eq!(kinds, ["opening", "snapshot", "opening", "update"]);
    assert_eq!(running.resumed_after(), [None, Some(1)]);
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::new(&url).unwrap();
    let mut watch = watch(client.clone());
    let (kinds, reason) = events(&mut watch, 3).await;
    assert_eq!(kinds, ["disconnected"; 3]);
    assert!(
        reason.starts_with(&format!("no connection to {url}: ")),
        "{reason}"
    );
    let unreachable = client.snapshot(&[]).await.unwrap_err();
    assert!(
        matches!(unreachable, ClientError::Unreachable { .. }),
        "{unreachable}"
    );
}

#[tokio::test]
async fn a_unary_call_returns_a_response_or_the_reason() {
    let running = serve([]).await;
    let pairs = ["KZT/USD".to_owned()];
    let snapshot = running.client.snapshot(&pairs).await.unwrap();
    assert_eq!(snapshot.rates.len(), 1);
    let refused = running.client.rate("EUR/GBP").await.unwrap_err();
    assert_eq!(refused.to_string(), "no source quotes EUR/GBP");
    let ClientError::Refused { reason, code, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(
        (reason, code),
        (Some(Reason::PairNotQuoted), Code::NotFound)
    );
}
