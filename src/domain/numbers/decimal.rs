//! Exact decimals. All text becomes a `Decimal` here.
//!
//! The parser of `rust_decimal` accepts too much (`1_000`, `1e3`, silent rounding past 28 places) and overflows the
//! stack on long input, so text must match a stricter grammar first.

use rust_decimal::Decimal;
use thiserror::Error;

/// The longest text that can be a decimal: 28 digits, sign and point, with room for leading zeros.
pub const DECIMAL_BYTES_MAX: usize = 40;
/// Digits before the point that a published value may have: a thousand times the largest amount any bank prints.
const PUBLISHED_INTEGER_DIGITS_MAX: usize = 15;
/// Digits after the point that a published value may have; the market tables print up to eight.
const PUBLISHED_FRACTION_DIGITS_MAX: usize = 12;

/// Why a text is not a decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecimalError {
    /// More than 40 bytes.
    #[error("a number of more than {DECIMAL_BYTES_MAX} characters")]
    TooLong,
    /// Not `[+-]?digits[.digits]`.
    #[error("not a plain decimal number")]
    Grammar,
    /// More digits than can be kept exactly.
    #[error("a number with more digits than can be kept exactly")]
    TooManyDigits,
}

/// The decimal separator. A source declares it; it is never guessed.
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

/// Reads a value as a bank prints it: the same grammar with the bank's separator, and limits on the digits on both
/// sides of it.
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
    if text.len() > DECIMAL_BYTES_MAX {
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
}
