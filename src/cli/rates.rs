//! `silkrate rates`: the latest rates, once.

use std::io::Write;

use clap::{Args, ValueEnum};

use crate::cli::failure::Failure;
use crate::cli::table::TextTable;
use crate::cli::{ServerArgs, json};
use crate::pb::{Change, Rate};

const EXAMPLES: &str = "\
Examples:
  silkrate rates                               the server's ticker
  silkrate rates KZT/USD usd/uzs               two pairs, in any case
  silkrate rates '*/EUR' --format json         all that is quoted in euros
  silkrate rates --server http://rates.example:50051";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RatesArgs {
    /// Pairs such as KZT/USD, or one side a star: '*/USD', 'KZT/*'. None: the server's ticker.
    #[arg(value_name = "PAIR")]
    pairs: Vec<String>,
    /// How to print them.
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    format: TableFormat,
    #[command(flatten)]
    server: ServerArgs,
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TableFormat {
    /// Columns, for people.
    Table,
    /// One JSON value on one line.
    Json,
}

pub(super) async fn run(
    arguments: &RatesArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let answer = arguments
        .server
        .server()?
        .snapshot(&arguments.pairs)
        .await?;
    match arguments.format {
        TableFormat::Table if answer.rates.is_empty() => {}
        TableFormat::Table => out.write_all(table(&answer.rates).as_bytes())?,
        TableFormat::Json => {
            let message = json::snapshot(answer.position.as_ref(), &answer.rates);
            let text = json::text(&message).map_err(std::io::Error::from)?;
            writeln!(out, "{text}")?;
        }
    }
    for pair in missing(&arguments.pairs, &answer.rates) {
        writeln!(err, "silkrate: {pair}: no source quotes it")?;
    }
    if answer.rates.is_empty() {
        let hint = "the server may have heard of no bank yet: `silkrate sources` tells";
        return Err(Failure::failed("there is no rate to show", hint));
    }
    Ok(())
}

/// The pairs asked for by name that have no rate.
pub(super) fn missing(pairs: &[String], rates: &[Rate]) -> Vec<String> {
    let named = pairs.iter().filter(|pair| !pair.contains('*'));
    named
        .map(|pair| pair.to_ascii_uppercase())
        .filter(|pair| rates.iter().all(|rate| rate.pair != *pair))
        .collect()
}

/// The rates in columns, with all their digits.
pub(super) fn table(rates: &[Rate]) -> String {
    let mut table = TextTable::new([
        "PAIR",
        "VALUE",
        "CHANGE",
        "PERCENT",
        "REFERENCE",
        "SINCE",
        "DATE",
        "SOURCE",
        "HOW",
        "FRESHNESS",
    ]);
    for rate in rates {
        let change = |part: fn(&Change) -> String| {
            let change = rate.change.as_ref();
            change.map_or_else(|| "n/a".to_owned(), part)
        };
        table.push([
            rate.pair.clone(),
            rate.value.clone(),
            change(|change| change.absolute.clone()),
            change(|change| format!("{}%", change.percent)),
            change(|change| change.reference_value.clone()),
            change(|change| change.reference_date.clone()),
            rate.effective_date.clone(),
            rate.source.clone(),
            word(rate.derivation().as_str_name(), "DERIVATION_"),
            word(rate.freshness().as_str_name(), "FRESHNESS_"),
        ]);
    }
    table.render()
}

/// The name of an enum's value as a word: `FRESHNESS_CARRIED_OVER` is `carried over`.
pub(super) fn word(name: &'static str, prefix: &str) -> String {
    let word = json::short(name, prefix);
    word.to_lowercase().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{Derivation, Freshness};

    fn rate(pair: &str) -> Rate {
        Rate {
            pair: pair.to_owned(),
            value: "0.00210486434149".to_owned(),
            derivation: Derivation::Inverted.into(),
            source: "nbk".to_owned(),
            effective_date: "2026-04-02".to_owned(),
            freshness: Freshness::CarriedOver.into(),
            ..Rate::default()
        }
    }

    #[test]
    fn the_table_has_every_digit_and_na_for_an_unknown_change() {
        let mut changed = rate("KZT/USD");
        changed.change = Some(Change {
            absolute: "0.00001617875133".to_owned(),
            percent: "0.7746".to_owned(),
            reference_value: "0.00208868559016".to_owned(),
            reference_date: "2026-04-01".to_owned(),
            ..Change::default()
        });
        assert_eq!(
            table(&[changed, rate("KZT/EUR")]),
            "\
PAIR     VALUE             CHANGE            PERCENT  REFERENCE         SINCE       DATE        SOURCE  HOW       FRESHNESS
KZT/USD  0.00210486434149  0.00001617875133  0.7746%  0.00208868559016  2026-04-01  2026-04-02  nbk     inverted  carried over
KZT/EUR  0.00210486434149  n/a               n/a      n/a               n/a         2026-04-02  nbk     inverted  carried over
"
        );
    }

    #[test]
    fn a_pair_without_a_rate_is_missing_and_a_star_never_is() {
        let pairs = ["kzt/usd", "EUR/USD", "*/RUB"].map(str::to_owned);
        assert_eq!(missing(&pairs, &[rate("KZT/USD")]), ["EUR/USD"]);
    }
}
