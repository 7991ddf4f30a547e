//! One leg of a pair with the tables of a period.

use std::borrow::Borrow;
use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::domain::judged::{PairState, SourceRecord};
use crate::domain::published::{DateRange, QuoteKey};
use crate::domain::served::historical::Coverage;
use crate::domain::served::{Freshness, FreshnessStatus, QuoteInputs, answer_on};

/// One leg of a pair: one of the five in another currency, and the sources that may answer it: records with the tables of a
/// query, or those in memory, borrowed.
#[derive(Debug, Clone)]
pub struct Leg<R = SourceRecord> {
    /// One of the five, and the currency in which it is priced.
    pub key: QuoteKey,
    /// The records of the sources in the order of preference, with the tables of a period.
    pub candidates: Vec<R>,
}

impl<R: Borrow<SourceRecord>> Leg<R> {
    /// The inputs of the leg on a day; `None` if no source had a table in force then.
    pub(super) fn inputs(&self, day: Date) -> Option<QuoteInputs> {
        let (record, document, _) = answer_on(self.records(), self.key, day)?;
        let (home, other) = self.key;
        // What was announced then is not a part of a past rate.
        let pair_state = PairState {
            announced: None,
            ..document.history.pair_state(day, home, other)?
        };
        Some(QuoteInputs {
            source: record.id,
            pair_state,
            windows: Vec::new(),
            freshness_status: FreshnessStatus {
                freshness: Freshness::Fresh,
                reason: String::new(),
            },
            flags: Vec::new(),
        })
    }

    /// The dates within a range on which the answer may change: a table takes force, or another one ceases to be in force.
    pub(super) fn dates(&self, range: DateRange) -> BTreeSet<Date> {
        let (home, other) = self.key;
        let mut dates = BTreeSet::new();
        for record in self.records() {
            for document in &record.documents {
                let mut coverage = Coverage::of(range);
                let history = &document.history;
                let tables = history.kept_dates().filter_map(|date| history.table(date));
                let priced = tables.filter(|table| table.prices(home, other));
                let priced: Vec<Date> = priced.map(|table| table.effective_date).collect();
                dates.extend(priced.iter().filter(|date| range.contains(**date)));
                coverage.cover(record.id, &priced);
                dates.extend(coverage.open().iter().map(|open| open.first));
            }
        }
        dates
    }

    fn records(&self) -> impl Iterator<Item = &SourceRecord> {
        self.candidates.iter().map(Borrow::borrow)
    }
}
