//! One publication to many: what a message costs, when the last subscriber has it, and what an idle one takes.

use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use prost::Message;
use silkrate::load::{Call, Event};
use silkrate::pb;

use crate::load::{Load, Workload, connect, is_greeted, skip_greeting};
use crate::machine;
use crate::servers::figures::pairs;
use crate::servers::{Design, Server, peers};

/// How long anything may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the load waits for something at most.
const TURN: Duration = Duration::from_millis(20);
/// While a publication is on its way the load does not sleep: a server that it lags behind would be spared the cost of
/// waking it, most of two microseconds a message on a virtual machine, and a slower one would not.
const AWAKE: Duration = Duration::ZERO;
/// Silence that long means that all has arrived: greetings of protocols whose answers are not counted.
const QUIET: Duration = Duration::from_secs(1);

/// Who subscribes to what, and how often it is published.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) pairs: usize,
    pub(crate) connections: usize,
    /// Streams on each connection.
    pub(crate) streams: usize,
    pub(crate) publications: usize,
    /// From one publication to the next; a later one waits until everyone has the one before.
    pub(crate) pause: Duration,
}

impl Shape {
    pub(crate) fn subscribers(&self) -> usize {
        self.connections * self.streams
    }
}

/// What one run came to.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Processor time of the server for a delivered message, in nanoseconds.
    pub(crate) cost: u64,
    /// From publishing to the arrival at the last subscriber: the median, in microseconds.
    pub(crate) completion: u64,
    /// From publishing to each arrival: sorted, in microseconds.
    pub(crate) latencies: Vec<u32>,
    /// Memory of the server for a subscriber that is idle, in bytes.
    pub(crate) bytes_each: u64,
}

pub(crate) fn workload(design: Design, shape: &Shape) -> Workload {
    if peers::program(design).is_some() {
        return peers::watching(design, shape.streams);
    }
    let pairs = pairs(shape.pairs);
    let request = pb::WatchRatesRequest {
        filter: Some(pb::RateFilter { pairs }),
        ..pb::WatchRatesRequest::default()
    };
    let path = "/silkrate.v1.RateService/WatchRates";
    let call = Call::new("127.0.0.1", path, &request.encode_to_vec());
    Workload::Grpc {
        call: Rc::new(call),
        calls: shape.streams,
    }
}

/// A subscription that is no stream of messages any more is a failure of the run.
fn counted(count: &mut usize, ended: &mut bool, event: &Event<'_>) {
    match event {
        Event::Message(_) => *count += 1,
        Event::Ended(None) => *ended = true,
        Event::Ended(Some(_)) => {}
    }
}

/// Connects everyone, and waits until each has what is sent first.
pub(crate) fn subscribe(design: Design, shape: &Shape, server: &Server) -> io::Result<Load> {
    // An opening and a snapshot; with others, whatever greeting there is.
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
        &workload(design, shape),
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
        // The text protocols end by silence; these must say what they have to.
        if ended && expected < usize::MAX || last.elapsed() > PATIENCE {
            let said = format!("{}: {count} of {expected} messages at first", design.name());
            return Err(io::Error::other(said));
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
    // The first one warms up and is not counted.
    publication(&mut server, &mut load, subscribers, &mut Vec::new())?;
    let before = machine::processor_time(server.pid())?;
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
    let spent = machine::processor_time(server.pid())?.saturating_sub(before);
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

/// Publishes once and waits until everyone has it; tells after how many microseconds that was.
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
            let said = format!("{count} of {subscribers} have a publication");
            return Err(io::Error::other(said));
        }
    }
    Ok(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX))
}
