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
//!
#![doc = include_str!("feed/README.md")]

mod beginning;
mod keyless;
mod step;
mod stream_end;
mod subscription;
mod ticker;
mod answer_cache;
mod encoded_stream;
mod filter_frames;
mod frame_cache;

use std::sync::Arc;
use std::time::Duration;

pub use answer_cache::AnswerCache;
pub use encoded_stream::EncodedStream;
pub use frame_cache::{FrameCache, MessageEncoder};
pub use keyless::KeylessReaders;
pub use step::{Step, StreamEvent, StreamMessage};
pub use stream_end::StreamEnd;
pub use subscription::Subscription;
use thiserror::Error;
pub use ticker::Ticker;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::board::BoardReader;
use crate::callers::{CountedBy, CountedClient, Share, ShareExceeded, ShareLimits, Shares};
use crate::domain::{Position, RateFilter};
use crate::memory::{Memory, Pressure};
pub use crate::telemetry::Transport;
use crate::telemetry::{OpenStream, StreamCounts};

/// The longest interval between updates that is granted: for less than one update an hour, a request is cheaper than a
/// stream.
pub const MIN_INTERVAL_MAX: Duration = Duration::from_secs(3600);
/// The maximum age of a stream, give or take a tenth: readers that a load balancer put on one replica spread over all
/// replicas within an hour, and a reader that resumes once an hour costs nothing.
pub const STREAM_AGE_MAX: Duration = Duration::from_secs(3600);

/// Into how many parts the streams are divided, of which watches of the health may take one. They need no key, so the other part
/// is that of the readers; a connection has one watch at most in honest use, and there are four times as many streams as connections.
const HEALTH_PARTS: u32 = 2;

/// Opens subscriptions. Clones share what it consists of: each subscription has one.
#[derive(Debug, Clone)]
pub struct Feed(Arc<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    board: BoardReader,
    limits: StreamLimits,
    /// One permit for each stream that can still be opened.
    free_streams: Arc<Semaphore>,
    /// The same for each watch of the health.
    free_health: Arc<Semaphore>,
    /// What each client holds of them.
    shares: Arc<Shares<CountedBy>>,
    memory: Memory,
    draining: CancellationToken,
    keyless: KeylessReaders,
    counts: Arc<StreamCounts>,
    ticker: Ticker,
}

/// The limits of every stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// The longest silence of a stream: without an update, a heartbeat is sent.
    pub heartbeat_interval: Duration,
    /// The maximum age of a stream, give or take a tenth, so that streams that began together do not end together.
    pub stream_age: Duration,
    /// The maximum number of streams.
    pub streams_max: u32,
    /// The maximum number of streams of one client.
    pub streams_per_client_max: u32,
}

/// A request for a stream, checked.
#[derive(Debug, Clone)]
pub struct SubscribeRequest {
    /// The pairs; those of the ticker, whichever they are at each moment, if there are none.
    pub filter: RateFilter,
    /// The position at which the subscriber stopped, if it resumes.
    pub resume_after: Option<Position>,
    /// The least time between two updates.
    pub min_interval: Duration,
    /// Whether the snapshot is left out.
    pub updates_only: bool,
}

/// Why a stream is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StreamRefused {
    /// All streams are in use.
    #[error("all {streams_max} streams are in use")]
    TooMany {
        /// The maximum number of streams.
        streams_max: u32,
    },
    /// The client holds as many as it may.
    #[error(transparent)]
    TooManyOfClient(ShareExceeded),
    /// Memory is short.
    #[error("the memory of the service is nearly used")]
    MemoryPressure,
}

/// The right to a stream, until it is dropped.
#[derive(Debug)]
struct StreamPermit {
    _permit: OwnedSemaphorePermit,
    /// None of a reader within the process.
    _share: Option<Share<CountedBy>>,
}

/// A watch of the health, which counts among the streams until it is dropped.
#[derive(Debug)]
pub struct HealthPlace {
    _place: OwnedSemaphorePermit,
    _permit: StreamPermit,
    _open: OpenStream,
}

/// The result of a resume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumeVerdict {
    /// No position was given.
    SnapshotRequested,
    /// The stream continues at the position of the request.
    Resumed,
    /// More pairs were removed since that position than are remembered.
    SnapshotTooOld,
    /// The position is of another epoch.
    SnapshotOtherEpoch,
    /// The position is ahead of the server.
    SnapshotAhead,
}

impl StreamLimits {
    /// Limits with the default maximum age, under which one client may hold every stream.
    pub fn new(heartbeat_interval: Duration, streams_max: u32) -> Self {
        Self {
            heartbeat_interval,
            stream_age: STREAM_AGE_MAX,
            streams_max,
            streams_per_client_max: streams_max,
        }
    }
}

impl Feed {
    /// A feed of a board. It ends every stream when `draining` is cancelled.
    pub fn new(board: BoardReader, limits: StreamLimits, draining: CancellationToken) -> Self {
        Self(Arc::new(Parts {
            board,
            limits,
            free_streams: permits(limits.streams_max),
            free_health: permits(health_max(limits.streams_max)),
            shares: Shares::new(ShareLimits {
                each: limits.streams_per_client_max,
                all: limits.streams_max,
            }),
            memory: Memory::default(),
            keyless: KeylessReaders::new(draining.clone()),
            draining,
            counts: Arc::default(),
            ticker: RateFilter::default().into(),
        }))
    }

