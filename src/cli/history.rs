//! `silkrate history`: the rates of pairs over time.

use std::io::Write;

use clap::Args;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::cli::arguments;
use crate::cli::failure::Failure;
use crate::cli::format::{Document, Format};
use crate::cli::layout::{self, Layout};
use crate::cli::notes::{Notes, word};
use crate::cli::output::Output;
use crate::cli::paint::without_controls;
use crate::cli::range::{self, Range, RangeArgs, Rows};
use crate::cli::rates::{known, percent};
use crate::cli::server::ServerArgs;
use crate::cli::sparkline::sparkline;
use crate::cli::step::Step;
use crate::cli::table::TextTable;
use crate::client::{Client, ClientError};
use crate::domain::parse_decimal;
use crate::json;
use crate::pb::{HistoryStep, ListRateHistoryRequest, ListRateHistoryResponse, Rate, RateFilter};
use crate::tabular::PAST_RATE;

const EXAMPLES: &str = "\
Examples:
  silkrate history KZT/USD                     the newest 30 rates
  silkrate history usd/kzt --start 2026-01-01 --end 2026-03-31
  silkrate history KGS/KZT --limit 250 --format csv > kgs-kzt.csv
  silkrate history '*/USD' USD/KZT --step month   the last day of each month
  silkrate history KZT/USD --step day          every day, weekends included
  silkrate history '*/KZT' --start 2026-01-01 --csv --layout wide --dialect excel-ru > kzt.csv
  silkrate history UZS/USD --format json | jq '.rates[].value'

One row for each date with a fixing of its own, newest first, derived like the current rate and by the source that \
answers for the date. With --step one row for each day or for the last day of each period; FIXED is the date of its \
fixing. The bars above the table of one pair run from the oldest to the newest.";

/// The columns that are omitted on a narrow terminal, the least important first.
const SPARE: &[&str] = &["HOW", "SOURCE", "CHANGE", "FIXED"];
/// The number of bars in a pipe, which has no width: they fit any terminal.
const BARS_MAX: usize = 80;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct HistoryArgs {
    /// Pairs such as KZT/USD, in any case, with a star for a side: '*/USD', 'KZT/*', '*/*'.
    #[arg(value_name = "PAIR", required = true, value_parser = arguments::pair_or_star)]
    pairs: Vec<String>,
    /// The days to print: each one with a fixing, each day, or the last one of each period.
    #[arg(long, value_enum, default_value_t = Step::Fixing)]
    step: Step,
    /// The layout of the CSV. Without --start and --end a wide one has every day, and its rows are held in memory first.
    #[arg(long, value_enum, default_value_t = Layout::Long)]
    layout: Layout,
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    server: ServerArgs,
}

impl HistoryArgs {
    /// The one pair; `None` if there are several.
    fn pair(&self) -> Option<&String> {
        let [pair] = self.pairs.as_slice() else {
            return None;
        };
        (!pair.contains('*')).then_some(pair)
    }

    /// The request for a range, without a page.
    fn request(&self, (start, end): (Option<Date>, Option<Date>)) -> ListRateHistoryRequest {
        let pair = self.pair().cloned();
        let pairs = self.pairs.clone();
        ListRateHistoryRequest {
            filter: pair.is_none().then_some(RateFilter { pairs }),
            pair: pair.unwrap_or_default(),
            step: HistoryStep::from(self.step).into(),
            start_date: start.map(|day| day.to_string()),
            end_date: end.map(|day| day.to_string()),
            ..ListRateHistoryRequest::default()
        }
    }
}

pub(super) async fn run(
    arguments: &HistoryArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let (client, format) = (arguments.server.client()?, arguments.range.format()?);
    let range = arguments.layout.range(&arguments.range)?;
    let dialect = layout::dialect(arguments.layout, format)?;
    let found = history(&client, arguments, &range).await?;
    let rows: Vec<json::Rate<'_>> = json::list(&found.rows);
    let response = ListRateHistoryResponse {
        rates: found.rows.clone(),
        next_page_token: None,
    };
    let document = Document {
        message: json::ListRateHistoryResponse::from(&response),
        rows: &rows,
        columns: PAST_RATE,
    };
    match (format, dialect) {
        (_, Some(dialect)) => {
            let outputs = (out, err);
            layout::print(&client, &arguments.pairs, &found.rows, dialect, outputs).await?;
        }
        (Format::Table, None) if found.rows.is_empty() => {}
        (format, None) => document.print(format, out, || {
            let columns = Output::of_stdout().columns_of_terminal();
            page(arguments, &found, columns)
        })?,
    }
    if !found.rows.is_empty() {
        return Ok(());
    }
    let newest = newest(&client, arguments, &range).await?;
    let what = arguments.pairs.join(", ");
    Err(range::nothing_found(&what, &range, newest.as_deref()))
}

