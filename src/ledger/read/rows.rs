//! Converts stored texts to values. An invalid one is reported as damage, with its table and id.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Row};
use rust_decimal::Decimal;

use crate::domain::{Currency, Fixing, RevisionPolicy, SourceId, parse_decimal};
use crate::ledger::error::StorageError;

/// A row of a table with its location, for error messages.
#[derive(Clone, Copy)]
pub(super) struct Stored<'a> {
    row: &'a Row<'a>,
    table: &'static str,
    id: i64,
}

/// The columns that make a [`StoredFixing`].
pub(super) const FIXING_COLUMNS: &str = "fixings.id, fixings.row_currency, fixings.currency, fixings.home_currency, \
     fixings.effective_date, fixings.units, fixings.value, fixings.published_change, fixings.supersedes";
/// The condition for a row of `fixings` that no other row supersedes.
pub(in crate::ledger) const IS_CURRENT: &str =
    "NOT EXISTS (SELECT 1 FROM fixings AS newer WHERE newer.supersedes = fixings.id)";

/// A fixing, and the row that it supersedes. Its `superseded_value` is not filled in.
#[derive(Debug)]
pub(super) struct StoredFixing {
    pub(super) id: i64,
    pub(super) row_currency: Currency,
    pub(super) fixing: Fixing,
    supersedes: Option<i64>,
}

impl<'a> Stored<'a> {
    /// A row of a table with the column `id`.
    pub(super) fn of(row: &'a Row<'a>, table: &'static str) -> Result<Self, StorageError> {
        let id = row.get("id")?;
        Ok(Self { row, table, id })
    }

    /// A value as SQLite keeps it.
    pub(super) fn get<T: FromSql>(self, column: &'static str) -> Result<T, StorageError> {
        self.row
            .get(column)
            .map_err(|error| corrupt(self.table, self.id, column, &error))
    }

    pub(super) fn decimal(self, column: &'static str) -> Result<Decimal, StorageError> {
        decimal(&self.get::<String>(column)?, self.table, self.id, column)
    }

    pub(super) fn optional_decimal(
        self,
        column: &'static str,
    ) -> Result<Option<Decimal>, StorageError> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| decimal(&text, self.table, self.id, column))
            .transpose()
    }

    pub(super) fn currency(self, column: &'static str) -> Result<Currency, StorageError> {
        let text: String = self.get(column)?;
        Currency::parse(&text).map_err(|error| self.corrupt(column, &error))
    }

    /// A date or an instant.
    pub(super) fn time<T: FromStr<Err: Display>>(
        self,
        column: &'static str,
    ) -> Result<T, StorageError> {
        let text: String = self.get(column)?;
        text.parse().map_err(|error| self.corrupt(column, &error))
    }

    /// A date or an instant that may be absent.
    pub(super) fn optional_time<T: FromStr<Err: Display>>(
        self,
        column: &'static str,
    ) -> Result<Option<T>, StorageError> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| text.parse().map_err(|error| self.corrupt(column, &error)))
            .transpose()
    }

    /// The error for an invalid value.
    pub(super) fn corrupt(self, column: &str, what: &impl Display) -> StorageError {
        corrupt(self.table, self.id, column, what)
    }
}

/// A decimal as it was written.
pub(in crate::ledger) fn decimal(
    text: &str,
    table: &str,
    id: i64,
    column: &str,
) -> Result<Decimal, StorageError> {
    parse_decimal(text).map_err(|error| corrupt(table, id, column, &error))
}

fn corrupt(table: &str, id: i64, column: &str, what: &impl Display) -> StorageError {
    StorageError::Corrupt(format!("{column} of row {id} of the table {table}: {what}"))
}

impl StoredFixing {
    /// Reads [`FIXING_COLUMNS`].
    pub(super) fn of(row: &Row<'_>, source: SourceId) -> Result<Self, StorageError> {
        let stored = Stored::of(row, "fixings")?;
        let fixing = Fixing {
            source,
            currency: stored.currency("currency")?,
            units: stored.get("units")?,
            value: stored.decimal("value")?,
            home_currency: stored.currency("home_currency")?,
            effective_date: stored.time("effective_date")?,
            published_change: stored.optional_decimal("published_change")?,
            superseded_value: None,
        };
        Ok(Self {
            id: stored.id,
            row_currency: stored.currency("row_currency")?,
            fixing,
            supersedes: stored.get("supersedes")?,
        })
    }

    /// The fixing, with the last different value that it corrected, if superseding is a correction.
    pub(super) fn with_superseded(
        self,
        connection: &Connection,
        revision_policy: RevisionPolicy,
    ) -> Result<Fixing, StorageError> {
        let mut fixing = self.fixing;
        let mut older = self.supersedes;
        while let (RevisionPolicy::Correction, Some(id)) = (revision_policy, older) {
            let (units, value, supersedes) = value_of(connection, id)?;
            if (units, value) != (fixing.units, fixing.value) {
                fixing.superseded_value = Some(value);
                break;
            }
            older = supersedes;
        }
        Ok(fixing)
    }
}

/// The units and value of a row, and the row that it supersedes.
fn value_of(connection: &Connection, id: i64) -> Result<(u32, Decimal, Option<i64>), StorageError> {
    let found = connection
        .query_row(
            "SELECT units, value, supersedes FROM fixings WHERE id = ?1",
            [id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let (units, value, supersedes): (u32, String, Option<i64>) = found.ok_or_else(|| {
        StorageError::Corrupt(format!("row {id} of the table fixings is missing"))
    })?;
    Ok((units, decimal(&value, "fixings", id, "value")?, supersedes))
}

/// A date of a column.
pub(super) fn date(text: &str, table: &'static str) -> Result<Date, StorageError> {
    text.parse()
        .map_err(|error| StorageError::Corrupt(format!("a date of the table {table}: {error}")))
}

/// An instant of a column.
pub(super) fn instant(text: &str, table: &'static str) -> Result<Timestamp, StorageError> {
    text.parse()
        .map_err(|error| StorageError::Corrupt(format!("an instant of the table {table}: {error}")))
}
