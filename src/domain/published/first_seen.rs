//! When the tables of a document were first seen: what the ledger knows of the minutes at which its bank publishes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// How many of the newest tables count: three weeks of daily ones. The hours of a bank change, and after three weeks the
/// old ones are forgotten.
const SIGHTINGS_MAX: usize = 15;

/// The instants at which the newest tables of a document were first seen, by the dates that they print.
///
/// Only tables that were seen soon after they appeared count. The instant at which a backfill, a start or the first poll
/// after an outage brings a table tells nothing of its publication.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstSeen {
    instants: BTreeMap<Date, Timestamp>,
}

impl FirstSeen {
    /// Records a table that was seen for the first time. A date that is known keeps its instant.
    pub fn record(&mut self, effective_date: Date, at: Timestamp) {
        self.instants.entry(effective_date).or_insert(at);
        while self.instants.len() > SIGHTINGS_MAX {
            self.instants.pop_first();
        }
    }

    /// The times of day, in a zone, at which the tables of the dates that `counts` admits were first seen; in the order of
    /// their dates.
    pub fn times(&self, zone: &TimeZone, counts: impl Fn(Date) -> bool) -> Vec<Time> {
        let counted = self.instants.iter().filter(|(date, _)| counts(**date));
        counted
            .map(|(_, at)| zone.to_datetime(*at).time())
            .collect()
    }
}

impl FromIterator<(Date, Timestamp)> for FirstSeen {
    fn from_iter<I: IntoIterator<Item = (Date, Timestamp)>>(sightings: I) -> Self {
        let mut first_seen = Self::default();
        for (date, at) in sightings {
            first_seen.record(date, at);
        }
        first_seen
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::{date, time};

    use super::*;

    #[test]
    fn the_first_instants_of_the_newest_dates_count() {
        let zone = TimeZone::get("Asia/Almaty").unwrap();
        let mut seen = FirstSeen::default();
        for day in 0..20_i8 {
            let date = date(2026, 4, 1).checked_add(i64::from(day).days()).unwrap();
            let at = date.yesterday().unwrap().at(16, day, 0, 0);
            seen.record(date, zone.to_timestamp(at).unwrap());
            seen.record(date, Timestamp::UNIX_EPOCH);
        }
        let times = seen.times(&zone, |_| true);
        assert_eq!(times.len(), SIGHTINGS_MAX);
        assert_eq!(times.first(), Some(&time(16, 5, 0, 0)));
        assert_eq!(times.last(), Some(&time(16, 19, 0, 0)));
        let one = seen.times(&zone, |day| day == date(2026, 4, 10));
        assert_eq!(one, [time(16, 9, 0, 0)]);
    }
}
