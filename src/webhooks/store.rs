//! The file of webhooks: what their receivers know, and the events that are not delivered yet. A difference and the event
//! that it becomes are written in one transaction.

mod facts;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, Transaction, params};
use thiserror::Error;
use tokio::task::spawn_blocking;

use crate::webhooks::event::Event;
use crate::webhooks::known::{Known, Step};
use crate::webhooks::subject::Subject;

/// The application id that marks a database as a file of webhooks: `silw` in ASCII.
const APPLICATION_ID: i64 = 0x7369_6c77;
/// The version of the schema.
const VERSION: i64 = 4;
const SCHEMA: &str = include_str!("schema.sql");
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
/// What follows the ledger's file name.
const SUFFIX: &str = ".webhooks";
/// How long to wait for another program's lock, such as that of an interactive `sqlite3`.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many events of a webhook wait at most: years of them at the pace of the banks. Beyond it the oldest are dropped, and
/// the log says so.
const PENDING_MAX: u32 = 10_000;
/// The error of a webhook whose receiver wants no event any more.
pub(super) const GONE: &str = "status 410: the receiver wants no more events";

/// Why the file cannot be opened, read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the file of webhooks {} cannot be used: {reason}", .path.display())]
pub struct StoreError {
    /// The file.
    pub path: PathBuf,
    /// The reason.
    pub reason: String,
}

/// The open file. Clones share its connection.
#[derive(Debug, Clone)]
pub(super) struct Store {
    path: Arc<Path>,
    connection: Arc<Mutex<Connection>>,
}

/// An event that is to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delivery {
    pub(super) number: i64,
    pub(super) id: String,
    pub(super) body: String,
    pub(super) created_at: Timestamp,
    /// How many attempts have failed.
    pub(super) failures: u32,
    /// When the next attempt is due.
    pub(super) due_at: Timestamp,
}

/// The path of the file beside a ledger.
pub fn path_beside(ledger: &Path) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(SUFFIX);
    PathBuf::from(name)
}

