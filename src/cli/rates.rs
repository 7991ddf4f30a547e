//! `silkrate rates`: the latest rates, once, or those of a past day.

use std::io::Write;

use clap::Args;
use jiff::civil::Date;

use crate::cli::arguments;
use crate::cli::failure::{Failure, note};
use crate::cli::format::{Document, Format, FormatArgs};
use crate::cli::notes::{Notes, word};
use crate::cli::output::Output;
use crate::cli::server::ServerArgs;
use crate::cli::table::TextTable;
use crate::client::{Client, ClientError};
use crate::json;
use crate::pb::{Change, GetSnapshotResponse, Rate, Window};
use crate::tabular::{PAST_RATE, RATE};

const EXAMPLES: &str = "\
Examples:
  silkrate rates                               the server's ticker
  silkrate rates KZT/USD usd/uzs               two pairs, in any case
  silkrate rates --windows                     with the change over a week, a month, a year
  silkrate rates '*/EUR' --format csv          every pair in euros, for a spreadsheet
  silkrate rates '*/*'                         every pair that exists
  silkrate rates --date 2026-03-31             as they stood at the end of that day
  silkrate rates --format json | jq '.rates[].value'
  silkrate rates --server http://rates.example:50051

On a terminal the columns that do not fit are omitted, and named below; in a pipe all are printed. Notes below the \
table name the values that are late, stale, held or flagged, with the reasons.

\
With --date each rate is the last one of that day or, within 14 days, before it.";

/// The columns that are omitted on a narrow terminal, the least important first.
const SPARE: &[&str] = &[
    "REFERENCE",
    "SINCE",
    "CHANGE",
    "HOW",
    "SOURCE",
    "DATE",
    "FRESHNESS",
];
/// The number of pairs without a rate for which the server's reason is requested: a longer list of reasons repeats itself.
const REASONS_MAX: usize = 8;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RatesArgs {
    /// Pairs such as KZT/USD, with a star for a side: '*/USD', 'KZT/*', '*/*'. Default: the server's ticker.
    #[arg(value_name = "PAIR")]
    pairs: Vec<String>,
    /// Print the changes over a week, a month and a year too; CSV and JSON always contain them.
    #[arg(long, conflicts_with = "date")]
    windows: bool,
    /// The date of the rates: YYYY-MM-DD. Default: now.
    #[arg(long, alias = "on", value_name = "DATE", value_parser = arguments::date)]
    date: Option<Date>,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// The layout of a table of rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Show {
    /// The width of a line; `None`: no limit.
    pub(super) columns: Option<usize>,
    /// Whether the changes over windows are printed.
    pub(super) windows: bool,
    /// Whether the rates are of a past day, which has no freshness.
    pub(super) past: bool,
}

pub(super) async fn run(
    arguments: &RatesArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let (client, format) = (arguments.server.client()?, arguments.format.format()?);
    let response = match arguments.date {
        None => client.snapshot(&arguments.pairs).await?,
        Some(date) => client.snapshot_on(&arguments.pairs, date).await?,
    };
    let rows: Vec<json::Rate<'_>> = json::list(&response.rates);
    let document = Document {
        message: json::GetSnapshotResponse::from(&response),
        rows: &rows,
        columns: if arguments.date.is_some() {
            PAST_RATE
        } else {
            RATE
        },
    };
    match format {
        Format::Table if response.rates.is_empty() => {}
        format => document.print(format, out, || {
            let show = Show {
                columns: Output::of_stdout().columns_of_terminal(),
                windows: arguments.windows,
                past: arguments.date.is_some(),
            };
            table(&response.rates, show) + &notes(&response.rates, show).below()
        })?,
    }
    explain_missing(&client, (&arguments.pairs, arguments.date), &response, err).await
}

