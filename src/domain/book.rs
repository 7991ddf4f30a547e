//! The book: the records of all sources, and every operation that changes them. The commit task owns it; readers see
//! snapshots derived from it.

mod answers;
mod filing;
mod gaps;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use gaps::GAP_DAYS_MAX;
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use thiserror::Error;

use crate::domain::book::filing::{apply, settle};
use crate::domain::judged::{
    Context, DecidedBy, Decision, DocumentRecord, FlagBook, Held, HeldOutcome, History,
    Implausible, Intent, RevisionPolicy, SourceRecord, check_rows, check_table, overtaken,
    plausible_now,
};
use crate::domain::ledger_entry::{Answer, FiledTable};
use crate::domain::published::{Currency, DocumentKey, SourceId, Table};
use crate::domain::served::{Preference, View, choose_quotes};

/// The records of the sources, and the order of preference.
#[derive(Debug, Clone)]
pub struct Book {
    records: BTreeMap<SourceId, Arc<SourceRecord>>,
    preferences: Vec<Preference>,
}

/// The changes that a table or a decision made.
#[derive(Debug, Clone, Default)]
pub struct BookChanges {
    /// The rows that are accepted now, by table: those of the table itself, and of earlier tables whose rows had been
    /// held.
    pub filed: Vec<FiledTable>,
    /// The rows that are held now.
    pub held: Vec<Arc<Held>>,
    /// How rows that were held are settled.
    pub decided: Vec<Decision>,
    /// The answers of the bank without a table that was due.
    pub answered: Vec<Answer>,
}

/// Why a table is not filed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FilingError {
    /// Its shape or its date is implausible.
    #[error(transparent)]
    Implausible(#[from] Implausible),
    /// The source has no such document.
    #[error("there is no such document")]
    UnknownDocument,
}

/// Why a decision is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecisionError {
    /// No value with this id is held.
    #[error("no value with the id {0} is held")]
    NotHeld(String),
    /// Another value is held under the id.
    #[error("the value held as {id} is {value} now")]
    Changed {
        /// The id.
        id: String,
        /// The value that is held.
        value: Decimal,
    },
}

impl BookChanges {
    /// The currencies of the rows that are accepted now.
    fn codes(&self) -> BTreeSet<Currency> {
        self.filed.iter().flat_map(FiledTable::codes).collect()
    }

    /// The same, of the table of one date.
    fn codes_on(&self, date: Date) -> BTreeSet<Currency> {
        let of_date = |filed: &&FiledTable| filed.effective_date == date;
        let filed = self.filed.iter().filter(of_date);
        filed.flat_map(FiledTable::codes).collect()
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.filed.is_empty()
            && self.held.is_empty()
            && self.decided.is_empty()
            && self.answered.is_empty()
    }
}

impl Book {
    /// A book of sources without tables, or with restored ones.
    pub fn new(records: Vec<SourceRecord>, preferences: Vec<Preference>) -> Self {
        let records = records.into_iter();
        Self {
            records: records
                .map(|record| (record.id, Arc::new(record)))
                .collect(),
            preferences,
        }
    }

    /// Every source, sorted by id.
    pub fn records(&self) -> impl Iterator<Item = &Arc<SourceRecord>> {
        self.records.values()
    }

    /// The record of one source.
    pub fn record(&self, source: SourceId) -> Option<&Arc<SourceRecord>> {
        self.records.get(&source)
    }

    /// Every document, and the meaning of a second table of the same date in it.
    pub fn documents(&self) -> Vec<(DocumentKey, RevisionPolicy)> {
        let of_source = |record: &Arc<SourceRecord>| {
            let source = record.id;
            let documents = record.documents.iter().map(move |document| {
                let key = DocumentKey {
                    source,
                    document: document.name,
                };
                (key, document.history.revision_policy())
            });
            documents.collect::<Vec<_>>()
        };
        self.records.values().flat_map(of_source).collect()
    }

