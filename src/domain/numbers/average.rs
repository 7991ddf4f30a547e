//! The average of decimals, from their exact sum.

use num_bigint::BigInt;
use rust_decimal::Decimal;

use crate::domain::numbers::Ratio;

/// The decimal places of the sum: the most that a `Decimal` can hold, so no digit of a term is lost.
const SUM_PLACES: u32 = 28;
/// Significant digits of an average: those of every other value that is computed.
const AVERAGE_DIGITS: u32 = 12;

/// An exact sum of decimals, each of which is counted a number of times.
#[derive(Debug, Clone, Default)]
pub struct WeightedSum {
    /// The sum in units of its last place.
    units: BigInt,
    count: u32,
}

impl WeightedSum {
    /// Adds a decimal a number of times.
    pub fn add(&mut self, number: Decimal, times: u32) {
        let places = SUM_PLACES.saturating_sub(number.scale());
        self.units += BigInt::from(number.mantissa()) * BigInt::from(10_u32).pow(places) * times;
        self.count = self.count.saturating_add(times);
    }

    /// How many decimals the sum counts.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The sum divided by the count: 12 significant digits, half-even, without trailing zeros. Returns `None` if nothing is
    /// counted, or if the average does not fit a `Decimal`.
    pub fn average(&self) -> Option<Decimal> {
        let divisor = Ratio::from(BigInt::from(10_u32).pow(SUM_PLACES) * self.count);
        let average = Ratio::from(self.units.clone()).divided_by(&divisor)?;
        average.significant(AVERAGE_DIGITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::numbers::parse_decimal;

    fn average(terms: &[(&str, u32)]) -> Option<String> {
        let mut sum = WeightedSum::default();
        for (number, times) in terms {
            sum.add(parse_decimal(number).unwrap(), *times);
        }
        let count: u32 = terms.iter().map(|(_, times)| times).sum();
        assert_eq!(sum.count(), count);
        sum.average().map(|average| average.to_string())
    }

    #[test]
    fn an_average_is_one_division_of_an_exact_sum() {
        assert_eq!(
            average(&[("475.09", 2), ("478.77", 1)]).unwrap(),
            "476.316666667"
        );
        assert_eq!(average(&[("5.10", 31)]).unwrap(), "5.1");
        // The sum has 29 digits, more than a decimal can hold.
        let widest = "7.9228162514264337593543950335";
        assert_eq!(average(&[(widest, 366)]).unwrap(), "7.92281625143");
        // Half-even: the thirteenth digit is a five, and nothing follows.
        assert_eq!(average(&[("0.000000000001", 1), ("1", 1)]).unwrap(), "0.5");
        assert_eq!(
            average(&[("1.00000000001", 1), ("1.00000000002", 1)]).unwrap(),
            "1.00000000002"
        );
        assert_eq!(average(&[]), None);
    }

    #[test]
    fn the_order_of_the_terms_does_not_matter() {
        let terms = [("0.00210486434149", 3), ("12194.21", 7), ("0.1", 1)];
        let mut reversed = terms;
        reversed.reverse();
        assert_eq!(average(&terms), average(&reversed));
    }
}
