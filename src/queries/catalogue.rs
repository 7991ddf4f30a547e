//! The catalogue: the currencies and pairs that there are, who quotes them, and since when.
//!
//! What there is comes from memory, where the newest row of every currency is kept. Since when comes from the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::{
    Currency, Derivation, Pair, RateFilter, Refusal, Route, SourceId, SourceRecord,
};
use crate::queries::Queries;
use crate::queries::page::Page;

/// The filter of every pair that exists.
const EVERY_PAIR: [&str; 1] = ["*/*"];

/// A currency of a published table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrencyEntry {
    /// The currency.
    pub currency: Currency,
    /// Its home bank; none without an enabled source that is.
    pub home_bank: Option<SourceId>,
    /// The sources that publish fixings of it, sorted by id.
    pub sources: Vec<CurrencySource>,
}

/// A source that publishes fixings of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrencySource {
    /// The source.
    pub source: SourceId,
    /// The first date with a fixing.
    pub start_date: Date,
    /// The newest date with one, announced ones included.
    pub newest_effective_date: Date,
    /// The units of the newest fixing.
    pub units: u32,
}

/// The currencies of all sources.
#[derive(Debug, Clone)]
pub struct Currencies {
    /// The currencies, sorted by code.
    pub currencies: Vec<CurrencyEntry>,
    /// Every source, sorted by id.
    pub sources: Vec<Arc<SourceRecord>>,
}

/// Some pairs that have a rate.
#[derive(Debug, Clone)]
pub struct PairsQuery<'a> {
    /// The items of a filter; none for every pair.
    pub pairs: Vec<&'a str>,
    /// The most pairs of the page; zero for the default.
    pub page_size: i32,
    /// The token of the page; empty for the first.
    pub page_token: &'a str,
}

/// A pair that has a rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairEntry {
    /// The pair.
    pub pair: Pair,
    /// How its latest rate is derived.
    pub derivation: Derivation,
    /// The id of the source of its latest rate; two joined by `+` for a pair crossed from two.
    pub source: String,
    /// The first day that has a rate.
    pub start_date: Date,
}

/// A page of pairs, in the order of their filter.
#[derive(Debug, Clone)]
pub struct PairsPage {
    /// The pairs.
    pub pairs: Vec<PairEntry>,
    /// Every source, sorted by id.
    pub sources: Vec<Arc<SourceRecord>>,
    /// The token of the next page; empty after the last.
    pub next_page_token: String,
}

impl Queries {
    /// Every currency of a published table.
    ///
    /// # Errors
    /// [`Refusal::Draining`], [`Refusal::NoState`], what the ledger says.
    pub async fn currencies(&self) -> Result<Currencies, Refusal> {
        self.check_serving()?;
        let sources = self.records();
        let starts = self.history.first_rows().await?;
        let mut by_code: BTreeMap<Currency, CurrencyEntry> = BTreeMap::new();
        for record in &sources {
            for (currency, quoted) in quoted_by(record, &starts) {
                let entry = entry_of(&mut by_code, currency);
                entry.sources.extend(quoted);
            }
            if let Some(home) = record.home {
                entry_of(&mut by_code, home).home_bank = Some(record.id);
            }
        }
        Ok(Currencies {
            currencies: by_code.into_values().collect(),
            sources,
        })
    }

    /// One page of the pairs of a filter that have a rate.
    ///
    /// # Errors
    /// [`Refusal::Draining`], [`Refusal::NoState`], what is wrong with the query, what the ledger says.
    pub async fn pairs(&self, query: PairsQuery<'_>) -> Result<PairsPage, Refusal> {
        let snapshot = self.snapshot()?;
        let items = if query.pairs.is_empty() {
            &EVERY_PAIR[..]
        } else {
            &query.pairs
        };
        let filter = RateFilter::parse(items).map_err(Refusal::InvalidFilter)?;
        let page = Page::read(
            query.page_size,
            query.page_token,
            &format!("pairs {filter}"),
        )?;
        let mut pairs = match &page.cursor {
            None => snapshot.pairs(&filter),
            Some(last) => {
                let counterparts = |currency| snapshot.counterparts(currency);
                behind(last, &filter, counterparts).ok_or(Refusal::InvalidPageToken)?
            }
        };
        pairs.retain(|pair| !matches!(pair.route(), None | Some(Route::Identity)));
        let mut rates = pairs.iter().filter_map(|pair| snapshot.rate(*pair));
        let listed: Vec<_> = rates.by_ref().take(page.size).collect();
        let cursor = rates.next().and(listed.last());
        let cursor = cursor.map(|rate| rate.pair.to_string());
        let starts = self
            .history
            .start_dates(listed.iter().map(|rate| rate.pair).collect());
        let starts = starts.await?;
        let pairs = listed.into_iter().filter_map(|rate| {
            Some(PairEntry {
                pair: rate.pair,
                derivation: rate.derivation,
                // The ledger may lack what memory has, while it cannot be written.
                start_date: starts.get(&rate.pair).copied().or(rate.effective_date)?,
                source: rate.source,
            })
        });
        Ok(PairsPage {
            pairs: pairs.collect(),
            sources: self.records(),
            next_page_token: cursor.map_or_else(String::new, |cursor| page.token(&cursor)),
        })
    }

