//! What a commit changes of a snapshot, as values: another process that has the snapshot before it gets the same one after it,
//! without the book from which it was derived.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::published::{QuoteKey, SourceId};
use crate::domain::served::snapshot::removals::{REMOVALS_MAX, Removals};
use crate::domain::served::{Position, Quote, Snapshot, SourceState};

/// A subject that is served otherwise than before: whole, or no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServedChange {
    /// The quote of one of the five in another currency.
    Quote(QuoteKey, Option<Quote>),
    /// The state of a source.
    Source(SourceId, Option<Arc<SourceState>>),
}

impl Snapshot {
    /// What differs from an earlier snapshot of the same epoch, quotes first; what is no longer served included.
    pub fn changes_from(&self, before: &Self) -> Vec<ServedChange> {
        let quotes = self.quotes.iter().filter(|(key, quote)| {
            let known = before.quotes.get(*key);
            !known.is_some_and(|known| is_same_quote(known, quote))
        });
        let quotes = quotes.map(|(key, quote)| ServedChange::Quote(*key, Some(quote.clone())));
        let sources = self.sources.iter().filter(|(id, state)| {
            let known = before.sources.get(*id);
            !known.is_some_and(|known| Arc::ptr_eq(known, state) || known == *state)
        });
        let sources = sources.map(|(id, state)| ServedChange::Source(*id, Some(Arc::clone(state))));
        let left = before.quotes.keys();
        let left = left.filter(|key| !self.quotes.contains_key(*key));
        let left = left.map(|key| ServedChange::Quote(*key, None));
        let closed = before.sources.keys();
        let closed = closed.filter(|id| !self.sources.contains_key(*id));
        let closed = closed.map(|id| ServedChange::Source(*id, None));
        quotes.chain(left).chain(sources).chain(closed).collect()
    }

    /// All that is served.
    pub fn whole(&self) -> Vec<ServedChange> {
        let quotes = self.quotes.iter();
        let quotes = quotes.map(|(key, quote)| ServedChange::Quote(*key, Some(quote.clone())));
        let sources = self.sources.iter();
        let sources = sources.map(|(id, state)| ServedChange::Source(*id, Some(Arc::clone(state))));
        quotes.chain(sources).collect()
    }

    /// The snapshot at a later position of the same epoch, after changes. A quote that leaves is remembered as removed there.
    #[must_use]
    pub fn changed(&self, position: Position, changes: Vec<ServedChange>) -> Self {
        let mut next = self.clone();
        for change in changes {
            match change {
                ServedChange::Quote(key, Some(quote)) => {
                    next.quotes.insert(key, quote);
                }
                ServedChange::Quote(key, None) => {
                    if next.quotes.remove(&key).is_some() {
                        Arc::make_mut(&mut next.removals).add(key, position.revision);
                    }
                }
                ServedChange::Source(id, Some(state)) => {
                    next.sources.insert(id, state);
                }
                ServedChange::Source(id, None) => {
                    next.sources.remove(&id);
                }
            }
        }
        next.position = position;
        next
    }

    /// A snapshot of all that is served at a position, and of the quotes that left before it, oldest first, with the revisions
    /// from which on they were no longer served.
    pub fn assembled(
        position: Position,
        whole: Vec<ServedChange>,
        left: impl IntoIterator<Item = (QuoteKey, u64)>,
    ) -> Self {
        let mut removals = Removals::new(REMOVALS_MAX);
        for (key, revision) in left {
            removals.add(key, revision);
        }
        let empty = Self {
            position: position.clone(),
            sources: BTreeMap::new(),
            quotes: BTreeMap::new(),
            removals: Arc::new(removals),
        };
        empty.changed(position, whole)
    }

    /// The quotes that left, oldest first, with the revisions from which on they were no longer served.
    pub fn removals(&self) -> impl Iterator<Item = (QuoteKey, u64)> {
        self.removals.iter()
    }
}

fn is_same_quote(known: &Quote, quote: &Quote) -> bool {
    known.changed_at_revision == quote.changed_at_revision
        && (Arc::ptr_eq(&known.inputs, &quote.inputs) || known.inputs == quote.inputs)
}
