//! Whether what was published can be believed: checks, held values, flags, and the histories they are judged by.

mod check;
mod window;
mod history;
mod record;
mod triangle;
mod assessment;
mod flags;
mod plausibility;

pub(crate) use assessment::{Assessment, Context, assess};
pub use check::{Check, DecidedBy, Decision, Flag, Held, HeldId, Outcome};
pub use flags::FlagBook;
pub use history::{History, Inserted, LOOK_BACK_DAYS, Revising, Standing, TABLES_MAX};
pub use plausibility::{Implausible, Intent, judge};
pub use record::{DocumentRecord, SourceRecord};
pub use window::{NoPoint, Window, WindowPoint};
