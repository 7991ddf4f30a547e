//! Decimals in text, against the grammar written a second time.

use rust_decimal::Decimal;
use silkrate::domain::{DecimalError, Separator, parse_decimal, parse_published};

/// The largest mantissa of 96 bits.
const LARGEST: &str = "79228162514264337593543950335";
const BYTES_MAX: usize = 40;
const PLACES_MAX: usize = 28;

/// The digits without leading zeros, and the number of digits before and after the separator.
type Digits = (String, (usize, usize));

fn digits(text: &str, separator: char) -> Result<Digits, DecimalError> {
    if text.len() > BYTES_MAX {
        return Err(DecimalError::TooLong);
    }
    let unsigned = text.trim_start_matches(['+', '-']);
    let signs = text.chars().count() - unsigned.chars().count();
    let parts: Vec<&str> = unsigned.split(separator).collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if signs > 1 || parts.len() > 2 || !parts.iter().all(is_number) {
        return Err(DecimalError::Grammar);
    }
    let digits = parts.concat();
    let digits = digits.trim_start_matches('0');
    let places = parts.get(1).map_or(0, |part| part.len());
    let is_larger = digits.len() == LARGEST.len() && digits > LARGEST;
    if digits.len() > LARGEST.len() || is_larger || places > PLACES_MAX {
        return Err(DecimalError::TooManyDigits);
    }
    let shown = if digits.is_empty() { "0" } else { digits };
    Ok((shown.to_owned(), (parts[0].len(), places)))
}

fn check(text: &str, separator: char, read: Result<Decimal, DecimalError>, is_published: bool) {
    let expected = digits(text, separator).and_then(|digits| {
        let (_, (integer, places)) = digits;
        if is_published && (integer > 15 || places > 12) {
            return Err(DecimalError::TooManyDigits);
        }
        Ok(digits)
    });
    let number = match (read, expected) {
        (Err(error), Err(expected)) => return assert_eq!(error, expected, "{text:?}"),
        (Ok(number), Ok((digits, (_, places)))) => {
            assert_eq!(number.mantissa().unsigned_abs().to_string(), digits);
            assert_eq!(usize::try_from(number.scale()), Ok(places), "{text:?}");
            number
        }
        (read, expected) => panic!("{text:?}: {read:?} instead of {expected:?}"),
    };
    let is_negative = text.starts_with('-') && !number.is_zero();
    assert_eq!(number.is_sign_negative(), is_negative, "{text:?}");
    let printed = number.to_string();
    assert_eq!(
        parse_decimal(&printed).map(|again| again.unpack()),
        Ok(number.unpack())
    );
}

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    check(text, '.', parse_decimal(text), false);
    check(text, '.', parse_published(text, Separator::Point), true);
    check(text, ',', parse_published(text, Separator::Comma), true);
}