async fn history(
    client: &Client,
    arguments: &HistoryArgs,
    range: &Range,
) -> Result<Rows<Rate>, Failure> {
    let rows = range.rows(async |page_size, page_token| {
        let request = ListRateHistoryRequest {
            page_size: Some(page_size),
            page_token,
            ..arguments.request((range.start, range.end))
        };
        let response = client.rate_history(request).await?;
        Ok((response.rates, response.next_page_token))
    });
    rows.await
}

/// The newest known date until the end of the range.
async fn newest(
    client: &Client,
    arguments: &HistoryArgs,
    range: &Range,
) -> Result<Option<String>, ClientError> {
    let request = ListRateHistoryRequest {
        page_size: Some(1),
        ..arguments.request((None, range.end))
    };
    let response = client.rate_history(request).await?;
    Ok(response.rates.first().map(|rate| day(rate).to_owned()))
}

/// The day of a row; an earlier server does not name it, and lists fixings alone.
fn day(rate: &Rate) -> &str {
    match rate.date() {
        "" => rate.effective_date(),
        date => date,
    }
}

/// The overview, the rows and the notes.
fn page(arguments: &HistoryArgs, found: &Rows<Rate>, columns: Option<usize>) -> String {
    let pair = arguments.pair();
    let is_stepped = arguments.step != Step::Fixing;
    let mut table = TextTable::new(columns_of(pair.is_none(), is_stepped));
    let mut notes = Notes::default();
    for rate in &found.rows {
        let change = rate.change.as_ref();
        let mut cells = vec![day(rate).to_owned()];
        cells.extend(pair.is_none().then(|| rate.pair.clone()));
        cells.extend(is_stepped.then(|| rate.effective_date().to_owned()));
        cells.extend([
            rate.value.clone(),
            known(change, |change| change.absolute.clone()),
            known(change, percent),
            rate.source().to_owned(),
            word(rate.derivation().as_str_name(), "DERIVATION_"),
        ]);
        table.push(cells);
        notes.push_rate(day(rate), rate);
        for fixing in &rate.fixings {
            if let Some(before) = &fixing.superseded_value {
                let note = format!(
                    "{} corrected {} of {} from {before} to {}",
                    fixing.source, fixing.currency, fixing.effective_date, fixing.value
                );
                notes.push(rate.effective_date(), &note);
            }
        }
    }
    let what = arguments.pairs.join(", ");
    let bars_max = pair.map(|_| columns.unwrap_or(BARS_MAX));
    let overview = overview(&what, found, bars_max);
    let table = table.render_within(columns, SPARE);
    format!("{overview}\n{table}{}", notes.below())
}

/// The names of the columns: the pair if there are several, and the date of the fixing if it may differ from that of the row.
fn columns_of(has_pairs: bool, is_stepped: bool) -> impl Iterator<Item = &'static str> {
    let pair = has_pairs.then_some("PAIR");
    let fixed = is_stepped.then_some("FIXED");
    let rest = ["VALUE", "CHANGE", "PERCENT", "SOURCE", "HOW"];
    ["DATE"].into_iter().chain(pair).chain(fixed).chain(rest)
}

/// The dates of the range and, of one pair, its bars and its lowest and highest value.
fn overview(pair: &str, found: &Rows<Rate>, bars_max: Option<usize>) -> String {
    let rows = &found.rows;
    let date = |rate: Option<&Rate>| rate.map(|rate| day(rate).to_owned());
    let (oldest, newest) = (date(rows.last()), date(rows.first()));
    let count = match rows.len() {
        1 => "1 rate".to_owned(),
        count => format!("{count} rates"),
    };
    let mut lines = vec![format!(
        "{pair}: {count}, {} to {}{}",
        oldest.unwrap_or_default(),
        newest.unwrap_or_default(),
        if found.is_cut {
            "; older ones are omitted"
        } else {
            ""
        }
    )];
    let values = rows.iter().rev().map(|rate| parse_decimal(&rate.value));
    // A value that cannot be parsed is printed as received; bars without it would mislead.
    if let (Some(bars_max), Ok(values)) = (bars_max, values.collect::<Result<Vec<Decimal>, _>>()) {
        lines.extend(sparkline(&values, bars_max));
        let dated = || values.iter().zip(rows.iter().rev());
        // Of equal values the newest: the first of several lowest, the last of several highest.
        let lowest = dated().rev().min_by_key(|(value, _)| **value);
        let highest = dated().max_by_key(|(value, _)| **value);
        if let (Some((_, lowest)), Some((_, highest))) = (lowest, highest) {
            lines.push(format!(
                "lowest {} on {}, highest {} on {}",
                lowest.value,
                day(lowest),
                highest.value,
                day(highest)
            ));
        }
    }
    let lines = lines.iter().map(|line| without_controls(line) + "\n");
    lines.collect()
}

#[cfg(test)]
mod tests;
