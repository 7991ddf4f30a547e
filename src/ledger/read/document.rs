//! One document: its tables, its dates, and the rows in force on a day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use rusqlite::{Connection, Params, params};

use crate::domain::{Currency, DocumentKey, Fixing, RevisionPolicy, Table};
use crate::ledger::error::StorageError;
use crate::ledger::read::rows::{FIXING_COLUMNS, IS_CURRENT, Stored, StoredFixing, date};

/// A document on a connection.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    pub(super) connection: &'a Connection,
    pub(super) key: DocumentKey,
    revision_policy: RevisionPolicy,
}

/// The dates of a document that have a table; oldest first.
pub(super) fn dates(
    connection: &Connection,
    key: DocumentKey,
    from: Date,
    to: Date,
) -> Result<Vec<Date>, StorageError> {
    let mut statement = connection.prepare(
        "SELECT DISTINCT effective_date FROM tables
         WHERE source = ?1 AND document = ?2 AND effective_date BETWEEN ?3 AND ?4 ORDER BY effective_date",
    )?;
    let mut rows = statement.query(params![
        key.source.as_str(),
        key.document,
        from.to_string(),
        to.to_string()
    ])?;
    let mut dates = Vec::new();
    while let Some(row) = rows.next()? {
        dates.push(date(&row.get::<_, String>(0)?, "tables")?);
    }
    Ok(dates)
}

/// The newest dates of a document up to a day that have a table, at most `count` of them; oldest first.
pub(super) fn newest_dates(
    connection: &Connection,
    key: DocumentKey,
    to: Date,
    count: usize,
) -> Result<Vec<Date>, StorageError> {
    let mut statement = connection.prepare(
        "SELECT DISTINCT effective_date FROM tables WHERE source = ?1 AND document = ?2 AND effective_date <= ?3
         ORDER BY effective_date DESC LIMIT ?4",
    )?;
    let mut rows = statement.query(params![
        key.source.as_str(),
        key.document,
        to.to_string(),
        i64::try_from(count).unwrap_or(i64::MAX)
    ])?;
    let mut dates = Vec::new();
    while let Some(row) = rows.next()? {
        dates.push(date(&row.get::<_, String>(0)?, "tables")?);
    }
    dates.reverse();
    Ok(dates)
}

/// For each currency of a document, the date of its newest row.
pub(super) fn dates_of_newest_rows(
    connection: &Connection,
    key: DocumentKey,
) -> Result<BTreeSet<Date>, StorageError> {
    // Each step seeks the next currency in the index: a GROUP BY would read every row.
    let mut statement = connection.prepare(
        "WITH RECURSIVE codes (code) AS (
             SELECT min(row_currency) FROM fixings WHERE source = ?1 AND document = ?2
             UNION ALL
             SELECT (SELECT min(row_currency) FROM fixings
                     WHERE source = ?1 AND document = ?2 AND row_currency > code)
             FROM codes WHERE code IS NOT NULL
         )
         SELECT (SELECT max(effective_date) FROM fixings
                 WHERE source = ?1 AND document = ?2 AND row_currency = code)
         FROM codes WHERE code IS NOT NULL",
    )?;
    let mut rows = statement.query(params![key.source.as_str(), key.document])?;
    let mut dates = BTreeSet::new();
    while let Some(row) = rows.next()? {
        dates.insert(date(&row.get::<_, String>(0)?, "fixings")?);
    }
    Ok(dates)
}

/// The dates of a document that have a row for a currency; oldest first.
pub(super) fn dates_of(
    connection: &Connection,
    key: DocumentKey,
    currency: Currency,
    (from, to): (Date, Date),
) -> Result<Vec<Date>, StorageError> {
    let mut statement = connection.prepare(
        "SELECT DISTINCT effective_date FROM fixings
         WHERE source = ?1 AND document = ?2 AND row_currency = ?3 AND effective_date BETWEEN ?4 AND ?5
         ORDER BY effective_date",
    )?;
    let mut rows = statement.query(params![
        key.source.as_str(),
        key.document,
        currency.as_str(),
        from.to_string(),
        to.to_string()
    ])?;
    let mut dates = Vec::new();
    while let Some(row) = rows.next()? {
        dates.push(date(&row.get::<_, String>(0)?, "fixings")?);
    }
    Ok(dates)
}

