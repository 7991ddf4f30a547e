//! Copies of a ledger and of the databases beside it: whole, made while the service runs or when it is stopped.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use thiserror::Error;

use crate::domain::Position;
use crate::ledger::LedgerError;
use crate::ledger::error::{StorageError, of_system};
use crate::ledger::lock_file::beside;
use crate::ledger::open::{Access, BUSY_TIMEOUT, Location};

/// The ending of a copy that is not finished.
const UNFINISHED: &str = ".unfinished";

/// A finished copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The last position that it has; `None` if the ledger has no entry.
    pub position: Option<Position>,
    /// The number of published rows.
    pub fixings: u64,
    /// Its size.
    pub bytes: u64,
}

/// Why a ledger, or another database, was not copied.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// There is no ledger.
    #[error("there is no ledger at {}", .path.display())]
    NoLedger {
        /// The path.
        path: PathBuf,
    },
    /// A database that is not a ledger cannot be read.
    #[error("{} cannot be copied: {reason}", .path.display())]
    Source {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The target exists. It was not changed.
    #[error("{} exists and was left as it is; name a new file", .path.display())]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// Another backup to the same file has not ended.
    #[error("{} is the unfinished copy of another backup; if none is running, remove it", .path.display())]
    Unfinished {
        /// The unfinished copy.
        path: PathBuf,
    },
    /// The target cannot be written.
    #[error("{} cannot be written: {error}", .path.display())]
    Target {
        /// The target.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
    /// The copy differs from what was copied. It was removed.
    #[error("the copy {} is not whole: {detail}; it was removed", .path.display())]
    NotWhole {
        /// The target.
        path: PathBuf,
        /// How it differs.
        detail: String,
    },
}

/// Copies the ledger at a path into a new file: the state of one moment, with what is still in the write-ahead log. A
/// service that uses the ledger goes on. The copy is checked before it gets its name.
///
/// It blocks on the disk.
pub fn back_up(ledger: &Path, target: &Path) -> Result<Backup, BackupError> {
    match fs::metadata(ledger) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(BackupError::NoLedger {
                path: ledger.to_owned(),
            });
        }
        Err(error) => return Err(of_system(ledger, &error).into()),
        Ok(_found) => super::open::inspect(ledger)?,
    }
    into_new_file(target, |unfinished| copy(ledger, unfinished, target))
}

/// Copies a database that is not a ledger into a new file, as [`back_up`] copies a ledger. Returns the size of the copy.
///
/// It blocks on the disk.
pub fn copy_database(file: &Path, target: &Path) -> Result<u64, BackupError> {
    let of_source = |error: &dyn ToString| BackupError::Source {
        path: file.to_owned(),
        reason: error.to_string(),
    };
    into_new_file(target, |unfinished| {
        // An absolute path begins with a slash, so SQLite does not read a file name as a URI.
        let absolute = std::path::absolute(file).map_err(|error| of_source(&error))?;
        // A write that a crash cut off is rolled back, for which the file must be writable.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let source =
            Connection::open_with_flags(absolute, flags).map_err(|error| of_source(&error))?;
        let waits = source.busy_timeout(BUSY_TIMEOUT);
        waits.map_err(|error| of_source(&error))?;
        let (_copy, bytes) = vacuum(&source, |error| of_source(&error), unfinished, target)?;
        Ok(bytes)
    })
}

/// Makes a new file under another name, and gives it its name when it is finished.
fn into_new_file<T>(
    target: &Path,
    copy: impl FnOnce(&Path) -> Result<T, BackupError>,
) -> Result<T, BackupError> {
    if target.symlink_metadata().is_ok() {
        return Err(BackupError::Exists {
            path: target.to_owned(),
        });
    }
    // An absolute path begins with a slash, so SQLite does not read a file name as a URI.
    let absolute = std::path::absolute(target).map_err(of_target(target))?;
    let unfinished = beside(&absolute, UNFINISHED);
    File::create_new(&unfinished).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => BackupError::Unfinished {
            path: unfinished.clone(),
        },
        _ => of_target(target)(error),
    })?;
    let copied = copy(&unfinished).and_then(|copied| {
        name(&unfinished, target)?;
        Ok(copied)
    });
    if copied.is_err() {
        drop(fs::remove_file(&unfinished));
    }
    copied
}

fn of_target(target: &Path) -> impl Fn(io::Error) -> BackupError {
    |error| BackupError::Target {
        path: target.to_owned(),
        error,
    }
}

