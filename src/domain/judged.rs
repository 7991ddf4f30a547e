//! Plausibility: the checks of published values, held values, flags, and the histories they are compared with.
//!
#![doc = include_str!("judged/README.md")]

mod check;
mod window;
mod history;
mod record;
mod calendar;
mod triangle;
mod row_checks;
mod flags;
mod table_checks;

pub use check::{Check, DecidedBy, Decision, Flag, Held, HeldId, HeldOutcome};
pub use flags::FlagBook;
pub use history::{
    History, InsertOutcome, PairState, REPEATS_MAX, RevisionPolicy, TABLES_MAX, last_in_force,
    oldest_in_force,
};
pub use record::{DocumentRecord, SourceRecord};
pub(crate) use row_checks::{CheckedRows, Context, check_rows, overtaken, plausible_now};
pub use table_checks::{Implausible, Intent, check_table};
pub use window::{MissingPoint, Window, WindowPoint};
