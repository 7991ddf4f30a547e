//! The ledger of the commit task, with a buffer for the time in which it cannot be written: entries are kept in memory, in
//! order. Serving never waits for the disk.

mod in_log;
mod retry;
mod simulated_disk;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
pub use simulated_disk::SimulatedDisk;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::commit::buffered_ledger::simulated_disk::at_one_instant;
use crate::commit::{LedgerHealth, LedgerIsFile};
use crate::domain::{DocumentKey, LedgerEntry, LogStep, RevisionPolicy, Table};
use crate::ledger::{ClockKind, Ledger, LedgerError, LedgerReader};
use crate::telemetry::LedgerCounts;

/// How long after a failure the ledger is tried again. Full disks are not cleared within seconds, and the entries of a
/// minute are few.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// How long after the start the whole file is checked: the first clients are answered by then.
const CHECK_AFTER: Duration = Duration::from_secs(1);
/// The maximum number of entries in the buffer: months of them. Beyond that the oldest are dropped and the log says so; of a log
/// that replicas share the newest are, to be read from it.
const UNSAVED_MAX: usize = 4096;

/// The ledger, and the buffer of entries that are not written yet.
#[derive(Debug)]
pub struct BufferedLedger {
    path: Option<PathBuf>,
    clock: ClockKind,
    open: Option<Open>,
    /// The failure that keeps the ledger from being written; `None` if there is none.
    failure: Option<Failure>,
    retry_after: Duration,
    /// The reading end for queries.
    readers: watch::Sender<Option<LedgerReader>>,
    health: watch::Sender<LedgerHealth>,
    counts: Arc<LedgerCounts>,
    /// Whether the log that replicas share decides when an epoch begins.
    shares_log: bool,
    /// The disk of a simulation.
    disk: Option<SimulatedDisk>,
    /// Whether queries find no ledger: it has a part of what its replica reads from the log, and the rest is still to come.
    is_withheld: bool,
    /// The most entries in the buffer.
    unsaved_max: usize,
    /// The records of the log that replicas share which it lacks: they did not fit into the buffer, and are read from the log.
    lacking: Option<Lacking>,
}

/// Records that a ledger lacks: all from one on.
#[derive(Debug, Clone, Copy)]
struct Lacking {
    /// The first of them.
    next: u64,
    /// The newest one that there is.
    newest: u64,
}

#[derive(Debug)]
struct Open {
    ledger: Ledger,
    /// The reading end of the commit task, which does not wait behind queries.
    reader: LedgerReader,
    /// The one of queries.
    of_queries: LedgerReader,
}

#[derive(Debug)]
struct Failure {
    error: LedgerError,
    unsaved: VecDeque<Unsaved>,
    /// The number of entries that were dropped from the buffer.
    lost: usize,
    /// Whether the file must be opened again before it is written: it may have been replaced.
    reopen: bool,
    retry_at: Instant,
    /// The check of the file that was opened again, while it runs.
    check: JoinSet<Result<(), LedgerError>>,
    /// Its result.
    checked: Option<Result<(), LedgerError>>,
}

/// An entry that is not written yet.
#[derive(Debug, Clone)]
struct Unsaved {
    entry: LedgerEntry,
    /// Its place in a log that replicas share, if it has one.
    step: Option<LogStep>,
}

impl BufferedLedger {
    /// Opens the ledger.
    pub fn open(path: Option<PathBuf>, clock: ClockKind) -> Result<Self, LedgerError> {
        let mut ledger = Self::closed(path, clock);
        ledger.reopen()?;
        Ok(ledger)
    }

    /// Opens the ledger if that is possible; otherwise the service runs from memory until it is. It is an error only if
    /// the settings are wrong: another process has the file, or it was written under the other kind of clock.
    pub fn open_if_possible(path: Option<PathBuf>, clock: ClockKind) -> Result<Self, LedgerError> {
        let mut ledger = Self::closed(path, clock);
        match ledger.reopen() {
            Ok(()) => {}
            Err(error @ (LedgerError::InUse { .. } | LedgerError::OtherClock { .. })) => {
                return Err(error);
            }
            Err(error) => ledger.fail(error, None),
        }
        Ok(ledger)
    }

