//! Server-sent events: their order, their resume, and their end.

use std::time::Duration;

use serde_json::Value;

use crate::contract::openapi::OpenApi;
use crate::support::april::{bank_of_april, nbk, nbk_path};
use crate::support::bank::Bank;
use crate::support::browser::{Events, get};
use crate::support::silkrate::{Silkrate, settings, source};
use crate::web::{FRIEND, april};

/// The bank corrects its dollar of 2 April.
pub(super) fn correct(bank: &Bank, dollar: &str) {
    let table = nbk("02.04.2026", (dollar, "-3.68"), ("3.91", "-0.02"));
    bank.publish(&[
        (nbk_path("02.04.2026"), table.clone()),
        (nbk_path("03.04.2026"), table),
    ]);
}

fn id(position: &Value) -> String {
    format!(
        "{}:{}",
        position["epoch"].as_str().unwrap(),
        position["revision"]
    )
}

/// Asserts that the data of an event fits the description.
fn assert_described(data: &Value) {
    let unfit = OpenApi::served().unfit("WatchRatesResponse", data);
    assert_eq!(unfit, Vec::<String>::new());
}

#[tokio::test]
async fn a_stream_sends_its_opening_then_a_snapshot_then_updates() {
    let (bank, silkrate) = april().await;
    let mut events = Events::open(
        silkrate.web,
        "/v1/watch?pairs=USD/KZT",
        &[("origin", FRIEND)],
    )
    .await;
    let opening = events.expect("opening").await;
    assert_eq!(opening.data["verdict"], "SNAPSHOT_REQUESTED");
    assert_eq!(opening.data["heartbeat_interval"], "20s");
    assert!((1_000..=5_000).contains(&opening.retry.unwrap()));
    assert_eq!(opening.id, None, "the reader has no state yet");
    let snapshot = events.expect("snapshot").await;
    assert_eq!(snapshot.id, Some(id(&snapshot.data["position"])));
    assert_eq!(snapshot.data["rates"][0]["value"], "475.09");
    let unary = get(silkrate.web, "/v1/snapshot.json?pairs=USD/KZT", &[])
        .await
        .json();
    for part in ["position", "rates", "sources"] {
        assert_eq!(snapshot.data[part], unary[part], "{part}");
    }

    correct(&bank, "475.11");
    let mut held = snapshot.data["position"].clone();
    let corrected = loop {
        let update = events.expect("update").await;
        assert_eq!(update.data["after"], held, "no commit is left out");
        assert_eq!(update.id, Some(id(&update.data["position"])));
        held = update.data["position"].clone();
        if let Some(rate) = update.data["rates"].get(0) {
            break rate.clone();
        }
    };
    assert_eq!(corrected["value"], "475.11");
    assert_eq!(corrected["fixings"][0]["superseded_value"], "475.09");
    drop(events);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_reader_resumes_by_header_or_by_query() {
    let (bank, silkrate) = april().await;
    let mut events = Events::open(silkrate.web, "/v1/watch?pairs=USD/KZT", &[]).await;
    events.expect("opening").await;
    let stopped = events.expect("snapshot").await.id.unwrap();
    drop(events);
    let before = silkrate.board.snapshot().position.revision;
    correct(&bank, "475.11");
    silkrate
        .committed(|snapshot| snapshot.position.revision > before)
        .await;

    let path = format!("/v1/watch?pairs=USD/KZT&after={stopped}");
    let older = "/v1/watch?pairs=USD/KZT&after=elsewhere:1";
    let header = [("last-event-id", stopped.as_str())];
    // A script that stands in for the reader of the browser repeats the position in the address, and jQuery adds a number.
    let repeated = format!("{older}&lastEventId={stopped}&_=1790000000000");
    for (path, headers) in [
        (path.as_str(), &[][..]),
        (older, &header[..]),
        (repeated.as_str(), &[][..]),
    ] {
        let mut events = Events::open(silkrate.web, path, headers).await;
        let opening = events.expect("opening").await;
        assert_eq!(opening.data["verdict"], "RESUMED", "{path}");
        let update = events.expect("update").await;
        assert_eq!(id(&update.data["after"]), stopped);
        assert_eq!(update.data["rates"][0]["value"], "475.11");
    }

    let mut events = Events::open(silkrate.web, older, &[]).await;
    let opening = events.expect("opening").await;
    assert_eq!(opening.data["verdict"], "SNAPSHOT_OTHER_EPOCH");
    events.expect("snapshot").await;
    silkrate.finish().await;
}

#[tokio::test]
async fn a_heartbeat_has_the_position_of_the_reader() {
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.server.heartbeat_interval = Duration::from_millis(50);
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    let mut events = Events::open(silkrate.web, "/v1/watch?updates_only=1", &[]).await;
    let opening = events.expect("opening").await;
    assert_eq!(opening.data["heartbeat_interval"], "0.050s");
    let beat = events.expect("heartbeat").await;
    assert_eq!(beat.data["position"], opening.data["position"]);
    assert_eq!(beat.id, Some(id(&opening.data["position"])));
    assert_eq!(beat.data["sources"][0]["polling"], "OK");
    assert!(beat.data["server_time"].as_str().unwrap().ends_with('Z'));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_stopping_server_ends_its_streams_with_a_reason_and_a_retry_delay() {
    let (_bank, mut silkrate) = april().await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut events = Events::open(silkrate.web, "/v1/watch", &[]).await;
        let opening = events.expect("opening").await;
        let snapshot = events.expect("snapshot").await;
        assert_described(&opening.data);
        assert_described(&snapshot.data);
        streams.push(events);
    }
    silkrate.stop();
    for events in &mut streams {
        let end = events.expect("end").await;
        assert_eq!(end.data["reason"], "DRAINING");
        assert_described(&end.data);
        let retry = end.data["retry_milliseconds"].as_u64().unwrap();
        assert!(retry > 0);
        assert_eq!(end.retry, Some(retry), "a browser waits as long");
        assert!(events.next().await.is_none(), "nothing follows");
    }
    silkrate.ended().await.unwrap();
}

#[tokio::test]
async fn a_stream_beyond_the_maximum_is_refused_with_a_retry_delay() {
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.server.max_streams = 1;
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    let mut events = Events::open(silkrate.web, "/v1/watch", &[]).await;
    events.expect("opening").await;
    let refused = get(silkrate.web, "/v1/watch", &[]).await;
    assert_eq!(
        refused.refusal(),
        (503, "TOO_MANY_STREAMS".to_owned(), None)
    );
    assert!(
        refused
            .header("retry-after")
            .unwrap()
            .parse::<u64>()
            .unwrap()
            > 0
    );
    let other = get(silkrate.web, "/v1/snapshot.json", &[]).await;
    assert_eq!(other.status, 200, "other requests are answered");
    silkrate.finish().await;
}

#[tokio::test]
async fn readers_of_the_same_pairs_get_the_same_text() {
    let (bank, silkrate) = april().await;
    let mut readers = Vec::new();
    for _ in 0..3 {
        let mut events = Events::open(silkrate.web, "/v1/watch?pairs=USD/KZT", &[]).await;
        events.expect("opening").await;
        readers.push((events.expect("snapshot").await, events));
    }
    assert!(
        readers
            .iter()
            .all(|(snapshot, _)| snapshot.data == readers[0].0.data)
    );
    correct(&bank, "475.11");
    let mut updates = Vec::new();
    for (_, events) in &mut readers {
        updates.push(events.expect("update").await.data);
    }
    assert!(updates.iter().all(|update| *update == updates[0]));
    silkrate.finish().await;
}
