//! Many subscribers: how far apart in time they have the same revision.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use h2::client::SendRequest;
use prost::Message;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::cli::bench::calls::{CallError, Method, call, connect, failed};
use crate::cli::bench::histogram::Histogram;
use crate::cli::bench::{LoadArgs, bytes, microseconds, show_progress};
use crate::cli::failure::Failure;
use crate::cli::table::TextTable;
use crate::pb::{Position, RateFilter, WatchRatesRequest};

const PATH: &str = "/silkrate.v1.RateService/WatchRates";
/// Revisions that not everyone has yet, or that some never get because they were merged for them: past these the oldest
/// is forgotten.
const REVISIONS_MAX: usize = 1024;

/// The part of a message that is read: a subscriber of this load shows nothing.
#[derive(Clone, PartialEq, Message)]
struct Head {
    #[prost(message, optional, tag = "1")]
    position: Option<Position>,
}

/// How a revision has spread.
#[derive(Debug)]
struct Spread {
    first: Instant,
    subscribers: u64,
}

/// What has arrived so far.
#[derive(Debug, Default)]
struct Tally {
    /// Streams that have begun.
    open: u64,
    messages: u64,
    bytes: u64,
    revisions: BTreeMap<u64, Spread>,
    /// From the first subscriber that has a revision to each.
    delays: Histogram,
    /// From the first to the last.
    completions: Histogram,
}

impl Tally {
    /// One more subscriber has a revision.
    fn arrived(&mut self, revision: u64, subscribers: u64) {
        let now = Instant::now();
        let spread = self.revisions.entry(revision).or_insert(Spread {
            first: now,
            subscribers: 0,
        });
        spread.subscribers += 1;
        let delay = now.duration_since(spread.first).as_micros();
        let delay = u64::try_from(delay).unwrap_or(u64::MAX);
        let is_complete = spread.subscribers == subscribers;
        self.delays.add(delay);
        if is_complete {
            self.completions.add(delay);
            self.revisions.remove(&revision);
        } else if self.revisions.len() > REVISIONS_MAX {
            self.revisions.pop_first();
        }
    }
}

pub(super) async fn run(load: &LoadArgs, streams: u32) -> Result<String, Failure> {
    let server = load.server.server()?;
    let pairs = load.pairs.clone();
    let request = WatchRatesRequest {
        filter: Some(RateFilter { pairs }),
        updates_only: true,
        ..WatchRatesRequest::default()
    };
    let method = Method::new(&server, PATH, &request);
    let subscribers = u64::from(load.connections) * u64::from(streams);
    let tally = Arc::new(Mutex::new(Tally::default()));
    let (mut connections, mut readers) = (JoinSet::new(), JoinSet::new());
    for _connection in 0..load.connections {
        let sender = connect(&server, &mut connections).await?;
        for _stream in 0..streams {
            let subscriber = Subscriber {
                tally: Arc::clone(&tally),
                subscribers,
            };
            readers.spawn(subscriber.read(sender.clone(), method.clone()));
        }
    }
    let happened = || {
        let tally = lock(&tally);
        let (open, messages) = (tally.open, tally.messages);
        format!("{open} of {subscribers} streams, {messages} messages")
    };
    tokio::select! {
        () = show_progress(load.seconds, happened) => {}
        Some(ended) = readers.join_next() => {
            let reason = match ended {
                Ok(Err(error)) => error.to_string(),
                Ok(Ok(())) => "a stream ended without a reason".to_owned(),
                Err(error) => error.to_string(),
            };
            return Err(failed(server.url(), reason));
        }
    }
    readers.abort_all();
    let tally = lock(&tally);
    Ok(table(&tally, subscribers))
}

fn lock(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One of many.
#[derive(Debug)]
struct Subscriber {
    tally: Arc<Mutex<Tally>>,
    subscribers: u64,
}

impl Subscriber {
    /// Reads a stream until it ends.
    async fn read(self, sender: SendRequest<Bytes>, method: Method) -> Result<(), CallError> {
        let mut messages = call(&sender, &method).await?;
        let mut held = None;
        while let Some(message) = messages.next().await? {
            let decoded = Head::decode(message.as_ref());
            let position = decoded.unwrap_or_default().position.unwrap_or_default();
            let mut tally = lock(&self.tally);
            tally.messages += 1;
            tally.bytes += u64::try_from(message.len()).unwrap_or_default();
            match held {
                // The opening tells where the stream begins.
                None => tally.open += 1,
                // A heartbeat repeats a position.
                Some(held) if position.revision > held => {
                    tally.arrived(position.revision, self.subscribers);
                }
                Some(_) => {}
            }
            held = Some(position.revision);
        }
        Ok(())
    }
}

fn table(tally: &Tally, subscribers: u64) -> String {
    let mut table = TextTable::new(["FIGURE", "VALUE"]);
    let mut row = |name: &str, value: String| table.push([name.to_owned(), value]);
    row("streams", format!("{} of {subscribers}", tally.open));
    row("messages", tally.messages.to_string());
    row("messages' bytes", bytes(tally.bytes));
    row(
        "revisions that all have",
        tally.completions.total().to_string(),
    );
    row(
        "revisions merged or under way",
        tally.revisions.len().to_string(),
    );
    for (name, of_thousand) in [
        ("behind the first p50", 500),
        ("behind the first p99", 990),
        ("behind the first p99.9", 999),
    ] {
        row(name, microseconds(tally.delays.percentile(of_thousand)));
    }
    for (name, of_thousand) in [
        ("first to last of a revision p50", 500),
        ("first to last of a revision, longest", 1000),
    ] {
        row(
            name,
            microseconds(tally.completions.percentile(of_thousand)),
        );
    }
    table.render()
}
