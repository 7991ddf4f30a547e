//! Exact quotients of integers. Published values are divided here alone: one exact division, one rounding, no overflow.
//!
//! Nearly all quotients are of integers that fit a machine integer, and a history computes hundreds of thousands of them. So
//! each step is done with machine integers, and again with big ones where those would not hold the result.

mod large;
mod small;

use std::cmp::Ordering;

use num_bigint::BigInt;
use rust_decimal::Decimal;

use crate::domain::numbers::ratio::large::Large;
use crate::domain::numbers::ratio::small::Small;

/// The most decimal places a `Decimal` can hold.
const SCALE_MAX: u32 = 28;

/// An exact quotient of two integers.
#[derive(Debug, Clone)]
pub struct Ratio(Size);

#[derive(Debug, Clone)]
enum Size {
    Small(Small),
    Large(Large),
}

impl From<u32> for Ratio {
    fn from(number: u32) -> Self {
        Self(Size::Small(number.into()))
    }
}

impl From<BigInt> for Ratio {
    fn from(number: BigInt) -> Self {
        Self(Size::Large(number.into()))
    }
}

impl From<Decimal> for Ratio {
    fn from(number: Decimal) -> Self {
        Self::small_or(Small::of(number), || number.into())
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other) == Ordering::Equal
    }
}

impl Eq for Ratio {}

impl Ratio {
    /// The product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let small = self.both_small(other);
        let small = small.and_then(|(one, other)| one.times(other));
        Self::small_or(small, || self.large().times(&other.large()))
    }

    /// The quotient. Returns `None` if the divisor is zero.
    pub fn divided_by(&self, other: &Self) -> Option<Self> {
        let small = self.both_small(other);
        match small.and_then(|(one, other)| one.divided_by(other)) {
            Some(small) => Some(Self(Size::Small(small))),
            None => Some(Self(Size::Large(self.large().divided_by(&other.large())?))),
        }
    }

    /// The difference.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let small = self.both_small(other);
        let small = small.and_then(|(one, other)| one.minus(other));
        Self::small_or(small, || self.large().minus(&other.large()))
    }

    /// The absolute value.
    #[must_use]
    pub fn magnitude(&self) -> Self {
        let small = self.small().and_then(Small::magnitude);
        Self::small_or(small, || self.large().magnitude())
    }

    /// The absolute difference from one.
    #[must_use]
    pub fn distance_from_one(&self) -> Self {
        self.minus(&Self::from(1)).magnitude()
    }

    /// Compares exactly.
    pub fn compare(&self, other: &Self) -> Ordering {
        let small = self.both_small(other);
        let small = small.and_then(|(one, other)| one.compare(other));
        small.unwrap_or_else(|| self.large().compare(&other.large()))
    }

    /// Rounds half-even to a number of significant digits and removes trailing zeros. Returns `None` if the result does
    /// not fit a `Decimal`.
    pub fn significant(&self, digits: u32) -> Option<Decimal> {
        // The number of decimal digits gives the magnitude of the quotient within a factor of ten, and one step
        // corrects the guess. Each step rounds the exact quotient, never a rounded one.
        let sizes = match &self.0 {
            Size::Small(small) => small.digits(),
            Size::Large(large) => large.digits(),
        };
        let Some((above, below)) = sizes else {
            return Some(Decimal::ZERO);
        };
        let exponent = i64::from(above).checked_sub(below.into())?;
        let scale = i64::from(digits).checked_sub(exponent)?;
        let (rounded, rounded_scale) = self.rounded(scale)?;
        if rounded < ten_to(digits)? {
            return self.decimal(rounded, rounded_scale);
        }
        let (rounded, rounded_scale) = self.rounded(scale.checked_sub(1)?)?;
        self.decimal(rounded, rounded_scale)
    }

    /// Rounds half-even to a number of decimal places and removes trailing zeros. Returns `None` if the result does not
    /// fit a `Decimal`.
    pub fn places(&self, places: u32) -> Option<Decimal> {
        let (rounded, scale) = self.rounded(places.into())?;
        self.decimal(rounded, scale)
    }

    /// The exact value, without trailing zeros. Returns `None` if it is not a finite decimal of at most 28 places.
    pub fn exact(&self) -> Option<Decimal> {
        let small = self.small().and_then(Small::parts);
        let (whole, fraction) = small.or_else(|| self.large().parts())?;
        let (fraction, scale) = without_trailing_zeros(fraction, SCALE_MAX.into())?;
        let scaled = whole.checked_mul(ten_to(u32::try_from(scale).ok()?)?)?;
        self.decimal(scaled.checked_add(fraction)?, scale)
    }

    /// The magnitude times ten to the `scale`, rounded half-even to an integer, and the scale, which is smaller by the zeros
    /// without which alone the integer is a machine integer.
    fn rounded(&self, scale: i64) -> Option<(u128, i64)> {
        let small = self.small().and_then(|small| small.rounded(scale));
        let small = small.map(|rounded| (rounded, scale));
        small.or_else(|| self.large().rounded(scale))
    }

    /// `magnitude` over ten to the `scale`, with the sign of this ratio.
    fn decimal(&self, magnitude: u128, scale: i64) -> Option<Decimal> {
        let (mut magnitude, mut scale) = without_trailing_zeros(magnitude, scale)?;
        if scale < 0 {
            let shift = ten_to(u32::try_from(scale.unsigned_abs()).ok()?)?;
            magnitude = magnitude.checked_mul(shift)?;
            scale = 0;
        }
        let mantissa = i128::try_from(magnitude).ok()?;
        let is_negative = match &self.0 {
            Size::Small(small) => small.is_negative(),
            Size::Large(large) => large.is_negative(),
        };
        let mantissa = if is_negative {
            mantissa.checked_neg()?
        } else {
            mantissa
        };
        Decimal::try_from_i128_with_scale(mantissa, u32::try_from(scale).ok()?).ok()
    }

    fn small(&self) -> Option<Small> {
        match &self.0 {
            Size::Small(small) => Some(*small),
            Size::Large(_) => None,
        }
    }

    fn both_small(&self, other: &Self) -> Option<(Small, Small)> {
        self.small().zip(other.small())
    }

    fn large(&self) -> Large {
        match &self.0 {
            Size::Small(small) => (*small).into(),
            Size::Large(large) => large.clone(),
        }
    }

    fn small_or(small: Option<Small>, large: impl FnOnce() -> Large) -> Self {
        Self(match small {
            Some(small) => Size::Small(small),
            None => Size::Large(large()),
        })
    }
}

