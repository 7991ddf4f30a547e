//! A stream of encoded messages: what is the same for several readers is encoded once.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::RateFilter;
use crate::feed::frame_cache::{FilterFrames, FrameCache, MessageEncoder};
use crate::feed::{Step, StreamEnd, Subscription};

/// The messages of a subscription, encoded.
#[derive(Debug)]
pub struct EncodedStream<E> {
    subscription: Subscription,
    /// The pairs of the frames: those of a stream that follows the ticker may become others.
    filter: Arc<RateFilter>,
    frames: Arc<FilterFrames>,
    cache: Arc<FrameCache<E>>,
}

impl<E: MessageEncoder> EncodedStream<E> {
    /// Encodes the messages of a subscription with the encoder of a cache, and shares them with its other streams.
    pub fn new(subscription: Subscription, cache: Arc<FrameCache<E>>) -> Self {
        Self {
            filter: Arc::clone(subscription.filter()),
            frames: cache.of_filter(subscription.filter()),
            subscription,
            cache,
        }
    }

    /// The next message, once there is one. The opening comes together with the rows that follow it at once: of a crowd
    /// that connects at the same moment, each connection then waits with half as many pieces.
    pub async fn next(&mut self) -> Result<Bytes, StreamEnd> {
        let message = self.message().await?;
        if self.subscription.has_pending_rows() {
            let rows = self.message().await?;
            return Ok([message, rows].concat().into());
        }
        Ok(message)
    }

    /// One message. This is where it is decided which messages are shared, and by whom.
    async fn message(&mut self) -> Result<Bytes, StreamEnd> {
        let step = self.subscription.step().await?;
        if !Arc::ptr_eq(&self.filter, self.subscription.filter()) {
            self.filter = Arc::clone(self.subscription.filter());
            self.frames = self.cache.of_filter(&self.filter);
        }
        let encode = || self.cache.encode(&self.subscription.message(&step));
        Ok(match &step {
            // Of one reader alone, and small.
            Step::Opening { .. } => encode(),
            // Of the readers of every filter.
            Step::Heartbeat(shown) => self.cache.heartbeat(&shown.position, encode),
            // Of the readers of a filter.
            Step::Snapshot(snapshot) => self.frames.snapshot(&snapshot.position, encode),
            Step::Update { after, to } => self.frames.update(*after, &to.position, encode),
        })
    }
}
