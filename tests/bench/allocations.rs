//! The number of allocations of the server, counted by the allocator. It is a test with fixed limits, since the count does not
//! depend on the machine.
//!
//! The server runs in a thread of its own, and so in an arena of its own, whose count is read before and after. The thread's
//! cache would hide the allocations that it serves, so the program starts itself again without one.

#![expect(
    dead_code,
    reason = "the servers and the load are those of the benchmark, which uses more of them"
)]

mod fanout;
mod load;
mod machine;
mod report;
mod servers;
mod unary;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::{Command, ExitCode};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use silkrate::load::Event;
use tikv_jemalloc_ctl::{Access, AsName, epoch};
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::load::{Load, connect};
use crate::servers::figures::Figures;
use crate::servers::ours::Transport;
use crate::servers::{Design, ours};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The argument of the second start.
const COUNTING: &str = "counting";
/// The settings with which the allocator counts every allocation.
const SETTINGS: (&str, &str) = ("_RJEM_MALLOC_CONF", "tcache:false");
/// The number of replies and messages that are counted: enough that single events do not matter.
const COUNTED: u64 = 2000;
/// The least number of publications that are counted, for any number of streams.
const PUBLICATIONS_MIN: u64 = 10;
/// The timeout of a measurement.
const PATIENCE: Duration = Duration::from_secs(120);
const TURN: Duration = Duration::from_millis(20);
/// The limit of a reply, in thousandths of an allocation: ten in hyper and h2, and none for the rates or for pairs that were
/// requested before, five or forty.
const REPLY_MAX: u64 = 12_000;
/// The limit of a message, in thousandths of an allocation: its place in the queue of its stream, and a thousandth of what
/// encoding takes.
const MESSAGE_MAX: u64 = 2_000;

fn main() -> ExitCode {
    let is_counting = std::env::args().any(|word| word == COUNTING);
    let ended = if is_counting {
        gates()
    } else {
        start_counting()
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is no other place to report it.
            drop(writeln!(io::stderr(), "{error}"));
            ExitCode::FAILURE
        }
    }
}

fn start_counting() -> io::Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    let (name, settings) = SETTINGS;
    let status = command.arg(COUNTING).env(name, settings).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other("too many allocations"))
    }
}

/// A running server: its address, its publications, its arena.
struct Running {
    address: SocketAddr,
    publish: tokio::sync::mpsc::UnboundedSender<()>,
    arena: u32,
}

impl Running {
    fn start() -> io::Result<Self> {
        let (publish, mut ordered) = tokio::sync::mpsc::unbounded_channel();
        let (sender, begun) = mpsc::channel();
        let serve = move || -> io::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let arena = b"thread.arena\0".name().read().map_err(of_allocator)?;
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                let begun = (listener.local_addr()?, arena);
                sender.send(begun).map_err(io::Error::other)?;
                let figures = Figures::new();
                tokio::select! {
                    served = ours::serve_on(listener, &figures, Transport::Coalescing) => served,
                    () = publish_each(&figures, &mut ordered) => Ok(()),
                }
            })
        };
        let _ends_with_the_process = std::thread::spawn(serve);
        let (address, arena) = begun.recv().map_err(io::Error::other)?;
        let own: u32 = b"thread.arena\0".name().read().map_err(of_allocator)?;
        if own == arena {
            return Err(io::Error::other("the server has no arena of its own"));
        }
        Ok(Self {
            address,
            publish,
            arena,
        })
    }

    /// The number of allocations of the server so far.
    fn allocations(&self) -> io::Result<u64> {
        epoch::advance().map_err(of_allocator)?;
        let mut count = 0;
        for size in ["small", "large"] {
            let name = format!("stats.arenas.{}.{size}.nmalloc\0", self.arena);
            let counted: u64 = name.as_bytes().name().read().map_err(of_allocator)?;
            count += counted;
        }
        Ok(count)
    }
}

async fn publish_each(figures: &Figures, ordered: &mut UnboundedReceiver<()>) {
    while ordered.recv().await.is_some() {
        figures.publish();
    }
}

/// An error of the allocator, which is no `std::error::Error`.
fn of_allocator(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

/// Runs until a number of events has arrived.
fn until(
    load: &mut Load,
    wanted: u64,
    mut counts: impl FnMut(&Event<'_>) -> bool,
) -> io::Result<()> {
    let (begun, mut count) = (Instant::now(), 0);
    while count < wanted {
        load.turn(TURN, &mut |event| count += u64::from(counts(&event)))?;
        if begun.elapsed() > PATIENCE {
            return Err(io::Error::other(format!(
                "{count} of {wanted} have arrived"
            )));
        }
    }
    Ok(())
}

/// The allocations of a thousand replies.
fn of_replies(pairs: usize, at_once: usize) -> io::Result<u64> {
    let running = Running::start()?;
    let shape = unary::Shape {
        pairs,
        connections: 1,
        at_once,
        lasting: PATIENCE,
    };
    let workload = unary::workload(Design::Ours, &shape)?;
    let mut load = connect(running.address, 1, &workload, &mut |_| ())?;
    let is_reply = |event: &Event<'_>| matches!(event, Event::Ended(_));
    until(&mut load, COUNTED / 10, is_reply)?;
    let before = running.allocations()?;
    until(&mut load, COUNTED, is_reply)?;
    Ok((running.allocations()? - before) * 1000 / COUNTED)
}

/// The allocations of a thousand messages, each publication sent to a number of streams of one connection.
fn of_messages(streams: usize) -> io::Result<u64> {
    let running = Running::start()?;
    let shape = fanout::Shape {
        pairs: 5,
        connections: 1,
        streams,
        publications: 0,
        pause: Duration::ZERO,
    };
    let workload = fanout::workload(Design::Ours, &shape)?;
    let mut load = connect(running.address, 1, &workload, &mut |_| ())?;
    let is_message = |event: &Event<'_>| matches!(event, Event::Message(_));
    let each = u64::try_from(streams).unwrap_or(u64::MAX);
    // The opening and the snapshot, then one that warms up.
    until(&mut load, each * 2, is_message)?;
    let published = |load: &mut Load| {
        let sent = running.publish.send(());
        sent.map_err(io::Error::other)?;
        until(load, each, is_message)
    };
    published(&mut load)?;
    let before = running.allocations()?;
    let publications = (COUNTED / each).max(PUBLICATIONS_MIN);
    for _publication in 0..publications {
        published(&mut load)?;
    }
    Ok((running.allocations()? - before) * 1000 / (publications * each))
}

fn gates() -> io::Result<()> {
    let mut out = io::stdout();
    let mut is_within = true;
    for (what, counted, bound) in [
        (
            "a reply of 5 pairs, concurrency 1",
            of_replies(5, 1)?,
            REPLY_MAX,
        ),
        (
            "a reply of 5 pairs, concurrency 10",
            of_replies(5, 10)?,
            REPLY_MAX,
        ),
        (
            "a reply of 40 pairs, concurrency 10",
            of_replies(40, 10)?,
            REPLY_MAX,
        ),
        (
            "a message to each of 1 000 streams",
            of_messages(1000)?,
            MESSAGE_MAX,
        ),
    ] {
        let (reached, most) = (report::decimal(counted), report::decimal(bound));
        writeln!(out, "{what}: {reached} allocations, at most {most}")?;
        is_within &= counted <= bound;
    }
    if is_within {
        Ok(())
    } else {
        Err(io::Error::other("more allocations than allowed"))
    }
}
