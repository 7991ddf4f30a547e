//! Exact quotients of big integers. Published values are divided here alone: one exact division, one rounding, no overflow.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint, Sign};
use rust_decimal::Decimal;

/// The most decimal places a `Decimal` can hold.
const SCALE_MAX: i64 = 28;

/// An exact quotient of two integers. The denominator is positive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ratio {
    numerator: BigInt,
    denominator: BigUint,
}

impl From<u32> for Ratio {
    fn from(number: u32) -> Self {
        Self {
            numerator: number.into(),
            denominator: BigUint::from(1_u32),
        }
    }
}

impl From<BigInt> for Ratio {
    fn from(number: BigInt) -> Self {
        Self {
            numerator: number,
            denominator: BigUint::from(1_u32),
        }
    }
}

impl From<Decimal> for Ratio {
    fn from(number: Decimal) -> Self {
        Self {
            numerator: number.mantissa().into(),
            denominator: ten_to(number.scale()),
        }
    }
}

impl Ratio {
    /// The product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        Self {
            numerator: &self.numerator * &other.numerator,
            denominator: &self.denominator * &other.denominator,
        }
    }

    /// The quotient. Returns `None` if the divisor is zero.
    pub fn divided_by(&self, other: &Self) -> Option<Self> {
        let (sign, magnitude) = other.numerator.clone().into_parts();
        let numerator = &self.numerator * BigInt::from(other.denominator.clone());
        let numerator = match sign {
            Sign::NoSign => return None,
            Sign::Plus => numerator,
            Sign::Minus => -numerator,
        };
        Some(Self {
            numerator,
            denominator: &self.denominator * magnitude,
        })
    }

    /// The difference.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let left = &self.numerator * BigInt::from(other.denominator.clone());
        let right = &other.numerator * BigInt::from(self.denominator.clone());
        Self {
            numerator: left - right,
            denominator: &self.denominator * &other.denominator,
        }
    }

    /// The absolute value.
    #[must_use]
    pub fn magnitude(&self) -> Self {
        Self {
            numerator: BigInt::from_biguint(Sign::Plus, self.numerator.magnitude().clone()),
            denominator: self.denominator.clone(),
        }
    }

    /// The absolute difference from one.
    #[must_use]
    pub fn distance_from_one(&self) -> Self {
        self.minus(&Self::from(1)).magnitude()
    }

    /// Compares exactly.
    pub fn compare(&self, other: &Self) -> Ordering {
        let left = &self.numerator * BigInt::from(other.denominator.clone());
        let right = &other.numerator * BigInt::from(self.denominator.clone());
        left.cmp(&right)
    }

    /// Rounds half-even to a number of significant digits and removes trailing zeros. Returns `None` if the result does
    /// not fit a `Decimal`.
    pub fn significant(&self, digits: u32) -> Option<Decimal> {
        // The number of decimal digits gives the magnitude of the quotient within a factor of ten, and one step
        // corrects the guess. Each step rounds the exact quotient, never a rounded one.
        let magnitude = self.numerator.magnitude();
        if *magnitude == BigUint::ZERO {
            return Some(Decimal::ZERO);
        }
        let exponent =
            decimal_digits(magnitude)?.checked_sub(decimal_digits(&self.denominator)?)?;
        let scale = i64::from(digits).checked_sub(exponent)?;
        let mut rounded = self.rounded(scale)?;
        let mut rounded_scale = scale;
        if rounded >= ten_to(digits) {
            rounded_scale = scale.checked_sub(1)?;
            rounded = self.rounded(rounded_scale)?;
        }
        self.decimal(rounded, rounded_scale)
    }

    /// Rounds half-even to a number of decimal places and removes trailing zeros. Returns `None` if the result does not
    /// fit a `Decimal`.
    pub fn places(&self, places: u32) -> Option<Decimal> {
        let scale = i64::from(places);
        self.decimal(self.rounded(scale)?, scale)
    }

    /// The exact value, without trailing zeros. Returns `None` if it is not a finite decimal of at most 28 places.
    pub fn exact(&self) -> Option<Decimal> {
        let scaled = self.numerator.magnitude() * ten_to(u32::try_from(SCALE_MAX).ok()?);
        let quotient = &scaled / &self.denominator;
        if &quotient * &self.denominator != scaled {
            return None;
        }
        self.decimal(quotient, SCALE_MAX)
    }

    /// The magnitude times ten to the `scale`, rounded half-even to an integer.
    fn rounded(&self, scale: i64) -> Option<BigUint> {
        let shift = ten_to(u32::try_from(scale.unsigned_abs()).ok()?);
        let magnitude = self.numerator.magnitude();
        let (above, below) = if scale >= 0 {
            (magnitude * shift, self.denominator.clone())
        } else {
            (magnitude.clone(), &self.denominator * shift)
        };
        let quotient = &above / &below;
        let remainder = &above - &quotient * &below;
        Some(match (remainder * 2_u32).cmp(&below) {
            Ordering::Less => quotient,
            Ordering::Equal if !quotient.bit(0) => quotient,
            Ordering::Equal | Ordering::Greater => quotient + 1_u32,
        })
    }

    /// `magnitude` over ten to the `scale`, with the sign of this ratio.
    fn decimal(&self, magnitude: BigUint, scale: i64) -> Option<Decimal> {
        let (mut magnitude, mut scale) = (magnitude, scale);
        while scale > 0 {
            let tenth = &magnitude / 10_u32;
            if &tenth * 10_u32 != magnitude {
                break;
            }
            (magnitude, scale) = (tenth, scale.checked_sub(1)?);
        }
        if scale < 0 {
            magnitude *= ten_to(u32::try_from(scale.unsigned_abs()).ok()?);
            scale = 0;
        }
        let mantissa = i128::try_from(BigInt::from_biguint(Sign::Plus, magnitude)).ok()?;
        let mantissa = if self.numerator.sign() == Sign::Minus {
            mantissa.checked_neg()?
        } else {
            mantissa
        };
        Decimal::try_from_i128_with_scale(mantissa, u32::try_from(scale).ok()?).ok()
    }
}

