//! What a replica of a service says of its contact with the others. No snapshot contains it: it changes without commits.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;

use crate::board::State;

/// How a replica stands to the others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replica {
    /// Since when and why the log that they share does not answer; `None` while it does.
    pub detached: Option<Detached>,
    /// Why it has nothing to serve yet, after a colon; `None` once it has a state.
    pub empty: Option<String>,
    /// What keeps it from its work, or how it differs from the others, for an operator.
    pub troubles: Option<String>,
}

/// A replica without an answer from the log. It serves what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detached {
    /// When the log last answered, or the replica was started.
    pub since: Timestamp,
    /// Why, in a sentence.
    pub reason: String,
}

/// Writes what a replica says of its contact with the others.
#[derive(Debug)]
pub struct ReplicaMark {
    state: Arc<State>,
}

impl ReplicaMark {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { state }
    }

    /// Replaces it.
    pub fn set(&self, replica: Replica) {
        let replica = Some(replica);
        self.state.replica.send_if_modified(|known| {
            let is_other = *known != replica;
            if is_other {
                let empty = replica.as_ref().map(|replica| replica.empty.is_some());
                let is_empty = &self.state.is_empty;
                is_empty.store(empty.unwrap_or_default(), Ordering::Release);
                *known = replica;
            }
            is_other
        });
    }
}
