//! The banks: what each publishes, where, when, on which terms, and a pure parser for it. Never a clock, a network or
//! a log: a bank is read here, not fetched.
//!
//! To add a bank: write its file, add its two lines here (`mod` and [`ALL`]), and put its fixtures into
//! `tests/fixtures/<id>/`. No other code changes.
//!
#![doc = include_str!("sources/README.md")]

mod text;
mod xml;
mod json;
mod rows;
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
pub use crate::sources::rows::printable;
pub use crate::sources::series::{Series, SeriesPage, merge};

/// Every source; a market table has one for each kind of vendor. The order is that of the ids, then of the kinds.
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

/// One publisher: all that silkrate knows about it.
#[derive(Debug)]
pub struct Source {
    /// Short name: also the file, the fixture folder and the label.
    pub id: SourceId,
    /// Which vendor's shape, for the sources that have several; empty for a bank.
    pub kind: &'static str,
    /// The publisher's name.
    pub name: &'static str,
    /// The currency it is the home bank of; none for a market table.
    pub home: Option<Currency>,
    /// The IANA zone its dates and hours are counted in.
    pub zone: &'static str,
    /// Scheme and host; a setting replaces it.
    pub base_url: &'static str,
    /// How a key is sent, for those who want one.
    pub access: Access,
    /// Where a person can check the numbers.
    pub page: &'static str,
    /// What its terms of use say, as far as they are published.
    pub terms: &'static str,
    /// The text its terms ask to be shown; empty when they ask for none.
    pub attribution: &'static str,
    /// About how much of its own currency a dollar costs, to know an absurd first table by; none for a market table.
    pub typical_dollar: Option<u32>,
    /// Its documents, the main one first.
    pub documents: &'static [Document],
    /// What a second table of the same date means.
    pub revision_policy: RevisionPolicy,
}

/// One document of a source.
#[derive(Debug)]
pub struct Document {
    /// Its name within the source.
    pub name: &'static str,
    /// The path and query that give the newest table, where there is such a thing.
    pub latest: Option<&'static str>,
    /// The path and query that give the table of a date, where the source answers by date.
    pub dated: Option<fn(Date) -> String>,
    /// How its history is had, where the source does not answer by date but by currency.
    pub series: Option<Series>,
    /// What is asked first: what is in force.
    pub at_start: TableSelector,
    /// What every poll asks, in order.
    pub polls: &'static [TableSelector],
    /// Whether an answer 404 to a dated request means that there is no table of that date, and nothing wrong.
    pub missing_is_normal: bool,
    /// Currencies without which a table is not believed.
    pub required: &'static [Currency],
    /// When its tables appear, and how long each is good for.
    pub schedule: Schedule,
    /// Turns one answer into one table. Pure.
    pub parse: fn(&[u8]) -> Result<Table, ParseError>,
}

/// What is asked of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableSelector {
    /// The newest table.
    Latest,
    /// The table of today, in the source's zone.
    Today,
    /// The table of tomorrow, in the source's zone.
    Tomorrow,
    /// The table of the next date that a fixing is scheduled to bear: on a Friday perhaps Monday.
    NextFixing,
}

impl Document {
    /// The date asked for on a day, in the source's zone; none for the newest.
    pub fn date(&self, asked: TableSelector, today: Date) -> Option<Date> {
        match asked {
            TableSelector::Latest => None,
            TableSelector::Today => Some(today),
            TableSelector::Tomorrow => today.tomorrow().ok(),
            TableSelector::NextFixing => self.schedule.next_date(today),
        }
    }

    /// Where to ask on a day; nothing when the document cannot be asked so.
    pub fn path(&self, asked: TableSelector, today: Date) -> Option<String> {
        if asked == TableSelector::Latest {
            return self.latest.map(str::to_owned);
        }
        let dated = self.dated?;
        self.date(asked, today).map(dated)
    }
}

/// How a vendor's key is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
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
/// How long after its hours a daily table may be missing before the one before it is stale: a day, in which a bank that
/// was late has published the next one too.
pub const DAILY_STALE_AFTER_HOURS: i32 = 24;

/// Why an answer is not a table. The text is for people, and safe to print.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseError {
    /// The bytes are not of the declared encoding.
    #[error("the document is not {0}")]
    Encoding(&'static str),
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
    /// No row could be used.
    #[error("no usable row")]
    NoRows,
}

/// The source of an id and, where the id has several, a kind.
pub fn find(id: &str, kind: &str) -> Option<&'static Source> {
    ALL.iter()
        .find(|source| source.id.as_str() == id && source.kind == kind)
        .copied()
}
