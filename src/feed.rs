//! What a subscriber receives, in order: an opening, the state, then what changes.
//!
//! A subscriber pulls. Nothing is queued for it: when it is ready for the next message, that message is computed from
//! the newest snapshot and the position it holds. So a slow reader gets fewer, newer updates, the publisher never
//! waits, and the memory of a subscription does not grow with time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::board::{BoardReader, SourceDetail};
use crate::domain::{Position, Rate, RateFilter, Snapshot, Update};

/// The longest interval between updates that is granted: past an hour a reader is better served by asking.
const MIN_INTERVAL_MAX: Duration = Duration::from_secs(3600);

/// Opens subscriptions.
#[derive(Debug, Clone)]
pub struct Feed {
    board: BoardReader,
    heartbeat_interval: Duration,
    draining: CancellationToken,
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

/// What a resume came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No position was given.
    SnapshotRequested,
    /// The stream continues where the reader stopped.
    Resumed,
    /// The position is of another epoch.
    SnapshotOtherEpoch,
    /// The position is beyond the present.
    SnapshotAhead,
}

/// One message.
#[derive(Debug, Clone)]
pub struct Message {
    /// Where the reader stands once it has applied it.
    pub position: Position,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The first message.
    Opening {
        /// What became of the resume.
        verdict: Verdict,
        /// The interval granted.
        min_interval: Duration,
        /// How long the stream stays silent at most.
        heartbeat_interval: Duration,
    },
    /// The whole state for the filter.
    Snapshot {
        /// The rates, in the order of the filter.
        rates: Vec<Rate>,
        /// The revision they are of, for its source states.
        snapshot: Arc<Snapshot>,
    },
    /// What changed.
    Update(Update),
    /// Nothing changed.
    Heartbeat(Vec<SourceDetail>),
}

/// One subscriber's stream of messages.
#[derive(Debug)]
pub struct Subscription {
    feed: Feed,
    filter: RateFilter,
    min_interval: Duration,
    receiver: watch::Receiver<Arc<Snapshot>>,
    /// The position the reader holds.
    held: Position,
    /// The snapshot that its rows are of: heartbeats tell of that one, so that they never run ahead of the data.
    shown: Arc<Snapshot>,
    /// What is still owed before updates flow.
    owed: Owed,
    last_message: Instant,
    /// When rows were last sent; the interval counts from then, so that the first ones are never delayed.
    last_rows: Option<Instant>,
}

#[derive(Debug)]
enum Owed {
    Opening(Verdict, After),
    First(After),
    Nothing,
}

/// What follows the opening.
#[derive(Debug, Clone, Copy)]
enum After {
    Snapshot,
    CatchUp,
    Updates,
}

impl Feed {
    /// A feed of a board; it ends every stream when `draining` is cancelled.
    pub fn new(
        board: BoardReader,
        heartbeat_interval: Duration,
        draining: CancellationToken,
    ) -> Self {
        Self {
            board,
            heartbeat_interval,
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
    pub fn subscribe(&self, wanted: Subscribe) -> Subscription {
        let mut receiver = self.board.watch();
        let shown = Arc::clone(&receiver.borrow_and_update());
        let present = shown.position.clone();
        let verdict = match &wanted.resume_after {
            None => Verdict::SnapshotRequested,
            Some(position) if position.epoch != present.epoch => Verdict::SnapshotOtherEpoch,
            Some(position) if position.revision > present.revision => Verdict::SnapshotAhead,
            Some(_) => Verdict::Resumed,
        };
        let (held, after) = match wanted.resume_after {
            Some(position) if verdict == Verdict::Resumed => (position, After::CatchUp),
            _ if wanted.updates_only => (present, After::Updates),
            _ => (present, After::Snapshot),
        };
        Subscription {
            feed: self.clone(),
            filter: wanted.filter,
            min_interval: wanted.min_interval.min(MIN_INTERVAL_MAX),
            receiver,
            held,
            shown,
            owed: Owed::Opening(verdict, after),
            last_message: Instant::now(),
            last_rows: None,
        }
    }
}

impl Subscription {
    /// The next message, once there is one; nothing when the service is draining.
    pub async fn next(&mut self) -> Option<Message> {
        if self.feed.is_draining() {
            return None;
        }
        let event = match self.owed {
            Owed::Opening(verdict, after) => {
                self.owed = Owed::First(after);
                Event::Opening {
                    verdict,
                    min_interval: self.min_interval,
                    heartbeat_interval: self.feed.heartbeat_interval,
                }
            }
            Owed::First(after) => {
                self.owed = Owed::Nothing;
                match after {
                    After::Snapshot => self.snapshot(),
                    After::CatchUp => self.update(),
                    After::Updates => self.wait().await?,
                }
            }
            Owed::Nothing => self.wait().await?,
        };
        self.last_message = Instant::now();
        if matches!(event, Event::Snapshot { .. } | Event::Update(_)) {
            self.last_rows = Some(self.last_message);
        }
        Some(Message {
            position: self.held.clone(),
            event,
        })
    }

    /// An update when there is one and the interval allows it, else a heartbeat when one is due.
    async fn wait(&mut self) -> Option<Event> {
        let heartbeat_due = self.last_message + self.feed.heartbeat_interval;
        let update_allowed = self
            .last_rows
            .map_or_else(Instant::now, |last| last + self.min_interval);
        let newer = async {
            let held = self.held.revision;
            let found = self
                .receiver
                .wait_for(|snapshot| snapshot.position.revision > held)
                .await
                .is_ok();
            tokio::time::sleep_until(update_allowed).await;
            found
        };
        tokio::select! {
            biased;
            () = self.feed.draining.cancelled() => None,
            found = newer => found.then(|| self.update()),
            () = tokio::time::sleep_until(heartbeat_due) => {
                Some(Event::Heartbeat(self.feed.board.details(&self.shown)))
            }
        }
    }

    fn snapshot(&mut self) -> Event {
        let snapshot = Arc::clone(&self.receiver.borrow_and_update());
        self.held = snapshot.position.clone();
        self.shown = Arc::clone(&snapshot);
        Event::Snapshot {
            rates: snapshot.rates(&self.filter),
            snapshot,
        }
    }

    fn update(&mut self) -> Event {
        let snapshot = Arc::clone(&self.receiver.borrow_and_update());
        let update = snapshot.update_since(self.held.revision, &self.filter);
        self.held = snapshot.position.clone();
        self.shown = Arc::clone(&snapshot);
        Event::Update(update)
    }
}
