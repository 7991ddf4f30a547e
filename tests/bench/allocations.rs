//! How often serving asks for memory, by the allocator's own count: a gate, for a count does not depend on the machine.
//!
//! The server runs in a thread of its own, and so in an arena of its own, whose count is read before and after. A cache
//! of the thread would hide what it answers itself, so the program starts itself anew without one.

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
use crate::servers::{Design, ours};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The word that the second start is known by.
const COUNTING: &str = "counting";
/// How the allocator is told to count everything.
const SETTINGS: (&str, &str) = ("_RJEM_MALLOC_CONF", "tcache:false");
/// Replies and messages that are counted; enough that what happens once does not matter.
const COUNTED: u64 = 2000;
/// Publications that are counted, however many streams each of them goes to.
const PUBLICATIONS_MIN: u64 = 10;
/// How long they may take.
const PATIENCE: Duration = Duration::from_secs(60);
const TURN: Duration = Duration::from_millis(20);
/// What a reply may take, in thousandths: ten in hyper and h2, and nothing for the rates, nor for the pairs that were asked
/// for before, be they five or forty.
const REPLY_MAX: u64 = 12_000;
/// What a message may take, in thousandths: its place in the queue of its stream, and a thousandth of what encoding takes.
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
            // There is nowhere else to say it.
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

/// A running server: where it is, how it publishes, where it allocates.
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
                    served = ours::serve_on(listener, &figures, true) => served,
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

    /// How often the server has asked for memory so far.
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

/// What the allocator says is no error of the standard kind.
fn of_allocator(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

/// Runs until so much has arrived.
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

/// Allocations for a thousand replies.
fn of_replies(pairs: usize, at_once: usize) -> io::Result<u64> {
    let running = Running::start()?;
    let shape = unary::Shape {
        pairs,
        connections: 1,
        at_once,
        lasting: PATIENCE,
    };
    let workload = unary::workload(Design::Ours, &shape);
    let mut load = connect(running.address, 1, &workload, &mut |_| ())?;
    let is_reply = |event: &Event<'_>| matches!(event, Event::Ended(_));
    until(&mut load, COUNTED / 10, is_reply)?;
    let before = running.allocations()?;
    until(&mut load, COUNTED, is_reply)?;
    Ok((running.allocations()? - before) * 1000 / COUNTED)
}

/// Allocations for a thousand messages, each publication going to so many streams of one connection.
fn of_messages(streams: usize) -> io::Result<u64> {
    let running = Running::start()?;
    let shape = fanout::Shape {
        pairs: 5,
        connections: 1,
        streams,
        publications: 0,
        pause: Duration::ZERO,
    };
    let workload = fanout::workload(Design::Ours, &shape);
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
            "a reply of 5 pairs, one at once",
            of_replies(5, 1)?,
            REPLY_MAX,
        ),
        (
            "a reply of 5 pairs, ten at once",
            of_replies(5, 10)?,
            REPLY_MAX,
        ),
        (
            "a reply of 40 pairs, ten at once",
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
        Err(io::Error::other("that is too many"))
    }
}
