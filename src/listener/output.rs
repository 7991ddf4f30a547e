//! How many bytes wait to be sent: on a connection, and on all connections of a port.
//!
//! Measured reason: a client that asks for wide answers and reads none made the service hold two gigabytes.
//!
//! Bytes wait from the moment that HTTP takes them from the body of an answer until it has written them. What many streams
//! share, such as a message to the subscribers of a filter, counts once. Short pieces of a client are not counted until many of
//! them wait. What is waiting does not bound a client that reads, so there is no setting for it.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::callers::{Caller, Network};
use crate::listener::account::{Account, Piece};
use crate::listener::cuts::Cuts;
use crate::listener::faults::count_fault;
use crate::listener::holders::{Holder, Holders};
use crate::listener::stall::Stall;
use crate::listener::waiting::Waiting;
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
/// What may wait on all connections of a port until each further answer takes the place of others: half as much again, for
/// clients that have nothing waiting.
const FULL_BYTES: usize = 96 * 1024 * 1024;
/// What is to end beyond that when answers make room. To find them takes a look at all that waits, with its lock: so it is not taken
/// again for each further answer, and few are cut without need.
const ROOM_BYTES: usize = FULL_BYTES / 16;
/// What may wait on all connections of a port in any case: what is to make room takes a moment to end, and nothing does that has
/// begun in the moment before.
const BYTES_MAX: usize = 128 * 1024 * 1024;
/// For how long an answer, or a frame taken of it, keeps it from making room: the answer of a reader that reads is gone by then, or
/// another frame of it, from the other side of the earth too.
const SPARED: Duration = Duration::from_millis(500);
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
    /// What may wait on all connections of a port until each further answer takes the place of others, in bytes.
    pub full_bytes: usize,
    /// What is to end beyond that when answers make room, in bytes.
    pub room_bytes: usize,
    /// What may wait on all connections of a port, in bytes.
    pub bytes_max: usize,
    /// For how long an answer of which some was taken makes no room for others.
    pub spared: Duration,
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
            full_bytes: FULL_BYTES,
            room_bytes: ROOM_BYTES,
            bytes_max: BYTES_MAX,
            spared: SPARED,
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
    holders: Arc<Holders>,
    counts: Arc<PortCounts>,
    draining: CancellationToken,
}

/// What waits on one connection. Requests bear it as an extension.
#[derive(Debug)]
pub struct ConnectionOutput {
    budget: Arc<OutputBudget>,
    own: Account,
    /// The answers that were cut and still wait.
    cuts: Arc<Cuts>,
    /// Its client, or itself if the peer is a proxy, whose connections are those of many clients.
    holder: Holder,
    /// What waits of the short answers that began to wait while it got no long ones.
    short_bytes: AtomicUsize,
    /// The number of requests that are open.
    requests: AtomicUsize,
    /// Whether the body of the request over HTTP/1.1 has not come yet.
    is_arriving: AtomicBool,
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

impl OutputBudget {
    /// Nothing waits yet. What will is counted for a port, until it drains.
    pub fn new(limits: OutputLimits, counts: Arc<PortCounts>, draining: CancellationToken) -> Self {
        Self {
            limits,
            all: Account::default(),
            holders: Arc::default(),
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

    /// Tells an answer to end whose reader took too little.
    pub(super) fn cut(&self, waiting: &Waiting) {
        self.holders.end(waiting);
    }

    /// Counts a stream that was cut because its reader took nothing.
    pub(super) fn count_cut(&self) {
        self.counts.unread_streams.increment();
    }

    /// What waits on a new connection of a client; of none, if the peer is a proxy.
    pub fn connection(self: &Arc<Self>, client: Option<Network>) -> Arc<ConnectionOutput> {
        Arc::new(ConnectionOutput::new(Arc::clone(self), client))
    }

    /// Has answers cut while more waits than may, those of the clients that hold the most.
    fn make_room(&self) {
        let kept = self.all.bytes().saturating_sub(self.holders.ending_bytes());
        let over = kept.saturating_sub(self.limits.full_bytes);
        if over > 0 {
            let bytes = over.saturating_add(self.limits.room_bytes);
            self.holders.cut(bytes, self.limits.spared);
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

impl Default for ConnectionOutput {
    /// That of a connection whose port has no other one.
    fn default() -> Self {
        Self::new(Arc::default(), None)
    }
}

impl ConnectionOutput {
    fn new(budget: Arc<OutputBudget>, client: Option<Network>) -> Self {
        Self {
            holder: budget.holders.connection(client),
            budget,
            own: Account::default(),
            cuts: Arc::default(),
            short_bytes: AtomicUsize::default(),
            requests: AtomicUsize::default(),
            is_arriving: AtomicBool::default(),
        }
    }

    /// Counts the end of the connection, if its peer broke the rules of HTTP.
    pub(super) fn count_fault(&self, error: &(dyn Error + 'static)) {
        count_fault(&self.budget.counts, error);
    }

    /// Ready when an answer was cut and waits for as long again as a stream may: HTTP drops it when the connection ends. Its task polls
    /// this in each turn, and is woken when an answer is cut.
    pub(super) fn poll_stalled(&self, cx: &mut Context<'_>, stall: &mut Stall) -> Poll<()> {
        let oldest = self.cuts.oldest(cx);
        let stalled = stall.poll(cx, || oldest, || self.budget.stall_max());
        stalled.map(|()| self.budget.counts.stalled.increment())
    }

    /// How many requests of the connection are open.
    pub(super) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Whether the body of its request over HTTP/1.1 has not come yet.
    pub(super) fn is_arriving(&self) -> bool {
        self.is_arriving.load(Ordering::Relaxed)
    }

    pub(super) fn set_arriving(&self, is_arriving: bool) {
        self.is_arriving.store(is_arriving, Ordering::Relaxed);
    }

    /// Whether it gets no long answers: the bytes that may wait, if as many wait on the connection; or on all connections, if its client
    /// reads too little on any. For a client with nothing that waits, others make room.
    fn exceeded(&self) -> Option<usize> {
        let limits = &self.budget.limits;
        if self.own.bytes() >= limits.connection_bytes_max {
            Some(limits.connection_bytes_max)
        } else if self.holder.bytes() > 0 && self.budget.is_pressed() {
            Some(limits.pressed_bytes)
        } else if self.budget.all.bytes() >= limits.bytes_max {
            self.budget.make_room();
            Some(limits.bytes_max)
        } else {
            None
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
        let max = if is_too_long() { self.exceeded() } else { None }?;
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
        let uncounted = self.holder.uncounted();
        let before = uncounted.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) <= self.budget.limits.uncounted_bytes_max {
            return true;
        }
        self.remove_uncounted(bytes);
        false
    }

    /// They were sent, or will not be.
    pub(super) fn remove_uncounted(&self, bytes: usize) {
        self.holder.uncounted().fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Counts bytes as waiting until [`ConnectionOutput::remove`].
    pub(super) fn add(&self, bytes: &Bytes) -> Arc<Waiting> {
        let piece = Piece::from(bytes);
        let waiting = Waiting::begin(piece, Arc::clone(&self.cuts));
        let is_first = self.own.add(piece);
        self.holder.add(&waiting, is_first);
        if self.budget.all.add(piece) {
            let length = u64_of(piece.length);
            self.budget.counts.unsent_bytes.add(length);
            self.budget.make_room();
        }
        waiting
    }

    /// The bytes were sent, or will not be: they have ended.
    pub(super) fn remove(&self, waiting: &Arc<Waiting>) {
        let piece = waiting.piece();
        let is_last = self.own.remove(piece);
        self.holder.remove(waiting, is_last);
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
