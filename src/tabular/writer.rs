//! Rows as records of CSV, and as lines of JSON.

use std::io;

use csv::{IntoInnerError, Terminator, WriterBuilder};
use serde::Serialize;

use crate::json;
use crate::tabular::cell::{cell_at, text_cell};
use crate::tabular::columns::Column;
use crate::tabular::dialect::Dialect;

/// A header, and a record for each row.
///
/// # Errors
/// A row that has no JSON form.
pub fn csv<R: Serialize>(columns: &[Column], dialect: Dialect, rows: &[R]) -> io::Result<Vec<u8>> {
    let mut text = header(columns, dialect)?;
    text.extend(records(columns, dialect, rows)?);
    Ok(text)
}

/// The names of the columns, with what a file of the dialect begins with.
///
/// # Errors
/// None that is known: the text is written to memory.
pub fn header(columns: &[Column], dialect: Dialect) -> io::Result<Vec<u8>> {
    let names = columns.iter().map(|(name, _)| text_cell(name, dialect));
    begin(dialect, names)
}

/// A first record, with what a file of the dialect begins with.
pub(super) fn begin(dialect: Dialect, names: impl Iterator<Item = String>) -> io::Result<Vec<u8>> {
    let mut text = dialect.mark().as_bytes().to_vec();
    text.extend(written(dialect, [names])?);
    Ok(text)
}

/// A record for each row.
///
/// # Errors
/// A row that has no JSON form.
pub fn records<R: Serialize>(
    columns: &[Column],
    dialect: Dialect,
    rows: &[R],
) -> io::Result<Vec<u8>> {
    let rows = rows.iter().map(serde_json::to_value);
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let records = rows.iter().map(|row| {
        let cells = columns.iter();
        cells.map(|(_, path)| cell_at(row, path, dialect))
    });
    written(dialect, records)
}

/// Records whose cells are there; lines end with CRLF, as RFC 4180 says.
pub(super) fn written<C: Iterator<Item = String>>(
    dialect: Dialect,
    records: impl IntoIterator<Item = C>,
) -> io::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new();
    let mut writer = writer
        .delimiter(dialect.separator())
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    for record in records {
        writer.write_record(record)?;
    }
    writer.into_inner().map_err(IntoInnerError::into_error)
}

/// A JSON object on a line for each row.
///
/// # Errors
/// A row that has no JSON form.
pub fn lines<R: Serialize>(rows: &[R]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    for row in rows {
        text.extend(json::text(row)?.into_bytes());
        text.push(b'\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Row {
        x: &'static str,
        y: Option<&'static str>,
        z: bool,
    }

    const COLUMNS: &[Column] = &[("x", "/x"), ("y", "/y"), ("z", "/z"), ("none", "/none/x")];
    const ROWS: &[Row] = &[
        Row {
            x: "a,b",
            y: Some("-5.10"),
            z: true,
        },
        Row {
            x: "\";",
            y: None,
            z: false,
        },
    ];

    fn text(dialect: Dialect) -> String {
        String::from_utf8(csv(COLUMNS, dialect, ROWS).unwrap()).unwrap()
    }

    #[test]
    fn a_field_is_quoted_where_it_must_be_and_lines_end_with_crlf() {
        let expected = "x,y,z,none\r\n\"a,b\",-5.10,true,\r\n\"\"\";\",,false,\r\n";
        assert_eq!(text(Dialect::Rfc4180), expected);
        assert_eq!(text(Dialect::ExcelPoint), format!("\u{feff}{expected}"));
    }

    #[test]
    fn an_excel_with_a_decimal_comma_gets_semicolons_and_a_byte_order_mark() {
        assert_eq!(
            text(Dialect::ExcelComma),
            "\u{feff}x;y;z;none\r\na,b;-5,10;true;\r\n\"\"\";\";;false;\r\n"
        );
    }

    #[test]
    fn each_row_is_a_line_of_json() {
        let text = String::from_utf8(lines(ROWS).unwrap()).unwrap();
        assert_eq!(
            text,
            "{\"x\":\"a,b\",\"y\":\"-5.10\",\"z\":true}\n{\"x\":\"\\\";\",\"y\":null,\"z\":false}\n"
        );
    }
}
