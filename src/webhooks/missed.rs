//! The changes between what a receiver knows and what is served that no snapshot showed to the observer: the service was
//! stopped meanwhile, or the observer was behind.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::{
    DateRange, Leg, Pair, Past, Preference, Rate, SourceId, SourceRecord, candidates,
};

/// The rates of a pair that began to stand between two days, both left out, with the day of each, the oldest first. They
/// reach as far back as the tables in memory: two months, which is longer than a receiver waits for news.
pub(super) fn between(
    pair: Pair,
    (after, before): (Date, Date),
    records: &BTreeMap<SourceId, Arc<SourceRecord>>,
    preferences: &[Preference],
) -> Vec<(Date, Rate)> {
    let (Some(route), Ok(first), Ok(last)) = (pair.route(), after.tomorrow(), before.yesterday())
    else {
        return Vec::new();
    };
    if first > last {
        return Vec::new();
    }
    let legs = route.legs().into_iter().map(|key| Leg {
        key,
        candidates: candidates(records, preferences, key.0)
            .into_iter()
            .cloned()
            .collect(),
    });
    let legs: Vec<Leg> = legs.collect();
    let range = DateRange { first, last };
    let past = Past::of(&legs, range);
    let days = past.fixing_days(pair, range).into_iter();
    days.filter_map(|day| Some((day, past.rate_on(pair, day)?)))
        .collect()
}
