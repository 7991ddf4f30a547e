//! The stream of one subscriber: which message is next, and when.

use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::backoff::jitter;
use crate::domain::{Position, RateFilter, Snapshot};
use crate::feed::beginning::{Behind, First, verdict};
use crate::feed::{
    Feed, ResumeVerdict, Step, StreamEnd, StreamMessage, StreamPermit, SubscribeRequest, Ticker,
};
use crate::telemetry::{OpenStream, Transport};

/// One subscriber's stream of messages.
#[derive(Debug)]
pub struct Subscription {
    feed: Feed,
    filter: Arc<RateFilter>,
    /// The ticker, if its pairs are those of the stream.
    followed: Option<Ticker>,
    min_interval: Duration,
    queue: broadcast::Receiver<Arc<Snapshot>>,
    /// The snapshot of the rows that the reader holds. Heartbeats bear its position, so they never run ahead of the data.
    sent: Arc<Snapshot>,
    /// What the reader has seen on another replica and this one lacks.
    behind: Option<Behind>,
    /// What is sent before the first update.
    pending: Pending,
    /// A newer snapshot exists, and the minimum interval does not allow an update yet.
    is_behind: bool,
    expires: Instant,
    last_message: Instant,
    /// When rows were last sent. The minimum interval counts from then, so that the first rows are never delayed.
    last_rows: Option<Instant>,
    /// The next deadline: heartbeat, expiry or throttled update; it may fire early. It and `drained` are kept from message
    /// to message: setting them up for each message costs time for every reader, and most messages come long before the
    /// deadline.
    deadline: Pin<Box<Sleep>>,
    drained: Pin<Box<WaitForCancellationFutureOwned>>,
    /// What ends the stream of a reader from outside, and why it ends then: it is cancelled when the key of the reader ends, or keys
    /// are required of readers without one. A drain cancels it too.
    unwelcome: Option<(CancellationToken, StreamEnd)>,
    /// Counts the stream, and what it sends.
    open: OpenStream,
    _permit: StreamPermit,
}

#[derive(Debug, Clone)]
enum Pending {
    Opening(ResumeVerdict, First),
    First(First),
    Nothing,
}

impl Subscription {
    pub(super) fn new(
        feed: Feed,
        request: SubscribeRequest,
        permit: StreamPermit,
        keyless: Option<CancellationToken>,
    ) -> Self {
        let (shown, queue) = feed.0.board.subscribe();
        let followed = request.filter.is_empty().then(|| feed.0.ticker.clone());
        let filter = match &followed {
            Some(ticker) => ticker.pairs(),
            None => Arc::new(request.filter),
        };
        let resume_after = request.resume_after.as_ref();
        let verdict = verdict(resume_after, &shown, followed.as_ref());
        let first = First::of(resume_after, verdict, request.updates_only);
        let now = Instant::now();
        let is_replica = feed.0.board.replica().is_some();
        let seen = request.resume_after.filter(|_| is_replica);
        let behind = seen.and_then(|seen| Behind::new(seen, request.updates_only, &shown));
        Self {
            filter,
            followed,
            min_interval: request.min_interval,
            queue,
            sent: shown,
            behind,
            pending: Pending::Opening(verdict, first),
            is_behind: false,
            expires: now + jitter(around(feed.0.limits.stream_age)),
            last_message: now,
            last_rows: None,
            deadline: Box::pin(sleep_until(now + feed.0.limits.heartbeat_interval)),
            drained: Box::pin(
                keyless
                    .as_ref()
                    .unwrap_or(&feed.0.draining)
                    .clone()
                    .cancelled_owned(),
            ),
            unwelcome: keyless.map(|token| (token, StreamEnd::KeyRequired)),
            open: OpenStream::new(feed.counts(), Transport::Grpc),
            feed,
            _permit: permit,
        }
    }

    /// The same stream over another transport than gRPC: it is counted there.
    #[must_use]
    pub fn over(mut self, transport: Transport) -> Self {
        self.open = OpenStream::new(self.feed.counts(), transport);
        self
    }

