//! Opens the file of webhooks, and brings one of an earlier version up to date.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

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

/// Creates the tables in an empty file, or brings those of an earlier version up to date. `None` if the file is another
/// program's, or of a newer version.
pub(super) fn prepare(mut connection: Connection) -> rusqlite::Result<Option<Connection>> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (id, version) = (pragma("application_id")?, pragma("user_version")?);
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = connection.query_row(tables, [], |row| row.get(0))?;
    if (id, version, tables) == (0, 0, 0) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
        return Ok(Some(connection));
    }
    let done = version.checked_sub(1);
    let done = done.and_then(|done| usize::try_from(done).ok());
    let migrations = done.and_then(|done| MIGRATIONS.get(done..));
    if let (APPLICATION_ID, Some(migrations @ [_, ..])) = (id, migrations) {
        let transaction = connection.transaction()?;
        for migration in migrations {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
        return Ok(Some(connection));
    }
    Ok((id == APPLICATION_ID && version == VERSION).then_some(connection))
}
