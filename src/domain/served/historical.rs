//! Historical rates of a pair, computed from tables of the ledger by the arithmetic of the live ones.

mod coverage;

use std::collections::{BTreeMap, BTreeSet};

pub use coverage::Coverage;
use jiff::civil::Date;

use crate::domain::judged::SourceRecord;
use crate::domain::published::{DateRange, Pair, QuoteKey, SourceId};
use crate::domain::served::{Freshness, FreshnessStatus, QuoteInputs, Rate, Snapshot, answer_on};

/// One leg of a pair: one of the five in another currency, and the sources that may answer it.
#[derive(Debug, Clone)]
pub struct Leg {
    /// One of the five, and the currency in which it is priced.
    pub key: QuoteKey,
    /// The records of the sources in the order of preference, with the tables of a period.
    pub candidates: Vec<SourceRecord>,
}

impl Leg {
    /// The inputs of the leg on a day; `None` if no source had a table in force then.
    fn inputs(&self, day: Date) -> Option<QuoteInputs> {
        let (record, document, _) = answer_on(&self.candidates, self.key, day)?;
        let (home, other) = self.key;
        Some(QuoteInputs {
            source: record.id,
            pair_state: document.history.pair_state(day, home, other)?,
            windows: Vec::new(),
            freshness_status: FreshnessStatus {
                freshness: Freshness::Fresh,
                reason: String::new(),
            },
            flags: Vec::new(),
        })
    }

    /// The source that answers on a day, and the date of its fixing.
    fn answer(&self, day: Date) -> Option<(SourceId, Date)> {
        let (record, _, point) = answer_on(&self.candidates, self.key, day)?;
        Some((record.id, point.date))
    }

    /// The dates within a range on which the answer may change: a table takes force, or another one ceases to be in force.
    fn dates(&self, range: DateRange) -> BTreeSet<Date> {
        let (home, other) = self.key;
        let mut dates = BTreeSet::new();
        for record in &self.candidates {
            let mut coverage = Coverage::of(range);
            for document in &record.documents {
                let history = &document.history;
                let tables = history.kept_dates().filter_map(|date| history.table(date));
                let priced = tables.filter(|table| table.path(home, other).is_some());
                let priced: Vec<Date> = priced.map(|table| table.effective_date).collect();
                dates.extend(priced.iter().filter(|date| range.contains(**date)));
                coverage.cover(record.id, &priced);
            }
            let expired = coverage.open().iter().map(|open| open.first);
            dates.extend(expired);
        }
        dates
    }
}

/// The snapshot of a day: the quotes of the legs for which a source had a table in force then. A pair has no rate in it
/// before all its legs have one.
pub fn snapshot_on(legs: &[Leg], day: Date) -> Snapshot {
    let quote = |leg: &Leg| Some((leg.key, leg.inputs(day)?));
    let quotes: BTreeMap<_, _> = legs.iter().filter_map(quote).collect();
    Snapshot::of_quotes(quotes)
}

/// The rates of a pair within a period, newest first: one for each date on which a leg was fixed, or on which another
/// source began to answer it. A rate of a crossed pair bears this date, on which it began to stand. The legs have the
/// tables of the period, and those that were in force on the day before.
pub fn rates_between(pair: Pair, legs: &[Leg], range: DateRange) -> Vec<(Date, Rate)> {
    let dates = legs.iter().flat_map(|leg| leg.dates(range));
    let dates: BTreeSet<Date> = dates.collect();
    let answers = |day: Date| -> Option<Vec<(SourceId, Date)>> {
        legs.iter().map(|leg| leg.answer(day)).collect()
    };
    let mut before = range.first.yesterday().ok().and_then(answers);
    let mut rates = Vec::new();
    for date in dates {
        let now = answers(date);
        if now.is_some()
            && now != before
            && let Some(rate) = rate_on(pair, legs, date)
        {
            rates.push((date, rate));
        }
        before = now;
    }
    rates.reverse();
    rates
}

/// The rate of a pair that began to stand on a date.
fn rate_on(pair: Pair, legs: &[Leg], date: Date) -> Option<Rate> {
    let rate = snapshot_on(legs, date).rate(pair)?;
    let effective_date = if legs.len() > 1 {
        Some(date)
    } else {
        rate.effective_date
    };
    Some(Rate {
        effective_date,
        ..rate
    })
}