impl Store {
    /// Opens the file, or creates it. Without a path it is kept in memory.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, StoreError> {
        let label = path.unwrap_or(Path::new(":memory:"));
        let connection = open(path).map_err(|error| of(label, &error))?;
        let connection = prepare(connection).map_err(|error| of(label, &error))?;
        let connection = connection.ok_or_else(|| StoreError {
            path: label.to_owned(),
            reason: "it is not a file of webhooks of this version of silkrate; move it away"
                .to_owned(),
        })?;
        Ok(Self {
            path: label.into(),
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    /// What the receiver of a webhook knows; `None` if the webhook has not begun.
    pub(super) async fn known(&self, webhook: &str) -> Result<Option<Known>, StoreError> {
        let webhook = webhook.to_owned();
        self.run(move |transaction| {
            let began = transaction.query_row(
                "SELECT 1 FROM webhooks WHERE name = ?1",
                [&webhook],
                |_row| Ok(()),
            );
            if began.optional()?.is_none() {
                return Ok(None);
            }
            let mut statement = transaction.prepare(
                "SELECT kind, subject, state, told, since, unseen, sent FROM known WHERE webhook = ?1",
            )?;
            let facts = statement.query_map([&webhook], facts::read)?;
            facts.collect::<rusqlite::Result<Known>>().map(Some)
        })
        .await
    }

    /// Begins a webhook, or lets one go on, with a step. Returns how many events were dropped because too many wait.
    pub(super) async fn record(
        &self,
        webhook: &str,
        step: Step,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let webhook = webhook.to_owned();
        self.run(move |transaction| write(transaction, &webhook, &step, now))
            .await
    }

    /// The oldest event of a webhook that is not delivered.
    pub(super) async fn next(&self, webhook: &str) -> Result<Option<Delivery>, StoreError> {
        let webhook = webhook.to_owned();
        self.run(move |transaction| {
            let next = transaction.query_row(
                "SELECT number, id, body, created_at, failures, due_at FROM deliveries
                 WHERE webhook = ?1 ORDER BY number LIMIT 1",
                [&webhook],
                |row| {
                    Ok(Delivery {
                        number: row.get(0)?,
                        id: row.get(1)?,
                        body: row.get(2)?,
                        created_at: instant(row, 3)?,
                        failures: row.get(4)?,
                        due_at: instant(row, 5)?,
                    })
                },
            );
            next.optional()
        })
        .await
    }

    /// Removes an event that was delivered.
    pub(super) async fn delivered(
        &self,
        webhook: &str,
        number: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let webhook = webhook.to_owned();
        self.run(move |transaction| {
            transaction.execute("DELETE FROM deliveries WHERE number = ?1", [number])?;
            transaction.execute(
                "UPDATE webhooks SET delivered_at = ?2, error = NULL, error_at = NULL WHERE name = ?1",
                params![webhook, now.to_string()],
            )?;
            Ok(())
        })
        .await
    }

    /// Records that an attempt failed: the event is due again later, or it is given up.
    pub(super) async fn failed(
        &self,
        webhook: &str,
        number: i64,
        (error, now): (String, Timestamp),
        again: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let webhook = webhook.to_owned();
        self.run(move |transaction| {
            match again {
                Some(due_at) => transaction.execute(
                    "UPDATE deliveries SET failures = failures + 1, due_at = ?2 WHERE number = ?1",
                    params![number, due_at.to_string()],
                )?,
                None => {
                    transaction.execute("DELETE FROM deliveries WHERE number = ?1", [number])?
                }
            };
            set_error(transaction, &webhook, &error, now)
        })
        .await
    }

    /// Records that the receiver of a webhook wants no event any more. Those that are newer than an instant wait for a restart;
    /// the others are given up. Returns how many these are.
    pub(super) async fn gone(
        &self,
        webhook: &str,
        now: Timestamp,
        oldest: Timestamp,
    ) -> Result<usize, StoreError> {
        let webhook = webhook.to_owned();
        self.run(move |transaction| {
            // As texts, instants are in order to the second.
            let sql = "DELETE FROM deliveries WHERE webhook = ?1 AND created_at <= ?2";
            let given_up = transaction.execute(sql, params![webhook, oldest.to_string()])?;
            set_error(transaction, &webhook, GONE, now)?;
            Ok(given_up)
        })
        .await
    }

    /// Forgets that the receiver of a webhook wanted no event any more: it is asked again.
    pub(super) async fn resume(&self, webhook: &str) -> Result<(), StoreError> {
        let webhook = webhook.to_owned();
        self.run(move |transaction| {
            let sql =
                "UPDATE webhooks SET error = NULL, error_at = NULL WHERE name = ?1 AND error = ?2";
            transaction.execute(sql, params![webhook, GONE]).map(drop)
        })
        .await
    }

    /// Runs work on a blocking thread, in one transaction.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.connection);
        let done = spawn_blocking(move || {
            // A transaction that panicked was rolled back, so the connection is whole.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction()?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        });
        match done.await {
            Ok(done) => done.map_err(|error| of(&self.path, &error)),
            Err(error) => Err(StoreError {
                path: self.path.to_path_buf(),
                reason: error.to_string(),
            }),
        }
    }
}

fn open(path: Option<&Path>) -> rusqlite::Result<Connection> {
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
fn prepare(mut connection: Connection) -> rusqlite::Result<Option<Connection>> {
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

fn write(
    transaction: &Transaction<'_>,
    webhook: &str,
    step: &Step,
    now: Timestamp,
) -> rusqlite::Result<usize> {
    let now = now.to_string();
    transaction.execute(
        "INSERT INTO webhooks (name, began_at) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
        params![webhook, now],
    )?;
    for Subject { kind, name } in &step.gone {
        transaction.execute(
            "DELETE FROM known WHERE webhook = ?1 AND kind = ?2 AND subject = ?3",
            params![webhook, kind.as_str(), name],
        )?;
    }
    for (subject, fact) in &step.changed {
        facts::write(transaction, webhook, subject, fact)?;
    }
    for Event { id, body } in &step.events {
        transaction.execute(
            "INSERT INTO deliveries (webhook, id, body, created_at, due_at) VALUES (?1, ?2, ?3, ?4, ?4)",
            params![webhook, id, body, now],
        )?;
    }
    transaction.execute(
        "DELETE FROM deliveries WHERE webhook = ?1 AND number NOT IN
             (SELECT number FROM deliveries WHERE webhook = ?1 ORDER BY number DESC LIMIT ?2)",
        params![webhook, PENDING_MAX],
    )
}

fn set_error(
    transaction: &Transaction<'_>,
    webhook: &str,
    error: &str,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let sql = "UPDATE webhooks SET error = ?2, error_at = ?3 WHERE name = ?1";
    let updated = transaction.execute(sql, params![webhook, error, now.to_string()]);
    updated.map(|_rows| ())
}

pub(super) fn optional_instant(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Timestamp>> {
    let text: Option<String> = row.get(index)?;
    let instant = text.map(|text| text.parse());
    instant
        .transpose()
        .map_err(|_not_an_instant| wrong(index, "no instant"))
}

pub(super) fn instant(row: &Row<'_>, index: usize) -> rusqlite::Result<Timestamp> {
    optional_instant(row, index)?.ok_or_else(|| wrong(index, "no instant"))
}

/// The error of a stored value.
fn wrong(index: usize, what: &str) -> rusqlite::Error {
    let error = std::io::Error::other(what.to_owned());
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(error))
}

pub(super) fn of(path: &Path, error: &rusqlite::Error) -> StoreError {
    StoreError {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
