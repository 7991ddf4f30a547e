//! How far each source has come, for who looks on: a bar on a terminal, a line now and then elsewhere.

use std::cell::RefCell;
use std::io::{self, Write};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::backfill::tally::Tally;
use crate::domain::SourceId;

/// A bar: the source, how many days of how many, what has come of it.
const BAR: &str = "{prefix:8} {bar:30} {pos}/{len} days  {msg}";
/// Where nobody can watch a bar, a line is written after each tenth of the way: enough to see that it moves.
const LINES: u64 = 10;

/// The counts of one source while it is under way, and their display.
#[derive(Debug)]
pub struct Progress {
    source: SourceId,
    tally: RefCell<Tally>,
    days: u64,
    days_done: RefCell<u64>,
    display: Display,
}

#[derive(Debug)]
enum Display {
    None,
    Bar(ProgressBar),
    Lines,
}

impl Progress {
    /// Nothing shown.
    pub fn silent(source: SourceId) -> Self {
        Self::new(source, 0, Display::None)
    }

    /// A bar among others, on stderr.
    pub(super) fn bar(source: SourceId, days: u64, bars: &MultiProgress) -> Self {
        let bar = ProgressBar::new(days);
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        bar.set_prefix(source.as_str());
        Self::new(source, days, Display::Bar(bars.add(bar)))
    }

    /// Lines on stderr.
    pub(super) fn lines(source: SourceId, days: u64) -> Self {
        Self::new(source, days, Display::Lines)
    }

    fn new(source: SourceId, days: u64, display: Display) -> Self {
        Self {
            source,
            tally: RefCell::default(),
            days,
            days_done: RefCell::default(),
            display,
        }
    }

    /// Which source it is of.
    pub fn source(&self) -> SourceId {
        self.source
    }

    /// The counts so far.
    pub fn tally(&self) -> Tally {
        self.tally.borrow().clone()
    }

    /// Changes the counts.
    pub(super) fn update(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.tally.borrow_mut());
        if let Display::Bar(bar) = &self.display {
            bar.set_message(summary(&self.tally.borrow()));
        }
    }

    /// So many more days are done with.
    pub(super) fn advance(&self, days: u64) {
        let before = self
            .days_done
            .replace_with(|done| done.saturating_add(days));
        let done = before.saturating_add(days);
        match &self.display {
            Display::None => {}
            Display::Bar(bar) => bar.set_position(done),
            Display::Lines => {
                let tenth = |days: u64| days.saturating_mul(LINES).checked_div(self.days);
                if tenth(before) != tenth(done) {
                    let (source, days) = (self.source, self.days);
                    say(&format!(
                        "{source}: {done} of {days} days, {}",
                        summary(&self.tally.borrow())
                    ));
                }
            }
        }
    }

    /// The end: the counts are told in another way from here on.
    pub(super) fn end(&self) {
        if let Display::Bar(bar) = &self.display {
            bar.finish_and_clear();
        }
    }
}

/// The counts in a few words.
fn summary(tally: &Tally) -> String {
    let always = [
        (tally.asked, "asked"),
        (tally.filed, "filed"),
        (tally.known, "known"),
    ];
    let sometimes = [
        (tally.held_rows, "rows held"),
        (tally.refused, "refused"),
        (tally.failed, "failed"),
    ];
    let sometimes = sometimes.into_iter().filter(|(count, _)| *count > 0);
    let words = always.into_iter().chain(sometimes);
    let words = words.map(|(count, what)| format!("{count} {what}"));
    words.collect::<Vec<_>>().join(", ")
}

/// Writes a line to stderr. When there is nobody to read it, nothing is lost: the counts are told at the end.
pub(super) fn say(line: &str) {
    match writeln!(io::stderr(), "{line}") {
        Ok(()) | Err(_) => {}
    }
}
