//! The rows of a few currencies of a document over many years, without the other rows of its tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use rusqlite::params;

use crate::domain::{Currency, Fixing, Table};
use crate::ledger::error::StorageError;
use crate::ledger::read::document::Document;
use crate::ledger::read::rows::{FIXING_COLUMNS, IS_CURRENT, date};

/// A table of which some rows were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialTable {
    /// The rows that were read, under the date of their table. Without the instant and the dropped rows.
    pub table: Table,
    /// Whether the whole table has the same rows with the same values as the table before it.
    pub is_carry: bool,
}

/// The tables of a range of dates that have a row of one of these currencies, with these rows, oldest first.
pub(super) fn tables(
    document: &Document<'_>,
    currencies: &[Currency],
    (from, to): (Date, Date),
) -> Result<Vec<Table>, StorageError> {
    let sql = format!(
        "SELECT {FIXING_COLUMNS} FROM fixings
         WHERE source = ?1 AND document = ?2 AND row_currency = ?3 AND effective_date BETWEEN ?4 AND ?5
             AND {IS_CURRENT}"
    );
    let key = document.key;
    let mut statement = document.connection.prepare(&sql)?;
    let mut tables: BTreeMap<Date, Table> = BTreeMap::new();
    for currency in currencies {
        let rows = document.fixings(
            &mut statement,
            params![
                key.source.as_str(),
                key.document,
                currency.as_str(),
                from.to_string(),
                to.to_string()
            ],
        )?;
        for (row_currency, fixing) in rows {
            let new = || empty(document, row_currency, &fixing);
            let table = tables.entry(fixing.effective_date).or_insert_with(new);
            table.rows.insert(row_currency, Arc::new(fixing));
        }
    }
    Ok(tables.into_values().collect())
}

/// The table of a row, without rows.
fn empty(document: &Document<'_>, row_currency: Currency, row: &Fixing) -> Table {
    Table {
        document: document.key.document,
        pivot: if row.currency == row_currency {
            row.home_currency
        } else {
            row.currency
        },
        effective_date: row.effective_date,
        as_of: None,
        rows: BTreeMap::new(),
        dropped: Vec::new(),
    }
}

/// The dates of a range whose table repeats the one before it.
pub(super) fn carries(
    document: &Document<'_>,
    from: Date,
    to: Date,
) -> Result<BTreeSet<Date>, StorageError> {
    let Document {
        connection, key, ..
    } = *document;
    let before: Option<String> = connection.query_row(
        "SELECT max(effective_date) FROM table_digests WHERE source = ?1 AND document = ?2 AND effective_date < ?3",
        params![key.source.as_str(), key.document, from.to_string()],
        |row| row.get(0),
    )?;
    let before = before.unwrap_or_else(|| from.to_string());
    let mut statement = connection.prepare(
        "SELECT effective_date, digest FROM table_digests
         WHERE source = ?1 AND document = ?2 AND effective_date BETWEEN ?3 AND ?4 ORDER BY effective_date",
    )?;
    let mut rows = statement.query(params![
        key.source.as_str(),
        key.document,
        before,
        to.to_string()
    ])?;
    let mut carries = BTreeSet::new();
    let mut last: Option<String> = None;
    while let Some(row) = rows.next()? {
        let (day, digest): (String, String) = (row.get(0)?, row.get(1)?);
        if last.as_ref() == Some(&digest) {
            carries.insert(date(&day, "table_digests")?);
        }
        last = Some(digest);
    }
    Ok(carries)
}
