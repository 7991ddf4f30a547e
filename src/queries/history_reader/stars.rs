//! What a star of a filter stands for in a query about the past.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::board::Published;
use crate::domain::{Currency, Preference, QuoteKey, candidates, priced_in};

/// Which currencies the sources have ever priced in which others. It follows from the records of the sources, which change
/// with each poll, and takes half a millisecond to find: too long for each of many questions with a star.
#[derive(Debug, Default)]
pub(super) struct PricesEver {
    newest: Mutex<Option<(Published, Arc<BTreeSet<QuoteKey>>)>>,
}

impl PricesEver {
    /// By the records of a publication. They are found unless those of the newest query were the same.
    pub(super) fn of(
        &self,
        published: &Published,
        preferences: &[Preference],
    ) -> Arc<BTreeSet<QuoteKey>> {
        // Set as a whole, and locked while they are found: others wait, instead of finding the same.
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, prices)) = &*newest
            && known.has_records_of(published)
        {
            return Arc::clone(prices);
        }
        let prices = Currency::FIVE.into_iter().flat_map(|home| {
            let sources = candidates(published.records(), preferences, home);
            let others = priced_in(&sources, home).into_iter();
            others.map(move |other| (home, other))
        });
        let prices = Arc::new(prices.collect());
        *newest = Some((published.clone(), Arc::clone(&prices)));
        prices
    }
}
