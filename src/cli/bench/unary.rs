//! Calls with one answer each, as many as are answered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::cli::bench::calls::{CallError, Method, call, connect, failed};
use crate::cli::bench::histogram::Histogram;
use crate::cli::bench::{LoadArgs, bytes, microseconds, show_progress};
use crate::cli::failure::Failure;
use crate::cli::table::TextTable;
use crate::pb::{GetSnapshotRequest, RateFilter};

const PATH: &str = "/silkrate.v1.RateService/GetSnapshot";

/// What has been answered so far.
#[derive(Debug, Default)]
struct Tally {
    latencies: Histogram,
    bytes: u64,
}

pub(super) async fn run(load: &LoadArgs, streams: u32) -> Result<String, Failure> {
    let server = load.server.server()?;
    let pairs = load.pairs.clone();
    let request = GetSnapshotRequest {
        filter: Some(RateFilter { pairs }),
    };
    let method = Method::new(&server, PATH, &request);
    let tally = Arc::new(Mutex::new(Tally::default()));
    let (mut connections, mut callers) = (JoinSet::new(), JoinSet::new());
    for _connection in 0..load.connections {
        let sender = connect(&server, &mut connections).await?;
        for _stream in 0..streams {
            callers.spawn(again(sender.clone(), method.clone(), Arc::clone(&tally)));
        }
    }
    let begun = Instant::now();
    let calls = || lock(&tally).latencies.total();
    tokio::select! {
        () = show_progress(load.seconds, || format!("{} calls", calls())) => {}
        Some(ended) = callers.join_next() => {
            let reason = match ended {
                Ok(Err(error)) => error.to_string(),
                Ok(Ok(())) => "a call was answered by nothing".to_owned(),
                Err(error) => error.to_string(),
            };
            return Err(failed(server.url(), reason));
        }
    }
    let lasted = begun.elapsed();
    callers.abort_all();
    let tally = lock(&tally);
    Ok(table(&tally, lasted))
}

fn lock(tally: &Mutex<Tally>) -> std::sync::MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls until a call fails.
async fn again(
    sender: SendRequest<Bytes>,
    method: Method,
    tally: Arc<Mutex<Tally>>,
) -> Result<(), CallError> {
    loop {
        let asked = Instant::now();
        let mut messages = call(&sender, &method).await?;
        let Some(message) = messages.next().await? else {
            return Ok(());
        };
        // The end tells whether all went well.
        if messages.next().await?.is_some() {
            return Ok(());
        }
        let latency = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut tally = lock(&tally);
        tally.latencies.add(latency);
        tally.bytes += u64::try_from(message.len()).unwrap_or_default();
    }
}

fn table(tally: &Tally, lasted: Duration) -> String {
    let calls = tally.latencies.total();
    let milliseconds = u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX).max(1);
    let each_second = |count: u64| count.saturating_mul(1000) / milliseconds;
    let mut table = TextTable::new(["FIGURE", "VALUE"]);
    let mut row = |name: &str, value: String| table.push([name.to_owned(), value]);
    row("calls", calls.to_string());
    row("calls a second", each_second(calls).to_string());
    row("messages' bytes", bytes(tally.bytes));
    row("bytes a call", bytes(tally.bytes / calls.max(1)));
    for (name, of_thousand) in [
        ("latency p50", 500),
        ("latency p99", 990),
        ("latency p99.9", 999),
        ("latency longest", 1000),
    ] {
        row(name, microseconds(tally.latencies.percentile(of_thousand)));
    }
    table.render()
}
