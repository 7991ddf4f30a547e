//! The tables in force a month and a year ago, if they are not kept in memory: read from the ledger once a day.

use std::sync::Arc;

use jiff::Timestamp;

use crate::commit::buffered_ledger::{BufferedLedger, readable};
use crate::domain::{
    Book, DateRange, DocumentKey, REPEATS_MAX, RevisionPolicy, SourceRecord, Table, oldest_in_force,
};

/// Reads the tables in force on the first days of the windows.
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
            windows.map(move |(window, days)| (key, revision_policy, window, days))
        });
        of_document.collect()
    };
    let wanted: Vec<_> = book.records().flat_map(wanted).collect();
    for (key, revision_policy, window, days) in wanted {
        let tables = in_force(ledger, key, revision_policy, days).await;
        if let (Some(history), Some(tables)) = (book.history(key), tables) {
            history.anchor(window, days, tables);
        }
    }
}

/// The tables of a document that were in force on some days, and as many before them as tell which fixings they repeat;
/// `None` if they cannot be read.
async fn in_force(
    ledger: &BufferedLedger,
    key: DocumentKey,
    revision_policy: RevisionPolicy,
    days: DateRange,
) -> Option<Vec<Table>> {
    let reader = ledger.reader()?;
    let oldest = oldest_in_force(days.first);
    let before = reader.date_before(key, oldest, REPEATS_MAX).await;
    let first = readable(before)?.unwrap_or(oldest);
    readable(reader.tables(key, revision_policy, first, days.last).await)
}
