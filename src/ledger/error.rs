//! What can go wrong with the ledger, in words that tell what to do.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

use crate::ledger::ClockKind;

/// Why the ledger cannot be opened, written or read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LedgerError {
    /// There is no room. It passes when room is made: the entry can be appended again.
    #[error("the ledger {} cannot grow ({reason}); nothing of the entry was written: make room on its disk", .path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// It may not be written.
    #[error("the ledger {} cannot be written ({reason}); give this user the right to write the file and its folder, or set store.path to another place", .path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// It is damaged: cut off, overwritten, or edited by hand.
    #[error("the ledger {} is damaged: {detail}; put back a copy, or move the file away and start with an empty one", .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where and how.
        detail: String,
    },
    /// It is no ledger of ours; it was not touched.
    #[error("{} is not a ledger of silkrate ({detail}) and was left as it is; set store.path to another file", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        detail: String,
    },
    /// A newer version of silkrate wrote it.
    #[error("the ledger {} was written by a newer version of silkrate (schema version {found}, this version supports up to {known}); upgrade silkrate, or set store.path to another file", .path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The newest version that is known here.
        known: i64,
    },
    /// It was written under the other kind of clock: its dates would lie to this one.
    #[error("the ledger {} was written under {kept}, and this run is under {asked}; set store.path to another file, or {}", .path.display(), remedy(*.asked))]
    OtherClock {
        /// The file.
        path: PathBuf,
        /// The clock of its entries.
        kept: ClockKind,
        /// The clock of this run.
        asked: ClockKind,
    },
    /// Another silkrate has it.
    #[error("another silkrate writes to {}; stop it, or set store.path to another file", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The path names another file than the one that is open, or none: what is written would be lost.
    #[error("the ledger {} was moved away or replaced while it was in use; what is there now is used instead", .path.display())]
    Moved {
        /// The file.
        path: PathBuf,
    },
    /// So many wait for an answer that one more is turned away. It passes.
    #[error("the ledger {} has more questions waiting than it can answer in time", .path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Another program keeps it locked. It passes: the entry can be appended again.
    #[error("another program keeps the ledger {} locked; nothing of the entry was written: close that program", .path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The entry contradicts what is written: a fault of the program, not of the file.
    #[error("the ledger {} refuses an entry: {reason}; nothing of it was written. This is a fault in silkrate: please report it", .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The contradiction.
        reason: String,
    },
    /// The ledger is closed already.
    #[error("the ledger {} is closed", .path.display())]
    Closed {
        /// The file.
        path: PathBuf,
    },
    /// Anything else the system says.
    #[error("the ledger {} cannot be used: {reason}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
}

fn remedy(asked: ClockKind) -> &'static str {
    match asked {
        ClockKind::Real => "set the [clock] it was written under",
        ClockKind::Replay => "leave out [clock]",
    }
}

/// What went wrong, before it is known in which file.
#[derive(Debug)]
pub(super) enum StorageError {
    /// The library says so.
    Sqlite(rusqlite::Error),
    /// A stored row makes no sense.
    Corrupt(String),
    /// An entry makes no sense after the one before.
    Refused(String),
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl StorageError {
    /// The same, said of a file.
    pub(super) fn of(self, path: &Path) -> LedgerError {
        let path = path.to_owned();
        match self {
            Self::Corrupt(detail) => LedgerError::Corrupt { path, detail },
            Self::Refused(reason) => LedgerError::Refused { path, reason },
            Self::Sqlite(error) => of_sqlite(path, &error),
        }
    }
}

fn of_sqlite(path: PathBuf, error: &rusqlite::Error) -> LedgerError {
    let reason = error.to_string();
    let Some(code) = error.sqlite_error_code() else {
        // No failed call: what was read is not what was written.
        return LedgerError::Corrupt {
            path,
            detail: reason,
        };
    };
    match code {
        ErrorCode::DiskFull => LedgerError::Full { path, reason },
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => LedgerError::ReadOnly { path, reason },
        // The last one is what SQLite says of a statement that does not fit the schema. Ours do, so the file does not.
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown => {
            LedgerError::Corrupt {
                path,
                detail: reason,
            }
        }
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed => LedgerError::Locked { path },
        ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig => {
            LedgerError::Refused { path, reason }
        }
        _ => LedgerError::Io { path, reason },
    }
}

/// What the system says of a file, said of the ledger.
pub(super) fn of_system(path: &Path, error: &io::Error) -> LedgerError {
    let (path, reason) = (path.to_owned(), error.to_string());
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            LedgerError::ReadOnly { path, reason }
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => LedgerError::Full { path, reason },
        _ => LedgerError::Io { path, reason },
    }
}
