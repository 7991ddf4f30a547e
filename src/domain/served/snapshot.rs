//! Snapshots: everything that is served, at one revision.

mod removals;
mod fingerprint;
mod continuity;
mod changed;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use changed::ServedChange;
pub use continuity::{
    Continuity, ORDER_OF_ANSWERS, PAIRS_OF_TICKER, RestoredState, ServedFingerprint, ServedRevision,
};
pub use fingerprint::{FINGERPRINT_BYTES, Fingerprint};
pub use removals::REMOVALS_MAX;
use rust_decimal::Decimal;

use crate::domain::numbers::{Ratio, convert_amount};
use crate::domain::published::{Currency, Pair, QuoteKey, Route, SourceId, counterparts, price};
use crate::domain::served::snapshot::removals::Removals;
use crate::domain::served::{Position, Quote, QuoteInputs, Rate, RateFilter, SourceState};

/// Everything that is served, derived from the book and the clock, without revisions.
#[derive(Debug, Clone)]
pub struct View {
    /// The inputs of every quote.
    pub quotes: BTreeMap<QuoteKey, QuoteInputs>,
    /// The state of every source.
    pub states: BTreeMap<SourceId, SourceState>,
}

/// All quotes and source states of one revision. Immutable: a new commit makes a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The position.
    pub position: Position,
    sources: BTreeMap<SourceId, Arc<SourceState>>,
    quotes: BTreeMap<QuoteKey, Quote>,
    removals: Arc<Removals>,
}

/// The difference of two revisions, for a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The revision that the client holds.
    pub after: u64,
    /// The rows that changed since then, whole, in the order of the filter.
    pub rates: Vec<Rate>,
    /// The pairs that were removed and are not served, sorted. The client may never have held some of them.
    pub removed_pairs: Vec<Pair>,
    /// The source states that changed since then, whole.
    pub sources: Vec<Arc<SourceState>>,
}

impl Snapshot {
    /// The snapshot before the first commit.
    pub fn initial(position: Position, sources: BTreeMap<SourceId, SourceState>) -> Self {
        let sources = sources
            .into_iter()
            .map(|(id, state)| (id, Arc::new(state)))
            .collect();
        Self {
            position,
            sources,
            quotes: BTreeMap::new(),
            removals: Arc::new(Removals::new(REMOVALS_MAX)),
        }
    }

    /// Sets how many removals this snapshot and its successors remember.
    #[must_use]
    pub fn remembering(mut self, removals_max: usize) -> Self {
        self.removals = Arc::new(Removals::new(removals_max));
        self
    }

    /// The snapshot after a commit. Returns `None` if nothing that is served has changed. What did not change keeps the
    /// revision that last changed it.
    pub fn next(&self, view: View) -> Option<Self> {
        let revision = self.position.revision.checked_add(1)?;
        let quotes: BTreeMap<_, _> = view
            .quotes
            .into_iter()
            .map(|(key, inputs)| match self.quotes.get(&key) {
                Some(known) if *known.inputs == inputs => (key, known.clone()),
                _ => (
                    key,
                    Quote {
                        inputs: Arc::new(inputs),
                        changed_at_revision: revision,
                    },
                ),
            })
            .collect();
        let sources: BTreeMap<_, _> = view
            .states
            .into_iter()
            .map(|(id, mut state)| {
                if let Some(known) = self.sources.get(&id) {
                    state.changed_at_revision = known.changed_at_revision;
                    if **known == state {
                        return (id, Arc::clone(known));
                    }
                }
                state.changed_at_revision = revision;
                (id, Arc::new(state))
            })
            .collect();
        if quotes == self.quotes && sources == self.sources {
            return None;
        }
        let position = Position {
            epoch: Arc::clone(&self.position.epoch),
            revision,
        };
        let mut removals = Arc::clone(&self.removals);
        for key in self.quotes.keys().filter(|key| !quotes.contains_key(*key)) {
            Arc::make_mut(&mut removals).add(*key, revision);
        }
        Some(Self {
            position,
            sources,
            quotes,
            removals,
        })
    }

    /// A snapshot of the quotes of a past day, for a historical query.
    pub fn of_quotes(quotes: BTreeMap<QuoteKey, QuoteInputs>) -> Self {
        let quote = |(key, inputs)| {
            let quote = Quote {
                inputs: Arc::new(inputs),
                changed_at_revision: 0,
            };
            (key, quote)
        };
        Self {
            position: Position {
                epoch: "".into(),
                revision: 0,
            },
            sources: BTreeMap::new(),
            quotes: quotes.into_iter().map(quote).collect(),
            removals: Arc::new(Removals::new(0)),
        }
    }

