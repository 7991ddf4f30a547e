//! One document: its tables and its dates.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, Params, Statement, params};

use crate::domain::{Currency, DocumentKey, Fixing, QuoteKey, RevisionPolicy, Table};
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

/// The oldest dates of a document from a day on that have a table, at most `count` of them; oldest first.
pub(super) fn oldest_dates(
    connection: &Connection,
    key: DocumentKey,
    from: Date,
    count: usize,
) -> Result<Vec<Date>, StorageError> {
    let mut statement = connection.prepare(
        "SELECT DISTINCT effective_date FROM tables WHERE source = ?1 AND document = ?2 AND effective_date >= ?3
         ORDER BY effective_date LIMIT ?4",
    )?;
    let mut rows = statement.query(params![
        key.source.as_str(),
        key.document,
        from.to_string(),
        i64::try_from(count).unwrap_or(i64::MAX)
    ])?;
    let mut dates = Vec::new();
    while let Some(row) = rows.next()? {
        dates.push(date(&row.get::<_, String>(0)?, "tables")?);
    }
    Ok(dates)
}

/// For each currency of a document, the date of its newest row.
pub(super) fn dates_of_newest_rows(
    connection: &Connection,
    key: DocumentKey,
) -> Result<BTreeSet<Date>, StorageError> {
    let mut statement = connection.prepare(&of_each_currency("max"))?;
    let mut rows = statement.query(params![key.source.as_str(), key.document])?;
    let mut dates = BTreeSet::new();
    while let Some(row) = rows.next()? {
        dates.insert(date(&row.get::<_, String>(1)?, "fixings")?);
    }
    Ok(dates)
}

/// The newest dates of a range whose tables price one currency in another, at most `limit` of them if it is set; oldest
/// first. A table prices two currencies if each is its pivot or has a row in it.
pub(super) fn priced_dates(
    connection: &Connection,
    key: DocumentKey,
    (from, to): QuoteKey,
    (first, last): (Date, Date),
    limit: Option<u32>,
) -> Result<Vec<Date>, StorageError> {
    let sql = format!(
        "SELECT DISTINCT effective_date FROM tables
         WHERE source = ?1 AND document = ?2 AND effective_date BETWEEN ?3 AND ?4 AND {} AND {}
         ORDER BY effective_date DESC LIMIT ?7",
        has_price("?5"),
        has_price("?6")
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(params![
        key.source.as_str(),
        key.document,
        first.to_string(),
        last.to_string(),
        from.as_str(),
        to.as_str(),
        // A negative limit is none.
        limit.map_or(-1, i64::from),
    ])?;
    let mut dates = Vec::new();
    while let Some(row) = rows.next()? {
        dates.push(date(&row.get::<_, String>(0)?, "tables")?);
    }
    dates.reverse();
    Ok(dates)
}

/// The condition for a table that has a currency, which is a parameter, as its pivot or in a row.
fn has_price(currency: &str) -> String {
    format!(
        "(pivot = {currency} OR EXISTS (SELECT 1 FROM fixings WHERE fixings.source = ?1 AND fixings.document = ?2
          AND fixings.effective_date = tables.effective_date AND row_currency = {currency}))"
    )
}

/// The first date from a day on whose table prices one currency in another.
pub(super) fn first_priced_date(
    connection: &Connection,
    key: DocumentKey,
    (from, to): QuoteKey,
    first: Date,
) -> Result<Option<Date>, StorageError> {
    let sql = format!(
        "SELECT effective_date FROM tables
         WHERE source = ?1 AND document = ?2 AND effective_date >= ?3 AND {} AND {}
         ORDER BY effective_date LIMIT 1",
        has_price("?4"),
        has_price("?5")
    );
    let mut statement = connection.prepare(&sql)?;
    let mut dates = statement.query(params![
        key.source.as_str(),
        key.document,
        first.to_string(),
        from.as_str(),
        to.as_str(),
    ])?;
    let row = dates.next()?;
    row.map(|row| date(&row.get::<_, String>(0)?, "tables"))
        .transpose()
}

/// For each currency of a document, the date of its oldest row.
pub(super) fn dates_of_oldest_rows(
    connection: &Connection,
    key: DocumentKey,
) -> Result<BTreeMap<Currency, Date>, StorageError> {
    let mut statement = connection.prepare(&of_each_currency("min"))?;
    let mut rows = statement.query(params![key.source.as_str(), key.document])?;
    let mut dates = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let code: String = row.get(0)?;
        let currency = Currency::parse(&code).map_err(|error| {
            StorageError::Corrupt(format!("a currency of the table fixings: {error}"))
        })?;
        dates.insert(currency, date(&row.get::<_, String>(1)?, "fixings")?);
    }
    Ok(dates)
}

/// The query for the oldest (`min`) or newest (`max`) date of the rows of each currency of a document.
fn of_each_currency(extreme: &str) -> String {
    // Each step seeks the next currency in the index: a GROUP BY would read every row.
    format!(
        "WITH RECURSIVE codes (code) AS (
             SELECT min(row_currency) FROM fixings WHERE source = ?1 AND document = ?2
             UNION ALL
             SELECT (SELECT min(row_currency) FROM fixings
                     WHERE source = ?1 AND document = ?2 AND row_currency > code)
             FROM codes WHERE code IS NOT NULL
         )
         SELECT code, (SELECT {extreme}(effective_date) FROM fixings
                       WHERE source = ?1 AND document = ?2 AND row_currency = code)
         FROM codes WHERE code IS NOT NULL"
    )
}

/// The date of the table that lies a number of tables before a date, or that of the oldest one before it.
pub(super) fn date_before(
    connection: &Connection,
    key: DocumentKey,
    before: Date,
    tables: u32,
) -> Result<Option<Date>, StorageError> {
    let oldest: Option<String> = connection.query_row(
        "SELECT min(effective_date) FROM (SELECT DISTINCT effective_date FROM tables
         WHERE source = ?1 AND document = ?2 AND effective_date < ?3 ORDER BY effective_date DESC LIMIT ?4)",
        params![key.source.as_str(), key.document, before.to_string(), tables],
        |row| row.get(0),
    )?;
    oldest.map(|text| date(&text, "tables")).transpose()
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

    /// The tables of a range of dates, oldest first.
    pub(super) fn tables(self, from: Date, to: Date) -> Result<Vec<Table>, StorageError> {
        let mut tables = self.heads(from, to)?;
        let sql = format!(
            "SELECT {FIXING_COLUMNS} FROM fixings
             WHERE source = ?1 AND document = ?2 AND effective_date BETWEEN ?3 AND ?4 AND {IS_CURRENT}"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let rows = self.fixings(
            &mut statement,
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
        statement: &mut Statement<'_>,
        parameters: impl Params,
    ) -> Result<Vec<(Currency, Fixing)>, StorageError> {
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
