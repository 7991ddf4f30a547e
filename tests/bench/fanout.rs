//! Publications to many subscribers: the CPU time per message, the time until the last one has it, and the memory of an idle
//! subscriber.

use std::io;
use std::time::{Duration, Instant};

use prost::Message;
use silkrate::load::{Call, Event};
use silkrate::pb;

use crate::load::{Load, Workload, connect, is_greeted, skip_greeting};
use crate::machine;
use crate::servers::figures::pairs;
use crate::servers::{Design, Server, peers};

/// The timeout of each step of a run.
const PATIENCE: Duration = Duration::from_secs(120);
/// The longest wait of the load for an event.
const TURN: Duration = Duration::from_millis(20);
/// While a publication is in flight the load does not sleep: waking it costs the server nearly two microseconds a message on a
/// virtual machine, and a fast server, which the load lags behind, would be spared that cost.
const AWAKE: Duration = Duration::ZERO;
/// After this long a silence the greetings of a text protocol, which are not counted, have arrived.
const QUIET: Duration = Duration::from_secs(1);

/// The subscribers, their pairs, and the publications.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) pairs: usize,
    pub(crate) connections: usize,
    /// Streams on each connection.
    pub(crate) streams: usize,
    pub(crate) publications: usize,
    /// The time between publications; each waits until every subscriber has the one before.
    pub(crate) pause: Duration,
}

impl Shape {
    pub(crate) fn subscribers(&self) -> usize {
        self.connections * self.streams
    }
}

/// The result of a run.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// The CPU time of the server per delivered message, in nanoseconds.
    pub(crate) cost: u64,
    /// From a publication to its arrival at the last subscriber: the median, in microseconds.
    pub(crate) completion: u64,
    /// From a publication to each arrival: sorted, in microseconds.
    pub(crate) latencies: Vec<u32>,
    /// The memory of the server per idle subscriber, in bytes.
    pub(crate) bytes_each: u64,
}

pub(crate) fn workload(design: Design, shape: &Shape) -> io::Result<Workload> {
    if peers::program(design).is_some() {
        return Ok(peers::watching(design, shape.streams));
    }
    let pairs = pairs(shape.pairs);
    let request = pb::WatchRatesRequest {
        filter: Some(pb::RateFilter { pairs }),
        ..pb::WatchRatesRequest::default()
    };
    let path = "/silkrate.v1.RateService/WatchRates";
    let call = Call::new("127.0.0.1", path, &request.encode_to_vec());
    Workload::grpc(design, call, shape.streams)
}

/// Counts a message. A subscription that ends is a failure of the run.
fn counted(count: &mut usize, ended: &mut bool, event: &Event<'_>) {
    match event {
        Event::Message(_) => *count += 1,
        Event::Ended(None) => *ended = true,
        Event::Ended(Some(_)) => {}
    }
}

/// Opens all subscriptions, and waits until each has received its first messages.
pub(crate) fn subscribe(design: Design, shape: &Shape, server: &Server) -> io::Result<Load> {
    // An opening and a snapshot; from other servers their greeting, if any.
    let expected = match design {
        Design::Redis | Design::Nats => usize::MAX,
        Design::Etcd => shape.subscribers(),
        _ => shape.subscribers() * 2,
    };
    let mut last = Instant::now();
    let (mut count, mut ended) = (0, false);
    let mut load = connect(
        server.address,
        shape.connections,
        &workload(design, shape)?,
        &mut |event| counted(&mut count, &mut ended, &event),
    )?;
    while count < expected
        && (expected < usize::MAX || last.elapsed() < QUIET || !is_greeted(&load))
    {
        let known = count;
        load.turn(TURN, &mut |event| {
            counted(&mut count, &mut ended, &event);
        })?;
        if count != known {
            last = Instant::now();
        }
        // The greetings of text protocols end with silence; gRPC has a known number of messages.
        if ended && expected < usize::MAX || last.elapsed() > PATIENCE {
            let message = format!("{}: {count} of {expected} first messages", design.name());
            return Err(io::Error::other(message));
        }
    }
    skip_greeting(&mut load);
    Ok(load)
}

/// Starts a server, subscribes, publishes, and stops it.
pub(crate) fn run(design: Design, shape: &Shape) -> io::Result<Outcome> {
    let mut server = Server::start(design, shape.pairs)?;
    let empty = machine::resident_bytes(server.pid())?;
    let mut load = subscribe(design, shape, &server)?;
    let subscribers = shape.subscribers();
    let grown = machine::resident_bytes(server.pid())?.saturating_sub(empty);
    let bytes_each = grown / u64::try_from(subscribers).unwrap_or(u64::MAX).max(1);
    // The first one is a warm-up, and is not counted.
    publication(&mut server, &mut load, subscribers, &mut Vec::new())?;
    let before = machine::cpu_time(server.pid())?;
    let mut latencies = Vec::with_capacity(subscribers * shape.publications);
    let mut completions = Vec::with_capacity(shape.publications);
    for _publication in 0..shape.publications {
        let begun = Instant::now();
        let completion = publication(&mut server, &mut load, subscribers, &mut latencies)?;
        completions.push(completion);
        while begun.elapsed() < shape.pause {
            let rest = shape.pause.saturating_sub(begun.elapsed());
            load.turn(rest.min(TURN), &mut |_| ())?;
        }
    }
    let spent = machine::cpu_time(server.pid())?.saturating_sub(before);
    latencies.sort_unstable();
    completions.sort_unstable();
    let messages = u128::try_from(latencies.len()).unwrap_or(u128::MAX).max(1);
    Ok(Outcome {
        cost: u64::try_from(spent.as_nanos() / messages).unwrap_or(u64::MAX),
        completion: completions
            .get(completions.len() / 2)
            .copied()
            .unwrap_or_default(),
        latencies,
        bytes_each,
    })
}

/// Publishes once, waits until every subscriber has it, and returns the time in microseconds.
fn publication(
    server: &mut Server,
    load: &mut Load,
    subscribers: usize,
    latencies: &mut Vec<u32>,
) -> io::Result<u64> {
    let begun = Instant::now();
    server.publish()?;
    let (mut count, mut ended) = (0, false);
    while count < subscribers {
        let known = count;
        load.turn(AWAKE, &mut |event| {
            counted(&mut count, &mut ended, &event);
        })?;
        let latency = u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX);
        latencies.extend(std::iter::repeat_n(latency, count - known));
        if begun.elapsed() > PATIENCE {
            let message = format!("{count} of {subscribers} subscribers received a publication");
            return Err(io::Error::other(message));
        }
    }
    Ok(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX))
}
