//! Exact arithmetic: decimals, quotients, changes and converted amounts. Nothing here knows a currency or a bank.

mod decimal;
mod ratio;
mod average;
mod change;
mod conversion;

pub use average::WeightedSum;
pub use change::{Change, Direction};
pub use conversion::{AMOUNT_DIGITS, convert_amount};
pub use decimal::{DECIMAL_BYTES_MAX, DecimalError, Separator, parse_decimal, parse_published};
pub use ratio::Ratio;
