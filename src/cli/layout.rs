//! The layouts of a history in CSV.

use std::collections::BTreeSet;
use std::io::Write;

use clap::ValueEnum;
use tonic::Code;

use crate::cli::failure::{Failure, note};
use crate::cli::format::Format;
use crate::cli::pairs;
use crate::cli::range::{Range, RangeArgs};
use crate::client::{Client, ClientError};
use crate::domain::{Currency, Pair, RateFilter};
use crate::json;
use crate::pb::{ListPairsRequest, Rate};
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

/// The columns of a wide table in the order of the filter: the pairs that the server lists, which are those that the web side
/// has, withdrawn ones included; and those of the rates, which may be newer than the list.
fn columns(items: &[String], listed: &[String], rates: &[Rate]) -> Result<Vec<String>, Failure> {
    let filter = RateFilter::parse(items).map_err(|error| Failure::Usage {
        message: error.to_string(),
        hint: "`silkrate pairs` prints the pairs that are quoted".to_owned(),
    })?;
    let of_rates = rates.iter().map(|rate| &rate.pair);
    let texts: BTreeSet<&String> = listed.iter().chain(of_rates).collect();
    let pairs = texts.into_iter().map(|pair| Pair::parse(pair));
    let pairs: BTreeSet<Pair> = pairs.collect::<Result<_, _>>().map_err(|error| {
        Failure::failed(
            format!("the server sent a pair that cannot be read: {error}"),
            "is the server of a later version than this program?",
        )
    })?;
    let counterparts = |currency: Currency| {
        let sides = pairs.iter().filter_map(|pair| match pair {
            Pair { base, quote } if *base == currency => Some(*quote),
            Pair { base, quote } if *quote == currency => Some(*base),
            Pair { .. } => None,
        });
        sides.collect()
    };
    let columns = filter.pairs(counterparts).into_iter();
    let columns = columns.filter(|pair| pairs.contains(pair));
    Ok(columns.map(|pair| pair.to_string()).collect())
}

/// The pairs of a filter that the server lists; `None` if it is of an earlier version, which has no such list.
async fn listed(client: &Client, items: &[String]) -> Result<Option<Vec<String>>, Failure> {
    let one = ListPairsRequest {
        page_size: Some(1),
        ..ListPairsRequest::default()
    };
    if let Err(ClientError::Refused {
        code: Code::Unimplemented,
        ..
    }) = client.pairs(one).await
    {
        return Ok(None);
    }
    let all = pairs::list(client, items, None).await?.pairs;
    Ok(Some(all.into_iter().map(|pair| pair.pair).collect()))
}

/// Prints a wide table of rates that are sorted by day.
pub(super) async fn print(
    client: &Client,
    items: &[String],
    rates: &[Rate],
    dialect: Dialect,
    (out, err): (&mut dyn Write, &mut dyn Write),
) -> Result<(), Failure> {
    let listed = listed(client, items).await?;
    if listed.is_none() {
        let missing = "the server is of an earlier version, which does not list pairs: one without a rate in the range has no column";
        note(missing, err)?;
    }
    let columns = columns(items, &listed.unwrap_or_default(), rates)?;
    let mut wide = Wide::new(columns, dialect);
    // An earlier server names no day, and lists fixings alone.
    let dated = rates.iter().map(|rate| Rate {
        date: rate.date.clone().or_else(|| rate.effective_date.clone()),
        ..rate.clone()
    });
    let dated: Vec<Rate> = dated.collect();
    let rows: Vec<json::Rate<'_>> = json::list(&dated);
    out.write_all(&wide.header()?)?;
    out.write_all(&wide.records(&rows)?)?;
    Ok(out.write_all(&wide.end()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns_of(items: &[&str], listed: &[&str], found: &[&str]) -> Result<Vec<String>, Failure> {
        let texts = |pairs: &[&str]| -> Vec<String> {
            pairs.iter().map(|pair| (*pair).to_owned()).collect()
        };
        let rates = found.iter().map(|pair| Rate {
            pair: (*pair).to_owned(),
            ..Rate::default()
        });
        columns(&texts(items), &texts(listed), &rates.collect::<Vec<_>>())
    }

    #[test]
    fn a_column_is_a_pair_that_is_listed_or_has_a_rate_in_the_order_of_the_filter() {
        let items = ["UZS/USD", "*/KZT", "KZT/KZT", "KGS/*"];
        assert_eq!(
            columns_of(&items, &["USD/KZT", "KGS/EUR"], &["EUR/KZT", "USD/KZT"]).unwrap(),
            ["EUR/KZT", "USD/KZT", "KGS/EUR"]
        );
    }

    #[test]
    fn a_wrong_item_is_an_error_of_usage_and_a_wrong_pair_of_the_server_is_not() {
        let usage = columns_of(&["KZT"], &[], &[]).unwrap_err();
        let broken = columns_of(&["*/KZT"], &["KZT"], &[]).unwrap_err();
        assert_eq!((usage.code(), broken.code()), (64, 1));
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
