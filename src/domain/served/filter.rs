//! Filters: the pairs that a client requests.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use crate::domain::published::{Currency, Pair, changes_the_line};

/// The maximum number of items of a filter: every pair of the five with fifty others still fits.
pub const FILTER_PAIRS_MAX: usize = 256;

/// Pairs in the order of the request. A star stands for every currency that has a pair with the other side; stars on both
/// sides, for every pair that exists.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct RateFilter {
    items: Vec<Item>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Item {
    Exact(Pair),
    AnyBase(Currency),
    AnyQuote(Currency),
    Any,
}

/// Why a filter is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FilterError {
    /// An item is not a pair.
    #[error(
        "`{item}` is not a pair: write BASE/QUOTE in codes of three letters, such as KZT/USD, or a star for a side, such as */USD"
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
                let shown = text
                    .chars()
                    .filter(|character| !changes_the_line(*character));
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
            Item::Any => "*/*".to_owned(),
        })
    }

    /// Whether the filter matches a pair. A star does not match the same currency on both sides.
    pub fn wants(&self, pair: Pair) -> bool {
        let Pair { base, quote } = pair;
        self.items.iter().any(|item| match *item {
            Item::Exact(exact) => exact == pair,
            Item::AnyBase(wanted) => wanted == quote && base != quote,
            Item::AnyQuote(wanted) => wanted == base && base != quote,
            Item::Any => base != quote,
        })
    }

    /// Whether every item of another filter is one of this one, or falls under a star of it. One without items stands for the pairs
    /// of the ticker, whichever these are, so that it covers, and is covered by, nothing but another one without items.
    pub fn covers(&self, other: &Self) -> bool {
        if self.is_empty() || other.is_empty() {
            return self.is_empty() && other.is_empty();
        }
        other.items.iter().all(|item| {
            self.items.contains(item)
                || self.items.contains(&Item::Any)
                || matches!(item, Item::Exact(pair) if self.wants(*pair))
        })
    }

    /// Whether an item has a star, so that the pairs depend on what is quoted.
    pub fn has_star(&self) -> bool {
        let is_star = |item: &Item| !matches!(item, Item::Exact(_));
        self.items.iter().any(is_star)
    }

    /// The pairs of the filter, each once, at its first place. A star stands for the `counterparts` of the other side;
    /// every pair has one of the five on a side, so two stars stand for the counterparts of the five, in both directions.
    pub fn pairs(&self, counterparts: impl Fn(Currency) -> BTreeSet<Currency>) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = Vec::new();
        let mut known = BTreeSet::new();
        let mut add = |pair| {
            if known.insert(pair) {
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
                Item::Any => {
                    let of_the_five = Currency::FIVE.into_iter().flat_map(|base| {
                        let quotes = counterparts(base).into_iter();
                        quotes.map(move |quote| Pair { base, quote })
                    });
                    let both = of_the_five.flat_map(|pair| [pair, pair.inverted()]);
                    both.collect::<BTreeSet<Pair>>()
                        .into_iter()
                        .for_each(&mut add);
                }
            }
        }
        pairs
    }
}

fn parse_item(text: &str) -> Option<Item> {
    match text.split_once('/')? {
        ("*", "*") => Some(Item::Any),
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
    fn a_star_stands_for_a_side_and_two_for_every_pair_that_exists() {
        let filter = RateFilter::parse(&["USD/KZT", "*/*"]).unwrap();
        let counterparts = |currency| match currency {
            Currency::KZT => BTreeSet::from([Currency::USD, Currency::KGS]),
            Currency::KGS | Currency::USD => BTreeSet::from([Currency::KZT]),
            _ => BTreeSet::new(),
        };
        let pairs = filter.pairs(counterparts);
        let pairs: Vec<String> = pairs.iter().map(ToString::to_string).collect();
        assert_eq!(pairs, ["USD/KZT", "KGS/KZT", "KZT/KGS", "KZT/USD"]);
        for (pair, is_wanted) in [("EUR/TMT", true), ("KZT/KZT", false)] {
            assert_eq!(
                filter.wants(Pair::parse(pair).unwrap()),
                is_wanted,
                "{pair}"
            );
        }
        for wrong in ["*", "**/USD", "*/", "*/*/USD"] {
            let refused = RateFilter::parse(&["KZT/USD", wrong]).unwrap_err();
            let item = wrong.to_owned();
            assert_eq!(refused, FilterError::InvalidPair { index: 1, item });
        }
    }

    #[test]
    fn the_items_are_written_as_they_are_read() {
        let filter = RateFilter::parse(&["*/usd", "KZT/*", "kgs/kzt", "*/*"]).unwrap();
        let items: Vec<String> = filter.items().collect();
        assert_eq!(items, ["*/USD", "KZT/*", "KGS/KZT", "*/*"]);
        assert_eq!(RateFilter::parse(&items), Ok(filter));
    }

    #[test]
    fn a_wrong_item_is_named_without_characters_that_change_the_line() {
        let wrong = RateFilter::parse(&["KZT\u{1b}[31m\u{202e}/USD and much more than that"]);
        let wrong = wrong.unwrap_err();
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
