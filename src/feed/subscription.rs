//! One subscriber's stream: which message is next, and when.

use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::backoff::jitter;
use crate::domain::{Position, RateFilter, Refusal, Snapshot};
use crate::feed::{Feed, Message, Step, Subscribe, Verdict};

/// Why a stream ends. It never ends by itself, and never well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StreamEnd {
    /// The service is shutting down.
    #[error("the server is shutting down")]
    Draining,
    /// The stream is as old as streams become.
    #[error("the stream has reached its age")]
    Aged,
}

impl From<StreamEnd> for Refusal {
    fn from(end: StreamEnd) -> Self {
        match end {
            StreamEnd::Draining => Self::Draining,
            StreamEnd::Aged => Self::StreamAged,
        }
    }
}

/// One subscriber's stream of messages.
#[derive(Debug)]
pub struct Subscription {
    feed: Feed,
    filter: RateFilter,
    min_interval: Duration,
    news: broadcast::Receiver<Arc<Snapshot>>,
    /// The snapshot that the reader's rows are of. Heartbeats tell of that one, so they never run ahead of the data.
    shown: Arc<Snapshot>,
    /// What is still owed before updates flow.
    owed: Owed,
    /// There is something newer than what the reader has, and the interval does not allow it yet.
    is_behind: bool,
    expires: Instant,
    last_message: Instant,
    /// When rows were last sent; the interval counts from then, so that the first ones are never delayed.
    last_rows: Option<Instant>,
    /// Rings when there is something to do though nothing is new, or earlier. It and the next are kept from message to
    /// message: what is set up for each costs every reader of a crowd, and most messages come long before it rings.
    alarm: Pin<Box<Sleep>>,
    drained: Pin<Box<WaitForCancellationFutureOwned>>,
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug, Clone)]
enum Owed {
    Opening(Verdict, First),
    First(First),
    Nothing,
}

/// What follows the opening.
#[derive(Debug, Clone)]
enum First {
    Snapshot,
    /// The way from the revision where the reader stopped.
    CatchUp(u64),
    Updates,
}

impl Subscription {
    pub(super) fn new(feed: Feed, wanted: Subscribe, permit: OwnedSemaphorePermit) -> Self {
        let (shown, news) = feed.board.news();
        let verdict = verdict(wanted.resume_after.as_ref(), &shown);
        let first = match wanted.resume_after {
            Some(position) if verdict == Verdict::Resumed => First::CatchUp(position.revision),
            _ if wanted.updates_only => First::Updates,
            _ => First::Snapshot,
        };
        let now = Instant::now();
        Self {
            filter: wanted.filter,
            min_interval: wanted.min_interval,
            news,
            shown,
            owed: Owed::Opening(verdict, first),
            is_behind: false,
            expires: now + jitter(around(feed.limits.stream_age)),
            last_message: now,
            last_rows: None,
            alarm: Box::pin(sleep_until(now + feed.limits.heartbeat_interval)),
            drained: Box::pin(feed.draining.clone().cancelled_owned()),
            feed,
            _permit: permit,
        }
    }

    /// Which pairs it is of.
    pub fn filter(&self) -> &RateFilter {
        &self.filter
    }

    /// Whether the rows that the stream begins with are there and not yet taken.
    pub fn owes_rows(&self) -> bool {
        matches!(self.owed, Owed::First(First::Snapshot | First::CatchUp(_)))
    }

    /// The next message, once there is one.
    pub async fn next(&mut self) -> Result<Message, StreamEnd> {
        let step = self.step().await?;
        Ok(self.message(&step))
    }

    /// The message of a step.
    pub fn message(&self, step: &Step) -> Message {
        step.message(&self.filter, &self.feed.board)
    }

    /// What the next message is, once there is one. It counts as sent.
    pub async fn step(&mut self) -> Result<Step, StreamEnd> {
        if self.feed.is_draining() {
            return Err(StreamEnd::Draining);
        }
        let step = match self.owed.clone() {
            Owed::Opening(verdict, first) => {
                let step = self.opening(verdict, &first);
                self.owed = Owed::First(first);
                step
            }
            Owed::First(first) => {
                self.owed = Owed::Nothing;
                match first {
                    First::Snapshot => Step::Snapshot(Arc::clone(&self.shown)),
                    First::CatchUp(after) => Step::Update {
                        after,
                        to: Arc::clone(&self.shown),
                    },
                    First::Updates => self.wait().await?,
                }
            }
            Owed::Nothing => self.wait().await?,
        };
        self.last_message = Instant::now();
        if matches!(step, Step::Snapshot(_) | Step::Update { .. }) {
            self.last_rows = Some(self.last_message);
        }
        Ok(step)
    }

