//! The words of the pages in one language: the key `pages` of `locales.json`. A text in braces is replaced by a value.

use serde::Deserialize;

/// The words of the pages.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct PageWords {
    /// The name of the language in itself.
    pub(in crate::web) native_name: String,
    pub(in crate::web) layout: LayoutWords,
    pub(in crate::web) home: HomeWords,
    pub(in crate::web) currency: CurrencyPageWords,
    pub(in crate::web) converter: ConverterWords,
    pub(in crate::web) builder: BuilderWords,
}

/// The words that every page has.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct LayoutWords {
    pub(in crate::web) skip: String,
    pub(in crate::web) on_page: String,
    pub(in crate::web) language: String,
    pub(in crate::web) appearance: String,
    pub(in crate::web) as_system: String,
    pub(in crate::web) light: String,
    pub(in crate::web) dark: String,
    pub(in crate::web) live: String,
    pub(in crate::web) all_rates: String,
    pub(in crate::web) note: String,
    pub(in crate::web) currency: String,
    pub(in crate::web) change: String,
    pub(in crate::web) date: String,
    pub(in crate::web) source: String,
}

/// The words of the page with all rates.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct HomeWords {
    pub(in crate::web) title: String,
    pub(in crate::web) description: String,
    pub(in crate::web) market_title: String,
    pub(in crate::web) market_description: String,
    pub(in crate::web) market_heading: String,
    pub(in crate::web) heading: String,
    pub(in crate::web) intro: String,
    pub(in crate::web) rates: String,
    pub(in crate::web) ticker: String,
    pub(in crate::web) variants: String,
    pub(in crate::web) against: String,
    pub(in crate::web) show: String,
    pub(in crate::web) unit: String,
    pub(in crate::web) month: String,
    pub(in crate::web) caption: String,
}

/// The words of the page of a currency.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct CurrencyPageWords {
    pub(in crate::web) title: String,
    pub(in crate::web) rate: String,
    pub(in crate::web) market_title: String,
    pub(in crate::web) market_rate: String,
    pub(in crate::web) history: String,
    pub(in crate::web) chart: String,
    pub(in crate::web) bank: String,
    pub(in crate::web) working_days: String,
    pub(in crate::web) six_days: String,
    pub(in crate::web) next_day: String,
    pub(in crate::web) next_working_day: String,
    pub(in crate::web) terms: String,
    pub(in crate::web) data: String,
    pub(in crate::web) latest: String,
    pub(in crate::web) rows: String,
    pub(in crate::web) others: String,
    pub(in crate::web) missing_title: String,
    pub(in crate::web) missing: String,
}

/// The words of the converter.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct ConverterWords {
    pub(in crate::web) heading: String,
    pub(in crate::web) amount: String,
    pub(in crate::web) from: String,
    pub(in crate::web) to: String,
    pub(in crate::web) convert: String,
    pub(in crate::web) invalid: String,
    pub(in crate::web) too_large: String,
    pub(in crate::web) no_rate: String,
}

/// The words of the builder of snippets.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct BuilderWords {
    pub(in crate::web) heading: String,
    pub(in crate::web) intro: String,
    pub(in crate::web) allowed: String,
    pub(in crate::web) pairs: String,
    pub(in crate::web) pairs_default: String,
    pub(in crate::web) pairs_hint: String,
    pub(in crate::web) as_page: String,
    pub(in crate::web) theme: String,
    pub(in crate::web) direction: String,
    pub(in crate::web) left: String,
    pub(in crate::web) right: String,
    pub(in crate::web) vertical: String,
    pub(in crate::web) still: String,
    pub(in crate::web) density: String,
    pub(in crate::web) regular: String,
    pub(in crate::web) compact: String,
    pub(in crate::web) percent: String,
    pub(in crate::web) absolute: String,
    pub(in crate::web) both: String,
    pub(in crate::web) hidden: String,
    pub(in crate::web) window: String,
    pub(in crate::web) previous: String,
    pub(in crate::web) digits: String,
    pub(in crate::web) of_bank: String,
    pub(in crate::web) form: String,
    pub(in crate::web) as_pair: String,
    pub(in crate::web) as_local: String,
    pub(in crate::web) labels: String,
    pub(in crate::web) as_form: String,
    pub(in crate::web) code: String,
    pub(in crate::web) name: String,
    pub(in crate::web) symbol: String,
    pub(in crate::web) announced: String,
    pub(in crate::web) tag: String,
    pub(in crate::web) row: String,
    pub(in crate::web) link: String,
    pub(in crate::web) speed: String,
    pub(in crate::web) pin: String,
    pub(in crate::web) pin_hint: String,
    pub(in crate::web) kind: String,
    pub(in crate::web) script: String,
    pub(in crate::web) html: String,
    pub(in crate::web) picture: String,
    pub(in crate::web) chart: String,
    pub(in crate::web) preview: String,
    pub(in crate::web) paste: String,
    pub(in crate::web) copy: String,
    pub(in crate::web) copied: String,
    pub(in crate::web) script_hint: String,
    pub(in crate::web) cost: String,
    pub(in crate::web) chart_cost: String,
    pub(in crate::web) weight: String,
    pub(in crate::web) html_hint: String,
    pub(in crate::web) picture_hint: String,
    pub(in crate::web) frame: String,
    pub(in crate::web) frame_hint: String,
    pub(in crate::web) line: String,
    pub(in crate::web) line_hint: String,
    pub(in crate::web) chart_hint: String,
}
