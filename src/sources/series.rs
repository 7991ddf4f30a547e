//! Series: past tables of a bank that answers by currency, with the values of many dates on a page for each.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::civil::Date;

use crate::domain::{Currency, Table};
use crate::sources::ParseError;
use crate::sources::table_builder::insert_row;

/// How past tables are fetched from pages that each have one currency.
#[derive(Debug, Clone, Copy)]
pub struct Series {
    /// The pages. Only all of them together are the document.
    pub pages: &'static [SeriesPage],
    /// The path and query of a page for a range of dates.
    pub path: fn(&SeriesPage, Date, Date) -> String,
    /// The maximum number of days in a request.
    pub days_max: i32,
    /// Parses a response into tables with one row each, oldest first. Pure. A page may contain dates outside the range.
    pub parse: fn(&SeriesPage, &[u8]) -> Result<Vec<Table>, ParseError>,
}

/// The page of one currency.
#[derive(Debug, Clone, Copy)]
pub struct SeriesPage {
    /// The currency.
    pub currency: Currency,
    /// The bank's id of it.
    pub id: &'static str,
}

/// Merges tables of one document by date, oldest first.
///
/// # Errors
/// If two tables of the same date have different values for a currency.
pub fn merge(tables: impl IntoIterator<Item = Table>) -> Result<Vec<Table>, ParseError> {
    let mut merged: BTreeMap<Date, Table> = BTreeMap::new();
    for table in tables {
        match merged.entry(table.effective_date) {
            Entry::Vacant(place) => {
                place.insert(table);
            }
            Entry::Occupied(mut known) => add(known.get_mut(), table)?,
        }
    }
    Ok(merged.into_values().collect())
}

fn add(known: &mut Table, other: Table) -> Result<(), ParseError> {
    for (currency, row) in other.rows {
        insert_row(&mut known.rows, currency, row)?;
    }
    known.dropped.extend(other.dropped);
    Ok(())
}
