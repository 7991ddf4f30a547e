//! The log events of tables and held values.

use crate::domain::{BookChanges, SourceId};

/// Logs the changes that a table made.
pub(super) fn log_filed(source: SourceId, document: &str, changes: &BookChanges) {
    for table in &changes.filed {
        let (date, rows) = (table.effective_date, table.rows.len());
        tracing::info!(%source, document, %date, rows, "filed a table");
    }
    for held in &changes.held {
        let (id, check) = (held.id(), held.check.as_str());
        tracing::warn!(%id, value = %held.fixing.value, check, detail = held.detail, "held a value");
    }
    log_decided(changes);
}

/// Logs the decisions on held values.
pub(super) fn log_decided(changes: &BookChanges) {
    for decision in &changes.decided {
        let (id, outcome, by) = (
            decision.held.id(),
            decision.outcome.as_str(),
            decision.by.as_str(),
        );
        tracing::info!(%id, outcome, by, note = decision.note, "settled a held value");
    }
}
