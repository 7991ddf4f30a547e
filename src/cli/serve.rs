//! `silkrate serve`: runs the service until a signal stops it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::cli::failure::Failure;
use crate::cli::reload::{self, HangUps, Reloader, SettingsOrigin, log_warnings};
use crate::cli::{replay, supervisor};
use crate::config::{Config, etcd_address};
use crate::demo::Season;
use crate::listener::raise_descriptor_limit;
use crate::logging;
use crate::traces::Traces;

const EXAMPLES: &str = "\
Examples:
  silkrate serve                               every bank; gRPC on 127.0.0.1:50051, pages on 127.0.0.1:8080
  silkrate serve --config silkrate.toml
  silkrate serve --demo                        a replay of April 2026; needs no network
  silkrate serve --demo=december               a replay of the ticker of 8 December 2025
  SILKRATE_SERVER__LISTEN=0.0.0.0:50051 silkrate serve
  silkrate serve --follow http://10.0.0.1:2379 a replica that asks no bank, of the log in that etcd
  SILKRATE_LOG__ACCESS=true silkrate serve     a line on stderr for each request
  RUST_LOG=silkrate=debug silkrate serve       verbose log on stderr";

/// How long the runtime waits for blocking tasks: not at all. After a clean stop there are none; after a second signal, or where a
/// disk does not answer, they are abandoned.
const ABORT_TIMEOUT: Duration = Duration::ZERO;

/// How long a thread for blocking work waits for more of it, then it ends; many times as long as it takes to start one. Threads take
/// turns, so the runtime's ten seconds would keep all those of a burst for as long as each gets some work in ten seconds, with up to
/// 400 KiB of stack in use.
const IDLE_THREAD_MAX: Duration = Duration::from_millis(200);
/// How many threads for blocking work there are at most, beyond which it waits: each webhook and source may resolve a name, and the
/// ledger and long messages need some. A quarter of what the runtime allows by itself, which a burst can take on a busy machine.
const BLOCKING_THREADS_MAX: usize = 128;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ServeArgs {
    /// The configuration file (TOML); SILKRATE_… environment variables override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Replay published rates from a simulated bank on loopback, in a loop; no real bank is contacted and nothing is
    /// stored. Of the configuration, the sections `server`, `admin`, `web`, `access`, `shared`, `log` and
    /// `trace` apply.
    #[arg(
        long,
        value_name = "SEASON",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "april"
    )]
    demo: Option<DemoSeason>,
    /// Follow the log that replicas share over etcd, and never ask a bank: `shared.servers` with these addresses, and
    /// `shared.role = "follower"`.
    #[arg(
        long,
        value_name = "URL",
        value_delimiter = ',',
        conflicts_with = "demo"
    )]
    follow: Vec<String>,
}

impl ServeArgs {
    /// Refuses an address that is none: the settings would name a variable that is not set.
    fn check_follow(&self) -> Result<(), Failure> {
        let mut addresses = self.follow.iter().map(|address| etcd_address(address));
        let refused = addresses.find_map(Result::err);
        refused.map_or(Ok(()), |reason| {
            Err(Failure::Usage {
                message: format!("--follow: {reason}"),
                hint: "name a server of etcd, such as --follow http://10.0.0.1:2379".to_owned(),
            })
        })
    }

    /// Where the settings are read.
    fn origin(&self) -> SettingsOrigin {
        let variable = |name: &str, value| (name.to_owned(), value);
        let follow = (!self.follow.is_empty()).then(|| {
            [
                variable("SILKRATE_SHARED__SERVERS", self.follow.join(",")),
                variable("SILKRATE_SHARED__ROLE", "follower".to_owned()),
            ]
        });
        SettingsOrigin {
            file: self.config.clone(),
            variables: follow.into_iter().flatten().collect(),
        }
    }
}

/// The recorded days to replay.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum DemoSeason {
    /// 31 March to 3 April 2026: official rates, announcements and a held value.
    April,
    /// 4 to 13 December 2025: the ticker of a news site, from market tables.
    December,
}

impl From<DemoSeason> for Season {
    fn from(season: DemoSeason) -> Self {
        match season {
            DemoSeason::April => Self::April,
            DemoSeason::December => Self::December,
        }
    }
}

pub(super) fn run(arguments: &ServeArgs) -> Result<(), Failure> {
    let runtime = threads().build()?;
    let result = run_on(&runtime, arguments);
    runtime.shutdown_timeout(ABORT_TIMEOUT);
    result
}

/// The runtime of the service, to be built.
fn threads() -> Builder {
    // Measured with coalesced writes: two threads that share their work take a tenth more CPU time for a response than one
    // thread, and deliver a message to all of a crowd in two thirds of the time; a runtime for each thread has no clear gain.
    let mut threads = Builder::new_multi_thread();
    threads
        .enable_all()
        .thread_keep_alive(IDLE_THREAD_MAX)
        .max_blocking_threads(BLOCKING_THREADS_MAX);
    threads
}

