//! A stream of encoded messages: what is the same for several readers is encoded once.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::RateFilter;
use crate::feed::filter_frames::{FilterFrames, SharedMessage};
use crate::feed::frame_cache::{FrameCache, MessageEncoder, aside, is_shared};
use crate::feed::{Step, StreamEnd, Subscription};

/// The shortest rows that are not copied behind their opening: a copy of shorter ones takes less than a second piece.
const SHARED_BYTES_MIN: usize = 4 * 1024;

/// The most pairs of a filter whose messages are kept for a single reader, who may resume: each has some hundred bytes of them.
const NARROW_PAIRS_MAX: usize = 32;

/// The messages of a subscription, encoded.
#[derive(Debug)]
pub struct EncodedStream<E> {
    subscription: Subscription,
    /// The pairs of the frames: those of a stream that follows the ticker may become others.
    filter: Arc<RateFilter>,
    frames: Arc<FilterFrames>,
    cache: Arc<FrameCache<E>>,
    /// Whether it has many pairs.
    is_wide: bool,
    /// The rows that follow the opening at once.
    rows: Option<Bytes>,
}

/// Whether the messages of a filter are long, and take long to encode.
fn is_wide(filter: &RateFilter) -> bool {
    let mut items = filter.items();
    items.any(|item| item == "*/*") || filter.items().count() > NARROW_PAIRS_MAX
}

impl<E: MessageEncoder> EncodedStream<E> {
    /// Encodes the messages of a subscription with the encoder of a cache, and shares them with its other streams.
    pub fn new(subscription: Subscription, cache: Arc<FrameCache<E>>) -> Self {
        Self {
            is_wide: is_wide(subscription.filter()),
            filter: Arc::clone(subscription.filter()),
            frames: cache.of_filter(subscription.filter()),
            subscription,
            cache,
            rows: None,
        }
    }

    /// The next message, once there is one. The opening comes together with the rows that follow it at once, if they are
    /// short: of a crowd that connects at the same moment, each connection then waits with half as many pieces. Long rows stay
    /// those of all streams with the same filter, however many wait with them.
    pub async fn next(&mut self) -> Result<Bytes, StreamEnd> {
        if let Some(rows) = self.rows.take() {
            return Ok(rows);
        }
        let message = self.message().await?;
        if !self.subscription.has_pending_rows() {
            return Ok(message);
        }
        let rows = self.message().await?;
        if rows.len() >= SHARED_BYTES_MIN {
            self.rows = Some(rows);
            return Ok(message);
        }
        Ok([message, rows].concat().into())
    }

    /// One message. This is where it is decided which messages are shared, and by whom.
    async fn message(&mut self) -> Result<Bytes, StreamEnd> {
        let step = self.subscription.step().await?;
        if !Arc::ptr_eq(&self.filter, self.subscription.filter()) {
            self.filter = Arc::clone(self.subscription.filter());
            self.frames = self.cache.of_filter(&self.filter);
            self.is_wide = is_wide(&self.filter);
        }
        let encode = || self.cache.encode(&self.subscription.message(&step));
        let shared = match &step {
            // Of one reader alone, and small.
            Step::Opening { .. } => return Ok(encode()),
            // Of the readers of every filter.
            Step::Heartbeat(shown) => return Ok(self.cache.heartbeat(&shown.position, encode)),
            // Of the readers of a filter.
            Step::Snapshot(snapshot) => SharedMessage::Snapshot(&snapshot.position),
            Step::Update { after, to } => SharedMessage::Update {
                after: *after,
                to: &to.position,
            },
        };
        if !self.is_wide {
            return Ok(self.frames.get_or_encode(shared, encode));
        }
        // Of one reader alone, as long as no other has its filter.
        if !is_shared(&self.frames) {
            return Ok(self.cache.encode_alone(|| aside(encode)).await);
        }
        if let Some(known) = self.frames.get(shared) {
            return Ok(known);
        }
        // Boxed: thousands of streams wait for their next message, and few for a wide one.
        let encoded = self.frames.get_or_encode_wide(shared, || aside(encode));
        Ok(Box::pin(encoded).await)
    }
}
