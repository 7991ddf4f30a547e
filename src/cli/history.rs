//! `silkrate history`: the rates of a pair over time.

use std::io::Write;

use clap::Args;
use rust_decimal::Decimal;

use crate::cli::failure::Failure;
use crate::cli::format::{Document, Format};
use crate::cli::notes::{Notes, word};
use crate::cli::output::Output;
use crate::cli::paint::without_controls;
use crate::cli::range::{self, Range, RangeArgs, Rows};
use crate::cli::rates::{known, percent};
use crate::cli::sparkline::sparkline;
use crate::cli::table::TextTable;
use crate::cli::{ServerArgs, csv};
use crate::client::{Client, ClientError};
use crate::domain::{Pair, parse_decimal};
use crate::json;
use crate::pb::{ListRateHistoryRequest, ListRateHistoryResponse, Rate};

const EXAMPLES: &str = "\
Examples:
  silkrate history KZT/USD                     the newest 30 rates
  silkrate history usd/kzt --from 2026-01-01 --to 2026-03-31
  silkrate history KGS/KZT --limit 250 --format csv > kgs-kzt.csv
  silkrate history UZS/USD --format json | jq '.rates[].value'

One row for each date with a fixing of its own, newest first, derived like the current rate and from the source that \
serves the pair now. The bars above the table run from the oldest to the newest.";

