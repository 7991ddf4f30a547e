//! How many bytes wait to be sent: on a connection, and on all connections of a port.
//!
//! Measured reason: a client that asks for wide answers and reads none made the service hold two gigabytes.
//!
//! Bytes wait from the moment that HTTP takes them from the body of an answer until it has written them. What many streams
//! share, such as a message to the subscribers of a filter, counts once. Short pieces of a client are not counted until many of
//! them wait. What is waiting does not bound a client that reads, so there is no setting for it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::callers::{Caller, Network};
use crate::telemetry::PortCounts;

/// The shortest piece that is counted: as long as the largest frame. A thousand streams with a shorter piece each wait with
/// sixteen megabytes at most, and with less where they share it.
pub const COUNTED_BYTES_MIN: usize = 16 * 1024;
/// What may wait on a connection until it gets no more long answers: a dozen of the widest.
const CONNECTION_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What may wait of short answers on a connection that gets no long ones: one of its readers may be slow, and a proxy sends the
/// requests of all its readers over it. It is a kilobyte for each stream that it may open.
const SHORT_BYTES_MAX: usize = 1024 * 1024;
/// What may wait of short pieces for a client, or on a connection of a proxy, until further ones count as long ones do: one for each of
/// a thousand streams. HTTP/2 holds an answer that has ended whatever its reader takes, which on many connections would be gigabytes.
const UNCOUNTED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What may wait on all connections of a port until slow readers are not waited for: a hundred of the widest answers.
const PRESSED_BYTES: usize = 64 * 1024 * 1024;
/// What may wait on all connections of a port: as much again, for clients that have nothing waiting. A thousand of them would
/// hold a widest answer each.
const BYTES_MAX: usize = 128 * 1024 * 1024;
/// How long a stream may wait for its reader to take what was sent: as long as a connection may for a write.
const STALL_MAX: Duration = Duration::from_secs(30);
/// How long it may while too much waits on all connections, or the service stops: a reader that reads takes a piece in a
/// fraction of it.
const PRESSED_STALL_MAX: Duration = Duration::from_secs(2);

/// The limits of what waits.
#[derive(Debug, Clone, Copy)]
pub struct OutputLimits {
    /// What may wait on a connection, in bytes.
    pub connection_bytes_max: usize,
    /// What may wait of short answers on a connection that gets no long ones, in bytes.
    pub short_bytes_max: usize,
    /// What may wait of short pieces for a client until further ones count as long ones do, in bytes.
    pub uncounted_bytes_max: usize,
    /// What may wait on all connections of a port until slow readers are not waited for, and get no more, in bytes.
    pub pressed_bytes: usize,
    /// What may wait on all connections of a port, in bytes.
    pub bytes_max: usize,
    /// How long a stream may wait for its reader.
    pub stall_max: Duration,
    /// How long it may while too much waits, or the service stops.
    pub pressed_stall_max: Duration,
}

impl Default for OutputLimits {
    fn default() -> Self {
        Self {
            connection_bytes_max: CONNECTION_BYTES_MAX,
            short_bytes_max: SHORT_BYTES_MAX,
            uncounted_bytes_max: UNCOUNTED_BYTES_MAX,
            pressed_bytes: PRESSED_BYTES,
            bytes_max: BYTES_MAX,
            stall_max: STALL_MAX,
            pressed_stall_max: PRESSED_STALL_MAX,
        }
    }
}

/// What waits on all connections of a port.
#[derive(Debug, Default)]
pub struct OutputBudget {
    limits: OutputLimits,
    all: Account,
    /// What waits on all connections of each client.
    clients: Mutex<BTreeMap<Network, OfClient>>,
    counts: Arc<PortCounts>,
    draining: CancellationToken,
}

/// What waits on one connection. Requests bear it as an extension.
#[derive(Debug, Default)]
pub struct ConnectionOutput {
    budget: Arc<OutputBudget>,
    own: Account,
    /// None of a proxy, whose connections are those of many clients.
    client: Option<ClientBytes>,
    /// What waits of the short answers that began to wait while it got no long ones.
    short_bytes: AtomicUsize,
    /// What waits of short pieces that are not counted: for its client, or on the connection of a proxy.
    uncounted: Arc<AtomicUsize>,
    /// The number of requests that are open.
    requests: AtomicUsize,
}

