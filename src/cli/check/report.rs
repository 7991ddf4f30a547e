//! The report of a check: the first lines of the raw text, then every parsed row beside its raw text.

use std::fmt::Write;

use crate::cli::paint::without_controls;
use crate::cli::table::TextTable;
use crate::domain::{Fixing, Table};
use crate::sources::ParseError;

/// Lines of a document that are printed: its type, its date, its first row.
const HEAD_LINES: usize = 12;
/// Characters of a line that are printed; some documents are a single line.
const LINE_CHARS: usize = 120;
/// The longest distance between the code of a currency and its value: the longest record of any bank has 600 bytes.
const RECORD_BYTES: usize = 600;

/// The first lines of a document.
pub(super) fn head(body: &[u8]) -> String {
    // Digits and codes are ASCII in every encoding of the banks; names may be garbled, and are not compared.
    let raw = String::from_utf8_lossy(body);
    let mut text = String::new();
    for line in raw.lines().take(HEAD_LINES) {
        let line: String = line.chars().take(LINE_CHARS).collect();
        push(
            &mut text,
            format_args!("  | {}", without_controls(line.trim_end())),
        );
    }
    text
}

/// The document and its parsed rows.
pub(super) fn text(body: &[u8], parsed: &Result<Table, ParseError>) -> String {
    let (raw, mut text) = (String::from_utf8_lossy(body), head(body));
    match parsed {
        Ok(table) => rows(&mut text, &raw, table),
        Err(error) => push(
            &mut text,
            format_args!("FAILED: {}", without_controls(&error.to_string())),
        ),
    }
    text
}

fn rows(text: &mut String, raw: &str, table: &Table) {
    let mut columns = TextTable::new(["CURRENCY", "UNITS", "VALUE", "CHANGE", "RAW"]);
    for fixing in table.rows.values() {
        let change = fixing.published_change.map(|change| change.to_string());
        columns.push([
            fixing.currency.to_string(),
            fixing.units.to_string(),
            format!("{} {}", fixing.value, fixing.home_currency),
            change.unwrap_or_default(),
            raw_of(raw, fixing),
        ]);
    }
    let count = match table.rows.len() {
        1 => "1 row".to_owned(),
        count => format!("{count} rows"),
    };
    push(text, format_args!("{count} of {}", table.effective_date));
    text.push_str(&columns.render());
    for dropped in &table.dropped {
        let line = format!("dropped {}: {}", dropped.currency, dropped.reason);
        push(text, format_args!("{}", without_controls(&line)));
    }
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("writing to a string cannot fail");
}

/// The raw text from the code of a currency to its value, in one line; empty if they are far apart.
fn raw_of(raw: &str, fixing: &Fixing) -> String {
    let value = fixing.value.to_string();
    let spellings = [value.clone(), value.replace('.', ",")];
    let code = fixing.currency.to_string();
    let record = raw.match_indices(&code).find_map(|(start, _)| {
        let rest = raw.get(start..)?;
        let ends = spellings.iter().filter_map(|value| {
            let end = rest.find(value.as_str())?.checked_add(value.len())?;
            (end <= RECORD_BYTES).then_some(end)
        });
        rest.get(..ends.min()?)
    });
    let words = record.unwrap_or_default().split_whitespace();
    let words = words.collect::<Vec<_>>().join(" ");
    words.chars().take(LINE_CHARS).collect()
}

/// The file name extension for a document.
pub(super) fn extension(body: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with("<!doctype html") || text.starts_with("<html") {
        "html"
    } else if text.starts_with('<') {
        "xml"
    } else if text.starts_with(['{', '[']) {
        "json"
    } else {
        "bin"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::nbk;

    const DOCUMENT: &str = "<rates><date>02.04.2026</date>\n<item><title>USD</title>\n  \
        <description>475.09</description><quant>1</quant><change>-3.68</change></item></rates>";

    #[test]
    fn a_row_is_printed_beside_its_raw_text() {
        let text = text(DOCUMENT.as_bytes(), &nbk::parse(DOCUMENT.as_bytes()));
        let row = "USD       1      475.09 KZT  -3.68   USD</title> <description>475.09\n";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("1 row of 2026-04-02"), "{text}");
        assert!(text.starts_with("  | <rates>"), "{text}");
    }

    #[test]
    fn a_document_that_is_no_table_is_marked_as_failed() {
        let page = b"<html>\x1b[2J</html>";
        let text = text(page, &nbk::parse(page));
        assert!(text.contains("FAILED: "), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn the_extension_follows_from_the_content() {
        assert_eq!(extension(b"\xef\xbb\xbf<?xml version='1.0'?>"), "xml");
        assert_eq!(extension(b" [{}]"), "json");
        assert_eq!(extension(b"<!DOCTYPE html>"), "html");
        assert_eq!(extension(b""), "bin");
    }
}