    /// All accepted tables that are kept, whole.
    pub fn tables(&self) -> Vec<FiledTable> {
        let of_document = |record: &Arc<SourceRecord>| {
            let source = record.id;
            let documents = record.documents.iter();
            let tables = documents.flat_map(|document| {
                let history = &document.history;
                history.kept_dates().filter_map(|date| history.table(date))
            });
            let tables = tables.map(move |table| FiledTable {
                source,
                document: table.document,
                pivot: table.pivot,
                effective_date: table.effective_date,
                as_of: table.as_of,
                rows: table.rows.values().map(Arc::clone).collect(),
            });
            tables.collect::<Vec<_>>()
        };
        self.records.values().flat_map(of_document).collect()
    }

    /// The record of a source, by its id.
    pub fn find(&self, id: &str) -> Option<&Arc<SourceRecord>> {
        self.records
            .values()
            .find(|record| record.id.as_str() == id)
    }

    /// Files a table: checks it, accepts rows, and holds the others.
    pub fn file(
        &mut self,
        source: SourceId,
        table: Table,
        intent: Intent,
        now: Timestamp,
    ) -> Result<BookChanges, FilingError> {
        let mut document = self.document_of(source, &table)?;
        let changes = self.file_in(&mut document, source, table, (intent, now))?;
        let key = DocumentKey {
            source,
            document: document.name,
        };
        let history = self.history(key).ok_or(FilingError::UnknownDocument)?;
        *history = document.history;
        Ok(changes)
    }

    /// Files a table that is older than the ones kept in memory, compared with the tables `around` it. Its accepted
    /// rows are kept here only if it has the newest row of a currency.
    pub fn file_older(
        &mut self,
        source: SourceId,
        table: Table,
        around: History,
        now: Timestamp,
    ) -> Result<BookChanges, FilingError> {
        let document = self.document_of(source, &table)?;
        let mut older = DocumentRecord {
            history: around,
            ..document.clone()
        };
        let date = table.effective_date;
        older.history.withhold_around(date, &document.history);
        let changes = self.file_in(&mut older, source, table, (Intent::Backfill, now))?;
        let key = DocumentKey {
            source,
            document: document.name,
        };
        let history = self.history(key).ok_or(FilingError::UnknownDocument)?;
        for decision in &changes.decided {
            history.settle(&decision.held, decision.outcome);
        }
        for held in &changes.held {
            history.hold(Arc::clone(held));
        }
        history.record_filed(date);
        let filed = changes.filed.iter().map(|filed| filed.effective_date);
        let filed: BTreeSet<_> = filed.collect();
        let newest_first = filed.into_iter().rev();
        for table in newest_first.filter_map(|date| older.history.table(date)) {
            history.insert_if_newest_of_a_currency(table);
        }
        Ok(changes)
    }

    /// A copy of the document that a table is of.
    fn document_of(&self, source: SourceId, table: &Table) -> Result<DocumentRecord, FilingError> {
        let record = self.record(source).ok_or(FilingError::UnknownDocument)?;
        let document = record.document(table.document);
        document.cloned().ok_or(FilingError::UnknownDocument)
    }

    /// Files a table in a document: checks it, accepts rows and holds the others, and settles the rows that waited.
    fn file_in(
        &self,
        document: &mut DocumentRecord,
        source: SourceId,
        table: Table,
        (intent, now): (Intent, Timestamp),
    ) -> Result<BookChanges, FilingError> {
        let record = self.record(source).ok_or(FilingError::UnknownDocument)?;
        let today = record.today(now);
        check_table(&table, document, today, now, intent)?;
        let date = table.effective_date;
        let context = Context {
            records: &self.records,
            source,
            document,
            now,
            is_backfill: intent == Intent::Backfill && date < today,
        };
        let checked = check_rows(&context, &table);
        let mut changes = apply(&mut document.history, source, table, checked);
        let codes = changes.codes_on(date);
        self.release_plausible(document, (source, now), &mut changes);
        let decided = overtaken(&self.context(document, source, now), date, &codes);
        settle(&mut document.history, source, decided, &mut changes);
        self.release_plausible(document, (source, now), &mut changes);
        Ok(changes)
    }