/// Copies, and checks the copy.
fn copy(ledger: &Path, unfinished: &Path, target: &Path) -> Result<Backup, BackupError> {
    let source = Location::of(Some(ledger))?.connect(Access::Read)?;
    let of_ledger = |failure: StorageError| BackupError::from(failure.of(ledger));
    let before = summary(&source).map_err(of_ledger)?;
    let of_source = |error| of_ledger(StorageError::from(error));
    let (copy, bytes) = vacuum(&source, of_source, unfinished, target)?;
    let copied = summary(&copy).map_err(of_ledger)?;
    if copied.entry < before.entry || copied.fixings < before.fixings {
        return Err(BackupError::NotWhole {
            path: target.to_owned(),
            detail: "entries of the ledger are missing".to_owned(),
        });
    }
    Ok(Backup {
        position: copied.position,
        fixings: copied.fixings,
        bytes,
    })
}

/// Copies a database, and checks the copy. Returns it, and its size.
fn vacuum(
    source: &Connection,
    of_source: impl Fn(rusqlite::Error) -> BackupError,
    unfinished: &Path,
    target: &Path,
) -> Result<(Connection, u64), BackupError> {
    // It reads one state of the database, as of its beginning, and writers go on meanwhile.
    let name = unfinished
        .to_str()
        .ok_or_else(|| of_target(target)(io::Error::other("its path is not valid UTF-8")))?;
    source
        .execute("VACUUM INTO ?1", [name])
        .map_err(of_source)?;
    let file = File::open(unfinished).map_err(of_target(target))?;
    file.sync_all().map_err(of_target(target))?;
    let bytes = file.metadata().map_err(of_target(target))?.len();
    let not_whole = |detail: String| BackupError::NotWhole {
        path: target.to_owned(),
        detail,
    };
    let copy = Location::of(Some(unfinished)).and_then(|copy| copy.connect(Access::Read));
    let copy = copy.map_err(|error| not_whole(error.to_string()))?;
    let checked: String = copy
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| not_whole(error.to_string()))?;
    if checked != "ok" {
        return Err(not_whole(checked));
    }
    Ok((copy, bytes))
}

/// Gives the finished copy its name, unless a file has that name by now.
fn name(unfinished: &Path, target: &Path) -> Result<(), BackupError> {
    match fs::hard_link(unfinished, target) {
        Ok(()) => fs::remove_file(unfinished).map_err(of_target(target))?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(BackupError::Exists {
                path: target.to_owned(),
            });
        }
        // The file system has no second names.
        Err(_unsupported) => rename_to_new(unfinished, target)?,
    }
    let folder = target.parent().filter(|folder| *folder != Path::new(""));
    let folder = File::open(folder.unwrap_or(Path::new(".")));
    if let Err(error) = folder.and_then(|folder| folder.sync_all()) {
        tracing::debug!(%error, "could not write the folder of the copy to the disk");
    }
    Ok(())
}

/// Renames the finished copy, unless a file has that name by now. A rename alone would replace that file, so the name is
/// taken first, by an empty file that only this backup made.
fn rename_to_new(unfinished: &Path, target: &Path) -> Result<(), BackupError> {
    File::create_new(target).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => BackupError::Exists {
            path: target.to_owned(),
        },
        _ => of_target(target)(error),
    })?;
    fs::rename(unfinished, target).map_err(|error| {
        drop(fs::remove_file(target));
        of_target(target)(error)
    })
}

/// What a ledger has.
struct Summary {
    entry: i64,
    position: Option<Position>,
    fixings: u64,
}

fn summary(connection: &Connection) -> Result<Summary, StorageError> {
    let newest = connection
        .query_row(
            "SELECT entry, epoch, revision FROM entries ORDER BY entry DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let newest: Option<(i64, String, i64)> = newest;
    let fixings: i64 =
        connection.query_row("SELECT count(*) FROM fixings", [], |row| row.get(0))?;
    Ok(Summary {
        entry: newest.as_ref().map_or(0, |(entry, ..)| *entry),
        position: newest.map(|(_, epoch, revision)| Position {
            epoch: epoch.into(),
            revision: u64::try_from(revision).unwrap_or_default(),
        }),
        fixings: u64::try_from(fixings).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_hard_links_a_file_of_the_name_is_left_as_it_is_and_a_new_name_is_taken() {
        let folder = tempfile::TempDir::new().unwrap();
        let [unfinished, target] = ["copy", "target"].map(|name| folder.path().join(name));
        fs::write(&unfinished, "copy").unwrap();
        fs::write(&target, "other").unwrap();
        let refused = rename_to_new(&unfinished, &target).unwrap_err();
        assert!(matches!(refused, BackupError::Exists { .. }), "{refused}");
        assert_eq!(fs::read_to_string(&target).unwrap(), "other");
        fs::remove_file(&target).unwrap();
        rename_to_new(&unfinished, &target).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "copy");
        assert!(!unfinished.exists());
        rename_to_new(&unfinished, &folder.path().join("none")).unwrap_err();
        assert!(
            !folder.path().join("none").exists(),
            "no empty file is left"
        );
    }
}
