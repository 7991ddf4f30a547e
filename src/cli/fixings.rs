//! `silkrate fixings`: the fixings that a source published for a currency, as printed.

use std::io::Write;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::format::{Document, Format};
use crate::cli::output::Output;
use crate::cli::range::{self, Range, RangeArgs, Rows};
use crate::cli::server::ServerArgs;
use crate::cli::table::TextTable;
use crate::client::{Client, ClientError};
use crate::domain::Currency;
use crate::json;
use crate::pb::{Fixing, ListFixingsRequest, ListFixingsResponse};
use crate::tabular::FIXING;

const EXAMPLES: &str = "\
Examples:
  silkrate fixings nbk USD                     the newest 30 rows, announced fixings included
  silkrate fixings cbu TMT --start 2026-01-01
  silkrate fixings nbk EUR --limit 250 --format csv > nbk-eur.csv
  silkrate fixings cbr UZS --format json | jq '.fixings[0]'

`silkrate sources` prints the sources. The newest date is first; of a corrected fixing the newest value is first, then \
those it replaced.";

/// The columns that are omitted on a narrow terminal, the least important first.
const SPARE: &[&str] = &["FIRST SEEN", "PRINTED CHANGE"];

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct FixingsArgs {
    /// The id of the source, such as nbk.
    #[arg(value_name = "SOURCE")]
    source: String,
    /// The currency priced, in any case.
    #[arg(value_name = "CURRENCY", value_parser = Currency::parse)]
    currency: Currency,
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(arguments: &FixingsArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let (client, range) = (arguments.server.client()?, arguments.range.range()?);
    let format = arguments.range.format()?;
    let request = ListFixingsRequest {
        source: arguments.source.to_ascii_lowercase(),
        currency: arguments.currency.to_string(),
        ..ListFixingsRequest::default()
    };
    let found = fixings(&client, &request, &range).await?;
    let rows: Vec<json::Fixing<'_>> = json::list(&found.rows);
    let response = ListFixingsResponse {
        fixings: found.rows.clone(),
        next_page_token: None,
    };
    let document = Document {
        message: json::ListFixingsResponse::from(&response),
        rows: &rows,
        columns: FIXING,
    };
    match format {
        Format::Table if found.rows.is_empty() => {}
        format => document.print(format, out, || {
            let columns = Output::of_stdout().columns_of_terminal();
            page(&request, &found, columns)
        })?,
    }
    if !found.rows.is_empty() {
        return Ok(());
    }
    let newest = newest(&client, &request, &range).await?;
    let what = format!("{} of {}", request.currency, request.source);
    Err(range::nothing_found(&what, &range, newest.as_deref()))
}

async fn fixings(
    client: &Client,
    request: &ListFixingsRequest,
    range: &Range,
) -> Result<Rows<Fixing>, Failure> {
    let rows = range.rows(async |page_size, page_token| {
        let request = ListFixingsRequest {
            start_date: range.start.map(|day| day.to_string()),
            end_date: range.end.map(|day| day.to_string()),
            page_size: Some(page_size),
            page_token,
            ..request.clone()
        };
        let response = client.fixings(request).await?;
        Ok((response.fixings, response.next_page_token))
    });
    rows.await
}

/// The newest known date until the end of the range.
async fn newest(
    client: &Client,
    request: &ListFixingsRequest,
    range: &Range,
) -> Result<Option<String>, ClientError> {
    let request = ListFixingsRequest {
        end_date: range.end.map(|day| day.to_string()),
        page_size: Some(1),
        ..request.clone()
    };
    let response = client.fixings(request).await?;
    let newest = response.fixings.into_iter().next();
    Ok(newest.map(|fixing| fixing.effective_date))
}

/// The rows in columns, with a note on each corrected row.
fn page(request: &ListFixingsRequest, found: &Rows<Fixing>, columns: Option<usize>) -> String {
    let mut table = TextTable::new([
        "DATE",
        "UNITS",
        "VALUE",
        "PRINTED CHANGE",
        "FIRST SEEN",
        "NOTE",
    ]);
    for fixing in &found.rows {
        let seen = fixing.recorded_time.as_ref().and_then(json::instant);
        table.push([
            fixing.effective_date.clone(),
            format!("{} {}", fixing.units, fixing.currency),
            format!("{} {}", fixing.value, fixing.home_currency),
            fixing.published_change.clone().unwrap_or_default(),
            seen.unwrap_or_default(),
            note(fixing),
        ]);
    }
    let cut = if found.is_cut {
        "; older ones are omitted"
    } else {
        ""
    };
    let title = format!(
        "{} as {} published it{cut}",
        request.currency, request.source
    );
    format!("{title}\n\n{}", table.render_within(columns, SPARE))
}

fn note(fixing: &Fixing) -> String {
    let corrects = fixing.superseded_value.as_ref();
    match (corrects, fixing.superseded) {
        (Some(before), false) => format!("corrects {before}"),
        (Some(before), true) => format!("corrects {before}, corrected since"),
        (None, true) => "corrected since".to_owned(),
        (None, false) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tabular::{self, Dialect};

    fn fixing(date: &str, value: &str) -> Fixing {
        Fixing {
            source: "nbk".to_owned(),
            currency: "USD".to_owned(),
            units: "1".to_owned(),
            value: value.to_owned(),
            home_currency: "KZT".to_owned(),
            effective_date: date.to_owned(),
            ..Fixing::default()
        }
    }

    fn found() -> Rows<Fixing> {
        let newest = Fixing {
            superseded_value: Some("475.90".to_owned()),
            recorded_time: Some(prost_types::Timestamp {
                seconds: 1_775_120_400,
                nanos: 0,
            }),
            ..fixing("2026-04-02", "475.09")
        };
        let replaced = Fixing {
            superseded: true,
            published_change: Some("-2.87".to_owned()),
            ..fixing("2026-04-02", "475.90")
        };
        Rows {
            rows: vec![newest, replaced, fixing("2026-04-01", "478.77")],
            is_cut: true,
        }
    }

    #[test]
    fn a_corrected_row_tells_what_it_replaced() {
        let request = ListFixingsRequest {
            source: "nbk".to_owned(),
            currency: "USD".to_owned(),
            ..ListFixingsRequest::default()
        };
        assert_eq!(
            page(&request, &found(), None),
            "\
USD as nbk published it; older ones are omitted

DATE        UNITS  VALUE       PRINTED CHANGE  FIRST SEEN            NOTE
2026-04-02  1 USD  475.09 KZT  -               2026-04-02T09:00:00Z  corrects 475.90
2026-04-02  1 USD  475.90 KZT  -2.87           -                     corrected since
2026-04-01  1 USD  478.77 KZT  -               -                     -
"
        );
    }

    #[test]
    fn csv_has_every_field_of_the_contract() {
        let found = found();
        let rows: Vec<json::Fixing<'_>> = json::list(&found.rows);
        let text =
            String::from_utf8(tabular::csv(FIXING, Dialect::Rfc4180, &rows).unwrap()).unwrap();
        assert_eq!(
            text.replace("\r\n", "\n"),
            "\
source,currency,units,value,home_currency,effective_date,published_change,superseded_value,superseded,recorded_time
nbk,USD,1,475.09,KZT,2026-04-02,,475.90,false,2026-04-02T09:00:00Z
nbk,USD,1,475.90,KZT,2026-04-02,-2.87,,true,
nbk,USD,1,478.77,KZT,2026-04-01,,,false,
"
        );
    }

    #[test]
    fn a_correction_of_a_correction_is_both() {
        let twice = Fixing {
            superseded: true,
            superseded_value: Some("1".to_owned()),
            ..fixing("2026-04-02", "2")
        };
        assert_eq!(note(&twice), "corrects 1, corrected since");
    }
}
