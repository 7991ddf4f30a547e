//! What has been encoded for the readers of a filter.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, Semaphore};

use crate::domain::Position;

/// How many updates of a filter are kept: one for each commit that readers may be behind, and the merged updates of those
/// who are further behind, or who resume from the same few positions after their connections were cut.
const UPDATES_MAX: usize = 32;
/// How many bytes of updates a filter keeps: the updates of the widest filter are of this order.
const UPDATE_BYTES_MAX: usize = 1024 * 1024;
/// How many bytes the filters of a cache keep: the newest messages of a dozen of the widest. Beyond it, the messages of a wide
/// filter are encoded for each of its readers.
const KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How many bytes there may be for the streams of a filter that made room for others to have their messages kept: what is left is
/// for the filters that are known.
const FORGOTTEN_BYTES_MAX: usize = KEPT_BYTES_MAX / 2;
/// The longest message that is kept in any case: those of a narrow filter. All filters together have two mebibytes of them.
const SHORT_BYTES_MAX: usize = 16 * 1024;

/// The turn to encode the wide messages of filters that several streams share, in the whole process: with a thread for each of
/// them, every other stream would wait for the processor.
static TURN: Semaphore = Semaphore::const_new(1);

/// A message that is the same for all readers of a filter.
#[derive(Debug, Clone, Copy)]
pub(super) enum SharedMessage<'a> {
    /// The whole state at a position.
    Snapshot(&'a Position),
    /// The update from a revision to a position.
    Update { after: u64, to: &'a Position },
}

/// What all filters of a cache have had encoded, and keep.
#[derive(Debug, Default)]
pub(super) struct Totals {
    encoded: AtomicU64,
    kept_bytes: AtomicUsize,
    /// Whether a message had no room since this was last asked.
    is_full: AtomicBool,
}

impl Totals {
    /// How many messages were encoded.
    pub(super) fn encoded(&self) -> u64 {
        self.encoded.load(Ordering::Relaxed)
    }

    /// How many bytes are kept.
    pub(super) fn kept_bytes(&self) -> usize {
        self.kept_bytes.load(Ordering::Relaxed)
    }

    /// Counts a message as encoded.
    pub(super) fn count(&self) {
        self.encoded.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a message had no room since this was last asked: filters that no stream has should make some.
    pub(super) fn take_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed) && self.is_full.swap(false, Ordering::Relaxed)
    }

    fn is_exceeded(&self) -> bool {
        let is_exceeded = self.kept_bytes.load(Ordering::Relaxed) > KEPT_BYTES_MAX;
        if is_exceeded {
            self.is_full.store(true, Ordering::Relaxed);
        }
        is_exceeded
    }

    fn add(&self, bytes: usize) {
        self.kept_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn remove(&self, bytes: usize) {
        self.kept_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// What has been encoded for a filter.
#[derive(Debug)]
pub(super) struct FilterFrames {
    frames: Mutex<Frames>,
    /// Tells those that wait for a wide message that one was encoded.
    encoded: Notify,
    /// Whether the cache knows the filter. For the streams of one that made room for others, messages are kept within a part of
    /// what may be kept.
    is_known: AtomicBool,
    totals: Arc<Totals>,
}

#[derive(Debug, Default)]
struct Frames {
    /// The newest state.
    snapshot: Option<(Position, Bytes)>,
    /// Updates by the revision where they begin and the position where they lead, the newest last.
    updates: VecDeque<(u64, Position, Bytes)>,
    update_bytes: usize,
    /// Whether a wide message is being encoded.
    is_encoding: bool,
}

/// A wide message is being encoded until this is dropped.
struct Encoding<'a>(&'a FilterFrames);

impl Drop for Encoding<'_> {
    fn drop(&mut self) {
        lock(&self.0.frames).is_encoding = false;
        self.0.encoded.notify_waiters();
    }
}

impl FilterFrames {
    /// Nothing yet, of a filter that a cache knows.
    pub(super) fn new(totals: &Arc<Totals>) -> Self {
        Self {
            frames: Mutex::default(),
            encoded: Notify::new(),
            is_known: AtomicBool::new(true),
            totals: Arc::clone(totals),
        }
    }

    /// Whether the cache knows the filter.
    pub(super) fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Relaxed)
    }

    /// The cache knows the filter no more: nothing is kept but what its streams need next.
    pub(super) fn forget(&self) {
        self.is_known.store(false, Ordering::Relaxed);
        self.drop_all(&mut lock(&self.frames));
    }

    fn drop_all(&self, frames: &mut Frames) {
        self.totals.remove(frames.bytes());
        (frames.snapshot, frames.update_bytes) = (None, 0);
        frames.updates.clear();
    }

    /// A message, if it was encoded before.
    pub(super) fn get(&self, message: SharedMessage<'_>) -> Option<Bytes> {
        lock(&self.frames).get(message)
    }

    /// A message. It is encoded under the lock of the filter: streams that need the same message wait for it, instead of encoding
    /// it again.
    pub(super) fn get_or_encode(
        &self,
        message: SharedMessage<'_>,
        encode: impl FnOnce() -> Bytes,
    ) -> Bytes {
        let mut frames = lock(&self.frames);
        if let Some(known) = frames.get(message) {
            return known;
        }
        self.totals.count();
        let bytes = encode();
        self.keep(&mut frames, message, &bytes);
        bytes
    }

    /// The same for a message that takes milliseconds to encode: streams that need it too wait without a thread, so that the
    /// streams of other filters have theirs.
    pub(super) async fn get_or_encode_wide(
        &self,
        message: SharedMessage<'_>,
        encode: impl FnOnce() -> Bytes,
    ) -> Bytes {
        loop {
            let mut encoded = pin!(self.encoded.notified());
            // What is encoded from now on wakes it.
            encoded.as_mut().enable();
            {
                let mut frames = lock(&self.frames);
                if let Some(known) = frames.get(message) {
                    return known;
                }
                if !frames.is_encoding {
                    frames.is_encoding = true;
                    break;
                }
            }
            encoded.await;
        }
        let _encoding = Encoding(self);
        let _turn = TURN.acquire().await;
        self.totals.count();
        let bytes = encode();
        self.keep(&mut lock(&self.frames), message, &bytes);
        bytes
    }

    fn keep(&self, frames: &mut Frames, message: SharedMessage<'_>, bytes: &Bytes) {
        if !self.is_known() && self.totals.kept_bytes() > FORGOTTEN_BYTES_MAX {
            self.drop_all(frames);
            return;
        }
        match message {
            SharedMessage::Snapshot(position) => self.keep_snapshot(frames, position, bytes),
            SharedMessage::Update { after, to } => {
                frames.update_bytes = frames.update_bytes.saturating_add(bytes.len());
                self.totals.add(bytes.len());
                frames.updates.push_back((after, to.clone(), bytes.clone()));
                self.drop_updates(frames);
            }
        }
    }

    /// Drops the oldest updates until no more are kept than may be.
    fn drop_updates(&self, frames: &mut Frames) {
        let is_long = |frames: &Frames| {
            let newest = frames.updates.back();
            newest.is_some_and(|(_, _, bytes)| bytes.len() > SHORT_BYTES_MAX)
        };
        while frames.updates.len() > UPDATES_MAX
            || (frames.update_bytes > UPDATE_BYTES_MAX && frames.updates.len() > 1)
            || (self.totals.is_exceeded() && (frames.updates.len() > 1 || is_long(frames)))
        {
            if let Some((_, _, oldest)) = frames.updates.pop_front() {
                frames.update_bytes = frames.update_bytes.saturating_sub(oldest.len());
                self.totals.remove(oldest.len());
            }
        }
    }

    fn keep_snapshot(&self, frames: &mut Frames, position: &Position, bytes: &Bytes) {
        // Revisions compare across epochs: a new epoch of a running process continues the numbers.
        // A late stream at an older position does not displace what every other stream needs.
        let kept = frames.snapshot.as_ref();
        if kept.is_some_and(|(of, _)| of.revision > position.revision) {
            return;
        }
        if let Some((_, before)) = frames.snapshot.take() {
            self.totals.remove(before.len());
        }
        self.totals.add(bytes.len());
        if self.totals.is_exceeded() && bytes.len() > SHORT_BYTES_MAX {
            self.totals.remove(bytes.len());
        } else {
            frames.snapshot = Some((position.clone(), bytes.clone()));
        }
    }
}

impl Drop for FilterFrames {
    fn drop(&mut self) {
        self.totals.remove(lock(&self.frames).bytes());
    }
}

impl Frames {
    /// How many bytes are kept.
    fn bytes(&self) -> usize {
        let snapshot = self.snapshot.as_ref().map_or(0, |(_, bytes)| bytes.len());
        self.update_bytes.saturating_add(snapshot)
    }

    fn get(&self, message: SharedMessage<'_>) -> Option<Bytes> {
        match message {
            SharedMessage::Snapshot(position) => {
                let (of, bytes) = self.snapshot.as_ref()?;
                (of == position).then(|| bytes.clone())
            }
            SharedMessage::Update { after, to } => {
                let mut newest_first = self.updates.iter().rev();
                let known = newest_first.find(|(from, until, _)| *from == after && until == to);
                known.map(|(_, _, bytes)| bytes.clone())
            }
        }
    }
}

/// What is kept is whole at every moment, so a panic while it was locked does not spoil it.
fn lock(frames: &Mutex<Frames>) -> MutexGuard<'_, Frames> {
    frames.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
