//! Opens the file: checks that it is a ledger, locks it, migrates its schema, and verifies its newest entries. How long
//! that takes does not depend on the size of the file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};

use crate::domain::Position;
use crate::ledger::error::{StorageError, of_system};
use crate::ledger::lock_file::LockFile;
use crate::ledger::position_file::PositionFile;
use crate::ledger::read::log;
use crate::ledger::{ClockKind, LedgerError, digest};

mod inspect;

/// The application id that marks a database as a ledger: `silk` in ASCII. `file` and `sqlite3` show it.
const APPLICATION_ID: i64 = 0x7369_6c6b;
/// The migrations of the schema. The first leads from an empty file to version 1, each of the others from one version to
/// the next. New ones are added at the end; the statements of existing ones never change, their comments may.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("schema/version-1.sql"),
    include_str!("schema/version-2.sql"),
    include_str!("schema/version-3.sql"),
    include_str!("schema/version-4.sql"),
    include_str!("schema/version-5.sql"),
];
/// The first version that keeps digests of tables.
const DIGESTS_SINCE: i64 = 3;
/// How long to wait for another program's lock, such as that of an interactive `sqlite3`: longer than any statement
/// takes, and shorter than the time-out of a bank's response.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of the file each connection keeps in memory, in KiB: several times what one entry touches. A query takes no longer than
/// with the two MiB that SQLite keeps by itself, since the system keeps the file in memory, too. One connection writes and up to
/// four read: together they take 2.5 MiB, however large the file grows.
const CACHE_KIB: i32 = 512;
/// How many of the newest entries are verified when the file is opened: a crash damages the newest. The whole file is
/// checked while it is in use.
const ENTRIES_COUNTED: i64 = 256;
/// The number of ledgers in memory so far: each has its own name.
static IN_MEMORY: AtomicU64 = AtomicU64::new(0);

/// The location of a ledger.
#[derive(Debug, Clone)]
pub(super) struct Location {
    /// The path as it was given, for messages.
    pub(super) label: Arc<Path>,
    target: Target,
}

#[derive(Debug, Clone)]
enum Target {
    File(Arc<Path>),
    /// A name that all connections of this process share.
    Memory(Arc<str>),
}

/// The purpose of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
}

impl Location {
    /// The location of a path, or of a ledger in memory.
    pub(super) fn of(path: Option<&Path>) -> Result<Self, LedgerError> {
        let Some(path) = path else {
            let number = IN_MEMORY.fetch_add(1, Ordering::Relaxed);
            return Ok(Self {
                label: Path::new(":memory:").into(),
                target: Target::Memory(format!("file:/silkrate-{number}?vfs=memdb").into()),
            });
        };
        // An absolute path begins with a slash, so SQLite does not read a file name as a URI.
        let absolute = std::path::absolute(path).map_err(|error| of_system(path, &error))?;
        Ok(Self {
            label: path.into(),
            target: Target::File(absolute.into()),
        })
    }

    /// Opens a connection with the common settings.
    pub(super) fn connect(&self, access: Access) -> Result<Connection, LedgerError> {
        self.try_connect(access)
            .map_err(|failure| failure.of(&self.label))
    }

    fn try_connect(&self, access: Access) -> Result<Connection, StorageError> {
        let flags = match access {
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        } | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match &self.target {
            Target::File(path) => Connection::open_with_flags(path, flags)?,
            Target::Memory(name) => {
                Connection::open_with_flags(&**name, flags | OpenFlags::SQLITE_OPEN_URI)?
            }
        };
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // A negative number is one of KiB, and not of pages.
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        Ok(connection)
    }
}

/// An open ledger.
#[derive(Debug)]
pub(super) struct Opened {
    /// The writing connection.
    pub(super) connection: Connection,
    /// The files beside it; none in memory.
    pub(super) beside: Option<Beside>,
    /// Whether its epoch may go on.
    pub(super) continues: bool,
    /// Whether its last entry is that of a record of a log that replicas share.
    pub(super) follows_log: bool,
}

