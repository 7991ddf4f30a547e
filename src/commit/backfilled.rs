//! Tables of the past, which an operator uploads.

use jiff::civil::Date;

use crate::commit::filing_log::log_filed;
use crate::commit::{BackfillOutcome, Commit};
use crate::domain::{Cause, DocumentKey, History, Intent, RevisionPolicy, SourceId, Table};

/// How many tables before and after a date a table of the past is compared with: more than any holidays.
const TABLES_AROUND: usize = 16;

impl Commit {
    /// Files a table of the past. Returns the outcome, and whether the state was derived anew.
    pub(super) async fn backfill(
        &mut self,
        source: SourceId,
        table: Table,
    ) -> (BackfillOutcome, bool) {
        let now = self.now();
        let (document, date) = (table.document, table.effective_date);
        let key = DocumentKey { source, document };
        let history = self.book.history(key);
        let keeps = history.is_none_or(|history| history.would_keep(date));
        let changes = if keeps {
            self.book.file(source, table, Intent::Backfill, now)
        } else {
            let around = self.around(key, date).await;
            self.book.file_older(source, table, around, now)
        };
        let changes = match changes {
            Ok(changes) => changes,
            Err(reason) => {
                let refused = BackfillOutcome {
                    refused: reason.to_string(),
                    ..BackfillOutcome::default()
                };
                return (refused, false);
            }
        };
        log_filed(source, document, &changes);
        let outcome = BackfillOutcome {
            refused: String::new(),
            has_changes: !changes.is_empty(),
            held_rows: changes.held.len(),
        };
        self.commit(Cause::Backfill(source), changes, now).await;
        (outcome, true)
    }

    /// The tables around a date that is not kept in memory, with which a table of that date is compared.
    async fn around(&mut self, key: DocumentKey, date: Date) -> History {
        let revision_policy = self
            .book
            .record(key.source)
            .map(|record| record.revision_policy());
        let mut history = History::unbounded(revision_policy.unwrap_or(RevisionPolicy::Correction));
        let tables = self
            .ledger
            .around(key, history.revision_policy(), date, TABLES_AROUND)
            .await;
        for table in tables.unwrap_or_default() {
            history.insert(table);
        }
        history
    }
}
