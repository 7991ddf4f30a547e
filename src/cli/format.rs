//! The formats of results, and how a result is printed in each of them.

use std::io::Write;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::failure::Failure;
use crate::json;
use crate::tabular::{self, Column, Dialect};

/// A format of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Columns for readers.
    Table,
    /// Comma-separated values with a header.
    Csv(Dialect),
    /// The rows as JSON objects, one on each line.
    Ndjson,
    /// The message of the contract as one JSON object.
    Json,
}

/// A format as it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum FormatName {
    /// Columns.
    #[default]
    Table,
    /// Comma-separated values (RFC 4180) with a header; an empty field is unknown.
    Csv,
    /// The rows as JSON objects, one on each line.
    Ndjson,
    /// The message of the contract as one JSON object on one line.
    Json,
}

#[derive(Debug, Default, Args)]
pub(super) struct FormatArgs {
    /// The output format.
    #[arg(long, value_enum, default_value_t = FormatName::Table, global = true)]
    format: FormatName,
    /// The program that reads the CSV: rfc4180 (`,` and `1.5`) is the default; Excel needs that of its regional setting.
    #[arg(long, value_name = "DIALECT", value_parser = dialects(), global = true)]
    dialect: Option<Dialect>,
    /// The same as --format csv.
    #[arg(long, conflicts_with_all = ["format", "json"], global = true)]
    csv: bool,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format", global = true)]
    json: bool,
}

impl FormatArgs {
    /// The format to print.
    ///
    /// # Errors
    /// When a dialect is named for a format that has none.
    pub(super) fn format(&self) -> Result<Format, Failure> {
        let name = match (self.csv, self.json) {
            (true, _) => FormatName::Csv,
            (false, true) => FormatName::Json,
            (false, false) => self.format,
        };
        let format = match name {
            FormatName::Csv => return Ok(Format::Csv(self.dialect.unwrap_or_default())),
            FormatName::Table => Format::Table,
            FormatName::Ndjson => Format::Ndjson,
            FormatName::Json => Format::Json,
        };
        if self.dialect.is_none() {
            return Ok(format);
        }
        Err(Failure::Usage {
            message: "--dialect is for CSV: no other format has dialects".to_owned(),
            hint: "add --format csv, or leave out --dialect".to_owned(),
        })
    }
}

/// The names of the dialects, as those of the web side.
fn dialects() -> impl TypedValueParser<Value = Dialect> {
    let names = PossibleValuesParser::new(Dialect::names());
    names.try_map(|name| Dialect::parse(&name).ok_or("no dialect has this name"))
}

/// A result that can be printed in every format.
#[derive(Debug)]
pub(super) struct Document<'a, M, R> {
    /// The JSON form of the message.
    pub(super) message: M,
    /// The rows of the message in their JSON form.
    pub(super) rows: &'a [R],
    /// The columns of a row in CSV.
    pub(super) columns: &'a [Column],
}

impl<M: Serialize, R: Serialize> Document<'_, M, R> {
    /// Prints the result; `table` makes the text of its columns.
    pub(super) fn print(
        &self,
        format: Format,
        out: &mut dyn Write,
        table: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        match format {
            Format::Table => out.write_all(table().as_bytes())?,
            Format::Csv(dialect) => {
                out.write_all(&tabular::csv(self.columns, dialect, self.rows)?)?;
            }
            Format::Ndjson => out.write_all(&tabular::lines(self.rows)?)?,
            Format::Json => {
                let text = json::text(&self.message).map_err(std::io::Error::from)?;
                writeln!(out, "{text}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        format: FormatArgs,
    }

    fn format(arguments: &[&str]) -> Result<Format, String> {
        let command = Command::try_parse_from(["command"].iter().chain(arguments));
        let command = command.map_err(|error| error.to_string())?;
        let format = command.format.format();
        format.map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn the_short_flags_are_names_of_a_format() {
        assert_eq!(format(&[]), Ok(Format::Table));
        for (short, long) in [("--csv", "csv"), ("--json", "json")] {
            assert_eq!(format(&[short]), format(&["--format", long]));
        }
        assert_eq!(format(&["--csv"]), Ok(Format::Csv(Dialect::Rfc4180)));
        assert_eq!(format(&["--json"]), Ok(Format::Json));
    }

    #[test]
    fn a_dialect_is_one_of_csv_and_is_refused_elsewhere() {
        let excel = Ok(Format::Csv(Dialect::ExcelComma));
        assert_eq!(format(&["--csv", "--dialect", "excel-ru"]), excel);
        for wrong in [
            &["--dialect", "rfc4180"][..],
            &["--json", "--dialect", "excel-ru"],
        ] {
            assert!(format(wrong).unwrap_err().contains("add --format csv"));
        }
        let unknown = format(&["--csv", "--dialect", "excel"]).unwrap_err();
        assert!(unknown.contains("excel-kk"), "{unknown}");
    }

    #[test]
    fn two_formats_at_once_are_refused_by_name() {
        for both in [
            &["--csv", "--json"][..],
            &["--csv", "--format", "json"],
            &["--json", "--format", "table"],
        ] {
            let message = format(both).unwrap_err();
            assert!(message.contains("cannot be used with"), "{message}");
        }
    }
}
