//! The output of a watch: lines in a pipe, lines redrawn in place on a terminal.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::cli::line::LineStyle;
use crate::cli::output::Output;
use crate::cli::rates::Show;
use crate::cli::table::cut;
use crate::cli::watch::WatchFormat;
use crate::cli::watch::message::{self, State};
use crate::cli::{line, rates};
use crate::client::WatchEvent;
use crate::json;
use crate::pb::{Rate, WatchRatesResponse};

/// Moves to the start of the line.
const LINE_START: &str = "\r";
/// Erases the rest of the line.
const ERASE_LINE: &str = "\u{1b}[K";
/// Erases everything below.
const ERASE_BELOW: &str = "\u{1b}[J";

/// The output of a watch, with what it has printed so far.
pub(super) struct Screen<'a> {
    out: &'a mut dyn Write,
    output: Output,
    format: WatchFormat,
    style: LineStyle,
    /// The rows as they were last printed, by pair: an unchanged row is not printed again.
    shown: BTreeMap<String, Rate>,
    /// The number of lines on the terminal that are redrawn.
    lines_drawn: usize,
}

impl<'a> Screen<'a> {
    pub(super) fn new(
        out: &'a mut dyn Write,
        output: Output,
        format: WatchFormat,
        style: LineStyle,
    ) -> Self {
        Self {
            out,
            output,
            format,
            style,
            shown: BTreeMap::new(),
            lines_drawn: 0,
        }
    }

    /// Prints the rates once.
    pub(super) fn once(&mut self, state: State<'_>) -> io::Result<()> {
        let rates = state.rates;
        let text = match self.format {
            WatchFormat::Ticker => format!("{}\n", line::line(rates, self.style)),
            WatchFormat::Table => page(rates, self.output.columns_of_terminal()),
            WatchFormat::Json => json_line(&message::snapshot(state))?,
        };
        self.out.write_all(text.as_bytes())
    }

    /// Prints the changes of an event. `state` is the state after it.
    pub(super) fn show(&mut self, event: &WatchEvent, state: State<'_>) -> io::Result<()> {
        let rates = state.rates;
        if self.format == WatchFormat::Json {
            if let Some(message) = message::of(event, state) {
                self.out.write_all(json_line(&message)?.as_bytes())?;
            }
        } else if state.position.is_some() && !matches!(event, WatchEvent::Opening { .. }) {
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
        let page = page(rates, Some(columns));
        self.lines_drawn = page.lines().count();
        for line in page.lines() {
            // A line that wraps would take two lines, and the next table would be drawn in the wrong place.
            writeln!(self.out, "{}", cut(line, columns))?;
        }
        Ok(())
    }

    /// Prints the entries that changed. A new date with the same figures is not visible on the line, and prints nothing.
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
            writeln!(self.out, "{}", page(rates, None))?;
        }
        Ok(())
    }

    /// The rows that differ from those printed before; from now on they count as printed.
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

    /// Leaves the drawn lines, and continues below them.
    pub(super) fn leave(&mut self) -> io::Result<()> {
        let in_line = self.format == WatchFormat::Ticker && self.output.is_terminal;
        if in_line && self.lines_drawn > 0 {
            writeln!(self.out)?;
        }
        self.lines_drawn = 0;
        self.out.flush()
    }
}

fn json_line(message: &WatchRatesResponse) -> io::Result<String> {
    let message = json::WatchRatesResponse::of(message);
    Ok(json::text(&message)? + "\n")
}

