//! What happens when the ledger cannot be written, and when it can be again.

use std::sync::Arc;

use crate::commit::epoch_name::new_epoch_name;
use crate::commit::{Commit, ticker_pairs};
use crate::domain::{Cause, LedgerEntry, Position};
use crate::ledger::LedgerError;

impl Commit {
    /// Writes an entry that changes nothing that is published.
    pub(super) async fn write(&mut self, entry: LedgerEntry) {
        if let Some(epoch) = self.ledger.append(entry).await {
            self.renew(epoch);
        }
    }

    /// Stops writing to a ledger that was found damaged: what is served from now on belongs to another epoch.
    pub(super) async fn stop_writing(&mut self, error: LedgerError) {
        self.ledger.mark_damaged(error).await;
        if self.is_alone() {
            self.renew(new_epoch_name());
        }
    }

    /// Publishes the same state in another epoch.
    fn renew(&self, epoch: String) {
        let published = self.board.snapshot();
        let renewed = published.renewed(Position {
            epoch: epoch.into(),
            revision: published.position.revision.saturating_add(1),
        });
        self.board.publish(renewed, self.book.records());
    }

    /// Tries to write the buffered entries. If that succeeds, a new epoch begins.
    pub(super) async fn recover(&mut self) {
        let documents = self.book.documents();
        let Some((written, reopened)) = self.ledger.prepare_retry(&documents).await else {
            return;
        };
        if !self.is_alone() {
            self.ledger.catch_up().await;
            self.read_behind().await;
            return;
        }
        let published = self.board.snapshot();
        let revision = published.position.revision.max(written);
        let snapshot = published.renewed(Position {
            epoch: new_epoch_name().into(),
            revision: revision.saturating_add(1),
        });
        let attempted = self.book.records().filter(|record| record.attempted);
        // If the file may be another one, everything known is written; rows that it has are not written twice.
        let (filed, held) = if reopened {
            let held = self.book.held().map(Arc::clone).collect();
            (self.book.tables(), held)
        } else {
            (Vec::new(), Vec::new())
        };
        let mut served = snapshot.changes();
        served.push(ticker_pairs::to_record(&self.pairs));
        let entry = LedgerEntry {
            position: snapshot.position.clone(),
            at: self.clock.now(),
            cause: Cause::Start,
            filed,
            held,
            decided: Vec::new(),
            attempted: attempted.map(|record| record.id).collect(),
            answered: self.book.answers(),
            served,
        };
        if self.ledger.recover(entry).await {
            self.board.publish(snapshot, self.book.records());
        }
    }
}
