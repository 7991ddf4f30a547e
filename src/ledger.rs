//! The ledger: every published row and every step of the state, in one append-only SQLite file.
//!
//! ```text
//! commit ─▶ Ledger ─▶ (queue) ─▶ one thread ─▶ file ─▶ LedgerReader ─▶ queries
//! ```
//!
//! A [`LedgerEntry`] is one transaction. After [`Ledger::append`] has returned, all of it survives a power cut; before,
//! none of it is there. Reads have their own connections; they never wait for a write, nor does a write wait for them.
//!
//! `ledger/schema/` documents the tables, one file for each version of the schema. The file can be read with `sqlite3`:
//! `SELECT * FROM current_fixings WHERE date = '2026-04-02' AND currency = 'USD'`. A ledger of an older version is
//! migrated when it is opened, in one transaction; one of a newer version is refused.
//!
//! *Chose* one OS thread that owns the writing connection, *over* a pool of tasks: SQLite has one writer at a time
//! anyway, and a write to a slow disk blocks only the task that awaits it.
//!
#![doc = include_str!("ledger/README.md")]

mod error;
mod lock_file;
mod position_file;
mod digest;
mod open;
mod check;
mod backup;
mod aside;
mod read;
mod write;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, TrySendError};

pub use aside::set_aside;
pub use backup::{Backup, BackupError, back_up, copy_database};
pub use check::check;
pub use error::{LedgerError, StorageError};
pub use read::{
    FixingRecord, FixingsPage, KeepName, LedgerReader, LedgerState, PartialTable, QUERIES_MAX,
};
use tokio::sync::oneshot;

use crate::domain::{LedgerEntry, LogStep};
use crate::ledger::open::Opened;

/// The maximum number of entries that wait for the disk. The commit task awaits each of them, so there are never more
/// than a few; another one is refused.
const QUEUE_MAX: usize = 16;

/// The clock whose times the entries bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockKind {
    /// The machine's clock.
    Real,
    /// The clock of a replay.
    Replay,
}

impl ClockKind {
    /// The name in the file.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Replay => "replay",
        }
    }
}

impl fmt::Display for ClockKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Real => "the real clock",
            Self::Replay => "the clock of a replay",
        })
    }
}

/// The writing end. There is one for each file, in one process.
///
/// When it is dropped, its thread writes the queued entries and closes the file; [`Ledger::close`] awaits that.
#[derive(Debug)]
pub struct Ledger {
    label: Arc<Path>,
    sender: mpsc::SyncSender<Append>,
    continues: bool,
    follows_log: bool,
    /// Fails when the thread has closed the file.
    ended: oneshot::Receiver<Infallible>,
}

/// Entries that are written together, and the channel for the result.
#[derive(Debug)]
struct Append {
    /// Each with its place in a log that replicas share, if there is one.
    entries: Vec<(LedgerEntry, Option<LogStep>)>,
    answer: oneshot::Sender<Result<(), LedgerError>>,
}

impl Ledger {
    /// Opens the ledger at a path, or creates it. Without a path it is kept in memory and lost with the process.
    ///
    /// It blocks on the disk, and holds the lock file (`<path>.lock`) until it is closed. The time that it takes does not
    /// depend on the size of the file: [`LedgerReader::check`] reads all of it.
    pub fn open(
        path: Option<&Path>,
        clock: ClockKind,
    ) -> Result<(Self, LedgerReader), LedgerError> {
        let location = open::Location::of(path)?;
        let Opened {
            connection,
            beside,
            continues,
            follows_log,
        } = open::open(&location, clock)?;
        let reader = LedgerReader::new(location.clone())?;
        let (sender, receiver) = mpsc::sync_channel(QUEUE_MAX);
        let (end, ended) = oneshot::channel();
        let label = Arc::clone(&location.label);
        let work = move || {
            write::run(
                connection,
                &receiver,
                &location.label,
                beside.as_ref(),
                write::FOLD_AFTER,
            );
            drop(beside);
            drop(end);
        };
        std::thread::Builder::new()
            .name("ledger".into())
            .spawn(work)
            .map_err(|error| error::of_system(&label, &error))?;
        let ledger = Self {
            label,
            sender,
            continues,
            follows_log,
            ended,
        };
        Ok((ledger, reader))
    }

    /// Whether the file has everything that was served from it before it was opened. An older copy put in its place has
    /// not: it is behind the position file (`<path>.position`), and clients may hold positions that it does not know.
    pub fn continues(&self) -> bool {
        self.continues
    }

    /// Whether the last entry of the file, when it was opened, was that of a record of a log that replicas share. A service that
    /// runs alone must not go on with its epoch: other replicas may.
    pub fn follows_log(&self) -> bool {
        self.follows_log
    }

    /// Writes an entry. When this returns, the entry is on the disk.
    ///
    /// Rows that equal the current ones are left out; a row that differs is linked to the one it supersedes. After an
    /// error nothing of the entry is written, and it may be appended again.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] if the entry's revision is below the last one or its epoch has ended,
    /// [`LedgerError::Busy`] if too many entries wait; otherwise the error of the disk or of SQLite.
    pub async fn append(&self, entry: LedgerEntry) -> Result<(), LedgerError> {
        self.append_all(vec![(entry, None)]).await
    }

    /// The same for the entry of a record of a log that replicas share, with its place in that log.
    ///
    /// # Errors
    /// Those of [`Ledger::append`]; [`LedgerError::Refused`] also if the record does not follow the last one.
    pub async fn append_record(
        &self,
        entry: LedgerEntry,
        step: LogStep,
    ) -> Result<(), LedgerError> {
        self.append_all(vec![(entry, Some(step))]).await
    }

    /// The same for several records, in their order: all of them are written, or none. The disk is waited for once.
    ///
    /// # Errors
    /// Those of [`Ledger::append_record`].
    pub async fn append_records(
        &self,
        records: Vec<(LedgerEntry, LogStep)>,
    ) -> Result<(), LedgerError> {
        let entries = records.into_iter();
        let entries = entries.map(|(entry, step)| (entry, Some(step)));
        self.append_all(entries.collect()).await
    }

    async fn append_all(
        &self,
        entries: Vec<(LedgerEntry, Option<LogStep>)>,
    ) -> Result<(), LedgerError> {
        let (answer, answered) = oneshot::channel();
        let path = || PathBuf::from(&*self.label);
        let queued = self.sender.try_send(Append { entries, answer });
        queued.map_err(|refused| match refused {
            TrySendError::Full(_entry) => LedgerError::Busy { path: path() },
            TrySendError::Disconnected(_entry) => LedgerError::Closed { path: path() },
        })?;
        answered
            .await
            .map_err(|_closed| LedgerError::Closed { path: path() })?
    }

    /// Writes the queued entries, folds the write-ahead log into the file, and closes it: a copy of the file is complete.
    pub async fn close(self) {
        drop(self.sender);
        match self.ended.await {
            Ok(never) => match never {},
            Err(_ended) => {}
        }
    }
}
