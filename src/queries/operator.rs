//! What operators read.

use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::{DocumentKey, Held, Refusal, SourceRecord};
use crate::queries::{Queries, parse_date_range};

impl Queries {
    /// Every held value, sorted by id.
    pub fn held(&self) -> Vec<Arc<Held>> {
        let snapshot = self.board().snapshot();
        let sources = snapshot.sources();
        let mut held: Vec<_> = sources.flat_map(|state| state.held.clone()).collect();
        held.sort_by_cached_key(|held| held.id().to_string());
        held
    }

    /// A document of a source, by their names.
    ///
    /// # Errors
    /// [`Refusal::UnknownSource`], [`Refusal::UnknownDocument`].
    pub fn document(&self, source: &str, document: &str) -> Result<DocumentKey, Refusal> {
        let record = self.known_source(source)?;
        let known = record.document(document).ok_or_else(|| {
            let names = record.documents.iter().map(|known| known.name.to_owned());
            Refusal::UnknownDocument {
                source_id: record.id.to_string(),
                name: document.to_owned(),
                known: names.collect(),
            }
        })?;
        Ok(DocumentKey {
            source: record.id,
            document: known.name,
        })
    }

    /// The dates of the tables of a document in the ledger, within a range whose ends may be empty.
    ///
    /// # Errors
    /// [`Refusal::InvalidDate`], [`Refusal::ReversedDates`], [`Refusal::LedgerUnavailable`],
    /// [`Refusal::TooManyQueries`].
    pub async fn filed_dates(
        &self,
        document: DocumentKey,
        start_date: &str,
        end_date: &str,
    ) -> Result<Vec<Date>, Refusal> {
        let range = parse_date_range(start_date, end_date)?;
        self.history.filed_dates(document, range).await
    }

    /// A source that exists.
    pub(super) fn known_source(&self, id: &str) -> Result<Arc<SourceRecord>, Refusal> {
        self.source(id).ok_or_else(|| {
            let snapshot = self.board().snapshot();
            Refusal::UnknownSource {
                id: id.to_owned(),
                known: snapshot
                    .sources()
                    .map(|state| state.id.to_string())
                    .collect(),
            }
        })
    }
}
