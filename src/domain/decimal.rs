//! Exact decimals: the only door from text to `Decimal`, and the only division.
//!
//! `rust_decimal` reads too much (`1_000`, `1e3`, silent rounding past 28 places) and its parser overflows the stack
//! on long input, so text passes a grammar of our own first. Quotients are computed with big integers: one division,
//! one rounding, no overflow on the way.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint, Sign};
use rust_decimal::Decimal;
use thiserror::Error;

/// The longest text that can be a decimal: 28 digits, sign and point, with room for leading zeros.
const TEXT_BYTES_MAX: usize = 40;
/// Digits before the point that a published value may have: a thousand times the largest amount any bank prints.
const PUBLISHED_INTEGER_DIGITS_MAX: usize = 15;
/// Digits after the point that a published value may have; the market tables print up to eight.
const PUBLISHED_FRACTION_DIGITS_MAX: usize = 12;
/// The most decimal places a `Decimal` can hold.
const SCALE_MAX: i64 = 28;

/// Why a text is not a decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecimalError {
    /// More than 40 bytes.
    #[error("a number of more than {TEXT_BYTES_MAX} characters")]
    TooLong,
    /// Not `[+-]?digits[.digits]`.
    #[error("not a plain decimal number")]
    Grammar,
    /// More digits than can be kept exactly.
    #[error("a number with more digits than can be kept exactly")]
    TooManyDigits,
}

/// What stands between the integer part and the fraction. A source declares it; it is never guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// `475.09`
    Point,
    /// `87,4500`
    Comma,
}

impl Separator {
    fn as_char(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }
}

/// Reads a decimal in plain notation, `[+-]?digits[.digits]`, keeping its digits.
pub fn parse_decimal(text: &str) -> Result<Decimal, DecimalError> {
    let (number, _) = parse(text, Separator::Point)?;
    Ok(number)
}

/// Reads a value as a bank prints it: the same grammar with the bank's separator, and bounds on both sides of it.
pub fn parse_published(text: &str, separator: Separator) -> Result<Decimal, DecimalError> {
    let (number, (integer_digits, fraction_digits)) = parse(text, separator)?;
    if integer_digits > PUBLISHED_INTEGER_DIGITS_MAX
        || fraction_digits > PUBLISHED_FRACTION_DIGITS_MAX
    {
        return Err(DecimalError::TooManyDigits);
    }
    Ok(number)
}

fn parse(text: &str, separator: Separator) -> Result<(Decimal, (usize, usize)), DecimalError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(DecimalError::TooLong);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (integer, fraction) = match unsigned.split_once(separator.as_char()) {
        Some((_, "")) => return Err(DecimalError::Grammar),
        Some((integer, fraction)) => (integer, fraction),
        None => (unsigned, ""),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if integer.is_empty() || !all_digits(integer) || !all_digits(fraction) {
        return Err(DecimalError::Grammar);
    }
    let mantissa = integer
        .bytes()
        .chain(fraction.bytes())
        .try_fold(0_i128, |sum, digit| {
            sum.checked_mul(10)?
                .checked_add(i128::from(digit.checked_sub(b'0')?))
        });
    let mantissa = mantissa.ok_or(DecimalError::TooManyDigits)?;
    let mantissa = if text.starts_with('-') {
        mantissa.saturating_neg()
    } else {
        mantissa
    };
    let scale = u32::try_from(fraction.len()).map_err(|_too_long| DecimalError::TooManyDigits)?;
    let number = Decimal::try_from_i128_with_scale(mantissa, scale)
        .map_err(|_no_room| DecimalError::TooManyDigits)?;
    Ok((number, (integer.len(), fraction.len())))
}

/// An exact quotient of two integers, on the way to a decimal. The denominator is positive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ratio {
    numerator: BigInt,
    denominator: BigUint,
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

    /// The quotient; nothing when the divisor is zero.
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

    /// Rounded half-even to so many significant digits, without trailing zeros. Nothing when it fits no `Decimal`.
    pub fn significant(&self, digits: u32) -> Option<Decimal> {
        // Counted in decimal digits the quotient lies within a factor of ten; one step corrects the guess. Each guess
        // rounds the exact quotient, never a rounded one.
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

    /// Rounded half-even to so many decimal places, without trailing zeros. Nothing when it fits no `Decimal`.
    pub fn places(&self, places: u32) -> Option<Decimal> {
        let scale = i64::from(places);
        self.decimal(self.rounded(scale)?, scale)
    }

    /// The value itself, without trailing zeros. Nothing when it is not a finite decimal of at most 28 places.
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

    fn decimal(text: &str) -> Decimal {
        parse_decimal(text).unwrap()
    }

    #[test]
    fn digits_are_kept_as_they_were_printed() {
        for text in [
            "0",
            "5.10",
            "475.09",
            "12194.21",
            "0.00000001",
            "-3.68",
            "7922816251426433759354395033.5",
        ] {
            assert_eq!(decimal(text).to_string(), text);
        }
        assert_eq!(decimal("+0.26").to_string(), "0.26");
        assert_eq!(
            parse_published("87,4500", Separator::Comma)
                .unwrap()
                .to_string(),
            "87.4500"
        );
    }

    #[test]
    fn zero_is_never_negative() {
        assert_eq!(decimal("-0").to_string(), "0");
        assert_eq!(decimal("-0.00").to_string(), "0.00");
    }

    #[test]
    fn what_is_not_a_plain_number_is_refused() {
        let wrong = [
            "", "-", "+", ".", "1.", ".5", "1e3", "1_000", "1,5", "1 000", "--1", "1.2.3", "٣",
            "NaN", "0x1",
        ];
        for text in wrong {
            assert_eq!(parse_decimal(text), Err(DecimalError::Grammar), "{text:?}");
        }
        assert_eq!(
            parse_published("87.45", Separator::Comma),
            Err(DecimalError::Grammar)
        );
        assert_eq!(
            parse_published("5,39256E-05", Separator::Comma),
            Err(DecimalError::Grammar)
        );
        assert_eq!(
            parse_decimal("79228162514264337593543950336"),
            Err(DecimalError::TooManyDigits)
        );
        assert_eq!(
            parse_published("1234567890123456", Separator::Point),
            Err(DecimalError::TooManyDigits)
        );
        assert_eq!(
            parse_published("0.1234567890123", Separator::Point),
            Err(DecimalError::TooManyDigits)
        );
    }

    #[test]
    fn a_hundred_kilobytes_of_anything_are_refused_at_once() {
        for byte in ["_", "0", "1", ".", "-"] {
            assert_eq!(
                parse_decimal(&format!("0.5{}", byte.repeat(100_000))),
                Err(DecimalError::TooLong)
            );
        }
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
