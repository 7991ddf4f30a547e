//! The days on which values stand, and values of several sources.

use jiff::civil::date;

use super::*;
use crate::domain::parse_decimal;

fn decimal(text: &str) -> Decimal {
    parse_decimal(text).unwrap()
}

/// A rate of a bank: the price of one dollar in tenge, as `nbk` prints it.
fn printed(day: i8, value: &str) -> PastRate {
    PastRate {
        date: date(2026, 3, day),
        value: decimal(value),
        derivation: Derivation::Published,
        source: "nbk".to_owned(),
        row: Some((1, decimal(value))),
        decimal_places: Some(2),
    }
}

fn rates(pair: &str, rates: Vec<PastRate>) -> PastRates {
    PastRates {
        pair: Pair::parse(pair).unwrap(),
        days: DateRange {
            first: date(2026, 3, 2),
            last: date(2026, 3, 31),
        },
        rates,
    }
}

fn days(of: &[DateRange]) -> Vec<(i8, i8)> {
    of.iter()
        .map(|days| (days.first.day(), days.last.day()))
        .collect()
}

#[test]
fn a_value_stands_until_the_next_one_and_two_weeks_at_most() {
    let found = vec![
        printed(1, "478.77"),
        printed(5, "475.09"),
        printed(28, "472.31"),
    ];
    let series = rates("USD/KZT", found).series(Form::Pair).unwrap();
    let stood: Vec<DateRange> = series
        .standings
        .iter()
        .map(|standing| standing.days)
        .collect();
    assert_eq!(days(&stood), [(2, 4), (5, 19), (28, 31)]);
    assert_eq!(days(&series.gaps), [(20, 27)]);
    assert!(series.begins_in_time());
}

#[test]
fn a_window_that_begins_before_its_rates_begins_with_a_gap() {
    let series = rates(
        "USD/KZT",
        vec![printed(30, "478.77"), printed(31, "475.09")],
    );
    let series = series.series(Form::Pair).unwrap();
    assert_eq!(days(&series.gaps), [(2, 29)]);
    assert!(!series.begins_in_time());
    assert_eq!(series.change().unwrap().percent.to_string(), "-0.7686");
    let one = rates("USD/KZT", vec![printed(31, "475.09")]);
    assert_eq!(
        one.series(Form::Pair).unwrap().change(),
        None,
        "nothing is known before it"
    );
    assert!(rates("USD/KZT", Vec::new()).series(Form::Pair).is_none());
}

#[test]
fn the_extremes_are_the_earliest_of_the_lowest_and_of_the_highest() {
    let found = [(3, "475.09"), (4, "478.77"), (5, "475.09"), (6, "478.77")];
    let found = found.map(|(day, value)| printed(day, value));
    let series = rates("USD/KZT", found.into()).series(Form::Pair).unwrap();
    assert_eq!((series.low.date.day(), series.high.date.day()), (3, 4));
}

#[test]
fn a_rate_of_another_source_is_the_price_of_the_same_units_in_the_same_direction() {
    let crossed = PastRate {
        derivation: Derivation::Published,
        source: "cbr".to_owned(),
        row: Some((100, decimal("15.3320"))),
        value: decimal("0.153320"),
        ..printed(3, "1")
    };
    let inverted = PastRate {
        derivation: Derivation::Inverted,
        value: decimal("0.166666666667"),
        row: Some((1, decimal("6.00"))),
        ..printed(4, "1")
    };
    let series = rates("KZT/RUB", vec![crossed, inverted])
        .series(Form::Local)
        .unwrap();
    // The last one is the price of a rouble in tenge, so the first one is turned.
    let entry = series.entry(&series.last);
    assert_eq!((entry.base.as_str(), entry.units), ("RUB", 1));
    assert_eq!(series.last.value.to_string(), "6.00");
    assert_eq!(series.first.value.to_string(), "6.5223062875");
    assert!(!series.entry(&series.first).is_published);
    assert_eq!(series.sources, ["nbk", "cbr"]);
}

#[test]
fn a_peg_that_a_bank_prints_with_fewer_digits_did_not_move() {
    let series = rates("USD/KZT", vec![printed(1, "3.5"), printed(9, "3.50")]);
    let series = series.series(Form::Pair).unwrap();
    assert_eq!(series.change().unwrap().absolute, Decimal::ZERO);
}