/// The table, and the notes below it.
fn page(rates: &[Rate], columns: Option<usize>) -> String {
    let show = Show {
        columns,
        ..Show::default()
    };
    rates::table(rates, show) + &rates::notes(rates, show).below()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::paint::Paint;
    use crate::domain::TickerStyle;
    use crate::pb::{Freshness, Position, ResumeVerdict};

    fn rate(pair: &str, value: &str) -> Rate {
        Rate {
            pair: pair.to_owned(),
            value: value.to_owned(),
            ..Rate::default()
        }
    }

    fn update() -> WatchEvent {
        WatchEvent::Update {
            after: None,
            rates: Vec::new(),
            removed_pairs: Vec::new(),
            sources: Vec::new(),
            commits: 1,
        }
    }

    /// What is written when the rows are these, one after the other.
    fn written(format: WatchFormat, is_terminal: bool, steps: &[&[Rate]]) -> String {
        let mut out = Vec::new();
        let output = Output {
            is_terminal,
            paint: Paint::Plain,
        };
        let mut screen = Screen::new(
            &mut out,
            output,
            format,
            LineStyle::Ticker(TickerStyle::Compact),
        );
        for rates in steps {
            let position = Position::default();
            let state = State {
                position: Some(&position),
                rates,
                sources: &[],
            };
            screen.show(&update(), state).unwrap();
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
            effective_date: Some("2026-05-24".to_owned()),
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
        let first = written(WatchFormat::Table, true, &[&rates]);
        let lines = first.lines().count();
        let drawn = written(WatchFormat::Table, true, &[&rates, &rates]);
        assert_eq!(drawn, format!("{first}\u{1b}[{lines}A\r\u{1b}[J{first}"));
    }

    #[test]
    fn a_line_of_the_redrawn_table_never_wraps() {
        let mut held = rate("KZT/USD", "0.002");
        held.set_freshness(Freshness::Stale);
        held.freshness_reason = Some("nothing newer ".repeat(20));
        let drawn = written(WatchFormat::Table, true, &[&[held]]);
        let (columns, last) = (Output::columns(), drawn.lines().last().unwrap());
        assert!(last.starts_with("KZT/USD: stale: nothing newer"), "{drawn}");
        assert!(last.ends_with('…'), "{drawn}");
        assert!(drawn.lines().all(|line| line.chars().count() <= columns));
    }

    #[test]
    fn in_a_pipe_a_value_that_becomes_stale_is_printed_again_with_its_mark() {
        let mut stale = rate("KZT/USD", "0.002");
        stale.set_freshness(Freshness::Stale);
        assert_eq!(
            written(
                WatchFormat::Ticker,
                false,
                &[&[rate("KZT/USD", "0.002")], &[stale]]
            ),
            "KZT/USD = 0.00200 n/a\nKZT/USD = 0.00200 n/a*\n"
        );
    }

    #[test]
    fn as_json_an_opening_has_the_position_of_the_server() {
        let mut out = Vec::new();
        let output = Output {
            is_terminal: false,
            paint: Paint::Plain,
        };
        let opening = WatchEvent::Opening {
            position: Some(Position {
                epoch: "theirs".to_owned(),
                revision: 9,
            }),
            verdict: ResumeVerdict::SnapshotOtherEpoch,
            min_interval: Duration::ZERO,
            heartbeat_interval: Duration::from_secs(20),
            replica: None,
        };
        let mut screen = Screen::new(
            &mut out,
            output,
            WatchFormat::Json,
            LineStyle::Ticker(TickerStyle::Compact),
        );
        let ours = Position {
            epoch: "ours".to_owned(),
            revision: 7,
        };
        let state = State {
            position: Some(&ours),
            ..State::default()
        };
        screen.show(&opening, state).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            concat!(
                r#"{"event":"opening","position":{"epoch":"theirs","revision":9},"#,
                r#""verdict":"SNAPSHOT_OTHER_EPOCH","min_interval":"0s","heartbeat_interval":"20s","replica":null}"#,
                "\n"
            )
        );
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
        let line = r#"{"event":"update","position":{"epoch":"","revision":0},"after":null,"rates":[],"removed_pairs":[],"sources":[],"commits":1}"#;
        assert_eq!(printed, format!("{line}\n{line}\n"));
    }
}
