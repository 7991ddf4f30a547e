//! Strict parsing of amounts, currencies and dates on the command line, with the correct form in each error.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::{Currency, DateFormat, RateFilter, parse_date, parse_decimal};

/// Thousands separators other than commas and points: none of them can be a decimal point.
const GROUPING: &[char] = &['_', ' ', '\'', '’', '\u{a0}', '\u{202f}'];

/// Parses an amount in plain notation.
pub(super) fn amount(text: &str) -> Result<Decimal, String> {
    parse_decimal(text).map_err(|error| {
        let readings = plain_readings(text);
        if readings.is_empty() {
            return format!("{error}; write it without separators, such as 1000 or 0.5");
        }
        format!("{error}; write {}", readings.join(" or "))
    })
}

/// The possible meanings of an amount with separators, in plain notation.
fn plain_readings(text: &str) -> Vec<String> {
    let bare: String = text.chars().filter(|c| !GROUPING.contains(c)).collect();
    let without = |separator: char| bare.replace(separator, "");
    let count = |separator: char| bare.matches(separator).count();
    let readings = match (count(','), count('.')) {
        (0, 0 | 1) => vec![bare.clone()],
        (0, _) => vec![without('.')],
        // A thousand in London, or one with three decimals in Almaty: it is ambiguous.
        (1, 0) if has_three_decimals(&bare) => vec![without(','), bare.replace(',', ".")],
        (1, 0) => vec![bare.replace(',', ".")],
        (_, 0) => vec![without(',')],
        (_, _) if bare.rfind(',') > bare.rfind('.') => vec![without('.').replace(',', ".")],
        (_, _) => vec![without(',')],
    };
    let is_plain = |reading: &String| parse_decimal(reading).is_ok();
    readings.into_iter().filter(is_plain).collect()
}

fn has_three_decimals(text: &str) -> bool {
    text.rsplit_once(',')
        .is_some_and(|(_, decimals)| decimals.len() == 3)
}

/// Parses the currency that follows an amount.
pub(super) fn currency_after_amount(text: &str) -> Result<Currency, String> {
    if text.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return Err("an amount is written without spaces: 1000, not 1 000".to_owned());
    }
    Currency::parse(text).map_err(|error| error.to_string())
}

/// Checks a pair, a side of which may be a star.
pub(super) fn pair_or_star(text: &str) -> Result<String, String> {
    let checked = RateFilter::parse(&[text]);
    checked.map_err(|error| error.to_string())?;
    Ok(text.to_ascii_uppercase())
}

/// Parses a date.
pub(super) fn date(text: &str) -> Result<Date, String> {
    parse_date(text, DateFormat::Iso)
        .ok_or_else(|| "a date is written YYYY-MM-DD, such as 2026-04-02".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_plain_and_keeps_its_digits() {
        for plain in ["1000", "0.5", "-12.50", "1000.00"] {
            assert_eq!(amount(plain).unwrap().to_string(), plain);
        }
    }

    #[test]
    fn an_amount_that_is_not_plain_is_refused_with_its_plain_form() {
        for (written, meant) in [
            ("1 000", "1000"),
            ("1_000.50", "1000.50"),
            ("1\u{a0}000", "1000"),
            ("1'000'000", "1000000"),
            ("1,000", "1000 or 1.000"),
            ("1,5", "1.5"),
            ("1,000,000", "1000000"),
            ("1.000.000", "1000000"),
            ("1,000.50", "1000.50"),
            ("1.000,50", "1000.50"),
        ] {
            let message = amount(written).unwrap_err();
            assert_eq!(
                message,
                format!("not a plain decimal number; write {meant}")
            );
        }
        for nothing in ["", "1e3", "$5", ".5", "ten", "1,000,00.5.5"] {
            let message = amount(nothing).unwrap_err();
            assert!(
                message.ends_with("without separators, such as 1000 or 0.5"),
                "{message}"
            );
        }
    }

    #[test]
    fn digits_in_place_of_a_currency_are_the_rest_of_an_amount() {
        assert_eq!(currency_after_amount("usd"), Ok(Currency::USD));
        assert!(
            currency_after_amount("000")
                .unwrap_err()
                .contains("without spaces")
        );
        assert!(
            currency_after_amount("dollar")
                .unwrap_err()
                .contains("three letters")
        );
    }

    #[test]
    fn a_date_has_one_notation() {
        assert_eq!(date("2026-04-02").unwrap().to_string(), "2026-04-02");
        for wrong in [
            "20260402",
            "2026-4-2",
            "2026-02-30",
            "02.04.2026",
            "2026-04-02T00:00",
        ] {
            assert!(date(wrong).is_err(), "{wrong}");
        }
    }
}
