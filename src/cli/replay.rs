//! `silkrate serve --demo`: the service, the bank it asks, and the ticker printed as it moves.

use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::cli::failure::Failure;
use crate::clock::Clock;
use crate::config::Config;
use crate::demo;
use crate::domain::{RateFilter, Snapshot, TickerStyle, ticker_entry};

/// Serves the replay until told to stop. Of the configuration only the addresses are used.
pub(super) async fn run(config: Config, drain: CancellationToken) -> Result<(), Failure> {
    let clock = demo::clock();
    let bank = demo::Bank::start(clock.clone()).await;
    let bank = bank.map_err(|error| {
        let message = format!("cannot start the simulated bank: {error}");
        Failure::failed(message, "it needs a free port on 127.0.0.1")
    })?;
    let config = demo::config(&bank.base_url(), config.server, config.web);
    let filter = config.ticker.pairs.clone();
    let app = App::bind_with(config, clock.clone()).await?;
    let (address, web) = (app.address(), app.web_address());
    let mut out = anstream::stdout();
    let mut say = |text: &str| writeln!(out, "{text}").and_then(|()| out.flush());
    let introduction = format!(
        "{}\n\nserving gRPC on {address}; from a second terminal:\n  silkrate watch --server http://{address}\nserving browsers on http://{web}/\n",
        demo::NOTICE
    );
    say(&introduction)?;

    let snapshots = app.board().watch();
    let bank_stop = CancellationToken::new();
    let served = async {
        let ended = app.run(drain.cancelled_owned()).await;
        bank_stop.cancel();
        Ok(ended?)
    };
    let printed = async {
        // The service goes on when its output is closed.
        if let Err(error) = print(snapshots, &filter, &clock, &mut say).await {
            tracing::debug!(%error, "stdout is closed; the ticker is not printed any more");
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        (ended, ()) = async { tokio::join!(served, bank.run(bank_stop.clone())) } => ended,
        () = printed => Ok(()),
    }
}

/// One line for each change of the ticker, with the day it is of; the last one says that the replay holds.
async fn print(
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    filter: &RateFilter,
    clock: &Clock,
    say: &mut impl FnMut(&str) -> io::Result<()>,
) -> io::Result<()> {
    let mut last = String::new();
    loop {
        let line = ticker(&snapshots.borrow_and_update(), filter);
        let now = clock.now();
        if !line.is_empty() && line != last {
            say(&format!("{}  {line}", day(now)))?;
            last = line;
        }
        let held = clock.real_time_until(demo::END);
        if held.is_zero() {
            return say(
                "\nThe replay has come to its last day and holds there; the service goes on. Ctrl-C ends it.",
            );
        }
        tokio::select! {
            changed = snapshots.changed() => if changed.is_err() { return Ok(()) },
            () = tokio::time::sleep(held) => {}
        }
    }
}

fn day(now: Timestamp) -> String {
    TimeZone::UTC.to_datetime(now).date().to_string()
}

fn ticker(snapshot: &Snapshot, filter: &RateFilter) -> String {
    let entry = |rate: &crate::domain::Rate| {
        let change = rate
            .change
            .as_ref()
            .map(|change| (change.percent, change.direction));
        ticker_entry(
            &rate.pair.to_string(),
            rate.value,
            change,
            TickerStyle::Compact,
        )
    };
    snapshot
        .rates(filter)
        .iter()
        .map(entry)
        .collect::<Vec<_>>()
        .join(" • ")
}