/// Notes why pairs that were requested by name, of a day or of the present, have no rate, in the server's words. Without any
/// rate it is a failure.
pub(super) async fn explain_missing(
    client: &Client,
    (pairs, on): (&[String], Option<Date>),
    response: &GetSnapshotResponse,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    for (index, pair) in missing(pairs, &response.rates).iter().enumerate() {
        let refused = if index < REASONS_MAX {
            match on {
                None => client.rate(pair).await.err(),
                Some(date) => client.rate_on(pair, date).await.err(),
            }
        } else {
            None
        };
        match refused {
            Some(refused @ ClientError::Refused { .. }) => note(&refused.to_string(), err)?,
            Some(_) | None => note(&format!("{pair}: no source quotes it"), err)?,
        }
    }
    if !response.rates.is_empty() {
        return Ok(());
    }
    let mut sources = response.sources.iter();
    let hint = if on.is_some() {
        "`silkrate history` prints the days that have a rate; `silkrate backfill` fetches the past of the banks"
    } else if sources.any(|state| state.newest_effective_date.is_some()) {
        "`silkrate rates '*/USD'` and `silkrate rates 'KZT/*'` print the pairs that are quoted"
    } else {
        "the server has no table of a bank yet: see `silkrate sources`"
    };
    Err(Failure::failed("there is no rate to print", hint))
}

/// The pairs requested by name that have no rate.
pub(super) fn missing(pairs: &[String], rates: &[Rate]) -> Vec<String> {
    let named = pairs.iter().filter(|pair| !pair.contains('*'));
    named
        .map(|pair| pair.to_ascii_uppercase())
        .filter(|pair| rates.iter().all(|rate| rate.pair != *pair))
        .collect()
}

/// The rates in columns, with all their digits.
pub(super) fn table(rates: &[Rate], show: Show) -> String {
    let windows: &[Window] = if show.windows {
        &[Window::Week, Window::Month, Window::Year]
    } else {
        &[]
    };
    let names = windows.iter().map(|window| match window {
        Window::Week => "WEEK",
        Window::Month => "MONTH",
        Window::Year | Window::Unspecified => "YEAR",
    });
    let heading = ["PAIR", "VALUE", "CHANGE", "PERCENT"].into_iter();
    let all = ["REFERENCE", "SINCE", "DATE", "SOURCE", "HOW", "FRESHNESS"];
    let shown = all
        .into_iter()
        .filter(|name| !(show.past && *name == "FRESHNESS"));
    let rest_columns: Vec<&str> = shown.collect();
    let columns = rest_columns.iter().copied();
    let mut table = TextTable::new(heading.chain(names).chain(columns));
    for rate in rates {
        let change = |part: fn(&Change) -> String| known(rate.change.as_ref(), part);
        let over = |window: &Window| {
            let mut windows = rate.windows.iter();
            let found = windows.find(|change| change.window() == *window);
            known(found.and_then(|found| found.change.as_ref()), percent)
        };
        let cells = [
            rate.pair.clone(),
            rate.value.clone(),
            change(|change| change.absolute.clone()),
            change(percent),
        ];
        let rest = [
            change(|change| change.reference_value.clone()),
            change(|change| change.reference_date.clone()),
            rate.effective_date().to_owned(),
            rate.source().to_owned(),
            word(rate.derivation().as_str_name(), "DERIVATION_"),
            word(rate.freshness().as_str_name(), "FRESHNESS_"),
        ];
        let rest = rest.into_iter().take(rest_columns.len());
        table.push(
            cells
                .into_iter()
                .chain(windows.iter().map(over))
                .chain(rest),
        );
    }
    table.render_within(show.columns, SPARE)
}

/// The notes on the rates.
pub(super) fn notes(rates: &[Rate], show: Show) -> Notes {
    let mut notes = Notes::default();
    for rate in rates {
        notes.push_rate(&rate.pair, rate);
    }
    if show.windows {
        for rate in rates {
            notes.push_windows(&rate.pair, &rate.windows);
        }
    }
    notes
}

/// A part of a change, or `n/a` if the change is unknown.
pub(super) fn known(change: Option<&Change>, part: fn(&Change) -> String) -> String {
    change.map_or_else(|| "n/a".to_owned(), part)
}

