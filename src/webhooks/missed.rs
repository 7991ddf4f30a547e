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

/// The days on which a pair may have had a fixing that no snapshot showed.
#[derive(Debug)]
pub(super) struct Search {
    pair: Pair,
    /// Earlier ones, on which no value was seen.
    unseen: BTreeSet<Date>,
    /// These, and those between the newest day that was seen and that of the rate that is served, both left out.
    wanted: BTreeSet<Date>,
    /// The day of the rate that is served.
    since: Date,
}

impl Search {
    pub(super) fn new(pair: Pair, (after, since): (Date, Date), unseen: &BTreeSet<Date>) -> Self {
        let between = DateRange {
            first: after,
            last: since,
        };
        let between = between.dates();
        let between = between.filter(|day| *day > after && *day < since);
        Self {
            pair,
            unseen: unseen.clone(),
            wanted: unseen.iter().copied().chain(between).collect(),
            since,
        }
    }

    /// The days from the first wanted one on; `None` if there is none.
    fn range(&self) -> Option<DateRange> {
        Some(DateRange {
            first: *self.wanted.first()?,
            last: self.since,
        })
    }

    /// The legs of the pair; none if no source has a table of a wanted day.
    fn legs<'a>(
        &self,
        records: &'a BTreeMap<SourceId, Arc<SourceRecord>>,
        preferences: &[Preference],
    ) -> Vec<Leg<&'a SourceRecord>> {
        if self.wanted.is_empty() {
            return Vec::new();
        }
        let legs = self.pair.legs().into_iter().map(|key| Leg {
            key,
            candidates: candidates(records, preferences, key.0),
        });
        let legs: Vec<_> = legs.collect();
        let records = legs.iter().flat_map(|leg| &leg.candidates);
        let documents = records.flat_map(|record| &record.documents);
        let mut dates = documents.flat_map(|document| document.history.kept_dates());
        if dates.any(|date| self.wanted.contains(&date)) {
            legs
        } else {
            Vec::new()
        }
    }

    /// What was missed, by what the legs stood at, if a source has a table of a wanted day.
    fn end(self, past: Option<&Past>) -> Missed {
        let Self {
            pair,
            unseen,
            wanted,
            since,
        } = &self;
        let mut missed = Missed::default();
        if let (Some(past), Some(range)) = (past, self.range()) {
            // The change of the fixing after one that is filed late is against that, and was against an earlier one.
            let mut is_reference = false;
            for day in past.fixing_days(*pair, range) {
                if day == *since {
                    missed.is_reference = is_reference;
                } else if (is_reference || wanted.contains(&day))
                    && let Some(rate) = past.rate_on(*pair, day)
                {
                    missed.rates.push((day, rate));
                }
                is_reference = unseen.contains(&day);
            }
        }
        let earliest = earliest(*since);
        let is_found = |day: &Date| missed.rates.iter().any(|(found, _)| found == day);
        let unseen = wanted
            .iter()
            .filter(|day| **day >= earliest && !is_found(day));
        missed.unseen = unseen.copied().collect();
        missed
    }
}

impl Missed {
    /// Looks up what was missed of some pairs. It reaches as far back as the tables in memory. Each leg is computed once,
    /// however many pairs have it, and from the records as they stand: they are large, and are not copied.
    pub(super) fn look_up(
        searches: Vec<Search>,
        records: &BTreeMap<SourceId, Arc<SourceRecord>>,
        preferences: &[Preference],
    ) -> BTreeMap<Pair, Self> {
        let (mut legs, mut range, mut filed) = (BTreeMap::new(), None, BTreeSet::new());
        for search in &searches {
            for leg in search.legs(records, preferences) {
                legs.entry(leg.key).or_insert(leg);
                range = union(range, search.range());
                filed.insert(search.pair);
            }
        }
        let legs: Vec<_> = legs.into_values().collect();
        let past = range.map(|range| Past::of(&legs, range));
        let ends = searches.into_iter().map(|search| {
            let past = past.as_ref().filter(|_| filed.contains(&search.pair));
            (search.pair, search.end(past))
        });
        ends.collect()
    }
}

/// The first day that is looked up again, if a value stands since a day.
pub(super) fn earliest(since: Date) -> Date {
    since.checked_sub(GAP_DAYS_MAX.days()).unwrap_or(Date::MIN)
}

/// From the first day of either range to the last one.
fn union(one: Option<DateRange>, other: Option<DateRange>) -> Option<DateRange> {
    let (Some(one), Some(other)) = (one, other) else {
        return one.or(other);
    };
    Some(DateRange {
        first: one.first.min(other.first),
        last: one.last.max(other.last),
    })
}
