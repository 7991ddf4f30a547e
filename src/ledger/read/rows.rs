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

/// A column of a row by its position, with its name for error messages.
struct Cell<'a> {
    stored: Stored<'a>,
    index: usize,
    column: &'static str,
}

impl Cell<'_> {
    fn get<T: FromSql>(&self) -> Result<T, StorageError> {
        let value = self.stored.row.get(self.index);
        value.map_err(|error| self.stored.corrupt(self.column, &error))
    }

    fn text(&self) -> Result<Option<&str>, StorageError> {
        let value = self.stored.row.get_ref(self.index)?.as_str_or_null();
        value.map_err(|error| self.stored.corrupt(self.column, &error))
    }

    /// The text of a column that is never absent.
    fn present(&self) -> Result<&str, StorageError> {
        let text = self.text()?;
        text.ok_or_else(|| self.stored.corrupt(self.column, &"it is absent"))
    }

    fn currency(&self) -> Result<Currency, StorageError> {
        Currency::parse(self.present()?).map_err(|error| self.stored.corrupt(self.column, &error))
    }

    fn time<T: FromStr<Err: Display>>(&self) -> Result<T, StorageError> {
        let time = self.present()?.parse();
        time.map_err(|error| self.stored.corrupt(self.column, &error))
    }

    fn decimal(&self) -> Result<Decimal, StorageError> {
        let Stored { table, id, .. } = self.stored;
        decimal(self.present()?, table, id, self.column)
    }

    fn optional_decimal(&self) -> Result<Option<Decimal>, StorageError> {
        let Stored { table, id, .. } = self.stored;
        let text = self.text()?;
        text.map(|text| decimal(text, table, id, self.column))
            .transpose()
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
    /// Reads [`FIXING_COLUMNS`], which must be the first columns: a search by name takes longer than all else.
    pub(super) fn of(row: &Row<'_>, source: SourceId) -> Result<Self, StorageError> {
        let id = row.get(0)?;
        let at = |index, column| Cell {
            stored: Stored {
                row,
                table: "fixings",
                id,
            },
            index,
            column,
        };
        let fixing = Fixing {
            source,
            currency: at(2, "currency").currency()?,
            units: at(5, "units").get()?,
            value: at(6, "value").decimal()?,
            home_currency: at(3, "home_currency").currency()?,
            effective_date: at(4, "effective_date").time()?,
            published_change: at(7, "published_change").optional_decimal()?,
            superseded_value: None,
        };
        Ok(Self {
            row_currency: at(1, "row_currency").currency()?,
            fixing,
            supersedes: at(8, "supersedes").get()?,
        })
    }

    /// The row that it supersedes.
    pub(super) fn supersedes(&self) -> Option<i64> {
        self.supersedes
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

/// The units and value of a row, and the row that it supersedes, which is an older one: each walk along such rows ends.
pub(super) fn value_of(
    connection: &Connection,
    id: i64,
) -> Result<(u32, Decimal, Option<i64>), StorageError> {
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
    if let Some(newer) = supersedes.filter(|older| *older >= id) {
        return Err(StorageError::Corrupt(format!(
            "row {id} of the table fixings supersedes row {newer}, which is not older"
        )));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_supersede_themselves_or_each_other_are_damage_and_not_followed_without_end() {
        let connection = Connection::open_in_memory().unwrap();
        let rows = "CREATE TABLE fixings (id INTEGER PRIMARY KEY, units INTEGER, value TEXT, supersedes INTEGER);
            INSERT INTO fixings VALUES (1, 1, '475.09', NULL), (2, 1, '475.10', 1), (3, 1, '475.10', 3), (4, 1, '475.10', 5);";
        connection.execute_batch(rows).unwrap();
        let older = |id| value_of(&connection, id).map(|(_units, _value, older)| older);
        assert_eq!((older(1).unwrap(), older(2).unwrap()), (None, Some(1)));
        for (id, newer) in [(3, 3), (4, 5)] {
            let StorageError::Corrupt(detail) = older(id).unwrap_err() else {
                panic!("row {id} is not damage");
            };
            let expected =
                format!("row {id} of the table fixings supersedes row {newer}, which is not older");
            assert_eq!(detail, expected);
        }
    }
}
