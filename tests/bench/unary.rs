//! Unary calls: the CPU time and the latency of each.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use prost::Message;
use silkrate::load::{Call, Event};
use silkrate::pb;

use crate::load::{Workload, connect};
use crate::machine;
use crate::servers::figures::pairs;
use crate::servers::{Design, Server, peers};

/// The warm-up before counting: connections are open, caches and branch predictors are warm.
const WARM_UP: Duration = Duration::from_millis(300);
/// The longest wait of the load for an event, so that it stops in time.
const TURN: Duration = Duration::from_millis(20);

/// The load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) pairs: usize,
    pub(crate) connections: usize,
    /// Concurrent calls on each connection.
    pub(crate) at_once: usize,
    pub(crate) lasting: Duration,
}

/// The result of a run.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// The CPU time of the server per call, in nanoseconds.
    pub(crate) cost: u64,
    pub(crate) calls_per_second: u64,
    /// Sorted, in microseconds.
    pub(crate) latencies: Vec<u32>,
}

/// Calls of GetSnapshot with a number of pairs.
pub(crate) fn workload(design: Design, shape: &Shape) -> io::Result<Workload> {
    if peers::program(design).is_some() {
        return Ok(peers::asking(design, shape.at_once));
    }
    let pairs = pairs(shape.pairs);
    let request = pb::GetSnapshotRequest {
        filter: Some(pb::RateFilter { pairs }),
        ..pb::GetSnapshotRequest::default()
    };
    let path = "/silkrate.v1.RateService/GetSnapshot";
    let call = Call::new("127.0.0.1", path, &request.encode_to_vec()).repeated();
    Workload::grpc(design, call, shape.at_once)
}

/// Starts a server, loads it, and stops it.
pub(crate) fn run(design: Design, shape: &Shape) -> io::Result<Outcome> {
    let server = Server::start(design, shape.pairs)?;
    let outcome = measure(
        server.address,
        server.pid(),
        &workload(design, shape)?,
        shape,
    );
    outcome.map_err(|error| io::Error::other(format!("{}: {error}", design.name())))
}

/// Loads a running server.
pub(crate) fn measure(
    server: SocketAddr,
    pid: u32,
    workload: &Workload,
    shape: &Shape,
) -> io::Result<Outcome> {
    let mut load = connect(server, shape.connections, workload, &mut |_| ())?;
    let warm = Instant::now();
    while warm.elapsed() < WARM_UP {
        load.turn(TURN, &mut |_| ())?;
    }
    let (mut messages, mut latencies) = (0_u64, Vec::with_capacity(1 << 20));
    let (begun, before) = (Instant::now(), machine::cpu_time(pid)?);
    while begun.elapsed() < shape.lasting {
        load.turn(TURN, &mut |event| match event {
            Event::Message(_) => messages += 1,
            Event::Ended(latency) => {
                let latency = latency.unwrap_or_default().as_micros();
                latencies.push(u32::try_from(latency).unwrap_or(u32::MAX));
            }
        })?;
    }
    let (lasted, after) = (begun.elapsed(), machine::cpu_time(pid)?);
    let calls = u64::try_from(latencies.len()).unwrap_or(u64::MAX);
    // A response without a message is a refusal; at either end of the run a message and its end may be counted apart.
    let parted = u64::try_from(shape.connections * shape.at_once).unwrap_or(u64::MAX);
    if calls == 0 || messages.abs_diff(calls) > parted {
        let message = format!("{messages} messages for {calls} calls");
        return Err(io::Error::other(message));
    }
    latencies.sort_unstable();
    let cost = after.saturating_sub(before).as_nanos() / u128::from(calls);
    let calls_per_second = u128::from(calls) * 1_000_000 / lasted.as_micros().max(1);
    Ok(Outcome {
        cost: u64::try_from(cost).unwrap_or(u64::MAX),
        calls_per_second: u64::try_from(calls_per_second).unwrap_or(u64::MAX),
        latencies,
    })
}
