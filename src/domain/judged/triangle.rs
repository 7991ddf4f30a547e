//! The triangle check: the price of a currency in US dollars, compared between sources.
//!
//! A table that prices the dollar and a currency implies what a dollar costs in that currency. Two such tables of
//! nearby days must nearly agree; if they do not, one of them is wrong. Values are compared, never replaced by those of
//! another source.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::judged::{History, SourceRecord};
use crate::domain::numbers::Ratio;
use crate::domain::published::{
    Currency, Fixing, Pair, SourceId, Table, days_between, price_along,
};

/// How far two sources may differ on the same day, in per cent. Cross quotes with few digits are up to one per cent
/// off, and official rates are fixed at different hours.
const TOLERANCE_PERCENT: u32 = 3;
/// How much further they may differ for each day between their dates, in per cent: the usual move of a day.
const TOLERANCE_PERCENT_A_DAY: u32 = 1;
/// How many days apart two tables may be to be compared: beyond that the tolerance would accept anything.
const DAYS_APART_MAX: u32 = 10;

/// The price of a dollar in a currency according to another source.
#[derive(Debug, Clone)]
pub(super) struct Witness {
    /// The source.
    pub(super) source: SourceId,
    /// The effective date.
    pub(super) date: Date,
    per_dollar: Ratio,
    /// The accepted deviation, as a fraction.
    tolerance: Ratio,
}

impl Witness {
    /// Whether a price agrees with this witness.
    pub(super) fn agrees(&self, per_dollar: &Ratio) -> bool {
        let distance = self.distance(per_dollar);
        distance.is_some_and(|distance| distance.compare(&self.tolerance) != Ordering::Greater)
    }

    /// Whether the first price is closer to this witness than the second.
    pub(super) fn prefers(&self, first: &Ratio, second: &Ratio) -> bool {
        match (self.distance(first), self.distance(second)) {
            (Some(first), Some(second)) => first.compare(&second) == Ordering::Less,
            (first, second) => first.is_some() && second.is_none(),
        }
    }

    /// The price with four digits, for messages.
    pub(super) fn describe(&self) -> String {
        let price = self.per_dollar.significant(4).unwrap_or_default();
        format!("{} of {}: {price}", self.source, self.date)
    }

    fn distance(&self, per_dollar: &Ratio) -> Option<Ratio> {
        Some(per_dollar.divided_by(&self.per_dollar)?.distance_from_one())
    }
}

/// The currency whose dollar price a row determines: its own, or the bank's own for the row of the dollar.
pub(super) fn priced_currency(code: Currency, pivot: Currency) -> Currency {
    if code == Currency::USD { pivot } else { code }
}

/// The price of a dollar in a currency, from the rows of one table.
pub(super) fn per_dollar(table: &Table, currency: Currency) -> Option<Ratio> {
    let fixings = table.path(Currency::USD, currency)?;
    let pair = Pair {
        base: Currency::USD,
        quote: currency,
    };
    price_along(pair, &fixings)
}

/// The price according to every other source near a date: of each document, the accepted table nearest to the date.
pub(super) fn witnesses(
    records: &BTreeMap<SourceId, Arc<SourceRecord>>,
    except: SourceId,
    currency: Currency,
    date: Date,
) -> Vec<Witness> {
    let others = records.values().filter(|record| record.id != except);
    let documents = others.flat_map(|record| {
        let documents = record.documents.iter();
        documents.map(move |document| (record, &document.history))
    });
    let witness = |(record, history): (&Arc<SourceRecord>, &History)| {
        let has = |day: &Date| {
            let table = history.table(*day);
            table.is_some_and(|table| table.pivot == currency || table.rows.contains_key(&currency))
        };
        let dates = history.kept_dates().filter(has);
        let nearest = dates.min_by_key(|day| days_between(*day, date))?;
        let days = days_between(nearest, date);
        if days > DAYS_APART_MAX {
            return None;
        }
        let table = with_dollar(record, history.table(nearest)?);
        let percent =
            TOLERANCE_PERCENT.saturating_add(TOLERANCE_PERCENT_A_DAY.saturating_mul(days));
        Some(Witness {
            source: record.id,
            date: nearest,
            per_dollar: per_dollar(&table, currency)?,
            tolerance: Ratio::from(Decimal::new(percent.into(), 2)),
        })
    };
    documents.filter_map(witness).collect()
}

/// Adds the row of the dollar from the source's other documents to a table that has none: the Kyrgyz weekly table
/// prices forty currencies and leaves the dollar to the daily one.
pub(super) fn with_dollar<'a>(record: &SourceRecord, table: &'a Table) -> Cow<'a, Table> {
    if table.pivot == Currency::USD || table.rows.contains_key(&Currency::USD) {
        return Cow::Borrowed(table);
    }
    let others = record.documents.iter();
    let others = others.filter(|document| document.name != table.document);
    let dollar = others
        .filter_map(|document| {
            document
                .history
                .nearest(table.effective_date, Currency::USD)
        })
        .find(|row| days_between(row.effective_date, table.effective_date) <= DAYS_APART_MAX);
    match dollar {
        Some(row) => Cow::Owned(with_row(table, Currency::USD, &row)),
        None => Cow::Borrowed(table),
    }
}

/// A table with one of its rows replaced.
pub(super) fn with_row(table: &Table, code: Currency, row: &Arc<Fixing>) -> Table {
    let mut table = table.clone();
    table.rows.insert(code, Arc::clone(row));
    table
}
