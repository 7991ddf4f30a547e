//! What banks publish, as printed: currencies, rows, tables, and the schedule they appear by.

mod currency;
mod date;
mod pair;
mod fixing;
mod table;
mod pricing;
mod schedule;

pub use currency::{Currency, InvalidCurrency};
pub use date::{DateFormat, parse_date};
pub use fixing::{Fixing, NOMINALS, Point, SourceId};
pub use pair::{InvalidPair, Pair, QuoteKey, Route};
pub use pricing::price_along;
pub use schedule::{DatingRule, Holiday, Hours, Outlook, Publication, Schedule};
pub use table::{DocumentKey, DroppedRow, Table};
