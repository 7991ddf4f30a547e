//! `silkrate pairs`: the pairs that have a rate.

use std::io::Write;

use clap::Args;

use crate::cli::arguments;
use crate::cli::failure::Failure;
use crate::cli::format::{Document, Format, FormatArgs};
use crate::cli::notes::{self, word};
use crate::cli::output::Output;
use crate::cli::range::Range;
use crate::cli::server::ServerArgs;
use crate::cli::table::TextTable;
use crate::client::Client;
use crate::json;
use crate::pb::{ListPairsRequest, ListPairsResponse, RateFilter};
use crate::tabular::PAIR;

const EXAMPLES: &str = "\
Examples:
  silkrate pairs                               every pair that has a rate
  silkrate pairs '*/USD' 'KZT/*'               those against the dollar, and those of the tenge
  silkrate pairs --format csv > pairs.csv

HOW is the derivation of the latest rate, SOURCE the source that answers now, and SINCE the first day that has a rate, of \
any source. `silkrate history` prints the rates since then.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PairsArgs {
    /// Pairs such as KZT/USD, with a star for a side: '*/USD', 'KZT/*', '*/*'. Default: every pair.
    #[arg(value_name = "PAIR", value_parser = arguments::pair_or_star)]
    pairs: Vec<String>,
    /// Print the first N pairs only. Default: all.
    #[arg(long, visible_alias = "page-size", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(arguments: &PairsArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    let response = list(&client, &arguments.pairs, arguments.limit).await?;
    let rows: Vec<json::Pair<'_>> = json::list(&response.pairs);
    let document = Document {
        message: json::ListPairsResponse::from(&response),
        rows: &rows,
        columns: PAIR,
    };
    match arguments.format.format()? {
        Format::Table if response.pairs.is_empty() => {}
        format => document.print(format, out, || {
            page(&response, Output::of_stdout().columns_of_terminal())
        })?,
    }
    if !response.pairs.is_empty() {
        return Ok(());
    }
    let what = match &arguments.pairs[..] {
        [] => "no pair has a rate".to_owned(),
        pairs => format!("no pair of {} has a rate", pairs.join(", ")),
    };
    let hint = "one side of a pair is KZT, KGS, TJS, UZS or TMT; `silkrate sources` prints the state of the sources";
    Err(Failure::failed(what, hint))
}

/// The pages as one response, until there are enough pairs. No item stands for every pair.
pub(super) async fn list(
    client: &Client,
    items: &[String],
    limit: Option<u32>,
) -> Result<ListPairsResponse, Failure> {
    let pairs = items.to_vec();
    let filter = (!pairs.is_empty()).then_some(RateFilter { pairs });
    let (list, mut sources) = (Range::of_list(limit), Vec::new());
    let found = list.rows(async |page_size, page_token| {
        let request = ListPairsRequest {
            filter: filter.clone(),
            page_size: Some(page_size),
            page_token,
        };
        let page = client.pairs(request).await?;
        sources = page.sources;
        Ok((page.pairs, page.next_page_token))
    });
    Ok(ListPairsResponse {
        pairs: found.await?.rows,
        sources,
        next_page_token: None,
    })
}

/// The pairs in columns, and the attributions below.
fn page(response: &ListPairsResponse, columns: Option<usize>) -> String {
    let mut table = TextTable::new(["PAIR", "HOW", "SOURCE", "SINCE"]);
    for pair in &response.pairs {
        table.push([
            pair.pair.clone(),
            word(pair.derivation().as_str_name(), "DERIVATION_"),
            pair.source.clone(),
            pair.start_date.clone(),
        ]);
    }
    table.render_within(columns, &[]) + &notes::attributions(&response.sources)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{Derivation, Pair};

    #[test]
    fn the_table_has_how_a_pair_is_derived_by_whom_and_since_when() {
        let pair = Pair {
            pair: "KGS/KZT".to_owned(),
            base_currency: "KGS".to_owned(),
            quote_currency: "KZT".to_owned(),
            derivation: Derivation::Crossed.into(),
            source: "nbkr+nbk".to_owned(),
            start_date: "2025-12-01".to_owned(),
        };
        let response = ListPairsResponse {
            pairs: vec![pair],
            ..ListPairsResponse::default()
        };
        assert_eq!(
            page(&response, None),
            "\
PAIR     HOW      SOURCE    SINCE
KGS/KZT  crossed  nbkr+nbk  2025-12-01
"
        );
    }
}
