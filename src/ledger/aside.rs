//! Sets a ledger aside that a replica cannot go on with. Nothing of it is lost: it can be opened under its new name.

use std::path::{Path, PathBuf};

use crate::ledger::LedgerError;
use crate::ledger::error::of_system;
use crate::ledger::lock_file::beside;

/// The files of a closed ledger: the database, its logs if the last one was not folded in, and the last position.
const FILES: [&str; 4] = ["", "-wal", "-shm", ".position"];
/// How many ledgers are set aside under one number: an operator reads of each in the log.
const SAME_MAX: u32 = 100;

/// Gives the files of a closed ledger other names: that of the ledger with `.aside-<seq>` behind it. Returns the new path.
///
/// # Errors
/// The error of the disk.
pub fn set_aside(path: &Path, seq: u64) -> Result<PathBuf, LedgerError> {
    let names = (1..SAME_MAX).map(|number| match number {
        1 => format!(".aside-{seq}"),
        _ => format!(".aside-{seq}-{number}"),
    });
    let mut names = names.map(|suffix| beside(path, &suffix));
    let aside = names.find(|name| !name.exists());
    let aside = aside.unwrap_or_else(|| beside(path, &format!(".aside-{seq}")));
    for suffix in FILES {
        let (from, to) = (beside(path, suffix), beside(&aside, suffix));
        match std::fs::rename(&from, &to) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(of_system(path, &error)),
        }
    }
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{ClockKind, Ledger};

    #[tokio::test]
    async fn a_ledger_that_is_set_aside_is_whole_under_its_new_name() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("silkrate.db");
        for expected in ["silkrate.db.aside-7", "silkrate.db.aside-7-2"] {
            let (ledger, reader) = Ledger::open(Some(&path), ClockKind::Real).unwrap();
            drop(reader);
            ledger.close().await;
            let aside = set_aside(&path, 7).unwrap();
            assert_eq!(aside, folder.path().join(expected));
            assert!(!path.exists());
            let (ledger, reader) = Ledger::open(Some(&aside), ClockKind::Real).unwrap();
            assert_eq!(reader.restore().await.unwrap(), None);
            drop(reader);
            ledger.close().await;
        }
    }
}
