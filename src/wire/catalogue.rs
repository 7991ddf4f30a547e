//! The catalogue, outwards.

use std::sync::Arc;

use crate::domain::SourceRecord;
use crate::pb;
use crate::queries::{Currencies, CurrencyEntry, CurrencySource, PairEntry, PairsPage};
use crate::wire::present;
use crate::wire::rates::to_derivation;
use crate::words::{names, sign};

/// Every currency, and the terms of the sources.
pub(crate) fn to_currencies_response(found: &Currencies) -> pb::ListCurrenciesResponse {
    let Currencies {
        currencies,
        sources,
    } = found;
    pb::ListCurrenciesResponse {
        currencies: currencies.iter().map(to_currency).collect(),
        sources: to_terms(sources),
    }
}

/// A page of pairs, and the terms of the sources.
pub(crate) fn to_pairs_response(page: &PairsPage) -> pb::ListPairsResponse {
    let PairsPage {
        pairs,
        sources,
        next_page_token,
    } = page;
    pb::ListPairsResponse {
        pairs: pairs.iter().map(to_pair).collect(),
        sources: to_terms(sources),
        next_page_token: present(next_page_token),
    }
}

fn to_currency(entry: &CurrencyEntry) -> pb::Currency {
    let CurrencyEntry {
        currency,
        home_bank,
        sources,
    } = entry;
    let starts = sources.iter().map(|quoting| quoting.start_date);
    pb::Currency {
        code: currency.to_string(),
        names: Some(names(currency.as_str())),
        symbol: sign(currency.as_str()).map(str::to_owned),
        minor_unit: currency.known_minor_unit(),
        home_bank: home_bank.map(|id| id.to_string()),
        start_date: starts.min().map(|date| date.to_string()),
        sources: sources.iter().map(to_currency_source).collect(),
    }
}

fn to_currency_source(quoting: &CurrencySource) -> pb::CurrencySource {
    let CurrencySource {
        source,
        start_date,
        newest_effective_date,
        units,
    } = quoting;
    pb::CurrencySource {
        source: source.to_string(),
        start_date: start_date.to_string(),
        newest_effective_date: newest_effective_date.to_string(),
        units: units.to_string(),
    }
}

fn to_pair(entry: &PairEntry) -> pb::Pair {
    let PairEntry {
        pair,
        derivation,
        source,
        start_date,
    } = entry;
    pb::Pair {
        pair: pair.to_string(),
        base_currency: pair.base.to_string(),
        quote_currency: pair.quote.to_string(),
        derivation: to_derivation(*derivation).into(),
        source: source.clone(),
        start_date: start_date.to_string(),
    }
}

fn to_terms(sources: &[Arc<SourceRecord>]) -> Vec<pb::SourceTerms> {
    let terms = |record: &Arc<SourceRecord>| pb::SourceTerms {
        id: record.id.to_string(),
        name: record.name.to_owned(),
        attribution: present(record.attribution),
        page: record.page.to_owned(),
        terms: record.terms.to_owned(),
    };
    sources.iter().map(terms).collect()
}
