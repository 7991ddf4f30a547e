//! The limits of a key take the place of those of every client.

use std::num::NonZeroU32;

use jiff::Timestamp;
use serde_json::json;
use silkrate::access::{KeyLimits, NewKey, Scope};
use silkrate::pb;
use tonic::{Code, Request};

use crate::support::april::bank_of_april;
use crate::support::browser::{Events, get, send};
use crate::support::keys::{Keys, bearer};
use crate::support::silkrate::{Silkrate, message, reason, settings, source};

/// A question that costs more than the smallest quota, so that it takes all of it.
const DEAR: &str = "/v1/history/KZT/USD?page_size=1000";

/// A service with the key of a desk that has limits, and the header with the key. Every client has few streams.
async fn with_key(limits: (u32, u32)) -> (crate::support::bank::Bank, Silkrate, String) {
    let keys = Keys::new();
    let new = NewKey {
        name: "desk".to_owned(),
        scope: Scope::Read,
        expires: None,
        limits: KeyLimits {
            requests_per_minute: NonZeroU32::new(limits.0),
            streams: NonZeroU32::new(limits.1),
        },
    };
    let (key, _) = keys
        .file()
        .add(new, Timestamp::now(), |_key, _made| Ok(()))
        .unwrap();
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.access = keys.settings(false);
    config.web.allowed_origins = vec!["https://news.example".to_owned()];
    config.server.max_streams_per_client = 1;
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    (bank, silkrate, bearer(&key))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_gives_every_client_another_quota_and_takes_it_away() {
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    for (per_minute, expected) in [(None, 200), (NonZeroU32::new(60), 429), (None, 200)] {
        config.access.requests_per_minute = per_minute;
        silkrate.reload(config.clone()).await;
        assert_eq!(get(silkrate.web, DEAR, &[]).await.status, 200);
        let second = get(silkrate.web, DEAR, &[]).await;
        assert_eq!(second.status, expected, "{per_minute:?}");
    }
    silkrate.finish().await;
}

fn with_header<M>(message: M, key: &str) -> Request<M> {
    let mut request = Request::new(message);
    let value = key.parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_a_quota_of_its_own_over_every_transport_and_its_address_is_charged_nothing() {
    let (_bank, silkrate, key) = with_key((60, 0)).await;
    let headers = [("authorization", key.as_str())];
    let first = get(silkrate.web, DEAR, &headers).await;
    assert_eq!(first.status, 200, "{first:?}");
    let refused = get(silkrate.web, DEAR, &headers).await;
    assert_eq!(refused.refusal(), (429, "QUOTA_EXCEEDED".to_owned(), None));
    let policy = refused.header("ratelimit-policy");
    assert_eq!(policy, Some("\"minute\";q=60;w=60"));
    let history = || pb::ListRateHistoryRequest {
        pair: "KZT/USD".to_owned(),
        page_size: Some(1000),
        ..pb::ListRateHistoryRequest::default()
    };
    let mut client = silkrate.client.clone();
    let refused = client.list_rate_history(with_header(history(), &key)).await;
    let (code, reason, _) = reason(&refused.unwrap_err());
    assert_eq!(
        (code, reason.as_str()),
        (Code::ResourceExhausted, "QUOTA_EXCEEDED")
    );
    client.list_rate_history(history()).await.unwrap();
    silkrate.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_a_number_of_streams_of_its_own_and_the_readers_of_its_pages_have_theirs() {
    let (_bank, mut silkrate, key) = with_key((0, 2)).await;
    let headers = [("authorization", key.as_str())];
    let body = json!({ "pairs": ["KZT/USD"], "origin": "https://news.example" }).to_string();
    let kinds = [headers[0], ("content-type", "application/json")];
    let made = send(
        silkrate.web,
        ("POST", "/v1/tokens"),
        &kinds,
        body.as_bytes(),
    )
    .await;
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let open = || pb::WatchRatesRequest::default();
    let mut client = silkrate.client.clone();
    let watch = client.watch_rates(with_header(open(), &key)).await;
    let mut of_key = watch.unwrap().into_inner();
    message(&mut of_key).await;
    let mut events = Events::open(silkrate.web, "/v1/watch", &headers).await;
    events.expect("opening").await;
    for over_limit in [
        client.watch_rates(with_header(open(), &key)).await,
        client.watch_rates(with_header(open(), &key)).await,
    ] {
        let (code, reason, _) = reason(&over_limit.unwrap_err());
        assert_eq!(code, Code::ResourceExhausted);
        assert_eq!(reason, "TOO_MANY_CLIENT_STREAMS");
    }
    // The reader of a page is counted by the address, which holds nothing yet, and may hold one.
    let page = format!("/v1/watch?pairs=KZT/USD&token={token}");
    let mut reader = Events::open(silkrate.web, &page, &[]).await;
    reader.expect("opening").await;
    let refused = silkrate.client.watch_rates(open()).await.unwrap_err();
    assert_eq!(reason(&refused).1, "TOO_MANY_CLIENT_STREAMS");
    drop((of_key, events, reader));
    silkrate.finish().await;
}
