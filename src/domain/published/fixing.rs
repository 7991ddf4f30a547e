//! Fixings: single rows of a bank's table, as printed.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::numbers::Ratio;
use crate::domain::published::{Currency, SourceId};

/// The nominals that banks print: the units of the currency that a value is for. A bank changes the nominal of a currency
/// over the years, up to a million for the Turkish lira of 2002; any other number is a misread row.
pub const NOMINALS: [u32; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// One row as published: `units` of `currency` cost `value` of `home_currency`. Never inverted, never re-dated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixing {
    /// The source.
    pub source: SourceId,
    /// The currency priced.
    pub currency: Currency,
    /// The nominal: one of [`NOMINALS`].
    pub units: u32,
    /// The value with the bank's digits; above zero.
    pub value: Decimal,
    /// The currency the value is in.
    pub home_currency: Currency,
    /// The date the document prints.
    pub effective_date: Date,
    /// The change that the bank prints, for `units`.
    pub published_change: Option<Decimal>,
    /// The value before the bank corrected it.
    pub superseded_value: Option<Decimal>,
}

impl Fixing {
    /// Whether both have the same value for the same units, whatever their dates.
    pub fn same_value(&self, other: &Self) -> bool {
        self.units == other.units && self.value == other.value
    }

    /// The exact price of one unit.
    pub fn price_per_unit(&self) -> Option<Ratio> {
        Ratio::from(self.value).divided_by(&Ratio::from(self.units))
    }

    /// The published value for one unit: the decimal point moves, the digits stay.
    pub fn value_per_unit(&self) -> Option<Decimal> {
        let shift = self.units.checked_ilog10()?;
        let scale = self.value.scale().checked_add(shift)?;
        Decimal::try_from_i128_with_scale(self.value.mantissa(), scale).ok()
    }

    /// What the value would be for another number of units.
    pub fn value_for(&self, units: u32) -> Option<Decimal> {
        self.price_per_unit()?.times(&Ratio::from(units)).exact()
    }

    /// This value minus that of another row, for the units of this one.
    pub fn difference_from(&self, other: &Self) -> Option<Decimal> {
        let other = other.price_per_unit()?.times(&Ratio::from(self.units));
        Ratio::from(self.value).minus(&other).exact()
    }
}

/// The fixing of a pair at a date, by one source: the rows from which it follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// One row, or two that cross through the table's pivot.
    pub fixings: Vec<Arc<Fixing>>,
    /// The date of the fixing.
    pub date: Date,
}
