//! What a subscriber receives, in order: an opening, the state, then what changes.
//!
//! A subscriber pulls. Each commit reaches every subscriber through one short queue that is the same for all of them. A
//! subscriber that reads too slowly to stay within it, that wants updates less often, or that resumes, gets one message
//! computed from the newest snapshot and the position it holds. So a slow reader gets fewer, newer updates, the publisher
//! never waits, and the memory of a subscription does not grow with time.
//!
//! A subscription says what the next message is, as a [`Step`]. An [`EncodedStream`] encodes it with the encoder of a
//! protocol, once for all the streams that need the same, and keeps it in a [`FrameCache`]. An [`AnswerCache`] does the
//! same for answers to requests.

mod step;
mod subscription;
mod answer_cache;
mod encoded_stream;
mod frame_cache;

use std::sync::Arc;
use std::time::Duration;

pub use answer_cache::AnswerCache;
pub use encoded_stream::{EncodedStream, MessageEncoder};
pub use frame_cache::FrameCache;
pub use step::{Event, Message, Step};
pub use subscription::{StreamEnd, Subscription};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::board::BoardReader;
use crate::domain::{Position, RateFilter};

/// The longest interval between updates that is granted: past an hour a reader is better served by asking.
const MIN_INTERVAL_MAX: Duration = Duration::from_secs(3600);
/// How old a stream becomes, give or take a tenth: readers that a balancer put on one replica spread over all of them
/// within an hour, and a reader that resumes once an hour costs nothing.
const STREAM_AGE_MAX: Duration = Duration::from_secs(3600);

/// Opens subscriptions.
#[derive(Debug, Clone)]
pub struct Feed {
    board: BoardReader,
    limits: StreamLimits,
    /// One permit for each stream that may be opened yet.
    free_streams: Arc<Semaphore>,
    draining: CancellationToken,
}

/// What holds for every stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// How long a stream stays silent at most.
    pub heartbeat_interval: Duration,
    /// How old a stream becomes, give or take a tenth, so that those that began together do not end together.
    pub stream_age: Duration,
    /// How many streams there may be.
    pub streams_max: u32,
}

/// What a subscriber asks for, checked.
#[derive(Debug, Clone)]
pub struct Subscribe {
    /// Which pairs.
    pub filter: RateFilter,
    /// Where it stopped, if it did.
    pub resume_after: Option<Position>,
    /// The least time between two updates.
    pub min_interval: Duration,
    /// Leave out the snapshot.
    pub updates_only: bool,
}

/// Why there is no stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("there are {streams_max} streams already")]
pub struct TooManyStreams {
    /// How many there may be.
    pub streams_max: u32,
}

/// What a resume came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No position was given.
    SnapshotRequested,
    /// The stream continues where the reader stopped.
    Resumed,
    /// So much has left since that not all of it is remembered.
    SnapshotTooOld,
    /// The position is of another epoch.
    SnapshotOtherEpoch,
    /// The position is beyond the present.
    SnapshotAhead,
}

impl StreamLimits {
    /// With the usual age.
    pub fn new(heartbeat_interval: Duration, streams_max: u32) -> Self {
        Self {
            heartbeat_interval,
            stream_age: STREAM_AGE_MAX,
            streams_max,
        }
    }
}

impl Feed {
    /// A feed of a board; it ends every stream when `draining` is cancelled.
    pub fn new(board: BoardReader, limits: StreamLimits, draining: CancellationToken) -> Self {
        let streams_max = usize::try_from(limits.streams_max).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            board,
            limits,
            free_streams: Arc::new(Semaphore::new(streams_max.min(Semaphore::MAX_PERMITS))),
            draining,
        }
    }

    /// The board behind it.
    pub fn board(&self) -> &BoardReader {
        &self.board
    }

    /// Whether streams are being ended.
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Opens a subscription at the present.
    pub fn subscribe(&self, wanted: Subscribe) -> Result<Subscription, TooManyStreams> {
        let permit = Arc::clone(&self.free_streams).try_acquire_owned();
        let permit = permit.map_err(|_none_is_free| TooManyStreams {
            streams_max: self.limits.streams_max,
        })?;
        let wanted = Subscribe {
            min_interval: wanted.min_interval.min(MIN_INTERVAL_MAX),
            ..wanted
        };
        Ok(Subscription::new(self.clone(), wanted, permit))
    }
}
