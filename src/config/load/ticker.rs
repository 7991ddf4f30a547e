//! The settings of `[ticker]`.

use super::{HOME, Loader, ids};
use crate::config::{Ticker, values};
use crate::domain::{Currency, Preference, RateFilter};
use crate::sources::Source;

/// The currencies of the five, in the order that news tickers have.
const PAIRS_DEFAULT: &[&str] = &["KGS/USD", "KZT/USD", "TJS/USD", "UZS/USD", "TMT/USD"];

impl Loader<'_> {
    pub(super) fn ticker(&self) -> Ticker {
        let accepted = "a list of pairs, such as [\"KZT/USD\", \"*/EUR\"]";
        let pairs = self.entries.get("ticker.pairs", accepted, |raw| {
            let pairs = values::list(raw)?;
            if pairs.is_empty() {
                return Err("the list is empty, and an empty filter needs pairs".to_owned());
            }
            RateFilter::parse(&pairs).map_err(|error| error.to_string())
        });
        let pairs = pairs.unwrap_or_else(default_pairs);
        let accepted = format!(
            "a list of `{HOME}` and source ids, the best first, each once ({HOME}, {})",
            ids(self.catalogue)
                .into_iter()
                .collect::<Vec<_>>()
                .join(", ")
        );
        let prefer = self.entries.get("ticker.prefer", &accepted, |raw| {
            self.preferences(&values::list(raw)?)
        });
        Ticker {
            pairs,
            prefer: prefer.unwrap_or_else(|| self.default_preferences()),
        }
    }

    fn preferences(&self, texts: &[String]) -> Result<Vec<Preference>, String> {
        let mut preferences = Vec::with_capacity(texts.len());
        for text in texts {
            let named = |source: &&&Source| source.id.as_str() == text;
            let preference = if text == HOME {
                Preference::Home
            } else {
                let source = self.catalogue.iter().find(named);
                let source = source.ok_or_else(|| format!("`{text}` is not a source"))?;
                Preference::Source(source.id)
            };
            if preferences.contains(&preference) {
                return Err(format!("`{text}` is listed twice"));
            }
            preferences.push(preference);
        }
        if preferences.is_empty() {
            return Err("the list is empty, so no source would serve a pair".to_owned());
        }
        Ok(preferences)
    }

    /// The home bank, then the banks that are home to none of the five, then the markets.
    fn default_preferences(&self) -> Vec<Preference> {
        let of_the_five = |source: &Source| source.home.is_some_and(Currency::is_of_the_five);
        let mut others: Vec<_> = self
            .catalogue
            .iter()
            .filter(|source| !of_the_five(source))
            .map(|source| (source.home.is_none(), source.id))
            .collect();
        others.sort_unstable();
        others.dedup();
        let others = others.into_iter().map(|(_, id)| Preference::Source(id));
        std::iter::once(Preference::Home).chain(others).collect()
    }
}

fn default_pairs() -> RateFilter {
    RateFilter::parse(PAIRS_DEFAULT).expect("they are pairs; a test loads them")
}
