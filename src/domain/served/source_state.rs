//! The state of a source at a revision.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::judged::{DocumentRecord, Flag, FlagBook, Held, SourceRecord};
use crate::domain::published::{Publication, SourceId};
use crate::domain::served::{FreshnessStatus, KnownDates};

/// What is known of a source at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// Which source.
    pub id: SourceId,
    /// The publisher's name.
    pub name: &'static str,
    /// The text its terms ask to be shown.
    pub attribution: &'static str,
    /// How current its main document is; none before the first table.
    pub freshness_status: Option<FreshnessStatus>,
    /// The newest date it has published, announced ones included.
    pub newest_effective_date: Option<Date>,
    /// The next table of its main document that is neither there nor late.
    pub next_publication: Option<Publication>,
    /// How many tables of its main document are late.
    pub missed_publications: u32,
    /// Its values that wait.
    pub held: Vec<Arc<Held>>,
    /// What is odd about its newest tables.
    pub flags: Vec<Flag>,
    /// The revision that last changed it.
    pub changed_at_revision: u64,
}

impl SourceRecord {
    /// How current the source is: its main document, or the first other one that has a table.
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
            document.schedule.outlook(&self.zone, now, newest)
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

    /// How current a document is; none before its first table.
    fn freshness_status(
        &self,
        document: &DocumentRecord,
        now: Timestamp,
    ) -> Option<FreshnessStatus> {
        let (effective_date, fixed_on) = document.history.dates(self.today(now))?;
        let known = KnownDates {
            effective_date,
            fixed_on,
            newest: document.history.newest()?.effective_date,
        };
        let freshness_status = FreshnessStatus::of(&document.schedule, &self.zone, now, known);
        Some(freshness_status.held_back(document.history.held().next_back()))
    }
}
