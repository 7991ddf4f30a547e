//! A history as a cross table: a record for each day, a column for each pair, an empty cell where a pair has no rate.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use crate::tabular::columns::Column;
use crate::tabular::dialect::Dialect;
use crate::tabular::reader::CellReader;
use crate::tabular::writer::{Records, begin};

/// The name of the first column.
const DATE: &str = "date";
/// What a rate has of a cross table.
const CELL: &[Column] = &[(DATE, "/date"), ("pair", "/pair"), ("value", "/value")];

/// Makes records of rows that come by day. It holds one day at a time: the rows of a day may continue on the next page.
#[derive(Debug)]
pub struct Wide {
    pairs: Vec<String>,
    /// The column of each pair.
    columns: BTreeMap<String, usize>,
    dialect: Dialect,
    day: Option<Day>,
}

/// A day of which all rows may not have come yet.
#[derive(Debug)]
struct Day {
    date: String,
    /// The values in the order of the pairs; empty for none.
    values: Vec<String>,
}

impl Wide {
    /// A cross table with a column for each of these pairs.
    pub fn new(pairs: Vec<String>, dialect: Dialect) -> Self {
        let columns = pairs.iter().cloned().zip(0..).collect();
        Self {
            pairs,
            columns,
            dialect,
            day: None,
        }
    }

    /// The first record.
    ///
    /// # Errors
    /// None that is known: the text is written to memory.
    pub fn header(&self) -> io::Result<Vec<u8>> {
        let names = std::iter::once(DATE).chain(self.pairs.iter().map(String::as_str));
        begin(self.dialect, names)
    }

    /// The records of the days that end with these rates, which are sorted by day.
    ///
    /// # Errors
    /// A rate without a day, or of a pair that has no column: a source began to quote it meanwhile.
    pub fn records<R: Serialize>(&mut self, rates: &[R]) -> io::Result<Vec<u8>> {
        let mut reader = CellReader::new(CELL);
        let mut records = Records::new(self.dialect, Vec::new());
        for rate in rates {
            let [date, pair, value] = reader.read(rate)? else {
                return Err(io::Error::other("a rate has three values"));
            };
            let column = self.columns.get(pair).filter(|_| !date.is_empty());
            let column = *column.ok_or_else(|| {
                io::Error::other(format!("no cell for the rate of {pair} on {date:?}"))
            })?;
            if let Some(ended) = self.day.take_if(|day| day.date != *date) {
                ended.write(&mut records)?;
            }
            let count = self.pairs.len();
            let day = self.day.get_or_insert_with(|| Day {
                date: date.clone(),
                values: vec![String::new(); count],
            });
            if let Some(cell) = day.values.get_mut(column) {
                cell.clone_from(value);
            }
        }
        records.end()
    }

    /// The record of the last day.
    ///
    /// # Errors
    /// None that is known: the text is written to memory.
    pub fn end(&mut self) -> io::Result<Vec<u8>> {
        let mut records = Records::new(self.dialect, Vec::new());
        if let Some(last) = self.day.take() {
            last.write(&mut records)?;
        }
        records.end()
    }
}

impl Day {
    fn write(&self, records: &mut Records) -> io::Result<()> {
        let values = self.values.iter().map(String::as_str);
        records.write(std::iter::once(self.date.as_str()).chain(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::pb::Rate;

    fn rate(date: &str, pair: &str, value: &str) -> Rate {
        Rate {
            pair: pair.to_owned(),
            value: value.to_owned(),
            date: Some(date.to_owned()),
            ..Rate::default()
        }
    }

    fn text(pages: &[&[Rate]], dialect: Dialect) -> io::Result<String> {
        let mut wide = Wide::new(vec!["USD/KZT".to_owned(), "EUR/KZT".to_owned()], dialect);
        let mut text = wide.header()?;
        for page in pages {
            text.extend(wide.records::<json::Rate<'_>>(&json::list(page))?);
        }
        text.extend(wide.end()?);
        String::from_utf8(text).map_err(io::Error::other)
    }

    #[test]
    fn a_day_that_continues_on_the_next_page_is_one_record_and_a_missing_rate_is_an_empty_cell() {
        let first = [
            rate("2026-04-03", "EUR/KZT", "548.30"),
            rate("2026-04-02", "USD/KZT", "475.09"),
        ];
        let second = [
            rate("2026-04-02", "EUR/KZT", "549.40"),
            rate("2026-04-01", "USD/KZT", "478.77"),
        ];
        assert_eq!(
            text(&[&first, &[], &second], Dialect::Rfc4180).unwrap(),
            "date,USD/KZT,EUR/KZT\r\n\
             2026-04-03,,548.30\r\n2026-04-02,475.09,549.40\r\n2026-04-01,478.77,\r\n"
        );
        assert_eq!(
            text(&[&second], Dialect::ExcelComma).unwrap(),
            "\u{feff}date;USD/KZT;EUR/KZT\r\n2026-04-02;;549,40\r\n2026-04-01;478,77;\r\n"
        );
        assert_eq!(
            text(&[], Dialect::Rfc4180).unwrap(),
            "date,USD/KZT,EUR/KZT\r\n"
        );
    }

    #[test]
    fn a_rate_without_a_cell_is_an_error_and_is_not_left_out() {
        for wrong in [rate("2026-04-02", "UZS/KZT", "1"), rate("", "USD/KZT", "1")] {
            let error = text(&[&[wrong]], Dialect::Rfc4180).unwrap_err();
            assert!(error.to_string().starts_with("no cell for the rate of "));
        }
    }
}
