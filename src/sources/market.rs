//! Market tables, as news tickers show them. One source with five vendors; a setting selects the `kind`.
//!
//! Quirks:
//! * A row reads the other way round than a bank's: one unit of the base costs so much of the row's currency.
//! * The base is the one the document prints: USD, and EUR on the smallest plan of fixer.
//! * Some 170 rows; the five and USD are taken, the rest (bitcoin, metals, `1.08e-05`) is counted and left out.
//! * A table has an instant. Its date is the UTC date of that instant; the date printed beside it may be the next one.
//!   fawazahmed0 prints a date alone.
//! * Errors come as JSON, often with status 200. What they say is repeated without anything that may be a key.
//! * The vendors with keys buy from one family of feeds: two of them are not two opinions. TMT wanders between 3.5 and
//!   3.51, which the official rate never does.
//!
//! Shapes: apilayer, fixer and openexchangerates send `base` and `rates`; currencylayer and exchangerate.host `source` and
//! `quotes`; fawazahmed0 its base as the name of the member.

mod answer;

use jiff::civil::Date;

use crate::domain::{
    Currency, DatingRule, Exceptions, Hours, MovingFeasts, RevisionPolicy, Schedule, SourceId,
    Table,
};
use crate::sources::{ApiKeyPlacement, Document, EVERY_DAY, ParseError, Source, TableSelector};

/// The terms of a paid interface.
const TERMS_OF_THE_PLAN: &str = "those of the plan subscribed to";

/// apilayer.com, Exchange Rates Data.
pub const APILAYER: Source = Source {
    id: SourceId::new("market"),
    kind: "apilayer",
    name: "apilayer Exchange Rates Data",
    home: None,
    zone: "UTC",
    base_url: "https://api.apilayer.com",
    api_key_placement: ApiKeyPlacement::Header("apikey"),
    page: "https://apilayer.com/marketplace/exchangerates_data-api",
    terms: TERMS_OF_THE_PLAN,
    attribution: "",
    typical_dollar: None,
    documents: &[Document {
        latest: Some("/exchangerates_data/latest?base=USD"),
        parse: parse_rates,
        ..LATEST
    }],
    revision_policy: RevisionPolicy::Replacement,
};

/// currencylayer.com; the answer of exchangerate.host has the same shape.
pub const CURRENCYLAYER: Source = Source {
    kind: "currencylayer",
    name: "currencylayer",
    base_url: "https://api.currencylayer.com",
    api_key_placement: ApiKeyPlacement::Query("access_key"),
    page: "https://currencylayer.com",
    terms: "https://currencylayer.com/terms",
    typical_dollar: None,
    documents: &[Document {
        latest: Some("/live?source=USD"),
        parse: parse_quotes,
        ..LATEST
    }],
    ..APILAYER
};

/// The free daily tables of fawazahmed0, from a content delivery network.
pub const FAWAZAHMED0: Source = Source {
    kind: "fawazahmed0",
    name: "fawazahmed0 currency-api",
    base_url: "https://cdn.jsdelivr.net",
    api_key_placement: ApiKeyPlacement::Open,
    page: "https://github.com/fawazahmed0/exchange-api",
    terms: "CC0 1.0: public domain",
    typical_dollar: None,
    documents: &[Document {
        latest: Some("/npm/@fawazahmed0/currency-api@latest/v1/currencies/usd.json"),
        dated: Some(dated_package),
        // Some days were never published.
        missing_is_normal: true,
        parse: parse_dated,
        ..LATEST
    }],
    ..APILAYER
};

/// fixer.io.
pub const FIXER: Source = Source {
    kind: "fixer",
    name: "fixer",
    base_url: "https://data.fixer.io",
    api_key_placement: ApiKeyPlacement::Query("access_key"),
    page: "https://fixer.io",
    typical_dollar: None,
    documents: &[Document {
        // Requesting a base is an error on the smallest plan.
        latest: Some("/api/latest"),
        parse: parse_rates,
        ..LATEST
    }],
    ..APILAYER
};

/// openexchangerates.org.
pub const OPENEXCHANGERATES: Source = Source {
    kind: "openexchangerates",
    name: "Open Exchange Rates",
    base_url: "https://openexchangerates.org",
    api_key_placement: ApiKeyPlacement::Query("app_id"),
    page: "https://openexchangerates.org",
    terms: "https://openexchangerates.org/terms/",
    typical_dollar: None,
    documents: &[Document {
        latest: Some("/api/latest.json"),
        parse: parse_rates,
        ..LATEST
    }],
    ..APILAYER
};

/// What the documents of all vendors have in common.
const LATEST: Document = Document {
    name: "latest",
    latest: None,
    dated: None,
    series: None,
    at_start: TableSelector::Latest,
    polls: &[TableSelector::Latest],
    missing_is_normal: false,
    // One wanted currency is enough: vendors differ in which ones they have.
    required: &[],
    // A table for every day, complete only when the day is over.
    schedule: Schedule {
        hours: Hours {
            days: EVERY_DAY,
            opens: 0,
            closes: 24,
        },
        dating: DatingRule::SameDay,
        holidays: &[],
        feasts: MovingFeasts::NONE,
        exceptions: Exceptions::NONE,
        repeated_on: &[],
        valid_days: 2,
    },
    parse: parse_rates,
};

fn dated_package(date: Date) -> String {
    format!("/npm/@fawazahmed0/currency-api@{date}/v1/currencies/usd.json")
}

/// Parses `base` and `rates`: apilayer, fixer, openexchangerates.
pub fn parse_rates(bytes: &[u8]) -> Result<Table, ParseError> {
    answer::read(bytes, answer::rates_table)
}

/// Parses `source` and `quotes`: currencylayer, exchangerate.host.
pub fn parse_quotes(bytes: &[u8]) -> Result<Table, ParseError> {
    answer::read(bytes, answer::quotes_table)
}

/// Parses `date` and `usd`: fawazahmed0.
pub fn parse_dated(bytes: &[u8]) -> Result<Table, ParseError> {
    answer::read(bytes, answer::dated_table)
}

/// Whether a row is wanted: it prices one of the five, or the dollar they are crossed through.
fn wanted(code: &str, base: Currency) -> bool {
    Currency::parse(code).is_ok_and(|currency| {
        currency != base && (currency.is_of_the_five() || currency == Currency::USD)
    })
}
