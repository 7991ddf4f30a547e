//! What a rate is: values and arithmetic, and nothing that touches the world.
//!
//! ```text
//! Table ─▶ History ─▶ Quote ─▶ Rate        (a Snapshot holds the quotes of one revision)
//! ```
//!
//! A bank's document becomes a [`Table`] of [`Fixing`]s; a [`History`] keeps the tables of one document and knows
//! which is in force; a [`Quote`] is the choice of the fixings behind a pair; a [`Rate`] is computed from them on
//! demand. Nothing in here knows time, network, disk or the wire. No operator of a number type is used unchecked.

#![deny(clippy::arithmetic_side_effects)]

mod currency;
mod pair;
mod decimal;
mod ratio;
mod fixing;
mod window;
mod history;
mod schedule;
mod freshness;
mod change;
mod triangle;
mod assessment;
mod flags;
mod check;
mod plausibility;
mod polling;
mod quote;
mod rate;
mod filter;
mod snapshot;
mod conversion;
mod past;
mod entry;
mod book;
mod ticker;
mod refusal;

pub use book::{Book, Filed, NotDecided, NotFiled, View};
pub use change::{Change, Direction};
pub use check::{Check, DecidedBy, Decision, Flag, Held, HeldId, Outcome};
pub use currency::{Currency, InvalidCurrency};
pub use decimal::{DecimalError, Separator, parse_decimal, parse_published};
pub use entry::{Cause, DocumentKey, Entry, FiledTable, Restored, RestoredDocument, Served};
pub use filter::{FILTER_PAIRS_MAX, FilterError, RateFilter};
pub use fixing::{DroppedRow, Fixing, Point, SourceId, Table};
pub use flags::FlagBook;
pub use freshness::{Age, Freshness, KnownDates};
pub use history::{History, Inserted, LOOK_BACK_DAYS, Revising, Standing, TABLES_MAX};
pub use pair::{InvalidPair, Pair};
pub use past::{Leg, rates_between, snapshot_on};
pub use plausibility::{Implausible, Intent, judge};
pub use polling::{PollReport, PollStatus, Polling};
pub use quote::{DocumentRecord, Preference, Quote, QuoteInputs, SourceRecord, choose_quotes};
pub use rate::{Announced, Derivation, Rate, WindowChange};
pub use ratio::Ratio;
pub use refusal::{Field, Reason, Refusal, RefusalKind, TablePart};
pub use schedule::{Dated, Holiday, Hours, Outlook, Publication, Schedule};
pub use snapshot::{Continuity, Position, REMOVALS_MAX, Snapshot, SourceState, Update};
pub use ticker::{TickerStyle, ticker_entry};
pub use window::{NoPoint, Window, WindowPoint};
