//! Writes entries: one thread, one transaction for each entry.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use tokio::sync::mpsc;

use crate::domain::{LedgerEntry, Position, ServedFingerprint, SourceId};
use crate::ledger::Append;
use crate::ledger::error::StorageError;
use crate::ledger::lock_file::LockFile;

mod file;
mod held;

/// Writes the entries of the queue until it is closed.
pub(super) fn run(
    mut connection: Connection,
    mut queue: mpsc::Receiver<Append>,
    label: &Path,
    mut lock: Option<&mut LockFile>,
) {
    while let Some(Append { entry, answer }) = queue.blocking_recv() {
        let whole = lock.as_ref().map_or(Ok(()), |lock| lock.check());
        let written = whole
            .and_then(|()| append(&mut connection, &entry).map_err(|failure| failure.of(label)));
        if let (Ok(()), Some(lock)) = (&written, &mut lock) {
            lock.record(&entry.position);
        }
        if answer.send(written).is_err() {
            tracing::warn!(
                revision = entry.position.revision,
                "the caller of a ledger append was dropped"
            );
        }
    }
    if let Err((_connection, error)) = connection.close() {
        tracing::warn!(%error, "could not close the ledger cleanly; all entries are written");
    }
}

/// Writes an entry in one transaction.
pub(super) fn append(connection: &mut Connection, entry: &LedgerEntry) -> Result<(), StorageError> {
    // Immediate: the write lock is taken before anything is read, so that what was read stays valid.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = begin(&transaction, entry)?;
    let fixings = file::file(&transaction, number, &entry.filed)?;
    held::write(&transaction, number, entry)?;
    for served in &entry.served {
        serve(&transaction, entry.position.revision, served)?;
    }
    for source in &entry.attempted {
        transaction.execute(
            "INSERT INTO attempted (source, entry) VALUES (?1, ?2) ON CONFLICT (source) DO NOTHING",
            params![source.as_str(), number],
        )?;
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
    transaction.commit()?;
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

/// Writes the fingerprint of a subject, or removes the subject if it is no longer served.
fn serve(
    transaction: &Transaction<'_>,
    revision: u64,
    served: &ServedFingerprint,
) -> Result<(), StorageError> {
    match served.fingerprint {
        Some(fingerprint) => transaction.execute(
            "INSERT INTO served (subject, revision, fingerprint) VALUES (?1, ?2, ?3)
             ON CONFLICT (subject) DO UPDATE SET revision = excluded.revision, fingerprint = excluded.fingerprint",
            params![
                served.subject,
                stored_revision(revision)?,
                fingerprint.to_string()
            ],
        )?,
        None => transaction.execute("DELETE FROM served WHERE subject = ?1", [&served.subject])?,
    };
    Ok(())
}
