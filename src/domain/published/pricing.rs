//! The price of a pair from published rows.

use std::sync::Arc;

use rust_decimal::Decimal;

use crate::domain::numbers::Ratio;
use crate::domain::published::{Fixing, Pair, QuoteKey, Route};

/// The exact price of one base of a pair in its quote currency, from the rows behind each leg of its route, those of the
/// base first. It is not rounded; every value that is served follows from it. Returns `None` if the pair has no route,
/// or another number of legs, or rows that do not lead from one side to the other.
pub fn price(pair: Pair, legs: &[&[Arc<Fixing>]]) -> Option<Ratio> {
    let of_leg =
        |(base, quote): QuoteKey, rows: &[Arc<Fixing>]| price_along(Pair { base, quote }, rows);
    match (pair.route()?, legs) {
        (Route::Identity, []) => Some(Ratio::from(1)),
        (Route::Direct(key), [rows]) => of_leg(key, rows),
        (Route::Inverse(key), [rows]) => Ratio::from(1).divided_by(&of_leg(key, rows)?),
        (Route::Cross { base, quote }, [base_rows, quote_rows]) => {
            of_leg(base, base_rows)?.divided_by(&of_leg(quote, quote_rows)?)
        }
        _ => None,
    }
}

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
