//! The answers of a connection that were cut and still wait to be dropped.
//!
//! HTTP/2 drops what it holds of a stream that was reset when it comes to its turn, which is never while the socket takes nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use tokio::time::Instant;

use crate::listener::wakers::keep;

/// The cut answers of one connection.
#[derive(Debug, Default)]
pub(super) struct Cuts(Mutex<CutsState>);

#[derive(Debug, Default)]
struct CutsState {
    /// How many were cut at each moment.
    waiting: BTreeMap<Instant, usize>,
    /// That of the task of the connection.
    connection: Option<Waker>,
}

impl Cuts {
    /// An answer was cut. The connection learns of it, for its socket may wake it no more.
    pub(super) fn add(&self, at: Instant) {
        let mut state = self.lock();
        let count = state.waiting.entry(at).or_default();
        *count = count.saturating_add(1);
        let connection = state.connection.take();
        drop(state);
        if let Some(connection) = connection {
            connection.wake();
        }
    }

    /// What waited of it was dropped.
    pub(super) fn remove(&self, at: Instant) {
        let waiting = &mut self.lock().waiting;
        let Some(count) = waiting.get_mut(&at) else {
            return;
        };
        *count = count.saturating_sub(1);
        if *count == 0 {
            waiting.remove(&at);
        }
    }

    /// When the one that waits the longest was cut. The task of the connection is woken when the next one is.
    pub(super) fn oldest(&self, cx: &Context<'_>) -> Option<Instant> {
        let mut state = self.lock();
        keep(&mut state.connection, cx);
        state.waiting.first_key_value().map(|(at, _)| *at)
    }

    /// It is whole at every moment, so a panic while it was locked does not spoil it.
    fn lock(&self) -> MutexGuard<'_, CutsState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
