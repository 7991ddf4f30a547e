//! What the ledger of a replica does beside: it has the entries of a log that replicas share.

use std::sync::Arc;

use crate::commit::LedgerEnd;
use crate::commit::buffered_ledger::{BufferedLedger, Lacking, Unsaved, readable};
use crate::domain::{LedgerEntry, LogStep};
use crate::ledger;
use crate::ledger::{KeepName, LedgerError};

impl BufferedLedger {
    /// Sets that the entries are those of a log that replicas share.
    #[must_use]
    pub fn sharing_log(mut self) -> Self {
        self.shares_log = true;
        self
    }

    /// Sets how many entries are buffered at most.
    #[must_use]
    pub fn buffering(mut self, unsaved_max: usize) -> Self {
        self.unsaved_max = unsaved_max;
        self
    }

    /// Whether it lacks records of the log, or will when it can be written again.
    pub(in crate::commit) fn lacks_records(&self) -> bool {
        self.lacking.is_some()
    }

    /// Notes that it lacks a record of the log.
    pub(super) fn note_lacking(&mut self, seq: u64) {
        let lacking = self.lacking.get_or_insert(Lacking {
            next: seq,
            newest: seq,
        });
        lacking.newest = lacking.newest.max(seq);
    }

    /// The facts of the entries after a number, oldest first, at most `limit` of them.
    pub(in crate::commit) async fn entries(
        &self,
        after: u64,
        limit: u32,
        keep: KeepName,
    ) -> Result<Vec<LedgerEntry>, LedgerError> {
        match self.reader() {
            Some(reader) => reader.entries(after, limit, keep).await,
            None => Ok(Vec::new()),
        }
    }

    /// Where it ends, if it can be written and lacks records of the log.
    pub(in crate::commit) async fn end_of_lacking(&mut self, log: Arc<str>) -> Option<LedgerEnd> {
        if self.lacking.is_none() || self.failure.is_some() {
            return None;
        }
        let reader = self.reader()?;
        let place = readable(reader.restore_log(log).await)?;
        let last = readable(reader.restore().await)?;
        let end = place.zip(last.map(|last| last.position));
        let seq = end.as_ref().map_or(0, |(place, _)| place.seq);
        if let Some(lacking) = &mut self.lacking {
            lacking.next = seq.saturating_add(1);
        }
        Some(LedgerEnd(end))
    }

    /// Writes the next of the records that it lacks. Returns whether it lacks more, and takes them.
    pub(in crate::commit) async fn fill(
        &mut self,
        mut records: Vec<(LedgerEntry, LogStep)>,
    ) -> bool {
        // The log may be ahead of what has been appended or followed here: what is newer is written when it comes to that.
        let newest = self.lacking.map_or(0, |lacking| lacking.newest);
        records.retain(|(_, step)| step.seq <= newest);
        let (first, last) = (records.first(), records.last());
        let (Some((_, first)), Some((_, last))) = (first, last) else {
            return false;
        };
        let (first, last) = (first.seq, last.seq);
        // It may have been set aside meanwhile, or its disk may be full again.
        let is_next = self.lacking.is_some_and(|lacking| lacking.next == first);
        if !is_next || self.failure.is_some() {
            return false;
        }
        if let Err(error) = self.write_records(records).await {
            self.fail(error, None);
            return false;
        }
        let next = last.saturating_add(1);
        self.lacking = self.lacking.map(|lacking| Lacking { next, ..lacking });
        let is_filled = self
            .lacking
            .take_if(|lacking| lacking.next > lacking.newest);
        if is_filled.is_some() {
            tracing::info!(
                seq = last,
                "the ledger has every record of the shared log again"
            );
        }
        self.lacking.is_some()
    }

    /// Withholds the ledger from queries, or no longer.
    pub(in crate::commit) fn withhold(&mut self, is_withheld: bool) {
        if self.is_withheld != is_withheld {
            self.is_withheld = is_withheld;
            self.tell_readers();
        }
    }

