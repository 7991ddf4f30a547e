//! Watchers over gRPC.

use std::error::Error as _;
use std::time::Duration;

use silkrate::pb;
use silkrate::pb::rate_service_client::RateServiceClient;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, Streaming};

use crate::message::{Message, Position};
use crate::watcher::Watcher;

/// How long a watcher waits before it connects again: a start takes some tenths of a second.
pub(crate) const RECONNECT_AFTER: Duration = Duration::from_millis(100);

/// How long a request may be without an answer, and a stream without a message. No service lives as long, so it is a
/// connection to a killed one whose end the client did not notice.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Watches until the run stops.
pub(crate) async fn watch(url: String, mut watcher: Watcher, stop: CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            () = stream(&url, &mut watcher) => {}
        }
        tokio::time::sleep(RECONNECT_AFTER).await;
    }
}

/// The request of a stream that continues what the watcher holds.
pub(crate) fn request(watcher: &mut Watcher) -> pb::WatchRatesRequest {
    let pairs = watcher.pairs().iter().map(|pair| (*pair).to_owned());
    let filter = pb::RateFilter {
        pairs: pairs.collect(),
    };
    let position = |Position { epoch, revision }| pb::Position { epoch, revision };
    pb::WatchRatesRequest {
        filter: Some(filter),
        resume_after: watcher.begin().map(position),
        ..pb::WatchRatesRequest::default()
    }
}

/// One stream, until it breaks.
async fn stream(url: &str, watcher: &mut Watcher) {
    let mut stream = match timeout(ANSWER_TIMEOUT, open(url, watcher)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(status)) => return watcher.refused(&status),
        Err(_elapsed) => return watcher.unanswered(true),
    };
    loop {
        match timeout(ANSWER_TIMEOUT, stream.message()).await {
            Ok(Ok(Some(message))) => watcher.take(Message::of_pb(message)),
            Ok(Ok(None)) => break,
            Ok(Err(status)) => {
                watcher.refused(&status);
                break;
            }
            Err(_elapsed) => {
                watcher.unanswered(true);
                break;
            }
        }
    }
    watcher.end();
}

/// Whether the service itself said this: a connection that broke has the error of its transport as the source of the
/// status, and a service that was not there yet is [unavailable](tonic::Code::Unavailable).
pub(crate) fn is_answer(status: &Status) -> bool {
    status.source().is_none() && status.code() != Code::Unavailable
}

async fn open(
    url: &str,
    watcher: &mut Watcher,
) -> Result<Streaming<pb::WatchRatesResponse>, Status> {
    let client = RateServiceClient::connect(url.to_owned()).await;
    let mut client = client.map_err(|error| Status::unavailable(error.to_string()))?;
    Ok(client.watch_rates(request(watcher)).await?.into_inner())
}
