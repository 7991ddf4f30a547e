//! `silkrate bench`: loads a running server, and tells how it did.

mod calls;
mod fanout;
mod histogram;
mod unary;

use std::io::Write;
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::ServerArgs;
use crate::cli::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  silkrate bench unary                                   the ticker, as often as it is answered
  silkrate bench unary --connections 50 --streams 1 --pairs '*/USD'
  silkrate bench fanout --connections 100 --streams 100  ten thousand subscribers
  silkrate bench fanout --seconds 60 --server http://rates.example:50051

`fanout` waits for what the server publishes: `silkrate serve --demo` publishes by itself every few seconds. The load
shares the machine with a server on loopback; `cargo bench` keeps the two apart.";

/// A bar, how far it has come, what has happened.
const BAR: &str = "{bar:30} {pos}/{len} s  {msg}";
/// How often the bar moves: by the second, as it counts.
const TICK: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct BenchArgs {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// Ask for a snapshot, and again as soon as it is there.
    Unary(UnaryArgs),
    /// Subscribe many times, and see when each subscriber has what is published.
    Fanout(FanoutArgs),
}

#[derive(Debug, Args)]
struct UnaryArgs {
    /// Calls under way at once on each connection.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    streams: u32,
    #[command(flatten)]
    load: LoadArgs,
}

#[derive(Debug, Args)]
struct FanoutArgs {
    /// Subscriptions on each connection.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    streams: u32,
    #[command(flatten)]
    load: LoadArgs,
}

/// How much load, on what, for how long.
#[derive(Debug, Args)]
struct LoadArgs {
    /// Connections to the server.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    connections: u32,
    /// For how long.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// What is asked for: pairs, parted by commas, stars allowed. None: the server's ticker.
    #[arg(long, value_name = "PAIR,…", value_delimiter = ',')]
    pairs: Vec<String>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(arguments: &BenchArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let text = match &arguments.kind {
        Kind::Unary(unary) => unary::run(&unary.load, unary.streams).await?,
        Kind::Fanout(fanout) => fanout::run(&fanout.load, fanout.streams).await?,
    };
    Ok(out.write_all(text.as_bytes())?)
}

/// Waits until the time is over and shows on a terminal how far it is and what has happened so far.
async fn show_progress(seconds: u64, happened: impl Fn() -> String) {
    let bar = ProgressBar::new(seconds);
    if let Ok(style) = ProgressStyle::with_template(BAR) {
        bar.set_style(style);
    }
    let mut tick = tokio::time::interval(TICK);
    tick.tick().await;
    for second in 1..=seconds {
        tick.tick().await;
        bar.set_message(happened());
        bar.set_position(second);
    }
    bar.finish_and_clear();
}

/// A length of time for people, from microseconds.
fn microseconds(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} µs"),
        10_000..10_000_000 => format!("{} ms", count.div_ceil(1000)),
        _ => format!("{} s", count.div_ceil(1_000_000)),
    }
}

/// A number of bytes for people.
fn bytes(count: u64) -> String {
    match count {
        0..10_240 => format!("{count} bytes"),
        10_240..10_485_760 => format!("{} KiB", count >> 10),
        _ => format!("{} MiB", count >> 20),
    }
}
