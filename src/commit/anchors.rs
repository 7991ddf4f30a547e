//! The rows in force a month and a year ago, if they are not kept in memory: read from the ledger once a day.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::commit::BufferedLedger;
use crate::domain::{Book, Currency, DocumentKey, Fixing, SourceRecord, Table};

/// Reads the rows in force on the first days of the windows.
pub(super) async fn complete(book: &mut Book, ledger: &BufferedLedger, now: Timestamp) {
    let wanted = |record: &Arc<SourceRecord>| -> Vec<_> {
        let (source, today) = (record.id, record.today(now));
        let documents = record.documents.iter();
        let of_document = documents.flat_map(|document| {
            let key = DocumentKey {
                source,
                document: document.name,
            };
            let revision_policy = document.history.revision_policy();
            let windows = document.history.anchors_wanted(today).into_iter();
            windows.map(move |(window, day)| (key, revision_policy, window, day))
        });
        of_document.collect()
    };
    let wanted: Vec<_> = book.records().flat_map(wanted).collect();
    for (key, revision_policy, window, day) in wanted {
        let rows = ledger.in_force(key, revision_policy, day).await;
        if let Some(history) = book.history(key) {
            let rows = rows.unwrap_or_default();
            history.anchor(window, day, table_of(key, day, rows));
        }
    }
}

/// Rows of several dates as one table, for the rows in force on a day.
fn table_of(key: DocumentKey, day: Date, rows: Vec<Fixing>) -> Table {
    let pivot = pivot_of(&rows);
    let rows = rows.into_iter().map(|row| {
        let code = if row.currency == pivot {
            row.home_currency
        } else {
            row.currency
        };
        (code, Arc::new(row))
    });
    Table {
        document: key.document,
        pivot,
        effective_date: day,
        as_of: None,
        rows: rows.collect(),
        dropped: Vec::new(),
    }
}

/// The currency that all rows share: a bank's own, or the base of a market table.
fn pivot_of(rows: &[Fixing]) -> Currency {
    let Some(first) = rows.first() else {
        return Currency::USD;
    };
    let home = first.home_currency;
    if rows.iter().all(|row| row.home_currency == home) {
        home
    } else {
        first.currency
    }
}