/// The columns that are omitted on a narrow terminal, the least important first.
const SPARE: &[&str] = &["HOW", "SOURCE", "CHANGE"];
/// The number of bars in a pipe, which has no width: they fit any terminal.
const BARS_MAX: usize = 80;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct HistoryArgs {
    /// The pair, in any case.
    #[arg(value_name = "PAIR", value_parser = Pair::parse)]
    pair: Pair,
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(arguments: &HistoryArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let (client, range) = (arguments.server.client()?, arguments.range.range()?);
    let pair = arguments.pair.to_string();
    let found = history(&client, &pair, &range).await?;
    let rows: Vec<json::Rate<'_>> = json::list(&found.rows);
    let response = ListRateHistoryResponse {
        rates: found.rows.clone(),
        next_page_token: None,
    };
    let document = Document {
        message: json::ListRateHistoryResponse::from(&response),
        rows: &rows,
        columns: csv::PAST_RATE,
    };
    match arguments.range.format() {
        Format::Table if found.rows.is_empty() => {}
        format => document.print(format, out, || {
            let columns = Output::of_stdout().columns_of_terminal();
            page(&pair, &found, columns)
        })?,
    }
    if !found.rows.is_empty() {
        return Ok(());
    }
    let newest = newest(&client, &pair, &range).await?;
    Err(range::nothing_found(&pair, &range, newest.as_deref()))
}

async fn history(client: &Client, pair: &str, range: &Range) -> Result<Rows<Rate>, Failure> {
    let rows = range.rows(async |page_size, page_token| {
        let request = ListRateHistoryRequest {
            pair: pair.to_owned(),
            start_date: range.start.map(|day| day.to_string()),
            end_date: range.end.map(|day| day.to_string()),
            page_size: Some(page_size),
            page_token,
        };
        let response = client.rate_history(request).await?;
        Ok((response.rates, response.next_page_token))
    });
    rows.await
}

/// The newest known date until the end of the range.
async fn newest(client: &Client, pair: &str, range: &Range) -> Result<Option<String>, ClientError> {
    let request = ListRateHistoryRequest {
        pair: pair.to_owned(),
        end_date: range.end.map(|day| day.to_string()),
        page_size: Some(1),
        ..ListRateHistoryRequest::default()
    };
    let response = client.rate_history(request).await?;
    let newest = response.rates.into_iter().next();
    Ok(newest.and_then(|rate| rate.effective_date))
}

/// The overview, the rows and the notes.
fn page(pair: &str, found: &Rows<Rate>, columns: Option<usize>) -> String {
    let mut table = TextTable::new(["DATE", "VALUE", "CHANGE", "PERCENT", "SOURCE", "HOW"]);
    let mut notes = Notes::default();
    for rate in &found.rows {
        let change = rate.change.as_ref();
        table.push([
            rate.effective_date().to_owned(),
            rate.value.clone(),
            known(change, |change| change.absolute.clone()),
            known(change, percent),
            rate.source().to_owned(),
            word(rate.derivation().as_str_name(), "DERIVATION_"),
        ]);
        notes.push_rate(rate.effective_date(), rate);
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
    let overview = overview(pair, found, columns.unwrap_or(BARS_MAX));
    let table = table.render_within(columns, SPARE);
    format!("{overview}\n{table}{}", notes.below())
}

/// The dates of the range, its bars, and its lowest and highest value.
fn overview(pair: &str, found: &Rows<Rate>, bars_max: usize) -> String {
    let rows = &found.rows;
    let date = |rate: Option<&Rate>| rate.map(|rate| rate.effective_date().to_owned());
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
    if let Ok(values) = values.collect::<Result<Vec<Decimal>, _>>() {
        lines.extend(sparkline(&values, bars_max));
        let dated = || values.iter().zip(rows.iter().rev());
        // Of equal values the newest: the first of several lowest, the last of several highest.
        let lowest = dated().rev().min_by_key(|(value, _)| **value);
        let highest = dated().max_by_key(|(value, _)| **value);
        if let (Some((_, lowest)), Some((_, highest))) = (lowest, highest) {
            lines.push(format!(
                "lowest {} on {}, highest {} on {}",
                lowest.value,
                lowest.effective_date(),
                highest.value,
                highest.effective_date()
            ));
        }
    }
    let lines = lines.iter().map(|line| without_controls(line) + "\n");
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{Change, Derivation, Fixing};

    fn rate(date: &str, value: &str, change: Option<(&str, &str)>) -> Rate {
        Rate {
            pair: "USD/KZT".to_owned(),
            value: value.to_owned(),
            derivation: Derivation::Published.into(),
            source: Some("nbk".to_owned()),
            effective_date: Some(date.to_owned()),
            date: Some(date.to_owned()),
            change: change.map(|(absolute, percent)| Change {
                absolute: absolute.to_owned(),
                percent: percent.to_owned(),
                reference_value: "478.77".to_owned(),
                reference_date: "2026-04-01".to_owned(),
                ..Change::default()
            }),
            ..Rate::default()
        }
    }

    fn found() -> Rows<Rate> {
        let mut corrected = rate("2026-04-02", "475.09", Some(("-3.68", "-0.7686")));
        corrected.fixings = vec![Fixing {
            source: "nbk".to_owned(),
            currency: "USD".to_owned(),
            value: "475.09".to_owned(),
            effective_date: "2026-04-02".to_owned(),
            superseded_value: Some("475.90".to_owned()),
            ..Fixing::default()
        }];
        Rows {
            rows: vec![
                corrected,
                rate("2026-04-01", "478.77", None),
                rate("2026-03-31", "476.10", None),
            ],
            is_cut: false,
        }
    }

    #[test]
    fn the_bars_and_the_extremes_stand_above_the_rows() {
        assert_eq!(
            page("USD/KZT", &found(), None),
            "\
USD/KZT: 3 rates, 2026-03-31 to 2026-04-02
▃█▁
lowest 475.09 on 2026-04-02, highest 478.77 on 2026-04-01

DATE        VALUE   CHANGE  PERCENT   SOURCE  HOW
2026-04-02  475.09  -3.68   -0.7686%  nbk     published
2026-04-01  478.77  n/a     n/a       nbk     published
2026-03-31  476.10  n/a     n/a       nbk     published

2026-04-02: nbk corrected USD of 2026-04-02 from 475.90 to 475.09
"
        );
    }

    #[test]
    fn a_truncated_range_is_noted() {
        let mut found = found();
        found.rows.truncate(1);
        found.is_cut = true;
        let first = overview("USD/KZT", &found, 80);
        assert!(
            first.starts_with(
                "USD/KZT: 1 rate, 2026-04-02 to 2026-04-02; older ones are omitted\n▄\n"
            ),
            "{first}"
        );
    }

    #[test]
    fn of_equal_extremes_the_newest_is_named() {
        let values = [("04", "1"), ("03", "2"), ("02", "2"), ("01", "1.0")];
        let rate = |(day, value): (&str, &str)| rate(&format!("2026-04-{day}"), value, None);
        let found = Rows {
            rows: values.map(rate).into(),
            is_cut: false,
        };
        let message = overview("USD/KZT", &found, 80);
        let extremes = "lowest 1 on 2026-04-04, highest 2 on 2026-04-03\n";
        assert!(message.ends_with(extremes), "{message}");
    }

    #[test]
    fn a_value_that_cannot_be_read_is_shown_without_bars() {
        let mut found = found();
        found.rows[1].value = "4.8e2".to_owned();
        let shown = page("USD/KZT", &found, None);
        assert!(shown.contains("  4.8e2  "), "{shown}");
        assert!(!shown.contains("lowest"), "{shown}");
    }

    #[test]
    fn csv_has_the_digits_as_printed_and_nothing_for_what_is_not_known() {
        let found = found();
        let rows: Vec<json::Rate<'_>> = json::list(&found.rows);
        let text = String::from_utf8(csv::text(csv::PAST_RATE, &rows).unwrap()).unwrap();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(
            lines[..4],
            [
                "pair,effective_date,value,change_absolute,change_percent,reference_value,reference_date,source,derivation,date",
                "USD/KZT,2026-04-02,475.09,-3.68,-0.7686,478.77,2026-04-01,nbk,PUBLISHED,2026-04-02",
                "USD/KZT,2026-04-01,478.77,,,,,nbk,PUBLISHED,2026-04-01",
                "USD/KZT,2026-03-31,476.10,,,,,nbk,PUBLISHED,2026-03-31",
            ]
        );
    }
}
