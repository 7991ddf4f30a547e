//! The layouts of a history in CSV.

use std::collections::BTreeSet;
use std::io::Write;

use clap::ValueEnum;

use crate::cli::failure::Failure;
use crate::cli::format::Format;
use crate::cli::range::{Range, RangeArgs};
use crate::domain::{Currency, Pair, RateFilter};
use crate::json;
use crate::pb::Rate;
use crate::tabular::{Dialect, Wide};

/// A layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Layout {
    /// A record for each rate.
    Long,
    /// A record for each day, with a column for each pair.
    Wide,
}

impl Layout {
    /// The range to request.
    pub(super) fn range(self, arguments: &RangeArgs) -> Result<Range, Failure> {
        match self {
            Self::Long => arguments.range(),
            Self::Wide => arguments.days(),
        }
    }
}

/// The dialect of a wide table; none for the long layout, which every format has.
///
/// # Errors
/// When the wide layout is not to be CSV.
pub(super) fn dialect(layout: Layout, format: Format) -> Result<Option<Dialect>, Failure> {
    match (layout, format) {
        (Layout::Long, _) => Ok(None),
        (Layout::Wide, Format::Csv(dialect)) => Ok(Some(dialect)),
        (Layout::Wide, Format::Table | Format::Ndjson | Format::Json) => Err(Failure::Usage {
            message: "--layout wide is for CSV: the other formats have a row for each rate"
                .to_owned(),
            hint: "add --format csv, or leave out --layout".to_owned(),
        }),
    }
}

/// The columns of a wide table: the pairs that are named, and those that a star stands for and that have a rate, in the order
/// of the filter.
fn columns(items: &[String], rates: &[Rate]) -> Result<Vec<String>, Failure> {
    let broken = |error: &dyn std::fmt::Display| {
        Failure::failed(
            format!("the server sent a pair that cannot be read: {error}"),
            "is the server of a later version than this program?",
        )
    };
    let filter = RateFilter::parse(items).map_err(|error| broken(&error))?;
    let found: BTreeSet<&str> = rates.iter().map(|rate| rate.pair.as_str()).collect();
    let pairs = found.iter().map(|pair| Pair::parse(pair));
    let pairs = pairs.collect::<Result<Vec<_>, _>>();
    let pairs = pairs.map_err(|error| broken(&error))?;
    let counterparts = |currency: Currency| {
        let sides = pairs.iter().filter_map(|pair| match pair {
            Pair { base, quote } if *base == currency => Some(*quote),
            Pair { base, quote } if *quote == currency => Some(*base),
            Pair { .. } => None,
        });
        sides.collect()
    };
    let columns = filter.pairs(counterparts).into_iter();
    let columns = columns.map(|pair| pair.to_string());
    let is_column = |pair: &String| found.contains(pair.as_str()) || items.contains(pair);
    Ok(columns.filter(is_column).collect())
}

/// Prints a wide table of rates that are sorted by day.
pub(super) fn print(
    items: &[String],
    rates: &[Rate],
    dialect: Dialect,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut wide = Wide::new(columns(items, rates)?, dialect);
    let rows: Vec<json::Rate<'_>> = json::list(rates);
    out.write_all(&wide.header()?)?;
    out.write_all(&wide.records(&rows)?)?;
    Ok(out.write_all(&wide.end()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns_of(items: &[&str], found: &[&str]) -> Vec<String> {
        let items: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
        let rates: Vec<Rate> = found
            .iter()
            .map(|pair| Rate {
                pair: (*pair).to_owned(),
                ..Rate::default()
            })
            .collect();
        columns(&items, &rates).unwrap()
    }

    #[test]
    fn a_column_is_a_pair_that_is_named_or_found_in_the_order_of_the_filter() {
        let found = ["USD/KZT", "EUR/KZT", "KGS/EUR"];
        assert_eq!(
            columns_of(&["UZS/USD", "*/KZT", "KGS/*"], &found),
            ["UZS/USD", "EUR/KZT", "USD/KZT", "KGS/EUR"]
        );
    }

    #[test]
    fn a_wide_layout_is_one_of_csv() {
        let csv = Format::Csv(Dialect::ExcelPoint);
        assert_eq!(
            dialect(Layout::Wide, csv).unwrap(),
            Some(Dialect::ExcelPoint)
        );
        assert_eq!(dialect(Layout::Long, Format::Json).unwrap(), None);
        assert_eq!(dialect(Layout::Wide, Format::Json).unwrap_err().code(), 64);
    }
}
