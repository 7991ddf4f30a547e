//! Numbers: how long they may be, and how quotients, averages and prices along rows are computed.

use jiff::civil::date;
use silkrate::domain::{
    Currency, DECIMAL_BYTES_MAX, DecimalError, History, InsertOutcome, Pair, Ratio, RevisionPolicy,
    Separator, TABLES_MAX, Table, WeightedSum, parse_decimal, parse_published, price, price_along,
};

use crate::support::records::{Quotes, table};
use crate::values::{april, dollar, nbk};

/// The most digits that a bank may print before the separator.
const INTEGER_DIGITS_MAX: usize = 15;

#[test]
fn quotients_are_equal_whatever_they_are_written_as() {
    let ratio = |text| Ratio::from(parse_decimal(text).unwrap());
    let third = |text| ratio(text).divided_by(&Ratio::from(3)).unwrap();
    assert_eq!(third("1.50"), ratio("0.5"));
    assert_eq!(third("2"), third("2.000"));
    assert_ne!(third("2"), third("2.001"));
}

#[test]
fn the_longest_numbers_that_are_read_are_as_long_as_the_limits_say() {
    let longest = format!("{}1", "0".repeat(DECIMAL_BYTES_MAX - 1));
    assert_eq!(parse_decimal(&longest).unwrap().to_string(), "1");
    assert_eq!(
        parse_decimal(&format!("0{longest}")),
        Err(DecimalError::TooLong)
    );
    let published = |digits: usize, places: usize| {
        let text = format!("{}.{}", "9".repeat(digits), "9".repeat(places));
        parse_published(&text, Separator::Point).map(|number| number.to_string() == text)
    };
    assert_eq!(published(INTEGER_DIGITS_MAX, 12), Ok(true));
    assert_eq!(
        published(INTEGER_DIGITS_MAX + 1, 12),
        Err(DecimalError::TooManyDigits)
    );
    assert_eq!(
        published(INTEGER_DIGITS_MAX, 13),
        Err(DecimalError::TooManyDigits)
    );
}

#[test]
fn an_average_beyond_its_digits_ends_in_zeros() {
    let mut sum = WeightedSum::default();
    sum.add(parse_decimal("1234567890123456").unwrap(), 1);
    assert_eq!(sum.average().unwrap().to_string(), "1234567890120000");
}

#[test]
fn a_price_along_two_rows_is_the_inverse_of_the_price_the_other_way() {
    let rows = [("EUR", 1, "0.9"), ("KZT", 1, "475.09")];
    let market = table("market", Quotes::OfBase(Currency::USD), april(1), &rows);
    let rows = market
        .path(Currency::KZT, Currency::constant("EUR"))
        .unwrap();
    let along = |pair| price_along(Pair::parse(pair).unwrap(), &rows);
    let ratio = |text| Ratio::from(parse_decimal(text).unwrap());
    assert_eq!(along("KZT/EUR"), ratio("0.9").divided_by(&ratio("475.09")));
    assert_eq!(along("EUR/KZT"), ratio("475.09").divided_by(&ratio("0.9")));
    assert_eq!(along("KZT/RUB"), None);
    assert_eq!(along("RUB/EUR"), None);
}

#[test]
fn a_market_table_of_the_same_instant_replaces_and_one_of_an_older_does_not() {
    let market = |value, instant: &str| Table {
        as_of: Some(instant.parse().unwrap()),
        ..table(
            "market",
            Quotes::OfBase(Currency::USD),
            april(1),
            &[("KZT", 1, value)],
        )
    };
    let mut history = History::new(RevisionPolicy::Replacement);
    history.insert(market("475.09", "2026-04-01T10:00:00Z"));
    let again = history.insert(market("475.10", "2026-04-01T10:00:00Z"));
    assert!(matches!(again, InsertOutcome::Rows(rows) if rows.len() == 1));
    let older = history.insert(market("475.11", "2026-04-01T09:00:00Z"));
    assert!(matches!(older, InsertOutcome::OlderInstant));
}

#[test]
fn only_tables_with_the_newest_row_of_a_currency_are_those_of_rows() {
    let mut history = History::new(RevisionPolicy::Correction);
    for (day, value) in [(1, "475.09"), (2, "476"), (3, "477")] {
        history.insert(dollar(april(day), value));
    }
    let of = |day| {
        history
            .dates_of_rows(april(day))
            .into_iter()
            .collect::<Vec<_>>()
    };
    assert_eq!(of(3), [april(3)]);
    assert_eq!(of(2), [april(2)]);
    assert_eq!(of(1), [april(1)]);
    assert_eq!(history.dates_of_rows(date(2026, 3, 1)).len(), 0);
}

#[test]
fn a_table_of_other_currencies_with_the_same_figures_is_no_repeat() {
    let mut history = History::new(RevisionPolicy::Correction);
    history.insert(nbk(april(1), &[("USD", 1, "475.09")]));
    history.insert(nbk(april(2), &[("EUR", 1, "475.09")]));
    history.insert(nbk(april(3), &[("EUR", 1, "475.09")]));
    assert!(!history.is_carry(april(2)));
    assert!(history.is_carry(april(3)));
}

#[test]
fn a_dropped_table_is_not_kept_again_where_an_older_one_stays() {
    let mut history = History::new(RevisionPolicy::Correction);
    // Nothing newer has the mark, so its table stays.
    history.insert(nbk(date(2001, 12, 28), &[("DEM", 1, "66.58")]));
    let days = date(2020, 1, 1).series(jiff::ToSpan::days(1));
    for (number, day) in days.take(TABLES_MAX).enumerate() {
        history.insert(dollar(day, &format!("475.{number:03}")));
    }
    assert_eq!(history.oldest_date(), Some(date(2001, 12, 28)));
    assert!(!history.would_keep(date(2020, 1, 1)));
    assert!(history.would_keep(date(2020, 1, 2)));
}

#[test]
fn an_unbounded_history_drops_nothing() {
    let mut history = History::unbounded(RevisionPolicy::Correction);
    let days = date(2020, 1, 1).series(jiff::ToSpan::days(1));
    for (number, day) in days.take(TABLES_MAX + 1).enumerate() {
        history.insert(dollar(day, &format!("475.{number:03}")));
    }
    assert_eq!(history.oldest_date(), Some(date(2020, 1, 1)));
}

#[test]
fn a_currency_costs_one_of_itself() {
    let price = |pair| price(Pair::parse(pair).unwrap(), &[]);
    assert_eq!(price("KZT/KZT"), Some(Ratio::from(1)));
    assert_eq!(price("KZT/USD"), None);
}
