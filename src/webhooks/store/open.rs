//! Opens the file of webhooks, and brings one of an earlier version up to date.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{StoreError, of};

/// The application id that marks a database as a file of webhooks: `silw` in ASCII.
const APPLICATION_ID: i64 = 0x7369_6c77;
/// The version of the schema.
pub(super) const VERSION: i64 = 4;
const SCHEMA: &str = include_str!("../schema.sql");
/// The migrations from each version to the next. Since when a value stands is learned when it is seen next, and the days that
/// were not seen, and those whose value was sent, from then on.
///
/// Until version 2, `told` had the earlier of two dates alone. The later one is the day since which the newest value stood; in a
/// file of version 1, which does not know it, the earlier date is compared.
const MIGRATIONS: [&str; 3] = [
    "ALTER TABLE known ADD COLUMN since TEXT",
    "ALTER TABLE known ADD COLUMN unseen TEXT NOT NULL DEFAULT '';
     UPDATE known SET told = told || ' ' || since
         WHERE kind = 'change' AND told LIKE '%+%' AND since > substr(told, -10)",
    // In version 3, two dates were in the order of the currencies.
    "ALTER TABLE known ADD COLUMN sent TEXT NOT NULL DEFAULT '';
     UPDATE known SET told = substr(told, 1, length(told) - 21) || substr(told, -10) || ' ' || substr(told, -21, 10)
         WHERE told LIKE '% % %' AND substr(told, -21, 10) > substr(told, -10)",
];
/// How long to wait for another program's lock, such as that of an interactive `sqlite3`.
pub(in crate::webhooks) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a file, or a database in memory.
pub(super) fn open(path: Option<&Path>) -> rusqlite::Result<Connection> {
    let connection = match path {
        Some(path) => {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(path, flags)?
        }
        None => Connection::open_in_memory()?,
    };
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // An event that is written survives a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// What is in a file.
enum Contents {
    /// Nothing yet.
    Nothing,
    /// A file of webhooks that needs these migrations to be of this version; none if it is.
    Webhooks(&'static [&'static str]),
}

/// What is in a file, or why this version of silkrate cannot use it.
fn contents(connection: &Connection) -> rusqlite::Result<Result<Contents, String>> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (id, version) = (pragma("application_id")?, pragma("user_version")?);
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = connection.query_row(tables, [], |row| row.get(0))?;
    if (id, version, tables) == (0, 0, 0) {
        return Ok(Ok(Contents::Nothing));
    }
    if id == APPLICATION_ID && version > VERSION {
        return Ok(Err(format!(
            "a newer version of silkrate wrote it (schema version {version}, this version supports up to {VERSION}); upgrade silkrate, put the copy from before the upgrade in its place, or move it away: then the webhooks begin anew, and the events that wait in it are not sent"
        )));
    }
    let done = version.checked_sub(1);
    let done = done.and_then(|done| usize::try_from(done).ok());
    let migrations = done.and_then(|done| MIGRATIONS.get(done..));
    let known = migrations.filter(|_| id == APPLICATION_ID);
    let foreign = || "it is not a file of webhooks; move it away".to_owned();
    Ok(known.map(Contents::Webhooks).ok_or_else(foreign))
}

/// Creates the tables in an empty file, or brings those of an earlier version up to date. The reason if this version cannot use
/// the file, which is not changed then.
pub(super) fn prepare(mut connection: Connection) -> rusqlite::Result<Result<Connection, String>> {
    let contents = match contents(&connection)? {
        Ok(contents) => contents,
        Err(reason) => return Ok(Err(reason)),
    };
    match contents {
        Contents::Webhooks([]) => {}
        Contents::Nothing => {
            let transaction = connection.transaction()?;
            transaction.execute_batch(SCHEMA)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()?;
        }
        Contents::Webhooks(migrations) => {
            let transaction = connection.transaction()?;
            for migration in migrations {
                transaction.execute_batch(migration)?;
            }
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()?;
        }
    }
    Ok(Ok(connection))
}

/// Checks that this version can use a file, without a change to it. One that does not exist is created at the start.
///
/// # Errors
/// As the start would have.
pub fn check(path: &Path) -> Result<(), StoreError> {
    if !path.exists() {
        return Ok(());
    }
    let read = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        contents(&connection)
    };
    let found = read().map_err(|error| of(path, &error))?;
    found.map(drop).map_err(|reason| StoreError {
        path: path.to_owned(),
        reason,
    })
}