/// The change in per cent.
pub(super) fn percent(change: &Change) -> String {
    format!("{}%", change.percent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{Check, Derivation, Flag, Freshness, WindowChange};

    fn rate(pair: &str) -> Rate {
        Rate {
            pair: pair.to_owned(),
            value: "0.00210486434149".to_owned(),
            derivation: Derivation::Inverted.into(),
            source: Some("nbk".to_owned()),
            effective_date: Some("2026-04-02".to_owned()),
            freshness: Freshness::CarriedOver.into(),
            ..Rate::default()
        }
    }

    fn changed(pair: &str) -> Rate {
        Rate {
            change: Some(Change {
                absolute: "0.00001617875133".to_owned(),
                percent: "0.7746".to_owned(),
                reference_value: "0.00208868559016".to_owned(),
                reference_date: "2026-04-01".to_owned(),
                ..Change::default()
            }),
            ..rate(pair)
        }
    }

    #[test]
    fn the_table_has_every_digit_and_na_for_an_unknown_change() {
        assert_eq!(
            table(&[changed("KZT/USD"), rate("KZT/EUR")], Show::default()),
            "\
PAIR     VALUE             CHANGE            PERCENT  REFERENCE         SINCE       DATE        SOURCE  HOW       FRESHNESS
KZT/USD  0.00210486434149  0.00001617875133  0.7746%  0.00208868559016  2026-04-01  2026-04-02  nbk     inverted  carried over
KZT/EUR  0.00210486434149  n/a               n/a      n/a               n/a         2026-04-02  nbk     inverted  carried over
"
        );
    }

    #[test]
    fn eighty_columns_show_date_source_and_freshness() {
        let narrow = Show {
            columns: Some(80),
            ..Show::default()
        };
        assert_eq!(
            table(&[changed("KZT/USD")], narrow),
            "\
PAIR     VALUE             PERCENT  DATE        SOURCE  HOW       FRESHNESS
KZT/USD  0.00210486434149  0.7746%  2026-04-02  nbk     inverted  carried over
(omitted: REFERENCE, SINCE, CHANGE)
"
        );
    }

    #[test]
    fn the_windows_are_columns_when_they_are_wanted() {
        let mut rate = changed("KZT/USD");
        let week = Change {
            percent: "-1.5".to_owned(),
            ..Change::default()
        };
        let window = |window: Window, change, reason: &str| WindowChange {
            window: window.into(),
            change,
            reason: (!reason.is_empty()).then(|| reason.to_owned()),
        };
        rate.windows = vec![
            window(Window::Week, Some(week), ""),
            window(Window::Year, None, "nothing so old is known"),
        ];
        let show = Show {
            windows: true,
            ..Show::default()
        };
        let shown = table(std::slice::from_ref(&rate), show);
        let columns: Vec<&str> = shown.split_whitespace().collect();
        assert_eq!(
            columns[3..8],
            ["PERCENT", "WEEK", "MONTH", "YEAR", "REFERENCE"]
        );
        assert!(
            shown.contains("  0.7746%  -1.5%  n/a    n/a   0.00208"),
            "{shown}"
        );
        assert_eq!(
            notes(std::slice::from_ref(&rate), show).lines(),
            ["KZT/USD: no change over a year: nothing so old is known"]
        );
        assert_eq!(
            notes(&[rate], Show::default()).lines(),
            Vec::<String>::new()
        );
    }

    #[test]
    fn what_is_odd_stands_below_the_table() {
        let mut odd = rate("KZT/USD");
        odd.flags = vec![Flag {
            check: Check::PublishedChange.into(),
            currency: Some("USD".to_owned()),
            detail: "the bank prints 3.69, ours is 3.68".to_owned(),
        }];
        assert_eq!(
            notes(&[odd, rate("KZT/EUR")], Show::default()).below(),
            "\nKZT/USD: published_change of USD, the bank prints 3.69, ours is 3.68\n"
        );
    }

    #[test]
    fn a_pair_without_a_rate_is_missing_and_a_star_never_is() {
        let pairs = ["kzt/usd", "EUR/USD", "*/RUB"].map(str::to_owned);
        assert_eq!(missing(&pairs, &[rate("KZT/USD")]), ["EUR/USD"]);
    }
}
