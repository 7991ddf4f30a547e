//! The log events of tables and held values.

use crate::domain::{BookChanges, SourceId};

/// Logs the changes that a table made.
pub(super) fn log_filed(source: SourceId, document: &str, filed: &BookChanges) {
    for table in &filed.filed {
        let (date, rows) = (table.effective_date, table.rows.len());
        tracing::info!(%source, document, %date, rows, "filed a table");
    }
    for held in &filed.held {
        let (id, check) = (held.id(), held.check.as_str());
        tracing::warn!(%id, value = %held.fixing.value, check, detail = held.detail, "held a value");
    }
    for decision in &filed.decided {
        let (id, outcome) = (decision.held.id(), decision.outcome.as_str());
        tracing::info!(%id, outcome, note = decision.note, "settled a held value");
    }
}
