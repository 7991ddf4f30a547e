//! Carries out the outcome of the checks in a history, and collects what changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::book::BookChanges;
use crate::domain::judged::{CheckedRows, Decision, Held, HeldOutcome, History, InsertOutcome};
use crate::domain::ledger_entry::FiledTable;
use crate::domain::published::{Fixing, SourceId, Table};

/// Applies the outcome of the checks of a table.
pub(super) fn apply(
    history: &mut History,
    source: SourceId,
    table: Table,
    checked: CheckedRows,
) -> BookChanges {
    let date = table.effective_date;
    let mut changes = BookChanges::default();
    // A held row of this very table that is released is among the accepted ones.
    let (of_date, beside) = checked
        .decided
        .into_iter()
        .partition(|decision: &Decision| decision.held.fixing.effective_date == date);
    settle(history, source, beside, &mut changes);
    for decision in of_date {
        history.settle(&decision.held, decision.outcome);
        changes.decided.push(decision);
    }
    let accepted = Table {
        rows: checked.accepted,
        ..table
    };
    changes.filed.extend(insert(history, source, accepted));
    for held in checked.held {
        history.hold(Arc::clone(&held));
        changes.held.push(held);
    }
    changes
}

/// Carries out decisions on held rows: accepts those that are released, each under its own date.
pub(super) fn settle(
    history: &mut History,
    source: SourceId,
    decided: Vec<Decision>,
    changes: &mut BookChanges,
) {
    for decision in decided {
        history.settle(&decision.held, decision.outcome);
        if decision.outcome == HeldOutcome::Released {
            changes
                .filed
                .extend(release(history, source, &decision.held));
        }
        changes.decided.push(decision);
    }
}

/// Accepts a row that was held, under its own date.
fn release(history: &mut History, source: SourceId, held: &Held) -> Option<FiledTable> {
    let date = held.fixing.effective_date;
    let known = history.table(date).map(|table| Table::clone(table));
    let table = Table {
        document: held.document,
        pivot: held.pivot(),
        effective_date: date,
        as_of: known.as_ref().and_then(|table| table.as_of),
        rows: BTreeMap::from([(held.code, Arc::clone(&held.fixing))]),
        dropped: known.map(|table| table.dropped).unwrap_or_default(),
    };
    insert(history, source, table)
}

/// Inserts rows into the history. Returns those that are new or changed.
fn insert(history: &mut History, source: SourceId, table: Table) -> Option<FiledTable> {
    let (document, pivot) = (table.document, table.pivot);
    let (effective_date, as_of) = (table.effective_date, table.as_of);
    let rows: Vec<Arc<Fixing>> = match history.insert(table) {
        InsertOutcome::Rows(rows) => rows,
        InsertOutcome::OlderInstant => return None,
    };
    (!rows.is_empty()).then_some(FiledTable {
        source,
        document,
        pivot,
        effective_date,
        as_of,
        rows,
    })
}
