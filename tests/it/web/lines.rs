//! The stream as lines of JSON: the same messages as server-sent events, chosen by the address or by `Accept`.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::support::april::bank_of_april;
use crate::support::browser::{Events, Exchange, Headers, get, open};
use crate::support::silkrate::{Silkrate, settings, source};
use crate::web::april;
use crate::web::events::correct;

/// A stream of lines.
#[derive(Debug)]
struct Lines {
    exchange: Exchange,
    text: String,
}

impl Lines {
    async fn open(address: SocketAddr, path: &str, headers: Headers<'_>) -> Self {
        let exchange = open(address, ("GET", path), headers, b"").await;
        assert_eq!(exchange.status(), 200, "{exchange:?}");
        assert_eq!(
            exchange.header("content-type"),
            Some("application/x-ndjson")
        );
        let cache_control = exchange.header("cache-control");
        assert_eq!(cache_control, Some("no-store, no-transform"));
        Self {
            exchange,
            text: String::new(),
        }
    }

    /// The object of the next line; nothing at the end.
    async fn next(&mut self) -> Option<Value> {
        while !self.text.contains('\n') {
            let chunk = self.exchange.chunk().await?;
            self.text += std::str::from_utf8(&chunk).unwrap();
        }
        let (line, rest) = self.text.split_once('\n').unwrap();
        let object = serde_json::from_str(line).unwrap();
        self.text = rest.to_owned();
        Some(object)
    }

    async fn expect(&mut self, event: &str) -> Value {
        let object = self.next().await.expect("the stream goes on");
        assert_eq!(object["event"], event, "{object}");
        object
    }
}

/// A line without its id, which is then the data of an event.
fn without_id(mut line: Value) -> (Option<String>, Value) {
    let id = line.as_object_mut().unwrap().remove("id");
    (id.map(|id| id.as_str().unwrap().to_owned()), line)
}

#[tokio::test]
async fn each_line_is_the_object_of_an_event_with_its_id() {
    let (bank, mut silkrate) = april().await;
    let path = "/v1/watch?pairs=USD/KZT";
    let mut events = Events::open(silkrate.web, path, &[]).await;
    let mut lines = Lines::open(silkrate.web, &format!("{path}&format=ndjson"), &[]).await;
    for name in ["opening", "snapshot"] {
        let event = events.expect(name).await;
        assert_eq!(
            without_id(lines.expect(name).await),
            (event.id, event.data),
            "{name}"
        );
    }
    correct(&bank, "475.11");
    let corrected = loop {
        let event = events.expect("update").await;
        let line = lines.expect("update").await;
        assert_eq!(without_id(line.clone()), (event.id, event.data));
        if line["rates"][0]["value"] == "475.11" {
            break line;
        }
    };
    let id = corrected["id"].as_str().unwrap();
    let after = format!("{path}&format=ndjson&after={id}");
    let mut resumed = Lines::open(silkrate.web, &after, &[]).await;
    assert_eq!(resumed.expect("opening").await["verdict"], "RESUMED");
    silkrate.stop();
    loop {
        let line = resumed.next().await.expect("an end comes");
        if line["event"] == "end" {
            assert_eq!(line["reason"], "DRAINING");
            assert!(line["retry_milliseconds"].as_u64().unwrap() > 0);
            break;
        }
    }
    assert_eq!(resumed.next().await, None, "nothing follows");
    drop((events, lines));
    silkrate.ended().await.unwrap();
}

#[tokio::test]
async fn the_address_decides_before_the_accepted_media_types_do() {
    let (_bank, silkrate) = april().await;
    let ndjson = [("accept", "application/x-ndjson")];
    Lines::open(silkrate.web, "/v1/watch", &ndjson)
        .await
        .expect("opening")
        .await;
    Events::open(silkrate.web, "/v1/watch?format=sse", &ndjson)
        .await
        .expect("opening")
        .await;
    let browser = [("accept", "text/event-stream")];
    Lines::open(silkrate.web, "/v1/watch?format=ndjson", &browser).await;
    Events::open(silkrate.web, "/v1/watch", &[("accept", "*/*")]).await;
    let refused = get(silkrate.web, "/v1/watch?format=xml", &[]).await;
    let expected = (400, "INVALID_PARAMETER".to_owned(), Some("format".into()));
    assert_eq!(refused.refusal(), expected);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_silent_stream_of_lines_has_heartbeats() {
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.server.heartbeat_interval = Duration::from_millis(50);
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    let path = "/v1/watch?updates_only=1&format=ndjson";
    let mut lines = Lines::open(silkrate.web, path, &[]).await;
    let opening = lines.expect("opening").await;
    let beat = lines.expect("heartbeat").await;
    assert_eq!(beat["position"], opening["position"]);
    assert!(beat["id"].is_string());
    silkrate.finish().await;
}
