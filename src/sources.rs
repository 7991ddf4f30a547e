//! The sources: what each bank publishes, where, when, under which terms, and a pure parser for it. Nothing here uses a
//! clock, the network or the log.
//!
#![doc = include_str!("sources/README.md")]

mod text;
mod xml;
mod json;
mod table_builder;
mod series;
pub mod cbr;
pub mod cbt;
pub mod cbu;
pub mod market;
pub mod nbk;
pub mod nbkr;
pub mod nbt;

use jiff::civil::{Date, Weekday};
use thiserror::Error;

use crate::domain::{Currency, RevisionPolicy, Schedule, SourceId, Table};
pub use crate::sources::series::{Series, SeriesPage, merge};
pub use crate::sources::text::printable;

/// Every source, sorted by id and kind. A market table has one for each vendor.
pub const ALL: &[&Source] = &[
    &cbr::SOURCE,
    &cbt::SOURCE,
    &cbu::SOURCE,
    &market::APILAYER,
    &market::CURRENCYLAYER,
    &market::FAWAZAHMED0,
    &market::FIXER,
    &market::OPENEXCHANGERATES,
    &nbk::SOURCE,
    &nbkr::SOURCE,
    &nbt::SOURCE,
];

/// A publisher, and everything silkrate knows about it.
#[derive(Debug)]
pub struct Source {
    /// Its id: also the name of its module and fixture folder.
    pub id: SourceId,
    /// The vendor, for a source that has several; empty for a bank.
    pub kind: &'static str,
    /// The publisher's name.
    pub name: &'static str,
    /// The currency it is the home bank of; none for a market table.
    pub home: Option<Currency>,
    /// The IANA time zone of its dates and hours.
    pub zone: &'static str,
    /// Scheme and host; a setting replaces them.
    pub base_url: &'static str,
    /// Where an API key is sent.
    pub api_key_placement: ApiKeyPlacement,
    /// A web page on which the rates can be checked.
    pub page: &'static str,
    /// Its terms of use, as far as they are published.
    pub terms: &'static str,
    /// The attribution that its terms require; empty if they require none.
    pub attribution: &'static str,
    /// The approximate price of a dollar in its own currency, to detect an absurd first table; `None` for a market
    /// table.
    pub typical_dollar: Option<u32>,
    /// Its documents, the main one first.
    pub documents: &'static [Document],
    /// The meaning of a second table of the same date.
    pub revision_policy: RevisionPolicy,
}

/// One document of a source.
#[derive(Debug, Clone, Copy)]
pub struct Document {
    /// Its name within the source.
    pub name: &'static str,
    /// The path and query of the newest table, if there is one.
    pub latest: Option<&'static str>,
    /// The path and query of the table of a date, if the source answers by date.
    pub dated: Option<fn(Date) -> String>,
    /// How past tables are fetched, if the source does not answer by date but by currency.
    pub series: Option<Series>,
    /// The table that is requested first: the one in force.
    pub at_start: TableSelector,
    /// The tables that every poll requests, in order.
    pub polls: &'static [TableSelector],
    /// Whether status 404 to a dated request means that there is no table of that date.
    pub missing_is_normal: bool,
    /// Currencies without which a table is refused.
    pub required: &'static [Currency],
    /// The schedule of its tables.
    pub schedule: Schedule,
    /// Parses a response into a table. Pure.
    pub parse: fn(&[u8]) -> Result<Table, ParseError>,
}

/// Selects a table of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableSelector {
    /// The newest table.
    Latest,
    /// The table of today, in the source's time zone.
    Today,
    /// The table of tomorrow, in the source's time zone.
    Tomorrow,
    /// The table of the next date on which a fixing is scheduled to take force: on a Friday perhaps Monday.
    NextFixing,
}

impl Document {
    /// The date of a selected table on a day, in the source's time zone; `None` for the newest.
    pub fn date(&self, selector: TableSelector, today: Date) -> Option<Date> {
        match selector {
            TableSelector::Latest => None,
            TableSelector::Today => Some(today),
            TableSelector::Tomorrow => today.tomorrow().ok(),
            TableSelector::NextFixing => self.schedule.next_possible_date(today),
        }
    }

    /// The path of a selected table on a day; `None` if the document does not have such a path.
    pub fn path(&self, selector: TableSelector, today: Date) -> Option<String> {
        if selector == TableSelector::Latest {
            return self.latest.map(str::to_owned);
        }
        let dated = self.dated?;
        self.date(selector, today).map(dated)
    }

    /// Whether its polls show the newest table alone, and no longer that of today once a later one is there, though the
    /// source answers by date.
    pub fn loses_sight_of_today(&self) -> bool {
        self.dated.is_some() && self.polls == [TableSelector::Latest]
    }
}

/// Where the API key is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiKeyPlacement {
    /// No key.
    Open,
    /// In a header of this name.
    Header(&'static str),
    /// In a query parameter of this name.
    Query(&'static str),
}

/// Monday to Friday.
pub const WORKING_DAYS: &[Weekday] = &[
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
];
/// Monday to Saturday.
pub const WORKING_DAYS_AND_SATURDAY: &[Weekday] = &[
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
];
/// Every day.
pub const EVERY_DAY: &[Weekday] = &[
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];
/// Why a response is not a table. The text is safe to print.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseError {
    /// The document is not well-formed.
    #[error("the document is not well-formed: {0}")]
    Malformed(String),
    /// It is well-formed, and not what this source sends.
    #[error("not the expected document: {0}")]
    Unexpected(String),
    /// The source answered with an error of its own.
    #[error("the source answered with an error: {0}")]
    Refused(String),
    /// The date it prints cannot be read.
    #[error("no readable date: `{0}`")]
    Date(String),
    /// One currency twice, with different figures.
    #[error("two different rows for {0}")]
    Contradiction(Currency),
    /// It has rows, and none of them could be used; with the first of them and its reason.
    #[error("no usable row; the first: {0}")]
    NoRows(String),
    /// It has no row at all. A bank answers so when a date is requested for which it has no table.
    #[error("the document has no rows")]
    Empty,
}

/// The source of an id and, if the id has several, a kind.
pub fn find(id: &str, kind: &str) -> Option<&'static Source> {
    ALL.iter()
        .find(|source| source.id.as_str() == id && source.kind == kind)
        .copied()
}
