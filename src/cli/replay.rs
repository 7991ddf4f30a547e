//! `silkrate serve --demo`: the service, the simulated bank that it polls, and the ticker printed on every change.

use std::io::{self, Write};
use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;

use crate::app::App;
use crate::board::Published;
use crate::cli::failure::Failure;
use crate::cli::line::{SEPARATOR, STALE_MARK};
use crate::cli::reload::Reloader;
use crate::cli::supervisor;
use crate::clock::Clock;
use crate::config::{Config, Log, TlsFiles};
use crate::demo::{Bank, Replay, ReplayError, Season, file_earlier};
use crate::domain::{Freshness, Rate, RateFilter, Snapshot, TickerStyle, ticker_entry};

/// What Ctrl-C prints at once: open streams may take a moment to end.
const STOPPING: &str = "\nstopping; a second Ctrl-C ends it at once";

/// What is printed when a replay that is shown once has ended: also at once, where it had before this replica was started.
const ENDED: &str = "\nThe days of this replay have passed, and its log keeps them. To see them again, stop every replica, and start them \
with a log of another name: SILKRATE_SHARED__NAME=again\n";

/// The log of a demo, whose ticker on stdout says what happens.
pub(super) fn log(log: Log) -> Log {
    Log {
        level: log.level.min(LevelFilter::ERROR),
        ..log
    }
}

/// The sections of a configuration that a demo uses.
const SECTIONS: &[&str] = &["server", "admin", "web", "access", "shared", "log", "trace"];

/// The sections of a configuration that a demo uses, as a phrase.
pub(super) fn sections() -> String {
    SECTIONS.join(", ")
}

/// Whether a demo uses a setting of the configuration.
pub(super) fn uses(key: &str) -> bool {
    let table = key.split('.').next();
    table.is_some_and(|table| SECTIONS.contains(&table))
}

/// From the settings of the file to those of the demo, whose bank is at an address.
fn settings(season: Season, url: String) -> impl Fn(Config) -> Config + Send + Sync {
    move |mut config| {
        config.variables.retain(|key| uses(key));
        Config {
            log: log(config.log),
            trace: config.trace,
            file: config.file,
            variables: config.variables,
            shared: config.shared,
            access: config.access,
            ..season.config(&url, config.server, config.web)
        }
    }
}

/// What the demo is, and where it is served.
fn introduction(season: Season, config: &Config, app: &App) -> String {
    let url = |tls: &Option<TlsFiles>, address| {
        let scheme = if tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{address}")
    };
    let (server, web) = (&config.server, &config.web);
    let (address, notice) = (app.address(), season.notice());
    let grpc = url(&server.tls, address);
    let admin = url(&server.admin_tls, app.admin_address());
    let replicas = match &config.shared {
        None => String::new(),
        Some(shared) => format!(
            "\n\nThis is the replica `{}` of the log `{}`, so the days pass once, and six times slower. The one that leads polls its \
bank; which one that is:\n  silkrate shared --admin {admin}",
            shared.node, shared.name
        ),
    };
    let (pages, path) = (url(&web.tls, app.web_address()), &web.path);
    format!(
        "{notice}{replicas}\n\nserving gRPC on {address}; from a second terminal:\n  silkrate watch --server {grpc}\nserving browsers on {pages}{path}\nserving probes and metrics on {admin}/metrics\n"
    )
}

