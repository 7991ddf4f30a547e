//! `silkrate convert`: an amount of one currency in another, and the rates behind it.

use std::collections::BTreeMap;
use std::io::Write;

use clap::Args;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::cli::failure::Failure;
use crate::cli::format::{Document, Format, FormatArgs};
use crate::cli::paint::without_controls;
use crate::cli::server::ServerArgs;
use crate::cli::{arguments, notes};
use crate::domain::Currency;
use crate::json;
use crate::pb::{ConvertAmountRequest, ConvertAmountResponse, Derivation, Fixing, Rate};
use crate::tabular::CONVERSION;

const EXAMPLES: &str = "\
Examples:
  silkrate convert 1000 USD KZT                at the latest official rate
  silkrate convert 1000 usd kzt --date 2026-03-31
  silkrate convert 1250.50 KGS KZT --round     to whole tiyn
  silkrate convert -12.5 KZT TJS
  silkrate convert 1 USD UZS --format json

The result is computed from the fixings named below it in one division, not from a rounded rate. Without --round it has \
20 significant digits. With --date the rate is the last one of that day or, within 14 days, before it.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ConvertArgs {
    /// The amount: digits, optionally with a decimal point.
    #[arg(value_name = "AMOUNT", value_parser = arguments::amount, allow_negative_numbers = true)]
    amount: Decimal,
    /// The currency of the amount, in any case.
    #[arg(value_name = "FROM", value_parser = arguments::currency_after_amount)]
    from: Currency,
    /// The currency of the result, in any case.
    #[arg(value_name = "TO", value_parser = Currency::parse)]
    to: Currency,
    /// The date of the rate: YYYY-MM-DD. Default: the latest rate.
    #[arg(long, alias = "on", value_name = "DATE", value_parser = arguments::date)]
    date: Option<Date>,
    /// Round the result to the minor unit of its currency, half to even.
    #[arg(long)]
    round: bool,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(arguments: &ConvertArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let request = ConvertAmountRequest {
        amount: arguments.amount.to_string(),
        from_currency: arguments.from.to_string(),
        to_currency: arguments.to.to_string(),
        date: arguments.date.map(|date| date.to_string()),
        round_to_minor_unit: arguments.round,
    };
    let (client, format) = (arguments.server.client()?, arguments.format.format()?);
    let response = client.convert(request.clone()).await?;
    let conversion = || json::ConvertAmountResponse::of(&request, &response);
    let document = Document {
        message: conversion(),
        rows: &[conversion()],
        columns: CONVERSION,
    };
    // Only the table contains names of publishers; without them it has the ids alone.
    let sources = match format {
        Format::Table => client.sources().await.unwrap_or_default().sources,
        Format::Csv(_) | Format::Ndjson | Format::Json => Vec::new(),
    };
    let states = sources.into_iter().filter_map(|detail| detail.state);
    let names = states.map(|state| (state.id, state.name)).collect();
    document.print(format, out, || page(&request, &response, &names))
}

/// The result, and the fixings and the rate indented below it. `names` are those of the sources, by id.
fn page(
    request: &ConvertAmountRequest,
    response: &ConvertAmountResponse,
    names: &BTreeMap<String, String>,
) -> String {
    let mut lines = vec![format!(
        "{} {} = {} {}",
        request.amount, request.from_currency, response.result, request.to_currency
    )];
    if let Some(rate) = &response.rate {
        let fixings = rate.fixings.iter();
        lines.extend(fixings.map(|fixing| published(fixing, names)));
        lines.push(how(request, rate));
        if request.round_to_minor_unit {
            lines.push(format!(
                "rounded to the minor unit of {}",
                request.to_currency
            ));
        }
        if let (Some(wanted), Some(found)) = (&request.date, &rate.effective_date)
            && wanted != found
        {
            lines.push(if rate.derivation() == Derivation::Crossed {
                format!("not every fixing behind it is of {wanted}: the oldest is of {found}")
            } else {
                format!("{wanted} has no rate of its own: the last one before it is of {found}")
            });
        }
        lines.extend(notes::freshness(rate.freshness(), rate.freshness_reason()));
        lines.extend(rate.held.iter().map(notes::held));
        lines.extend(rate.flags.iter().map(notes::flag));
    }
    let lines: Vec<_> = lines.iter().map(|line| without_controls(line)).collect();
    lines.join("\n  ") + "\n"
}

/// `1 USD = 475.09 KZT, National Bank of Kazakhstan (nbk), of 2026-04-02`.
fn published(fixing: &Fixing, names: &BTreeMap<String, String>) -> String {
    let source = &fixing.source;
    let publisher = match names.get(source) {
        Some(name) => format!("{name} ({source})"),
        None => source.clone(),
    };
    let corrected = fixing.superseded_value.as_ref();
    let corrected = corrected.map(|before| format!(", corrected from {before}"));
    format!(
        "{} {} = {} {}, {publisher}, of {}{}",
        fixing.units,
        fixing.currency,
        fixing.value,
        fixing.home_currency,
        fixing.effective_date,
        corrected.unwrap_or_default()
    )
}

/// The derivation of the rate from the fixings, and the rate.
fn how(request: &ConvertAmountRequest, rate: &Rate) -> String {
    let (from, to) = (&request.from_currency, &request.to_currency);
    let derivation = match rate.derivation() {
        Derivation::Published => "published".to_owned(),
        Derivation::Inverted => "inverted".to_owned(),
        Derivation::Crossed => crossed(from, to, &rate.fixings),
        Derivation::Identity => "the same currency".to_owned(),
        Derivation::Unspecified => "the rate".to_owned(),
    };
    format!("{derivation}: 1 {from} = {} {to}", rate.value)
}

/// The currencies of the fixings that are on neither side of the pair, in the order they come.
fn crossed(from: &str, to: &str, fixings: &[Fixing]) -> String {
    let sides = fixings.iter();
    let sides = sides.flat_map(|fixing| [&fixing.currency, &fixing.home_currency]);
    let mut between: Vec<&str> = Vec::new();
    for currency in sides {
        if currency != from && currency != to && !between.contains(&currency.as_str()) {
            between.push(currency);
        }
    }
    match between.as_slice() {
        [] => "crossed".to_owned(),
        between => format!("crossed via {}", between.join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{Check, Flag, Freshness, HeldFixing, Position};

    fn fixing(source: &str, units: &str, currency: &str, value: &str, home: &str) -> Fixing {
        Fixing {
            source: source.to_owned(),
            units: units.to_owned(),
            currency: currency.to_owned(),
            value: value.to_owned(),
            home_currency: home.to_owned(),
            effective_date: "2026-04-02".to_owned(),
            ..Fixing::default()
        }
    }

    fn rate(derivation: Derivation, value: &str, fixings: Vec<Fixing>) -> Rate {
        Rate {
            value: value.to_owned(),
            derivation: derivation.into(),
            effective_date: Some("2026-04-02".to_owned()),
            freshness: Freshness::Fresh.into(),
            fixings,
            ..Rate::default()
        }
    }

    fn request(amount: &str, from: &str, to: &str) -> ConvertAmountRequest {
        ConvertAmountRequest {
            amount: amount.to_owned(),
            from_currency: from.to_owned(),
            to_currency: to.to_owned(),
            ..ConvertAmountRequest::default()
        }
    }

    fn shown(request: &ConvertAmountRequest, result: &str, rate: Rate) -> String {
        let response = ConvertAmountResponse {
            result: result.to_owned(),
            rate: Some(rate),
            position: None,
        };
        let name = "National Bank of Kazakhstan".to_owned();
        page(request, &response, &[("nbk".to_owned(), name)].into())
    }

    fn nbk_dollar() -> Fixing {
        fixing("nbk", "1", "USD", "475.09", "KZT")
    }

    #[test]
    fn the_result_stands_above_how_it_came_about() {
        let rate = rate(Derivation::Published, "475.09", vec![nbk_dollar()]);
        assert_eq!(
            shown(&request("1000", "USD", "KZT"), "475090", rate),
            "\
1000 USD = 475090 KZT
  1 USD = 475.09 KZT, National Bank of Kazakhstan (nbk), of 2026-04-02
  published: 1 USD = 475.09 KZT
"
        );
    }

    #[test]
    fn an_earlier_date_rounding_and_flags_are_noted() {
        let mut corrected = nbk_dollar();
        corrected.superseded_value = Some("475.90".to_owned());
        let held = HeldFixing {
            fixing: Some(fixing("nbk", "1", "USD", "47509", "KZT")),
            check: Check::UnitJump.into(),
            ..HeldFixing::default()
        };
        let flag = Flag {
            check: Check::PublishedChange.into(),
            currency: Some("USD".to_owned()),
            detail: String::new(),
        };
        let rate = Rate {
            freshness: Freshness::Late.into(),
            freshness_reason: Some("nothing of 2026-04-03".to_owned()),
            held: vec![held],
            flags: vec![flag],
            ..rate(Derivation::Inverted, "0.00210486434149", vec![corrected])
        };
        let request = ConvertAmountRequest {
            date: Some("2026-04-05".to_owned()),
            round_to_minor_unit: true,
            ..request("1", "KZT", "USD")
        };
        assert_eq!(
            shown(&request, "0.00", rate),
            "\
1 KZT = 0.00 USD
  1 USD = 475.09 KZT, National Bank of Kazakhstan (nbk), of 2026-04-02, corrected from 475.90
  inverted: 1 KZT = 0.00210486434149 USD
  rounded to the minor unit of USD
  2026-04-05 has no rate of its own: the last one before it is of 2026-04-02
  late: nothing of 2026-04-03
  USD 47509 of 2026-04-02 is held: unit_jump
  published_change of USD
"
        );
    }

    #[test]
    fn a_cross_names_the_currencies_between() {
        let som = fixing("nbkr", "1", "USD", "87.45", "KGS");
        let mut of_the_requested_day = request("2", "KGS", "KZT");
        of_the_requested_day.date = Some("2026-04-02".to_owned());
        let through_the_dollar = rate(
            Derivation::Crossed,
            "5.43270440252",
            vec![som, nbk_dollar()],
        );
        assert_eq!(
            shown(&of_the_requested_day, "10.86540880503", through_the_dollar),
            "\
2 KGS = 10.86540880503 KZT
  1 USD = 87.45 KGS, nbkr, of 2026-04-02
  1 USD = 475.09 KZT, National Bank of Kazakhstan (nbk), of 2026-04-02
  crossed via USD: 1 KGS = 5.43270440252 KZT
"
        );
        let roubles = [
            fixing("cbr", "100", "KGS", "92.1", "RUB"),
            fixing("cbr", "1", "USD", "80.5", "RUB"),
            nbk_dollar(),
        ];
        assert_eq!(crossed("KGS", "KZT", &roubles), "crossed via RUB and USD");
        assert_eq!(crossed("KZT", "USD", &[nbk_dollar()]), "crossed");
    }

    #[test]
    fn a_currency_in_itself_has_no_fixing() {
        let rate = Rate {
            effective_date: None,
            ..rate(Derivation::Identity, "1", Vec::new())
        };
        let mut request = request("5.10", "KZT", "KZT");
        request.date = Some("2026-04-02".to_owned());
        assert_eq!(
            shown(&request, "5.1", rate),
            "5.10 KZT = 5.1 KZT\n  the same currency: 1 KZT = 1 KZT\n"
        );
    }

    #[test]
    fn as_json_it_has_the_request_and_the_names_of_the_contract() {
        let request = request("1000", "USD", "KZT");
        let response = ConvertAmountResponse {
            result: "475090".to_owned(),
            rate: None,
            position: Some(Position {
                epoch: "e".to_owned(),
                revision: 7,
            }),
        };
        assert_eq!(
            json::text(&json::ConvertAmountResponse::of(&request, &response)).unwrap(),
            concat!(
                r#"{"amount":"1000","from_currency":"USD","to_currency":"KZT","date":null,"#,
                r#""round_to_minor_unit":false,"result":"475090","rate":null,"#,
                r#""position":{"epoch":"e","revision":7}}"#
            )
        );
    }
}