/// A decimal with fewer places, down to none, and the same value.
fn without_trailing_zeros(magnitude: u128, scale: i64) -> Option<(u128, i64)> {
    let (mut magnitude, mut scale) = (magnitude, scale);
    if magnitude == 0 {
        return Some((0, scale.min(0)));
    }
    while scale > 0 && magnitude.checked_rem(10)? == 0 {
        magnitude = magnitude.checked_div(10)?;
        scale = scale.checked_sub(1)?;
    }
    Some((magnitude, scale))
}

fn ten_to(exponent: u32) -> Option<u128> {
    10_u128.checked_pow(exponent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
    fn a_whole_number_keeps_its_value_however_many_places_it_is_rounded_to() {
        let many = Ratio::from(decimal("99999999999999"));
        for places in [0, 9, 28] {
            assert_eq!(many.places(places), Some(decimal("99999999999999")));
        }
        assert_eq!(many.exact(), Some(decimal("99999999999999")));
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

    #[test]
    fn a_quotient_without_an_end_has_no_exact_value() {
        let quotient = |a: u32, b: u32| Ratio::from(a).divided_by(&b.into()).unwrap().exact();
        assert_eq!(quotient(3, 8), Some(decimal("0.375")));
        assert_eq!(quotient(6, 3), Some(decimal("2")));
        assert_eq!(quotient(9, 12), Some(decimal("0.75")));
        for (a, b) in [(1, 3), (22, 7), (1, 11), (1_000_000, 6)] {
            assert_eq!(quotient(a, b), None, "{a} / {b}");
        }
    }

    /// The same quotient, of which every step is done with big integers.
    fn large(ratio: &Ratio) -> Ratio {
        Ratio(Size::Large(ratio.large()))
    }

    fn decimals() -> impl Strategy<Value = Decimal> {
        // Values as they are published, and the widest and the smallest that there are.
        let published = (-1_000_000_000_000_i128..1_000_000_000_000, 0_u32..15);
        let any = (-(1_i128 << 96) + 1..1_i128 << 96, 0_u32..29);
        let small = (-20_i128..20, 0_u32..3);
        let parts = prop_oneof![3 => published, 1 => any, 1 => small];
        parts.prop_map(|(mantissa, scale)| Decimal::from_i128_with_scale(mantissa, scale))
    }

    proptest! {
        #[test]
        fn machine_integers_give_the_digits_of_big_ones(
            (a, b, c) in (decimals(), decimals(), decimals()),
            (digits, places) in (1_u32..29, 0_u32..29),
        ) {
            let [a, b, c] = [a, b, c].map(Ratio::from);
            let quotient = |[a, b, c]: [&Ratio; 3]| Some([
                a.times(b).divided_by(c)?,
                a.divided_by(c)?.minus(b),
                b.minus(a).distance_from_one(),
            ]);
            let quick = quotient([&a, &b, &c]);
            let sure = quotient([&large(&a), &large(&b), &large(&c)]);
            prop_assert_eq!(quick.is_some(), sure.is_some());
            for (quick, sure) in quick.into_iter().flatten().zip(sure.into_iter().flatten()) {
                prop_assert_eq!(quick.compare(&sure), Ordering::Equal);
                prop_assert_eq!(quick.compare(&a), sure.compare(&large(&a)));
                let forms = |ratio: &Ratio| [
                    ratio.significant(digits),
                    ratio.places(places),
                    ratio.exact(),
                ];
                let texts = |ratio| forms(ratio).map(|form| form.map(|form| form.to_string()));
                prop_assert_eq!(texts(&quick), texts(&sure));
            }
        }
    }
}
