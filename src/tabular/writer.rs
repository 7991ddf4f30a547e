//! Rows as records of CSV, and as lines of JSON.

use std::io;

use csv::{IntoInnerError, Terminator, Writer, WriterBuilder};
use serde::Serialize;

use crate::json;
use crate::tabular::cell::cell;
use crate::tabular::columns::Column;
use crate::tabular::dialect::Dialect;
use crate::tabular::reader::CellReader;

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
    begin(dialect, columns.iter().map(|(name, _)| *name))
}

/// A first record, with what a file of the dialect begins with.
pub(super) fn begin<'a>(
    dialect: Dialect,
    names: impl Iterator<Item = &'a str>,
) -> io::Result<Vec<u8>> {
    let mut records = Records::new(dialect, dialect.mark().as_bytes().to_vec());
    records.write(names)?;
    records.end()
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
    let mut reader = CellReader::new(columns);
    let mut records = Records::new(dialect, Vec::new());
    for row in rows {
        records.write(reader.read(row)?.iter().map(String::as_str))?;
    }
    records.end()
}

/// Writes records. Their lines end with CRLF, as RFC 4180 says.
#[derive(Debug)]
pub(super) struct Records {
    dialect: Dialect,
    writer: Writer<Vec<u8>>,
}

impl Records {
    /// A writer of records after a text.
    pub(super) fn new(dialect: Dialect, text: Vec<u8>) -> Self {
        let mut builder = WriterBuilder::new();
        let builder = builder
            .delimiter(dialect.separator())
            .terminator(Terminator::CRLF);
        Self {
            dialect,
            writer: builder.from_writer(text),
        }
    }

    /// Writes a record with these values.
    pub(super) fn write<'a>(&mut self, values: impl Iterator<Item = &'a str>) -> io::Result<()> {
        for value in values {
            let cell = cell(value, self.dialect);
            self.writer.write_field(cell.as_bytes())?;
        }
        // It ends the record.
        self.writer.write_record(None::<&[u8]>)?;
        Ok(())
    }

    /// The whole text.
    pub(super) fn end(self) -> io::Result<Vec<u8>> {
        let text = self.writer.into_inner();
        text.map_err(IntoInnerError::into_error)
    }
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
