//! The stream as lines, for programs that read it without a parser of events: `curl -N … | jq`. Each line is the JSON object
//! of a server-sent event, with the `id` of the event in it.

use axum::body::Bytes;

use crate::feed::{MessageEncoder, StreamEnd, StreamMessage};
use crate::json::{self, WatchRatesResponse};
use crate::queries::Queries;
use crate::web::caching::position_text;
use crate::web::events::end_of_stream;
use crate::wire;

/// The media type: newline-delimited JSON.
pub(super) const NDJSON: &str = "application/x-ndjson";

/// Encodes the messages of streams as lines.
#[derive(Debug)]
pub(super) struct LineEncoder {
    queries: Queries,
}

impl LineEncoder {
    pub(super) fn new(queries: Queries) -> Self {
        Self { queries }
    }
}

impl MessageEncoder for LineEncoder {
    fn encode(&self, message: &StreamMessage) -> Bytes {
        let position = position_text(&message.position);
        let message = wire::to_message(message, self.queries.now());
        let line = WatchRatesResponse::of(&message).and_then(|line| {
            // An opening bears the position of the server, which the client does not hold yet.
            let line = match line.name() {
                "opening" => line,
                _ => line.with_id(position),
            };
            json::text(&line).ok()
        });
        line.map_or_else(Bytes::new, |line| format!("{line}\n").into())
    }
}

/// The line that says why a stream ends, and when to reconnect.
pub(super) fn end(end: StreamEnd) -> Bytes {
    let (_, object) = end_of_stream(end);
    format!("{object}\n").into()
}
