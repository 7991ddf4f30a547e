//! Bytes that wait, of which many streams may share a piece.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// The bytes that wait, each piece once.
#[derive(Debug, Default)]
pub(super) struct Account {
    bytes: AtomicUsize,
    /// How many streams wait with each piece.
    streams: Mutex<BTreeMap<Piece, usize>>,
}

/// A piece by its place in memory, which stays as long as it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    address: usize,
    pub(super) length: usize,
}

impl From<&Bytes> for Piece {
    fn from(bytes: &Bytes) -> Self {
        Self {
            address: bytes.as_ptr().addr(),
            length: bytes.len(),
        }
    }
}

impl Account {
    /// How many there are.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Adds a piece of a stream; returns whether no other stream waits with it.
    pub(super) fn add(&self, piece: Piece) -> bool {
        let mut streams = self.streams();
        let count = streams.entry(piece).or_default();
        *count = count.saturating_add(1);
        let is_first = *count == 1;
        if is_first {
            self.bytes.fetch_add(piece.length, Ordering::Relaxed);
        }
        is_first
    }

    /// Removes it; returns whether no other stream waits with it any more.
    pub(super) fn remove(&self, piece: Piece) -> bool {
        let mut streams = self.streams();
        let Some(count) = streams.get_mut(&piece) else {
            return false;
        };
        *count = count.saturating_sub(1);
        let is_last = *count == 0;
        if is_last {
            streams.remove(&piece);
            self.bytes.fetch_sub(piece.length, Ordering::Relaxed);
        }
        is_last
    }

    /// The map is whole at every moment, so a panic while it was locked does not spoil it.
    fn streams(&self) -> MutexGuard<'_, BTreeMap<Piece, usize>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
