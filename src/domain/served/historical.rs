//! Historical rates of a pair, computed from tables of the ledger by the arithmetic of the live ones.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::domain::judged::SourceRecord;
use crate::domain::published::{Currency, Pair};
use crate::domain::served::{Freshness, FreshnessStatus, QuoteInputs, Rate, Snapshot};

/// One leg of a pair: one of the five in another currency, and the record of the source that answers it, with the
/// tables of a period.
#[derive(Debug, Clone)]
pub struct Leg {
    /// One of the five.
    pub home: Currency,
    /// The currency in which it is priced.
    pub other: Currency,
    /// The record of the source.
    pub record: SourceRecord,
}

impl Leg {
    /// The inputs of the leg on a day.
    fn inputs(&self, day: Date) -> Option<QuoteInputs> {
        let (pair_state, _) = self.record.pair_state(day, (self.home, self.other))?;
        Some(QuoteInputs {
            source: self.record.id,
            pair_state,
            freshness_status: FreshnessStatus {
                freshness: Freshness::Fresh,
                reason: String::new(),
            },
            flags: Vec::new(),
        })
    }

    /// The dates within a period on which the pair was fixed anew.
    fn fixing_dates(&self, from: Date, to: Date) -> impl Iterator<Item = Date> {
        let documents = self.record.documents.iter();
        let dates = documents.flat_map(move |document| {
            let dates = document.history.fixing_dates();
            dates.filter(move |date| (from..=to).contains(date))
        });
        dates.filter(|date| {
            let inputs = self.inputs(*date);
            inputs.is_some_and(|inputs| inputs.pair_state.current.date == *date)
        })
    }
}

/// The snapshot of a day. Returns `None` if one of the legs has no row in its tables. A leg of which nothing is in force
/// on the day has its first later value.
pub fn snapshot_on(legs: &[Leg], day: Date) -> Option<Snapshot> {
    let quote = |leg: &Leg| Some(((leg.home, leg.other), leg.inputs(day)?));
    let quotes: Option<BTreeMap<_, _>> = legs.iter().map(quote).collect();
    quotes.map(Snapshot::of_quotes)
}

/// The rates of a pair on each day within a period on which one of its legs was fixed, newest first.
pub fn rates_between(pair: Pair, legs: &[Leg], from: Date, to: Date) -> Vec<(Date, Rate)> {
    let dates = legs.iter().flat_map(|leg| leg.fixing_dates(from, to));
    let dates: BTreeSet<Date> = dates.collect();
    let rate = |date: Date| {
        let rate = snapshot_on(legs, date)?.rate(pair)?;
        Some((date, rate))
    };
    dates.into_iter().rev().filter_map(rate).collect()
}
