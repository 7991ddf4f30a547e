//! The formats of results, and how a result is printed in each of them.

use std::io::Write;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::failure::Failure;
use crate::json;
use crate::tabular::{self, Column, Dialect};

/// A format of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
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
    #[arg(long, value_enum, default_value_t = Format::Table, global = true)]
    format: Format,
    /// The same as --format csv.
    #[arg(long, conflicts_with_all = ["format", "json"], global = true)]
    csv: bool,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format", global = true)]
    json: bool,
}

impl FormatArgs {
    pub(super) fn format(&self) -> Format {
        match (self.csv, self.json) {
            (true, _) => Format::Csv,
            (false, true) => Format::Json,
            (false, false) => self.format,
        }
    }
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
            Format::Csv => {
                out.write_all(&tabular::csv(self.columns, Dialect::Rfc4180, self.rows)?)?;
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
        Ok(command.format.format())
    }

    #[test]
    fn the_short_flags_are_names_of_a_format() {
        assert_eq!(format(&[]), Ok(Format::Table));
        for (short, long) in [("--csv", "csv"), ("--json", "json")] {
            assert_eq!(format(&[short]), format(&["--format", long]));
        }
        assert_eq!(format(&["--csv"]), Ok(Format::Csv));
        assert_eq!(format(&["--json"]), Ok(Format::Json));
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