    /// The same with other parts.
    fn with(self, change: impl FnOnce(&mut Parts)) -> Self {
        let mut parts = Arc::unwrap_or_clone(self.0);
        change(&mut parts);
        Self(Arc::new(parts))
    }

    /// The same, which refuses streams while memory is short.
    #[must_use]
    pub fn within(self, memory: Memory) -> Self {
        self.with(|parts| parts.memory = memory)
    }

    /// The same, whose readers without a key can be made to go.
    #[must_use]
    pub fn with_keyless(self, keyless: KeylessReaders) -> Self {
        self.with(|parts| parts.keyless = keyless)
    }

    /// The same, with the pairs that a request without pairs means.
    #[must_use]
    pub fn with_ticker(self, ticker: Ticker) -> Self {
        self.with(|parts| parts.ticker = ticker)
    }

    /// The pairs that a request without pairs means.
    pub fn ticker(&self) -> &Ticker {
        &self.0.ticker
    }

    /// What its streams count.
    pub fn counts(&self) -> Arc<StreamCounts> {
        Arc::clone(&self.0.counts)
    }

    /// The board behind it.
    pub fn board(&self) -> &BoardReader {
        &self.0.board
    }

    /// Whether streams are being ended.
    pub fn is_draining(&self) -> bool {
        self.0.draining.is_cancelled()
    }

    /// Opens a subscription at the present. It is that of a client without a key, until [`Subscription::until`] names one; of none for a reader
    /// within the process.
    ///
    /// # Errors
    /// [`StreamRefused`].
    pub fn subscribe(
        &self,
        request: SubscribeRequest,
        client: Option<CountedClient>,
    ) -> Result<Subscription, StreamRefused> {
        let keyless = client.is_some().then(|| self.0.keyless.unwelcome());
        let permit = self.permit(client).inspect_err(self.count_refused())?;
        let request = SubscribeRequest {
            min_interval: request.min_interval.min(MIN_INTERVAL_MAX),
            ..request
        };
        Ok(Subscription::new(self.clone(), request, permit, keyless))
    }

    /// A place among the streams for a watch of the health, which reads no rates.
    ///
    /// # Errors
    /// [`StreamRefused`].
    pub fn health_place(
        &self,
        client: Option<CountedClient>,
        transport: Transport,
    ) -> Result<HealthPlace, StreamRefused> {
        let streams_max = health_max(self.0.limits.streams_max);
        let place = Arc::clone(&self.0.free_health).try_acquire_owned();
        let place = place.map_err(|_none_is_free| StreamRefused::TooMany { streams_max });
        let permit = place.and_then(|place| Ok((place, self.permit(client)?)));
        let (place, permit) = permit.inspect_err(self.count_refused())?;
        Ok(HealthPlace {
            _place: place,
            _permit: permit,
            _open: OpenStream::new(self.counts(), transport),
        })
    }

    /// Counts a stream that is refused.
    fn count_refused(&self) -> impl Fn(&StreamRefused) {
        let counts = &self.0.counts.refused;
        move |refused| match refused {
            StreamRefused::TooMany { .. } => counts.all.increment(),
            StreamRefused::TooManyOfClient(exceeded) if exceeded.is_crowded => {
                counts.crowded.increment();
            }
            StreamRefused::TooManyOfClient(_) => counts.client.increment(),
            StreamRefused::MemoryPressure => counts.memory.increment(),
        }
    }

    /// The right to one more stream.
    fn permit(&self, client: Option<CountedClient>) -> Result<StreamPermit, StreamRefused> {
        if self.0.memory.pressure() >= Pressure::Streams {
            return Err(StreamRefused::MemoryPressure);
        }
        let streams_max = self.0.limits.streams_max;
        let permit = Arc::clone(&self.0.free_streams).try_acquire_owned();
        let permit = permit.map_err(|_none_is_free| StreamRefused::TooMany { streams_max })?;
        let free = u32::try_from(self.0.free_streams.available_permits()).unwrap_or(u32::MAX);
        // Its own permit is taken already.
        let taken = streams_max.saturating_sub(free).saturating_sub(1);
        let share = client.map(|client| {
            let (counted_by, own_limit) = client.streams();
            self.0.shares.take(counted_by, taken, own_limit)
        });
        Ok(StreamPermit {
            _permit: permit,
            _share: share.transpose().map_err(StreamRefused::TooManyOfClient)?,
        })
    }
}

/// A permit for each of a number of streams.
fn permits(streams_max: u32) -> Arc<Semaphore> {
    let permits = usize::try_from(streams_max).unwrap_or(Semaphore::MAX_PERMITS);
    Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)))
}

/// How many of a number of streams may be watches of the health.
fn health_max(streams_max: u32) -> u32 {
    streams_max.div_ceil(HEALTH_PARTS)
}
