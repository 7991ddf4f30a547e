//! Many subscribers: the delay between the first and the last that receive the same revision.

use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

use prost::Message;

use crate::cli::bench::{Load, LoadArgs, bytes, microseconds};
use crate::cli::table::TextTable;
use crate::client::Client;
use crate::load::{Event, Histogram};
use crate::pb::{Position, RateFilter, WatchRatesRequest};

const PATH: &str = "/silkrate.v1.RateService/WatchRates";
/// Revisions that some subscribers do not have: not yet, or never, because an update merged them. Beyond this the oldest is
/// forgotten.
const REVISIONS_MAX: usize = 1024;

/// The part of a response that is decoded: its position, and whether it brings rates.
#[derive(Clone, PartialEq, Message)]
struct Head {
    #[prost(message, optional, tag = "1")]
    position: Option<Position>,
    #[prost(message, optional, tag = "2")]
    opening: Option<Skipped>,
    #[prost(message, optional, tag = "5")]
    heartbeat: Option<Skipped>,
}

/// A message whose fields are skipped.
#[derive(Clone, PartialEq, Message)]
struct Skipped {}

/// The subscribers that have received a revision.
#[derive(Debug)]
struct Delivery {
    first: Instant,
    subscribers: u64,
}

/// The counts of a load.
#[derive(Debug, Default)]
struct Counts {
    subscribers: u64,
    /// Streams that have begun.
    open: u64,
    messages: u64,
    bytes: u64,
    deliveries: BTreeMap<u64, Delivery>,
    /// From the first subscriber that receives a revision to each.
    delays: Histogram,
    /// From the first to the last.
    completions: Histogram,
}

impl Counts {
    fn add(&mut self, event: &Event<'_>) -> io::Result<()> {
        let Event::Message(message) = event else {
            return Err(io::Error::other("a stream ended"));
        };
        self.messages += 1;
        self.bytes += u64::try_from(message.len()).unwrap_or_default();
        let head = Head::decode(*message).unwrap_or_default();
        if head.opening.is_some() {
            self.open += 1;
        } else if head.heartbeat.is_none() {
            self.received(head.position.unwrap_or_default().revision);
        }
        Ok(())
    }

    /// One more subscriber has received a revision.
    fn received(&mut self, revision: u64) {
        let now = Instant::now();
        let delivery = self.deliveries.entry(revision).or_insert(Delivery {
            first: now,
            subscribers: 0,
        });
        delivery.subscribers += 1;
        let delay = now.duration_since(delivery.first).as_micros();
        let delay = u64::try_from(delay).unwrap_or(u64::MAX);
        let is_complete = delivery.subscribers == self.subscribers;
        self.delays.add(delay);
        if is_complete {
            self.completions.add(delay);
            self.deliveries.remove(&revision);
        } else if self.deliveries.len() > REVISIONS_MAX {
            self.deliveries.pop_first();
        }
    }
}

pub(super) fn run(load: &LoadArgs, client: &Client, streams: u32) -> io::Result<String> {
    let pairs = load.pairs.clone();
    let request = WatchRatesRequest {
        filter: Some(RateFilter { pairs }),
        updates_only: true,
        ..WatchRatesRequest::default()
    };
    let subscribers = u64::from(load.connections) * u64::from(streams);
    let mut counts = Counts {
        subscribers,
        ..Counts::default()
    };
    let mut failed = Ok(());
    let mut under_way = Load::connect(
        load,
        client,
        streams,
        (PATH, &request, false),
        &mut |event| {
            if failed.is_ok() {
                failed = counts.add(&event);
            }
        },
    )?;
    failed?;
    let describe = |counts: &Counts| {
        let (open, messages) = (counts.open, counts.messages);
        format!("{open} of {subscribers} streams, {messages} messages")
    };
    under_way.run(&mut counts, |counts, event| counts.add(&event), describe)?;
    Ok(table(&counts))
}

fn table(counts: &Counts) -> String {
    let mut table = TextTable::new(["FIGURE", "VALUE"]);
    let mut row = |name: &str, value: String| table.push([name.to_owned(), value]);
    row(
        "streams",
        format!("{} of {}", counts.open, counts.subscribers),
    );
    row("messages", counts.messages.to_string());
    row("message bytes", bytes(counts.bytes));
    row(
        "revisions delivered to all",
        counts.completions.total().to_string(),
    );
    row(
        "revisions merged or in flight",
        counts.deliveries.len().to_string(),
    );
    for (name, of_thousand) in [
        ("delay after the first subscriber p50", 500),
        ("delay after the first subscriber p99", 990),
        ("delay after the first subscriber p99.9", 999),
    ] {
        row(name, microseconds(counts.delays.percentile(of_thousand)));
    }
    for (name, of_thousand) in [
        ("first to last subscriber of a revision p50", 500),
        ("first to last subscriber of a revision max", 1000),
    ] {
        let duration = counts.completions.percentile(of_thousand);
        row(name, microseconds(duration));
    }
    table.render()
}
