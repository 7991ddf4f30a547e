//! The state of a source at a revision.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::judged::{DocumentRecord, Flag, FlagBook, Held, SourceRecord};
use crate::domain::published::{Publication, SourceId};
use crate::domain::served::{FreshnessDates, FreshnessStatus};

/// The state of a source at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// The source.
    pub id: SourceId,
    /// The publisher's name.
    pub name: &'static str,
    /// The attribution that its terms of use require.
    pub attribution: &'static str,
    /// The freshness of its main document; `None` before the first table.
    pub freshness_status: Option<FreshnessStatus>,
    /// The newest date it has published, including announced ones.
    pub newest_effective_date: Option<Date>,
    /// The next publication of its main document.
    pub next_publication: Option<Publication>,
    /// How many publications of its main document were missed.
    pub missed_publications: u32,
    /// Its held values.
    pub held: Vec<Arc<Held>>,
    /// The flags of its tables in force and of its newest ones.
    pub flags: Vec<Flag>,
    /// The revision that last changed it.
    pub changed_at_revision: u64,
}

impl SourceRecord {
    /// The state of the source, from its main document or else the first one that has a table.
    pub fn state(&self, now: Timestamp, flags: &FlagBook) -> SourceState {
        let with_table = |document: &&DocumentRecord| document.history.newest().is_some();
        let main = self.documents.iter().find(with_table);
        let main = main.or_else(|| self.documents.first());
        let newest_of = |document: &DocumentRecord| {
            let newest = document.history.newest();
            newest.map(|table| table.effective_date)
        };
        let outlook = main.map(|document| {
            let newest = newest_of(document);
            let schedule = document.current_schedule();
            schedule.outlook(&self.zone, now, newest)
        });
        let documents = self.documents.iter();
        let printed = documents
            .clone()
            .filter_map(|document| document.history.newest_printed());
        let held = documents.flat_map(|document| document.history.held());
        SourceState {
            id: self.id,
            name: self.name,
            attribution: self.attribution,
            freshness_status: main.and_then(|document| self.freshness_status(document, now)),
            newest_effective_date: printed.max(),
            next_publication: outlook.as_ref().and_then(|outlook| outlook.next),
            missed_publications: outlook.map_or(0, |outlook| outlook.missed),
            held: held.map(Arc::clone).collect(),
            flags: flags.of_source(self.id).cloned().collect(),
            changed_at_revision: 0,
        }
    }

    /// The freshness of a document; `None` before its first table.
    fn freshness_status(
        &self,
        document: &DocumentRecord,
        now: Timestamp,
    ) -> Option<FreshnessStatus> {
        let (effective_date, fixed_on) = document.history.dates(self.today(now))?;
        let known = FreshnessDates {
            effective_date,
            fixed_on,
            newest: document.history.newest()?.effective_date,
            printed: document.history.newest_printed()?,
            asked: document.history.asked(),
        };
        let schedule = document.current_schedule();
        let freshness_status = FreshnessStatus::of(&schedule, &self.zone, now, known);
        Some(freshness_status.held_back(document.history.held().next_back()))
    }
}
