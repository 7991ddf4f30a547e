//! The progress of each source: a bar on a terminal, elsewhere a line now and then.

use std::cell::Cell;
use std::io::{self, Write};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::backfill::{Recorder, Stats};
use crate::domain::SourceId;

/// A bar: the source, the days done of all days, the counts.
const BAR: &str = "{prefix:8} {bar:30} {pos}/{len} days  {msg}";
/// Without a terminal a line is written after each tenth of the days: enough to see that the work proceeds.
const LINES: u64 = 10;

/// The progress of one source.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) source: SourceId,
    pub(super) recorder: Recorder,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Shown as a bar among others, or as lines on stderr.
    pub(super) fn new(source: SourceId, days: u64, bars: Option<&MultiProgress>) -> Self {
        let Some(bars) = bars else {
            return Self {
                source,
                recorder: Recorder::new(lines(source, days)),
                bar: None,
            };
        };
        let bar = ProgressBar::new(days);
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        bar.set_prefix(source.as_str());
        let bar = bars.add(bar);
        let shown = bar.clone();
        let recorder = Recorder::new(move |stats| {
            shown.set_position(stats.days);
            shown.set_message(summary(stats));
        });
        Self {
            source,
            recorder,
            bar: Some(bar),
        }
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Writes a line after each tenth of the days. If stderr is closed nothing is lost: the report repeats the counts.
fn lines(source: SourceId, days: u64) -> impl Fn(&Stats) {
    let shown = Cell::new(0);
    move |stats| {
        let tenths = stats.days.saturating_mul(LINES).checked_div(days);
        let tenths = tenths.unwrap_or_default();
        if shown.replace(tenths) != tenths {
            let (done, summary) = (stats.days, summary(stats));
            match writeln!(io::stderr(), "{source}: {done} of {days} days, {summary}") {
                Ok(()) | Err(_) => {}
            }
        }
    }
}

/// The counts in a few words.
fn summary(stats: &Stats) -> String {
    let always = [
        (stats.requests, "requests"),
        (stats.filed, "filed"),
        (stats.already_filed, "known"),
    ];
    let if_any = [
        (stats.held_rows, "rows held"),
        (stats.refused, "refused"),
        (stats.failed, "failed"),
    ];
    let if_any = if_any.into_iter().filter(|(count, _)| *count > 0);
    let words = always.into_iter().chain(if_any);
    let words = words.map(|(count, what)| format!("{count} {what}"));
    words.collect::<Vec<_>>().join(", ")
}
