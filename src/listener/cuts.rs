//! The answers of a connection that were cut and still wait to be dropped.
//!
//! HTTP/2 drops what it holds of a stream that was reset when it comes to its turn, which is never while the socket takes nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

/// The cut answers of one connection.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    /// How many were cut at each moment.
    waiting: Mutex<BTreeMap<Instant, usize>>,
    /// That of the task of the connection.
    connection: AtomicWaker,
}

impl Cuts {
    /// An answer was cut. The connection learns of it, for its socket may wake it no more.
    pub(super) fn add(&self, at: Instant) {
        let mut waiting = self.waiting();
        let count = waiting.entry(at).or_default();
        *count = count.saturating_add(1);
        drop(waiting);
        self.connection.wake();
    }

    /// What waited of it was dropped.
    pub(super) fn remove(&self, at: Instant) {
        let mut waiting = self.waiting();
        let Some(count) = waiting.get_mut(&at) else {
            return;
        };
        *count = count.saturating_sub(1);
        if *count == 0 {
            waiting.remove(&at);
        }
    }

    /// When the one that waits the longest was cut.
    pub(super) fn oldest(&self) -> Option<Instant> {
        let waiting = self.waiting();
        waiting.first_key_value().map(|(at, _)| *at)
    }

    /// Wakes the task of the connection when the next answer is cut.
    pub(super) fn register(&self, connection: &Waker) {
        self.connection.register(connection);
    }

    /// The map is whole at every moment, so a panic while it was locked does not spoil it.
    fn waiting(&self) -> MutexGuard<'_, BTreeMap<Instant, usize>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