fn ten_to(exponent: u32) -> BigUint {
    BigUint::from(10_u32).pow(exponent)
}

fn decimal_digits(magnitude: &BigUint) -> Option<i64> {
    i64::try_from(magnitude.to_string().len()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::numbers::parse_decimal;

    fn decimal(text: &str) -> Decimal {
        parse_decimal(text).unwrap()
    }

    #[test]
    fn quotients_are_compared_exactly() {
        let third = Ratio::from(1).divided_by(&Ratio::from(3)).unwrap();
        let nearly = Ratio::from(decimal("0.333333333333"));
        assert_eq!(third.compare(&nearly), Ordering::Greater);
        assert_eq!(
            nearly.times(&Ratio::from(3)).compare(&Ratio::from(1)),
            Ordering::Less
        );
        assert_eq!(
            third.times(&Ratio::from(3)).compare(&Ratio::from(1)),
            Ordering::Equal
        );
        assert_eq!(
            third.distance_from_one().significant(3),
            Some(decimal("0.667"))
        );
    }

    #[test]
    fn a_quotient_has_twelve_significant_digits_half_even() {
        let quotient = |a: &str, b: &str| {
            Ratio::from(decimal(a))
                .divided_by(&decimal(b).into())
                .unwrap()
                .significant(12)
                .unwrap()
                .to_string()
        };
        assert_eq!(quotient("1", "475.09"), "0.00210486434149");
        assert_eq!(quotient("1", "12142.10"), "0.0000823580764448");
        assert_eq!(quotient("1", "3.5"), "0.285714285714");
        assert_eq!(quotient("1", "4"), "0.25");
        assert_eq!(quotient("1000000000005", "10"), "100000000000");
        assert_eq!(quotient("1000000000015", "10"), "100000000002");
        assert_eq!(quotient("9999999999999", "10"), "1000000000000");
        assert_eq!(quotient("-2", "3"), "-0.666666666667");
        assert_eq!(quotient("0", "3"), "0");
    }

    #[test]
    fn a_quotient_that_fits_no_decimal_is_nothing() {
        let tiny = Ratio::from(decimal("0.000000000001"));
        let huge = Ratio::from(decimal("999999999999999"));
        assert_eq!(
            tiny.divided_by(&huge)
                .unwrap()
                .divided_by(&huge)
                .unwrap()
                .significant(12),
            None
        );
        assert_eq!(huge.times(&huge).significant(12), None);
        assert_eq!(huge.divided_by(&Decimal::ZERO.into()), None);
    }

    #[test]
    fn a_difference_keeps_every_digit_and_no_trailing_zero() {
        let difference =
            |a: &str, b: &str| Ratio::from(decimal(a)).minus(&decimal(b).into()).exact();
        assert_eq!(difference("475.09", "478.77").unwrap().to_string(), "-3.68");
        assert_eq!(
            difference("0.00210486434149", "0.00208868559016")
                .unwrap()
                .to_string(),
            "0.00001617875133"
        );
        assert_eq!(difference("5.10", "5.1").unwrap().to_string(), "0");
        assert_eq!(
            difference("999999999999999", "0.0000000000000000000000001"),
            None
        );
    }
}
