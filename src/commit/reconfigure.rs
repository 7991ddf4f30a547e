//! Takes over what a reload changes of the settings: the sources that are enabled, their calendars, the order of preference,
//! and the ticker, whose pairs no row shows.

use std::time::Instant;

use crate::commit::epoch_name::new_epoch_name;
use crate::commit::{Commit, anchors, order_of_answers, restore, ticker_pairs};
use crate::domain::{
    Book, Cause, LedgerEntry, Position, Preference, RateFilter, SourceId, SourceRecord,
};
use crate::ledger::LedgerError;

impl Commit {
    /// Serves by these sources and this order of preference from the next revision on. A new epoch begins if a source is gone,
    /// because a client that resumed would keep its state.
    ///
    /// A source that is new counts as attempted: until it has answered, those that have answered in its place go on.
    pub(super) async fn reconfigure(
        &mut self,
        records: Vec<SourceRecord>,
        preferences: Vec<Preference>,
        pairs: RateFilter,
    ) -> Position {
        let begun = Instant::now();
        self.blank = Book::new(records.clone(), preferences.clone());
        let order = order_of_answers::order(&self.book);
        let added = self.book.reconfigure(records, preferences);
        for source in &added {
            if let Err(error) = self.restore_source(*source).await {
                tracing::error!(%source, %error, "could not read the tables of a source that is enabled now");
            }
            self.book.mark_attempted(*source);
            self.counts.add(source.as_str());
        }
        self.attempted.extend(added);
        self.board.set_sources(self.book.records());
        let now = self.now();
        self.derived_at = now;
        anchors::complete(&mut self.book, &self.ledger, now).await;
        let published = self.board.snapshot();
        let next = published.next(self.book.view(now));
        let mut snapshot = next.unwrap_or_else(|| published.at_next_revision());
        let lost = published.lost_in(&snapshot);
        if !lost.is_empty() {
            // An update names the pairs that left, and no source that did: a client that resumes would keep its state.
            snapshot = snapshot.renewed(Position {
                epoch: new_epoch_name().into(),
                revision: snapshot.position.revision,
            });
        }
        let mut served = snapshot.changes();
        served.extend(lost);
        served.extend(order_of_answers::changed(&order, &self.book));
        if pairs != self.pairs {
            served.push(ticker_pairs::to_record(&pairs));
            self.pairs = pairs;
        }
        let entry = LedgerEntry {
            position: snapshot.position.clone(),
            at: now,
            cause: Cause::Operator,
            filed: Vec::new(),
            held: Vec::new(),
            decided: Vec::new(),
            attempted: std::mem::take(&mut self.attempted).into_iter().collect(),
            answered: Vec::new(),
            served,
        };
        self.write_and_publish(entry, Some(snapshot), begun).await;
        self.board.snapshot().position.clone()
    }

    /// Fills the book with what the ledger has of a source.
    async fn restore_source(&mut self, source: SourceId) -> Result<(), LedgerError> {
        let Some(reader) = self.ledger.reader() else {
            return Ok(());
        };
        for (key, revision_policy) in self.book.documents() {
            if key.source == source {
                restore::restore_document(&mut self.book, reader, (key, revision_policy)).await?;
            }
        }
        Ok(())
    }
}
