//! A new epoch from nothing: what a replay needs when its clock is set back.

use std::collections::{BTreeMap, BTreeSet};

use crate::commit::epoch_name::new_epoch_name;
use crate::commit::{Commit, LedgerIsFile, anchors};
use crate::domain::{BookChanges, Cause, Intent, LedgerEntry, Position, Snapshot, SourceId, Table};

impl Commit {
    /// Discards what is known, files `tables`, oldest first, and publishes them as the first snapshot of a new epoch. Every
    /// source counts as attempted, so a lower preference answers at once. Subscribers receive one snapshot.
    pub(super) async fn begin_anew(
        &mut self,
        tables: Vec<(SourceId, Table)>,
    ) -> Result<(), LedgerIsFile> {
        self.ledger.begin_anew().await?;
        self.book = self.blank.clone();
        self.attempted = BTreeSet::new();
        let now = self.now();
        self.derived_at = now;
        let mut changes = BookChanges::default();
        for (source, table) in tables {
            let (document, date) = (table.document, table.effective_date);
            match self.book.file(source, table, Intent::AnyDate, now) {
                Ok(of_table) => {
                    changes.filed.extend(of_table.filed);
                    changes.held.extend(of_table.held);
                    changes.decided.extend(of_table.decided);
                }
                Err(reason) => {
                    tracing::warn!(%source, document, %date, %reason, "refused a table");
                }
            }
        }
        let sources: Vec<SourceId> = self.book.records().map(|record| record.id).collect();
        for source in &sources {
            self.book.mark_attempted(*source);
        }
        anchors::complete(&mut self.book, &self.ledger, now).await;
        // Revisions go on from the last one, so that no cache takes two states for one.
        let empty = Snapshot::initial(
            Position {
                epoch: new_epoch_name().into(),
                revision: self.board.snapshot().position.revision,
            },
            BTreeMap::new(),
        );
        let snapshot = empty.next(self.book.view(now)).unwrap_or(empty);
        let entry = LedgerEntry {
            position: snapshot.position.clone(),
            at: now,
            cause: Cause::Start,
            filed: changes.filed,
            held: changes.held,
            decided: changes.decided,
            attempted: sources,
            answered: Vec::new(),
            served: snapshot.changes(),
        };
        let failed = self.ledger.append(entry).await;
        debug_assert!(failed.is_none(), "a ledger in memory is always written");
        self.board.publish(snapshot, self.book.records());
        Ok(())
    }
}