/// Serves the replay until `drain` is cancelled. Of the configuration only [`SECTIONS`] are used.
pub(super) async fn run(
    season: Season,
    config: Config,
    reloader: Reloader,
    drain: CancellationToken,
) -> Result<(), Failure> {
    let clock = match config.shared {
        None => season.clock(),
        Some(_) => season.shared_clock(),
    };
    let bank = Bank::start(clock.clone()).await;
    let bank = bank.map_err(|error| {
        let message = format!("cannot start the simulated bank: {error}");
        Failure::failed(message, "it needs a free port on 127.0.0.1")
    })?;
    let adapt = settings(season, bank.base_url());
    let config = adapt(config);
    let reloader = reloader.adapted(adapt);
    let filter = config.ticker.pairs.clone();
    let mut app = App::bind_with(config.clone(), clock.clone()).await?;
    let mut out = anstream::stdout();
    let mut say = |text: &str| writeln!(out, "{text}").and_then(|()| out.flush());
    say(&introduction(season, &config, &app))?;
    supervisor::report_ready();

    let published = app.board().watch();
    // The pollers of the replay end before the commit task that they submit to, and the bank after both.
    let (stop, replay_stop, replay_ended) = (
        CancellationToken::new(),
        drain.child_token(),
        CancellationToken::new(),
    );
    let replaying = replaying(season, (&clock, &config), &mut app, replay_stop.clone());
    let served = async {
        let ended = Box::pin(reloader.run(app, replay_ended.clone(), &drain)).await;
        replay_stop.cancel();
        stop.cancel();
        Ok(ended?)
    };
    let replayed = async {
        let ended = replaying.await;
        replay_ended.cancel();
        ended
    };
    let banked = async {
        bank.run(stop.clone()).await;
        Ok::<_, Failure>(())
    };
    let printed = async {
        let ticker = async {
            let is_shown_once = config.shared.is_some();
            let ends_at = is_shown_once.then(|| season.end());
            tokio::select! {
                printed = print(published, &filter, (&clock, ends_at), &mut say) => printed,
                () = drain.cancelled() => Ok(()),
            }
        };
        let printed = match ticker.await {
            Ok(()) if drain.is_cancelled() => say(STOPPING),
            printed => printed,
        };
        // The service goes on when its output is closed.
        if let Err(error) = printed {
            tracing::debug!(%error, "stdout is closed; the ticker is not printed any more");
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = async { tokio::try_join!(served, replayed, banked) } => ended.map(drop),
        () = printed => Ok(()),
    }?;
    Ok(say("stopped")?)
}

/// What happens in the replay until it is stopped: the passes of a service that runs alone, or what a replica of a log files.
fn replaying(
    season: Season,
    (clock, config): (&Clock, &Config),
    app: &mut App,
    stop: CancellationToken,
) -> LocalBoxFuture<'static, Result<(), Failure>> {
    if let Some(filing) = app.shared_filing() {
        let filed = file_earlier(season, filing, stop);
        return filed.map(Ok).boxed_local();
    }
    let replay = Replay::new(season, clock.clone(), config, app.without_pollers());
    let passes = replay.run(stop).map(|ended| match ended {
        Ok(()) | Err(ReplayError::Stopped(_)) => Ok(()),
        Err(error) => Err(Failure::failed(
            format!("the replay ended early: {error}"),
            "see the log lines above; RUST_LOG=silkrate=info shows more",
        )),
    });
    passes.boxed_local()
}

/// Prints one line for each change of the ticker, after its day, and one line for each new pass. Of a replay that is shown once,
/// also when it has ended.
async fn print(
    mut published: watch::Receiver<Published>,
    filter: &RateFilter,
    (clock, ends_at): (&Clock, Option<Timestamp>),
    say: &mut impl FnMut(&str) -> io::Result<()>,
) -> io::Result<()> {
    let (mut last, mut passes) = (String::new(), 0_u32);
    let mut is_over = ends_at.is_none();
    let mut ended = pin!(clock.sleep_until(ends_at.unwrap_or(Timestamp::MAX)));
    let mut epoch = Arc::clone(&published.borrow().snapshot.position.epoch);
    loop {
        let snapshot = Arc::clone(&published.borrow_and_update().snapshot);
        if snapshot.position.epoch != epoch {
            epoch = Arc::clone(&snapshot.position.epoch);
            passes = passes.saturating_add(1);
            last.clear();
            if passes > 1 {
                say("\nThe replay begins again, under a new epoch. Ctrl-C ends it.\n")?;
            }
        }
        let line = ticker(&snapshot, filter);
        if !line.is_empty() && line != last {
            say(&format!("{}  {line}", day(clock.now())))?;
            last = line;
        }
        tokio::select! {
            changed = published.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
            }
            () = &mut ended, if !is_over => {
                is_over = true;
                say(ENDED)?;
            }
        }
    }
}

fn day(now: Timestamp) -> String {
    TimeZone::UTC.to_datetime(now).date().to_string()
}

fn ticker(snapshot: &Snapshot, filter: &RateFilter) -> String {
    let entry = |rate: &Rate| {
        let change = rate
            .change
            .as_ref()
            .map(|change| (change.percent, change.direction));
        let pair = rate.pair.to_string();
        let entry = ticker_entry(&pair, rate.value, change, TickerStyle::Compact);
        let is_stale = rate.freshness_status.freshness == Freshness::Stale;
        entry + if is_stale { STALE_MARK } else { "" }
    };
    snapshot
        .rates(filter)
        .iter()
        .map(entry)
        .collect::<Vec<_>>()
        .join(SEPARATOR)
}
