//! What a ticker shows of a rate: as the pair that was asked for, and as local media print it.

use rust_decimal::Decimal;
use silkrate::domain::{
    Change, Currency, Derivation, Digits, Figures, Form, Pair, TickerEntry, parse_decimal,
};

use crate::values::april;

fn decimal(text: &str) -> Decimal {
    parse_decimal(text).unwrap()
}

/// Figures of the Kazakh bank without a change.
fn figures(pair: &str, value: &str, derivation: Derivation) -> Figures<'static> {
    Figures {
        pair: Pair::parse(pair).unwrap(),
        value: decimal(value),
        derivation,
        source: "nbk",
        row: None,
        decimal_places: None,
        change: None,
        announced: None,
    }
}

/// The units and the price of an entry.
fn price(entry: &TickerEntry) -> (u32, String) {
    (entry.units, entry.value.to_string())
}

#[test]
fn only_what_a_bank_printed_is_published() {
    let is_published = |derivation, source| {
        let figures = Figures {
            source,
            ..figures("USD/KZT", "475.09", derivation)
        };
        figures.entry(Form::Pair).is_published
    };
    assert!(is_published(Derivation::Published, "nbk"));
    assert!(is_published(Derivation::Identity, ""));
    assert!(!is_published(Derivation::Inverted, "nbk"));
    assert!(!is_published(Derivation::Crossed, "nbk"));
    assert!(!is_published(Derivation::Published, "market"));
}

#[test]
fn the_price_of_a_nominal_has_the_change_of_that_nominal() {
    // The sum of 2 April: 3.91 tenge for a hundred, after 3.93.
    let change = Change::since(decimal("0.0393"), april(1), decimal("0.0391"));
    let sum = Figures {
        row: Some((100, decimal("3.91"))),
        decimal_places: Some(2),
        announced: Some((decimal("0.0395"), change.clone())),
        change,
        ..figures("UZS/KZT", "0.0391", Derivation::Published)
    };
    let entry = sum.clone().entry(Form::Local);
    assert_eq!(price(&entry), (100, "3.91".to_owned()));
    assert_eq!(entry.published_places, 2);
    let change = entry.change.unwrap();
    assert_eq!(change.absolute, decimal("-0.02"));
    assert_eq!(change.reference_value, decimal("3.93"));
    assert_eq!(entry.announced.unwrap().0, decimal("3.95"));
    let entry = sum.entry(Form::Pair);
    assert_eq!(price(&entry), (1, "0.0391".to_owned()));
    assert_eq!(entry.published_places, 4, "the point has moved by two");
    let places = |decimal_places| {
        let dollar = Figures {
            row: Some((1, decimal("3.5"))),
            decimal_places,
            ..figures("USD/TMT", "3.5", Derivation::Published)
        };
        dollar.entry(Form::Local).published_places
    };
    assert_eq!(places(Some(4)), 4);
    assert_eq!(places(Some(1)), 2);
    assert_eq!(places(None), 2);
}

#[test]
fn a_cross_is_priced_for_the_smallest_power_of_ten_that_costs_one_at_least() {
    let of = |value| price(&figures("UZS/KZT", value, Derivation::Crossed).entry(Form::Local));
    for (value, units, shown) in [
        ("5.43", 1, "5.43"),
        ("1", 1, "1"),
        ("0.0391", 100, "3.9100"),
        ("0.01", 100, "1.00"),
        ("0.0099", 1000, "9.9000"),
        ("0.0000001", 1_000_000, "0.1000000"),
        ("0", 1, "0"),
    ] {
        let (of_units, price) = of(value);
        assert_eq!(of_units, units, "{value}");
        assert_eq!(decimal(&price), decimal(shown), "{value}");
    }
}

#[test]
fn the_local_form_of_a_market_turns_the_value_and_none_of_its_rows() {
    let market = Figures {
        source: "market",
        row: Some((1, decimal("475.09"))),
        ..figures("KZT/USD", "0.00210486434149", Derivation::Inverted)
    };
    let entry = market.entry(Form::Local);
    assert_eq!((entry.base, entry.quote), (Currency::USD, Currency::KZT));
    // 1 / 0.00210486434149 to twelve digits.
    assert_eq!(entry.value, decimal("475.090000001"));
    assert!(!entry.is_published);
    let cross = figures("KZT/KGS", "0.1859", Derivation::Crossed).entry(Form::Local);
    assert_eq!((cross.base, cross.units), (Currency::KZT, 10));
    let dollar = figures("KZT/USD", "0.0021", Derivation::Crossed).entry(Form::Local);
    assert_eq!((dollar.base, dollar.units), (Currency::USD, 1));
}

#[test]
fn a_fixed_number_of_places_leaves_three_digits_of_a_small_value() {
    let entry = figures("KZT/USD", "0.0021049", Derivation::Inverted).entry(Form::Pair);
    let shown = |value, places| {
        let shown = entry.shown(decimal(value), Digits::Places(places));
        shown.to_string()
    };
    assert_eq!(shown("475.09", 1), "475.1");
    assert_eq!(shown("0.123456", 4), "0.1235");
    assert_eq!(shown("0.0123456", 4), "0.0123");
    assert_eq!(shown("0.00123456", 4), "0.00123");
    assert_eq!(shown("-0.00123456", 4), "-0.00123");
    assert_eq!(shown("0.01", 4), "0.0100", "it leaves three digits");
    assert_eq!(shown("0.05", 4), "0.0500");
    assert_eq!(shown("0.009", 4), "0.009");
}

#[test]
fn a_difference_has_the_places_of_the_value_beside_it() {
    let published = figures("USD/KZT", "475.09", Derivation::Published).entry(Form::Pair);
    let derived = figures("KZT/USD", "0.00210486434149", Derivation::Inverted).entry(Form::Pair);
    let shown = |entry: &TickerEntry, absolute| {
        let shown = entry.shown_difference(decimal(absolute), Digits::Auto);
        shown.to_string()
    };
    assert_eq!(shown(&published, "-3.6"), "-3.60");
    assert_eq!(shown(&published, "0.00"), "0");
    assert_eq!(shown(&published, "-0.01"), "-0.01");
    let sum = figures("USD/UZS", "12142.1", Derivation::Published).entry(Form::Pair);
    assert_eq!(sum.shown(sum.value, Digits::Auto).to_string(), "12142.10");
    // The value is shown with seven places.
    assert_eq!(shown(&derived, "0.0000161787513"), "0.0000162");
    assert_eq!(shown(&derived, "0.000001617875"), "0.00000162");
    assert_eq!(shown(&derived, "0.000001"), "0.0000010");
}

#[test]
fn a_percentage_is_shown_with_two_decimals() {
    // The dollar of 2 April: -3.68 of 478.77 are -0.7686 per cent.
    let change = Change::since(decimal("478.77"), april(1), decimal("475.09")).unwrap();
    assert_eq!(change.percent.to_string(), "-0.7686");
    assert_eq!(TickerEntry::shown_percent(&change).to_string(), "-0.77");
}
