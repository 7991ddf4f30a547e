//! Digests of tables as they were printed. A table that repeats the one before it has the same digest, so that a query over
//! many years finds the repeated ones without reading every row.
//!
//! The rows that are held count, and those that were discarded, as they do in memory: a table is a repeat by what the bank
//! printed, not by what was accepted of it.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Statement, params};

use crate::domain::{Fingerprint, HeldOutcome, LedgerEntry};
use crate::ledger::error::StorageError;
use crate::ledger::read::rows::{self, IS_CURRENT};

/// The prepared statements that keep the digests up to date.
pub(super) struct Digests<'a> {
    not_accepted: Statement<'a>,
    accepted: Statement<'a>,
    replace: Statement<'a>,
    remove: Statement<'a>,
}

impl<'a> Digests<'a> {
    pub(super) fn prepare(connection: &'a Connection) -> Result<Self, StorageError> {
        let [rejected, overtaken] = [HeldOutcome::Rejected, HeldOutcome::Overtaken];
        Ok(Self {
            // Of several rows of a currency the last counts: those that are held come last.
            not_accepted: connection.prepare(&format!(
                "SELECT held.id, row_currency, home_currency, units, value
                 FROM held LEFT JOIN decisions ON decisions.held = held.id
                 WHERE source = ?1 AND document = ?2 AND effective_date = ?3
                     AND (outcome IS NULL OR outcome IN ('{}', '{}'))
                 ORDER BY outcome IS NULL, decisions.entry, held.id",
                rejected.as_str(),
                overtaken.as_str()
            ))?,
            accepted: connection.prepare(&format!(
                "SELECT id, row_currency, home_currency, units, value FROM fixings
                 WHERE source = ?1 AND document = ?2 AND effective_date = ?3 AND {IS_CURRENT}"
            ))?,
            replace: connection.prepare(
                "INSERT INTO table_digests (source, document, effective_date, digest) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (source, document, effective_date) DO UPDATE SET digest = excluded.digest",
            )?,
            remove: connection.prepare(
                "DELETE FROM table_digests WHERE source = ?1 AND document = ?2 AND effective_date = ?3",
            )?,
        })
    }

    /// Computes the digest of a date anew. A date of which no row is printed any more has none.
    pub(super) fn update(
        &mut self,
        source: &str,
        document: &str,
        date: &str,
    ) -> Result<(), StorageError> {
        let mut lines = BTreeMap::new();
        for (statement, table) in [
            (&mut self.not_accepted, "held"),
            (&mut self.accepted, "fixings"),
        ] {
            let mut rows = statement.query(params![source, document, date])?;
            while let Some(row) = rows.next()? {
                let [code, home, value]: [String; 3] = [row.get(1)?, row.get(2)?, row.get(4)?];
                let units: u32 = row.get(3)?;
                // The zeros at the end of a value do not count.
                let value = rows::decimal(&value, table, row.get(0)?, "value")?.normalize();
                let line = format!("{code} {home} {units} {value}\n");
                lines.insert(code, line);
            }
        }
        if lines.is_empty() {
            self.remove.execute(params![source, document, date])?;
            return Ok(());
        }
        let text: String = lines.into_values().collect();
        let digest = Fingerprint::of_text(&text).to_string();
        self.replace
            .execute(params![source, document, date, digest])?;
        Ok(())
    }
}

/// Computes the digests of the dates of which an entry holds or settles a row.
pub(super) fn update_held(
    connection: &Connection,
    entry: &LedgerEntry,
) -> Result<(), StorageError> {
    let decided = entry.decided.iter().map(|decision| &decision.held);
    let dates = entry.held.iter().chain(decided).map(|held| {
        let date = held.fixing.effective_date;
        (held.fixing.source, held.document, date)
    });
    let dates: BTreeSet<_> = dates.collect();
    if dates.is_empty() {
        return Ok(());
    }
    let mut digests = Digests::prepare(connection)?;
    for (source, document, date) in dates {
        digests.update(source.as_str(), document, &date.to_string())?;
    }
    Ok(())
}

/// Computes the digest of every date.
pub(super) fn fill(connection: &Connection) -> Result<(), StorageError> {
    update_each(connection, "tables")
}

/// Computes the digests of the dates of which a row was ever held: earlier versions left these rows out. The dates are few.
pub(super) fn mend(connection: &Connection) -> Result<(), StorageError> {
    update_each(connection, "held")
}

/// Computes the digests of the dates in a table of the ledger.
fn update_each(connection: &Connection, table: &str) -> Result<(), StorageError> {
    let mut digests = Digests::prepare(connection)?;
    let sql = format!("SELECT DISTINCT source, document, effective_date FROM {table}");
    let mut dates = connection.prepare(&sql)?;
    let mut dates = dates.query([])?;
    while let Some(row) = dates.next()? {
        let [source, document, date]: [String; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
        digests.update(&source, &document, &date)?;
    }
    Ok(())
}
