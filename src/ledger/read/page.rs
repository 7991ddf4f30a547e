//! Published rows of one currency, page by page.

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, params};

use crate::ledger::error::StorageError;
use crate::ledger::read::rows::{FIXING_COLUMNS, Stored, StoredFixing};
use crate::ledger::read::{FixingRecord, FixingsPage};

/// The records of a page.
pub(super) fn fixings(
    connection: &Connection,
    page: &FixingsPage,
) -> Result<Vec<FixingRecord>, StorageError> {
    let sql = format!(
        "SELECT {FIXING_COLUMNS}, fixings.document, entries.at,
             EXISTS (SELECT 1 FROM fixings AS newer WHERE newer.supersedes = fixings.id) AS superseded,
             (SELECT count(*) FROM fixings AS other
              WHERE other.source = fixings.source AND other.row_currency = fixings.row_currency
                  AND other.effective_date = fixings.effective_date AND other.id <= fixings.id) AS place
         FROM fixings JOIN entries ON entries.entry = fixings.entry
         WHERE fixings.source = ?1 AND row_currency = ?2 AND effective_date BETWEEN ?3 AND ?4
             AND (effective_date, fixings.id) < (?5, ?6)
         ORDER BY effective_date DESC, fixings.id DESC LIMIT ?7"
    );
    let mut statement = connection.prepare(&sql)?;
    // Without a previous page, the page begins after the last possible date.
    let (after_date, after_id) = match page.after {
        Some((date, place)) => (date, id_at(connection, page, date, place)?),
        None => (Date::MAX, i64::MAX),
    };
    let mut rows = statement.query(params![
        page.source.as_str(),
        page.currency.as_str(),
        page.from.unwrap_or(Date::ZERO).to_string(),
        page.to
            .map_or(after_date, |to| to.min(after_date))
            .to_string(),
        after_date.to_string(),
        after_id,
        page.limit
    ])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        let stored = Stored::of(row, "fixings")?;
        let (superseded, document) = (stored.get("superseded")?, stored.get("document")?);
        let recorded_at = stored.time("at")?;
        let fixing = StoredFixing::of(row, page.source)?;
        records.push(FixingRecord {
            place: stored.get("place")?,
            superseded,
            recorded_at,
            document,
            fixing: fixing.with_superseded(connection, page.revision_policy)?,
        });
    }
    Ok(records)
}

/// The id of the row at a place of its date. Where there are fewer rows, every row of the date comes before that place.
fn id_at(
    connection: &Connection,
    page: &FixingsPage,
    date: Date,
    place: u32,
) -> Result<i64, StorageError> {
    let found = connection.query_row(
        "SELECT id FROM fixings WHERE source = ?1 AND row_currency = ?2 AND effective_date = ?3
         ORDER BY id LIMIT 1 OFFSET ?4",
        params![
            page.source.as_str(),
            page.currency.as_str(),
            date.to_string(),
            place.saturating_sub(1)
        ],
        |row| row.get(0),
    );
    Ok(found.optional()?.unwrap_or(i64::MAX))
}
