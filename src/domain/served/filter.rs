//! Filters: the pairs that a client requests.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use crate::domain::published::{Currency, Pair};

/// The maximum number of items of a filter: every pair of the five with fifty others still fits.
pub const FILTER_PAIRS_MAX: usize = 256;

/// Pairs in the order of the request. A star on one side stands for all pairs that exist.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RateFilter {
    items: Vec<Item>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Item {
    Exact(Pair),
    AnyBase(Currency),
    AnyQuote(Currency),
}

/// Why a filter is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FilterError {
    /// An item is not a pair.
    #[error(
        "`{item}` is not a pair: write BASE/QUOTE in codes of three letters, such as KZT/USD, or a star on one side, such as */USD"
    )]
    InvalidPair {
        /// Its index in the list.
        index: usize,
        /// Its text, shortened.
        item: String,
    },
    /// The list is too long.
    #[error("{count} pairs are too many: at most {FILTER_PAIRS_MAX}")]
    TooManyPairs {
        /// How many there were.
        count: usize,
    },
}

/// How many characters of an invalid item an error shows.
const ITEM_CHARS_SHOWN: usize = 20;

impl RateFilter {
    /// Reads the items of a request or a configuration.
    pub fn parse(texts: &[impl AsRef<str>]) -> Result<Self, FilterError> {
        if texts.len() > FILTER_PAIRS_MAX {
            return Err(FilterError::TooManyPairs { count: texts.len() });
        }
        let mut items = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().map(AsRef::as_ref).enumerate() {
            let item = parse_item(text).ok_or_else(|| {
                let shown = text.chars().filter(|character| !character.is_control());
                FilterError::InvalidPair {
                    index,
                    item: shown.take(ITEM_CHARS_SHOWN).collect(),
                }
            })?;
            if !items.contains(&item) {
                items.push(item);
            }
        }
        Ok(Self { items })
    }

    /// Whether the filter has no items.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items in their order, as they are written: `KZT/USD`, `*/USD`.
    pub fn items(&self) -> impl Iterator<Item = String> {
        self.items.iter().map(|item| match item {
            Item::Exact(pair) => pair.to_string(),
            Item::AnyBase(quote) => format!("*/{quote}"),
            Item::AnyQuote(base) => format!("{base}/*"),
        })
    }

    /// Whether the filter matches a pair. A star does not match the same currency on both sides.
    pub fn wants(&self, pair: Pair) -> bool {
        let Pair { base, quote } = pair;
        self.items.iter().any(|item| match *item {
            Item::Exact(exact) => exact == pair,
            Item::AnyBase(wanted) => wanted == quote && base != quote,
            Item::AnyQuote(wanted) => wanted == base && base != quote,
        })
    }

    /// The pairs of the filter, each once, at its first place. A star stands for the `counterparts` of the other side.
    pub fn pairs(&self, counterparts: impl Fn(Currency) -> BTreeSet<Currency>) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = Vec::new();
        let mut add = |pair| {
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        };
        for item in &self.items {
            match *item {
                Item::Exact(pair) => add(pair),
                Item::AnyBase(quote) => {
                    for base in counterparts(quote) {
                        add(Pair { base, quote });
                    }
                }
                Item::AnyQuote(base) => {
                    for quote in counterparts(base) {
                        add(Pair { base, quote });
                    }
                }
            }
        }
        pairs
    }
}

fn parse_item(text: &str) -> Option<Item> {
    match text.split_once('/')? {
        ("*", quote) => Currency::parse(quote).ok().map(Item::AnyBase),
        (base, "*") => Currency::parse(base).ok().map(Item::AnyQuote),
        _ => Pair::parse(text).ok().map(Item::Exact),
    }
}

impl fmt::Display for RateFilter {
    /// The items, separated by commas.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<String> = self.items().collect();
        formatter.write_str(&items.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_side_may_be_a_star_and_not_both() {
        assert!(RateFilter::parse(&["*/usd", "KZT/*", "kgs/kzt"]).is_ok());
        let wrong = RateFilter::parse(&["KZT/USD", "*/*"]).unwrap_err();
        assert_eq!(
            wrong,
            FilterError::InvalidPair {
                index: 1,
                item: "*/*".into()
            }
        );
    }

    #[test]
    fn the_items_are_written_as_they_are_read() {
        let filter = RateFilter::parse(&["*/usd", "KZT/*", "kgs/kzt"]).unwrap();
        let items: Vec<String> = filter.items().collect();
        assert_eq!(items, ["*/USD", "KZT/*", "KGS/KZT"]);
        assert_eq!(RateFilter::parse(&items), Ok(filter));
    }

    #[test]
    fn a_wrong_item_is_named_without_its_control_characters() {
        let wrong = RateFilter::parse(&["KZT\u{1b}[31m/USD and much more than that"]).unwrap_err();
        assert_eq!(
            wrong,
            FilterError::InvalidPair {
                index: 0,
                item: "KZT[31m/USD and much".into()
            }
        );
    }

    #[test]
    fn two_hundred_and_fifty_six_items_are_the_most() {
        assert!(RateFilter::parse(&["KZT/USD"; 256]).is_ok());
        assert_eq!(
            RateFilter::parse(&["KZT/USD"; 257]),
            Err(FilterError::TooManyPairs { count: 257 })
        );
    }
}
