//! Currency codes.

use std::fmt;

use jiff::civil::{Date, date};
use thiserror::Error;

/// An ISO 4217 letter code, upper-case: `KZT`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// The digits of nearly every minor unit.
const MINOR_UNIT_USUAL: u32 = 2;

/// The text is not three letters.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a currency code is three letters, such as KZT")]
pub struct InvalidCurrency;

/// Codes that were withdrawn, each with the first day on which it was no longer money. Banks list some of them for
/// years: the weekly file of the Kyrgyz bank still has BYR beside BYN. Source: the ISO 4217 amendments.
const RETIRED: &[(Currency, Date)] = &[
    (Currency::constant("AZM"), date(2006, 1, 1)),
    (Currency::constant("BGN"), date(2026, 1, 1)),
    (Currency::constant("BYR"), date(2016, 7, 1)),
    (Currency::constant("EEK"), date(2011, 1, 1)),
    (Currency::constant("HRK"), date(2023, 1, 1)),
    (Currency::constant("LTL"), date(2015, 1, 1)),
    (Currency::constant("LVL"), date(2014, 1, 1)),
    (Currency::constant("RUR"), date(1998, 1, 1)),
    (Currency::constant("TMM"), date(2009, 1, 1)),
    (Currency::constant("TRL"), date(2005, 1, 1)),
];

impl Currency {
    /// Kazakh tenge.
    pub const KZT: Self = Self::constant("KZT");
    /// Kyrgyz som.
    pub const KGS: Self = Self::constant("KGS");
    /// Tajik somoni.
    pub const TJS: Self = Self::constant("TJS");
    /// Uzbek sum.
    pub const UZS: Self = Self::constant("UZS");
    /// Turkmen manat.
    pub const TMT: Self = Self::constant("TMT");
    /// United States dollar: the currency through which pairs of two of the five are crossed.
    pub const USD: Self = Self::constant("USD");
    /// Russian rouble.
    pub const RUB: Self = Self::constant("RUB");
    /// Euro.
    pub const EUR: Self = Self::constant("EUR");
    /// The first possible code.
    pub(crate) const FIRST: Self = Self::constant("AAA");
    /// The last possible code.
    pub(crate) const LAST: Self = Self::constant("ZZZ");
    /// The five currencies of Central Asia.
    pub const FIVE: [Self; 5] = [Self::KZT, Self::KGS, Self::TJS, Self::UZS, Self::TMT];

    /// A code known when the program is built.
    ///
    /// # Panics
    /// When it is not three upper-case letters, at compile time where the call is in a constant.
    #[expect(clippy::panic, reason = "it stops the build: the codes are constants")]
    pub const fn constant(code: &'static str) -> Self {
        match code.as_bytes() {
            &[a @ b'A'..=b'Z', b @ b'A'..=b'Z', c @ b'A'..=b'Z'] => Self([a, b, c]),
            _ => panic!("a currency code is three upper-case letters"),
        }
    }

    /// Reads a code in any case.
    pub fn parse(text: &str) -> Result<Self, InvalidCurrency> {
        match *text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(u8::is_ascii_alphabetic) => {
                Ok(Self([a, b, c].map(|letter| letter.to_ascii_uppercase())))
            }
            _ => Err(InvalidCurrency),
        }
    }

    /// The three letters.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("letters are UTF-8")
    }

    /// Whether it is one of [`Currency::FIVE`].
    pub fn is_of_the_five(self) -> bool {
        Self::FIVE.contains(&self)
    }

    /// The number of digits of its minor unit by ISO 4217: two for cents and tiyin, none for the yen; `None` if it has no
    /// minor unit or the standard does not have the code.
    pub fn known_minor_unit(self) -> Option<u32> {
        let known = iso_currency::Currency::from_code(self.as_str());
        let digits = known.and_then(iso_currency::Currency::exponent);
        digits.map(u32::from)
    }

    /// The number of digits of its minor unit; two if it is unknown.
    pub fn minor_unit(self) -> u32 {
        self.known_minor_unit().unwrap_or(MINOR_UNIT_USUAL)
    }

    /// The first day on which a withdrawn code was no longer money.
    pub fn retired_on(self) -> Option<Date> {
        RETIRED
            .iter()
            .find(|(code, _)| *code == self)
            .map(|(_, day)| *day)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_three_letters_of_any_case() {
        assert_eq!(Currency::parse("kzt"), Ok(Currency::KZT));
        for wrong in ["", "KZ", "KZTT", "K1T", "___", "ТМТ"] {
            assert_eq!(Currency::parse(wrong), Err(InvalidCurrency), "{wrong:?}");
        }
    }

    #[test]
    fn a_minor_unit_has_the_digits_of_the_standard() {
        assert_eq!(Currency::KZT.minor_unit(), 2);
        assert_eq!(Currency::constant("JPY").minor_unit(), 0);
        assert_eq!(Currency::constant("XQQ").minor_unit(), MINOR_UNIT_USUAL);
        assert_eq!(Currency::constant("XQQ").known_minor_unit(), None);
        assert_eq!(Currency::constant("XDR").known_minor_unit(), None);
        assert_eq!(Currency::constant("KWD").known_minor_unit(), Some(3));
    }

    #[test]
    fn withdrawn_codes_have_a_last_day() {
        assert_eq!(
            Currency::constant("BYR").retired_on(),
            Some(date(2016, 7, 1))
        );
        assert_eq!(Currency::KZT.retired_on(), None);
    }
}
