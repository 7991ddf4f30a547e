//! From a change of the book to what is published: derived, written to the ledger, and then put on the board.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::commit::{Commit, anchors};
use crate::domain::{BookChanges, Cause, LedgerEntry, Position, Snapshot};

impl Commit {
    /// Derives what is served now, writes the changes to the ledger, and publishes them. Returns the last revision, if one
    /// was assigned.
    pub(super) async fn commit(
        &mut self,
        cause: Cause,
        changes: BookChanges,
        now: Timestamp,
    ) -> Option<u64> {
        let older = self.book.older_than_kept(&changes);
        let span = tracing::info_span!("commit", cause = cause.as_str(), revision = Empty);
        let once = self.commit_once(cause, changes, now);
        let revision = once.instrument(span).await;
        if older.is_empty() {
            return revision;
        }
        // The rows in force a year ago are read from the ledger, which has these only now.
        for (key, date) in older {
            if let Some(history) = self.book.history(key) {
                history.forget_anchors_on(date);
            }
        }
        let again = self.commit_once(cause, BookChanges::default(), now).await;
        again.or(revision)
    }

    /// The same, with the tables of a year ago as the ledger had them before these changes.
    async fn commit_once(
        &mut self,
        cause: Cause,
        changes: BookChanges,
        now: Timestamp,
    ) -> Option<u64> {
        let begun = Instant::now();
        self.derived_at = now;
        anchors::complete(&mut self.book, &self.ledger, now).await;
        let published = self.board.snapshot();
        let next = published.next(self.book.view(now));
        if next.is_none() && changes.is_empty() {
            self.board.refresh_records(self.book.records());
            return None;
        }
        self.count_corrections(&changes);
        let snapshot = next.as_ref().unwrap_or(&published);
        let entry = LedgerEntry {
            position: snapshot.position.clone(),
            at: now,
            cause,
            filed: changes.filed,
            held: changes.held,
            decided: changes.decided,
            attempted: std::mem::take(&mut self.attempted).into_iter().collect(),
            answered: changes.answered,
            served: next.as_ref().map(Snapshot::changes).unwrap_or_default(),
        };
        self.write_and_publish(entry, next, begun).await
    }

    /// Writes an entry, and publishes the snapshot that it leads to, if there is one. Returns the revision, if one was
    /// assigned.
    pub(super) async fn write_and_publish(
        &mut self,
        entry: LedgerEntry,
        next: Option<Snapshot>,
        begun: Instant,
    ) -> Option<u64> {
        let cause = entry.cause;
        let published = self.board.snapshot();
        let written = if self.is_alone() {
            self.ledger.append(entry).await
        } else {
            let snapshot = next
                .clone()
                .map_or_else(|| Arc::clone(&published), Arc::new);
            let from_to = (Arc::clone(&published), snapshot);
            if !self.share(entry, from_to).await {
                return None;
            }
            None
        };
        let next = match written {
            // The ledger cannot be written: what is served from now on belongs to another epoch.
            Some(epoch) => {
                let snapshot = next.as_ref().unwrap_or(&published);
                Some(snapshot.renewed(Position {
                    epoch: epoch.into(),
                    revision: published.position.revision.saturating_add(1),
                }))
            }
            None => next,
        };
        let Some(next) = next else {
            self.board.publish_records(self.book.records());
            return None;
        };
        let revision = next.position.revision;
        Span::current().record("revision", revision);
        tracing::info_span!("fan-out", revision)
            .in_scope(|| self.board.publish(next, self.book.records()));
        self.counts.commits.observe(begun.elapsed());
        tracing::debug!(revision, cause = cause.as_str(), "committed");
        Some(revision)
    }

    /// Counts the values that replace another one of the same date.
    fn count_corrections(&self, changes: &BookChanges) {
        for table in &changes.filed {
            let rows = table.rows.iter();
            let corrected = rows.filter(|row| row.superseded_value.is_some());
            if let Some(counts) = self.counts.of(table.source.as_str()) {
                let corrected = u64::try_from(corrected.count()).unwrap_or(u64::MAX);
                counts.corrections.add(corrected);
            }
        }
    }
}