fn run_on(runtime: &Runtime, arguments: &ServeArgs) -> Result<(), Failure> {
    arguments.check_follow()?;
    let hang_ups = {
        let _runtime = runtime.enter();
        HangUps::listen()?
    };
    let config = runtime.block_on(reload::read(arguments.origin()))?;
    let traces = {
        let _runtime = runtime.enter();
        config.trace.as_ref().map(Traces::start).transpose()
    };
    let traces = traces.map_err(|error| {
        let hint = "correct trace.endpoint, or leave [trace] out";
        Failure::failed(error.to_string(), hint)
    })?;
    let log = match arguments.demo {
        Some(_) => replay::log(config.log),
        None => config.log,
    };
    let log = logging::init(log, traces.as_ref());
    if !config.ignored_variables.is_empty() {
        tracing::info!(
            variables = config.ignored_variables.join(" "),
            "ignored what Kubernetes sets for a Service; `enableServiceLinks: false` leaves it out"
        );
    }
    log_warnings(&config);
    if let Some(limit) = raise_descriptor_limit() {
        tracing::debug!(limit, "RLIMIT_NOFILE: each connection takes a descriptor");
    }
    runtime.block_on(async {
        let drain = CancellationToken::new();
        let _alive = supervisor::keep_alive();
        let reloader = Reloader::new(arguments.origin(), log, hang_ups);
        let season = arguments.demo.map(Season::from);
        let service = service(config, season, reloader, drain.clone());
        let ended = Box::pin(until_stopped(service, &drain, Signals::listen()?)).await;
        if let Some(traces) = traces {
            traces.stop().await;
        }
        ended
    })
}

/// The service itself: it ends after `drain` is cancelled and its connections have drained.
async fn service(
    config: Config,
    demo: Option<Season>,
    reloader: Reloader,
    drain: CancellationToken,
) -> Result<(), Failure> {
    if let Some(season) = demo {
        return Box::pin(replay::run(season, config, reloader, drain)).await;
    }
    let app = tokio::select! {
        app = App::bind(config) => app?,
        // To open a ledger of an earlier version takes minutes if it is large. The next start begins that again.
        () = drain.cancelled() => return Ok(()),
    };
    supervisor::report_ready();
    Ok(Box::pin(reloader.run(app, drain.clone(), &drain)).await?)
}

/// Runs the service. The first signal drains it; a second one aborts.
async fn until_stopped(
    service: impl Future<Output = Result<(), Failure>>,
    drain: &CancellationToken,
    mut signals: Signals,
) -> Result<(), Failure> {
    tokio::pin!(service);
    let ended = tokio::select! {
        ended = &mut service => Some(ended),
        () = signals.next() => None,
    };
    if let Some(ended) = ended {
        return ended;
    }
    tracing::info!("received a signal to stop; a second one aborts");
    supervisor::report_stopping();
    drain.cancel();
    tokio::select! {
        ended = &mut service => ended,
        () = signals.next() => {
            let hint = "the first signal alone lets streams and connections drain";
            Err(Failure::failed("aborted by a second signal", hint))
        },
    }
}

/// The signals that stop a process: SIGINT (Ctrl-C), and SIGTERM, which supervisors send.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "as where there are signals")]
    fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Barrier};

    use clap::Parser;
    use tokio::task::{JoinSet, spawn_blocking};

    use super::*;
    use crate::cli::config;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        serve: ServeArgs,
    }

    #[test]
    fn to_follow_is_to_share_a_log_and_never_to_lead() {
        let line = [
            "serve",
            "--follow",
            "http://10.0.0.1:2379,http://10.0.0.2:2379",
        ];
        let SettingsOrigin { file, variables } = Line::parse_from(line).serve.origin();
        let config = config::load_with(file.as_deref(), &variables).unwrap();
        let shared = config.shared.unwrap();
        assert_eq!(shared.servers.len(), 2);
        assert!(!shared.may_lead);
        let alone = Line::parse_from(["serve"]).serve.origin();
        assert_eq!(alone.variables, []);
        assert!(Line::try_parse_from(["serve", "--demo", "--follow", "http://10.0.0.1"]).is_err());
    }

    #[test]
    fn an_address_to_follow_that_is_none_is_refused_by_the_name_of_the_option() {
        for (address, expected) in [
            (
                "10.0.0.1:2379",
                "--follow: `10.0.0.1:2379` does not start with http:// or https://",
            ),
            (
                "http://user:secret@10.0.0.1:2379",
                "--follow: it must not contain a user or a password",
            ),
        ] {
            let line = [
                "serve",
                "--follow",
                "http://10.0.0.1:2379",
                "--follow",
                address,
            ];
            let refused = Line::parse_from(line).serve.check_follow().unwrap_err();
            let Failure::Usage { message, .. } = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(message, expected);
        }
    }

    #[tokio::test]
    async fn a_service_that_ends_early_with_an_error_is_a_failure() {
        let drain = CancellationToken::new();
        let service = std::future::ready(Err(Failure::failed("a task has ended", "")));
        let ended = until_stopped(service, &drain, Signals::listen().unwrap()).await;
        assert_eq!(ended.unwrap_err().code(), 1);
        assert!(!drain.is_cancelled());
    }

    #[test]
    fn the_threads_of_a_burst_end_although_there_is_always_some_work_for_one() {
        const BURST: usize = 48;
        const LEFT: usize = 24;
        let running = Arc::new(AtomicUsize::new(0));
        let (started, stopped) = (Arc::clone(&running), Arc::clone(&running));
        let runtime = threads()
            .on_thread_start(move || {
                started.fetch_add(1, Ordering::SeqCst);
            })
            .on_thread_stop(move || {
                stopped.fetch_sub(1, Ordering::SeqCst);
            })
            .build()
            .unwrap();
        runtime.block_on(async {
            let all = Arc::new(Barrier::new(BURST));
            let mut burst = JoinSet::new();
            for _ in 0..BURST {
                let all = Arc::clone(&all);
                burst.spawn_blocking(move || all.wait().is_leader());
            }
            burst.join_all().await;
            let ended = async {
                let mut work = tokio::time::interval(Duration::from_millis(20));
                while running.load(Ordering::SeqCst) > LEFT {
                    work.tick().await;
                    spawn_blocking(|| ()).await.unwrap();
                }
            };
            let limit = Duration::from_secs(60);
            tokio::time::timeout(limit, ended).await.unwrap();
        });
    }
}
