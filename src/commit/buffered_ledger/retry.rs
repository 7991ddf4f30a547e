//! How a ledger that could not be written is tried again.

use std::collections::VecDeque;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::commit::buffered_ledger::{BufferedLedger, Unsaved, needs_reopening};
use crate::domain::{DocumentKey, LedgerEntry, RevisionPolicy};
use crate::ledger::LedgerError;

impl BufferedLedger {
    /// Writes an entry, or buffers it. The error says whether this is the first failure.
    pub(super) async fn write_or_buffer(&mut self, unsaved: Unsaved) -> Result<(), bool> {
        if let Some(failure) = &mut self.failure {
            let is_full = failure.unsaved.len() >= self.unsaved_max;
            if let (true, Some(step)) = (is_full, &unsaved.step) {
                // The log has it, and all that follows.
                self.note_lacking(step.seq);
                return Err(false);
            }
            if is_full {
                failure.unsaved.pop_front();
                failure.lost = failure.lost.saturating_add(1);
                self.counts.lost_entries.increment();
                tracing::error!(
                    "the buffer of unwritten ledger entries is full; the oldest entry is lost"
                );
            }
            failure.unsaved.push_back(unsaved);
            self.report_health();
            return Err(false);
        }
        let Some(open) = &self.open else {
            return Ok(());
        };
        let Err(error) = self.write(open, unsaved.clone()).await else {
            return Ok(());
        };
        self.fail(error, Some(unsaved));
        Err(true)
    }

    /// Waits until the ledger should be tried again, or until the check of its file has ended; forever if there is no
    /// failure. No entry waits for the check, which reads the whole file: seconds, for ten years.
    pub async fn retry_due(&mut self) {
        let Some(failure) = &mut self.failure else {
            return std::future::pending().await;
        };
        match failure.check.join_next().await {
            Some(Ok(checked)) => failure.checked = Some(checked),
            Some(Err(_panicked)) => failure.retry_at = Instant::now() + self.retry_after,
            None => {}
        }
        if failure.checked.is_none() {
            tokio::time::sleep_until(failure.retry_at).await;
        }
    }

    /// Whether the file that was opened again is being checked.
    pub(in crate::commit) fn is_checking(&self) -> bool {
        let failure = self.failure.as_ref();
        failure.is_some_and(|failure| !failure.check.is_empty())
    }

    /// Prepares to write again: reopens a file that may have been replaced, and verifies that all of it can be read.
    /// Returns its last revision and whether it was reopened; `None` if the failure persists, or while the file is checked.
    pub(in crate::commit) async fn prepare_retry(
        &mut self,
        keys: &[(DocumentKey, RevisionPolicy)],
    ) -> Option<(u64, bool)> {
        let failure = self.failure.as_mut()?;
        let (reopen, checked) = (failure.reopen, failure.checked.take());
        let verified = match checked {
            Some(checked) => match checked {
                Ok(()) => self.verify(keys).await,
                Err(error) => Err(error),
            },
            None if reopen || self.open.is_none() => match self.reopen_and_check().await {
                Ok(()) => return None,
                Err(error) => Err(error),
            },
            None => self.verify(keys).await,
        };
        match verified {
            Ok(revision) => Some((revision, reopen)),
            Err(error) => {
                self.failed_again(error);
                None
            }
        }
    }

    /// Opens the file again, and begins to check it.
    async fn reopen_and_check(&mut self) -> Result<(), LedgerError> {
        self.close_file().await;
        self.reopen()?;
        let reader = self.reader().cloned();
        if let (Some(failure), Some(reader)) = (&mut self.failure, reader) {
            failure.check = JoinSet::new();
            failure.check.spawn(async move { reader.check().await });
        }
        Ok(())
    }

    /// Verifies that what a start restores can be read. Returns the last revision.
    async fn verify(&self, keys: &[(DocumentKey, RevisionPolicy)]) -> Result<u64, LedgerError> {
        let Some(reader) = self.reader() else {
            return Ok(0);
        };
        for (key, revision_policy) in keys {
            reader.restore_document(*key, *revision_policy, 1).await?;
        }
        let restored = reader.restore().await?;
        Ok(restored.map_or(0, |restored| restored.position.revision))
    }

    /// Tries to write the buffered entries, and after them one that begins a new epoch. Returns whether all of them are
    /// written.
    pub(in crate::commit) async fn recover(&mut self, last: LedgerEntry) -> bool {
        self.write_again(Some(last)).await
    }

    /// Tries to write the buffered entries of a log that replicas share: each keeps its place. Returns whether all of them are
    /// written.
    pub(in crate::commit) async fn catch_up(&mut self) -> bool {
        self.write_again(None).await
    }

