//! The queries of a start: the position, the fingerprints, and the tables that are kept in memory.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, params};
use rust_decimal::Decimal;

use crate::domain::{
    Change, Check, Direction, Fingerprint, Fixing, Held, HeldOutcome, Position, RestoredDocument,
    RestoredState, ServedRevision,
};
use crate::ledger::error::StorageError;
use crate::ledger::read::document::{Document, dates_of_newest_rows, newest_dates, oldest_date};
use crate::ledger::read::log;
use crate::ledger::read::rows::{Stored, instant};

/// The state after the last entry.
pub(super) fn restore(connection: &Connection) -> Result<Option<RestoredState>, StorageError> {
    let last = connection
        .query_row(
            "SELECT epoch, revision, at FROM entries ORDER BY entry DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let Some((epoch, revision, at)): Option<(String, i64, String)> = last else {
        return Ok(None);
    };
    Ok(Some(RestoredState {
        position: Position {
            epoch: epoch.into(),
            revision: unsigned(revision)?,
        },
        at: instant(&at, "entries")?,
        attempted: attempted(connection)?,
        served: served(connection)?,
        left: log::left(connection)?,
    }))
}

fn unsigned(revision: i64) -> Result<u64, StorageError> {
    u64::try_from(revision)
        .map_err(|_negative| StorageError::Corrupt(format!("a revision is {revision}")))
}

fn attempted(connection: &Connection) -> Result<Vec<String>, StorageError> {
    let mut statement = connection.prepare("SELECT source FROM attempted ORDER BY source")?;
    let sources = statement.query_map([], |row| row.get(0))?;
    Ok(sources.collect::<Result<_, _>>()?)
}

fn served(connection: &Connection) -> Result<BTreeMap<String, ServedRevision>, StorageError> {
    let mut statement = connection.prepare("SELECT subject, revision, fingerprint FROM served")?;
    let mut rows = statement.query([])?;
    let mut served = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (subject, digits): (String, Option<String>) = (row.get(0)?, row.get(2)?);
        let fingerprint = digits.map(|digits| {
            Fingerprint::parse(&digits).ok_or_else(|| {
                StorageError::Corrupt(format!(
                    "the fingerprint of `{subject}` in served is `{digits}`"
                ))
            })
        });
        let known = ServedRevision {
            revision: unsigned(row.get(1)?)?,
            fingerprint: fingerprint.transpose()?,
        };
        served.insert(subject, known);
    }
    Ok(served)
}

/// The tables and values of a document that are kept in memory.
pub(super) fn document(
    document: &Document<'_>,
    newest: usize,
) -> Result<RestoredDocument, StorageError> {
    let Document {
        connection, key, ..
    } = *document;
    let mut tables = Vec::new();
    if let Some(first) = newest_dates(connection, key, Date::MAX, newest)?.first() {
        for older in dates_of_newest_rows(connection, key)?.range(..first) {
            tables.extend(document.tables(*older, *older)?);
        }
        tables.extend(document.tables(*first, Date::MAX)?);
    }
    Ok(RestoredDocument {
        tables,
        held: held(document)?,
        settled: settled(document)?,
        began: oldest_date(connection, key)?,
        asked: asked(document)?,
    })
}

/// When the bank was last asked for a table of the document that was due, and answered without it.
fn asked(document: &Document<'_>) -> Result<Option<Timestamp>, StorageError> {
    let newest = document.connection.query_row(
        "SELECT asked_at FROM answers WHERE source = ?1 AND document = ?2 ORDER BY id DESC LIMIT 1",
        params![document.key.source.as_str(), document.key.document],
        |row| row.get(0),
    );
    let newest: Option<String> = newest.optional()?;
    newest.map(|text| instant(&text, "answers")).transpose()
}

/// The held values, in the order in which they were written.
fn held(document: &Document<'_>) -> Result<Vec<Held>, StorageError> {
    let sql = "SELECT * FROM held WHERE source = ?1 AND document = ?2
         AND NOT EXISTS (SELECT 1 FROM decisions WHERE decisions.held = held.id) ORDER BY id";
    each_held(document, sql, |_| Ok(()))
        .map(|held| held.into_iter().map(|(held, ())| held).collect())
}

/// The values that were held and then settled, in the order in which they were settled.
fn settled(document: &Document<'_>) -> Result<Vec<(Held, HeldOutcome)>, StorageError> {
    let sql = "SELECT held.*, outcome FROM held JOIN decisions ON decisions.held = held.id
         WHERE source = ?1 AND document = ?2 ORDER BY decisions.entry, held.id";
    each_held(document, sql, |stored| {
        let name: String = stored.get("outcome")?;
        let unknown = || stored.corrupt("outcome", &format!("there is no outcome `{name}`"));
        HeldOutcome::parse(&name).ok_or_else(unknown)
    })
}

/// Every held value of a query, each with what `more` reads from its row.
fn each_held<T>(
    document: &Document<'_>,
    sql: &str,
    more: impl Fn(Stored<'_>) -> Result<T, StorageError>,
) -> Result<Vec<(Held, T)>, StorageError> {
    let mut statement = document.connection.prepare(sql)?;
    let mut rows = statement.query(params![document.key.source.as_str(), document.key.document])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let stored = Stored::of(row, "held")?;
        let name: String = stored.get("check_name")?;
        let unknown = || stored.corrupt("check_name", &format!("there is no check `{name}`"));
        let held = Held {
            document: document.key.document,
            code: stored.currency("row_currency")?,
            fixing: Arc::new(held_fixing(document, stored)?),
            check: Check::parse(&name).ok_or_else(unknown)?,
            detail: stored.get("detail")?,
            since: stored.time("since")?,
            change: held_change(stored)?,
        };
        found.push((held, more(stored)?));
    }
    Ok(found)
}

fn held_fixing(document: &Document<'_>, stored: Stored<'_>) -> Result<Fixing, StorageError> {
    Ok(Fixing {
        source: document.key.source,
        currency: stored.currency("currency")?,
        units: stored.get("units")?,
        value: stored.decimal("value")?,
        home_currency: stored.currency("home_currency")?,
        effective_date: stored.time("effective_date")?,
        published_change: stored.optional_decimal("published_change")?,
        superseded_value: stored.optional_decimal("superseded_value")?,
    })
}

/// The change of a held value: its columns are all set, or none is.
pub(super) fn held_change(stored: Stored<'_>) -> Result<Option<Change>, StorageError> {
    let Some(absolute) = stored.optional_decimal("change_absolute")? else {
        return Ok(None);
    };
    Ok(Some(Change {
        absolute,
        percent: stored.decimal("change_percent")?,
        direction: match absolute.cmp(&Decimal::ZERO) {
            Ordering::Greater => Direction::Up,
            Ordering::Less => Direction::Down,
            Ordering::Equal => Direction::Flat,
        },
        reference_value: stored.decimal("reference_value")?,
        reference_date: stored.time("reference_date")?,
    }))
}
