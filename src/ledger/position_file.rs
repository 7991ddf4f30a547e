//! The position file beside the ledger records the last position that was written. With it, an older copy of the ledger
//! that is put in its place is detected, and a new epoch begins.
//!
//! It is replaced as a whole: a kill leaves the position before or the new one. It is written after the entry, so it may
//! be behind the ledger, and never ahead of it.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::Position;
use crate::ledger::error::StorageError;
use crate::ledger::lock_file::{beside, lock_path};

/// The most bytes that are read: an epoch and a revision are some forty.
const BYTES_MAX: u64 = 256;

/// The position file of a ledger.
#[derive(Debug)]
pub(super) struct PositionFile {
    path: PathBuf,
    /// The file that is written before it is renamed.
    new: PathBuf,
    recorded: Recorded,
}

/// What was recorded before the ledger was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Recorded {
    /// The last position, or one before it.
    Position(Position),
    /// A position was to be recorded when the process was killed.
    Interrupted,
    /// Nothing: the ledger is new, or the file was removed.
    Nothing,
}

impl PositionFile {
    /// Reads the position file beside a ledger. Where there is none, the lock file is read: versions of silkrate before
    /// schema version 3 recorded the position there. It must be called before the lock file is created.
    pub(super) fn read(ledger: &Path) -> Self {
        let path = beside(ledger, ".position");
        let recorded = match read(&path) {
            Recorded::Nothing => read(&lock_path(ledger)),
            recorded => recorded,
        };
        Self {
            new: beside(ledger, ".position.new"),
            path,
            recorded,
        }
    }

    /// Whether a ledger contains everything up to the recorded position, so that its epoch may go on.
    pub(super) fn is_in(&self, connection: &Connection) -> Result<bool, StorageError> {
        let Position { epoch, revision } = match &self.recorded {
            Recorded::Position(position) => position,
            Recorded::Interrupted => return Ok(true),
            Recorded::Nothing => return Ok(false),
        };
        // The newest entry answers it, unless the process was killed after the first entry of a new epoch.
        let found = connection.query_row(
            "SELECT 1 FROM entries WHERE epoch = ?1 AND revision >= ?2 ORDER BY entry DESC LIMIT 1",
            params![&**epoch, i64::try_from(*revision).unwrap_or(i64::MAX)],
            |_row| Ok(()),
        );
        Ok(found.optional()?.is_some())
    }

    /// Makes an empty file beside a ledger without entries, unless there is one: a kill between the first entry and its
    /// position then leaves an interrupted recording, and not none.
    pub(super) fn begin(&self) {
        if let Err(error) = File::options().create(true).append(true).open(&self.path) {
            tracing::debug!(%error, path = %self.path.display(), "could not make the position file");
        }
    }

    /// Records the last position that was written. If that fails, the file keeps an earlier position.
    pub(super) fn record(&self, position: &Position) {
        if let Err(error) = self.replace(position) {
            tracing::warn!(%error, path = %self.path.display(), "could not record the position of the ledger; an older copy of it might not be detected");
        }
    }

    fn replace(&self, position: &Position) -> io::Result<()> {
        let mut new = File::create(&self.new)?;
        writeln!(new, "{} {}", position.epoch, position.revision)?;
        // Without this, a power cut may leave the new name with no content.
        new.sync_all()?;
        fs::rename(&self.new, &self.path)
    }
}

/// Reads what a file records.
fn read(path: &Path) -> Recorded {
    match read_text(path) {
        Ok(text) => match parse(&text) {
            Some(position) => Recorded::Position(position),
            None if text.trim().is_empty() => Recorded::Interrupted,
            None => Recorded::Nothing,
        },
        Err(error) => {
            if error.kind() != ErrorKind::NotFound {
                tracing::warn!(%error, path = %path.display(), "could not read the last position of the ledger");
            }
            Recorded::Nothing
        }
    }
}

fn read_text(path: &Path) -> io::Result<String> {
    use io::Read;
    let mut text = String::new();
    File::open(path)?
        .take(BYTES_MAX)
        .read_to_string(&mut text)?;
    Ok(text)
}

fn parse(text: &str) -> Option<Position> {
    let (epoch, revision) = text.trim_end().split_once(' ')?;
    Some(Position {
        epoch: epoch.into(),
        revision: revision.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(revision: u64) -> Position {
        Position {
            epoch: "first".into(),
            revision,
        }
    }

    #[test]
    fn a_position_replaces_the_one_before_it_and_leaves_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("silkrate.db");
        let file = PositionFile::read(&ledger);
        assert_eq!(file.recorded, Recorded::Nothing);
        for revision in [9, 10] {
            file.record(&position(revision));
            let found = PositionFile::read(&ledger).recorded;
            assert_eq!(found, Recorded::Position(position(revision)));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_new_file_counts_as_interrupted_and_an_old_one_is_not_emptied() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("silkrate.db");
        let file = PositionFile::read(&ledger);
        file.begin();
        assert_eq!(PositionFile::read(&ledger).recorded, Recorded::Interrupted);
        file.record(&position(9));
        file.begin();
        let found = PositionFile::read(&ledger).recorded;
        assert_eq!(found, Recorded::Position(position(9)));
    }

    #[test]
    fn a_position_that_cannot_be_replaced_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("silkrate.db");
        let file = PositionFile::read(&ledger);
        file.record(&position(9));
        fs::create_dir(&file.new).unwrap();
        file.record(&position(10));
        let found = PositionFile::read(&ledger).recorded;
        assert_eq!(found, Recorded::Position(position(9)));
    }

    #[test]
    fn the_lock_file_of_an_earlier_version_is_read_until_there_is_a_position_file() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("silkrate.db");
        let recorded = || PositionFile::read(&ledger).recorded;
        fs::write(lock_path(&ledger), "first 7\n").unwrap();
        assert_eq!(recorded(), Recorded::Position(position(7)));
        // It was emptied before each write.
        fs::write(lock_path(&ledger), "").unwrap();
        assert_eq!(recorded(), Recorded::Interrupted);
        PositionFile::read(&ledger).record(&position(8));
        assert_eq!(recorded(), Recorded::Position(position(8)));
    }

    #[test]
    fn an_empty_position_file_is_an_interrupted_write_and_another_text_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("silkrate.db");
        let recorded = || PositionFile::read(&ledger).recorded;
        for (text, expected) in [
            ("", Recorded::Interrupted),
            ("first", Recorded::Nothing),
            ("first x", Recorded::Nothing),
            ("first 7", Recorded::Position(position(7))),
        ] {
            fs::write(beside(&ledger, ".position"), text).unwrap();
            assert_eq!(recorded(), expected, "{text:?}");
        }
    }
}
