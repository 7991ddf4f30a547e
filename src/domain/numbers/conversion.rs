//! Converts an amount at a price.

use rust_decimal::Decimal;

use crate::domain::numbers::Ratio;

/// Significant digits of a converted amount: eight more than those of a rate, so that no amount of money loses a unit.
pub const AMOUNT_DIGITS: u32 = 20;

/// Converts an amount at a price, in one division. The result is rounded half-even: to `places` decimal places if they
/// are given, otherwise to twenty significant digits. Returns `None` if the result does not fit a `Decimal`.
pub fn convert_amount(amount: Decimal, price: &Ratio, places: Option<u32>) -> Option<Decimal> {
    let exact = Ratio::from(amount).times(price);
    match places {
        None => exact.significant(AMOUNT_DIGITS),
        Some(places) => {
            let mut rounded = exact.places(places)?;
            rounded.rescale(places);
            Some(rounded)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::numbers::parse_decimal;

    fn converted(amount: &str, (value, units): (&str, u32), places: Option<u32>) -> String {
        let decimal = |text| Ratio::from(parse_decimal(text).unwrap());
        let price = decimal(value).divided_by(&Ratio::from(units)).unwrap();
        convert_amount(parse_decimal(amount).unwrap(), &price, places)
            .unwrap()
            .to_string()
    }

    #[test]
    fn an_amount_is_divided_once_and_keeps_twenty_digits() {
        assert_eq!(converted("1000", ("475.09", 1), None), "475090");
        assert_eq!(converted("-0.1", ("475.09", 1), None), "-47.509");
        let inverse = Ratio::from(1)
            .divided_by(&Ratio::from(parse_decimal("475.09").unwrap()))
            .unwrap();
        let amount = convert_amount(parse_decimal("1000000").unwrap(), &inverse, None).unwrap();
        assert_eq!(amount.to_string(), "2104.8643414931907639");
    }

    #[test]
    fn a_rounded_amount_has_exactly_the_places_of_a_minor_unit() {
        assert_eq!(converted("1", ("3.125", 1), Some(2)), "3.12");
        assert_eq!(converted("10", ("475.09", 1), Some(2)), "4750.90");
        assert_eq!(converted("1", ("157.5", 1), Some(0)), "158");
    }
}
