//! Writes entries: one thread, one transaction for each entry.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use tokio::sync::mpsc;

use crate::domain::{Decision, Fixing, Held, LedgerEntry, Position, ServedFingerprint, SourceId};
use crate::ledger::Append;
use crate::ledger::error::StorageError;
use crate::ledger::lock_file::LockFile;

mod file;

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
    for held in &entry.held {
        hold(&transaction, number, held)?;
    }
    for decision in &entry.decided {
        decide(&transaction, number, decision)?;
    }
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

/// Writes a held value, unless the same value is held already.
fn hold(transaction: &Transaction<'_>, number: i64, held: &Held) -> Result<(), StorageError> {
    match newest_of(transaction, held)? {
        Some((_, None)) => Ok(()),
        _ => insert_held(transaction, number, held).map(|_id| ()),
    }
}

/// Writes a decision beside its held value. A held value that was never written is written first, so that no decision
/// is lost.
fn decide(
    transaction: &Transaction<'_>,
    number: i64,
    decision: &Decision,
) -> Result<(), StorageError> {
    let outcome = decision.outcome.as_str();
    let held = match newest_of(transaction, &decision.held)? {
        Some((_, Some(decided))) if decided == outcome => return Ok(()),
        Some((id, None)) => id,
        _ => insert_held(transaction, number, &decision.held)?,
    };
    transaction.execute(
        "INSERT INTO decisions (held, entry, outcome, decided_by, note) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            held,
            number,
            outcome,
            decision.by.as_str(),
            decision.note
        ],
    )?;
    Ok(())
}

/// The newest held row with an id and a value, and its decision.
fn newest_of(
    transaction: &Transaction<'_>,
    held: &Held,
) -> Result<Option<(i64, Option<String>)>, StorageError> {
    let Fixing {
        source,
        units,
        value,
        effective_date,
        ..
    } = &*held.fixing;
    let found = transaction.query_row(
        "SELECT held.id, decisions.outcome FROM held LEFT JOIN decisions ON decisions.held = held.id
         WHERE source = ?1 AND document = ?2 AND effective_date = ?3 AND row_currency = ?4 AND units = ?5 AND value = ?6
         ORDER BY held.id DESC LIMIT 1",
        params![
            source.as_str(),
            held.document,
            effective_date.to_string(),
            held.code.as_str(),
            units,
            value.to_string()
        ],
        |row| Ok((row.get(0)?, row.get(1)?)),
    );
    Ok(found.optional()?)
}

fn insert_held(
    transaction: &Transaction<'_>,
    number: i64,
    held: &Held,
) -> Result<i64, StorageError> {
    let fixing = &*held.fixing;
    let change = held.change.as_ref();
    transaction.execute(
        "INSERT INTO held (entry, source, document, effective_date, currency, home_currency, units, value,
             published_change, superseded_value, check_name, detail, since, change_absolute, change_percent,
             reference_value, reference_date, row_currency)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        params![
            number,
            fixing.source.as_str(),
            held.document,
            fixing.effective_date.to_string(),
            fixing.currency.as_str(),
            fixing.home_currency.as_str(),
            fixing.units,
            fixing.value.to_string(),
            fixing.published_change.map(|change| change.to_string()),
            fixing.superseded_value.map(|value| value.to_string()),
            held.check.as_str(),
            held.detail,
            held.since.to_string(),
            change.map(|change| change.absolute.to_string()),
            change.map(|change| change.percent.to_string()),
            change.map(|change| change.reference_value.to_string()),
            change.map(|change| change.reference_date.to_string()),
            held.code.as_str()
        ],
    )?;
    Ok(transaction.last_insert_rowid())
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
