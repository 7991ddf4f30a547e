//! Counts of the requests and tables of one source, and the recorder that observers watch.

use std::cell::RefCell;
use std::fmt;

use crate::domain::{DroppedRow, Table};

/// How many reasons of each kind are kept: the first ones tell what is wrong, the rest are the same.
const REASONS_MAX: usize = 3;

/// The counts of one source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Days that are done, summed over the documents.
    pub days: u64,
    /// Requests sent to the bank, retries included.
    pub requests: u32,
    /// Tables that were filed as new.
    pub filed: u32,
    /// Tables that the server had, most of them without a request to the bank.
    pub already_filed: u32,
    /// Rows of the filed tables that are held for a decision.
    pub held_rows: u32,
    /// Tables that the server refused.
    pub refused: u32,
    /// Dates or pages for which the bank sent nothing that can be parsed.
    pub failed: u32,
    /// Rows of the uploaded tables that were left out because they could not be used.
    pub dropped_rows: u32,
    /// The first reasons of the rows left out.
    pub drops: Vec<String>,
    /// The first reasons of the refusals.
    pub refusals: Vec<String>,
    /// The first reasons of the failures.
    pub failures: Vec<String>,
    /// Why the source was given up before its last date.
    pub aborted: Option<String>,
}

impl Stats {
    /// Whether nothing was refused, failed or given up.
    pub fn is_complete(&self) -> bool {
        self.refused == 0 && self.failed == 0 && self.aborted.is_none()
    }

    /// Counts a refused table.
    pub(super) fn add_refusal(&mut self, reason: String) {
        self.refused = self.refused.saturating_add(1);
        keep(&mut self.refusals, reason);
    }

    /// Counts the rows that were left out of a table.
    pub(super) fn add_drops(&mut self, table: &Table) {
        let (document, date) = (table.document, table.effective_date);
        for DroppedRow { currency, reason } in &table.dropped {
            self.dropped_rows = self.dropped_rows.saturating_add(1);
            keep(
                &mut self.drops,
                format!("{document} {date} {currency}: {reason}"),
            );
        }
    }

    /// Counts a date or page that failed.
    pub(super) fn add_failure(&mut self, reason: String) {
        self.failed = self.failed.saturating_add(1);
        keep(&mut self.failures, reason);
    }
}

fn keep(reasons: &mut Vec<String>, reason: String) {
    if reasons.len() < REASONS_MAX {
        reasons.push(reason);
    }
}

/// The counts of one source while it is under way, with an observer that is called after each change.
pub struct Recorder {
    stats: RefCell<Stats>,
    observer: Box<dyn Fn(&Stats)>,
}

impl Recorder {
    /// Records with an observer.
    pub fn new(observer: impl Fn(&Stats) + 'static) -> Self {
        Self {
            stats: RefCell::default(),
            observer: Box::new(observer),
        }
    }

    /// The counts so far.
    pub fn stats(&self) -> Stats {
        self.stats.borrow().clone()
    }

    /// Changes the counts.
    pub(super) fn update(&self, change: impl FnOnce(&mut Stats)) {
        change(&mut self.stats.borrow_mut());
        (self.observer)(&self.stats.borrow());
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut recorder = formatter.debug_struct("Recorder");
        recorder.field("stats", &self.stats).finish_non_exhaustive()
    }
}
