//! The ledger: all that was ever published, and every step of the state, in one SQLite file that only grows.
//!
//! ```text
//! commit ─▶ Ledger ─▶ (queue) ─▶ one thread ─▶ file ─▶ LedgerReader ─▶ whoever asks for history
//! ```
//!
//! An [`LedgerEntry`] is one transaction: after [`Ledger::append`] has returned, all of it survives a power cut; before,
//! none of it is there. Reads have connections of their own and never wait for a write, nor make one wait.
//!
//! `ledger/schema/` documents the tables, one file for each version of the schema. The file can be read with `sqlite3`:
//! `SELECT * FROM current_fixings WHERE date = '2026-04-02' AND currency = 'USD'`. A ledger of an older version is
//! migrated when it is opened, in one transaction; one of a newer version is refused.
//!
//! *Chose* one OS thread that owns the writing connection, *over* a pool of tasks: SQLite has one writer at a time
//! anyway, and a write that waits for a slow disk holds up nobody but who awaits it.
//!
#![doc = include_str!("ledger/README.md")]

mod error;
mod lock_file;
mod open;
mod read;
mod write;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use error::LedgerError;
pub use read::{FixingRecord, FixingsPage, LedgerReader};
use tokio::sync::{mpsc, oneshot};

use crate::domain::{LedgerEntry, Position};

/// Entries that may wait for the disk. The one who appends awaits each, so more than a few would mean that it does not.
const QUEUE_MAX: usize = 16;

/// Whose time the entries bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockKind {
    /// That of the machine.
    Real,
    /// That of a replay.
    Replay,
}

impl ClockKind {
    /// Its name in the file.
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

/// The writing end. There is one for a file, in one process.
///
/// When it is dropped, the thread works off what waits and then lets go of the file; [`Ledger::close`] awaits that.
#[derive(Debug)]
pub struct Ledger {
    label: Arc<Path>,
    sender: mpsc::Sender<Append>,
    /// The last position that was noted beside the file before it was opened; none for a ledger in memory.
    noted: Noted,
    /// Fails when the thread has let go of the file.
    ended: oneshot::Receiver<Infallible>,
}

/// What is known, beside the file, of who wrote it last.
#[derive(Debug)]
enum Noted {
    /// There is no file.
    InMemory,
    /// The last position written; none when nobody knows.
    Beside(Option<Position>),
}

/// An entry, and where the answer goes.
#[derive(Debug)]
struct Append {
    entry: LedgerEntry,
    answer: oneshot::Sender<Result<(), LedgerError>>,
}

impl Ledger {
    /// Opens the ledger of a path, or makes it; without a path it is kept in memory and gone with the process.
    ///
    /// It blocks for as long as the disk takes, and takes a lock beside the file (`<path>.lock`) until it is closed.
    pub fn open(
        path: Option<&Path>,
        clock: ClockKind,
    ) -> Result<(Self, LedgerReader), LedgerError> {
        let place = open::Location::of(path)?;
        let (connection, mut lock) = open::open(&place, clock)?;
        let noted = lock
            .as_mut()
            .map_or(Noted::InMemory, |lock| Noted::Beside(lock.noted()));
        let reader = LedgerReader::new(place.clone())?;
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let (end, ended) = oneshot::channel();
        let label = Arc::clone(&place.label);
        let work = move || {
            write::run(connection, receiver, &place.label, lock.as_mut());
            drop(lock);
            drop(end);
        };
        std::thread::Builder::new()
            .name("ledger".into())
            .spawn(work)
            .map_err(|error| error::of_system(&label, &error))?;
        let ledger = Self {
            label,
            sender,
            noted,
            ended,
        };
        Ok((ledger, reader))
    }

    /// Whether a position, read from the file, is the last one that was ever served from it: an older copy that was put in
    /// its place is behind what was noted beside it, and readers may hold positions that it knows nothing of.
    pub fn continues(&self, position: &Position) -> bool {
        match &self.noted {
            Noted::InMemory => true,
            Noted::Beside(noted) => noted.as_ref().is_some_and(|noted| {
                // The note is written after the entry: a crash between the two leaves it one behind.
                noted.epoch == position.epoch && noted.revision <= position.revision
            }),
        }
    }

    /// Writes an entry. When this returns, it is on the disk.
    ///
    /// Rows whose current figure says the same are left out; a row that says something else is linked to the one whose
    /// place it takes. After an error nothing of the entry is there, and the same entry may be appended again.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] where the entry's revision lies before the last one, or its epoch has ended; what the
    /// disk says.
    pub async fn append(&self, entry: LedgerEntry) -> Result<(), LedgerError> {
        let (answer, answered) = oneshot::channel();
        let closed = || LedgerError::Closed {
            path: PathBuf::from(&*self.label),
        };
        self.sender
            .send(Append { entry, answer })
            .await
            .map_err(|_closed| closed())?;
        answered.await.map_err(|_closed| closed())?
    }

    /// Works off what waits and lets go of the file.
    pub async fn close(self) {
        drop(self.sender);
        match self.ended.await {
            Ok(never) => match never {},
            Err(_ended) => {}
        }
    }
}
