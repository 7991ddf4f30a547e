//! A step of a replica that leads, in parts that each fit into one record of the log.

use std::sync::Arc;

use crate::commit::Commit;
use crate::commit::replica::documents_of;
use crate::domain::{FiledTable, LedgerEntry, Snapshot};

/// The most rows of a record: with every text at its longest they stay below the size of the largest record. The table of a bank
/// has some hundred, and only a past that comes in one piece has more.
const ROWS_MAX: usize = 4096;
/// The most held values of a record, which have a sentence each.
const HELD_MAX: usize = 1024;

impl Commit {
    /// Proposes a step to the log, and writes what is accepted. What does not fit into one record goes ahead, as facts without
    /// anything that is served. Returns whether all of it was accepted.
    pub(super) async fn share(
        &mut self,
        entry: LedgerEntry,
        (published, next): (Arc<Snapshot>, Arc<Snapshot>),
    ) -> bool {
        let (ahead, last) = split(entry);
        let has_parts = !ahead.is_empty();
        let documents = documents_of(ahead.iter().chain([&last]));
        let ahead = ahead.into_iter().map(|mut part| {
            part.position = published.position.clone();
            (part, Arc::clone(&published))
        });
        for (mut part, snapshot) in ahead.chain([(last, next)]) {
            part.at = self.followed_time(part.at);
            let Some(step) = self.propose(&part, snapshot).await else {
                if has_parts {
                    // The log may have some of them: the book has all.
                    self.read_later(documents);
                }
                return false;
            };
            self.ledger.append_record(part, step).await;
        }
        true
    }
}

/// The parts that go ahead, and the last one.
fn split(entry: LedgerEntry) -> (Vec<LedgerEntry>, LedgerEntry) {
    let rows = entry
        .filed
        .iter()
        .map(|table| table.rows.len())
        .sum::<usize>();
    if rows <= ROWS_MAX && entry.held.len() <= HELD_MAX && entry.decided.len() <= HELD_MAX {
        return (Vec::new(), entry);
    }
    let mut last = entry;
    let filed = std::mem::take(&mut last.filed);
    let held = std::mem::take(&mut last.held);
    let decided = std::mem::take(&mut last.decided);
    let of = |filed, held: &[_], decided: &[_]| LedgerEntry {
        filed,
        held: held.to_vec(),
        decided: decided.to_vec(),
        ..LedgerEntry::empty(last.position.clone(), last.at, last.cause)
    };
    let mut ahead = Vec::new();
    ahead.extend(pieces(filed).into_iter().map(|filed| of(filed, &[], &[])));
    ahead.extend(held.chunks(HELD_MAX).map(|held| of(Vec::new(), held, &[])));
    let decisions = decided.chunks(HELD_MAX);
    ahead.extend(decisions.map(|decided| of(Vec::new(), &[], decided)));
    (ahead, last)
}

/// Tables in pieces of at most [`ROWS_MAX`] rows, in their order. A table with more is cut.
fn pieces(tables: Vec<FiledTable>) -> Vec<Vec<FiledTable>> {
    let mut pieces: Vec<Vec<FiledTable>> = Vec::new();
    let mut rows = ROWS_MAX;
    for table in tables {
        for part in table.rows.chunks(ROWS_MAX) {
            rows = rows.saturating_add(part.len());
            if rows > ROWS_MAX {
                pieces.push(Vec::new());
                rows = part.len();
            }
            if let Some(piece) = pieces.last_mut() {
                piece.push(FiledTable {
                    rows: part.to_vec(),
                    ..table.clone()
                });
            }
        }
    }
    pieces
}
