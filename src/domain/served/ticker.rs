//! The ticker line of a news site: `KZT/USD = 0.00196 -1.04%`.
//!
//! It is rounded for display: five decimals, a percentage with two. A [`Rate`](crate::domain::Rate) has the exact
//! figures.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::domain::numbers::{Direction, Ratio};

/// Decimals of a value on the line.
const VALUE_PLACES: u32 = 5;
/// Decimals of a percentage on the line.
const PERCENT_PLACES: u32 = 2;
/// Significant digits below which the wide form prints more decimals.
const WIDE_DIGITS: u32 = 3;

/// The format of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TickerStyle {
    /// Five decimals always: `UZS/USD = 0.00008`.
    #[default]
    Compact,
    /// At least three significant digits: `UZS/USD = 0.0000834`.
    Wide,
}

/// One entry of the line. `change` is the percentage with four decimals and its direction; without it the entry says
/// `n/a`.
pub fn ticker_entry(
    pair: &str,
    value: Decimal,
    change: Option<(Decimal, Direction)>,
    style: TickerStyle,
) -> String {
    let half_even = RoundingStrategy::MidpointNearestEven;
    let compact = || {
        let mut rounded = value.round_dp_with_strategy(VALUE_PLACES, half_even);
        rounded.rescale(VALUE_PLACES);
        rounded
    };
    let threshold = Decimal::new(10_i64.pow(WIDE_DIGITS.saturating_sub(1)), VALUE_PLACES);
    let spelled_out = match style {
        TickerStyle::Wide if value < threshold => Ratio::from(value).significant(WIDE_DIGITS),
        TickerStyle::Wide | TickerStyle::Compact => None,
    };
    let value = spelled_out.unwrap_or_else(compact);
    format!("{pair} = {value} {}", change_text(change))
}

/// The change of an entry: `-1.04%`, or `n/a` when it is unknown.
pub fn change_text(change: Option<(Decimal, Direction)>) -> String {
    let Some((percent, direction)) = change else {
        return "n/a".to_owned();
    };
    let percent = percent
        .round_dp_with_strategy(PERCENT_PLACES, RoundingStrategy::MidpointNearestEven)
        .normalize();
    let sign = if percent.is_zero() && direction == Direction::Down {
        "-"
    } else {
        ""
    };
    format!("{sign}{percent}%")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::numbers::parse_decimal;

    fn entry(value: &str, change: Option<(&str, Direction)>, style: TickerStyle) -> String {
        let change =
            change.map(|(percent, direction)| (parse_decimal(percent).unwrap(), direction));
        ticker_entry("KZT/USD", parse_decimal(value).unwrap(), change, style)
    }

    #[test]
    fn the_line_has_five_decimals_and_a_true_percentage() {
        let compact = |value, change| entry(value, change, TickerStyle::Compact);
        assert_eq!(
            compact("0.00195689", Some(("-1.0412", Direction::Down))),
            "KZT/USD = 0.00196 -1.04%"
        );
        assert_eq!(
            compact("0.2849", Some(("0", Direction::Flat))),
            "KZT/USD = 0.28490 0%"
        );
        assert_eq!(
            compact("475.09", Some(("0.5000", Direction::Up))),
            "KZT/USD = 475.09000 0.5%"
        );
        assert_eq!(compact("1", None), "KZT/USD = 1.00000 n/a");
    }

    #[test]
    fn a_fall_that_rounds_to_zero_keeps_its_sign() {
        assert_eq!(
            entry(
                "1",
                Some(("-0.0049", Direction::Down)),
                TickerStyle::Compact
            ),
            "KZT/USD = 1.00000 -0%"
        );
        assert_eq!(
            entry("1", Some(("0.0049", Direction::Up)), TickerStyle::Compact),
            "KZT/USD = 1.00000 0%"
        );
        assert_eq!(
            entry("1", Some(("0", Direction::Down)), TickerStyle::Compact),
            "KZT/USD = 1.00000 -0%"
        );
    }

    #[test]
    fn both_roundings_are_half_even() {
        assert_eq!(
            entry(
                "0.000025",
                Some(("0.125", Direction::Up)),
                TickerStyle::Compact
            ),
            "KZT/USD = 0.00002 0.12%"
        );
        assert_eq!(
            entry(
                "0.000035",
                Some(("0.135", Direction::Up)),
                TickerStyle::Compact
            ),
            "KZT/USD = 0.00004 0.14%"
        );
    }

    #[test]
    fn the_wide_form_spells_small_values_out() {
        assert_eq!(
            entry("0.0000833973", None, TickerStyle::Wide),
            "KZT/USD = 0.0000834 n/a"
        );
        assert_eq!(
            entry("0.00196", None, TickerStyle::Wide),
            "KZT/USD = 0.00196 n/a"
        );
    }
}
