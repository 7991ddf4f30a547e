//! Quotients of big integers, for what no machine integer holds.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint, Sign};
use rust_decimal::Decimal;

use crate::domain::numbers::ratio::SCALE_MAX;
use crate::domain::numbers::ratio::small::Small;

/// An exact quotient of two big integers. The denominator is positive.
#[derive(Debug, Clone)]
pub(super) struct Large {
    numerator: BigInt,
    denominator: BigUint,
}

impl From<BigInt> for Large {
    fn from(number: BigInt) -> Self {
        Self {
            numerator: number,
            denominator: BigUint::from(1_u32),
        }
    }
}

impl From<Decimal> for Large {
    fn from(number: Decimal) -> Self {
        Self {
            numerator: number.mantissa().into(),
            denominator: ten_to(number.scale()),
        }
    }
}

impl From<Small> for Large {
    fn from(small: Small) -> Self {
        let Small {
            numerator,
            denominator,
        } = small;
        Self {
            numerator: numerator.into(),
            denominator: denominator.into(),
        }
    }
}

impl Large {
    pub(super) fn times(&self, other: &Self) -> Self {
        Self {
            numerator: &self.numerator * &other.numerator,
            denominator: &self.denominator * &other.denominator,
        }
    }

    /// Returns `None` if the divisor is zero.
    pub(super) fn divided_by(&self, other: &Self) -> Option<Self> {
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

    pub(super) fn minus(&self, other: &Self) -> Self {
        let left = &self.numerator * BigInt::from(other.denominator.clone());
        let right = &other.numerator * BigInt::from(self.denominator.clone());
        Self {
            numerator: left - right,
            denominator: &self.denominator * &other.denominator,
        }
    }

    pub(super) fn magnitude(&self) -> Self {
        Self {
            numerator: BigInt::from_biguint(Sign::Plus, self.numerator.magnitude().clone()),
            denominator: self.denominator.clone(),
        }
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let left = &self.numerator * BigInt::from(other.denominator.clone());
        let right = &other.numerator * BigInt::from(self.denominator.clone());
        left.cmp(&right)
    }

    pub(super) fn is_negative(&self) -> bool {
        self.numerator.sign() == Sign::Minus
    }

    /// The decimal digits of the numerator and of the denominator; `None` of zero.
    pub(super) fn digits(&self) -> Option<(u32, u32)> {
        let magnitude = self.numerator.magnitude();
        let digits = |number: &BigUint| u32::try_from(number.to_string().len()).ok();
        let is_zero = *magnitude == BigUint::ZERO;
        (!is_zero).then_some((digits(magnitude)?, digits(&self.denominator)?))
    }

    /// The magnitude times ten to the `scale`, rounded half-even to an integer, and the scale. Both are smaller by trailing
    /// zeros if the integer is no machine integer; `None` if it is none without them either.
    pub(super) fn rounded(&self, scale: i64) -> Option<(u128, i64)> {
        let shift = ten_to(u32::try_from(scale.unsigned_abs()).ok()?);
        let magnitude = self.numerator.magnitude();
        let (above, below) = if scale >= 0 {
            (magnitude * shift, self.denominator.clone())
        } else {
            (magnitude.clone(), &self.denominator * shift)
        };
        let quotient = &above / &below;
        let remainder = &above - &quotient * &below;
        let mut rounded = match (remainder * 2_u32).cmp(&below) {
            Ordering::Less => quotient,
            Ordering::Equal if !quotient.bit(0) => quotient,
            Ordering::Equal | Ordering::Greater => quotient + 1_u32,
        };
        let mut scale = scale;
        loop {
            if let Ok(rounded) = u128::try_from(&rounded) {
                return Some((rounded, scale));
            }
            let tenth = &rounded / 10_u32;
            if scale <= 0 || &tenth * 10_u32 != rounded {
                return None;
            }
            (rounded, scale) = (tenth, scale.checked_sub(1)?);
        }
    }

    /// The integer part of the magnitude and 28 decimal places of the rest; `None` if they are not the whole quotient, or if
    /// a part is no machine integer.
    pub(super) fn parts(&self) -> Option<(u128, u128)> {
        let magnitude = self.numerator.magnitude();
        let whole = magnitude / &self.denominator;
        let scaled = (magnitude - &whole * &self.denominator) * ten_to(SCALE_MAX);
        let fraction = &scaled / &self.denominator;
        let is_exact = &fraction * &self.denominator == scaled;
        is_exact.then_some((whole.try_into().ok()?, fraction.try_into().ok()?))
    }
}

fn ten_to(exponent: u32) -> BigUint {
    BigUint::from(10_u32).pow(exponent)
}
