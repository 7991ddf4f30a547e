//! The record of a source: its documents, the tables they published, and how they are scheduled.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::judged::{History, PairState, RevisionPolicy};
use crate::domain::published::{Currency, Schedule, SourceId};

/// One document of a source: its tables, and when they are published.
#[derive(Debug, Clone)]
pub struct DocumentRecord {
    /// Which document.
    pub name: &'static str,
    /// When its tables are published.
    pub schedule: Schedule,
    /// Currencies without which a table is not believed.
    pub required: &'static [Currency],
    /// About how much of the source's own currency a dollar costs: a bound for the first table.
    pub typical_dollar: Option<u32>,
    /// Its tables.
    pub history: History,
}

/// All that is known of a source's publications.
#[derive(Debug, Clone)]
pub struct SourceRecord {
    /// Which source.
    pub id: SourceId,
    /// The publisher's name.
    pub name: &'static str,
    /// The text its terms ask to be shown.
    pub attribution: &'static str,
    /// Where a person can check the numbers.
    pub page: &'static str,
    /// What its terms of use say.
    pub terms: &'static str,
    /// The currency it is the home bank of; none for a market table.
    pub home: Option<Currency>,
    /// Where its dates are counted.
    pub zone: TimeZone,
    /// Its documents, the main one first.
    pub documents: Vec<DocumentRecord>,
    /// Whether the first attempt to ask it has ended, either way.
    pub attempted: bool,
}

impl SourceRecord {
    /// The date where the source counts its days.
    pub fn today(&self, now: Timestamp) -> Date {
        self.zone.to_datetime(now).date()
    }

    /// What a second table of the same date means: all its documents agree.
    pub fn revision_policy(&self) -> RevisionPolicy {
        let main = self.documents.first();
        main.map_or(RevisionPolicy::Correction, |document| {
            document.history.revision_policy()
        })
    }

    /// The document of a name.
    pub fn document(&self, name: &str) -> Option<&DocumentRecord> {
        self.documents.iter().find(|document| document.name == name)
    }

    /// The next instant at which what it says can change by itself.
    pub fn next_change(&self, now: Timestamp) -> Timestamp {
        let changes = self.documents.iter();
        changes
            .map(|document| document.schedule.next_change(&self.zone, now))
            .min()
            .unwrap_or(Timestamp::MAX)
    }

    /// What the source says of a pair on a day: of its documents, the one that says the newest.
    pub fn pair_state(
        &self,
        today: Date,
        (from, to): (Currency, Currency),
    ) -> Option<(PairState, &DocumentRecord)> {
        let pair_states = self.documents.iter().filter_map(|document| {
            let pair_state = document.history.pair_state(today, from, to)?;
            Some((pair_state, document))
        });
        // `rev`, because the last of equals wins and the main document comes first.
        let pair_states: Vec<_> = pair_states.collect();
        let newest_last = pair_states.into_iter().rev();
        newest_last.max_by_key(|(pair_state, _)| pair_state.current.date)
    }
}
