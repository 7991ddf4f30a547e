//! `silkrate top`: a live picture of a server in the terminal.
//!
//! It reads what any client may read (rates, sources, health) and, if the operators' port answers, the page of metrics and the
//! probe of readiness. Each reading takes two connections, which stay open: the picture shows hardly anything of itself.

mod text;
mod grid;
mod page;
mod units;
mod section;
mod reading;
mod known;
mod header;
mod sources;
mod rates;
mod traffic;
mod view;
mod picture;
mod screen;

use std::io::Write;
use std::pin::pin;
use std::time::Duration;

use clap::Args;
use crossterm::event::EventStream;
use futures_util::StreamExt;
use futures_util::future::{Fuse, FutureExt};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::{Instant, sleep_until};

use crate::cli::failure::Failure;
use crate::cli::output::{ColorArgs, Output};
use crate::cli::server::{AdminArgs, UrlArgs};
use crate::cli::top::header::Readings;
use crate::cli::top::known::Known;
use crate::cli::top::picture::{Size, picture, whole};
use crate::cli::top::reading::{Reader, Reading};
use crate::cli::top::screen::Screen;
use crate::cli::top::section::Moment;
use crate::cli::top::view::{Outcome, View};
use crate::client::ClientError;

const EXAMPLES: &str = "\
Examples:
  silkrate top                                 the server of this machine: sources, rates, traffic
  silkrate top '*/RUB' USD/KZT --interval 10   other pairs, read every ten seconds
  silkrate top --once                          one picture as plain text, for a script or a report
  silkrate top --once --interval 5             the same after five seconds, with figures a second
  silkrate top --server http://rates.example:50051 --admin http://rates.example:9464

Keys: q, Esc and Ctrl-C quit, p pauses, Tab chooses a section, the arrows, PgUp, PgDn, Home and End scroll it, ? shows all. \
Traffic, limits and readiness come from the operators' port; without it the rest is shown. Times are in the time zone of this \
machine, by the clock of the server. The exit code of --once is 1 if the server is not reached; a silent operators' port is \
no failure.";

/// The seconds between two readings, if no number is given.
const INTERVAL_DEFAULT: u64 = 2;
/// A reading is answered from memory: one that takes longer is shown as unanswered.
const LATE_AFTER: Duration = Duration::from_secs(3);
/// The picture is drawn at least this often: it says for how long there was no answer.
const REDRAW: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct TopArgs {
    /// Pairs such as KZT/USD, with a star for a side: '*/USD', 'KZT/*', '*/*'. Default: the server's ticker.
    #[arg(value_name = "PAIR")]
    pairs: Vec<String>,
    /// Print one picture as plain text, and exit; with --interval after two readings, so that it has figures a second.
    #[arg(long)]
    once: bool,
    /// Seconds between two readings, 1 to 3600. Default: 2.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: Option<u64>,
    #[command(flatten)]
    server: UrlArgs,
    #[command(flatten)]
    color: ColorArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

impl TopArgs {
    fn interval(&self) -> Duration {
        Duration::from_secs(self.interval.unwrap_or(INTERVAL_DEFAULT))
    }
}

pub(super) async fn run(arguments: &TopArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let client = arguments.admin.client_of(&arguments.server.urls())?;
    let admin = (arguments.admin.client()?, arguments.admin.is_default());
    let reader = Reader::new(client, admin, arguments.pairs.clone());
    let output = arguments.color.output();
    if arguments.once {
        return once(&reader, arguments, output, out).await;
    }
    if !output.is_terminal {
        return Err(Failure::Usage {
            message: "top draws on a terminal, and the standard output is none".to_owned(),
            hint: "add --once for one picture as plain text; `silkrate watch` prints each change in a pipe"
                .to_owned(),
        });
    }
    let mut screen = Screen::open(out, output.paint)?;
    live(&reader, arguments.interval(), &mut screen).await
}

/// Prints a picture of one reading, or of two if there is an interval between them.
async fn once(
    reader: &Reader,
    arguments: &TopArgs,
    output: Output,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut known = Known::since(Timestamp::now());
    let first = Instant::now();
    let mut reading = reader.read().await;
    if arguments.interval.is_some() && reading.served.is_ok() {
        known.take(reading, Timestamp::now());
        sleep_until(first + arguments.interval()).await;
        reading = reader.read().await;
    }
    if let Err(error) = reading.served {
        return Err(error.into());
    }
    known.take(reading, Timestamp::now());
    let columns = output.columns_of_terminal();
    for row in whole((&known, reader.url()), &moment(&known), columns) {
        writeln!(out, "{}", row.painted(output.paint))?;
    }
    Ok(())
}

fn moment(known: &Known) -> Moment {
    let now = Timestamp::now();
    Moment {
        clock: known.clock(now),
        now,
        zone: TimeZone::system(),
    }
}

/// Draws pictures until a key or a signal ends it.
async fn live(reader: &Reader, interval: Duration, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let (mut known, mut view) = (Known::since(Timestamp::now()), View::default());
    let mut events = EventStream::new();
    let mut terminated = pin!(terminated());
    let mut reading = pin!(Fuse::terminated());
    // When the reading began that is under way, and when the next one is due.
    let (mut began, mut next) = (None, Instant::now());
    loop {
        let now = Instant::now();
        if began.is_none() && !view.is_paused && next <= now {
            reading.set(reader.read().fuse());
            (began, next) = (Some(now), now + interval);
        }
        let readings = readings(&view, began, now);
        let (size, moment) = (size(), moment(&known));
        let known_of = (&known, reader.url());
        let rows = picture(known_of, (&moment, readings), &mut view, size);
        screen.draw(&rows, size)?;
        let is_next_awaited = began.is_none() && !view.is_paused;
        let redraw = now + REDRAW;
        let wake = if is_next_awaited {
            next.min(redraw)
        } else {
            redraw
        };
        tokio::select! {
            read = &mut reading => {
                began = None;
                if let Some(error) = permanent(&read) {
                    return Err(error.into());
                }
                known.take(read, Timestamp::now());
            }
            event = events.next() => {
                let outcome = event.transpose()?.map(|event| view.handle(&event));
                // Without a terminal there are no more events.
                if outcome.is_none_or(|outcome| outcome == Outcome::Quit) {
                    return Ok(());
                }
            }
            () = &mut terminated => return Ok(()),
            () = sleep_until(wake) => {}
        }
    }
}

fn readings(view: &View, began: Option<Instant>, now: Instant) -> Readings {
    let is_late = began.is_some_and(|began| now.duration_since(began) >= LATE_AFTER);
    match (view.is_paused, is_late) {
        (true, _) => Readings::Paused,
        (false, true) => Readings::Late,
        (false, false) => Readings::Live,
    }
}

/// The error of a reading, if each further one would end in the same way.
fn permanent(reading: &Reading) -> Option<ClientError> {
    let error = reading.served.as_ref().err();
    error.filter(|error| error.is_permanent()).cloned()
}

/// The size of the terminal on stdout; one that does not report its own is of the usual size.
fn size() -> Size {
    let size = terminal_size::terminal_size();
    let (columns, rows) = size.map_or((80, 24), |(columns, rows)| (columns.0, rows.0));
    Size {
        columns: columns.into(),
        rows: rows.into(),
    }
}

/// Waits for the signal that ends a program: the terminal must be restored before.
#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    if let Ok(mut signal) = signal(SignalKind::terminate()) {
        signal.recv().await;
    } else {
        std::future::pending::<()>().await;
    }
}

/// Waits for ever: this system has no such signal.
#[cfg(not(unix))]
async fn terminated() {
    std::future::pending::<()>().await;
}
