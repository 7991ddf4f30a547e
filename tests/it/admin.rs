//! The operators' port: what it answers over HTTP, beside gRPC.

mod budget;
mod certificates;
mod deliveries;
mod left;
mod metrics;
mod probes;
mod traffic;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use silkrate::config::Store;

use crate::support::april::{bank_of_april, nbk, nbk_path};
use crate::support::bank::Bank;
use crate::support::silkrate::{Silkrate, settings, source};

/// Nothing that these tests wait for takes as long.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long after an answer the port is asked again: often enough for a test, and no load on the machine.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// Asks again and again until there is a result.
async fn eventually<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    let asked = async {
        loop {
            if let Some(result) = ask().await {
                return result;
            }
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
        }
    };
    let result = tokio::time::timeout(PATIENCE, asked).await;
    result.expect("it gets there")
}

/// The address of the operators' port.
fn operators(silkrate: &Silkrate) -> SocketAddr {
    let address = silkrate.admin_url.strip_prefix("http://");
    address.unwrap().parse().unwrap()
}

/// A service that has tried to write to its ledger in vain.
async fn silkrate_in_trouble(path: &Path, is_required: bool) -> (Silkrate, Bank) {
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.store = Store::File(path.to_owned());
    config.store_required = is_required;
    config.sources.push(source("nbk", "", &bank.url()));
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    let epoch = Arc::clone(&silkrate.board.snapshot().position.epoch);
    let refusal = "CREATE TRIGGER refused BEFORE INSERT ON entries
                   BEGIN SELECT RAISE(ABORT, 'refused on purpose'); END";
    Connection::open(path)
        .unwrap()
        .execute_batch(refusal)
        .unwrap();
    let third = nbk("03.04.2026", ("476.00", "0.91"), ("3.92", "0.01"));
    bank.publish(&[(nbk_path("03.04.2026"), third)]);
    silkrate
        .committed(|snapshot| snapshot.position.epoch != epoch)
        .await;
    (silkrate, bank)
}
