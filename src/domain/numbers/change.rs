//! Changes: the difference of two values, absolute and in per cent.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::numbers::Ratio;

/// Decimal places of a percentage: two more than any ticker prints, so that rounding it again is harmless.
const PERCENT_PLACES: u32 = 4;

/// The direction of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It grew.
    Up,
    /// It fell.
    Down,
    /// It is the same.
    Flat,
}

/// The difference of two served values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Value minus reference.
    pub absolute: Decimal,
    /// Absolute times 100 divided by the reference, four decimals, half-even.
    pub percent: Decimal,
    /// The sign of `absolute`.
    pub direction: Direction,
    /// The reference value.
    pub reference_value: Decimal,
    /// The date of the reference.
    pub reference_date: Date,
}

impl Change {
    /// The change from a reference. Returns `None` if the reference is zero or a result does not fit a `Decimal`.
    pub fn since(reference_value: Decimal, reference_date: Date, value: Decimal) -> Option<Self> {
        let difference = Ratio::from(value).minus(&reference_value.into());
        let absolute = difference.exact()?;
        let hundred = Ratio::from(Decimal::ONE_HUNDRED);
        let percent = difference
            .times(&hundred)
            .divided_by(&reference_value.into())?
            .places(PERCENT_PLACES)?;
        let direction = match absolute.cmp(&Decimal::ZERO) {
            std::cmp::Ordering::Greater => Direction::Up,
            std::cmp::Ordering::Less => Direction::Down,
            std::cmp::Ordering::Equal => Direction::Flat,
        };
        Some(Self {
            absolute,
            percent,
            direction,
            reference_value,
            reference_date,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::numbers::parse_decimal;

    fn since(reference: &str, value: &str) -> Option<(String, String, Direction)> {
        let decimal = |text| parse_decimal(text).unwrap();
        let change = Change::since(decimal(reference), date(2026, 4, 1), decimal(value))?;
        Some((
            change.absolute.to_string(),
            change.percent.to_string(),
            change.direction,
        ))
    }

    #[test]
    fn a_change_is_taken_from_the_exact_difference() {
        let row = |absolute: &str, percent: &str, direction| {
            Some((absolute.into(), percent.into(), direction))
        };
        assert_eq!(
            since("478.77", "475.09"),
            row("-3.68", "-0.7686", Direction::Down)
        );
        assert_eq!(
            since("507.23", "510.10"),
            row("2.87", "0.5658", Direction::Up)
        );
        assert_eq!(
            since("0.00208868559016", "0.00210486434149"),
            row("0.00001617875133", "0.7746", Direction::Up)
        );
        assert_eq!(since("3.50", "3.5"), row("0", "0", Direction::Flat));
        assert_eq!(
            since("1000000", "999999.9"),
            row("-0.1", "0", Direction::Down)
        );
    }

    #[test]
    fn a_change_from_nothing_is_unknown() {
        assert_eq!(since("0", "475.09"), None);
    }
}
