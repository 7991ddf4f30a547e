//! How values are displayed: the rows of `tests/fixtures/display/figures.json`, which the tests of the ticker element read
//! too.

use jiff::civil::date;
use serde::Deserialize;
use silkrate::domain::{Derivation, Digits, Figures, Form, Pair, Rate, parse_decimal};

use crate::support::boards::OneBank;

#[derive(Deserialize)]
struct Table {
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    pair: String,
    value: String,
    derivation: String,
    source: String,
    #[serde(rename = "row")]
    printed: Option<(String, String)>,
    decimal_places: Option<u32>,
    form: String,
    digits: Option<u32>,
    shown: String,
}

fn rows() -> Vec<Row> {
    let text = include_str!("../fixtures/display/figures.json");
    serde_json::from_str::<Table>(text).unwrap().rows
}

fn shown(row: &Row) -> String {
    let printed = row.printed.as_ref();
    let figures = Figures {
        pair: Pair::parse(&row.pair).unwrap(),
        value: parse_decimal(&row.value).unwrap(),
        derivation: match &*row.derivation {
            "PUBLISHED" => Derivation::Published,
            "INVERTED" => Derivation::Inverted,
            "CROSSED" => Derivation::Crossed,
            "IDENTITY" => Derivation::Identity,
            other => panic!("{other} is no derivation"),
        },
        source: &row.source,
        row: printed.map(|(units, value)| (units.parse().unwrap(), parse_decimal(value).unwrap())),
        decimal_places: row.decimal_places,
        change: None,
        announced: None,
    };
    let entry = figures.entry(match &*row.form {
        "pair" => Form::Pair,
        "local" => Form::Local,
        other => panic!("{other} is no form"),
    });
    let digits = row.digits.map_or(Digits::Auto, Digits::Places);
    entry.shown(entry.value, digits).to_string()
}

#[test]
fn a_value_is_displayed_with_the_digits_of_its_bank_or_with_those_that_were_chosen() {
    for row in rows() {
        assert_eq!(shown(&row), row.shown, "{row:?}");
    }
}

#[test]
fn a_rate_of_one_row_tells_the_decimals_of_its_table_and_follows_them() {
    let bank = OneBank::new();
    let rate = |pair: &str| -> Rate {
        let snapshot = bank.feed.board().snapshot();
        snapshot.rate(Pair::parse(pair).unwrap()).unwrap()
    };
    let day = date(2026, 4, 2);
    let omitted = [("USD", "507.5"), ("EUR", "590.12"), ("RUB", "6.48")];
    bank.commit(day, &omitted);
    for (pair, shown) in [("USD/KZT", "507.50"), ("KZT/USD", "0.0019704")] {
        let rate = rate(pair);
        assert_eq!(rate.decimal_places, Some(2), "{pair}");
        let entry = Figures::from(&rate).entry(Form::Pair);
        let value = entry.shown(entry.value, Digits::Auto);
        assert_eq!(value.to_string(), shown);
    }
    assert_eq!(rate("KZT/KZT").decimal_places, None);

    // The bank prints its other rows with four: the same value is a changed rate.
    let before = rate("USD/KZT").changed_at_revision;
    let corrected = [("USD", "507.5"), ("EUR", "590.1234"), ("RUB", "6.4812")];
    bank.commit(day, &corrected);
    let after = rate("USD/KZT");
    assert_eq!(after.decimal_places, Some(4));
    assert!(after.changed_at_revision > before);
}
