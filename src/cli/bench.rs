//! `silkrate bench`: loads a running server, and prints figures.

mod fanout;
mod unary;

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use prost::Message;

use crate::cli::failure::Failure;
use crate::cli::server::ServerArgs;
use crate::client::{Client, Watch, WatchEvent, WatchOptions};
use crate::load::{Call, Event, GrpcConnection, LoadGenerator};

const EXAMPLES: &str = "\
Examples:
  silkrate bench unary                                   call GetSnapshot as often as it is answered
  silkrate bench unary --connections 50 --streams 1 --pairs '*/USD'
  silkrate bench fanout --connections 100 --streams 100  ten thousand subscribers
  silkrate bench fanout --seconds 60 --server http://rates.example:50051
  silkrate bench unary --access-key-file reader.key      call as the holder of a key

`fanout` waits for commits of the server: `silkrate serve --demo` makes one every few seconds. On loopback the load takes \
CPU time from the server; `cargo bench` pins the two to different cores. All of the load is one client: for more than 1024 \
streams or connections, the server needs a larger `server.max_streams_per_client` or `max_connections_per_address`.";

/// A bar: seconds done of all seconds, and the counts so far.
const BAR: &str = "{bar:30} {pos}/{len} s  {msg}";
/// How long the load waits for the server at most before it looks at the clock.
const TURN: Duration = Duration::from_millis(20);
/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The port of a URL without one.
const HTTP_PORT: u16 = 80;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct BenchArgs {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// Call GetSnapshot, and again as soon as the response is complete.
    Unary(UnaryArgs),
    /// Open many subscriptions, and measure when each subscriber receives a commit.
    Fanout(FanoutArgs),
}

#[derive(Debug, Args)]
struct UnaryArgs {
    /// Concurrent calls on each connection.
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

/// The load: how much, with which request, for how long.
#[derive(Debug, Args)]
struct LoadArgs {
    /// Connections to the server.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    connections: u32,
    /// Duration in seconds.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// The pairs of each request, separated by commas, stars allowed; default: the server's ticker.
    #[arg(long, value_name = "PAIR,…", value_delimiter = ',')]
    pairs: Vec<String>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(arguments: &BenchArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let (load, streams) = match &arguments.kind {
        Kind::Unary(unary) => (&unary.load, unary.streams),
        Kind::Fanout(fanout) => (&fanout.load, fanout.streams),
    };
    let client = load.server.client()?;
    if client.plain_authority().is_none() {
        return Err(Failure::Usage {
            message: format!(
                "{}: the load speaks plain HTTP/2 to a server itself",
                client.url()
            ),
            hint: "write http://HOST:PORT, without a path: a proxy would be measured too"
                .to_owned(),
        });
    }
    // The load does not read errors, so a wrong request is found before it begins.
    client.snapshot(&load.pairs).await?;
    let text = match &arguments.kind {
        Kind::Unary(_) => unary::run(load, &client, streams),
        Kind::Fanout(_) => fanout::run(load, &client, streams),
    };
    match text {
        Ok(text) => Ok(out.write_all(text.as_bytes())?),
        Err(error) => Err(failure(&error, &client, &load.pairs).await),
    }
}

/// The failure of a load, with the server's reason if a single subscription is refused too.
async fn failure(error: &io::Error, client: &Client, pairs: &[String]) -> Failure {
    let options = WatchOptions {
        pairs: pairs.to_vec(),
        ..WatchOptions::default()
    };
    let url = client.url();
    let reason = match Watch::new(client.clone(), options).next().await {
        Err(refused) => refused.to_string(),
        Ok(WatchEvent::Disconnected { reason, .. }) => reason,
        Ok(_) => error.to_string(),
    };
    Failure::failed(
        format!("{url}: {reason}"),
        "is `silkrate serve` running there, and does it allow this many connections and streams \
         (ulimit -n, `server.max_connections`, `server.max_streams`, and of one client \
         `server.max_connections_per_address`, `server.max_streams_per_client`)?",
    )
}

/// A load under way.
struct Load {
    generator: LoadGenerator<GrpcConnection>,
    seconds: u64,
}

impl Load {
    /// Opens the connections, each with a number of concurrent calls.
    fn connect(
        arguments: &LoadArgs,
        client: &Client,
        streams: u32,
        (path, request, is_repeated): (&str, &impl Message, bool),
        report: &mut dyn FnMut(Event<'_>),
    ) -> io::Result<Self> {
        let authority = client.plain_authority().ok_or(io::ErrorKind::Unsupported)?;
        let call = Call {
            is_repeated,
            authorization: client.authorization(),
            ..Call::new(authority, path, &request.encode_to_vec())
        };
        let call = Rc::new(call);
        let streams = usize::try_from(streams).unwrap_or(usize::MAX);
        let connections = usize::try_from(arguments.connections).unwrap_or(usize::MAX);
        let begin = |out: &mut Vec<u8>| GrpcConnection::begin(&call, streams, out);
        let generator = LoadGenerator::connect(resolve(authority)?, connections, begin, report)?;
        Ok(Self {
            generator,
            seconds: arguments.seconds,
        })
    }

    /// Reports events until the time is over, and shows on a terminal what `describe` makes of the counts.
    fn run<C>(
        &mut self,
        counts: &mut C,
        mut report: impl FnMut(&mut C, Event<'_>) -> io::Result<()>,
        describe: impl Fn(&C) -> String,
    ) -> io::Result<()> {
        let bar = ProgressBar::new(self.seconds);
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        let started = Instant::now();
        let mut failed = Ok(());
        while started.elapsed().as_secs() < self.seconds {
            self.generator.turn(TURN, &mut |event| {
                if failed.is_ok() {
                    failed = report(counts, event);
                }
            })?;
            std::mem::replace(&mut failed, Ok(()))?;
            let second = started.elapsed().as_secs();
            if second != bar.position() {
                bar.set_message(describe(counts));
                bar.set_position(second);
            }
        }
        bar.finish_and_clear();
        Ok(())
    }
}

/// The first address of a host that accepts a connection.
fn resolve(authority: &str) -> io::Result<SocketAddr> {
    let host_end = authority.rfind(']').unwrap_or_default();
    let has_port = authority.rfind(':').is_some_and(|colon| colon > host_end);
    let addresses: Vec<SocketAddr> = if has_port {
        authority.to_socket_addrs()?.collect()
    } else {
        let host = authority.trim_matches(['[', ']']);
        (host, HTTP_PORT).to_socket_addrs()?.collect()
    };
    let mut last_error = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(_closed_at_once) => return Ok(address),
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

/// A duration in a readable unit, from microseconds.
fn microseconds(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} µs"),
        10_000..10_000_000 => format!("{} ms", count.div_ceil(1000)),
        _ => format!("{} s", count.div_ceil(1_000_000)),
    }
}

/// A number of bytes in a readable unit.
fn bytes(count: u64) -> String {
    match count {
        0..10_240 => format!("{count} bytes"),
        10_240..10_485_760 => format!("{} KiB", count >> 10),
        _ => format!("{} MiB", count >> 20),
    }
}
