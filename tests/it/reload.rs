//! Other settings while the service runs: what a reload changes, and what it leaves alone.

mod difference;
mod served;
mod signal;
mod webhooks;

use std::time::Duration;

use silkrate::config::Config;
use silkrate::pb;
use silkrate::pb::watch_rates_response::Event;
use tonic::Streaming;

use crate::support::bank::Bank;
use crate::support::silkrate::{message, settings, source};

/// The afternoon of 2 April 2026 in Almaty.
const NOW: &str = "2026-04-02T09:00:00Z";
/// A timeout: nothing that these tests wait for takes as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// The settings of a service that polls the Kazakh bank.
fn polling(bank: &Bank) -> Config {
    let mut config = settings(NOW);
    config.sources.push(source("nbk", "", &bank.url()));
    config
}

/// The next update of a stream, and its position.
async fn update(stream: &mut Streaming<pb::WatchRatesResponse>) -> (pb::Position, pb::Update) {
    loop {
        match message(stream).await {
            (position, Event::Update(update)) => return (position, update),
            // The machine is slow.
            (_, Event::Heartbeat(_)) => {}
            (_, other) => panic!("expected an update, got {other:?}"),
        }
    }
}

/// Reads a stream up to a snapshot with these pairs, and returns its position.
async fn snapshot_of(
    stream: &mut Streaming<pb::WatchRatesResponse>,
    pairs: &[&str],
) -> pb::Position {
    let mut last = Vec::new();
    let read = async {
        loop {
            let (position, event) = message(stream).await;
            if let Event::Snapshot(snapshot) = event {
                let rates = snapshot.rates.into_iter();
                last = rates.map(|rate| rate.pair).collect();
                if last == pairs {
                    return position;
                }
            }
        }
    };
    let position = tokio::time::timeout(PATIENCE, read).await;
    position.unwrap_or_else(|_late| panic!("no snapshot of {pairs:?} after one of {last:?}"))
}
