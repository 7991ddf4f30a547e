//! An amount of one currency in another.

use rust_decimal::Decimal;

use crate::domain::{Currency, Pair, Ratio, Snapshot};

/// Digits of a converted amount: eight more than those of a rate, so that no amount of money loses a unit.
const AMOUNT_DIGITS: u32 = 20;

/// An amount at a price, in one division. Rounded half-even to the digits of an amount, or to the minor unit of the
/// currency it is then in. Nothing when it fits no decimal.
fn convert(amount: Decimal, price: &Ratio, round_to: Option<Currency>) -> Option<Decimal> {
    let exact = Ratio::from(amount).times(price);
    match round_to {
        None => exact.significant(AMOUNT_DIGITS),
        Some(currency) => {
            let places = currency.minor_unit();
            let mut rounded = exact.places(places)?;
            rounded.rescale(places);
            Some(rounded)
        }
    }
}

impl Snapshot {
    /// An amount of the base of a pair in its quote currency.
    pub fn convert(&self, amount: Decimal, pair: Pair, round: bool) -> Option<Decimal> {
        convert(amount, &self.price(pair)?, round.then_some(pair.quote))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::parse_decimal;

    fn converted(amount: &str, (value, units): (&str, u32), to: Option<Currency>) -> String {
        let decimal = |text| Ratio::from(parse_decimal(text).unwrap());
        let price = decimal(value).divided_by(&Ratio::from(units)).unwrap();
        convert(parse_decimal(amount).unwrap(), &price, to)
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
        let amount = convert(parse_decimal("1000000").unwrap(), &inverse, None).unwrap();
        assert_eq!(amount.to_string(), "2104.8643414931907639");
    }

    #[test]
    fn rounded_it_has_the_minor_unit_of_its_currency() {
        assert_eq!(converted("1", ("3.125", 1), Some(Currency::KZT)), "3.12");
        assert_eq!(
            converted("10", ("475.09", 1), Some(Currency::KZT)),
            "4750.90"
        );
        let yen = Currency::parse("JPY").unwrap();
        assert_eq!(converted("1", ("157.5", 1), Some(yen)), "158");
    }
}