    /// The same stream, for the holder of a key. It ends when `key_ended` is cancelled: when the key is revoked or expires, or the
    /// service drains.
    #[must_use]
    pub fn until(mut self, key_ended: &CancellationToken) -> Self {
        self.drained = Box::pin(key_ended.clone().cancelled_owned());
        self.unwelcome = Some((key_ended.clone(), StreamEnd::KeyEnded));
        self
    }

    /// The pairs of the stream.
    pub fn filter(&self) -> &Arc<RateFilter> {
        &self.filter
    }

    /// Whether the rows that the stream begins with are the next message.
    pub fn has_pending_rows(&self) -> bool {
        matches!(
            self.pending,
            Pending::First(First::Snapshot | First::CatchUp(_))
        )
    }

    /// The next message, once there is one.
    pub async fn next(&mut self) -> Result<StreamMessage, StreamEnd> {
        let step = self.step().await?;
        Ok(self.message(&step))
    }

    /// The message of a step.
    pub fn message(&self, step: &Step) -> StreamMessage {
        step.message(&self.filter, &self.feed.0.board)
    }

    /// The step of the next message, once there is one. It counts as sent.
    pub async fn step(&mut self) -> Result<Step, StreamEnd> {
        if let Some(end) = self.cancelled() {
            return Err(end);
        }
        if let Some(behind) = self.behind.clone() {
            self.catch_up(&behind).await?;
        }
        let step = match self.pending.clone() {
            Pending::Opening(verdict, first) => {
                let step = self.opening(verdict, &first);
                self.pending = Pending::First(first);
                step
            }
            Pending::First(first) => {
                self.pending = Pending::Nothing;
                match first {
                    First::Snapshot => Step::Snapshot(Arc::clone(&self.sent)),
                    First::CatchUp(after) => Step::Update {
                        after,
                        to: Arc::clone(&self.sent),
                    },
                    First::Updates => self.wait().await?,
                }
            }
            Pending::Nothing => self.wait().await?,
        };
        self.count(&step);
        self.last_message = Instant::now();
        if matches!(step, Step::Snapshot(_) | Step::Update { .. }) {
            self.last_rows = Some(self.last_message);
        }
        Ok(step)
    }

    /// Waits until this replica has what the reader has seen, or a while, and decides anew how the stream begins.
    async fn catch_up(&mut self, behind: &Behind) -> Result<(), StreamEnd> {
        while !behind.is_over(&self.sent) {
            tokio::select! {
                biased;
                () = self.drained.as_mut() => return Err(self.cancelled().unwrap_or(StreamEnd::Draining)),
                queued = self.queue.recv() => self.sent = self.queued(queued)?,
                () = sleep_until(behind.until) => break,
            }
        }
        self.behind = None;
        self.follow();
        let verdict = verdict(Some(&behind.seen), &self.sent, self.followed.as_ref());
        let first = First::of(Some(&behind.seen), verdict, behind.updates_only);
        self.pending = Pending::Opening(verdict, first);
        Ok(())
    }

    /// The snapshot that the queue has next, or the newest one of those that it could not keep.
    fn queued(&self, next: Result<Arc<Snapshot>, RecvError>) -> Result<Arc<Snapshot>, StreamEnd> {
        match next {
            Ok(snapshot) => Ok(snapshot),
            Err(RecvError::Lagged(_)) => Ok(self.feed.0.board.snapshot()),
            // The board was dropped, and the service with it.
            Err(RecvError::Closed) => Err(StreamEnd::Draining),
        }
    }

    /// Why the stream ends at once, if it does. A drain cancels what makes a reader go, so one look is enough while it stays.
    fn cancelled(&self) -> Option<StreamEnd> {
        let Some((token, end)) = &self.unwelcome else {
            return self.feed.is_draining().then_some(StreamEnd::Draining);
        };
        if !token.is_cancelled() {
            return None;
        }
        Some(if self.feed.is_draining() {
            StreamEnd::Draining
        } else {
            *end
        })
    }

