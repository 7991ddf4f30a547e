//! Writes the place of an entry in a log that replicas share.

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::LogStep;
use crate::ledger::error::StorageError;

/// Records that the entry of a transaction is that of a record.
pub(super) fn step(transaction: &Transaction<'_>, step: &LogStep) -> Result<(), StorageError> {
    let LogStep {
        log,
        seq,
        chain,
        is_whole,
        shown,
    } = step;
    let last = transaction.query_row(
        "SELECT seq FROM log_position WHERE name = ?1",
        [&**log],
        |row| row.get(0),
    );
    let last: Option<i64> = last.optional()?;
    let seq = number(*seq)?;
    let last = last.unwrap_or_default();
    if !is_whole && last.checked_add(1) != Some(seq) {
        return Err(StorageError::Refused(format!(
            "record {seq} of the shared log `{log}` does not follow record {last}"
        )));
    }
    transaction.execute("DELETE FROM log_position WHERE name <> ?1", [&**log])?;
    transaction.execute(
        "INSERT INTO log_position (name, seq, chain) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, chain = excluded.chain",
        params![&**log, seq, chain.to_string()],
    )?;
    if *is_whole {
        transaction.execute("DELETE FROM shown", [])?;
    }
    let mut statement = transaction.prepare(
        "INSERT INTO shown (subject, revision, value) VALUES (?1, ?2, ?3)
         ON CONFLICT (subject) DO UPDATE SET revision = excluded.revision, value = excluded.value",
    )?;
    for change in shown {
        let revision = number(change.changed_at_revision)?;
        statement.execute(params![change.subject, revision, change.value.as_deref()])?;
    }
    Ok(())
}

/// Records that the entry of a transaction is in no log: the ledger follows none from now on.
pub(super) fn leave(transaction: &Transaction<'_>) -> Result<(), StorageError> {
    if transaction.execute("DELETE FROM log_position", [])? > 0 {
        transaction.execute("DELETE FROM shown", [])?;
    }
    Ok(())
}

/// Remembers a subject that left without a record: a client that resumes from before learns of it after a restart too.
pub(super) fn remember(
    transaction: &Transaction<'_>,
    revision: u64,
    subject: &str,
) -> Result<(), StorageError> {
    transaction.execute(
        "INSERT INTO shown (subject, revision, value) VALUES (?1, ?2, NULL)
         ON CONFLICT (subject) DO UPDATE SET revision = excluded.revision, value = NULL",
        params![subject, number(revision)?],
    )?;
    Ok(())
}

/// Forgets what left.
pub(super) fn forget(transaction: &Transaction<'_>) -> Result<(), StorageError> {
    transaction.execute("DELETE FROM shown WHERE value IS NULL", [])?;
    Ok(())
}

fn number(number: u64) -> Result<i64, StorageError> {
    i64::try_from(number)
        .map_err(|_too_large| StorageError::Refused(format!("the number {number} is too large")))
}
