//! The record of a source: its documents, the tables they published, and their schedules.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::judged::{History, MissingPoint, PairState, RevisionPolicy};
use crate::domain::published::{Currency, Point, QuoteKey, Schedule, SourceId};

/// One document of a source: its tables, and when they are published.
#[derive(Debug, Clone)]
pub struct DocumentRecord {
    /// The document's name.
    pub name: &'static str,
    /// The schedule of its tables.
    pub schedule: Schedule,
    /// Currencies without which a table is refused.
    pub required: &'static [Currency],
    /// The approximate price of a dollar in the source's own currency: a bound for the first table.
    pub typical_dollar: Option<u32>,
    /// Its tables.
    pub history: History,
}

/// The record of a source's publications.
#[derive(Debug, Clone)]
pub struct SourceRecord {
    /// The source.
    pub id: SourceId,
    /// The publisher's name.
    pub name: &'static str,
    /// The attribution that its terms of use require.
    pub attribution: &'static str,
    /// A web page on which the rates can be checked.
    pub page: &'static str,
    /// Its terms of use.
    pub terms: &'static str,
    /// The currency it is the home bank of; none for a market table.
    pub home: Option<Currency>,
    /// The time zone of its dates.
    pub zone: TimeZone,
    /// Its documents, the main one first.
    pub documents: Vec<DocumentRecord>,
    /// Whether the first attempt to fetch from it has ended, successfully or not.
    pub attempted: bool,
}

impl DocumentRecord {
    /// The same without tables and with room for any number of them: those of the past are read into it.
    #[must_use]
    pub fn without_tables(&self) -> Self {
        let Self {
            name,
            schedule,
            required,
            typical_dollar,
            history,
        } = self;
        Self {
            name,
            schedule: *schedule,
            required,
            typical_dollar: *typical_dollar,
            history: History::unbounded(history.revision_policy()),
        }
    }
}

impl SourceRecord {
    /// The same without tables.
    #[must_use]
    pub fn without_tables(&self) -> Self {
        let documents = self.documents.iter().map(DocumentRecord::without_tables);
        let Self {
            id,
            name,
            attribution,
            page,
            terms,
            home,
            zone,
            documents: _,
            attempted,
        } = self;
        Self {
            id: *id,
            name,
            attribution,
            page,
            terms,
            home: *home,
            zone: zone.clone(),
            documents: documents.collect(),
            attempted: *attempted,
        }
    }

    /// Whether a table of the source prices one currency in another.
    pub fn prices(&self, (from, to): QuoteKey) -> bool {
        let mut documents = self.documents.iter();
        documents.any(|document| document.history.prices(from, to))
    }

    /// The current date in the source's time zone.
    pub fn today(&self, now: Timestamp) -> Date {
        self.zone.to_datetime(now).date()
    }

    /// The meaning of a second table of the same date; all its documents agree.
    pub fn revision_policy(&self) -> RevisionPolicy {
        let main = self.documents.first();
        main.map_or(RevisionPolicy::Correction, |document| {
            document.history.revision_policy()
        })
    }

    /// A document, by its name.
    pub fn document(&self, name: &str) -> Option<&DocumentRecord> {
        self.documents.iter().find(|document| document.name == name)
    }

    /// The next instant at which its state can change without a new table.
    pub fn next_change(&self, now: Timestamp) -> Timestamp {
        let changes = self.documents.iter();
        changes
            .map(|document| document.current_schedule().next_change(&self.zone, now))
            .min()
            .unwrap_or(Timestamp::MAX)
    }

    /// The state of a pair on a day, from the document with the newest fixing.
    pub fn pair_state(
        &self,
        today: Date,
        (from, to): QuoteKey,
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
    /// The fixing of a pair in force on a day, whatever is dated later, from the document with the newest one.
    pub fn in_force_on(&self, day: Date, (from, to): QuoteKey) -> Option<(Point, &DocumentRecord)> {
        let points = self.documents.iter().filter_map(|document| {
            let point = document.history.in_force_on(day, from, to)?;
            Some((point, document))
        });
        // `rev`, as in `pair_state`.
        let points: Vec<_> = points.collect();
        points.into_iter().rev().max_by_key(|(point, _)| point.date)
    }
    /// Why the source has nothing in force for a pair on a day: the reason of the document that prices the pair.
    pub fn missing_on(&self, day: Date, pair: QuoteKey) -> MissingPoint {
        let document = self
            .pair_state(Date::MAX, pair)
            .map(|(_, document)| document);
        let document = document.or(self.documents.first());
        document.map_or(MissingPoint::Unknown(day), |document| {
            document.history.missing_on(day)
        })
    }
}
