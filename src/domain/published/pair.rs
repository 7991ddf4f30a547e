//! Pairs of currencies.

use std::fmt;

use thiserror::Error;

use crate::domain::published::Currency;

/// `KZT/USD`: the price of one `base` in `quote`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// The currency priced.
    pub base: Currency,
    /// The currency the price is in.
    pub quote: Currency,
}

/// The text is not `AAA/BBB`.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a pair is written BASE/QUOTE in codes of three letters, such as KZT/USD")]
pub struct InvalidPair;

impl Pair {
    /// Reads `KZT/USD`, in any case.
    pub fn parse(text: &str) -> Result<Self, InvalidPair> {
        let (base, quote) = text.split_once('/').ok_or(InvalidPair)?;
        match (Currency::parse(base), Currency::parse(quote)) {
            (Ok(base), Ok(quote)) => Ok(Self { base, quote }),
            _ => Err(InvalidPair),
        }
    }

    /// The pair with base and quote currency swapped.
    #[must_use]
    pub fn inverted(self) -> Self {
        Self {
            base: self.quote,
            quote: self.base,
        }
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.base, self.quote)
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_read_in_any_case_and_printed_in_upper_case() {
        assert_eq!(Pair::parse("kzt/Usd").unwrap().to_string(), "KZT/USD");
        for wrong in [
            "",
            "KZT",
            "KZTUSD",
            "KZT/",
            "KZT/USD/EUR",
            "KZT/*",
            " KZT/USD",
        ] {
            assert_eq!(Pair::parse(wrong), Err(InvalidPair), "{wrong:?}");
        }
    }
}
