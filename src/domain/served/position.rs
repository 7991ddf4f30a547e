//! Positions: what a client holds to resume from.

use std::sync::Arc;

/// One revision of one server's memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// An unbroken run of revisions.
    pub epoch: Arc<str>,
    /// Grows by one with every commit; 0 before the first.
    pub revision: u64,
}
