//! The file of webhooks: what their receivers know, and the events that are not delivered yet. A difference and the event
//! that it becomes are written in one transaction.

mod facts;
mod open;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
pub(super) use open::BUSY_TIMEOUT;
pub use open::check;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use thiserror::Error;
use tokio::task::spawn_blocking;

use crate::telemetry::{DeliveryCounts, Waiting};
use crate::webhooks::event::Event;
use crate::webhooks::known::{Known, Step};
use crate::webhooks::subject::Subject;
use crate::webhooks::turn::Delivered;

/// What follows the ledger's file name.
const SUFFIX: &str = ".webhooks";
/// How many events of a webhook wait at most: years of them at the pace of the banks. Beyond it the oldest are dropped, and
/// the log says so.
const PENDING_MAX: u32 = 10_000;
/// How far the clocks of replicas may be apart: an event that comes twice has the same id, and one that is dropped is lost.
const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_mins(1);
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
    /// Where it tells which events of each webhook wait.
    counts: Arc<RwLock<BTreeMap<String, Arc<DeliveryCounts>>>>,
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
        let connection = open::open(path).map_err(|error| of(label, &error))?;
        let connection = open::prepare(connection).map_err(|error| of(label, &error))?;
        let connection = connection.map_err(|reason| StoreError {
            path: label.to_owned(),
            reason,
        })?;
        Ok(Self {
            path: label.into(),
            connection: Arc::new(Mutex::new(connection)),
            counts: Arc::default(),
        })
    }

    /// Tells what waits to these counts from now on.
    pub(super) fn count(&self, counts: impl IntoIterator<Item = (String, Arc<DeliveryCounts>)>) {
        let mut known = self.counts.write().unwrap_or_else(PoisonError::into_inner);
        *known = counts.into_iter().collect();
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
        let name = webhook.to_owned();
        self.change(webhook, move |transaction| {
            write(transaction, &name, &step, now)
        })
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
        let name = webhook.to_owned();
        self.change(webhook, move |transaction| {
            transaction.execute("DELETE FROM deliveries WHERE number = ?1", [number])?;
            transaction.execute(
                "UPDATE webhooks SET delivered_at = ?2, error = NULL, error_at = NULL WHERE name = ?1",
                params![name, now.to_string()],
            )?;
            Ok(())
        })
        .await
    }

    /// Drops the events up to the one with the id of what another replica delivered; without it, those that are older on any clock.
    pub(super) async fn delivered_elsewhere(
        &self,
        webhook: &str,
        delivered: Delivered,
    ) -> Result<(), StoreError> {
        let name = webhook.to_owned();
        let older = delivered.created_at.checked_sub(CLOCKS_APART_MAX);
        self.change(webhook, move |transaction| {
            let found = transaction.query_row(
                "SELECT number FROM deliveries WHERE webhook = ?1 AND id = ?2",
                params![name, delivered.id],
                |row| row.get::<_, i64>(0),
            );
            let last = match found.optional()? {
                Some(number) => Some(number),
                None => transaction.query_row(
                    "SELECT max(number) FROM deliveries WHERE webhook = ?1 AND created_at <= ?2",
                    params![name, older.unwrap_or(Timestamp::MIN).to_string()],
                    |row| row.get(0),
                )?,
            };
            transaction.execute(
                "DELETE FROM deliveries WHERE webhook = ?1 AND number <= ?2",
                params![name, last],
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
        let name = webhook.to_owned();
        self.change(webhook, move |transaction| {
            match again {
                Some(due_at) => transaction.execute(
                    "UPDATE deliveries SET failures = failures + 1, due_at = ?2 WHERE number = ?1",
                    params![number, due_at.to_string()],
                )?,
                None => {
                    transaction.execute("DELETE FROM deliveries WHERE number = ?1", [number])?
                }
            };
            set_error(transaction, &name, &error, now)
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
        let name = webhook.to_owned();
        self.change(webhook, move |transaction| {
            // As texts, instants are in order to the second.
            let sql = "DELETE FROM deliveries WHERE webhook = ?1 AND created_at <= ?2";
            let given_up = transaction.execute(sql, params![name, oldest.to_string()])?;
            set_error(transaction, &name, GONE, now)?;
            Ok(given_up)
        })
        .await
    }

    /// Forgets that the receiver of a webhook wanted no event any more: it is asked again.
    pub(super) async fn resume(&self, webhook: &str) -> Result<(), StoreError> {
        let name = webhook.to_owned();
        self.change(webhook, move |transaction| {
            let sql =
                "UPDATE webhooks SET error = NULL, error_at = NULL WHERE name = ?1 AND error = ?2";
            transaction.execute(sql, params![name, GONE]).map(drop)
        })
        .await
    }

    fn counts_of(&self, webhook: &str) -> Option<Arc<DeliveryCounts>> {
        let counts = self.counts.read().unwrap_or_else(PoisonError::into_inner);
        counts.get(webhook).cloned()
    }

    /// Runs work that changes which events of a webhook wait, and tells which wait after it.
    async fn change<T: Send + 'static>(
        &self,
        webhook: &str,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let counts = self.counts_of(webhook);
        let webhook = webhook.to_owned();
        let change = move |transaction: &Transaction<'_>| {
            let done = work(transaction)?;
            Ok((done, waiting(transaction, &webhook)?))
        };
        self.run_and(change, move |(done, waiting)| {
            if let Some(counts) = counts {
                counts.set_waiting(waiting);
            }
            done
        })
        .await
    }

    /// Runs work on a blocking thread, in one transaction.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run_and(work, |done| done).await
    }

    /// The same, and `then` once it is committed and before anything else is.
    async fn run_and<T: Send + 'static, U: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
        then: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<U, StoreError> {
        let connection = Arc::clone(&self.connection);
        let done = spawn_blocking(move || {
            // A transaction that panicked was rolled back, so the connection is whole.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction()?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(then(done))
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

/// The events of a webhook that wait.
fn waiting(connection: &Connection, webhook: &str) -> rusqlite::Result<Waiting> {
    let events = "SELECT count(*) FROM deliveries WHERE webhook = ?1";
    let oldest = "SELECT created_at FROM deliveries WHERE webhook = ?1 ORDER BY number LIMIT 1";
    let oldest = connection.query_row(oldest, [webhook], |row| instant(row, 0));
    Ok(Waiting {
        events: connection.query_row(events, [webhook], |row| row.get(0))?,
        oldest: oldest.optional()?,
    })
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
