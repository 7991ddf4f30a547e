//! Currencies and pairs as JSON objects.

use serde::Serialize;

use crate::json::{list, short};
use crate::pb;

/// Every currency.
#[derive(Debug, Serialize)]
pub struct ListCurrenciesResponse<'a> {
    currencies: Vec<Currency<'a>>,
    sources: Vec<SourceTerms<'a>>,
}

/// A currency of a published table.
#[derive(Debug, Serialize)]
pub struct Currency<'a> {
    code: &'a str,
    names: Option<CurrencyNames<'a>>,
    symbol: Option<&'a str>,
    minor_unit: Option<u32>,
    home_bank: Option<&'a str>,
    start_date: Option<&'a str>,
    sources: Vec<CurrencySource<'a>>,
}

#[derive(Debug, Serialize)]
struct CurrencyNames<'a> {
    en: Option<&'a str>,
    kk: Option<&'a str>,
    ky: Option<&'a str>,
    ru: Option<&'a str>,
    tg: Option<&'a str>,
    tk: Option<&'a str>,
    uz: Option<&'a str>,
    uz_cyrl: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct CurrencySource<'a> {
    source: &'a str,
    start_date: &'a str,
    newest_effective_date: &'a str,
    units: &'a str,
}

#[derive(Debug, Serialize)]
struct SourceTerms<'a> {
    id: &'a str,
    name: &'a str,
    attribution: Option<&'a str>,
    page: &'a str,
    terms: &'a str,
}

/// The pairs of a filter.
#[derive(Debug, Serialize)]
pub struct ListPairsResponse<'a> {
    pairs: Vec<Pair<'a>>,
    sources: Vec<SourceTerms<'a>>,
    next_page_token: Option<&'a str>,
}

/// A pair that has a rate.
#[derive(Debug, Serialize)]
#[expect(
    clippy::struct_field_names,
    reason = "the names of the contract are the keys"
)]
pub struct Pair<'a> {
    pair: &'a str,
    base_currency: &'a str,
    quote_currency: &'a str,
    derivation: &'static str,
    source: &'a str,
    start_date: &'a str,
}

impl<'a> From<&'a pb::ListCurrenciesResponse> for ListCurrenciesResponse<'a> {
    fn from(response: &'a pb::ListCurrenciesResponse) -> Self {
        let pb::ListCurrenciesResponse {
            currencies,
            sources,
        } = response;
        Self {
            currencies: list(currencies),
            sources: list(sources),
        }
    }
}

impl<'a> From<&'a pb::Currency> for Currency<'a> {
    fn from(currency: &'a pb::Currency) -> Self {
        let pb::Currency {
            code,
            names,
            symbol,
            minor_unit,
            home_bank,
            start_date,
            sources,
        } = currency;
        Self {
            code,
            names: names.as_ref().map(CurrencyNames::from),
            symbol: symbol.as_deref(),
            minor_unit: *minor_unit,
            home_bank: home_bank.as_deref(),
            start_date: start_date.as_deref(),
            sources: list(sources),
        }
    }
}

impl<'a> From<&'a pb::CurrencyNames> for CurrencyNames<'a> {
    fn from(names: &'a pb::CurrencyNames) -> Self {
        let pb::CurrencyNames {
            en,
            kk,
            ky,
            ru,
            tg,
            tk,
            uz,
            uz_cyrl,
        } = names;
        Self {
            en: en.as_deref(),
            kk: kk.as_deref(),
            ky: ky.as_deref(),
            ru: ru.as_deref(),
            tg: tg.as_deref(),
            tk: tk.as_deref(),
            uz: uz.as_deref(),
            uz_cyrl: uz_cyrl.as_deref(),
        }
    }
}

impl<'a> From<&'a pb::CurrencySource> for CurrencySource<'a> {
    fn from(quoting: &'a pb::CurrencySource) -> Self {
        let pb::CurrencySource {
            source,
            start_date,
            newest_effective_date,
            units,
        } = quoting;
        Self {
            source,
            start_date,
            newest_effective_date,
            units,
        }
    }
}

impl<'a> From<&'a pb::SourceTerms> for SourceTerms<'a> {
    fn from(source: &'a pb::SourceTerms) -> Self {
        let pb::SourceTerms {
            id,
            name,
            attribution,
            page,
            terms,
        } = source;
        Self {
            id,
            name,
            attribution: attribution.as_deref(),
            page,
            terms,
        }
    }
}

impl<'a> From<&'a pb::ListPairsResponse> for ListPairsResponse<'a> {
    fn from(response: &'a pb::ListPairsResponse) -> Self {
        let pb::ListPairsResponse {
            pairs,
            sources,
            next_page_token,
        } = response;
        Self {
            pairs: list(pairs),
            sources: list(sources),
            next_page_token: next_page_token.as_deref(),
        }
    }
}

impl<'a> From<&'a pb::Pair> for Pair<'a> {
    fn from(listed: &'a pb::Pair) -> Self {
        let pb::Pair {
            pair,
            base_currency,
            quote_currency,
            derivation: _,
            source,
            start_date,
        } = listed;
        Self {
            pair,
            base_currency,
            quote_currency,
            derivation: short(listed.derivation().as_str_name(), "DERIVATION_"),
            source,
            start_date,
        }
    }
}
