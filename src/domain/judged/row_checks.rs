//! The checks of single rows. A row that fails one is held, never clamped, averaged or repaired.
//!
//! A row is compared with the accepted ones of its currency: that of its date, else the nearest one before it and the
//! nearest one after it. One that moved too far from both is held, and the accepted value is served meanwhile. What
//! releases it is in `release.rs`; what an accepted row says about the rows that wait beside it, in `settling.rs`.

mod level;
mod moves;
mod release;
mod settling;
mod suspicion;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
pub(crate) use settling::{overtaken, plausible_now};

use crate::domain::judged::row_checks::moves::Moves;
use crate::domain::judged::{
    Check, DecidedBy, Decision, DocumentRecord, Held, HeldOutcome, History, RevisionPolicy,
    SourceRecord,
};
use crate::domain::numbers::Change;
use crate::domain::published::{Currency, Fixing, SourceId, Table};

/// What the rows of a table are compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// All sources, for the triangle check.
    pub(crate) records: &'a BTreeMap<SourceId, Arc<SourceRecord>>,
    /// The source of the table.
    pub(crate) source: SourceId,
    /// The document of the table.
    pub(crate) document: &'a DocumentRecord,
    /// The time of the service's clock.
    pub(crate) now: Timestamp,
    /// Whether it is a table of the past that an operator submitted. It will not be printed again in half an hour; the
    /// tables beside it are evidence instead.
    pub(crate) is_backfill: bool,
}

/// The rows of a table after the checks.
#[derive(Debug, Clone, Default)]
pub(crate) struct CheckedRows {
    /// The accepted rows.
    pub(crate) accepted: BTreeMap<Currency, Arc<Fixing>>,
    /// The rows that are newly held.
    pub(crate) held: Vec<Arc<Held>>,
    /// How rows that were held are settled.
    pub(crate) decided: Vec<Decision>,
}

/// Why a row is not accepted.
#[derive(Debug)]
struct Suspicion {
    check: Check,
    detail: String,
    /// The accepted row that it is compared with.
    old: Option<Arc<Fixing>>,
}

/// Checks the rows of a table whose shape and date passed [`check_table`](crate::domain::check_table).
pub(crate) fn check_rows(context: &Context<'_>, table: &Table) -> CheckedRows {
    let history = &context.document.history;
    let moves = Moves::of(table, history);
    let mut checked = CheckedRows::default();
    for (code, row) in &table.rows {
        if history.was_settled(*code, row, HeldOutcome::Rejected) {
            continue;
        }
        let case = Case {
            context,
            table,
            code: *code,
            row,
        };
        match case.suspicion(&moves) {
            None => case.accept(&mut checked, None),
            Some(suspicion) => match case.release(&suspicion) {
                Some(reason) => {
                    case.release_beside(&mut checked, &suspicion, &reason);
                    case.accept(&mut checked, Some(&reason));
                }
                None => case.hold(&mut checked, suspicion),
            },
        }
    }
    checked
}

/// One row under examination.
#[derive(Debug, Clone, Copy)]
struct Case<'a> {
    context: &'a Context<'a>,
    table: &'a Table,
    code: Currency,
    row: &'a Arc<Fixing>,
}

impl Case<'_> {
    fn history(&self) -> &History {
        &self.context.document.history
    }

    /// The accepted row of its date.
    fn accepted(&self) -> Option<Arc<Fixing>> {
        self.history()
            .accepted_on(self.row.effective_date, self.code)
    }

    /// The value of the currency that is held at the date of the row.
    fn held_at_date(&self) -> Option<&Arc<Held>> {
        self.history().held_at(self.row.effective_date, self.code)
    }

    /// Whether a second table of a date is a correction of the bank, and not a newer instant of a market.
    fn corrects(&self) -> bool {
        self.history().revision_policy() == RevisionPolicy::Correction
    }

    /// Whether a row of the same currency and date had been held, and the bank printed another value before it printed
    /// this one again.
    fn was_replaced(&self, row: &Fixing) -> bool {
        self.corrects()
            && self
                .history()
                .was_settled(self.code, row, HeldOutcome::Replaced)
    }

    /// Accepts the row, and settles what was held at its date. `reason` is given if the row is accepted in spite of a
    /// suspicion.
    fn accept(&self, checked: &mut CheckedRows, reason: Option<&str>) {
        let accepted = self.accepted();
        let is_known = accepted
            .as_ref()
            .is_some_and(|known| known.same_value(self.row));
        // A bank that prints its own change at times, or two of them in turn, corrects it once: to the right one.
        let row = match accepted {
            Some(known) if is_known && !self.mends_the_change_of(&known) => known,
            _ => Arc::clone(self.row),
        };
        checked.accepted.insert(self.code, row);
        let Some(held) = self.held_at_date() else {
            return;
        };
        if self.repeats(held) {
            let note = reason.unwrap_or("the value is plausible now");
            checked
                .decided
                .push(decision(held, HeldOutcome::Released, note.into()));
            return;
        }
        // The bank may print two values in turn: settling one at each poll would be a commit at each poll.
        let comes_and_goes = held.check == Check::Returned || self.was_replaced(&held.fixing);
        if !(is_known && comes_and_goes) {
            checked
                .decided
                .push(decision(held, HeldOutcome::Replaced, self.replaced_note()));
        }
    }

    /// Whether the bank prints its own change beside the value for the first time, or the right one for the first time.
    fn mends_the_change_of(&self, known: &Fixing) -> bool {
        match (known.published_change, self.row.published_change) {
            (None, printed) => printed.is_some(),
            (Some(_), _) => self.printed_change_matches(self.row),
        }
    }

    /// Holds the row, unless it is held already, or a later value overtook it.
    fn hold(&self, checked: &mut CheckedRows, suspicion: Suspicion) {
        match self.held_at_date() {
            Some(held) if self.repeats(held) => return,
            Some(held) if self.was_replaced(self.row) && self.was_replaced(&held.fixing) => return,
            Some(held) if suspicion.check == Check::Returned && held.check == Check::Returned => {
                return;
            }
            Some(held) => {
                checked
                    .decided
                    .push(decision(held, HeldOutcome::Replaced, self.replaced_note()));
            }
            None if self
                .history()
                .was_settled(self.code, self.row, HeldOutcome::Overtaken) =>
            {
                return;
            }
            None => {}
        }
        let before = self.history().date_before(self.row.effective_date);
        let printed = before.map(|date| self.history().printed(date));
        let row_before = printed.as_ref().and_then(|rows| rows.get(&self.code));
        let change = row_before.and_then(|row| {
            let reference = row.value_for(self.row.units)?;
            Change::since(reference, row.effective_date, self.row.value)
        });
        checked.held.push(Arc::new(Held {
            document: self.table.document,
            code: self.code,
            fixing: Arc::clone(self.row),
            check: suspicion.check,
            detail: suspicion.detail,
            since: self
                .held_near()
                .map_or(self.context.now, |held| held.since.min(self.context.now)),
            change,
        }));
    }

    /// Why a value held at the date of the row is replaced, for the ledger.
    fn replaced_note(&self) -> String {
        format!("the bank prints {} now", self.row.value)
    }
}

/// A decision of a rule.
fn decision(held: &Arc<Held>, outcome: HeldOutcome, note: String) -> Decision {
    Decision {
        held: Arc::clone(held),
        outcome,
        by: DecidedBy::Rule,
        note,
    }
}
