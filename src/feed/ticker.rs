//! The pairs of the ticker, which a reload may change while streams show them.

use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::{Position, RateFilter};

/// The pairs that a request without pairs means. Clones share them.
#[derive(Debug, Clone)]
pub struct Ticker {
    current: Arc<RwLock<Pairs>>,
}

#[derive(Debug)]
struct Pairs {
    filter: Arc<RateFilter>,
    /// The first revision of which every reader has seen them: a client that stopped before may hold other pairs.
    since: u64,
}

impl Ticker {
    /// The pairs at a start, of which every reader has seen a revision and those after it.
    pub fn shown_since(pairs: RateFilter, since: u64) -> Self {
        let pairs = Pairs {
            filter: Arc::new(pairs),
            since,
        };
        Self {
            current: Arc::new(RwLock::new(pairs)),
        }
    }

    /// The pairs now.
    pub fn pairs(&self) -> Arc<RateFilter> {
        Arc::clone(&self.read().filter)
    }

    /// Replaces the pairs. Afterwards the board must publish a next revision: it reaches the streams, and it tells caches that
    /// an answer without pairs is another one. `newest` reads the position of the board.
    pub fn set(&self, pairs: RateFilter, newest: impl FnOnce() -> Position) {
        let replace = |filter, since| {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            *current = Pairs { filter, since };
        };
        let filter = Arc::new(pairs);
        // A revision that is published meanwhile may have been read with the pairs before.
        replace(Arc::clone(&filter), u64::MAX);
        replace(filter, newest().revision.saturating_add(1));
    }

    /// Whether a client that stopped at a revision holds the rates of these pairs.
    pub(super) fn was_shown_at(&self, revision: u64) -> bool {
        revision >= self.read().since
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Pairs> {
        // They are whole at every moment, so a panic while they were locked does not spoil them.
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<RateFilter> for Ticker {
    fn from(filter: RateFilter) -> Self {
        Self::shown_since(filter, 0)
    }
}
