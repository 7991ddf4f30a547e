//! The answers of banks that show no newer table although one is due.

use std::sync::Arc;

use crate::domain::book::Book;
use crate::domain::judged::SourceRecord;
use crate::domain::ledger_entry::Answer;
use crate::domain::published::DocumentKey;

impl Book {
    /// Records answers of a bank, after the tables in them were filed. Returns those that matter: since the last recorded
    /// one a table was due, and it is still missing.
    pub fn record_answers(&mut self, answers: Vec<Answer>) -> Vec<Answer> {
        let mut recorded = answers;
        recorded.retain(|answer| self.matters(answer));
        for answer in &recorded {
            let key = DocumentKey {
                source: answer.source,
                document: answer.document,
            };
            if let Some(history) = self.history(key) {
                history.record_answer(answer.asked_at);
            }
        }
        recorded
    }

    fn matters(&self, answer: &Answer) -> bool {
        let record = self.record(answer.source);
        let document = record.and_then(|record| Some((record, record.document(answer.document)?)));
        document.is_some_and(|(record, document)| {
            let asked = document.history.asked();
            let missed = document.first_missed_since(&record.zone, answer.asked_at, asked);
            missed.is_some()
        })
    }

    /// The last recorded answer of each document.
    pub fn answers(&self) -> Vec<Answer> {
        let of_source = |record: &Arc<SourceRecord>| {
            let source = record.id;
            let documents = record.documents.iter();
            let answers = documents.filter_map(move |document| {
                Some(Answer {
                    source,
                    document: document.name,
                    asked_at: document.history.asked()?,
                })
            });
            answers.collect::<Vec<_>>()
        };
        self.records().flat_map(of_source).collect()
    }
}
