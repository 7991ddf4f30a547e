//! Removed pairs, remembered for a while, so that a client that resumes learns of them.

use std::collections::{BTreeSet, VecDeque};

use crate::domain::published::{Currency, Pair, QuoteKey};

/// How many removals are remembered. A bank drops a currency once in years, and a source that is lost takes some fifty
/// pairs with it: this is enough for twenty lost sources.
pub const REMOVALS_MAX: usize = 1_000;

/// The newest removals, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Removals {
    newest: VecDeque<Removal>,
    max: usize,
    /// The revision of the newest removal that was forgotten; 0 if none was.
    forgotten: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Removal {
    quote: QuoteKey,
    revision: u64,
}

impl Removals {
    pub(super) fn new(max: usize) -> Self {
        Self {
            newest: VecDeque::new(),
            max,
            forgotten: 0,
        }
    }

    /// Remembers a removal at a revision, and forgets the oldest one if there are too many.
    pub(super) fn add(&mut self, quote: QuoteKey, revision: u64) {
        self.newest.push_back(Removal { quote, revision });
        while self.newest.len() > self.max {
            if let Some(oldest) = self.newest.pop_front() {
                self.forgotten = oldest.revision;
            }
        }
    }

    /// The removals that are remembered, with their revisions, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (QuoteKey, u64)> {
        let newest = self.newest.iter();
        newest.map(|removal| (removal.quote, removal.revision))
    }

    /// The revision below which removals are not known completely.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The pairs that may have been removed after a revision. Some may have come back, or have never existed: a cross
    /// of a removed pair with one that did not exist.
    pub(super) fn since(&self, after: u64) -> BTreeSet<Pair> {
        let removals = self.newest.iter().rev();
        let removals = removals.take_while(|removal| removal.revision > after);
        let mut pairs = BTreeSet::new();
        for Removal { quote, revision: _ } in removals {
            let (home, other) = *quote;
            let crossed = Currency::FIVE.into_iter();
            let crossed = crossed.filter(|five| other == Currency::USD && *five != home);
            for other in crossed.chain([other]) {
                let pair = Pair {
                    base: home,
                    quote: other,
                };
                pairs.extend([pair, pair.inverted()]);
            }
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOLLAR: QuoteKey = (Currency::KZT, Currency::USD);
    const ROUBLE: QuoteKey = (Currency::KZT, Currency::constant("RUB"));

    #[test]
    fn a_pair_leaves_with_its_inverse_and_its_crosses() {
        let mut removals = Removals::new(2);
        removals.add(ROUBLE, 3);
        removals.add(DOLLAR, 5);
        let named = |after| {
            let pairs = removals.since(after).into_iter();
            pairs.map(|pair| pair.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(named(5), Vec::<String>::new());
        let dollar = named(4);
        assert_eq!(dollar.len(), 10);
        assert!(dollar.contains(&"USD/KZT".to_owned()) && dollar.contains(&"TJS/KZT".to_owned()));
        assert_eq!(named(2).len(), 12);
    }

    #[test]
    fn what_is_forgotten_is_known_by_its_newest_revision() {
        let mut removals = Removals::new(2);
        removals.add(ROUBLE, 3);
        removals.add(DOLLAR, 5);
        assert_eq!(removals.forgotten(), 0);
        removals.add(ROUBLE, 6);
        assert_eq!(removals.forgotten(), 3);
        removals.add(ROUBLE, 7);
        assert_eq!(removals.forgotten(), 5);
    }
}
