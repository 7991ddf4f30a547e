//! Writes the rows of tables: each once, and linked to the row that it supersedes.

use rusqlite::{Connection, OptionalExtension, Statement, params};

use crate::domain::{Currency, FiledTable, Fixing};
use crate::ledger::digest::Digests;
use crate::ledger::error::StorageError;
use crate::ledger::read::rows;

/// The prepared statements of one entry.
struct Statements<'a> {
    connection: &'a Connection,
    newest_table: Statement<'a>,
    insert_table: Statement<'a>,
    current: Statement<'a>,
    insert_fixing: Statement<'a>,
    digests: Digests<'a>,
}

/// The current row of a date and currency.
struct Current {
    id: i64,
    currency: String,
    home_currency: String,
    units: u32,
    value: String,
    published_change: Option<String>,
}

/// Writes the rows that are new or changed, and returns their number.
pub(super) fn file(
    connection: &Connection,
    number: i64,
    filed: &[FiledTable],
) -> Result<u32, StorageError> {
    if filed.is_empty() {
        return Ok(0);
    }
    let mut statements = Statements::prepare(connection)?;
    let mut written: u32 = 0;
    for table in filed {
        written += statements.file(number, table)?;
    }
    Ok(written)
}

impl<'a> Statements<'a> {
    fn prepare(connection: &'a Connection) -> Result<Self, StorageError> {
        Ok(Self {
            connection,
            newest_table: connection.prepare(
                "SELECT pivot, as_of FROM tables
                 WHERE source = ?1 AND document = ?2 AND effective_date = ?3 ORDER BY id DESC LIMIT 1",
            )?,
            insert_table: connection.prepare(
                "INSERT INTO tables (entry, source, document, effective_date, pivot, as_of)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            current: connection.prepare(&format!(
                "SELECT id, currency, home_currency, units, value, published_change FROM fixings
                 WHERE source = ?1 AND document = ?2 AND effective_date = ?3 AND row_currency = ?4 AND {}",
                rows::IS_CURRENT
            ))?,
            insert_fixing: connection.prepare(
                "INSERT INTO fixings (entry, table_id, source, document, effective_date, row_currency, currency,
                     home_currency, units, value, published_change, supersedes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?,
            digests: Digests::prepare(connection)?,
        })
    }

    /// Writes a table: its head, if the date is new or the table has another instant, and its new or changed rows.
    fn file(&mut self, number: i64, table: &FiledTable) -> Result<u32, StorageError> {
        let mut table_id = if self.has_table(table)? {
            None
        } else {
            Some(self.insert_table(number, table)?)
        };
        let mut written: u32 = 0;
        for fixing in &table.rows {
            let row_currency = row_currency(table, fixing)?;
            let current = self.current(table, row_currency)?;
            if let Some(current) = &current
                && current.equals(fixing)?
            {
                continue;
            }
            let id = match table_id {
                Some(id) => id,
                None => self.insert_table(number, table)?,
            };
            table_id = Some(id);
            self.insert_fixing.execute(params![
                number,
                id,
                table.source.as_str(),
                table.document,
                table.effective_date.to_string(),
                row_currency.as_str(),
                fixing.currency.as_str(),
                fixing.home_currency.as_str(),
                fixing.units,
                fixing.value.to_string(),
                fixing.published_change.map(|change| change.to_string()),
                current.map(|current| current.id)
            ])?;
            written += 1;
        }
        if written > 0 {
            let date = table.effective_date.to_string();
            self.digests
                .update(table.source.as_str(), table.document, &date)?;
        }
        Ok(written)
    }

    /// Whether the newest table of the date has the same head.
    fn has_table(&mut self, table: &FiledTable) -> Result<bool, StorageError> {
        let newest = self.newest_table.query_row(
            params![
                table.source.as_str(),
                table.document,
                table.effective_date.to_string()
            ],
            |row| Ok((row.get(0)?, row.get(1)?)),
        );
        let newest: Option<(String, Option<String>)> = newest.optional()?;
        let as_of = table.as_of.map(|instant| instant.to_string());
        Ok(newest.is_some_and(|newest| newest == (table.pivot.to_string(), as_of)))
    }

    fn insert_table(&mut self, number: i64, table: &FiledTable) -> Result<i64, StorageError> {
        self.insert_table.execute(params![
            number,
            table.source.as_str(),
            table.document,
            table.effective_date.to_string(),
            table.pivot.as_str(),
            table.as_of.map(|instant| instant.to_string())
        ])?;
        Ok(self.connection.last_insert_rowid())
    }

    fn current(
        &mut self,
        table: &FiledTable,
        row_currency: Currency,
    ) -> Result<Option<Current>, StorageError> {
        let current = self.current.query_row(
            params![
                table.source.as_str(),
                table.document,
                table.effective_date.to_string(),
                row_currency.as_str()
            ],
            |row| {
                Ok(Current {
                    id: row.get(0)?,
                    currency: row.get(1)?,
                    home_currency: row.get(2)?,
                    units: row.get(3)?,
                    value: row.get(4)?,
                    published_change: row.get(5)?,
                })
            },
        );
        Ok(current.optional()?)
    }
}

impl Current {
    /// Whether the row equals a fixing. The printed change counts: it is served with the row.
    fn equals(&self, fixing: &Fixing) -> Result<bool, StorageError> {
        let value = rows::decimal(&self.value, "fixings", self.id, "value")?;
        let change = self
            .published_change
            .as_deref()
            .map(|text| rows::decimal(text, "fixings", self.id, "published_change"))
            .transpose()?;
        Ok(self.currency == fixing.currency.as_str()
            && self.home_currency == fixing.home_currency.as_str()
            && self.units == fixing.units
            && value == fixing.value
            && change == fixing.published_change)
    }
}

/// The side of a row that is not the table's pivot.
fn row_currency(table: &FiledTable, fixing: &Fixing) -> Result<Currency, StorageError> {
    let belongs = fixing.source == table.source && fixing.effective_date == table.effective_date;
    let other = if fixing.home_currency == table.pivot {
        fixing.currency
    } else {
        fixing.home_currency
    };
    if belongs && (fixing.currency == table.pivot || fixing.home_currency == table.pivot) {
        Ok(other)
    } else {
        Err(StorageError::Refused(format!(
            "a row {}/{} of {} {} does not belong into the table {} {} of {}",
            fixing.currency,
            fixing.home_currency,
            fixing.source,
            fixing.effective_date,
            table.document,
            table.effective_date,
            table.source
        )))
    }
}