    async fn write_again(&mut self, last: Option<LedgerEntry>) -> bool {
        let Some(mut failure) = self.failure.take() else {
            return false;
        };
        let written = self.write_unsaved(&mut failure.unsaved, last).await;
        if written.is_ok() {
            self.report_health();
        }
        match (written, failure.lost) {
            (Ok(()), 0) if self.lacks_records() => {
                tracing::info!(
                    "the ledger can be written again; the records that were not buffered are read from the shared log"
                );
                true
            }
            (Ok(()), 0) => {
                tracing::info!("the ledger can be written again; no entry was lost");
                true
            }
            (Ok(()), missing) => {
                tracing::error!(
                    missing,
                    "the ledger can be written again; the oldest unwritten entries were lost"
                );
                true
            }
            (Err(error), _) => {
                self.failure = Some(failure);
                self.failed_again(error);
                false
            }
        }
    }

    async fn write_unsaved(
        &self,
        unsaved: &mut VecDeque<Unsaved>,
        last: Option<LedgerEntry>,
    ) -> Result<(), LedgerError> {
        let Some(open) = &self.open else {
            return Ok(());
        };
        while let Some(oldest) = unsaved.front() {
            let mut next = oldest.clone();
            if let Some(last) = &last {
                // The buffered entries get the position that begins now: the epochs between end here.
                next.entry.position = last.position.clone();
            }
            self.write(open, next).await?;
            unsaved.pop_front();
        }
        match last {
            Some(entry) => self.write(open, Unsaved { entry, step: None }).await,
            None => Ok(()),
        }
    }

    fn failed_again(&mut self, error: LedgerError) {
        let Some(failure) = &mut self.failure else {
            return;
        };
        self.counts.failures.increment();
        if error != failure.error {
            tracing::error!(%error, "the ledger still cannot be written");
        }
        failure.reopen = failure.reopen || needs_reopening(&error);
        failure.error = error;
        failure.retry_at = Instant::now() + self.retry_after;
        self.report_health();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use tempfile::TempDir;

    use super::*;
    use crate::commit::buffered_ledger::UNSAVED_MAX;
    use crate::domain::{Cause, Position};
    use crate::ledger::ClockKind;

    fn entry() -> LedgerEntry {
        let position = Position {
            epoch: "epoch".into(),
            revision: 1,
        };
        LedgerEntry::empty(position, Timestamp::UNIX_EPOCH, Cause::Clock)
    }

    #[tokio::test]
    async fn entries_are_taken_while_a_file_that_was_opened_again_is_checked() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("silkrate.db");
        std::fs::write(&path, "no ledger").unwrap();
        let ledger = BufferedLedger::open_if_possible(Some(path.clone()), ClockKind::Replay);
        let mut ledger = ledger.unwrap().retried_after(Duration::ZERO);
        ledger.retry_due().await;
        assert_eq!(ledger.prepare_retry(&[]).await, None);
        assert!(!ledger.is_checking(), "the file cannot be opened");

        std::fs::remove_file(&path).unwrap();
        ledger.retry_due().await;
        assert_eq!(ledger.prepare_retry(&[]).await, None);
        assert!(ledger.is_checking());
        assert_eq!(ledger.append(entry()).await, None);
        assert_eq!(ledger.health().borrow().unsaved, 1);
        ledger.retry_due().await;
        assert!(!ledger.is_checking());
        assert_eq!(ledger.prepare_retry(&[]).await, Some((0, true)));
        assert!(ledger.recover(entry()).await);
        assert!(ledger.is_working());
        ledger.close().await;
    }

    #[tokio::test]
    async fn entries_that_are_lost_stay_counted_after_the_ledger_can_be_written_again() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("silkrate.db");
        std::fs::write(&path, "no ledger").unwrap();
        let ledger = BufferedLedger::open_if_possible(Some(path.clone()), ClockKind::Replay);
        let mut ledger = ledger.unwrap().retried_after(Duration::ZERO);
        let counts = ledger.counts();
        assert_eq!((counts.failures.get(), counts.lost_entries.get()), (1, 0));
        for _ in 0..UNSAVED_MAX + 2 {
            ledger.append(entry()).await;
        }
        assert_eq!((counts.failures.get(), counts.lost_entries.get()), (1, 2));
        assert_eq!(ledger.prepare_retry(&[]).await, None);
        assert_eq!(counts.failures.get(), 2);

        std::fs::remove_file(&path).unwrap();
        assert_eq!(ledger.prepare_retry(&[]).await, None);
        ledger.retry_due().await;
        assert_eq!(ledger.prepare_retry(&[]).await, Some((0, true)));
        assert!(ledger.recover(entry()).await);
        ledger.report_health();
        assert_eq!(ledger.health().borrow().unsaved, 0);
        assert_eq!((counts.failures.get(), counts.lost_entries.get()), (2, 2));
        ledger.close().await;
    }
}
