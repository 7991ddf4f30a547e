//! The place of the ledger in a log that replicas share.

use rusqlite::{Connection, OptionalExtension};

use crate::domain::{Fingerprint, Pair, QuoteKey, RestoredLog, ShownChange};
use crate::ledger::error::StorageError;

/// The last record of a log whose entry is in the ledger, and what is served after it.
pub(super) fn restore(
    connection: &Connection,
    log: &str,
) -> Result<Option<RestoredLog>, StorageError> {
    let found = connection.query_row(
        "SELECT seq, chain FROM log_position WHERE name = ?1",
        [log],
        |row| Ok((row.get(0)?, row.get(1)?)),
    );
    let found: Option<(i64, String)> = found.optional()?;
    let Some((seq, digits)) = found else {
        return Ok(None);
    };
    let chain = Fingerprint::parse(&digits)
        .ok_or_else(|| StorageError::Corrupt(format!("the chain in log_position is `{digits}`")))?;
    Ok(Some(RestoredLog {
        seq: unsigned(seq)?,
        chain,
        shown: shown(connection)?,
    }))
}

/// What is served, sorted by subject, and what no longer is, in the order in which it left.
fn shown(connection: &Connection) -> Result<Vec<ShownChange>, StorageError> {
    let mut statement = connection.prepare(
        "SELECT subject, revision, value FROM shown
         ORDER BY value IS NULL, CASE WHEN value IS NULL THEN revision END, subject",
    )?;
    let mut rows = statement.query([])?;
    let mut shown = Vec::new();
    while let Some(row) = rows.next()? {
        let value: Option<Vec<u8>> = row.get(2)?;
        shown.push(ShownChange {
            subject: row.get(0)?,
            changed_at_revision: unsigned(row.get(1)?)?,
            value: value.map(Into::into),
        });
    }
    Ok(shown)
}

/// The quotes that left in the epoch of the last entry, oldest first, with the revisions from which on they were not served.
pub(super) fn left(connection: &Connection) -> Result<Vec<(QuoteKey, u64)>, StorageError> {
    let mut statement = connection.prepare(
        "SELECT subject, revision FROM shown WHERE value IS NULL ORDER BY revision, subject",
    )?;
    let mut rows = statement.query([])?;
    let mut left = Vec::new();
    while let Some(row) = rows.next()? {
        let subject: String = row.get(0)?;
        // The others are sources, which no client holds.
        if let Ok(pair) = Pair::parse(&subject) {
            left.push(((pair.base, pair.quote), unsigned(row.get(1)?)?));
        }
    }
    Ok(left)
}

/// Whether the ledger follows a log, of any name.
pub(in crate::ledger) fn follows_one(connection: &Connection) -> Result<bool, StorageError> {
    let found = connection.query_row("SELECT 1 FROM log_position LIMIT 1", [], |_row| Ok(()));
    Ok(found.optional()?.is_some())
}

fn unsigned(number: i64) -> Result<u64, StorageError> {
    u64::try_from(number)
        .map_err(|_negative| StorageError::Corrupt(format!("a number of shown is {number}")))
}