    fn count(&self, step: &Step) {
        let messages = self.open.own();
        match step {
            Step::Opening { verdict, .. } => {
                messages.openings.increment();
                let resumes = &self.open.all().resumes;
                match verdict {
                    ResumeVerdict::SnapshotRequested => {}
                    ResumeVerdict::Resumed => resumes.resumed.increment(),
                    ResumeVerdict::SnapshotTooOld => resumes.too_old.increment(),
                    ResumeVerdict::SnapshotOtherEpoch => resumes.other_epoch.increment(),
                    ResumeVerdict::SnapshotAhead => resumes.ahead.increment(),
                }
            }
            Step::Snapshot(_) => messages.snapshots.increment(),
            Step::Update { .. } => messages.updates.increment(),
            Step::Heartbeat(_) => messages.heartbeats.increment(),
        }
    }

    /// The opening bears the position that the reader holds: the one it resumes after, or that of the rows that follow.
    fn opening(&self, verdict: ResumeVerdict, first: &First) -> Step {
        let present = &self.sent.position;
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
            heartbeat_interval: self.feed.0.limits.heartbeat_interval,
        }
    }

    /// An update when there is one and the minimum interval allows it, else a heartbeat when one is due.
    async fn wait(&mut self) -> Result<Step, StreamEnd> {
        let heartbeat_due = self.last_message + self.feed.0.limits.heartbeat_interval;
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
            if self.deadline.deadline() > wake {
                self.deadline.as_mut().reset(wake);
            }
            tokio::select! {
                // The most frequent event is polled first; draining is also checked before each wait.
                biased;
                // A throttled stream does not read the queue: it will send the newest snapshot alone.
                queued = self.queue.recv(), if !self.is_behind => {
                    let to = self.queued(queued)?;
                    // Revisions compare across epochs: a new epoch of a running process continues the numbers.
                    if to.position.revision <= self.sent.position.revision {
                        continue;
                    }
                    match rows_allowed {
                        None if self.min_interval.is_zero() => return Ok(self.advance(to)),
                        Some(allowed) if Instant::now() < allowed => self.is_behind = true,
                        Some(_) | None => return Ok(self.advance_to_newest()),
                    }
                }
                () = self.drained.as_mut() => return Err(self.cancelled().unwrap_or(StreamEnd::Draining)),
                () = self.deadline.as_mut() => {
                    let now = Instant::now();
                    if now < wake {
                        self.deadline.as_mut().reset(wake);
                        continue;
                    }
                    if now >= self.expires {
                        return Err(StreamEnd::Aged);
                    }
                    if self.is_behind && rows_allowed.is_none_or(|allowed| now >= allowed) {
                        return Ok(self.advance_to_newest());
                    }
                    if now >= heartbeat_due {
                        return Ok(Step::Heartbeat(Arc::clone(&self.sent)));
                    }
                }
            }
        }
    }

    /// The message from the rows that the reader holds to the newest snapshot.
    fn advance_to_newest(&mut self) -> Step {
        self.is_behind = false;
        self.advance(self.feed.0.board.snapshot())
    }

    /// Takes over the pairs of the ticker if the stream follows it and they are others now. Returns whether they are.
    fn follow(&mut self) -> bool {
        let Some(ticker) = &self.followed else {
            return false;
        };
        let pairs = ticker.pairs();
        if pairs == self.filter {
            return false;
        }
        self.filter = pairs;
        true
    }

    /// The message from the rows that the reader holds to a later snapshot: an update, or the whole state where an update
    /// cannot tell every removed pair, or the ticker has other pairs.
    fn advance(&mut self, to: Arc<Snapshot>) -> Step {
        let sent = std::mem::replace(&mut self.sent, Arc::clone(&to));
        let Position { epoch, revision } = &sent.position;
        let merged = to
            .position
            .revision
            .saturating_sub(*revision)
            .saturating_sub(1);
        if merged > 0 {
            self.open.all().merged_commits.add(merged);
        }
        let is_same_ticker = !self.follow();
        if is_same_ticker && *epoch == to.position.epoch && to.can_update_from(*revision) {
            let after = *revision;
            Step::Update { after, to }
        } else {
            Step::Snapshot(to)
        }
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
