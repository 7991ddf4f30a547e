//! Restores what was served from the ledger, after a restart.

use std::sync::Arc;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::commit::{BufferedLedger, anchors, order_of_answers, ticker_pairs};
use crate::domain::{
    Book, Cause, Continuity, DocumentKey, LedgerEntry, Position, Preference, RateFilter,
    RestoredState, RevisionPolicy, ServedFingerprint, Snapshot, SourceRecord, TABLES_MAX,
};
use crate::ledger::{LedgerError, LedgerReader};

/// What is served at a start.
pub(super) struct Restored {
    pub(super) book: Book,
    pub(super) snapshot: Snapshot,
    /// What must be written if it differs from the ledger.
    pub(super) entry: Option<LedgerEntry>,
    /// The first revision that showed the pairs of the ticker.
    pub(super) pairs_since: u64,
}

/// The book and the snapshot as they were, or empty ones.
pub(super) async fn restore(
    records: Vec<SourceRecord>,
    (preferences, pairs): (Vec<Preference>, &RateFilter),
    ledger: &mut BufferedLedger,
    clock: &Clock,
) -> Restored {
    let empty = Book::new(records.clone(), preferences.clone());
    let mut book = Book::new(records, preferences);
    let order = order_of_answers::to_record;
    match from_ledger(&mut book, ledger).await {
        Ok(Some(restored)) => {
            if restored.has_unknown_fingerprints() {
                tracing::info!(
                    "the ledger was written by an earlier version of silkrate; everything served counts as changed once"
                );
            }
            anchors::complete(&mut book, ledger, restored.at).await;
            let order = order(&book, Some(&restored));
            let known_since = ticker_pairs::shown_since(pairs, &restored);
            let is_same_ticker = known_since.is_some();
            let now = clock.now();
            let (snapshot, entry) = continued(&book, (&restored, is_same_ticker), ledger, now);
            let entry = with(entry, order, &snapshot, restored.at);
            let shown = (!is_same_ticker).then(|| ticker_pairs::to_record(pairs));
            let entry = with(entry, shown, &snapshot, restored.at);
            let position = &snapshot.position;
            tracing::info!(epoch = %position.epoch, revision = position.revision, "restored what was served");
            let pairs_since = known_since.unwrap_or(position.revision);
            Restored {
                book,
                snapshot,
                entry,
                pairs_since,
            }
        }
        Ok(None) => {
            let now = clock.now();
            let order = order(&empty, None);
            let mut first = first(empty, now);
            for settings in [order, Some(ticker_pairs::to_record(pairs))] {
                first.entry = with(first.entry, settings, &first.snapshot, now);
            }
            first
        }
        Err(error) => {
            ledger.mark_damaged(error).await;
            first(empty, clock.now())
        }
    }
}

/// The first snapshot of an empty ledger: revision 0 of a new epoch.
fn first(book: Book, now: Timestamp) -> Restored {
    let position = Position {
        epoch: super::epoch_name::new_epoch_name().into(),
        revision: 0,
    };
    let snapshot = Snapshot::initial(position, book.view(now).states);
    let entry = entry(&snapshot, now, Vec::new());
    Restored {
        book,
        pairs_since: snapshot.position.revision,
        snapshot,
        entry: Some(entry),
    }
}

/// The snapshot, at its position if it and the pairs of the ticker are still the same.
fn continued(
    book: &Book,
    (restored, is_same_ticker): (&RestoredState, bool),
    ledger: &BufferedLedger,
    now: Timestamp,
) -> (Snapshot, Option<LedgerEntry>) {
    let (snapshot, continuity) = Snapshot::restored(restored, book.view(restored.at));
    let continues = ledger.is_working() && ledger.continues();
    let broken = continuity == Continuity::Broken || !continues;
    let is_exact = continuity == Continuity::Exact;
    if is_exact && !broken && is_same_ticker {
        return (snapshot, None);
    }
    let snapshot = if broken {
        // A source or a pair is gone, further commits cannot be written, or the file is an older copy: no client may
        // resume from before.
        snapshot.renewed(Position {
            epoch: super::epoch_name::new_epoch_name().into(),
            revision: restored.position.revision.saturating_add(1),
        })
    } else if is_exact {
        // A stream that follows the ticker learns of the other pairs.
        snapshot.at_next_revision()
    } else {
        snapshot
    };
    let gone = snapshot.gone(restored.served.keys());
    let entry = entry(&snapshot, now, gone);
    (snapshot, Some(entry))
}

/// The entry with a change of the settings, or one for it alone.
fn with(
    known: Option<LedgerEntry>,
    settings: Option<ServedFingerprint>,
    snapshot: &Snapshot,
    at: Timestamp,
) -> Option<LedgerEntry> {
    let Some(settings) = settings else {
        return known;
    };
    let mut known = known.unwrap_or_else(|| entry(snapshot, at, Vec::new()));
    known.served.push(settings);
    Some(known)
}

/// The entry that records the position of a snapshot.
pub(super) fn entry(
    snapshot: &Snapshot,
    now: Timestamp,
    gone: Vec<ServedFingerprint>,
) -> LedgerEntry {
    let mut served = snapshot.changes();
    served.extend(gone);
    LedgerEntry {
        served,
        ..LedgerEntry::empty(snapshot.position.clone(), now, Cause::Start)
    }
}

/// Fills the book with the tables of the ledger. Returns `None` if the ledger is empty.
pub(super) async fn from_ledger(
    book: &mut Book,
    ledger: &BufferedLedger,
) -> Result<Option<RestoredState>, LedgerError> {
    let Some(reader) = ledger.reader() else {
        return Ok(None);
    };
    let Some(restored) = reader.restore().await? else {
        return Ok(None);
    };
    for document in book.documents() {
        restore_document(book, reader, document).await?;
    }
    let attempted: Vec<_> = book
        .records()
        .map(|record| record.id)
        .filter(|id| restored.attempted.iter().any(|known| known == id.as_str()))
        .collect();
    for source in attempted {
        book.mark_attempted(source);
    }
    Ok(Some(restored))
}

/// Fills a document of the book with its tables of the ledger.
pub(super) async fn restore_document(
    book: &mut Book,
    reader: &LedgerReader,
    (key, revision_policy): (DocumentKey, RevisionPolicy),
) -> Result<(), LedgerError> {
    let known = reader
        .restore_document(key, revision_policy, TABLES_MAX)
        .await?;
    let Some(history) = book.history(key) else {
        return Ok(());
    };
    for table in known.tables {
        history.insert(table);
    }
    // The settled values come first: the same value or another one of its row may be held since.
    for (held, outcome) in known.settled {
        history.settle(&Arc::new(held), outcome);
    }
    for held in known.held {
        history.hold(Arc::new(held));
    }
    if let Some(began) = known.began {
        history.record_filed(began);
    }
    if let Some(asked) = known.asked {
        history.record_answer(asked);
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests;
