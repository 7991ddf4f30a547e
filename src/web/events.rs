//! The stream as server-sent events: the messages of the contract, each with its position as `id`, so that a browser
//! resumes by itself.

use std::time::Duration;

use axum::body::Bytes;
use serde_json::Value;

use crate::backoff::jitter;
use crate::domain::{Refusal, plain_sentence};
use crate::feed::{MessageEncoder, StreamEnd, StreamMessage};
use crate::json::{self, WatchRatesResponse};
use crate::queries::Queries;
use crate::web::caching::position_text;
use crate::wire;

/// The media type of server-sent events.
pub(super) const EVENTS: &str = "text/event-stream";

/// The least delay before a reader reconnects: a restart takes about as long.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// The longest delay: ten thousand readers return within four seconds, not at once.
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Encodes the messages of streams as server-sent events.
#[derive(Debug)]
pub(super) struct EventEncoder {
    queries: Queries,
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
pub(super) fn end_event(end: StreamEnd) -> Bytes {
    let (retry, data) = end_of_stream(end);
    format!("{}event: end\ndata: {data}\n\n", retry_line(retry)).into()
}

/// When to reconnect after the end of a stream, and the object that says so.
pub(super) fn end_of_stream(end: StreamEnd) -> (Duration, Value) {
    let refusal = Refusal::from(end);
    let retry = refusal.retry_delay().map_or(RETRY_MIN, jitter);
    let object = serde_json::json!({
        "event": "end",
        "reason": refusal.reason().as_str(),
        "message": plain_sentence(&refusal.to_string()),
        "retry_milliseconds": u64::try_from(retry.as_millis()).unwrap_or(u64::MAX),
    });
    (retry, object)
}

fn retry_line(retry: Duration) -> String {
    format!("retry: {}\n", retry.as_millis())
}
