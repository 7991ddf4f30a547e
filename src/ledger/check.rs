//! Checks whether a ledger could be opened, without opening it for writing.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::ledger::error::of_system;
use crate::ledger::{ClockKind, LedgerError, open};

/// Checks that a ledger of this clock could be opened at a path, or created there: its folder is writable, and the file, if
/// there is one, is a ledger of this version or an earlier one. Nothing is changed, but a file is created beside the ledger
/// and removed again.
///
/// # Errors
/// What [`Ledger::open`](crate::ledger::Ledger::open) would report.
pub fn check(path: &Path, clock: ClockKind) -> Result<(), LedgerError> {
    let failed = |error: &io::Error| of_system(path, error);
    let folder = folder(path).map_err(|error| failed(&error))?;
    if path.is_dir() {
        return Err(failed(&io::Error::from(ErrorKind::IsADirectory)));
    }
    is_writable(&folder).map_err(|error| failed(&error))?;
    match File::options().read(true).write(true).open(path) {
        Ok(_writable) => open::check(path, clock),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(&error)),
    }
}

/// The folder of a file.
fn folder(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let folder = path.parent().unwrap_or(&path).to_owned();
    if fs::metadata(&folder)?.is_dir() {
        Ok(folder)
    } else {
        let reason = format!("{} is not a folder", folder.display());
        Err(io::Error::other(reason))
    }
}

/// Whether a file can be created in a folder: the rights of the user alone do not tell, since the file system may be mounted
/// for reading.
fn is_writable(folder: &Path) -> io::Result<()> {
    let probe = folder.join(format!(".silkrate-check-{}", std::process::id()));
    File::create_new(&probe)?;
    fs::remove_file(&probe)
}
