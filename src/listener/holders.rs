//! Who holds what waits on a port, and whose answers are cut when too much waits for all of them.
//!
//! A holder is a client with all its connections or, behind a proxy, one connection. One that holds nothing should get an answer
//! whatever the others leave unread. So those that hold the most make room for it: their answers that have waited the longest are
//! cut, and an answer of which some was taken lately is not.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::callers::Network;
use crate::listener::account::{Account, Piece};
use crate::listener::waiting::Waiting;

/// All holders of a port.
#[derive(Debug, Default)]
pub(super) struct Holders {
    known: Mutex<Known>,
    /// What was told to end and has not ended yet.
    ending: Account,
}

#[derive(Debug, Default)]
struct Known {
    holders: BTreeMap<HolderId, OfHolder>,
    /// Tells the connections of proxies apart.
    connections: u64,
    /// When there may be an answer to cut again: until then, all were too young.
    next_look: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum HolderId {
    Client(Network),
    /// A connection of a proxy, by its number.
    OfProxy(u64),
}

#[derive(Debug, Default)]
struct OfHolder {
    held: Arc<Held>,
    connections: usize,
}

/// What waits for a holder.
#[derive(Debug, Default)]
struct Held {
    bytes: AtomicUsize,
    /// What waits of short pieces that are not counted.
    uncounted: AtomicUsize,
    /// What can be cut, by its place in memory.
    waits: Mutex<BTreeMap<usize, Arc<Waiting>>>,
}

/// A connection as that of its holder, which is forgotten with the last of them.
#[derive(Debug)]
pub(super) struct Holder {
    id: HolderId,
    held: Arc<Held>,
    all: Arc<Holders>,
}

/// An answer that could be cut.
struct Candidate {
    /// What its holder holds, in bytes.
    weight: usize,
    since: Instant,
    waiting: Arc<Waiting>,
}

impl Holders {
    /// A new connection of a client; of none, if the peer is a proxy.
    pub(super) fn connection(self: &Arc<Self>, client: Option<Network>) -> Holder {
        let mut known = self.known();
        let id = client.map_or_else(
            || {
                known.connections = known.connections.wrapping_add(1);
                HolderId::OfProxy(known.connections)
            },
            HolderId::Client,
        );
        let holder = known.holders.entry(id).or_default();
        holder.connections = holder.connections.saturating_add(1);
        Holder {
            id,
            held: Arc::clone(&holder.held),
            all: Arc::clone(self),
        }
    }

    /// What was told to end and still waits, in bytes.
    pub(super) fn ending_bytes(&self) -> usize {
        self.ending.bytes()
    }

    /// Cuts as many bytes: what the heaviest hold, the longest first, and nothing of which a frame was taken in the time that is
    /// spared.
    pub(super) fn cut(&self, bytes: usize, spared: Duration) {
        let mut known = self.known();
        let now = Instant::now();
        if known.next_look.is_some_and(|next| now < next) {
            return;
        }
        known.next_look = None;
        let mut candidates: Vec<_> = known.holders.values().flat_map(candidates).collect();
        candidates.sort_unstable_by_key(|found| (Reverse(found.weight), found.since));
        let mut left = bytes;
        let is_old = |found: &&Candidate| now.duration_since(found.since) >= spared;
        for found in candidates.iter().filter(is_old) {
            left = left.saturating_sub(self.end(&found.waiting));
            if left == 0 {
                return;
            }
        }
        let young = candidates.iter().filter(|found| !is_old(found));
        let oldest = young.map(|found| found.since).min();
        known.next_look = oldest.map(|since| since + spared);
    }

    /// Tells an answer to end; returns how many bytes that is to free, which is nothing if another one that shares them was told so.
    pub(super) fn end(&self, waiting: &Waiting) -> usize {
        let piece = waiting.piece();
        // Before it learns of it, for it may end at once.
        let is_first = self.ending.add(piece);
        if !waiting.cut() {
            self.ending.remove(piece);
            return 0;
        }
        if is_first { piece.length } else { 0 }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known().holders.len()
    }

    /// It is whole at every moment, so a panic while it was locked does not spoil it.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What waits for a holder and is neither sent nor told to end. What many streams share weighs once.
fn candidates(holder: &OfHolder) -> Vec<Candidate> {
    let waits = holder.held.waits();
    let found = waits.values().filter_map(|waiting| {
        let since = waiting.since().filter(|_| !waiting.is_cut())?;
        Some((since, waiting))
    });
    let found: Vec<_> = found.collect();
    let pieces: BTreeSet<Piece> = found.iter().map(|(_, waiting)| waiting.piece()).collect();
    let lengths = pieces.iter().map(|piece| piece.length);
    let weight = lengths.fold(0, usize::saturating_add);
    let candidate = |(since, waiting): (_, &Arc<Waiting>)| Candidate {
        weight,
        since,
        waiting: Arc::clone(waiting),
    };
    found.into_iter().map(candidate).collect()
}

impl Held {
    /// It is whole at every moment, so a panic while it was locked does not spoil it.
    fn waits(&self) -> MutexGuard<'_, BTreeMap<usize, Arc<Waiting>>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holder {
    /// What waits on all its connections, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.held.bytes.load(Ordering::Relaxed)
    }

    /// Short pieces that wait on all its connections and are not counted, in bytes.
    pub(super) fn uncounted(&self) -> &AtomicUsize {
        &self.held.uncounted
    }

    /// A piece begins to wait on a connection; `is_first` if no other stream of the connection waits with it.
    pub(super) fn add(&self, waiting: &Arc<Waiting>, is_first: bool) {
        if is_first {
            let length = waiting.piece().length;
            self.held.bytes.fetch_add(length, Ordering::Relaxed);
        }
        let wait = Arc::clone(waiting);
        self.held.waits().insert(place(waiting), wait);
    }

    /// It has ended; `is_last` if no other stream of the connection waits with it any more.
    pub(super) fn remove(&self, waiting: &Arc<Waiting>, is_last: bool) {
        let piece = waiting.piece();
        if is_last {
            self.held.bytes.fetch_sub(piece.length, Ordering::Relaxed);
        }
        self.held.waits().remove(&place(waiting));
        if waiting.is_cut() {
            self.all.ending.remove(piece);
        }
    }
}

/// A place in memory, which is its own as long as it waits.
fn place(waiting: &Arc<Waiting>) -> usize {
    Arc::as_ptr(waiting).addr()
}

impl Drop for Holder {
    fn drop(&mut self) {
        let mut known = self.all.known();
        if let Entry::Occupied(mut holder) = known.holders.entry(self.id) {
            let left = holder.get().connections.saturating_sub(1);
            holder.get_mut().connections = left;
            if left == 0 {
                holder.remove();
            }
        }
    }
}
