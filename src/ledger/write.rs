//! Writes entries: one thread, one transaction for each entry, or for some that are read together from a log.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::domain::{LedgerEntry, LogStep, Position, ServedFingerprint, SourceId};
use crate::ledger::error::StorageError;
use crate::ledger::open::Beside;
use crate::ledger::{Append, LedgerError, digest};

mod file;
mod held;
mod log;

/// How long an entry stays in the write-ahead log before the log is folded into the file: a copy of the file alone is then
/// at most this old, and a burst of entries is folded in once.
pub(super) const FOLD_AFTER: Duration = Duration::from_secs(60);
/// How long the last fold waits for a program that reads the log: a stop must not take long. What it does not reach stays in
/// the log, and nothing is lost.
const LAST_FOLD_TIMEOUT: Duration = Duration::from_secs(1);

/// Writes the entries of the queue until it is closed, and folds the write-ahead log into the file at intervals and at the
/// end.
pub(super) fn run(
    mut connection: Connection,
    queue: &Receiver<Append>,
    label: &Path,
    beside: Option<&Beside>,
    fold_after: Duration,
) {
    let mut fold_at = None;
    loop {
        match next(queue, fold_at) {
            Ok(Append { entries, answer }) => {
                let written = write(&mut connection, &entries, label, beside);
                if answer.send(written).is_err() {
                    let last = entries.last();
                    tracing::warn!(
                        revision = last.map(|(entry, _)| entry.position.revision),
                        "the caller of a ledger append was dropped"
                    );
                }
                if beside.is_some() {
                    fold_at.get_or_insert_with(|| Instant::now() + fold_after);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if fold_at.is_some_and(|at| Instant::now() >= at) {
            // A program that reads keeps a part of the log: the rest is folded in later.
            let is_folded = fold(&connection, "PASSIVE", label);
            fold_at = (!is_folded).then(|| Instant::now() + fold_after);
        }
    }
    if beside.is_some() {
        if let Err(error) = connection.busy_timeout(LAST_FOLD_TIMEOUT) {
            tracing::debug!(%error, "could not limit the last fold");
        }
        fold(&connection, "TRUNCATE", label);
    }
    if let Err((_connection, error)) = connection.close() {
        tracing::warn!(%error, "could not close the ledger cleanly; all entries are written");
    }
}

/// The next entry, or a time-out when the log must be folded in.
fn next(queue: &Receiver<Append>, fold_at: Option<Instant>) -> Result<Append, RecvTimeoutError> {
    match fold_at {
        Some(at) => queue.recv_timeout(at.saturating_duration_since(Instant::now())),
        None => queue
            .recv()
            .map_err(|_closed| RecvTimeoutError::Disconnected),
    }
}

/// Writes entries, if the path still names the open file, and records the last position.
fn write(
    connection: &mut Connection,
    entries: &[(LedgerEntry, Option<LogStep>)],
    label: &Path,
    beside: Option<&Beside>,
) -> Result<(), LedgerError> {
    if let Some(beside) = beside {
        beside.lock.check()?;
    }
    append(connection, entries).map_err(|failure| failure.of(label))?;
    if let (Some(beside), Some((entry, _))) = (beside, entries.last()) {
        beside.position.record(&entry.position);
    }
    Ok(())
}

/// Copies the write-ahead log into the file. Returns whether all of it was copied.
fn fold(connection: &Connection, mode: &str, label: &Path) -> bool {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    let folded = connection.query_row(&sql, [], |row| {
        let (pages, copied): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(pages == copied)
    });
    folded.unwrap_or_else(|error| {
        tracing::warn!(%error, path = %label.display(), "could not fold the write-ahead log into the ledger");
        false
    })
}

/// Writes entries in one transaction, each with its place in a log that replicas share, if it has one.
pub(super) fn append(
    connection: &mut Connection,
    entries: &[(LedgerEntry, Option<LogStep>)],
) -> Result<(), StorageError> {
    // Immediate: the write lock is taken before anything is read, so that what was read stays valid.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (entry, step) in entries {
        append_one(&transaction, entry, step.as_ref())?;
    }
    transaction.commit()?;
    Ok(())
}

fn append_one(
    transaction: &Transaction<'_>,
    entry: &LedgerEntry,
    step: Option<&LogStep>,
) -> Result<(), StorageError> {
    let number = begin(transaction, entry)?;
    let fixings = file::file(transaction, number, &entry.filed)?;
    held::write(transaction, number, entry)?;
    digest::update_held(transaction, entry)?;
    for served in &entry.served {
        let left = serve(transaction, entry.position.revision, served)?;
        if left && step.is_none() {
            log::remember(transaction, entry.position.revision, &served.subject)?;
        }
    }
    for source in &entry.attempted {
        transaction.execute(
            "INSERT INTO attempted (source, entry) VALUES (?1, ?2) ON CONFLICT (source) DO NOTHING",
            params![source.as_str(), number],
        )?;
    }
    for answer in &entry.answered {
        transaction.execute(
            "INSERT INTO answers (entry, source, document, asked_at) VALUES (?1, ?2, ?3, ?4)",
            params![
                number,
                answer.source.as_str(),
                answer.document,
                answer.asked_at.to_string()
            ],
        )?;
    }
    match step {
        Some(step) => log::step(transaction, step)?,
        None => log::leave(transaction)?,
    }
    // The entry's own row comes last, when the number of its fixings is known; foreign keys are checked at the commit.
    transaction.execute(
        "INSERT INTO entries (entry, epoch, revision, at, cause, source, fixings)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            number,
            &*entry.position.epoch,
            stored_revision(entry.position.revision)?,
            entry.at.to_string(),
            entry.cause.as_str(),
            entry.cause.source().map(SourceId::as_str),
            fixings
        ],
    )?;
    Ok(())
}

/// The number of the entry. Refuses an entry that does not follow the one before.
fn begin(transaction: &Transaction<'_>, entry: &LedgerEntry) -> Result<i64, StorageError> {
    let Position { epoch, revision } = &entry.position;
    let revision = stored_revision(*revision)?;
    let last = transaction
        .query_row(
            "SELECT entry, epoch, revision FROM entries ORDER BY entry DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let (number, last_epoch, last_revision): (i64, String, i64) =
        last.unwrap_or((0, String::new(), -1));
    let continues = *last_epoch == **epoch;
    if revision < last_revision || (!continues && revision == last_revision) {
        return Err(StorageError::Refused(format!(
            "revision {revision} of epoch `{epoch}` does not follow revision {last_revision} of epoch `{last_epoch}`"
        )));
    }
    if !continues {
        // No position of the epoch before is resumed.
        log::forget(transaction)?;
        let began = transaction.execute(
            "INSERT INTO epochs (epoch, began_at, first_revision) VALUES (?1, ?2, ?3)
             ON CONFLICT (epoch) DO NOTHING",
            params![&**epoch, entry.at.to_string(), revision],
        )?;
        if began == 0 {
            return Err(StorageError::Refused(format!(
                "epoch `{epoch}` ended before revision {last_revision} of epoch `{last_epoch}`"
            )));
        }
    }
    number
        .checked_add(1)
        .ok_or_else(|| StorageError::Refused("there is no number left for an entry".to_owned()))
}

fn stored_revision(revision: u64) -> Result<i64, StorageError> {
    i64::try_from(revision)
        .map_err(|_too_large| StorageError::Refused(format!("revision {revision} is too large")))
}

/// Writes the fingerprint of a subject, or removes the subject if it is no longer served. Returns whether it was removed.
fn serve(
    transaction: &Transaction<'_>,
    revision: u64,
    served: &ServedFingerprint,
) -> Result<bool, StorageError> {
    let Some(fingerprint) = served.fingerprint else {
        let removed =
            transaction.execute("DELETE FROM served WHERE subject = ?1", [&served.subject])?;
        return Ok(removed > 0);
    };
    transaction.execute(
        "INSERT INTO served (subject, revision, fingerprint) VALUES (?1, ?2, ?3)
         ON CONFLICT (subject) DO UPDATE SET revision = excluded.revision, fingerprint = excluded.fingerprint",
        params![
            served.subject,
            stored_revision(revision)?,
            fingerprint.to_string()
        ],
    )?;
    Ok(false)
}
