//! Routes: how the rate of a pair follows from published prices.

use std::collections::BTreeSet;

use crate::domain::published::{Currency, Pair};

/// The key of a quote: one of the five, and the currency in which it is priced.
pub type QuoteKey = (Currency, Currency);

/// How the rate of a pair follows from prices of one of the five in another currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// A currency in itself: the rate is 1.
    Identity,
    /// The base is one of the five: the rate is its price.
    Direct(QuoteKey),
    /// The quote currency is one of the five: the rate is one divided by its price.
    Inverse(QuoteKey),
    /// Both are of the five: the price of the base in US dollars, divided by that of the quote currency.
    Cross {
        /// The base in US dollars.
        base: QuoteKey,
        /// The quote currency in US dollars.
        quote: QuoteKey,
    },
}

impl Route {
    /// The prices that the rate follows from, the base's first.
    pub fn legs(self) -> Vec<QuoteKey> {
        match self {
            Self::Identity => Vec::new(),
            Self::Direct(key) | Self::Inverse(key) => vec![key],
            Self::Cross { base, quote } => vec![base, quote],
        }
    }
}

impl Pair {
    /// The prices that the rate of the pair follows from, the base's first; none for a currency in itself.
    pub fn legs(self) -> Vec<QuoteKey> {
        self.route().map_or_else(Vec::new, Route::legs)
    }

    /// The route of the pair. Returns `None` if neither currency is one of the five: no such pair is served.
    pub fn route(self) -> Option<Route> {
        let Self { base, quote } = self;
        match (base.is_of_the_five(), quote.is_of_the_five()) {
            (true, true) if base == quote => Some(Route::Identity),
            (true, true) => Some(Route::Cross {
                base: (base, Currency::USD),
                quote: (quote, Currency::USD),
            }),
            (true, false) => Some(Route::Direct((base, quote))),
            (false, true) => Some(Route::Inverse((quote, base))),
            (false, false) => None,
        }
    }
}

/// The currencies that have a pair with a currency where these prices are known, sorted, without itself.
pub fn counterparts<'a>(
    currency: Currency,
    prices: impl IntoIterator<Item = &'a QuoteKey>,
    is_known: impl Fn(&QuoteKey) -> bool,
) -> BTreeSet<Currency> {
    let in_dollars = |home: Currency| is_known(&(home, Currency::USD));
    let others = prices.into_iter().filter_map(|(home, other)| {
        if *home == currency {
            Some(*other)
        } else {
            (*other == currency).then_some(*home)
        }
    });
    let crossed = Currency::FIVE.into_iter().filter(|home| {
        currency.is_of_the_five() && *home != currency && in_dollars(*home) && in_dollars(currency)
    });
    others.chain(crossed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_without_one_of_the_five_has_no_route() {
        let route = |text| Pair::parse(text).unwrap().route();
        let tenge = (Currency::KZT, Currency::USD);
        let som = (Currency::KGS, Currency::USD);
        assert_eq!(route("KZT/KZT"), Some(Route::Identity));
        assert_eq!(route("KZT/USD"), Some(Route::Direct(tenge)));
        assert_eq!(route("USD/KZT"), Some(Route::Inverse(tenge)));
        let cross = Route::Cross {
            base: som,
            quote: tenge,
        };
        assert_eq!(route("KGS/KZT"), Some(cross));
        assert_eq!(cross.legs(), [som, tenge]);
        assert_eq!(route("EUR/USD"), None);
        assert_eq!(route("USD/USD"), None);
    }
}
