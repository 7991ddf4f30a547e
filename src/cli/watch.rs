//! `silkrate watch`: rates as they change.
//!
//! On a terminal the ticker and the table are redrawn in place, with nothing to restore afterwards: no other screen,
//! no hidden cursor. In a pipe every line is whole and stands for one change.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::paint::without_controls;
use crate::cli::{ServerArgs, json, line, rates};
use crate::client::{Watch, WatchEvent, WatchOptions};
use crate::domain::TickerStyle;
use crate::pb::{Position, Rate};

const EXAMPLES: &str = "\
Examples:
  silkrate watch                               the server's ticker, redrawn in place
  silkrate watch KZT/USD KGS/USD --once        one line, and done
  silkrate watch --format table '*/USD'        every pair in dollars, with all digits
  silkrate watch --format json | jq .          one object for every message
  silkrate watch | tee rates.log               in a pipe, one line for every change";

/// Moves to the start of the line.
const LINE_START: &str = "\r";
/// Erases what is left of the line.
const ERASE_LINE: &str = "\u{1b}[K";
/// Erases everything below.
const ERASE_BELOW: &str = "\u{1b}[J";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct WatchArgs {
    /// Pairs such as KZT/USD, or one side a star: '*/USD', 'KZT/*'. None: the server's ticker.
    #[arg(value_name = "PAIR")]
    pairs: Vec<String>,
    /// How to show them.
    #[arg(long, value_enum, default_value_t = WatchFormat::Ticker)]
    format: WatchFormat,
    /// Show them once, and end.
    #[arg(long)]
    once: bool,
    /// Spell small values out on the ticker: 0.0000834 rather than 0.00008.
    #[arg(long)]
    wide: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// How a stream is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WatchFormat {
    /// `KZT/USD = 0.00196 -1.04%`: one line in place; in a pipe, one line for every change.
    Ticker,
    /// Columns with all digits: in place; in a pipe, the whole table for every update.
    Table,
    /// One JSON object for every message, with the rows the message brought.
    Json,
}

pub(super) async fn run(
    arguments: &WatchArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let server = arguments.server.server()?;
    let mut screen = Screen {
        out,
        output: Output::of_stdout(),
        format: arguments.format,
        style: if arguments.wide {
            TickerStyle::Wide
        } else {
            TickerStyle::Compact
        },
        shown: BTreeMap::new(),
        lines_drawn: 0,
    };
    if arguments.once {
        let answer = server.snapshot(&arguments.pairs).await?;
        for pair in rates::missing(&arguments.pairs, &answer.rates) {
            writeln!(err, "silkrate: {pair}: no source quotes it")?;
        }
        if answer.rates.is_empty() {
            let hint = "the server may have heard of no bank yet: `silkrate sources` tells";
            return Err(Failure::failed("there is no rate to show", hint));
        }
        return Ok(screen.once(answer.position.as_ref(), &answer.rates)?);
    }
    let options = WatchOptions {
        pairs: arguments.pairs.clone(),
        ..WatchOptions::default()
    };
    let mut watch = Watch::new(server, options);
    // One future for the whole run: a signal that comes while something is being drawn is not lost.
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
                writeln!(err, "{}", trouble(&reason, retry_in))?;
            }
            Ok(event) => screen.show(&event, watch.position(), watch.rates())?,
            Err(error) => {
                screen.leave()?;
                return Err(error.into());
            }
        }
    }
}

/// What a person is told of a lost connection.
fn trouble(reason: &str, retry_in: Duration) -> String {
    let reason = without_controls(reason);
    let (seconds, tenths) = (retry_in.as_secs(), retry_in.subsec_millis() / 100);
    format!("silkrate: {reason}; trying again in {seconds}.{tenths} s")
}

