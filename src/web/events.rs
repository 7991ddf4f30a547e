//! The stream as server-sent events: the messages of the contract, each with its position as `id`, so that a browser
//! resumes by itself.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};

use crate::backoff::jitter;
use crate::domain::Refusal;
use crate::feed::{EncodedStream, MessageEncoder, StreamEnd, StreamMessage, SubscribeRequest};
use crate::json::{self, WatchRatesResponse};
use crate::queries::Queries;
use crate::web::Web;
use crate::web::caching::position_text;
use crate::web::error::WebError;
use crate::web::query::{self, Watch};
use crate::wire;

/// The least delay before a reader reconnects: a restart takes about as long.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// The longest delay: ten thousand readers return within four seconds, not at once.
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Encodes the messages of streams as server-sent events.
#[derive(Debug)]
pub(super) struct EventEncoder {
    queries: Queries,
}

/// `GET /v1/watch`
pub(super) async fn watch(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    let query: Watch = query::read(&uri)?;
    let subscription = web.queries.subscribe(SubscribeRequest {
        filter: web.queries.filter(&query::filter_items(&query.pairs))?,
        resume_after: query::position(&headers, &query)?,
        min_interval: Duration::ZERO,
        updates_only: query::flag("updates_only", query.updates_only.as_deref())?,
    })?;
    let stream = EncodedStream::new(subscription, Arc::clone(&web.frames));
    let headers = [
        (CONTENT_TYPE.as_str(), "text/event-stream"),
        (CACHE_CONTROL.as_str(), "no-store, no-transform"),
        // A proxy that buffers the response would delay every event.
        ("x-accel-buffering", "no"),
    ];
    Ok((headers, Body::from_stream(events(stream))).into_response())
}

/// The events of a stream; the last one says why it ends.
fn events(
    stream: EncodedStream<EventEncoder>,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    stream::unfold(Some(stream), |stream| async {
        let mut stream = stream?;
        Some(match stream.next().await {
            Ok(events) => (Ok(events), Some(stream)),
            Err(end) => (Ok(end_event(end)), None),
        })
    })
}

impl EventEncoder {
    pub(super) fn new(queries: Queries) -> Self {
        Self { queries }
    }
}

impl MessageEncoder for EventEncoder {
    fn encode(&self, message: &StreamMessage) -> Bytes {
        let position = position_text(&message.position);
        let message = wire::to_message(message, self.queries.now());
        let event = WatchRatesResponse::of(&message);
        let event = event.and_then(|event| Some((event.name(), json::text(&event).ok()?)));
        let Some((name, data)) = event else {
            return Bytes::new();
        };
        // An opening bears the server's position, which the reader does not hold yet. It is of one reader alone, so each
        // reader has a delay of its own.
        let head = match name {
            "opening" => retry_line(jitter(RETRY_MIN..=RETRY_MAX)),
            _ => format!("id: {position}\n"),
        };
        format!("{head}event: {name}\ndata: {data}\n\n").into()
    }
}

/// The event that says why a stream ends, and when to reconnect.
fn end_event(end: StreamEnd) -> Bytes {
    let refusal = Refusal::from(end);
    let retry = refusal.retry_delay().map_or(RETRY_MIN, jitter);
    let data = serde_json::json!({
        "event": "end",
        "reason": refusal.reason().as_str(),
        "message": refusal.to_string(),
        "retry_milliseconds": u64::try_from(retry.as_millis()).unwrap_or(u64::MAX),
    });
    format!("{}event: end\ndata: {data}\n\n", retry_line(retry)).into()
}

fn retry_line(retry: Duration) -> String {
    format!("retry: {}\n", retry.as_millis())
}
