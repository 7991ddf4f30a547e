//! Builds a table from the texts of a document: the rules that all sources share.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::{
    Currency, DateFormat, DroppedRow, Fixing, NOMINALS, Separator, SourceId, Table, parse_date,
    parse_published,
};
use crate::sources::ParseError;
use crate::sources::text::printable;

/// The texts of one row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Row<'a> {
    pub(super) code: &'a str,
    pub(super) units: &'a str,
    pub(super) value: &'a str,
    pub(super) change: Option<&'a str>,
}

/// The direction in which the rows of a document are quoted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Quoting {
    /// A bank: a number of units of the row's currency cost a value in the pivot.
    PivotIsQuote,
    /// A market: a number of units of the pivot cost a value in the row's currency.
    PivotIsBase,
}

/// What the rows of a document have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableHeader {
    pub(super) source: SourceId,
    pub(super) document: &'static str,
    /// The bank's own currency, or the base of a market table.
    pub(super) pivot: Currency,
    pub(super) quoting: Quoting,
    pub(super) effective_date: Date,
    /// The instant that a market table prints.
    pub(super) as_of: Option<Timestamp>,
    pub(super) separator: Separator,
}

impl TableHeader {
    /// The head of a bank's document.
    pub(super) fn of_bank(
        source: SourceId,
        document: &'static str,
        home: Currency,
        effective_date: Date,
    ) -> Self {
        Self {
            source,
            document,
            pivot: home,
            quoting: Quoting::PivotIsQuote,
            effective_date,
            as_of: None,
            separator: Separator::Point,
        }
    }

    /// The head of a document with a decimal comma.
    #[must_use]
    pub(super) fn with_comma(self) -> Self {
        Self {
            separator: Separator::Comma,
            ..self
        }
    }
}

/// Collects rows into a table. Two different rows for one currency make the document invalid.
#[derive(Debug)]
pub(super) struct TableBuilder {
    head: TableHeader,
    rows: BTreeMap<Currency, Arc<Fixing>>,
    dropped: Vec<DroppedRow>,
}

impl TableBuilder {
    pub(super) fn new(head: TableHeader) -> Self {
        Self {
            head,
            rows: BTreeMap::new(),
            dropped: Vec::new(),
        }
    }

    /// Adds a row; one that cannot be used is dropped with its reason.
    pub(super) fn push(&mut self, row: Row<'_>) -> Result<(), ParseError> {
        match self.read(row) {
            Ok((currency, fixing)) => insert_row(&mut self.rows, currency, Arc::new(fixing)),
            Err(reason) => {
                self.dropped.push(DroppedRow {
                    currency: printable(row.code),
                    reason,
                });
                Ok(())
            }
        }
    }

    /// Adds a row; one that cannot be used makes the document invalid.
    pub(super) fn push_or_refuse(&mut self, row: Row<'_>) -> Result<(), ParseError> {
        let (currency, fixing) = self.read(row).map_err(|reason| {
            ParseError::Unexpected(format!("{}: {reason}", printable(row.code)))
        })?;
        insert_row(&mut self.rows, currency, Arc::new(fixing))
    }

    /// Counts rows of unwanted currencies, as one dropped row for all of them.
    pub(super) fn count_unwanted(&mut self, rows: usize) {
        if rows > 0 {
            self.dropped.push(DroppedRow {
                currency: "*".into(),
                reason: format!("{rows} rows not wanted"),
            });
        }
    }

    /// The table. An error if no row was usable.
    pub(super) fn finish(self) -> Result<Table, ParseError> {
        if self.rows.is_empty() {
            return Err(ParseError::NoRows);
        }
        Ok(Table {
            document: self.head.document,
            pivot: self.head.pivot,
            effective_date: self.head.effective_date,
            as_of: self.head.as_of,
            rows: self.rows,
            dropped: self.dropped,
        })
    }

    /// The row's currency and its fixing, or why the row is not usable.
    fn read(&self, row: Row<'_>) -> Result<(Currency, Fixing), String> {
        let head = &self.head;
        let code = Currency::parse(row.code).map_err(|error| error.to_string())?;
        if code == head.pivot {
            return Err("the source's own currency".into());
        }
        if code
            .retired_on()
            .is_some_and(|day| head.effective_date >= day)
        {
            return Err("no longer a currency".into());
        }
        let mut nominals = NOMINALS.into_iter();
        let units = nominals.find(|nominal| nominal.to_string() == row.units);
        let units = units.ok_or_else(|| format!("`{}` is no nominal", printable(row.units)))?;
        let value = positive(row.value, head.separator)?;
        let published_change = row
            .change
            .map(|text| number(text, head.separator))
            .transpose()?;
        let (currency, home_currency) = match head.quoting {
            Quoting::PivotIsQuote => (code, head.pivot),
            Quoting::PivotIsBase => (head.pivot, code),
        };
        let fixing = Fixing {
            source: head.source,
            currency,
            units,
            value,
            home_currency,
            effective_date: head.effective_date,
            published_change,
            superseded_value: None,
        };
        Ok((code, fixing))
    }
}

/// Inserts a row. A second one for the same currency must have the same value.
pub(super) fn insert_row(
    rows: &mut BTreeMap<Currency, Arc<Fixing>>,
    currency: Currency,
    fixing: Arc<Fixing>,
) -> Result<(), ParseError> {
    match rows.entry(currency) {
        Entry::Vacant(vacant) => {
            vacant.insert(fixing);
        }
        Entry::Occupied(before) if before.get().same_value(&fixing) => {}
        Entry::Occupied(_) => return Err(ParseError::Contradiction(currency)),
    }
    Ok(())
}

/// A value as printed: above zero.
fn positive(text: &str, separator: Separator) -> Result<Decimal, String> {
    let value = number(text, separator)?;
    if value <= Decimal::ZERO {
        return Err(format!("`{}` is not above zero", printable(text)));
    }
    Ok(value)
}

fn number(text: &str, separator: Separator) -> Result<Decimal, String> {
    parse_published(text, separator).map_err(|error| format!("`{}` is {error}", printable(text)))
}

/// `DD.MM.YYYY`.
pub(super) fn dotted_date(text: &str) -> Result<Date, ParseError> {
    read_date(DateFormat::Dotted, text)
}

/// `YYYY-MM-DD`.
pub(super) fn iso_date(text: &str) -> Result<Date, ParseError> {
    read_date(DateFormat::Iso, text)
}

fn read_date(format: DateFormat, text: &str) -> Result<Date, ParseError> {
    parse_date(text, format).ok_or_else(|| ParseError::Date(printable(text)))
}

/// An instant in seconds of the Unix clock.
pub(super) fn unix_seconds(text: &str) -> Result<Timestamp, ParseError> {
    let seconds = text
        .parse()
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    seconds.ok_or_else(|| ParseError::Date(printable(text)))
}