    /// The exact price of one base in the quote currency, not rounded to the digits that are served.
    pub fn price(&self, pair: Pair) -> Option<Ratio> {
        let legs = pair.route()?.legs().into_iter();
        let quotes: Option<Vec<&Quote>> = legs.map(|key| self.quote(key)).collect();
        let quotes = quotes?;
        let rows = quotes.iter();
        let rows = rows.map(|quote| &*quote.inputs.pair_state.current.fixings);
        price(pair, &rows.collect::<Vec<_>>())
    }

    /// Converts an amount of the base of a pair into its quote currency; if `round` is set, rounds to the minor unit of
    /// that currency.
    pub fn convert(&self, amount: Decimal, pair: Pair, round: bool) -> Option<Decimal> {
        let places = round.then(|| pair.quote.minor_unit());
        convert_amount(amount, &self.price(pair)?, places)
    }

    /// The source that answers for one of the five in another currency.
    pub fn source_of(&self, home: Currency, other: Currency) -> Option<SourceId> {
        self.quote((home, other)).map(|quote| quote.inputs.source)
    }

    /// The rate of a pair, if it is quoted.
    pub fn rate(&self, pair: Pair) -> Option<Rate> {
        match pair.route()? {
            Route::Identity => Some(Rate::identity(pair.base)),
            Route::Direct(key) | Route::Inverse(key) => Rate::quoted(pair, self.quote(key)?),
            Route::Cross { base, quote } => {
                Rate::crossed(pair, self.quote(base)?, self.quote(quote)?)
            }
        }
    }

    /// The rates of a filter, in its order. Pairs that no source quotes are left out.
    pub fn rates(&self, filter: &RateFilter) -> Vec<Rate> {
        self.pairs(filter)
            .into_iter()
            .filter_map(|pair| self.rate(pair))
            .collect()
    }

    /// The pairs of a filter that exist, in its order.
    pub fn pairs(&self, filter: &RateFilter) -> Vec<Pair> {
        filter.pairs(|currency| self.counterparts(currency))
    }

    /// Every source, sorted by id.
    pub fn sources(&self) -> impl Iterator<Item = &Arc<SourceState>> {
        self.sources.values()
    }

    /// One source.
    pub fn source(&self, id: SourceId) -> Option<&Arc<SourceState>> {
        self.sources.get(&id)
    }

    /// Whether the snapshot remembers all removals since a revision of its epoch. If not, a client at that revision
    /// needs the whole snapshot.
    pub fn can_update_from(&self, revision: u64) -> bool {
        revision >= self.removals.forgotten()
    }

    /// What a client at `after`, an earlier revision of the same epoch, has to replace and to remove. It is complete if
    /// the snapshot can update from that revision.
    ///
    /// It contains the rows whose own revision is later, so the rows of an update always equal those of the snapshot at
    /// its position.
    pub fn update_since(&self, after: u64, filter: &RateFilter) -> Update {
        let changed = self
            .pairs(filter)
            .into_iter()
            .filter(|pair| self.changed_at_revision(*pair) > Some(after));
        let mut removed = self.removals.since(after);
        removed.retain(|pair| filter.wants(*pair) && self.changed_at_revision(*pair).is_none());
        let mut rates = Vec::new();
        for pair in changed {
            match self.rate(pair) {
                Some(rate) => rates.push(rate),
                // The value no longer fits a `Decimal`: it is not served, so no client may keep it.
                None => drop(removed.insert(pair)),
            }
        }
        Update {
            after,
            rates,
            removed_pairs: removed.into_iter().collect(),
            sources: self
                .sources
                .values()
                .filter(|state| state.changed_at_revision > after)
                .cloned()
                .collect(),
        }
    }

    /// The currencies that have a pair with this one, sorted, without itself.
    pub fn counterparts(&self, currency: Currency) -> BTreeSet<Currency> {
        let is_known = |key: &QuoteKey| self.quotes.contains_key(key);
        counterparts(currency, self.quotes.keys(), is_known)
    }

    fn quote(&self, key: QuoteKey) -> Option<&Quote> {
        self.quotes.get(&key)
    }

    /// The revision that last changed a pair, without computing its rate.
    fn changed_at_revision(&self, pair: Pair) -> Option<u64> {
        let revision = |key| Some(self.quote(key)?.changed_at_revision);
        match pair.route()? {
            Route::Identity => None,
            Route::Direct(key) | Route::Inverse(key) => revision(key),
            Route::Cross { base, quote } => Some(revision(base)?.max(revision(quote)?)),
        }
    }
}
