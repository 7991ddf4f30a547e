//! What became of the requests and tables of one source.

/// How many reasons of each kind are kept: the first ones tell what is wrong, the rest are the same.
const REASONS_KEPT: usize = 3;

/// The counts of one source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests sent to the bank, repeated ones too.
    pub asked: u32,
    /// Tables that told the server something.
    pub filed: u32,
    /// Tables that the server knew, most of them without being asked for.
    pub known: u32,
    /// Rows of the tables filed that wait for a decision.
    pub held_rows: u32,
    /// Tables that the server did not believe.
    pub refused: u32,
    /// Dates or pages for which the bank gave nothing that could be read.
    pub failed: u32,
    /// The first reasons of those refused.
    pub refusals: Vec<String>,
    /// The first reasons of those failed.
    pub failures: Vec<String>,
    /// Why the source was left before the end of its dates.
    pub given_up: Option<String>,
}

impl Tally {
    /// Whether everything there was is filed.
    pub fn is_good(&self) -> bool {
        self.refused == 0 && self.failed == 0 && self.given_up.is_none()
    }

    /// Counts a table that was refused.
    pub(super) fn refuse(&mut self, reason: String) {
        self.refused = self.refused.saturating_add(1);
        keep(&mut self.refusals, reason);
    }

    /// Counts a date or page that failed.
    pub(super) fn fail(&mut self, reason: String) {
        self.failed = self.failed.saturating_add(1);
        keep(&mut self.failures, reason);
    }
}

fn keep(reasons: &mut Vec<String>, reason: String) {
    if reasons.len() < REASONS_KEPT {
        reasons.push(reason);
    }
}
