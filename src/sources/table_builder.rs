//! Builds a table from the texts of a document: the rules that all sources share.

use std::borrow::Cow;
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
use crate::sources::text::{Cell, printable};

/// The cells of one row. Blanks around their texts do not count.
#[derive(Debug, Clone)]
pub(super) struct Row<'a> {
    pub(super) code: Cell<'a>,
    pub(super) units: Cell<'a>,
    pub(super) value: Cell<'a>,
    /// The bank's own change; `None` if it prints none. One that cannot be read is left out, and the row is kept.
    pub(super) change: Option<Cow<'a, str>>,
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
    pub(super) fn push(&mut self, row: &Row<'_>) -> Result<(), ParseError> {
        match self.read(row) {
            Ok((currency, fixing)) => insert_row(&mut self.rows, currency, Arc::new(fixing)),
            Err(reason) => {
                self.drop_row(row.code.as_deref().unwrap_or_default(), reason);
                Ok(())
            }
        }
    }

    /// Leaves out a row that is not of this table.
    pub(super) fn drop_row(&mut self, code: &str, reason: String) {
        self.dropped.push(DroppedRow {
            currency: printable(code.trim()),
            reason,
        });
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
            let first = self.dropped.first();
            let first = first.map(|row| format!("{}: {}", row.currency, row.reason));
            return Err(ParseError::NoRows(first.unwrap_or_default()));
        }
        Ok(self.finish_part())
    }

    /// A part of a table, which may have no usable row while the other parts have some.
    pub(super) fn finish_part(self) -> Table {
        Table {
            document: self.head.document,
            pivot: self.head.pivot,
            effective_date: self.head.effective_date,
            as_of: self.head.as_of,
            rows: self.rows,
            dropped: self.dropped,
        }
    }

    /// The row's currency and its fixing, or why the row is not usable.
    fn read(&self, row: &Row<'_>) -> Result<(Currency, Fixing), String> {
        let head = &self.head;
        let code = Currency::parse(trimmed(&row.code)?).map_err(|error| error.to_string())?;
        if code == head.pivot {
            return Err("the source's own currency".into());
        }
        if code
            .retired_on()
            .is_some_and(|day| head.effective_date >= day)
        {
            return Err("no longer a currency".into());
        }
        let printed = trimmed(&row.units)?;
        let mut nominals = NOMINALS.into_iter();
        let units = nominals.find(|nominal| nominal.to_string() == printed);
        let units = units.ok_or_else(|| format!("`{}` is no nominal", printable(printed)))?;
        let value = positive(trimmed(&row.value)?, head.separator)?;
        let change = row.change.as_deref();
        let published_change = change.and_then(|text| number(text.trim(), head.separator).ok());
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

/// The text of a cell without the blanks around it, or why it has none.
fn trimmed<'a>(cell: &'a Cell<'_>) -> Result<&'a str, String> {
    match cell {
        Ok(text) => Ok(text.trim()),
        Err(reason) => Err(reason.clone()),
    }
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

/// The day first: `DD.MM.YYYY` or `DD/MM/YYYY`.
pub(super) fn day_first_date(text: &str) -> Result<Date, ParseError> {
    read_date(&[DateFormat::Dotted, DateFormat::Slashed], text)
}

/// `YYYY-MM-DD`.
pub(super) fn iso_date(text: &str) -> Result<Date, ParseError> {
    read_date(&[DateFormat::Iso], text)
}

fn read_date(formats: &[DateFormat], text: &str) -> Result<Date, ParseError> {
    let mut formats = formats.iter();
    let date = formats.find_map(|format| parse_date(text.trim(), *format));
    date.ok_or_else(|| ParseError::Date(printable(text)))
}

/// An instant in seconds of the Unix clock.
pub(super) fn unix_seconds(text: &str) -> Result<Timestamp, ParseError> {
    let seconds = text
        .trim()
        .parse()
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    seconds.ok_or_else(|| ParseError::Date(printable(text)))
}