/// The oldest date of a document.
pub(super) fn oldest_date(
    connection: &Connection,
    key: DocumentKey,
) -> Result<Option<Date>, StorageError> {
    let oldest: Option<String> = connection.query_row(
        "SELECT min(effective_date) FROM tables WHERE source = ?1 AND document = ?2",
        params![key.source.as_str(), key.document],
        |row| row.get(0),
    )?;
    oldest.map(|text| date(&text, "tables")).transpose()
}

impl<'a> Document<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        key: DocumentKey,
        revision_policy: RevisionPolicy,
    ) -> Self {
        Self {
            connection,
            key,
            revision_policy,
        }
    }

    /// For each currency, the newest current row dated within a number of days up to a day.
    pub(super) fn in_force(
        self,
        on: Date,
        look_back_days: i32,
    ) -> Result<Vec<Fixing>, StorageError> {
        let span = Span::new().try_days(look_back_days);
        let before = span.and_then(|span| on.checked_sub(span));
        let before = before.unwrap_or(Date::MIN);
        // SQLite documents that with max(), the other columns of a group are those of the row that has the maximum.
        let sql = format!(
            "SELECT {FIXING_COLUMNS}, max(effective_date) FROM fixings
             WHERE source = ?1 AND document = ?2 AND effective_date <= ?3 AND effective_date > ?4 AND {IS_CURRENT}
             GROUP BY row_currency ORDER BY row_currency"
        );
        let rows = self.fixings(
            &sql,
            params![
                self.key.source.as_str(),
                self.key.document,
                on.to_string(),
                before.to_string()
            ],
        )?;
        Ok(rows.into_iter().map(|(_, fixing)| fixing).collect())
    }

    /// The tables of a range of dates, oldest first.
    pub(super) fn tables(self, from: Date, to: Date) -> Result<Vec<Table>, StorageError> {
        let mut tables = self.heads(from, to)?;
        let sql = format!(
            "SELECT {FIXING_COLUMNS} FROM fixings
             WHERE source = ?1 AND document = ?2 AND effective_date BETWEEN ?3 AND ?4 AND {IS_CURRENT}"
        );
        let rows = self.fixings(
            &sql,
            params![
                self.key.source.as_str(),
                self.key.document,
                from.to_string(),
                to.to_string()
            ],
        )?;
        for (row_currency, fixing) in rows {
            let day = fixing.effective_date;
            let table = tables.get_mut(&day).ok_or_else(|| {
                StorageError::Corrupt(format!(
                    "the table of {day} is missing, and rows of it are there"
                ))
            })?;
            table.rows.insert(row_currency, Arc::new(fixing));
        }
        Ok(tables.into_values().collect())
    }

    /// The tables without their rows; of each date the newest.
    fn heads(self, from: Date, to: Date) -> Result<BTreeMap<Date, Table>, StorageError> {
        let mut statement = self.connection.prepare(
            "SELECT max(id) AS id, effective_date, pivot, as_of FROM tables
             WHERE source = ?1 AND document = ?2 AND effective_date BETWEEN ?3 AND ?4 GROUP BY effective_date",
        )?;
        let mut rows = statement.query(params![
            self.key.source.as_str(),
            self.key.document,
            from.to_string(),
            to.to_string()
        ])?;
        let mut heads = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let stored = Stored::of(row, "tables")?;
            let effective_date = stored.time("effective_date")?;
            let head = Table {
                document: self.key.document,
                pivot: stored.currency("pivot")?,
                effective_date,
                as_of: stored.optional_time::<Timestamp>("as_of")?,
                rows: BTreeMap::new(),
                dropped: Vec::new(),
            };
            heads.insert(effective_date, head);
        }
        Ok(heads)
    }

    /// The rows of a query for [`FIXING_COLUMNS`], with the values that they corrected.
    pub(super) fn fixings(
        self,
        sql: &str,
        parameters: impl Params,
    ) -> Result<Vec<(Currency, Fixing)>, StorageError> {
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query(parameters)?;
        let mut fixings = Vec::new();
        while let Some(row) = rows.next()? {
            let stored = StoredFixing::of(row, self.key.source)?;
            let row_currency = stored.row_currency;
            let fixing = stored.with_superseded(self.connection, self.revision_policy)?;
            fixings.push((row_currency, fixing));
        }
        Ok(fixings)
    }
}
