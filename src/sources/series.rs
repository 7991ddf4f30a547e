//! History that a bank answers by currency: a page for each, with the values of many dates.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::civil::Date;

use crate::domain::{Currency, Table};
use crate::sources::ParseError;

/// How a document's history is had from pages that each have one currency.
#[derive(Debug, Clone, Copy)]
pub struct Series {
    /// One page a currency. Only all of them together are the document.
    pub pages: &'static [SeriesPage],
    /// The path and query of a page, from a date to a date.
    pub path: fn(&SeriesPage, Date, Date) -> String,
    /// How many days are asked for at once, at most.
    pub days_max: i32,
    /// Turns one answer into tables with one row each, oldest first. Pure. A page may go beyond the dates asked for.
    pub parse: fn(&SeriesPage, &[u8]) -> Result<Vec<Table>, ParseError>,
}

/// The page of one currency.
#[derive(Debug, Clone, Copy)]
pub struct SeriesPage {
    /// The currency.
    pub currency: Currency,
    /// What the bank calls it.
    pub id: &'static str,
}

/// Puts tables of one document together by date, oldest first.
///
/// # Errors
/// When two of the same date say different things of one currency.
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
        match known.rows.entry(currency) {
            Entry::Vacant(place) => {
                place.insert(row);
            }
            Entry::Occupied(before) if before.get().same_figure(&row) => {}
            Entry::Occupied(_) => return Err(ParseError::Contradiction(currency)),
        }
    }
    known.dropped.extend(other.dropped);
    Ok(())
}
