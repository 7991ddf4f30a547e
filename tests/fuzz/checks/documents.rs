//! The documents of the banks and of the vendors of market tables.

use rust_decimal::Decimal;
use silkrate::domain::{Fixing, NOMINALS, Table};
use silkrate::sources::{ALL, Document, ParseError, Source};

use crate::checks::prose;

/// The most decimal places that a published value may have.
const PLACES_MAX: u32 = 12;
/// What writes a character in other letters than its own, in XML and HTML and in JSON. In a text with one of them the digits of
/// a value need not stand as they are.
const REFERENCES: [&str; 3] = ["&#", "<![CDATA[", "\\u"];

/// Reads bytes as every document of a source, and checks what is read.
pub(crate) fn check(id: &str, bytes: &[u8]) {
    for source in ALL.iter().filter(|source| source.id.as_str() == id) {
        for document in source.documents {
            match (document.parse)(bytes) {
                Ok(table) => check_read(source, document, &table, bytes),
                Err(error) => prose::check(&error.to_string()),
            }
        }
    }
}

fn check_read(source: &Source, document: &Document, table: &Table, bytes: &[u8]) {
    assert_eq!(table.document, document.name);
    assert!(source.home.is_none_or(|home| home == table.pivot));
    assert!(!table.rows.is_empty(), "a table without rows");
    check_table(source, table, bytes);
    let parse = document.parse;
    let longer = [bytes, b"\n"].concat();
    assert_eq!(parse(&longer).as_ref(), Ok(table), "with a line break more");
    let end = end(bytes);
    let cut = bytes.get(..end.saturating_sub(1)).unwrap_or_default();
    assert!(
        is_refused(&parse(cut)),
        "a document that is cut off is a table"
    );
}

fn is_refused(read: &Result<Table, ParseError>) -> bool {
    read.is_err()
}

/// The number of bytes without the blanks at the end; a blank of Windows-1251 that does not break a line is one of them.
fn end(bytes: &[u8]) -> usize {
    let is_letter = |byte: &u8| !byte.is_ascii_whitespace() && !matches!(byte, 0x0b | 0xa0);
    bytes
        .iter()
        .rposition(is_letter)
        .map_or(0, |last| last.saturating_add(1))
}

/// Checks the rows of a table, which were read from these bytes.
pub(crate) fn check_table(source: &Source, table: &Table, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for (currency, row) in &table.rows {
        let sides = [row.currency, row.home_currency];
        let is_of_table = sides == [*currency, table.pivot] || sides == [table.pivot, *currency];
        assert!(is_of_table && *currency != table.pivot, "{row:?}");
        assert_eq!(row.source, source.id);
        assert_eq!(row.effective_date, table.effective_date);
        assert_eq!(row.superseded_value, None);
        assert!(NOMINALS.contains(&row.units), "{row:?}");
        check_values(row, &text);
    }
    for row in &table.dropped {
        prose::check(&row.reason);
        if !row.currency.is_empty() {
            prose::check(&row.currency);
        }
    }
    if source.home.is_some() && !has_references(&text) {
        let year = format!("{:04}", table.effective_date.year());
        assert!(
            text.contains(&year),
            "the bytes do not have the year {year}"
        );
    }
}

fn check_values(row: &Fixing, text: &str) {
    assert!(row.value > Decimal::ZERO, "{row:?}");
    for value in [Some(row.value), row.published_change]
        .into_iter()
        .flatten()
    {
        assert!(value.scale() <= PLACES_MAX, "{row:?}");
        let digits = value.abs().to_string();
        let is_printed = text.contains(&digits) || text.contains(&digits.replace('.', ","));
        assert!(
            is_printed || has_references(text),
            "the bytes do not have {digits}"
        );
    }
}

fn has_references(text: &str) -> bool {
    REFERENCES.iter().any(|reference| text.contains(reference))
}