    fn closed(path: Option<PathBuf>, clock: ClockKind) -> Self {
        Self {
            path,
            clock,
            open: None,
            failure: None,
            retry_after: RETRY_AFTER,
            readers: watch::Sender::new(None),
            health: watch::Sender::default(),
            counts: Arc::default(),
            shares_log: false,
            disk: None,
            is_withheld: false,
            unsaved_max: UNSAVED_MAX,
            lacking: None,
        }
    }

    /// Sets the time after which a failed ledger is tried again.
    #[must_use]
    pub fn retried_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = retry_after;
        if let Some(failure) = &mut self.failure {
            failure.retry_at = Instant::now() + retry_after;
        }
        self
    }

    fn reopen(&mut self) -> Result<(), LedgerError> {
        let (ledger, of_queries) = Ledger::open(self.path.as_deref(), self.clock)?;
        let mut reader = of_queries.for_commits()?;
        if self.disk.is_some() {
            reader = reader.on_this_thread();
        }
        self.open = Some(Open {
            ledger,
            reader,
            of_queries,
        });
        self.tell_readers();
        Ok(())
    }

    fn tell_readers(&self) {
        let open = self.open.as_ref().filter(|_| !self.is_withheld);
        self.readers
            .send_replace(open.map(|open| open.of_queries.clone()));
    }

    /// Replaces a ledger in memory by an empty one.
    pub(super) async fn begin_anew(&mut self) -> Result<(), LedgerIsFile> {
        if self.path.is_some() {
            return Err(LedgerIsFile);
        }
        let before = self.open.take();
        // The new ledger is opened before the old one is closed, so that every query finds one.
        if let Err(error) = self.reopen() {
            self.fail(error, None);
        }
        if let Some(before) = before {
            before.ledger.close().await;
        }
        Ok(())
    }

    /// Closes the file, after the entries in its queue are written.
    pub async fn close(mut self) {
        let unsaved = self
            .failure
            .as_ref()
            .map_or(0, |failure| failure.unsaved.len());
        if unsaved > 0 {
            tracing::error!(
                unsaved,
                "entries that could not be written to the ledger are lost"
            );
        }
        self.close_file().await;
    }

    async fn close_file(&mut self) {
        self.readers.send_replace(None);
        if let Some(open) = self.open.take() {
            let closed = open.ledger.close();
            match &self.disk {
                Some(_simulated) => at_one_instant(closed),
                None => closed.await,
            }
        }
    }

    /// The reading end of the commit task.
    pub(super) fn reader(&self) -> Option<&LedgerReader> {
        self.open.as_ref().map(|open| &open.reader)
    }

    /// The reading end for queries, while the ledger is open.
    pub fn readers(&self) -> watch::Receiver<Option<LedgerReader>> {
        self.readers.subscribe()
    }

    /// How the ledger is, as last reported.
    pub(super) fn health(&self) -> watch::Receiver<LedgerHealth> {
        self.health.subscribe()
    }

    /// What it counts.
    pub(super) fn counts(&self) -> Arc<LedgerCounts> {
        Arc::clone(&self.counts)
    }

    /// Reports how the ledger is now.
    pub(super) fn report_health(&self) {
        let failure = self.failure.as_ref();
        let health = failure.map(|failure| LedgerHealth {
            error: Some(failure.error.to_string()),
            unsaved: failure.unsaved.len(),
        });
        let health = health.unwrap_or_default();
        self.health.send_if_modified(|known| {
            let is_new = *known != health;
            *known = health;
            is_new
        });
    }

    /// Whether entries are written.
    pub fn is_working(&self) -> bool {
        self.failure.is_none()
    }

    /// Whether the ledger has everything that was served from it, so that its epoch may go on.
    pub(super) fn continues(&self) -> bool {
        let open = self.open.as_ref();
        open.is_some_and(|open| {
            open.ledger.continues() && (self.shares_log || !open.ledger.follows_log())
        })
    }

    /// The failure that keeps entries from being written.
    pub(super) fn failure(&self) -> Option<&LedgerError> {
        self.failure.as_ref().map(|failure| &failure.error)
    }

    /// The file; empty if the ledger is in memory.
    pub(super) fn path(&self) -> String {
        let path = self.path.as_ref();
        path.map(|path| path.display().to_string())
            .unwrap_or_default()
    }

    /// Writes an entry, or buffers it if the ledger cannot be written. At the first failure this returns the name of a
    /// new epoch, because earlier positions can no longer be resumed.
    pub async fn append(&mut self, entry: LedgerEntry) -> Option<String> {
        let unsaved = Unsaved { entry, step: None };
        let Err(failed) = self.write_or_buffer(unsaved).await else {
            return None;
        };
        failed.then(super::epoch_name::new_epoch_name)
    }

    /// Writes an entry, and counts how long that took.
    async fn write(&self, open: &Open, unsaved: Unsaved) -> Result<(), LedgerError> {
        let begun = std::time::Instant::now();
        let Unsaved { entry, step } = unsaved;
        let writing = async {
            match step {
                Some(step) => open.ledger.append_record(entry, step).await,
                None => open.ledger.append(entry).await,
            }
        };
        let written = match &self.disk {
            Some(disk) => disk.write(self.path.as_deref(), writing).await,
            None => writing.await,
        };
        self.counts.appends.observe(begun.elapsed());
        written
    }

    /// The tables of a document around a date: `tables` before it and as many after.
    pub(super) async fn around(
        &self,
        key: DocumentKey,
        revision_policy: RevisionPolicy,
        date: Date,
        tables: usize,
    ) -> Option<Vec<Table>> {
        let reader = self.reader()?;
        let before = readable(reader.newest_dates(key, date, tables).await)?;
        let after = readable(reader.oldest_dates(key, date, tables).await)?;
        let first = before.first().unwrap_or(&date);
        let last = after.last().unwrap_or(&date);
        readable(reader.tables(key, revision_policy, *first, *last).await)
    }

    /// The error of a check of the whole file; it waits forever if there is none. The check runs beside the service.
    pub(super) fn damage(&self) -> impl Future<Output = LedgerError> + use<> {
        let reader = self.reader().filter(|_| self.path.is_some()).cloned();
        async move {
            if let Some(reader) = reader {
                tokio::time::sleep(CHECK_AFTER).await;
                match reader.check().await {
                    Ok(()) => tracing::debug!("checked the whole ledger"),
                    Err(error @ LedgerError::Corrupt { .. }) => return error,
                    Err(error) => tracing::warn!(%error, "could not check the whole ledger"),
                }
            }
            std::future::pending().await
        }
    }

    /// Stops writing to a ledger that is damaged, until it is repaired or replaced.
    pub(super) async fn mark_damaged(&mut self, error: LedgerError) {
        self.close_file().await;
        match &mut self.failure {
            Some(failure) => {
                self.counts.failures.increment();
                failure.error = error;
            }
            None => self.fail(error, None),
        }
        self.report_health();
        if let Some(failure) = &mut self.failure {
            failure.reopen = true;
        }
    }

    fn fail(&mut self, error: LedgerError, unsaved: Option<Unsaved>) {
        tracing::error!(%error, "the ledger cannot be written; entries are buffered in memory");
        self.counts.failures.increment();
        self.failure = Some(Failure {
            reopen: needs_reopening(&error),
            error,
            unsaved: unsaved.into_iter().collect(),
            lost: 0,
            retry_at: Instant::now() + self.retry_after,
            check: JoinSet::new(),
            checked: None,
        });
        self.report_health();
    }
}

/// Whether an error is resolved by another file in place of the open one.
fn needs_reopening(error: &LedgerError) -> bool {
    !matches!(
        error,
        LedgerError::Full { .. }
            | LedgerError::ReadOnly { .. }
            | LedgerError::Locked { .. }
            | LedgerError::Refused { .. }
    )
}

/// What the ledger answered; an error is logged.
pub(super) fn readable<T>(answer: Result<T, LedgerError>) -> Option<T> {
    answer
        .inspect_err(|error| tracing::warn!(%error, "could not read the ledger"))
        .ok()
}
