//! Streams that were opened with a key end with it.

use std::fs;

use silkrate::access::{Key, Scope};
use silkrate::pb::WatchRatesRequest;
use silkrate::pb::watch_rates_response::Event;
use tonic::{Code, Request, Streaming};

use crate::support::april::bank_of_april;
use crate::support::browser::{Events, open};
use crate::support::keys::{Keys, bearer};
use crate::support::silkrate::{PATIENCE, Silkrate, filter, message, reason, settings, source};

type Messages = Streaming<silkrate::pb::WatchRatesResponse>;

/// A stream of the holder of a key, which has begun.
async fn watch(silkrate: &Silkrate, key: &Key) -> Messages {
    let mut request = request();
    let value = bearer(key).parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    begun(silkrate, request).await
}

fn request() -> Request<WatchRatesRequest> {
    Request::new(WatchRatesRequest {
        filter: Some(filter(&["KZT/USD"])),
        ..WatchRatesRequest::default()
    })
}

async fn begun(silkrate: &Silkrate, request: Request<WatchRatesRequest>) -> Messages {
    let mut client = silkrate.client.clone();
    let mut stream = client.watch_rates(request).await.unwrap().into_inner();
    let (_, event) = message(&mut stream).await;
    assert!(matches!(event, Event::Opening(_)), "{event:?}");
    stream
}

/// The status that ends a stream.
async fn end(stream: &mut Messages) -> (Code, String) {
    let ended = async {
        loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("a stream never ends without a status"),
                Err(status) => break status,
            }
        }
    };
    let status = tokio::time::timeout(PATIENCE, ended).await;
    let (code, reason, _) = reason(&status.expect("the stream ends"));
    (code, reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_streams_of_a_revoked_key_end_on_every_transport_and_those_of_another_go_on() {
    let keys = Keys::new();
    let (gone, kept) = (keys.add("gone", Scope::Read), keys.add("kept", Scope::Read));
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.access = keys.settings(true);
    let silkrate = Silkrate::start(config.clone()).await;
    let mut ending = watch(&silkrate, &gone).await;
    let mut going = watch(&silkrate, &kept).await;
    let header = bearer(&gone);
    let headers = [("authorization", header.as_str())];
    let path = "/v1/watch?pairs=KZT/USD";
    let mut events = Events::open(silkrate.web, path, &headers).await;
    let lines = format!("{path}&format=ndjson");
    let mut lines = open(silkrate.web, ("GET", &lines), &headers, b"").await;
    keys.revoke("gone");
    silkrate.reload(config).await;
    let ended = (Code::Unauthenticated, "KEY_ENDED".to_owned());
    assert_eq!(end(&mut ending).await, ended);
    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some(event);
    }
    let last = last.unwrap();
    assert_eq!(last.name, "end");
    assert_eq!(last.data["reason"], "KEY_ENDED");
    let mut text = String::new();
    while let Some(chunk) = lines.chunk().await {
        text += std::str::from_utf8(&chunk).unwrap();
    }
    assert!(text.lines().last().unwrap().contains("KEY_ENDED"), "{text}");
    // The service goes on for the other key, until it drains.
    let mut silkrate = silkrate;
    silkrate.stop();
    let drained = (Code::Unavailable, "DRAINING".to_owned());
    assert_eq!(end(&mut going).await, drained);
    silkrate.ended().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_without_a_key_end_when_a_reload_requires_keys_and_those_with_one_go_on() {
    let keys = Keys::new();
    let key = keys.add("kept", Scope::Read);
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.access = keys.settings(false);
    let silkrate = Silkrate::start(config.clone()).await;
    let mut going = watch(&silkrate, &key).await;
    // Whether keys are required changes twice: those who come meanwhile have to go, too.
    for _time in 0..2 {
        let mut ending = begun(&silkrate, request()).await;
        let path = "/v1/watch?pairs=KZT/USD";
        let mut events = Events::open(silkrate.web, path, &[]).await;
        config.access = keys.settings(true);
        silkrate.reload(config.clone()).await;
        let ended = (Code::Unauthenticated, "KEY_REQUIRED".to_owned());
        assert_eq!(end(&mut ending).await, ended);
        let mut last = None;
        while let Some(event) = events.next().await {
            last = Some(event);
        }
        let last = last.unwrap();
        assert_eq!(last.name, "end");
        assert_eq!(last.data["reason"], "KEY_REQUIRED");
        config.access = keys.settings(false);
        silkrate.reload(config.clone()).await;
    }
    let mut silkrate = silkrate;
    silkrate.stop();
    let drained = (Code::Unavailable, "DRAINING".to_owned());
    assert_eq!(end(&mut going).await, drained);
    silkrate.ended().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_key_expires_and_no_signal_comes() {
    let keys = Keys::new();
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(4);
    let key = keys.add_until("desk", Scope::Read, Some(soon));
    let mut config = settings("2026-04-02T09:00:00Z");
    config.access = keys.settings(false);
    let silkrate = Silkrate::start(config).await;
    let mut stream = watch(&silkrate, &key).await;
    let ended = (Code::Unauthenticated, "KEY_ENDED".to_owned());
    assert_eq!(end(&mut stream).await, ended);
    silkrate.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_broken_or_gone_changes_no_key_and_the_metrics_say_so() {
    let keys = Keys::new();
    let key = keys.add("desk", Scope::Read);
    let mut config = settings("2026-04-02T09:00:00Z");
    config.access = keys.settings(true);
    let silkrate = Silkrate::start(config.clone()).await;
    let right = fs::read(keys.path()).unwrap();
    let usable = async || {
        let admin = silkrate
            .admin_url
            .trim_start_matches("http://")
            .parse()
            .unwrap();
        let page = crate::support::browser::get(admin, "/metrics", &[]).await;
        assert_eq!(page.status, 401);
        silkrate.reload(config.clone()).await;
        drop(watch(&silkrate, &key).await);
    };
    usable().await;
    fs::write(keys.path(), "version = ").unwrap();
    usable().await;
    fs::remove_file(keys.path()).unwrap();
    usable().await;
    fs::write(keys.path(), right).unwrap();
    keys.revoke("desk");
    silkrate.reload(config.clone()).await;
    let mut client = silkrate.client.clone();
    let mut request = Request::new(WatchRatesRequest::default());
    let value = bearer(&key).parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    let refused = client.watch_rates(request).await.unwrap_err();
    assert_eq!(reason(&refused).1, "KEY_REVOKED");
    silkrate.finish().await;
}
