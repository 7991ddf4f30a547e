//! Quotients of machine integers. Every method returns `None` where an integer would not hold what it computes.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use crate::domain::numbers::ratio::{SCALE_MAX, ten_to};

/// An exact quotient of two machine integers. The denominator is positive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Small {
    pub(super) numerator: i128,
    pub(super) denominator: u128,
}

impl From<u32> for Small {
    fn from(number: u32) -> Self {
        Self {
            numerator: number.into(),
            denominator: 1,
        }
    }
}

impl Small {
    pub(super) fn of(number: Decimal) -> Option<Self> {
        Some(Self {
            numerator: number.mantissa(),
            denominator: ten_to(number.scale())?,
        })
    }

    pub(super) fn times(self, other: Self) -> Option<Self> {
        Some(Self {
            numerator: self.numerator.checked_mul(other.numerator)?,
            denominator: self.denominator.checked_mul(other.denominator)?,
        })
    }

    /// Returns `None` if the divisor is zero, too.
    pub(super) fn divided_by(self, other: Self) -> Option<Self> {
        let numerator = self.numerator.checked_mul(signed(other.denominator)?)?;
        Some(Self {
            numerator: match other.numerator.cmp(&0) {
                Ordering::Less => numerator.checked_neg()?,
                Ordering::Equal => return None,
                Ordering::Greater => numerator,
            },
            denominator: self
                .denominator
                .checked_mul(other.numerator.unsigned_abs())?,
        })
    }

    pub(super) fn minus(self, other: Self) -> Option<Self> {
        let (left, right, denominator) = self.with_one_denominator(other)?;
        Some(Self {
            numerator: left.checked_sub(right)?,
            denominator,
        })
    }

    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        let (left, right, _) = self.with_one_denominator(other)?;
        Some(left.cmp(&right))
    }

    /// The numerators of two quotients over one denominator. Of decimals that is the larger one of theirs, not the product:
    /// what follows stays small.
    fn with_one_denominator(self, other: Self) -> Option<(i128, i128, u128)> {
        let scaled = |of: Self, by: u128| of.numerator.checked_mul(signed(by)?);
        let factor = |of: Self, by: Self| {
            let is_multiple = of.denominator.checked_rem(by.denominator)? == 0;
            is_multiple.then(|| of.denominator.checked_div(by.denominator))?
        };
        if let Some(by) = factor(self, other) {
            return Some((self.numerator, scaled(other, by)?, self.denominator));
        }
        if let Some(by) = factor(other, self) {
            return Some((scaled(self, by)?, other.numerator, other.denominator));
        }
        Some((
            scaled(self, other.denominator)?,
            scaled(other, self.denominator)?,
            self.denominator.checked_mul(other.denominator)?,
        ))
    }

    pub(super) fn magnitude(self) -> Option<Self> {
        Some(Self {
            numerator: self.numerator.checked_abs()?,
            ..self
        })
    }

    pub(super) fn is_negative(self) -> bool {
        self.numerator < 0
    }

    /// The decimal digits of the numerator and of the denominator; `None` of zero.
    pub(super) fn digits(self) -> Option<(u32, u32)> {
        let digits = |number: u128| number.checked_ilog10()?.checked_add(1);
        Some((
            digits(self.numerator.unsigned_abs())?,
            digits(self.denominator)?,
        ))
    }

    /// The magnitude times ten to the `scale`, rounded half-even to an integer.
    pub(super) fn rounded(self, scale: i64) -> Option<u128> {
        let shift = ten_to(u32::try_from(scale.unsigned_abs()).ok()?)?;
        let magnitude = self.numerator.unsigned_abs();
        let (above, below) = if scale >= 0 {
            (magnitude.checked_mul(shift)?, self.denominator)
        } else {
            (magnitude, self.denominator.checked_mul(shift)?)
        };
        let quotient = above.checked_div(below)?;
        let remainder = above.checked_rem(below)?;
        let is_odd = quotient & 1 == 1;
        match remainder.cmp(&below.checked_sub(remainder)?) {
            Ordering::Less => Some(quotient),
            Ordering::Equal if !is_odd => Some(quotient),
            Ordering::Equal | Ordering::Greater => quotient.checked_add(1),
        }
    }

    /// The integer part of the magnitude and 28 decimal places of the rest; `None` if they are not the whole quotient, too.
    pub(super) fn parts(self) -> Option<(u128, u128)> {
        let magnitude = self.numerator.unsigned_abs();
        let whole = magnitude.checked_div(self.denominator)?;
        let rest = magnitude.checked_rem(self.denominator)?;
        let most = ten_to(SCALE_MAX)?;
        // The denominator of a decimal divides the power of ten, and the product would not fit.
        if most.checked_rem(self.denominator)? == 0 {
            let by = most.checked_div(self.denominator)?;
            return Some((whole, rest.checked_mul(by)?));
        }
        let scaled = rest.checked_mul(most)?;
        let is_exact = scaled.checked_rem(self.denominator)? == 0;
        is_exact.then_some((whole, scaled.checked_div(self.denominator)?))
    }
}

fn signed(number: u128) -> Option<i128> {
    number.try_into().ok()
}
