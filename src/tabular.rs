//! Rows as text: comma-separated values for spreadsheets, and a JSON object on each line for programs.
//!
//! The web side serves what the command line prints: the columns, and the text of a cell, are defined here alone. A row is
//! the JSON form of a message of the contract ([`crate::json`]), so a decimal keeps the digits of its text.
//!
#![doc = include_str!("tabular/README.md")]

mod cell;
mod columns;
mod dialect;
mod reader;
mod wide;
mod writer;

pub use self::columns::{
    CONVERSION, CURRENCY, Column, FIXING, HELD, PAIR, PAST_RATE, PERIOD, RATE, SOURCE,
};
pub use self::dialect::Dialect;
pub use self::wide::Wide;
pub use self::writer::{csv, header, lines, records};