    fn context<'a>(
        &'a self,
        document: &'a DocumentRecord,
        source: SourceId,
        now: Timestamp,
    ) -> Context<'a> {
        Context {
            records: &self.records,
            source,
            document,
            now,
            is_backfill: false,
        }
    }

    /// Releases the waiting rows that are plausible beside the rows that were filed, and then beside those released.
    fn release_plausible(
        &self,
        document: &mut DocumentRecord,
        (source, now): (SourceId, Timestamp),
        changes: &mut BookChanges,
    ) {
        loop {
            let codes = changes.codes();
            let decided = plausible_now(&self.context(document, source, now), &codes);
            // Each release accepts a row that was not accepted, so this ends.
            if decided.is_empty() {
                return;
            }
            settle(&mut document.history, source, decided, changes);
        }
    }

    /// Carries out an operator's decision on a held value: to release or to reject it.
    pub fn decide(
        &mut self,
        id: &str,
        value: Option<Decimal>,
        outcome: HeldOutcome,
        note: &str,
    ) -> Result<BookChanges, DecisionError> {
        let held = self.held().find(|held| held.id().to_string() == id);
        let held = held.map(Arc::clone);
        let held = held.ok_or_else(|| DecisionError::NotHeld(id.to_owned()))?;
        if value.is_some_and(|value| value != held.fixing.value) {
            return Err(DecisionError::Changed {
                id: id.to_owned(),
                value: held.fixing.value,
            });
        }
        let source = held.fixing.source;
        let key = DocumentKey {
            source,
            document: held.document,
        };
        let since = held.since;
        let mut changes = BookChanges::default();
        let decision = Decision {
            held,
            outcome,
            by: DecidedBy::Operator,
            note: note.to_owned(),
        };
        let record = self.record(source);
        let document = record.and_then(|record| record.document(key.document));
        if let Some(mut document) = document.cloned() {
            settle(&mut document.history, source, vec![decision], &mut changes);
            // Whether a row is plausible does not depend on the time.
            self.release_plausible(&mut document, (source, since), &mut changes);
            if let Some(history) = self.history(key) {
                *history = document.history;
            }
        }
        Ok(changes)
    }

    /// The dates of filed tables that are older than the ones kept in memory.
    pub fn older_than_kept(&self, changes: &BookChanges) -> Vec<(DocumentKey, Date)> {
        let older = changes.filed.iter().filter_map(|filed| {
            let record = self.record(filed.source)?;
            let history = &record.document(filed.document)?.history;
            let key = DocumentKey {
                source: filed.source,
                document: filed.document,
            };
            let date = filed.effective_date;
            (!history.would_keep(date)).then_some((key, date))
        });
        older.collect()
    }

    /// The held values, by source, document, date and currency.
    pub fn held(&self) -> impl Iterator<Item = &Arc<Held>> {
        let documents = self.records.values().flat_map(|record| &record.documents);
        documents.flat_map(|document| document.history.held())
    }

    /// Records that the first attempt to fetch from a source has ended. Returns whether that is new.
    pub fn mark_attempted(&mut self, source: SourceId) -> bool {
        match self.records.get_mut(&source) {
            Some(record) if !record.attempted => {
                Arc::make_mut(record).attempted = true;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Derives what is served now.
    pub fn view(&self, now: Timestamp) -> View {
        let flags = FlagBook::of(&self.records, now);
        let state = |record: &Arc<SourceRecord>| (record.id, record.state(now, &flags));
        View {
            quotes: choose_quotes(&self.records, &self.preferences, now, &flags),
            states: self.records.values().map(state).collect(),
        }
    }

    /// The next instant at which anything that is served can change without new data.
    pub fn next_change(&self, now: Timestamp) -> Timestamp {
        let changes = self.records.values().map(|record| record.next_change(now));
        changes.min().unwrap_or(Timestamp::MAX)
    }

    /// The history of a document, to restore or complete it.
    pub fn history(&mut self, key: DocumentKey) -> Option<&mut History> {
        let record = Arc::make_mut(self.records.get_mut(&key.source)?);
        let mut documents = record.documents.iter_mut();
        let document = documents.find(|document| document.name == key.document)?;
        Some(&mut document.history)
    }
}