    /// Sets the file aside, under its name and `.aside-<seq>`, and opens an empty one in its place.
    ///
    /// # Errors
    /// The error of the disk. The file is opened again then.
    pub(in crate::commit) async fn set_aside(&mut self, seq: u64) -> Result<(), LedgerError> {
        self.close_file().await;
        if let Some(path) = &self.path {
            match ledger::set_aside(path, seq) {
                Ok(aside) => tracing::warn!(
                    ledger = %path.display(),
                    aside = %aside.display(),
                    "the ledger is set aside: it has entries that the shared log does not have"
                ),
                Err(error) => {
                    self.reopen()?;
                    return Err(error);
                }
            }
        }
        self.failure = None;
        self.lacking = None;
        self.reopen()?;
        self.report_health();
        Ok(())
    }

    /// Writes the entry of a record of a log that replicas share, or buffers it; one behind records that it lacks is read from the
    /// log with them. No epoch begins if it cannot be written: the log has it.
    pub async fn append_record(&mut self, entry: LedgerEntry, step: LogStep) {
        if self.lacking.is_some() {
            self.note_lacking(step.seq);
            return;
        }
        let step = Some(step);
        if self.write_or_buffer(Unsaved { entry, step }).await.is_err() {
            tracing::debug!("an entry of the shared log is buffered");
        }
    }

    /// The same for several records, which are written together.
    pub async fn append_records(&mut self, records: Vec<(LedgerEntry, LogStep)>) {
        if self.lacking.is_none() && self.failure.is_none() && self.open.is_some() {
            match self.write_records(records.clone()).await {
                Ok(()) => return,
                Err(error) => self.fail(error, None),
            }
        }
        for (entry, step) in records {
            self.append_record(entry, step).await;
        }
    }

    async fn write_records(&self, records: Vec<(LedgerEntry, LogStep)>) -> Result<(), LedgerError> {
        let Some(open) = &self.open else {
            return Ok(());
        };
        let begun = std::time::Instant::now();
        let writing = open.ledger.append_records(records);
        let written = match &self.disk {
            Some(disk) => disk.write(self.path.as_deref(), writing).await,
            None => writing.await,
        };
        self.counts.appends.observe(begun.elapsed());
        written
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use tempfile::TempDir;

    use super::*;
    use crate::domain::{Cause, Fingerprint, Position};
    use crate::ledger::ClockKind;

    fn record(seq: u64) -> (LedgerEntry, LogStep) {
        let position = Position {
            epoch: "epoch".into(),
            revision: seq,
        };
        let entry = LedgerEntry::empty(position, Timestamp::UNIX_EPOCH, Cause::Clock);
        let step = LogStep {
            log: "main".into(),
            seq,
            chain: Fingerprint::of_text(&seq.to_string()),
            is_whole: seq == 1,
            shown: Vec::new(),
        };
        (entry, step)
    }

    #[tokio::test]
    async fn a_record_that_the_log_has_before_it_was_taken_is_written_in_its_turn() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("silkrate.db");
        std::fs::write(&path, "no ledger").unwrap();
        let ledger = BufferedLedger::open_if_possible(Some(path.clone()), ClockKind::Replay);
        let ledger = ledger.unwrap().retried_after(Duration::ZERO);
        let mut ledger = ledger.sharing_log().buffering(1);
        for (entry, step) in (1..=3).map(record) {
            ledger.append_record(entry, step).await;
        }
        std::fs::remove_file(&path).unwrap();
        ledger.retry_due().await;
        assert_eq!(ledger.prepare_retry(&[]).await, None);
        ledger.retry_due().await;
        assert_eq!(ledger.prepare_retry(&[]).await, Some((0, true)));
        assert!(ledger.catch_up().await);
        assert!(ledger.end_of_lacking("main".into()).await.is_some());

        let lacks_more = ledger.fill((2..=4).map(record).collect()).await;
        assert!(!lacks_more && !ledger.lacks_records());
        for (entry, step) in (4..=5).map(record) {
            ledger.append_record(entry, step).await;
            assert!(ledger.is_working(), "{:?}", ledger.failure());
        }
        ledger.close().await;
    }
}
