//! What is known of a source, for the plan of its next poll.

use std::sync::Arc;

use jiff::Timestamp;

use crate::commit::{BufferedLedger, PollContext};
use crate::domain::{Book, DocumentKey, FirstSeen, SourceId};

/// The record of a source, and the sightings that the ledger has of its tables; `None` for an unknown source.
pub(super) async fn of(
    book: &Book,
    ledger: &BufferedLedger,
    source: SourceId,
) -> Option<PollContext> {
    let record = Arc::clone(book.record(source)?);
    let mut first_seen = Vec::with_capacity(record.documents.len());
    for document in &record.documents {
        let key = DocumentKey {
            source,
            document: document.name,
        };
        first_seen.push((document.name, first_seen_of(ledger, key).await));
    }
    Some(PollContext { record, first_seen })
}

/// The documents of a source with held values that another poll may confirm, one for each value. Polls bring the table in
/// force and later ones: a value in an older table waits for an operator, however often the document is read.
pub(super) fn holding(book: &Book, source: SourceId, now: Timestamp) -> Vec<&'static str> {
    let Some(record) = book.record(source) else {
        return Vec::new();
    };
    let today = record.today(now);
    let documents = record.documents.iter().flat_map(|document| {
        let in_force = document.history.date_in_force(today);
        let held = document.history.held();
        let polled = held.filter(move |held| Some(held.fixing.effective_date) >= in_force);
        polled.map(|_| document.name)
    });
    documents.collect()
}

/// When the newest tables of a document were first seen by polls. Without a ledger that can be read nothing is known of that;
/// a log line for every poll would say no more than the one of the failure.
async fn first_seen_of(ledger: &BufferedLedger, key: DocumentKey) -> FirstSeen {
    let Some(reader) = ledger.reader() else {
        return FirstSeen::default();
    };
    let first_seen = reader.first_seen(key).await;
    first_seen.unwrap_or_else(|error| {
        tracing::debug!(%error, "could not read when tables were first seen");
        FirstSeen::default()
    })
}
