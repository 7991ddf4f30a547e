//! The price of a pair along published rows.

use std::sync::Arc;

use rust_decimal::Decimal;

use crate::domain::numbers::Ratio;
use crate::domain::published::{Fixing, Pair};

/// The exact price of one base in the quote currency, along rows that share a currency. Returns `None` if the rows do
/// not lead from one to the other.
pub fn price_along(pair: Pair, fixings: &[Arc<Fixing>]) -> Option<Ratio> {
    // The rows lead from one of the five to the other currency; for the inverse pair they are read backwards.
    let touches = |row: &Fixing| row.currency == pair.base || row.home_currency == pair.base;
    let mut rows: Vec<&Fixing> = fixings.iter().map(|row| &**row).collect();
    if rows.first().is_some_and(|row| !touches(row)) {
        rows.reverse();
    }
    let mut at = pair.base;
    let mut price = Ratio::from(Decimal::ONE);
    for row in rows {
        let units = Ratio::from(Decimal::from(row.units));
        let value = Ratio::from(row.value);
        if row.currency == at {
            price = price.times(&value).divided_by(&units)?;
            at = row.home_currency;
        } else if row.home_currency == at {
            price = price.times(&units).divided_by(&value)?;
            at = row.currency;
        } else {
            return None;
        }
    }
    (at == pair.quote).then_some(price)
}
