//! Reads a backfilled table as strictly as a bank's document.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::{
    Currency, DecimalError, DocumentKey, Field, Fixing, NOMINALS, Refusal, Separator, Table,
    TablePart, parse_published,
};
use crate::pb::admin as pb;
use crate::queries::{parse_currency, parse_date};

/// Rows of a table: there are fewer than two hundred currencies.
pub const ROWS_MAX: usize = 256;

/// Reads a table of a document.
pub(super) fn read(key: DocumentKey, table: &pb::Table) -> Result<Table, Refusal> {
    let wrong = |part, message: String| Refusal::InvalidTable { part, message };
    let pb::Table {
        // The key names them.
        source: _,
        document: _,
        pivot,
        effective_date: printed_date,
        as_of_time,
        rows: printed_rows,
    } = table;
    let pivot = parse_currency(Field::Table(TablePart::Pivot), pivot)?;
    let effective_date = Field::Table(TablePart::EffectiveDate);
    let effective_date = parse_date(effective_date, printed_date)?.ok_or_else(|| {
        wrong(
            TablePart::EffectiveDate,
            "effective_date is missing".to_owned(),
        )
    })?;
    let as_of = as_of_time
        .as_ref()
        .map(|at| Timestamp::new(at.seconds, at.nanos));
    let as_of = as_of
        .transpose()
        .map_err(|error| wrong(TablePart::AsOfTime, error.to_string()))?;
    if printed_rows.is_empty() || printed_rows.len() > ROWS_MAX {
        let message = format!("a table must have 1 to {ROWS_MAX} rows");
        return Err(wrong(TablePart::Rows, message));
    }
    let mut rows = BTreeMap::new();
    for (index, row) in printed_rows.iter().enumerate() {
        let at = TablePart::Row(index);
        let row = fixing(key, effective_date, row).map_err(|message| wrong(at, message))?;
        let code = match (row.currency == pivot, row.home_currency == pivot) {
            (false, true) => row.currency,
            (true, false) => row.home_currency,
            _ => {
                return Err(wrong(at, format!("one side of the row must be {pivot}")));
            }
        };
        if rows.insert(code, Arc::new(row)).is_some() {
            return Err(wrong(at, format!("a second row for {code}")));
        }
    }
    Ok(Table {
        document: key.document,
        pivot,
        effective_date,
        as_of,
        rows,
        dropped: Vec::new(),
    })
}

fn fixing(key: DocumentKey, effective_date: Date, row: &pb::Row) -> Result<Fixing, String> {
    let currency = |text: &str| Currency::parse(text).map_err(|error| error.to_string());
    let number = |text: &str| -> Result<Decimal, String> {
        parse_published(text, Separator::Point).map_err(|error: DecimalError| error.to_string())
    };
    let pb::Row {
        currency: code,
        units,
        value,
        home_currency,
        published_change,
    } = row;
    let units = units.parse().ok().filter(|units| NOMINALS.contains(units));
    let value = number(value)?;
    if value <= Decimal::ZERO {
        return Err("the value must be above zero".to_owned());
    }
    Ok(Fixing {
        source: key.source,
        currency: currency(code)?,
        units: units.ok_or("units must be a power of ten from 1 to 1000000")?,
        value,
        home_currency: currency(home_currency)?,
        effective_date,
        published_change: published_change.as_deref().map(number).transpose()?,
        superseded_value: None,
    })
}
