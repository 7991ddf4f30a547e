//! The states of webhooks, as an operator reads them while the service runs or when it is stopped.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use crate::webhooks::store::{BUSY_TIMEOUT, GONE, StoreError, instant, of, optional_instant};

/// The state of the deliveries of a webhook, for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookState {
    /// The webhook.
    pub name: String,
    /// When it began: what was served then is no event.
    pub began_at: Timestamp,
    /// How many events wait to be delivered.
    pub pending: u32,
    /// When an event was last delivered.
    pub delivered_at: Option<Timestamp>,
    /// Why the newest attempt failed; `None` if it did not fail.
    pub error: Option<String>,
    /// When it failed.
    pub error_at: Option<Timestamp>,
    /// Whether the receiver wants no event any more: none is attempted until the service restarts.
    pub is_gone: bool,
    /// When the next attempt is due; in the past while it is under way, or the service is stopped.
    pub due_at: Option<Timestamp>,
}

/// The states in a file, by name: none if it is empty, as before anything has begun. The file may be in use.
///
/// # Errors
/// If there is no such file, or it cannot be read.
pub fn states(path: &Path) -> Result<Vec<WebhookState>, StoreError> {
    let read = || -> rusqlite::Result<Vec<WebhookState>> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let tables = "SELECT count(*) FROM sqlite_schema";
        let tables: i64 = connection.query_row(tables, [], |row| row.get(0))?;
        if tables == 0 {
            return Ok(Vec::new());
        }
        let mut statement = connection.prepare(
            "SELECT name, began_at, (SELECT count(*) FROM deliveries WHERE webhook = name), delivered_at, error, error_at,
                 (SELECT due_at FROM deliveries WHERE webhook = name ORDER BY number LIMIT 1)
             FROM webhooks ORDER BY name",
        )?;
        let states = statement.query_map([], |row| {
            let error: Option<String> = row.get(4)?;
            Ok(WebhookState {
                is_gone: error.as_deref() == Some(GONE),
                name: row.get(0)?,
                began_at: instant(row, 1)?,
                pending: row.get(2)?,
                delivered_at: optional_instant(row, 3)?,
                error,
                error_at: optional_instant(row, 5)?,
                due_at: optional_instant(row, 6)?,
            })
        })?;
        states.collect()
    };
    read().map_err(|error| of(path, &error))
}
