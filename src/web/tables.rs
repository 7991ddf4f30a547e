//! Answers as rows: CSV for spreadsheets, and a JSON object on each line (NDJSON) for programs.
//!
//! They hold what the JSON answers hold, whole and not in pages. A page is read, written and sent before the next one is
//! read, so an answer of any length takes the memory of one page, and a slow reader slows the reading. An answer that cannot
//! be completed is cut off (in HTTP/1.1 its last chunk is missing), so that no client takes a part for the whole.

mod catalogue;
mod form;
mod handlers;
mod pages;
mod single;

pub(super) use self::catalogue::{currencies, pairs};
pub(super) use self::form::{Form, vary_by_accept, with_ending};
pub(super) use self::handlers::{fixings, histories, history, periods, snapshot, sources};
pub(super) use self::single::{convert, rate};
