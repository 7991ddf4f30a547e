//! The stream as server-sent events: the messages of the contract, each with its position as `id`, so that a browser
//! resumes by itself.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use serde::Serialize;

use crate::clock::Clock;
use crate::feed::{self, Message, Subscribe, Subscription};
use crate::json::{self, Event};
use crate::pb::rate_service_server::RateService;
use crate::web::Web;
use crate::web::caching::position_text;
use crate::web::question::{self, Watch};
use crate::web::refused::Refused;
use crate::wire;

/// The least time before a reader connects again: a restart takes about as long.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// By how much that differs from reader to reader: ten thousand come back over four seconds, not at once.
const RETRY_SPREAD: Duration = Duration::from_secs(4);

/// A stream under way.
struct Reading {
    subscription: Subscription,
    clock: Clock,
    retry: Duration,
    /// Sent with the first message.
    opening: bool,
}

/// What the last event says.
#[derive(Serialize)]
struct End {
    event: &'static str,
    reason: &'static str,
    retry_milliseconds: u128,
}

/// `GET /v1/watch`
pub(super) async fn watch<R: RateService>(
    State(web): State<Web<R>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refused> {
    web.accepting()?;
    let asked: Watch = question::read(&uri)?;
    let wanted = Subscribe {
        filter: question::filter(&asked.pairs, &web.ticker)?,
        resume_after: question::position(&headers, asked.after.as_deref())?,
        min_interval: Duration::ZERO,
        updates_only: question::flag("updates_only", asked.updates_only.as_deref())?,
    };
    let subscription = web.feed.subscribe(wanted);
    let reading = Reading {
        subscription: subscription.map_err(|_too_many| Refused::crowded())?,
        clock: web.clock.clone(),
        retry: RETRY_MIN + jitter(RETRY_SPREAD),
        opening: true,
    };
    let headers = [
        (CONTENT_TYPE.as_str(), "text/event-stream"),
        (CACHE_CONTROL.as_str(), "no-store"),
        // Proxies that gather an answer before they pass it on would keep the news to themselves.
        ("x-accel-buffering", "no"),
    ];
    Ok((headers, Body::from_stream(events(reading))).into_response())
}

/// The events of a subscription; the last one says why it ends.
fn events(reading: Reading) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    stream::unfold(Some(reading), |reading| async {
        let mut reading = reading?;
        let message = reading.subscription.next().await;
        Some(match message {
            Ok(message) => {
                let text = reading.event(&message);
                (Ok(Bytes::from(text)), Some(reading))
            }
            Err(ended) => {
                let reason = match ended {
                    feed::End::Draining => "DRAINING",
                    feed::End::Aged => "STREAM_AGED",
                };
                (Ok(Bytes::from(end(reason, reading.retry))), None)
            }
        })
    })
}

impl Reading {
    fn event(&mut self, message: &Message) -> String {
        let position = position_text(&message.position);
        let message = wire::to_message(message, self.clock.now());
        let text = Event::of(&message)
            .and_then(|event| Some((event.name(), json::text(&event).ok()?)))
            .map(|(name, data)| {
                // An opening bears the server's position, which the reader does not hold yet.
                let id = match name {
                    "opening" => String::new(),
                    _ => format!("id: {position}\n"),
                };
                format!("{id}event: {name}\ndata: {data}\n\n")
            })
            .unwrap_or_default();
        let retry = if std::mem::take(&mut self.opening) {
            format!("retry: {}\n", self.retry.as_millis())
        } else {
            String::new()
        };
        retry + &text
    }
}

fn end(reason: &'static str, retry: Duration) -> String {
    let end = End {
        event: "end",
        reason,
        retry_milliseconds: retry.as_millis(),
    };
    let data = serde_json::to_string(&end).unwrap_or_default();
    format!("event: end\ndata: {data}\n\n")
}

/// A random part of a time.
fn jitter(most: Duration) -> Duration {
    let most = u64::try_from(most.as_millis()).unwrap_or_default();
    Duration::from_millis(fastrand::u64(0..=most))
}