/// What has been shown, and where the next thing goes.
struct Screen<'a> {
    out: &'a mut dyn Write,
    output: Output,
    format: WatchFormat,
    style: TickerStyle,
    /// The rows as they were last printed, by pair: what was shown is not shown again.
    shown: BTreeMap<String, Rate>,
    /// How many lines of ours stand on the terminal, to be drawn over.
    lines_drawn: usize,
}

impl Screen<'_> {
    fn once(&mut self, position: Option<&Position>, rates: &[Rate]) -> io::Result<()> {
        let text = match self.format {
            WatchFormat::Ticker => format!("{}\n", line::line(rates, self.style)),
            WatchFormat::Table => rates::table(rates),
            WatchFormat::Json => format!("{}\n", json::text(&json::snapshot(position, rates))?),
        };
        self.out.write_all(text.as_bytes())
    }

    fn show(
        &mut self,
        event: &WatchEvent,
        position: Option<&Position>,
        rates: &[Rate],
    ) -> io::Result<()> {
        if self.format == WatchFormat::Json {
            if let Some(message) = json::message(event, position, rates) {
                writeln!(self.out, "{}", json::text(&message)?)?;
            }
        } else if position.is_some() && !matches!(event, WatchEvent::Opening { .. }) {
            let columns = Output::columns();
            match (self.format, self.output.is_terminal) {
                (WatchFormat::Ticker, true) => self.redraw_ticker(rates, columns)?,
                (_, true) => self.redraw_table(rates, columns)?,
                (WatchFormat::Ticker, false) => self.print_changed(rates)?,
                (_, false) => self.print_table(rates)?,
            }
        }
        self.out.flush()
    }

    fn redraw_ticker(&mut self, rates: &[Rate], columns: usize) -> io::Result<()> {
        let lines = line::terminal_lines(rates, self.style, self.output.paint, columns);
        if self.lines_drawn > 1 {
            write!(self.out, "\u{1b}[{}A", self.lines_drawn - 1)?;
        }
        let text = lines.join(&format!("{ERASE_LINE}\n"));
        self.lines_drawn = lines.len();
        write!(self.out, "{LINE_START}{text}{ERASE_BELOW}")
    }

    fn redraw_table(&mut self, rates: &[Rate], columns: usize) -> io::Result<()> {
        if self.lines_drawn > 0 {
            write!(
                self.out,
                "\u{1b}[{}A{LINE_START}{ERASE_BELOW}",
                self.lines_drawn
            )?;
        }
        let table = rates::table(rates);
        self.lines_drawn = table.lines().count();
        for line in table.lines() {
            // A line that wraps would take two, and the next table would be drawn in the wrong place.
            let line: String = line.chars().take(columns).collect();
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    /// A change that the line does not show, such as a new date with the same figures, prints nothing.
    fn print_changed(&mut self, rates: &[Rate]) -> io::Result<()> {
        let before = self.shown.clone();
        for rate in self.changed(rates) {
            let entry = line::entry(&rate, self.style);
            let shown = before
                .get(&rate.pair)
                .map(|before| line::entry(before, self.style));
            if shown.as_ref() != Some(&entry) {
                writeln!(self.out, "{entry}")?;
            }
        }
        Ok(())
    }

    fn print_table(&mut self, rates: &[Rate]) -> io::Result<()> {
        let gone = self.shown.len() > rates.len();
        if gone || !self.changed(rates).is_empty() {
            writeln!(self.out, "{}", rates::table(rates))?;
        }
        Ok(())
    }

    /// The rows that differ from what was shown; from now on they count as shown.
    fn changed(&mut self, rates: &[Rate]) -> Vec<Rate> {
        let before = std::mem::take(&mut self.shown);
        let changed = rates
            .iter()
            .filter(|rate| before.get(&rate.pair) != Some(rate));
        let changed = changed.cloned().collect();
        let shown = rates.iter().map(|rate| (rate.pair.clone(), rate.clone()));
        self.shown = shown.collect();
        changed
    }

    /// Leaves what is drawn where it stands, and goes on below it.
    fn leave(&mut self) -> io::Result<()> {
        let in_line = self.format == WatchFormat::Ticker && self.output.is_terminal;
        if in_line && self.lines_drawn > 0 {
            writeln!(self.out)?;
        }
        self.lines_drawn = 0;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::paint::Paint;

    fn rate(pair: &str, value: &str) -> Rate {
        Rate {
            pair: pair.to_owned(),
            value: value.to_owned(),
            ..Rate::default()
        }
    }

    fn update() -> WatchEvent {
        WatchEvent::Update {
            rates: Vec::new(),
            removed_pairs: Vec::new(),
            commits: 1,
        }
    }

    /// What is written when the rows are these, one after the other.
    fn written(format: WatchFormat, is_terminal: bool, steps: &[&[Rate]]) -> String {
        let mut out = Vec::new();
        let mut screen = Screen {
            out: &mut out,
            output: Output {
                is_terminal,
                paint: Paint::Plain,
            },
            format,
            style: TickerStyle::Compact,
            shown: BTreeMap::new(),
            lines_drawn: 0,
        };
        for rates in steps {
            let position = Position::default();
            screen.show(&update(), Some(&position), rates).unwrap();
        }
        screen.leave().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn in_a_pipe_the_ticker_prints_each_change_once() {
        let first = [rate("KGS/USD", "0.0114"), rate("KZT/USD", "0.002")];
        let second = [rate("KGS/USD", "0.0114"), rate("KZT/USD", "0.003")];
        assert_eq!(
            written(WatchFormat::Ticker, false, &[&first, &first, &second]),
            "KGS/USD = 0.01140 n/a\nKZT/USD = 0.00200 n/a\nKZT/USD = 0.00300 n/a\n"
        );
    }

    #[test]
    fn in_a_pipe_a_change_that_the_line_does_not_show_prints_nothing() {
        let dated = Rate {
            effective_date: "2026-05-24".to_owned(),
            ..rate("KZT/USD", "0.0020000001")
        };
        let steps = [&[rate("KZT/USD", "0.002")][..], &[dated]];
        assert_eq!(
            written(WatchFormat::Ticker, false, &steps),
            "KZT/USD = 0.00200 n/a\n"
        );
    }

    #[test]
    fn on_a_terminal_the_ticker_is_redrawn_in_place() {
        let rates = [rate("KZT/USD", "0.002")];
        assert_eq!(
            written(WatchFormat::Ticker, true, &[&rates, &rates]),
            "\rKZT/USD = 0.00200 n/a\u{1b}[J\rKZT/USD = 0.00200 n/a\u{1b}[J\n"
        );
    }

    #[test]
    fn on_a_terminal_the_table_is_drawn_over_its_own_lines() {
        let rates = [rate("KZT/USD", "0.002")];
        let drawn = written(WatchFormat::Table, true, &[&rates, &rates]);
        assert_eq!(drawn.matches("\u{1b}[2A\r\u{1b}[J").count(), 1, "{drawn:?}");
    }

    #[test]
    fn in_a_pipe_an_update_without_a_change_prints_no_table() {
        let rates = [rate("KZT/USD", "0.002")];
        let printed = written(WatchFormat::Table, false, &[&rates, &rates, &[]]);
        assert_eq!(printed.matches("PAIR").count(), 2, "{printed:?}");
    }

    #[test]
    fn as_json_every_message_is_an_object_of_its_own() {
        let printed = written(WatchFormat::Json, false, &[&[], &[]]);
        let line = r#"{"event":"update","position":{"epoch":"","revision":0},"commits":1,"rates":[],"removed_pairs":[]}"#;
        assert_eq!(printed, format!("{line}\n{line}\n"));
    }

    #[test]
    fn a_lost_connection_is_told_with_the_time_of_the_next_attempt() {
        assert_eq!(
            trouble("no connection", Duration::from_millis(1_250)),
            "silkrate: no connection; trying again in 1.2 s"
        );
    }
}
