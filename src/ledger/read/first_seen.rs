//! When the tables of a document were first written by a poll.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use rusqlite::{Connection, params};

use crate::domain::{Cause, DocumentKey, FirstSeen};
use crate::ledger::error::StorageError;
use crate::ledger::read::rows::{date, instant};

/// How far before the newest table sightings are read: three weeks of daily tables with the longest holidays among them,
/// and two months of weekly ones.
const DAYS_MAX: i32 = 60;

/// The instants of the entries that first brought the newest tables, if those were entries of a poll.
pub(super) fn first_seen(
    connection: &Connection,
    key: DocumentKey,
) -> Result<FirstSeen, StorageError> {
    let (source, document) = (key.source.as_str(), key.document);
    let newest: Option<String> = connection.query_row(
        "SELECT max(effective_date) FROM tables WHERE source = ?1 AND document = ?2",
        params![source, document],
        |row| row.get(0),
    )?;
    let Some(newest) = newest else {
        return Ok(FirstSeen::default());
    };
    let newest = date(&newest, "tables")?;
    let oldest = newest.checked_sub(DAYS_MAX.days()).unwrap_or(Date::MIN);
    // SQLite documents that with min(), the other columns of a group are those of the row that has the minimum.
    let mut statement = connection.prepare(
        "SELECT min(tables.id), tables.effective_date, entries.at, entries.cause
         FROM tables JOIN entries ON entries.entry = tables.entry
         WHERE tables.source = ?1 AND tables.document = ?2 AND tables.effective_date BETWEEN ?3 AND ?4
         GROUP BY tables.effective_date ORDER BY tables.effective_date",
    )?;
    let mut rows = statement.query(params![
        source,
        document,
        oldest.to_string(),
        newest.to_string()
    ])?;
    let mut sightings: Vec<(Date, Timestamp)> = Vec::new();
    while let Some(row) = rows.next()? {
        let cause: String = row.get(3)?;
        if cause == Cause::Poll(key.source).as_str() {
            let effective_date = date(&row.get::<_, String>(1)?, "tables")?;
            let at = instant(&row.get::<_, String>(2)?, "entries")?;
            sightings.push((effective_date, at));
        }
    }
    Ok(sightings.into_iter().collect())
}
