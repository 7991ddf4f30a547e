//! Writes held values and the decisions on them.

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::{Decision, Fixing, Held, LedgerEntry};
use crate::ledger::error::StorageError;

/// Writes the decisions of an entry, and the values that are held after it.
///
/// An entry of several tables may hold a value, settle it, and hold it again. Of each value only the count matters: it is
/// held afterwards if it was held more often, before the entry and in it, than it was settled.
pub(super) fn write(
    transaction: &Transaction<'_>,
    number: i64,
    entry: &LedgerEntry,
) -> Result<(), StorageError> {
    let mut held_after = Vec::new();
    for (held, number) in entry.held.iter().zip(1..) {
        let mut later = entry.held.iter().skip(number);
        if later.any(|other| is_same(other, held)) {
            continue;
        }
        let is_held_before = matches!(newest_of(transaction, held)?, Some((_, None)));
        let times_held = entry.held.iter().filter(|other| is_same(other, held));
        let decided = entry.decided.iter();
        let times_decided = decided.filter(|decision| is_same(&decision.held, held));
        if usize::from(is_held_before) + times_held.count() > times_decided.count() {
            held_after.push(held);
        }
    }
    for decision in &entry.decided {
        decide(transaction, number, decision)?;
    }
    for held in held_after {
        // Nothing is written if the same value is held already.
        if !matches!(newest_of(transaction, held)?, Some((_, None))) {
            insert(transaction, number, held)?;
        }
    }
    Ok(())
}

/// Whether both are the same value of the same row.
fn is_same(one: &Held, other: &Held) -> bool {
    one.id() == other.id() && one.fixing.same_value(&other.fixing)
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
        _ => insert(transaction, number, &decision.held)?,
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

fn insert(transaction: &Transaction<'_>, number: i64, held: &Held) -> Result<i64, StorageError> {
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
