//! Positions: a client resumes from the one it holds.

use std::sync::Arc;

/// A revision of an epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The epoch: an unbroken run of revisions.
    pub epoch: Arc<str>,
    /// Grows by one with every commit; 0 before the first.
    pub revision: u64,
}
