//! Digests of tables. A table that repeats the one before it has the same digest, so that a query over many years finds the
//! repeated ones without reading every row.

use rusqlite::{Connection, Statement, params};

use crate::domain::Fingerprint;
use crate::ledger::error::StorageError;
use crate::ledger::read::rows::{self, IS_CURRENT};

/// The prepared statements that keep the digests up to date.
pub(super) struct Digests<'a> {
    current_rows: Statement<'a>,
    replace: Statement<'a>,
}

impl<'a> Digests<'a> {
    pub(super) fn prepare(connection: &'a Connection) -> Result<Self, StorageError> {
        Ok(Self {
            current_rows: connection.prepare(&format!(
                "SELECT id, row_currency, home_currency, units, value FROM fixings
                 WHERE source = ?1 AND document = ?2 AND effective_date = ?3 AND {IS_CURRENT} ORDER BY row_currency"
            ))?,
            replace: connection.prepare(
                "INSERT INTO table_digests (source, document, effective_date, digest) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (source, document, effective_date) DO UPDATE SET digest = excluded.digest",
            )?,
        })
    }

    /// Computes the digest of a date anew.
    pub(super) fn update(
        &mut self,
        source: &str,
        document: &str,
        date: &str,
    ) -> Result<(), StorageError> {
        let mut lines = Vec::new();
        let mut rows = self.current_rows.query(params![source, document, date])?;
        while let Some(row) = rows.next()? {
            let [code, home, value]: [String; 3] = [row.get(1)?, row.get(2)?, row.get(4)?];
            let units: u32 = row.get(3)?;
            // The zeros at the end of a value do not count.
            let value = rows::decimal(&value, "fixings", row.get(0)?, "value")?.normalize();
            lines.push(format!("{code} {home} {units} {value}\n"));
        }
        let digest = Fingerprint::of_text(&lines.concat()).to_string();
        self.replace
            .execute(params![source, document, date, digest])?;
        Ok(())
    }
}

/// Computes the digest of every date.
pub(super) fn fill(connection: &Connection) -> Result<(), StorageError> {
    let mut digests = Digests::prepare(connection)?;
    let mut dates =
        connection.prepare("SELECT DISTINCT source, document, effective_date FROM tables")?;
    let mut dates = dates.query([])?;
    while let Some(row) = dates.next()? {
        let [source, document, date]: [String; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
        digests.update(&source, &document, &date)?;
    }
    Ok(())
}
