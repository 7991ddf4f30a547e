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
use crate::cli::line::LineStyle;
use crate::cli::output::{self, ColorArgs};
use crate::cli::server::ServerArgs;
use crate::cli::watch::message::State;
use crate::cli::watch::screen::Screen;
use crate::cli::{notes, rates};
use crate::client::{Watch, WatchEvent, WatchOptions};
use crate::domain::{Digits, Form, TickerStyle};

const EXAMPLES: &str = "\
Examples:
  silkrate watch                               the server's ticker, redrawn in place
  silkrate watch KZT/USD KGS/USD --once        one line, and done
  silkrate watch --digits auto --form local    as local media print rates: 1 USD = 475.09 KZT
  silkrate watch --format table '*/USD'        every pair in dollars, with all digits
  silkrate watch --format json | jq .          one object for every message
  silkrate watch | tee rates.log               in a pipe, one line for every change

On the ticker a star after an entry (`KZT/USD = 0.00196 -1.04%*`) marks a stale value: too old to be relied on. On a \
terminal the table omits the columns that do not fit, and names them below.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct WatchArgs {
    /// Pairs such as KZT/USD, with a star for a side: '*/USD', 'KZT/*', '*/*'. Default: the server's ticker.
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
    /// The decimals of a value on the ticker: a number, or auto for the digits of its bank. Default: five, always.
    #[arg(long, value_name = "DIGITS", value_parser = parse_digits, conflicts_with = "wide")]
    digits: Option<Digits>,
    /// Print a rate as its pair, or as local media do: `1 USD = 475.09 KZT`.
    #[arg(long, value_enum, conflicts_with = "wide")]
    form: Option<WatchForm>,
    #[command(flatten)]
    color: ColorArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// How a rate is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WatchForm {
    /// `KZT/USD = 0.0021049`: the pair that was requested.
    Pair,
    /// `1 USD = 475.09 KZT`: the foreign currency first, with the units that the bank prints.
    Local,
}

/// The most decimal places of a value: more than any of them has significant digits for.
const PLACES_MAX: u32 = 10;

fn parse_digits(text: &str) -> Result<Digits, String> {
    if text == "auto" {
        return Ok(Digits::Auto);
    }
    let places = text.parse().ok().filter(|places| *places <= PLACES_MAX);
    places
        .map(Digits::Places)
        .ok_or_else(|| format!("it must be auto or 0 to {PLACES_MAX}"))
}

impl WatchArgs {
    fn style(&self) -> LineStyle {
        if self.wide {
            return LineStyle::Ticker(TickerStyle::Wide);
        }
        let form = match self.form {
            Some(WatchForm::Local) => Form::Local,
            None if self.digits.is_none() => return LineStyle::Ticker(TickerStyle::Compact),
            Some(WatchForm::Pair) | None => Form::Pair,
        };
        LineStyle::Display(self.digits.unwrap_or_default(), form)
    }
}

/// The output format of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WatchFormat {
    /// `KZT/USD = 0.00196 -1.04%`: one line in place; in a pipe, one line for every change.
    Ticker,
    /// Columns with all digits: in place; in a pipe, the whole table whenever a row changes.
    Table,
    /// One JSON object for every message, as the contract has it; ndjson is another name of it.
    #[value(alias = "ndjson")]
    Json,
}

pub(super) async fn run(
    arguments: &WatchArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    fits_the_format(arguments)?;
    let mut screen = Screen::new(
        out,
        arguments.color.output(),
        arguments.format,
        arguments.style(),
    );
    if arguments.once {
        let response = client.snapshot(&arguments.pairs).await?;
        if !response.rates.is_empty() {
            screen.once(State {
                position: response.position.as_ref(),
                rates: &response.rates,
                sources: &response.sources,
            })?;
        }
        return rates::explain_missing(&client, (&arguments.pairs, None), &response, err).await;
    }
    let options = WatchOptions {
        pairs: arguments.pairs.clone(),
        ..WatchOptions::default()
    };
    let mut watch = Watch::new(client, options);
    let (mut is_first, mut contact) = (true, Contact::default());
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
        if let Ok(event) = &event
            && let Some(said) = contact.news_of(event)
        {
            screen.leave()?;
            note(&said, err)?;
        }
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

/// Refuses an option of the ticker beside another format.
fn fits_the_format(arguments: &WatchArgs) -> Result<(), Failure> {
    let chosen = [
        ("--wide", arguments.wide),
        ("--digits", arguments.digits.is_some()),
        ("--form", arguments.form.is_some()),
    ];
    let chosen = chosen.iter().find(|(_, is_chosen)| *is_chosen);
    match chosen.filter(|_| arguments.format != WatchFormat::Ticker) {
        None => Ok(()),
        Some((option, _)) => Err(Failure::Usage {
            message: format!("{option} is for the ticker: the other formats have every digit"),
            hint: format!("leave out {option}, or --format"),
        }),
    }
}

/// Whether the replica that is watched was cut off from the others when it last said so.
#[derive(Debug, Default)]
struct Contact {
    is_lost: bool,
}

impl Contact {
    /// What an event says otherwise.
    fn news_of(&mut self, event: &WatchEvent) -> Option<String> {
        let replica = match event {
            WatchEvent::Opening { replica, .. } => replica.as_ref(),
            WatchEvent::Heartbeat(heartbeat) => heartbeat.replica.as_ref(),
            WatchEvent::Snapshot | WatchEvent::Update { .. } | WatchEvent::Disconnected { .. } => {
                return None;
            }
        };
        let lost = replica.and_then(notes::detached);
        let was_lost = std::mem::replace(&mut self.is_lost, lost.is_some());
        match lost {
            Some(_) if was_lost => None,
            Some(lost) => Some(lost),
            None if was_lost => Some("the replica is in contact with the others again".to_owned()),
            None => None,
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
    use crate::pb::{Heartbeat, Replica};

    #[test]
    fn a_replica_that_is_cut_off_is_noted_once_and_when_it_is_not_any_longer() {
        let heartbeat = |detached| {
            let replica = Replica {
                detached,
                ..Replica::default()
            };
            WatchEvent::Heartbeat(Heartbeat {
                replica: Some(replica),
                ..Heartbeat::default()
            })
        };
        let mut contact = Contact::default();
        let mut said = |detached| contact.news_of(&heartbeat(detached)).unwrap_or_default();
        assert_eq!(said(false), "");
        assert!(said(true).starts_with("this replica is cut off from the others"));
        assert_eq!(said(true), "");
        assert!(said(false).contains("again"));
        assert_eq!(said(false), "");
    }

    #[test]
    fn a_lost_connection_is_noted_with_the_delay_of_the_next_attempt() {
        assert_eq!(
            disconnected("no connection", Duration::from_millis(1_250)),
            "no connection; retrying in 1.2 s"
        );
    }
}
