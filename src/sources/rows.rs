//! From the texts of a document to a table: the rules that hold for every source.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::{Currency, DroppedRow, Fixing, Separator, SourceId, Table, parse_published};
use crate::sources::ParseError;

/// The nominals that banks use; anything else is a misread row.
const UNITS: &[u32] = &[1, 10, 100, 1_000, 10_000];
/// How much of a bank's text an error or a dropped row repeats.
const TEXT_CHARS_SHOWN: usize = 80;

/// One row as its texts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Row<'a> {
    pub(super) code: &'a str,
    pub(super) units: &'a str,
    pub(super) value: &'a str,
    pub(super) change: Option<&'a str>,
}

/// What the rows of a document have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) source: SourceId,
    pub(super) document: &'static str,
    /// The bank's own currency: what the values are in.
    pub(super) home: Currency,
    pub(super) effective_date: Date,
    pub(super) separator: Separator,
}

/// Collects rows into a table. A row that cannot be used is dropped with its reason; two different rows for one
/// currency refuse the document.
#[derive(Debug)]
pub(super) struct TableBuilder {
    head: Head,
    rows: BTreeMap<Currency, Arc<Fixing>>,
    dropped: Vec<DroppedRow>,
}

impl TableBuilder {
    pub(super) fn new(head: Head) -> Self {
        Self {
            head,
            rows: BTreeMap::new(),
            dropped: Vec::new(),
        }
    }

    /// Takes a row, or drops it.
    pub(super) fn push(&mut self, row: Row<'_>) -> Result<(), ParseError> {
        match fixing(self.head, row) {
            Ok(fixing) => match self.rows.entry(fixing.currency) {
                Entry::Vacant(place) => {
                    place.insert(Arc::new(fixing));
                }
                Entry::Occupied(known) if known.get().same_figure(&fixing) => {}
                Entry::Occupied(known) => return Err(ParseError::Contradiction(*known.key())),
            },
            Err(reason) => self.dropped.push(DroppedRow {
                currency: printable(row.code),
                reason,
            }),
        }
        Ok(())
    }

    /// The table; refused when no row was usable.
    pub(super) fn finish(self) -> Result<Table, ParseError> {
        if self.rows.is_empty() {
            return Err(ParseError::NoRows);
        }
        Ok(Table {
            document: self.head.document,
            pivot: self.head.home,
            effective_date: self.head.effective_date,
            as_of: None,
            rows: self.rows,
            dropped: self.dropped,
        })
    }
}

fn fixing(head: Head, row: Row<'_>) -> Result<Fixing, String> {
    let currency = Currency::parse(row.code).map_err(|error| error.to_string())?;
    if currency == head.home {
        return Err("the source's own currency".into());
    }
    if currency
        .retired_on()
        .is_some_and(|day| head.effective_date >= day)
    {
        return Err("no longer a currency".into());
    }
    let units = row.units.parse().ok().filter(|units| UNITS.contains(units));
    let units = units.ok_or_else(|| format!("`{}` is no nominal", printable(row.units)))?;
    let value = positive(row.value, head.separator)?;
    let change = row
        .change
        .map(|text| number(text, head.separator))
        .transpose()?;
    Ok(Fixing {
        source: head.source,
        currency,
        units,
        value,
        home_currency: head.home,
        effective_date: head.effective_date,
        published_change: change,
        superseded_value: None,
    })
}

/// A value as printed: above zero.
pub(super) fn positive(text: &str, separator: Separator) -> Result<Decimal, String> {
    let value = number(text, separator)?;
    if value <= Decimal::ZERO {
        return Err(format!("`{}` is not above zero", printable(text)));
    }
    Ok(value)
}

fn number(text: &str, separator: Separator) -> Result<Decimal, String> {
    parse_published(text, separator).map_err(|error| format!("`{}` is {error}", printable(text)))
}

/// A bank's text without control and direction characters, shortened: safe for a log and a terminal.
pub(super) fn printable(text: &str) -> String {
    let unsafe_character = |character: char| {
        character.is_control()
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .filter(|character| !unsafe_character(*character))
        .take(TEXT_CHARS_SHOWN)
        .collect()
}

/// `DD.MM.YYYY`.
pub(super) fn dotted_date(text: &str) -> Result<Date, ParseError> {
    read_date("%d.%m.%Y", "DD.MM.YYYY", text)
}

/// `YYYY-MM-DD`.
pub(super) fn iso_date(text: &str) -> Result<Date, ParseError> {
    read_date("%Y-%m-%d", "YYYY-MM-DD", text)
}

fn read_date(format: &str, shape: &str, text: &str) -> Result<Date, ParseError> {
    let unreadable = || ParseError::Date(printable(text));
    if text.len() != shape.len() {
        return Err(unreadable());
    }
    Date::strptime(format, text).map_err(|_not_a_date| unreadable())
}

/// An instant in seconds of the Unix clock.
pub(super) fn unix_seconds(text: &str) -> Result<Timestamp, ParseError> {
    let seconds = text
        .parse()
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    seconds.ok_or_else(|| ParseError::Date(printable(text)))
}
