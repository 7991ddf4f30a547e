//! What the ledger of a replica does beside: it has the entries of a log that replicas share.

use crate::commit::buffered_ledger::{BufferedLedger, Unsaved};
use crate::domain::{LedgerEntry, LogStep};
use crate::ledger;
use crate::ledger::LedgerError;

impl BufferedLedger {
    /// Sets that the entries are those of a log that replicas share.
    #[must_use]
    pub fn sharing_log(mut self) -> Self {
        self.shares_log = true;
        self
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
        self.reopen()?;
        self.report_health();
        Ok(())
    }

    /// Writes the entry of a record of a log that replicas share, or buffers it. No epoch begins if it cannot be written: the log has it.
    pub async fn append_record(&mut self, entry: LedgerEntry, step: LogStep) {
        let step = Some(step);
        if self.write_or_buffer(Unsaved { entry, step }).await.is_err() {
            tracing::debug!("an entry of the shared log is buffered");
        }
    }

    /// The same for several records, which are written together.
    pub async fn append_records(&mut self, records: Vec<(LedgerEntry, LogStep)>) {
        if let (None, Some(open)) = (&self.failure, &self.open) {
            let begun = std::time::Instant::now();
            let writing = open.ledger.append_records(records.clone());
            let written = match &self.disk {
                Some(disk) => disk.write(self.path.as_deref(), writing).await,
                None => writing.await,
            };
            self.counts.appends.observe(begun.elapsed());
            match written {
                Ok(()) => return,
                Err(error) => self.fail(error, None),
            }
        }
        for (entry, step) in records {
            self.append_record(entry, step).await;
        }
    }
}
