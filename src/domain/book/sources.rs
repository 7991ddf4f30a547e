//! The sources of a book, and their replacement by those of other settings.

use std::sync::Arc;

use crate::domain::book::Book;
use crate::domain::judged::{DocumentRecord, SourceRecord};
use crate::domain::published::SourceId;
use crate::domain::served::Preference;

impl Book {
    /// The order of preference.
    pub fn preferences(&self) -> &[Preference] {
        &self.preferences
    }

    /// Takes over other sources, without tables, and another order of preference. What is known of a source that stays is kept,
    /// by document. Returns the sources that are new, of which nothing is known.
    pub fn reconfigure(
        &mut self,
        records: Vec<SourceRecord>,
        preferences: Vec<Preference>,
    ) -> Vec<SourceId> {
        let before = std::mem::take(&mut self.records);
        self.preferences = preferences;
        let mut added = Vec::new();
        for mut record in records {
            match before.get(&record.id) {
                Some(known) => take_over(&mut record, known),
                None => added.push(record.id),
            }
            self.records.insert(record.id, Arc::new(record));
        }
        added
    }
}

/// Takes over what is known of a source.
fn take_over(record: &mut SourceRecord, known: &SourceRecord) {
    record.attempted = known.attempted;
    let documents = std::mem::take(&mut record.documents).into_iter();
    let documents = documents.map(|document| match known.document(document.name) {
        Some(known) => DocumentRecord {
            history: known.history.clone(),
            ..document
        },
        None => document,
    });
    record.documents = documents.collect();
}