/// The files beside a ledger.
#[derive(Debug)]
pub(super) struct Beside {
    /// Keeps other processes away while it lives.
    pub(super) lock: LockFile,
    pub(super) position: PositionFile,
}

/// Opens the writing connection to a ledger of silkrate with this clock. Migrates an older schema; refuses a newer one and a
/// damaged file.
pub(super) fn open(location: &Location, clock: ClockKind) -> Result<Opened, LedgerError> {
    let Target::File(path) = &location.target else {
        let mut connection = location.connect(Access::Write)?;
        prepare(&mut connection, location, clock)?;
        return Ok(Opened {
            connection,
            beside: None,
            continues: true,
            follows_log: false,
        });
    };
    // An existing lock file is taken first: its holder may be in the middle of a write. Otherwise the file is inspected
    // first, so that no lock file is made beside a file that is not a ledger.
    let early = LockFile::exists(path).then(|| LockFile::take(path, &location.label));
    let early = early.transpose()?;
    inspect::inspect(path, &location.label)?;
    let position = PositionFile::read(path);
    let mut lock = match early {
        Some(lock) => lock,
        None => LockFile::take(path, &location.label)?,
    };
    let mut connection = location.connect(Access::Write)?;
    prepare(&mut connection, location, clock)?;
    let continues =
        continues(&connection, &position).map_err(|failure| failure.of(&location.label))?;
    let follows_log =
        log::follows_one(&connection).map_err(|failure| failure.of(&location.label))?;
    lock.identify();
    lock.describe();
    Ok(Opened {
        connection,
        beside: Some(Beside { lock, position }),
        continues,
        follows_log,
    })
}

/// Refuses a file that is not a ledger. The file is not changed.
pub(super) fn inspect(path: &Path) -> Result<(), LedgerError> {
    inspect::inspect(path, path)
}

/// Whether a ledger continues from the recorded position. Its newest position is then recorded again, because the lock file
/// of an earlier version is no longer read once it is described.
fn continues(connection: &Connection, recorded: &PositionFile) -> Result<bool, StorageError> {
    let newest = connection.query_row(
        "SELECT epoch, revision FROM entries ORDER BY entry DESC LIMIT 1",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    );
    let newest: Option<(String, i64)> = newest.optional()?;
    let Some((epoch, revision)) = newest else {
        recorded.begin();
        return Ok(true);
    };
    let continues = recorded.is_in(connection)?;
    if continues {
        recorded.record(&Position {
            epoch: epoch.into(),
            revision: u64::try_from(revision).unwrap_or_default(),
        });
    }
    Ok(continues)
}

/// Prepares the writing connection: migrates the schema, switches to a write-ahead log, and verifies the clock and the
/// newest entries.
pub(super) fn prepare(
    connection: &mut Connection,
    location: &Location,
    clock: ClockKind,
) -> Result<(), LedgerError> {
    let label = &location.label;
    let with_path = |failure: StorageError| failure.of(label);
    if connection
        .is_readonly("main")
        .map_err(|error| with_path(error.into()))?
    {
        return Err(LedgerError::ReadOnly {
            path: PathBuf::from(&**label),
            reason: "it opens for reading alone".to_owned(),
        });
    }
    let kept = suitable_clock(connection, location, clock)?;
    migrate(connection, MIGRATIONS).map_err(with_path)?;
    mend_digests(connection).map_err(with_path)?;
    configure(connection, location).map_err(with_path)?;
    if kept.is_none() {
        connection
            .execute(
                "INSERT INTO ledger (id, clock) VALUES (1, ?1)",
                [clock.as_str()],
            )
            .map_err(|error| with_path(error.into()))?;
    }
    check_newest(connection).map_err(with_path)
}

/// Refuses a file of a newer version and one of the other clock. Returns the clock of its entries, if it has any. Nothing is
/// changed: a file of the other clock must not be migrated.
fn suitable_clock(
    connection: &Connection,
    location: &Location,
    clock: ClockKind,
) -> Result<Option<ClockKind>, LedgerError> {
    let label = &location.label;
    let with_path = |failure: StorageError| failure.of(label);
    let found = version(connection).map_err(with_path)?;
    let supported = supported_version(MIGRATIONS);
    if found > supported {
        return Err(LedgerError::NewerSchema {
            path: PathBuf::from(&**label),
            found,
            supported,
        });
    }
    let kept = kept_clock(connection, found).map_err(with_path)?;
    if let Some(kept) = kept.filter(|kept| *kept != clock) {
        return Err(LedgerError::OtherClock {
            path: PathBuf::from(&**label),
            kept,
            used: clock,
        });
    }
    Ok(kept)
}