    /// The opening bears the position that the reader holds: the one it resumes at, or that of the rows that follow.
    fn opening(&self, verdict: Verdict, first: &First) -> Step {
        let present = &self.shown.position;
        let revision = match first {
            First::CatchUp(after) => *after,
            First::Snapshot | First::Updates => present.revision,
        };
        Step::Opening {
            position: Position {
                epoch: Arc::clone(&present.epoch),
                revision,
            },
            verdict,
            min_interval: self.min_interval,
            heartbeat_interval: self.feed.limits.heartbeat_interval,
        }
    }

    /// An update when there is one and the interval allows it, else a heartbeat when one is due.
    async fn wait(&mut self) -> Result<Step, StreamEnd> {
        let heartbeat_due = self.last_message + self.feed.limits.heartbeat_interval;
        let rows_allowed = self.last_rows.map(|last| last + self.min_interval);
        let rows_allowed = rows_allowed.filter(|_| !self.min_interval.is_zero());
        if self.last_message >= self.expires {
            return Err(StreamEnd::Aged);
        }
        loop {
            let mut wake = heartbeat_due.min(self.expires);
            if let (true, Some(allowed)) = (self.is_behind, rows_allowed) {
                wake = wake.min(allowed);
            }
            if self.alarm.deadline() > wake {
                self.alarm.as_mut().reset(wake);
            }
            tokio::select! {
                // What comes most is looked at first; that the service stops is also looked at before each wait.
                biased;
                // Who has to wait for the interval leaves the queue alone: the newest is all it will want.
                news = self.news.recv(), if !self.is_behind => {
                    let to = match news {
                        Ok(snapshot) => snapshot,
                        Err(RecvError::Lagged(_)) => self.feed.board.snapshot(),
                        // The board is gone, and the service with it.
                        Err(RecvError::Closed) => return Err(StreamEnd::Draining),
                    };
                    if to.position.revision <= self.shown.position.revision {
                        continue;
                    }
                    match rows_allowed {
                        None if self.min_interval.is_zero() => return Ok(self.lead(to)),
                        Some(allowed) if Instant::now() < allowed => self.is_behind = true,
                        Some(_) | None => return Ok(self.catch_up()),
                    }
                }
                () = self.drained.as_mut() => return Err(StreamEnd::Draining),
                () = self.alarm.as_mut() => {
                    let now = Instant::now();
                    if now < wake {
                        self.alarm.as_mut().reset(wake);
                        continue;
                    }
                    if now >= self.expires {
                        return Err(StreamEnd::Aged);
                    }
                    if self.is_behind && rows_allowed.is_none_or(|allowed| now >= allowed) {
                        return Ok(self.catch_up());
                    }
                    if now >= heartbeat_due {
                        return Ok(Step::Heartbeat(Arc::clone(&self.shown)));
                    }
                }
            }
        }
    }

    /// From what the reader has to the newest, in one message.
    fn catch_up(&mut self) -> Step {
        self.is_behind = false;
        self.lead(self.feed.board.snapshot())
    }

    /// From what the reader has to a later snapshot: by difference, or where that cannot tell all, by the whole state.
    fn lead(&mut self, to: Arc<Snapshot>) -> Step {
        let shown = std::mem::replace(&mut self.shown, Arc::clone(&to));
        let Position { epoch, revision } = &shown.position;
        if *epoch == to.position.epoch && to.can_lead_from(*revision) {
            let after = *revision;
            Step::Update { after, to }
        } else {
            Step::Snapshot(to)
        }
    }
}

fn verdict(resume_after: Option<&Position>, present: &Snapshot) -> Verdict {
    match resume_after {
        None => Verdict::SnapshotRequested,
        Some(position) if position.epoch != present.position.epoch => Verdict::SnapshotOtherEpoch,
        Some(position) if position.revision > present.position.revision => Verdict::SnapshotAhead,
        Some(position) if !present.can_lead_from(position.revision) => Verdict::SnapshotTooOld,
        Some(_) => Verdict::Resumed,
    }
}

/// 0.9 to 1.1 times an age.
fn around(age: Duration) -> RangeInclusive<Duration> {
    let tenth = age / 10;
    age.saturating_sub(tenth)..=age.saturating_add(tenth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ages_of_streams_differ_by_a_tenth_at_most() {
        let age = Duration::from_secs(3600);
        let ages: Vec<_> = (0..200).map(|_| jitter(around(age))).collect();
        assert!(ages.iter().all(|some| some.abs_diff(age) <= age / 10));
        assert!(ages.iter().max() > ages.iter().min());
    }
}
