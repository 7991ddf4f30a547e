//! What banks publish, as printed: currencies, rows, tables, and the schedule they appear by.

mod currency;
mod date;
mod date_range;
mod letters;
mod pair;
mod period;
mod route;
mod source_id;
mod fixing;
mod table;
mod pricing;
mod schedule;
mod first_seen;

pub use currency::{Currency, InvalidCurrency};
pub(in crate::domain) use date::days_between;
pub use date::{DateFormat, parse_date};
pub use date_range::DateRange;
pub use first_seen::FirstSeen;
pub use fixing::{Fixing, NOMINALS, Point};
pub use letters::{changes_the_line, plain_sentence};
pub use pair::{InvalidPair, Pair};
pub use period::{HistoryStep, Period};
pub use pricing::{price, price_along};
pub use route::{QuoteKey, Route, counterparts};
pub use schedule::{
    DatingRule, Exceptions, Holiday, Hours, MovingFeasts, Outlook, Publication, Schedule,
};
pub use source_id::SourceId;
pub use table::{DocumentKey, DroppedRow, Table};
