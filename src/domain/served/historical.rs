//! Historical rates, computed from tables of the ledger by the arithmetic of the live ones.
//!
//! A [`Leg`] with the tables of a period gives a timeline: the days on which its answer changes. The timelines of several
//! legs are a [`Past`], from which every historical answer follows: the rate of a pair on a day, the rows of a history
//! ([`Past::rows`]), and the figures of a period ([`Past::period`]). Each leg is computed once, however many pairs have it.

mod coverage;
mod leg;
mod periods;
mod rows;
mod timeline;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

pub use coverage::Coverage;
use jiff::civil::Date;
pub use leg::Leg;
pub use periods::PeriodRates;
pub use rows::HistoryRow;

use crate::domain::judged::SourceRecord;
use crate::domain::published::{DateRange, Pair, QuoteKey, Route, SourceId};
use crate::domain::served::historical::timeline::Timeline;
use crate::domain::served::{Quote, Rate, Snapshot};

/// The snapshot of a day: the quotes of the legs for which a source had a table in force then. A pair has no rate in it
/// before all its legs have one.
pub fn snapshot_on(legs: &[Leg], day: Date) -> Snapshot {
    let quote = |leg: &Leg| Some((leg.key, leg.inputs(day)?));
    let quotes: BTreeMap<_, _> = legs.iter().filter_map(quote).collect();
    Snapshot::of_quotes(quotes)
}

/// What some legs stood at on the days of a range.
#[derive(Debug)]
pub struct Past {
    range: DateRange,
    timelines: BTreeMap<QuoteKey, Timeline>,
}

impl Past {
    /// What the legs stood at. They have the tables of the range, and those that were in force on the day before.
    pub fn of<R: Borrow<SourceRecord>>(legs: &[Leg<R>], range: DateRange) -> Self {
        let with_day_before = DateRange {
            first: range.first.yesterday().unwrap_or(range.first),
            ..range
        };
        let timelines = legs.iter();
        Self {
            range,
            timelines: timelines
                .map(|leg| (leg.key, Timeline::of(leg, with_day_before)))
                .collect(),
        }
    }

    /// The rate of a pair on a day of the range; `None` if one of its legs has no quote then. The same as in the snapshot of
    /// the day.
    pub fn rate_on(&self, pair: Pair, day: Date) -> Option<Rate> {
        rate(pair, &self.quotes(pair, day)?)
    }

    /// Those of some days of the range on which a rate of a pair began to stand, the oldest first: a leg was fixed, or another
    /// source began to answer it.
    pub fn fixing_days(&self, pair: Pair, days: DateRange) -> Vec<Date> {
        let keys = pair.legs();
        let timelines = keys.iter().filter_map(|key| self.timelines.get(key));
        let dates = timelines.flat_map(|timeline| timeline.changes_in(days));
        let dates: BTreeSet<Date> = dates.collect();
        let answers = |day: Date| -> Option<Vec<(SourceId, Date)>> {
            let quotes = self.quotes(pair, day)?.into_iter();
            let answers = quotes.map(|quote| {
                let inputs = &quote.inputs;
                (inputs.source, inputs.pair_state.current.date)
            });
            Some(answers.collect())
        };
        let mut before = days.first.yesterday().ok().and_then(answers);
        let mut fixed = Vec::new();
        for date in dates {
            let now = answers(date);
            if now.is_some() && now != before {
                fixed.push(date);
            }
            before = now;
        }
        fixed
    }

    /// The quotes of the legs of a pair on a day; `None` if one of them has none.
    fn quotes(&self, pair: Pair, day: Date) -> Option<Vec<&Quote>> {
        let keys = pair.route()?.legs().into_iter();
        let quotes = keys.map(|key| self.timelines.get(&key)?.on(day));
        quotes.collect()
    }
}

/// The rate of a pair whose legs have these quotes.
fn rate(pair: Pair, quotes: &[&Quote]) -> Option<Rate> {
    match (pair.route()?, quotes) {
        (Route::Identity, _) => Some(Rate::identity(pair.base)),
        (Route::Direct(_) | Route::Inverse(_), [quote]) => Rate::quoted(pair, quote),
        (Route::Cross { .. }, [base, quote]) => Rate::crossed(pair, base, quote),
        _ => None,
    }
}