/// What waits on all connections of a client, and how many it has.
#[derive(Debug, Default)]
struct OfClient {
    bytes: Arc<AtomicUsize>,
    uncounted: Arc<AtomicUsize>,
    connections: usize,
}

/// The same for each of the connections. It is forgotten with the last of them.
#[derive(Debug)]
struct ClientBytes {
    client: Network,
    bytes: Arc<AtomicUsize>,
    uncounted: Arc<AtomicUsize>,
    budget: Arc<OutputBudget>,
}

/// A request counts as open until this is dropped, with its answer.
#[derive(Debug)]
pub(super) struct OpenRequest(Arc<ConnectionOutput>);

/// Whom an answer is for; of nothing if the request comes from within the process.
#[derive(Debug, Clone, Default)]
pub struct Recipient {
    /// The client.
    pub caller: Option<Caller>,
    /// What waits on its connection.
    pub output: Option<Arc<ConnectionOutput>>,
}

/// The bytes that wait, each piece once.
#[derive(Debug, Default)]
struct Account {
    bytes: AtomicUsize,
    /// How many streams wait with each piece.
    streams: Mutex<BTreeMap<Piece, usize>>,
}

/// A piece by its place in memory, which stays as long as it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    address: usize,
    length: usize,
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
    fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Adds a piece of a stream; returns whether no other stream waits with it.
    fn add(&self, piece: Piece) -> bool {
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
    fn remove(&self, piece: Piece) -> bool {
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

impl OutputBudget {
    /// Nothing waits yet. What will is counted for a port, until it drains.
    pub fn new(limits: OutputLimits, counts: Arc<PortCounts>, draining: CancellationToken) -> Self {
        Self {
            limits,
            all: Account::default(),
            clients: Mutex::default(),
            counts,
            draining,
        }
    }

    /// How long a stream may wait for its reader now.
    pub(super) fn stall_max(&self) -> Duration {
        if self.is_pressed() || self.draining.is_cancelled() {
            self.limits.pressed_stall_max
        } else {
            self.limits.stall_max
        }
    }

    /// Whether so much waits on all connections that slow readers are not waited for.
    fn is_pressed(&self) -> bool {
        self.all.bytes() > self.limits.pressed_bytes
    }

    /// Counts a stream that was cut because its reader took nothing.
    pub(super) fn count_cut(&self) {
        self.counts.unread_streams.increment();
    }

    /// What waits on a new connection of a client; of none, if the peer is a proxy.
    pub fn connection(self: &Arc<Self>, client: Option<Network>) -> Arc<ConnectionOutput> {
        let client = client.map(|client| self.of_client(client));
        let uncounted = client.as_ref().map(|known| Arc::clone(&known.uncounted));
        Arc::new(ConnectionOutput {
            budget: Arc::clone(self),
            client,
            uncounted: uncounted.unwrap_or_default(),
            ..ConnectionOutput::default()
        })
    }

    fn of_client(self: &Arc<Self>, client: Network) -> ClientBytes {
        let mut clients = self.clients();
        let known = clients.entry(client).or_default();
        known.connections = known.connections.saturating_add(1);
        ClientBytes {
            client,
            bytes: Arc::clone(&known.bytes),
            uncounted: Arc::clone(&known.uncounted),
            budget: Arc::clone(self),
        }
    }

    /// The map is whole at every moment, so a panic while it was locked does not spoil it.
    fn clients(&self) -> MutexGuard<'_, BTreeMap<Network, OfClient>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ClientBytes {
    fn drop(&mut self) {
        let mut clients = self.budget.clients();
        if let Entry::Occupied(mut known) = clients.entry(self.client) {
            let left = known.get().connections.saturating_sub(1);
            known.get_mut().connections = left;
            if left == 0 {
                known.remove();
            }
        }
    }
}

impl OpenRequest {
    pub(super) fn begin(output: &Arc<ConnectionOutput>) -> Self {
        output.requests.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(output))
    }

    /// What waits on its connection.
    pub(super) fn output(&self) -> &Arc<ConnectionOutput> {
        &self.0
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ConnectionOutput {
    /// How many requests of the connection are open.
    pub(super) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Whether it gets no long answers: the bytes that may wait, if as many wait on the connection; or on all connections, if its client
    /// reads too little on any. A client with nothing that waits gets answers until too much waits for the others.
    fn exceeded(&self) -> Option<usize> {
        let (limits, own) = (&self.budget.limits, self.own.bytes());
        let of_client = self.client.as_ref();
        let of_client = of_client.map_or(own, |client| client.bytes.load(Ordering::Relaxed));
        if own >= limits.connection_bytes_max {
            Some(limits.connection_bytes_max)
        } else if of_client > 0 && self.budget.is_pressed() {
            Some(limits.pressed_bytes)
        } else {
            (self.budget.all.bytes() >= limits.bytes_max).then_some(limits.bytes_max)
        }
    }

    /// Whether another request is refused, however short its answer: how much may wait. It counts as refused.
    pub fn refuse_request(&self) -> Option<usize> {
        self.refuse_if(|| self.is_short_full(1))
    }

    /// The same for an answer, or a message of a stream, that is long.
    pub fn refuse_long(&self) -> Option<usize> {
        self.refuse_if(|| true)
    }

    /// The same for a message of a stream that is open, by its length in bytes. Short ones are not refused: a stream waits with
    /// one at most.
    pub fn refuse_message(&self, bytes: usize) -> Option<usize> {
        self.refuse_if(|| bytes >= COUNTED_BYTES_MIN)
    }

    /// The same for an answer of at least this many bytes. One without a body is never refused.
    pub fn refuse_answer(&self, bytes: usize) -> Option<usize> {
        self.refuse_if(|| bytes >= COUNTED_BYTES_MIN || (bytes > 0 && self.is_short_full(bytes)))
    }

    fn refuse_if(&self, is_too_long: impl FnOnce() -> bool) -> Option<usize> {
        let max = self.exceeded().filter(|_| is_too_long())?;
        self.budget.counts.unread_refused.increment();
        Some(max)
    }

    fn is_short_full(&self, more: usize) -> bool {
        let bytes = self.short_bytes.load(Ordering::Relaxed);
        bytes.saturating_add(more) > self.budget.limits.short_bytes_max
    }

    /// Counts the bytes of a short piece as waiting until [`ConnectionOutput::remove_short`], if the connection gets no long ones;
    /// returns whether it does.
    pub(super) fn add_short(&self, bytes: usize) -> bool {
        let is_counted = self.exceeded().is_some();
        if is_counted {
            self.short_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        is_counted
    }

    /// They were sent, or will not be.
    pub(super) fn remove_short(&self, bytes: usize) {
        self.short_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Lets a short piece wait uncounted until [`ConnectionOutput::remove_uncounted`]; returns whether it may.
    pub(super) fn add_uncounted(&self, bytes: usize) -> bool {
        let before = self.uncounted.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) <= self.budget.limits.uncounted_bytes_max {
            return true;
        }
        self.remove_uncounted(bytes);
        false
    }

    /// They were sent, or will not be.
    pub(super) fn remove_uncounted(&self, bytes: usize) {
        self.uncounted.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Counts bytes as waiting until [`ConnectionOutput::remove`].
    pub(super) fn add(&self, bytes: &Bytes) {
        let piece = Piece::from(bytes);
        let is_own = self.own.add(piece);
        if let Some(client) = self.client.as_ref().filter(|_| is_own) {
            client.bytes.fetch_add(piece.length, Ordering::Relaxed);
        }
        if self.budget.all.add(piece) {
            self.budget.counts.unsent_bytes.add(u64_of(piece.length));
        }
    }

    /// The bytes were sent, or will not be.
    pub(super) fn remove(&self, bytes: &Bytes) {
        let piece = Piece::from(bytes);
        let is_own = self.own.remove(piece);
        if let Some(client) = self.client.as_ref().filter(|_| is_own) {
            client.bytes.fetch_sub(piece.length, Ordering::Relaxed);
        }
        if self.budget.all.remove(piece) {
            let length = u64_of(piece.length);
            self.budget.counts.unsent_bytes.subtract(length);
        }
    }
}

fn u64_of(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
