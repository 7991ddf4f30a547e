//! `silkrate periods`: the first, last, highest, lowest and average rate of pairs in periods.

use std::io::Write;

use clap::Args;

use crate::cli::arguments;
use crate::cli::failure::Failure;
use crate::cli::format::{Document, Format};
use crate::cli::notes::Notes;
use crate::cli::output::Output;
use crate::cli::range::{self, Range, RangeArgs, Rows};
use crate::cli::server::ServerArgs;
use crate::cli::step::Length;
use crate::cli::table::TextTable;
use crate::client::Client;
use crate::json;
use crate::pb::{
    DatedValue, ListPeriodRatesRequest, ListPeriodRatesResponse, Period, PeriodRates, RateFilter,
};
use crate::tabular::PERIOD;

const EXAMPLES: &str = "\
Examples:
  silkrate periods KZT/USD                     its months, the newest first
  silkrate periods USD/KZT '*/EUR' --period quarter
  silkrate periods KZT/USD --period year --start 2020-01-01
  silkrate periods '*/USD' --period week --limit 10 --format csv > weeks.csv

The rate of a day is what stood at its end, so that a weekend counts with the rate of its Friday. AVERAGE is the exact sum \
of the rates of all days divided by DAYS, their number, and rounded once to 12 significant digits. FIXINGS is the number \
of days on which the rate was fixed. `silkrate history --step day` prints the rates of the days.";

/// The columns that are omitted on a narrow terminal, the least important first.
const SPARE: &[&str] = &["FIXINGS", "TO", "FIRST", "DAYS"];

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PeriodsArgs {
    /// Pairs such as KZT/USD, in any case, with a star for a side: '*/USD', 'KZT/*', '*/*'.
    #[arg(value_name = "PAIR", required = true, value_parser = arguments::pair_or_star)]
    pairs: Vec<String>,
    /// The length of the periods.
    #[arg(long, value_enum, default_value_t = Length::Month)]
    period: Length,
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(arguments: &PeriodsArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let (client, range) = (arguments.server.client()?, arguments.range.range()?);
    let format = arguments.range.format()?;
    let found = periods(&client, arguments, &range).await?;
    let rows: Vec<json::PeriodRates<'_>> = json::list(&found.rows);
    let response = ListPeriodRatesResponse {
        periods: found.rows.clone(),
        next_page_token: None,
    };
    let document = Document {
        message: json::ListPeriodRatesResponse::from(&response),
        rows: &rows,
        columns: PERIOD,
    };
    match format {
        Format::Table if found.rows.is_empty() => {}
        format => document.print(format, out, || {
            page(&found, Output::of_stdout().columns_of_terminal())
        })?,
    }
    if !found.rows.is_empty() {
        return Ok(());
    }
    let what = arguments.pairs.join(", ");
    Err(range::nothing_found(&what, &range, None))
}

async fn periods(
    client: &Client,
    arguments: &PeriodsArgs,
    range: &Range,
) -> Result<Rows<PeriodRates>, Failure> {
    let rows = range.rows(async |page_size, page_token| {
        let pairs = arguments.pairs.clone();
        let request = ListPeriodRatesRequest {
            filter: Some(RateFilter { pairs }),
            period: Period::from(arguments.period).into(),
            start_date: range.start.map(|day| day.to_string()),
            end_date: range.end.map(|day| day.to_string()),
            page_size: Some(page_size),
            page_token,
        };
        let response = client.period_rates(request).await?;
        Ok((response.periods, response.next_page_token))
    });
    rows.await
}

/// The rows, and which of them may change.
fn page(found: &Rows<PeriodRates>, columns: Option<usize>) -> String {
    let mut table = TextTable::new([
        "PAIR", "FROM", "TO", "FIRST", "LAST", "HIGHEST", "LOWEST", "AVERAGE", "DAYS", "FIXINGS",
    ]);
    let mut notes = Notes::default();
    for rates in &found.rows {
        let value = |dated: &Option<DatedValue>| {
            let dated = dated.as_ref().map(|dated| dated.value.clone());
            dated.unwrap_or_else(|| "n/a".to_owned())
        };
        table.push([
            rates.pair.clone(),
            rates.start_date.clone(),
            rates.end_date.clone(),
            value(&rates.first),
            value(&rates.last),
            value(&rates.highest),
            value(&rates.lowest),
            rates.average.clone(),
            rates.days.to_string(),
            rates.fixings.to_string(),
        ]);
        if !rates.complete {
            let note = format!("the period until {} is not over", rates.end_date);
            notes.push(&rates.pair, &note);
        }
    }
    let mut text = table.render_within(columns, SPARE) + &notes.below();
    if found.is_cut {
        text.push_str("\nolder periods are omitted: see --limit\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tabular::{self, Dialect};

    fn rates(complete: bool) -> PeriodRates {
        let dated = |date: &str, value: &str| {
            Some(DatedValue {
                date: date.to_owned(),
                value: value.to_owned(),
            })
        };
        PeriodRates {
            pair: "USD/KZT".to_owned(),
            start_date: "2026-03-01".to_owned(),
            end_date: "2026-03-31".to_owned(),
            complete,
            first: dated("2026-03-01", "500.09"),
            last: dated("2026-03-31", "481.54"),
            highest: dated("2026-03-01", "500.09"),
            lowest: dated("2026-03-28", "481.54"),
            average: "490.123456789".to_owned(),
            days: 31,
            fixings: 20,
        }
    }

    #[test]
    fn the_table_has_every_figure_and_names_the_period_that_is_not_over() {
        let found = Rows {
            rows: vec![rates(false)],
            is_cut: false,
        };
        assert_eq!(
            page(&found, None),
            "\
PAIR     FROM        TO          FIRST   LAST    HIGHEST  LOWEST  AVERAGE        DAYS  FIXINGS
USD/KZT  2026-03-01  2026-03-31  500.09  481.54  500.09   481.54  490.123456789  31    20

USD/KZT: the period until 2026-03-31 is not over
"
        );
        let cut = Rows {
            rows: vec![rates(true)],
            is_cut: true,
        };
        let text = page(&cut, None);
        assert!(
            text.ends_with("  20\n\nolder periods are omitted: see --limit\n"),
            "{text}"
        );
    }

    #[test]
    fn csv_has_the_dates_of_the_extremes() {
        let rows = [rates(true)];
        let rows: Vec<json::PeriodRates<'_>> = json::list(&rows);
        let text =
            String::from_utf8(tabular::csv(PERIOD, Dialect::Rfc4180, &rows).unwrap()).unwrap();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(
            lines[1],
            "USD/KZT,2026-03-01,2026-03-31,true,2026-03-01,500.09,2026-03-31,481.54,2026-03-01,500.09,2026-03-28,481.54,490.123456789,31,20"
        );
    }
}
