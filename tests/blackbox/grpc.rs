//! Watchers over gRPC.

use std::time::Duration;

use silkrate::pb;
use silkrate::pb::rate_service_client::RateServiceClient;
use tokio_util::sync::CancellationToken;

use crate::message::{Message, Position};
use crate::watcher::Watcher;

/// How long a watcher waits before it connects again: a start takes some tenths of a second.
pub(crate) const RECONNECT_AFTER: Duration = Duration::from_millis(100);

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
    let Ok(mut client) = RateServiceClient::connect(url.to_owned()).await else {
        return;
    };
    let request = request(watcher);
    let Ok(stream) = client.watch_rates(request).await else {
        return;
    };
    let mut stream = stream.into_inner();
    while let Ok(Some(message)) = stream.message().await {
        watcher.take(Message::of_pb(message));
    }
    watcher.end();
}
