//! The stream of the contract over HTTP: server-sent events, or lines for programs.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};

use crate::access::{Identity, counted};
use crate::callers::Caller;
use crate::feed::{EncodedStream, MessageEncoder, StreamEnd, SubscribeRequest, Transport};
use crate::listener::ConnectionOutput;
use crate::web::error::WebError;
use crate::web::events::{EVENTS, end_event};
use crate::web::query::{self, Watch};
use crate::web::{Web, lines, negotiation};

/// How the messages of a stream are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// Server-sent events.
    Events,
    /// A JSON object on each line.
    Lines,
}

/// `GET /v1/watch`
pub(super) async fn watch(
    State(web): State<Web>,
    (caller, identity): (Option<Extension<Caller>>, Option<Extension<Identity>>),
    output: Option<Extension<Arc<ConnectionOutput>>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    let query: Watch = query::read(&uri)?;
    let format = Format::of(query.format.as_deref(), &headers)?;
    let request = SubscribeRequest {
        filter: web.queries.wanted(&query::filter_items(&query.pairs))?,
        resume_after: query::position(&headers, &query)?,
        min_interval: Duration::ZERO,
        updates_only: query::flag("updates_only", query.updates_only.as_deref())?,
    };
    let caller = caller.map(|Extension(caller)| caller);
    let identity = identity.map(|Extension(identity)| identity);
    let client = counted(caller, identity.as_ref());
    let mut subscription = web.queries.subscribe(request, client)?;
    if let Some(identity) = identity {
        subscription = subscription.until(identity.ended());
    }
    let output = output.map(|Extension(output)| output);
    let (media_type, body) = match format {
        Format::Events => {
            let subscription = subscription.over(Transport::Events);
            let stream = EncodedStream::new(subscription, Arc::clone(&web.frames));
            (
                EVENTS,
                Body::from_stream(messages(stream, output, end_event)),
            )
        }
        Format::Lines => {
            let subscription = subscription.over(Transport::Lines);
            let stream = EncodedStream::new(subscription, Arc::clone(&web.lines));
            (
                lines::NDJSON,
                Body::from_stream(messages(stream, output, lines::end)),
            )
        }
    };
    let headers = [
        (CONTENT_TYPE.as_str(), media_type),
        (CACHE_CONTROL.as_str(), "no-store, no-transform"),
        // A proxy that buffers the response would delay every event.
        ("x-accel-buffering", "no"),
    ];
    Ok((headers, body).into_response())
}

/// The messages of a stream; the last one says why it ends.
fn messages<E: MessageEncoder>(
    stream: EncodedStream<E>,
    output: Option<Arc<ConnectionOutput>>,
    last: fn(StreamEnd) -> Bytes,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    stream::unfold(Some((stream, output)), move |state| async move {
        let (mut stream, output) = state?;
        let next = stream.next().await.and_then(|messages| {
            let output = output.as_ref();
            let unread = output.and_then(|output| output.refuse_message(messages.len()));
            unread.map_or(Ok(messages), |bytes_max| {
                Err(StreamEnd::Unread { bytes_max })
            })
        });
        Some(match next {
            Ok(messages) => (Ok(messages), Some((stream, output))),
            Err(end) => (Ok(last(end)), None),
        })
    })
}

impl Format {
    /// The format that the address names, or else the one that the client accepts.
    fn of(named: Option<&str>, headers: &HeaderMap) -> Result<Self, WebError> {
        match named {
            Some("sse") => Ok(Self::Events),
            Some("ndjson") => Ok(Self::Lines),
            Some(_) => {
                let message = "format must be sse (server-sent events) or ndjson (a JSON object on each line)";
                Err(WebError::parameter("format", message))
            }
            None if negotiation::prefers(headers, lines::NDJSON, EVENTS) => Ok(Self::Lines),
            None => Ok(Self::Events),
        }
    }
}
