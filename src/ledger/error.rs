//! The errors of the ledger. Each message says what to do.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

use crate::ledger::ClockKind;

/// Why the ledger cannot be opened, written or read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LedgerError {
    /// The disk is full. The entry can be appended again once there is room.
    #[error("the ledger {} cannot grow ({reason}); nothing of the entry was written: make room on its disk", .path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        reason: String,
    },
    /// The file or its folder is not writable.
    #[error("the ledger {} cannot be written ({reason}); give this user the right to write the file and its folder, or set store.path to another place", .path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        reason: String,
    },
    /// There is no folder for the file.
    #[error("the folder of {} does not exist; create it, or set store.path to another place", .path.display())]
    NoFolder {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged: truncated, overwritten, or edited by hand.
    #[error("the ledger {} is damaged: {detail}; put back a copy, or move the file away and start with an empty one", .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where and how it is damaged.
        detail: String,
    },
    /// The file is not a ledger of silkrate. It was not changed.
    #[error("{} is not a ledger of silkrate ({detail}) and was left as it is; set store.path to another file", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        detail: String,
    },
    /// A newer version of silkrate wrote it.
    #[error("the ledger {} was written by a newer version of silkrate (schema version {found}, this version supports up to {supported}); upgrade silkrate, put the copy from before the upgrade in its place, or set store.path to another file", .path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The newest supported version.
        supported: i64,
    },
    /// The file was written under the other kind of clock, so its dates do not fit this one.
    #[error("the ledger {} was written under {kept}, and this run uses {used}; set store.path to another file, or {}", .path.display(), remedy(*.used))]
    OtherClock {
        /// The file.
        path: PathBuf,
        /// The clock of its entries.
        kept: ClockKind,
        /// The clock of this run.
        used: ClockKind,
    },
    /// Another silkrate process has the file open.
    #[error("the ledger {} is in use by another silkrate process; stop it, or set store.path to another file", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The path no longer names the file that is open; what is written to that would be lost.
    #[error("the ledger {} was moved away or replaced while it was in use; the file that is at this path now is opened", .path.display())]
    Moved {
        /// The file.
        path: PathBuf,
    },
    /// Too many queries wait. The error is temporary.
    #[error("the ledger {} has too many queries waiting", .path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Another program holds a lock on the file. The error is temporary: the entry can be appended again.
    #[error("another program keeps the ledger {} locked; nothing of the entry was written: close that program", .path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The entry contradicts the ledger: a defect of silkrate, not of the file.
    #[error("the ledger {} refuses an entry: {reason}; nothing of it was written. This is a fault in silkrate: please report it", .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The contradiction.
        reason: String,
    },
    /// The ledger is closed.
    #[error("the ledger {} is closed", .path.display())]
    Closed {
        /// The file.
        path: PathBuf,
    },
    /// Any other error of the system.
    #[error("the ledger {} cannot be used: {reason}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        reason: String,
    },
}

fn remedy(used: ClockKind) -> &'static str {
    match used {
        ClockKind::Real => "add the [clock] section it was written with",
        ClockKind::Replay => "remove the [clock] section",
    }
}

/// An error that does not name the file yet.
#[derive(Debug)]
pub enum StorageError {
    /// An error of SQLite.
    Sqlite(rusqlite::Error),
    /// A stored row is not valid.
    Corrupt(String),
    /// An entry does not follow the one before.
    Refused(String),
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl StorageError {
    /// The same error, with the file.
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
        // No call failed: a stored value has another type than the one that was written.
        return LedgerError::Corrupt {
            path,
            detail: reason,
        };
    };
    match code {
        ErrorCode::DiskFull => LedgerError::Full { path, reason },
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => LedgerError::ReadOnly { path, reason },
        // `Unknown` is reported for a statement that does not fit the schema. The program's statements do, so the file
        // is damaged.
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

/// An error of the file system as an error of the ledger.
pub(super) fn of_system(path: &Path, error: &io::Error) -> LedgerError {
    let (path, reason) = (path.to_owned(), error.to_string());
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            LedgerError::ReadOnly { path, reason }
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => LedgerError::Full { path, reason },
        ErrorKind::NotFound => LedgerError::NoFolder { path },
        ErrorKind::IsADirectory => LedgerError::Foreign {
            path,
            detail: "it is a folder".to_owned(),
        },
        _ => LedgerError::Io { path, reason },
    }
}
