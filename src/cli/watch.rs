//! `silkrate watch`: rates as they change.
//!
//! On a terminal the ticker and the table are redrawn in place, without an alternate screen or a hidden cursor, so that
//! there is nothing to restore. In a pipe every line is complete and stands for one change.

mod message;
mod screen;

use std::io::Write;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::failure::{Failure, note};
use crate::cli::output::{self, Output};
use crate::cli::watch::message::State;
use crate::cli::watch::screen::Screen;
use crate::cli::{ServerArgs, rates};
use crate::client::{Watch, WatchEvent, WatchOptions};
use crate::domain::TickerStyle;

const EXAMPLES: &str = "\
Examples:
  silkrate watch                               the server's ticker, redrawn in place
  silkrate watch KZT/USD KGS/USD --once        one line, and done
  silkrate watch --format table '*/USD'        every pair in dollars, with all digits
  silkrate watch --format json | jq .          one object for every message
  silkrate watch | tee rates.log               in a pipe, one line for every change

On the ticker a star after an entry (`KZT/USD = 0.00196 -1.04%*`) marks a stale value: too old to be relied on. On a \
terminal the table omits the columns that do not fit, and names them below.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct WatchArgs {
    /// Pairs such as KZT/USD, with a star for one side: '*/USD', 'KZT/*'. Default: the server's ticker.
    #[arg(value_name = "PAIR")]
    pairs: Vec<String>,
    /// The output format.
    #[arg(long, value_enum, default_value_t = WatchFormat::Ticker)]
    format: WatchFormat,
    /// Print the rates once, and exit.
    #[arg(long)]
    once: bool,
    /// Print small values on the ticker with more decimals: 0.0000834 instead of 0.00008.
    #[arg(long)]
    wide: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// The output format of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WatchFormat {
    /// `KZT/USD = 0.00196 -1.04%`: one line in place; in a pipe, one line for every change.
    Ticker,
    /// Columns with all digits: in place; in a pipe, the whole table whenever a row changes.
    Table,
    /// One JSON object for every message, as the contract has it.
    Json,
}

pub(super) async fn run(
    arguments: &WatchArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    if arguments.wide && arguments.format != WatchFormat::Ticker {
        return Err(Failure::Usage {
            message: "--wide is for the ticker: the other formats have every digit".to_owned(),
            hint: "leave out --wide, or --format".to_owned(),
        });
    }
    let style = if arguments.wide {
        TickerStyle::Wide
    } else {
        TickerStyle::Compact
    };
    let mut screen = Screen::new(out, Output::of_stdout(), arguments.format, style);
    if arguments.once {
        let response = client.snapshot(&arguments.pairs).await?;
        if !response.rates.is_empty() {
            screen.once(State {
                position: response.position.as_ref(),
                rates: &response.rates,
                sources: &response.sources,
            })?;
        }
        return rates::explain_missing(&client, &arguments.pairs, &response, err).await;
    }
    let options = WatchOptions {
        pairs: arguments.pairs.clone(),
        ..WatchOptions::default()
    };
    let mut watch = Watch::new(client, options);
    let mut is_first = true;
    // One future for the whole run: a signal that arrives while a line is drawn is not lost.
    let interrupted = tokio::signal::ctrl_c();
    let unread = output::unread();
    tokio::pin!(interrupted, unread);
    loop {
        let event = tokio::select! {
            event = watch.next() => event,
            () = &mut unread => return Err(Failure::Unread),
            interrupted = &mut interrupted => {
                screen.leave()?;
                return Ok(interrupted?);
            }
        };
        match event {
            Ok(WatchEvent::Disconnected { reason, retry_in }) => {
                screen.leave()?;
                note(&disconnected(&reason, retry_in), err)?;
            }
            Ok(WatchEvent::Snapshot) if is_first => {
                is_first = false;
                for pair in rates::missing(&arguments.pairs, watch.rates()) {
                    note(&format!("{pair}: no source quotes it yet"), err)?;
                }
                screen.show(&WatchEvent::Snapshot, state(&watch))?;
            }
            Ok(event) => screen.show(&event, state(&watch))?,
            Err(error) => {
                screen.leave()?;
                return Err(error.into());
            }
        }
    }
}

fn state(watch: &Watch) -> State<'_> {
    State {
        position: watch.position(),
        rates: watch.rates(),
        sources: watch.sources(),
    }
}

/// The note about a lost connection.
fn disconnected(reason: &str, retry_in: Duration) -> String {
    let (seconds, tenths) = (retry_in.as_secs(), retry_in.subsec_millis() / 100);
    format!("{reason}; retrying in {seconds}.{tenths} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_noted_with_the_delay_of_the_next_attempt() {
        assert_eq!(
            disconnected("no connection", Duration::from_millis(1_250)),
            "no connection; retrying in 1.2 s"
        );
    }
}
