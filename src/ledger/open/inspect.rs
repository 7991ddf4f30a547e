//! Inspects the first bytes of a file before SQLite opens it, because SQLite itself would recover, lock or convert it.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::ops::Range;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::ledger::LedgerError;
use crate::ledger::error::{StorageError, of_system};
use crate::ledger::lock_file::beside;
use crate::ledger::open::APPLICATION_ID;

/// How a database file begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The length of the header of a database file. Its layout is part of SQLite's file format, which does not change.
const HEADER_BYTES: u64 = 100;
/// The size of its pages, in two bytes; 1 stands for 65 536.
const PAGE_SIZE: Range<usize> = 16..18;
/// The write and read versions: 1 with a rollback journal, 2 with a write-ahead log.
const FORMAT_VERSIONS: Range<usize> = 18..20;
/// The number of its pages, in four bytes.
const PAGE_COUNT: Range<usize> = 28..32;
/// The application id, in four bytes.
const APPLICATION: Range<usize> = 68..72;

/// Inspects a file without changing it. Refuses a file that is not a ledger, and a ledger that is evidently truncated.
/// A file that does not exist or is empty may become a ledger.
pub(super) fn inspect(path: &Path, label: &Path) -> Result<(), LedgerError> {
    let (header, length) = match header(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(of_system(label, &error)),
    };
    if length == 0 {
        return Ok(());
    }
    let foreign = |detail: &str| {
        Err(LedgerError::Foreign {
            path: label.to_owned(),
            detail: detail.to_owned(),
        })
    };
    let corrupt = |detail: &str| StorageError::Corrupt(detail.to_owned()).of(label);
    if !header.starts_with(MAGIC) {
        return foreign("it is not an SQLite database, or its first page is damaged");
    }
    let (Some(id), Some(page_size), Some(page_count), Some(versions)) = (
        header.get(APPLICATION),
        header.get(PAGE_SIZE),
        header.get(PAGE_COUNT),
        header.get(FORMAT_VERSIONS),
    ) else {
        return Err(corrupt("it ends within its header"));
    };
    if number(id) != APPLICATION_ID {
        // Another program's database may be in use or need recovery: only one at rest can be found empty.
        let at_rest = versions == [1, 1] && !beside(path, "-journal").exists();
        let empty =
            number(id) == 0 && at_rest && has_nothing(path).map_err(|failure| failure.of(label))?;
        return if empty {
            Ok(())
        } else {
            foreign("it is an SQLite database of another program")
        };
    }
    if !versions.iter().all(|version| (1..=2).contains(version)) {
        return Err(corrupt("its header is damaged"));
    }
    // SQLite extends a file that ends within a page. If a log lies beside the file, the page may be in the log. So it is with
    // a rollback journal: the file was killed in its first transaction, before it had a log, and SQLite undoes it.
    let length_of = |suffix| fs::metadata(beside(path, suffix)).map_or(0, |file| file.len());
    let log = length_of("-wal").max(length_of("-journal"));
    let page_size = match number(page_size) {
        1 => 65_536,
        size => u64::try_from(size).unwrap_or(0),
    };
    if log == 0 && length.checked_rem(page_size) != Some(0) {
        return Err(corrupt("it ends within a page"));
    }
    let pages = u64::try_from(number(page_count)).unwrap_or(u64::MAX);
    if log == 0 && length < pages.saturating_mul(page_size) {
        return Err(corrupt("its last pages are missing"));
    }
    Ok(())
}

/// The first bytes of a file, fewer if it is shorter, and its length.
fn header(path: &Path) -> io::Result<(Vec<u8>, u64)> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut header = Vec::new();
    file.take(HEADER_BYTES).read_to_end(&mut header)?;
    Ok((header, length))
}

/// Big-endian bytes as a number.
fn number(bytes: &[u8]) -> i64 {
    bytes
        .iter()
        .fold(0, |number, byte| (number << 8) | i64::from(*byte))
}

/// Whether a database at rest has no table, view or anything else.
fn has_nothing(path: &Path) -> Result<bool, StorageError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let objects: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    Ok(objects == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_lacks_pages_is_refused_unless_a_log_or_a_journal_may_have_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("silkrate.db");
        let connection = Connection::open(&path).unwrap();
        connection
            .pragma_update(None, "application_id", APPLICATION_ID)
            .unwrap();
        connection
            .execute_batch("CREATE TABLE one (a); CREATE TABLE two (a);")
            .unwrap();
        drop(connection);
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(2 * 4096).unwrap();
        assert!(inspect(&path, &path).is_err(), "its third page is missing");
        for suffix in ["-wal", "-journal"] {
            let other = beside(&path, suffix);
            fs::write(&other, "pages").unwrap();
            assert!(inspect(&path, &path).is_ok(), "{suffix}");
            fs::remove_file(other).unwrap();
        }
    }
}
