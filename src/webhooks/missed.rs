//! The changes between what a receiver knows and what is served that no snapshot showed to the observer: the service was
//! stopped meanwhile, or the observer was behind.
//!
//! The newest tables are fetched first, and those that were missed one by one after them. So a day without a fixing is
//! remembered for as long as the poller asks for its table, and looked up again when records have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::{
    DateRange, GAP_DAYS_MAX, Leg, Pair, Past, Preference, Rate, SourceId, SourceRecord, candidates,
};

/// What was missed of a pair.
#[derive(Debug, Default)]
pub(super) struct Missed {
    /// The rates that no snapshot showed, or whose reference is one of them, with their days, the oldest first.
    pub(super) rates: Vec<(Date, Rate)>,
    /// Whether a fixing was found that is the reference of the rate that is served.
    pub(super) is_reference: bool,
    /// The days on which a fixing may still be filed.
    pub(super) unseen: BTreeSet<Date>,
}

impl Missed {
    /// Looks up the fixings of a pair between the newest day that was seen and that of the rate that is served, both left out,
    /// and on earlier days that were not seen. They reach as far back as the tables in memory.
    pub(super) fn look_up(
        pair: Pair,
        (after, since): (Date, Date),
        unseen: &BTreeSet<Date>,
        records: &BTreeMap<SourceId, Arc<SourceRecord>>,
        preferences: &[Preference],
    ) -> Self {
        let between = DateRange {
            first: after,
            last: since,
        };
        let between = between.dates();
        let between = between.filter(|day| *day > after && *day < since);
        let wanted: BTreeSet<Date> = unseen.iter().copied().chain(between).collect();
        let mut missed = Self::default();
        if let Some(past) = past(pair, (&wanted, since), records, preferences) {
            let (range, past) = past;
            // The change of the fixing after one that is filed late is against that, and was against an earlier one.
            let mut is_reference = false;
            for day in past.fixing_days(pair, range) {
                if day == since {
                    missed.is_reference = is_reference;
                } else if (is_reference || wanted.contains(&day))
                    && let Some(rate) = past.rate_on(pair, day)
                {
                    missed.rates.push((day, rate));
                }
                is_reference = unseen.contains(&day);
            }
        }
        let earliest = since.checked_sub(GAP_DAYS_MAX.days()).unwrap_or(Date::MIN);
        let is_found = |day: &Date| missed.rates.iter().any(|(found, _)| found == day);
        let unseen = wanted
            .into_iter()
            .filter(|day| *day >= earliest && !is_found(day));
        missed.unseen = unseen.collect();
        missed
    }
}

/// What the legs of a pair stood at from the first wanted day to the last; `None` if no source has a table of a wanted day.
fn past(
    pair: Pair,
    (wanted, last): (&BTreeSet<Date>, Date),
    records: &BTreeMap<SourceId, Arc<SourceRecord>>,
    preferences: &[Preference],
) -> Option<(DateRange, Past)> {
    let first = *wanted.first()?;
    let legs = pair.route()?.legs().into_iter();
    let legs = legs.map(|key| (key, candidates(records, preferences, key.0)));
    let legs: Vec<_> = legs.collect();
    let records = legs.iter().flat_map(|(_, records)| records);
    let documents = records.flat_map(|record| &record.documents);
    let mut dates = documents.flat_map(|document| document.history.kept_dates());
    if !dates.any(|date| wanted.contains(&date)) {
        return None;
    }
    let legs = legs.into_iter().map(|(key, records)| Leg {
        key,
        candidates: records.into_iter().cloned().collect(),
    });
    let legs: Vec<Leg> = legs.collect();
    let range = DateRange { first, last };
    Some((range, Past::of(&legs, range)))
}