/// Checks that an existing file could be opened, without opening it for writing.
pub(super) fn check(path: &Path, clock: ClockKind) -> Result<(), LedgerError> {
    let location = Location::of(Some(path))?;
    // The lock is released at once: it tells whether another process has the file.
    let lock = LockFile::exists(path).then(|| LockFile::take(path, &location.label));
    drop(lock.transpose()?);
    inspect::inspect(path, &location.label)?;
    let connection = location.connect(Access::Read)?;
    suitable_clock(&connection, &location, clock).map(|_kept| ())
}

/// Configures durability and the write-ahead log. The schema comes first: the file must be marked as a ledger before
/// anything of it can lie in the log beside it.
fn configure(connection: &Connection, location: &Location) -> Result<(), StorageError> {
    // Every commit reaches the disk before it is acknowledged; any lower setting may lose the newest ones in a power
    // cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    if let Target::File(_) = location.target {
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if mode != "wal" {
            return Err(StorageError::Sqlite(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR),
                Some(format!(
                    "its file system allows no write-ahead log (journal mode {mode})"
                )),
            )));
        }
    }
    Ok(())
}

fn version(connection: &Connection) -> Result<i64, StorageError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn supported_version(migrations: &[&str]) -> i64 {
    i64::try_from(migrations.len()).unwrap_or(i64::MAX)
}

/// Migrates the schema to the newest version, in one transaction.
pub(super) fn migrate(
    connection: &mut Connection,
    migrations: &[&str],
) -> Result<(), StorageError> {
    let found = version(connection)?;
    let supported = supported_version(migrations);
    if found == supported {
        return Ok(());
    }
    let done = usize::try_from(found)
        .map_err(|_negative| StorageError::Corrupt(format!("its version is {found}")))?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in migrations.iter().skip(done) {
        transaction.execute_batch(migration)?;
    }
    if found < DIGESTS_SINCE && supported >= DIGESTS_SINCE {
        digest::fill(&transaction)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", supported)?;
    transaction.commit()?;
    Ok(())
}

/// Brings the digests up to date that an earlier version wrote.
fn mend_digests(connection: &mut Connection) -> Result<(), StorageError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    digest::mend(&transaction)?;
    transaction.commit()?;
    Ok(())
}

/// The clock recorded in a file of some schema version; `None` if the file is new.
fn kept_clock(connection: &Connection, version: i64) -> Result<Option<ClockKind>, StorageError> {
    if version == 0 {
        return Ok(None);
    }
    let kept = connection.query_row("SELECT clock FROM ledger", [], |row| row.get(0));
    let Some(kept): Option<String> = kept.optional()? else {
        // The process ended between the migration and this row.
        return Ok(None);
    };
    [ClockKind::Real, ClockKind::Replay]
        .into_iter()
        .find(|kind| kind.as_str() == kept)
        .map(Some)
        .ok_or_else(|| StorageError::Corrupt(format!("the table ledger names the clock `{kept}`")))
}

/// Verifies that the newest entries are whole.
fn check_newest(connection: &Connection) -> Result<(), StorageError> {
    let mut statement = connection.prepare(
        "SELECT entry, fixings, (SELECT count(*) FROM fixings WHERE fixings.entry = entries.entry)
         FROM entries ORDER BY entry DESC LIMIT ?1",
    )?;
    let mut rows = statement.query([ENTRIES_COUNTED])?;
    while let Some(row) = rows.next()? {
        let (entry, recorded, found): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if recorded != found {
            return Err(StorageError::Corrupt(format!(
                "entry {entry} should have {recorded} fixings and has {found}"
            )));
        }
    }
    Ok(())
}