    /// The record of every source, sorted by id.
    fn records(&self) -> Vec<Arc<SourceRecord>> {
        let published = self.board().published();
        published.records().values().map(Arc::clone).collect()
    }
}

/// The pairs of a filter behind one of it. That one may have lost its rate since the page that ended with it: the next page
/// goes on from where it would stand. Pairs without a rate may be among them.
fn behind(
    last: &str,
    filter: &RateFilter,
    counterparts: impl Fn(Currency) -> BTreeSet<Currency>,
) -> Option<Vec<Pair>> {
    let last = Pair::parse(last).ok()?;
    let with_last = filter.pairs(|currency| {
        let mut counterparts = counterparts(currency);
        let other = [(last.base, last.quote), (last.quote, last.base)];
        let other = other.into_iter().filter(|(side, _)| *side == currency);
        counterparts.extend(other.map(|(_, other)| other));
        counterparts
    });
    let mut pairs = with_last.into_iter();
    pairs.by_ref().find(|pair| *pair == last)?;
    Some(pairs.collect())
}

fn entry_of(
    by_code: &mut BTreeMap<Currency, CurrencyEntry>,
    currency: Currency,
) -> &mut CurrencyEntry {
    by_code.entry(currency).or_insert(CurrencyEntry {
        currency,
        home_bank: None,
        sources: Vec::new(),
    })
}

/// The currencies of the tables of a source, with what is known of their rows; nothing of a pivot, which has none.
fn quoted_by(
    record: &SourceRecord,
    starts: &BTreeMap<(SourceId, Currency), Date>,
) -> BTreeMap<Currency, Option<CurrencySource>> {
    let mut quoted: BTreeMap<Currency, Option<CurrencySource>> = BTreeMap::new();
    for document in &record.documents {
        for currency in document.history.currencies() {
            let known = quoted.entry(currency).or_default();
            let Some(row) = document.history.nearest(Date::MAX, currency) else {
                continue;
            };
            let newest = row.effective_date;
            if known.is_some_and(|known| known.newest_effective_date >= newest) {
                continue;
            }
            // The ledger may lack what memory has, while it cannot be written.
            let start = starts.get(&(record.id, currency)).copied();
            *known = Some(CurrencySource {
                source: record.id,
                start_date: start.unwrap_or(newest),
                newest_effective_date: newest,
                units: row.units,
            });
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs of a filter behind one of it, if these currencies have pairs with the tenge and no others exist.
    fn found(items: &[&str], last: &str, currencies: &[&str]) -> Option<Vec<String>> {
        let filter = RateFilter::parse(items).unwrap();
        let others = currencies.iter().map(|code| Currency::parse(code).unwrap());
        let others: BTreeSet<Currency> = others.collect();
        let counterparts = |currency| match currency {
            Currency::KZT => others.clone(),
            other if others.contains(&other) => BTreeSet::from([Currency::KZT]),
            _ => BTreeSet::new(),
        };
        let behind = behind(last, &filter, counterparts)?;
        Some(behind.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_page_goes_on_from_where_a_pair_would_stand_that_lost_its_rate() {
        for (items, last, expected) in [
            (&["*/KZT"][..], "EUR/KZT", &["USD/KZT"][..]),
            (&["*/KZT", "KZT/USD"], "EUR/KZT", &["USD/KZT", "KZT/USD"]),
            (&["KZT/CNY", "EUR/KZT", "USD/KZT"], "EUR/KZT", &["USD/KZT"]),
            (&["*/KZT"], "XDR/KZT", &[]),
        ] {
            for quoted in [&["CNY", "EUR", "USD"][..], &["CNY", "USD"]] {
                assert_eq!(found(items, last, quoted).unwrap(), expected, "{items:?}");
            }
        }
        // Those of both directions are in one order, and the other direction of a lost pair is no rate either.
        let every = found(&["*/*"], "KZT/EUR", &["CNY", "USD"]).unwrap();
        assert_eq!(every, ["KZT/USD", "USD/KZT"]);
    }

    #[test]
    fn a_pair_that_the_filter_does_not_have_is_no_place_in_it() {
        assert_eq!(found(&["*/KZT"], "KZT/EUR", &["EUR"]), None);
        assert_eq!(found(&["*/KZT"], "KZT", &["EUR"]), None);
    }
}
