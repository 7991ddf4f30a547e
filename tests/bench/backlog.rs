//! Publications at a high rate: every subscriber has to receive the newest one, and each with a small delay.

use std::io;
use std::time::{Duration, Instant};

use silkrate::load::Event;

use crate::fanout::{Shape, subscribe};
use crate::servers::{Design, Server};

/// The time after the last publication within which every subscriber must receive it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The result of a run.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) messages: usize,
    /// Subscribers that hold the newest revision at the end.
    pub(crate) current: usize,
    /// From the publication of a revision to the arrival of its message: sorted, in microseconds.
    pub(crate) latencies: Vec<u32>,
}

/// Publishes at a steady rate without waiting for the subscribers.
pub(crate) fn run(design: Design, shape: &Shape) -> io::Result<Outcome> {
    let mut server = Server::start(design, shape.pairs)?;
    let mut load = subscribe(design, shape, &server)?;
    // Every subscriber has revision 1.
    let mut published: Vec<Instant> = Vec::with_capacity(shape.publications);
    let newest = u64::try_from(shape.publications).unwrap_or(u64::MAX) + 1;
    let mut outcome = Outcome {
        messages: 0,
        current: 0,
        latencies: Vec::new(),
    };
    let begun = Instant::now();
    while outcome.current < shape.subscribers() {
        let due = |count: usize| {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            shape.pause.saturating_mul(count)
        };
        while published.len() < shape.publications && begun.elapsed() >= due(published.len()) {
            published.push(Instant::now());
            server.publish()?;
        }
        load.turn(Duration::from_millis(1), &mut |event| {
            let Event::Message(message) = event else {
                return;
            };
            let revision = revision(message).unwrap_or_default();
            outcome.messages += 1;
            outcome.current += usize::from(revision == newest);
            let index = usize::try_from(revision).unwrap_or_default().checked_sub(2);
            let told_of = index.and_then(|index| published.get(index));
            let latency = told_of.map_or(Duration::MAX, Instant::elapsed).as_micros();
            outcome
                .latencies
                .push(u32::try_from(latency).unwrap_or(u32::MAX));
        })?;
        let last = published.last().map_or(Duration::ZERO, Instant::elapsed);
        if published.len() == shape.publications && last > PATIENCE {
            break;
        }
    }
    outcome.latencies.sort_unstable();
    Ok(outcome)
}

/// The revision of a message's position: the first field of both, as prost writes them.
fn revision(message: &[u8]) -> Option<u64> {
    let (&[tag, length], rest) = message.split_first_chunk::<2>()?;
    if tag != 0x0a {
        return None;
    }
    let mut position = rest.get(..usize::from(length))?;
    while let Some((tag, rest)) = position.split_first() {
        match tag {
            0x0a => {
                let (length, rest) = rest.split_first()?;
                position = rest.get(usize::from(*length)..)?;
            }
            0x10 => return varint(rest),
            _ => return None,
        }
    }
    None
}

fn varint(bytes: &[u8]) -> Option<u64> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
