//! `cargo bench`: compares our server with a naive tonic server, frames written by hand, and other servers that are installed,
//! in turn on the same two cores. Only ratios within a round are meaningful; see `--help`.

mod attacks;
mod backlog;
mod fanout;
mod handshakes;
#[path = "attacks/hostile.rs"]
mod hostile;
mod ledger;
mod load;
mod machine;
mod observation;
mod plan;
mod report;
mod servers;
mod start;
mod unary;
mod web;

use std::cell::Cell;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::plan::{Figures, Plan};
use crate::servers::ours::Transport;
use crate::servers::{Design, naive, ours, raw};

/// The allocator of the program; the naive server uses it too.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const HELP: &str = "\
cargo bench [-- [--quick] [--rounds N] [PART…]]
cargo bench -- ledger [YEARS]
cargo bench -- beside [COMMITS]
cargo bench -- scrape
cargo bench -- observation
cargo bench -- attacks [--rounds N] [--program FILE] [ATTACK…]

Starts each server on loopback, pinned to core 0, and loads it from core 1. The CPU time of the server is read from /proc; on
a shared machine it varies less than throughput. A figure is the median of the rounds, with their range; if the range straddles
the goal, there is no verdict. Other servers are measured if they are on the PATH: redis-server, nats-server, etcd, nginx.
Startup is measured with the program built by `cargo build --profile dist --features jemalloc`, if there is one.

`ledger` makes a ledger of one year and one of ten (or YEARS) of every bank, and compares start, memory, history, conversion
and commit between them. `beside` times commits until they reach a hundred subscribers, alone and while a year of sixty pairs is
asked for again and again: 200 (or COMMITS) each, in seven rounds. `scrape` times reads of the metrics, alone and with ten
thousand subscribers. `observation` times what a request costs for the access log and for traces while both are off.

`attacks` starts the demo for each of a list of hostile clients, and prints what an honest client notices of them and what memory
they cost, in five (or N) rounds.

Parts: unary web shared alone tls backlog start crowd threads. All parts take some minutes; --quick takes one, and is less precise.
";
/// Fewer rounds give no range; more take long.
const ROUNDS: usize = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = match words.as_slice() {
        ["server", design, pairs] => serve(design, pairs),
        ["beside", words @ ..] => ledger::subscribers(words, &mut io::stdout()),
        ["scrape", ..] => ledger::scrapes(&mut io::stdout()),
        ["attacks", words @ ..] => attacks::run(words, &mut io::stdout()),
        ["observation", ..] => observation::print(&mut io::stdout()),
        ["ledger", words @ ..] => ledger::compare(words, &mut io::stdout()),
        words if words.contains(&"--help") => io::stdout().write_all(HELP.as_bytes()),
        words => measure(words),
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

/// Runs one of the servers, until the parent exits.
fn serve(design: &str, pairs: &str) -> io::Result<()> {
    let pairs = pairs.parse().map_err(io::Error::other)?;
    let mut named = Design::ALL.into_iter();
    let design = named.find(|known| known.name() == design);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match design {
        Some(Design::Ours | Design::OursFree) => {
            runtime.block_on(ours::serve(Transport::Coalescing))
        }
        Some(Design::OursTls) => runtime.block_on(ours::serve(Transport::Tls)),
        Some(Design::OursMulti) => tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?
            .block_on(ours::serve(Transport::Coalescing)),
        Some(Design::OursEach) => runtime.block_on(ours::serve_each()),
        Some(Design::OursPlain) => runtime.block_on(ours::serve(Transport::Tonic)),
        Some(Design::OursWeb) => runtime.block_on(ours::serve_web()),
        Some(Design::Naive) => runtime.block_on(naive::serve(pairs)),
        Some(Design::RawUnary) => raw::serve(pairs, false),
        Some(Design::RawStream) => raw::serve(pairs, true),
        _ => Err(io::Error::other("unknown server")),
    }
}

fn measure(words: &[&str]) -> io::Result<()> {
    let mut plan = Plan {
        rounds: ROUNDS,
        is_quick: false,
        descriptors: machine::raise_descriptor_limit(),
        shared_cost: Cell::new(0),
    };
    let mut only = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            // Added by cargo.
            "--bench" => {}
            "--quick" => (plan.is_quick, plan.rounds) = (true, 1),
            "--rounds" => {
                let rounds = words.next().and_then(|rounds| rounds.parse().ok());
                plan.rounds = rounds.ok_or_else(|| io::Error::other(HELP))?;
            }
            part => only.push(part.to_owned()),
        }
    }
    let mut out = io::stdout();
    let mut figures = Figures::new(&mut out);
    let ended = plan.run(&only, &mut figures);
    let table = report::table(&figures.into_figures());
    writeln!(out, "\n{table}")?;
    ended
}
