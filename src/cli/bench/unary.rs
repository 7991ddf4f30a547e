//! Calls of GetSnapshot, as many as are answered.

use std::io;
use std::time::{Duration, Instant};

use crate::cli::bench::{Load, LoadArgs, bytes, microseconds};
use crate::cli::table::TextTable;
use crate::client::Client;
use crate::load::{Event, Histogram};
use crate::pb::{GetSnapshotRequest, RateFilter};

const PATH: &str = "/silkrate.v1.RateService/GetSnapshot";

/// The counts of a load.
#[derive(Debug, Default)]
struct Counts {
    messages: u64,
    bytes: u64,
    latencies: Histogram,
}

impl Counts {
    fn add(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Message(message) => {
                self.messages += 1;
                self.bytes += u64::try_from(message.len()).unwrap_or_default();
            }
            Event::Ended(latency) => {
                let latency = latency.unwrap_or_default().as_micros();
                self.latencies
                    .add(u64::try_from(latency).unwrap_or(u64::MAX));
                // The message of a call precedes its end.
                if self.latencies.total() > self.messages {
                    return Err(io::Error::other("a call ended without a message"));
                }
            }
        }
        Ok(())
    }
}

pub(super) fn run(load: &LoadArgs, client: &Client, streams: u32) -> io::Result<String> {
    let pairs = load.pairs.clone();
    let request = GetSnapshotRequest {
        filter: Some(RateFilter { pairs }),
        ..GetSnapshotRequest::default()
    };
    let (mut counts, mut failed) = (Counts::default(), Ok(()));
    let started = Instant::now();
    let mut under_way = Load::connect(
        load,
        client,
        streams,
        (PATH, &request, true),
        &mut |event| {
            if failed.is_ok() {
                failed = counts.add(&event);
            }
        },
    )?;
    failed?;
    let calls = |counts: &Counts| format!("{} calls", counts.latencies.total());
    under_way.run(&mut counts, |counts, event| counts.add(&event), calls)?;
    Ok(table(&counts, started.elapsed()))
}

fn table(counts: &Counts, elapsed: Duration) -> String {
    let calls = counts.latencies.total();
    let milliseconds = u64::try_from(elapsed.as_millis())
        .unwrap_or(u64::MAX)
        .max(1);
    let per_second = calls.saturating_mul(1000) / milliseconds;
    let mut table = TextTable::new(["FIGURE", "VALUE"]);
    let mut row = |name: &str, value: String| table.push([name.to_owned(), value]);
    row("calls", calls.to_string());
    row("calls per second", per_second.to_string());
    row("message bytes", bytes(counts.bytes));
    row("bytes per call", bytes(counts.bytes / calls.max(1)));
    for (name, of_thousand) in [
        ("latency p50", 500),
        ("latency p99", 990),
        ("latency p99.9", 999),
        ("latency max", 1000),
    ] {
        row(name, microseconds(counts.latencies.percentile(of_thousand)));
    }
    table.render()
}
