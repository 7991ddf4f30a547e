//! Delivers the events of one webhook, one after the other in their order, each until the receiver accepts it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::clock::Clock;
use crate::outage::Outage;
use crate::webhooks::attempt::{Attempt, End};
use crate::webhooks::event::Event;
use crate::webhooks::receiver::{Outcome, Receiver};
use crate::webhooks::store::{Delivery, Store, StoreError};
use crate::webhooks::turn::{Delivered, Turn};

/// For how long an event is attempted: a receiver that breaks in the evening is repaired the next day, and older news of a
/// rate is of no use. Each event is attempted once at least, however old it is.
const ATTEMPTED_FOR: SignedDuration = SignedDuration::from_hours(24);
/// The delays between attempts. A deployment takes seconds; after an hour without an answer, a retry every quarter of an hour
/// finds the repaired receiver soon enough, and a hundred attempts in a day are no load.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(5),
    max: Duration::from_secs(15 * 60),
};
/// How long to wait after the file could not be read or written.
const STORE_RETRY_AFTER: Duration = Duration::from_secs(5);

/// The task that delivers to one receiver.
#[derive(Debug)]
pub(super) struct Courier {
    store: Store,
    clock: Clock,
    receiver: Arc<Receiver>,
    /// The failures to read or write the file.
    outage: Outage,
    turn: Turn,
}

impl Courier {
    pub(super) fn new(store: Store, clock: Clock, receiver: Arc<Receiver>, turn: Turn) -> Self {
        turn.enter(&receiver.webhook.name);
        Self {
            store,
            clock,
            receiver,
            outage: Outage::default(),
            turn,
        }
    }

    /// Delivers until it is stopped. An attempt that is under way is then dropped: the event is sent again, with the same id. One
    /// that has ended is recorded, or left to the courier that follows; after a restart its event is sent again.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let receiver = Arc::clone(&self.receiver);
        let name = &receiver.webhook.name;
        if let Err(error) = self.store.resume(name).await {
            tracing::error!(webhook = name, %error, "the list of webhooks shows an earlier status 410");
        }
        let mut unrecorded = receiver.unrecorded.lock().await;
        while !stop.is_cancelled() && (unrecorded.is_some() || !receiver.is_gone()) {
            if let Err(error) = self.advance(&mut unrecorded, &stop).await {
                if self.outage.failed() {
                    tracing::error!(webhook = name, %error, "deliveries wait for their file");
                }
                let waited = tokio::time::sleep(STORE_RETRY_AFTER);
                stop.run_until_cancelled(waited).await;
            }
        }
        stop.cancelled().await;
    }

    /// Logs the end of an outage of the file, when it was read or written again.
    fn log_success(&self) {
        if let Some(failures) = self.outage.succeeded() {
            let name = &self.receiver.webhook.name;
            tracing::info!(webhook = name, failures, "deliveries go on");
        }
    }

    /// Records the attempt that is not recorded yet, or else waits for an event and until it is due, and attempts it. An event
    /// whose attempt cannot be recorded is not sent again. A stop ends the waits and the attempt, and no access to the file.
    async fn advance(
        &mut self,
        unrecorded: &mut Option<Attempt>,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        if let Some(attempt) = unrecorded {
            self.record(attempt).await?;
            *unrecorded = None;
            self.log_success();
            return Ok(());
        }
        let name = &self.receiver.webhook.name;
        if let Some(delivered) = self.turn.delivered_elsewhere(name) {
            self.store.delivered_elsewhere(name, delivered).await?;
        }
        if !self.turn.is_own() {
            self.log_success();
            stop.run_until_cancelled(self.turn.changed()).await;
            return Ok(());
        }
        let next = self.store.next(&self.receiver.webhook.name).await?;
        self.log_success();
        let Some(delivery) = next else {
            stop.run_until_cancelled(self.receiver.notified()).await;
            return Ok(());
        };
        // A clock that was set back must not silence a webhook: no delay is longer than a day.
        let latest = later(self.clock.now(), ATTEMPTED_FOR);
        if delivery.due_at > self.clock.now() && delivery.due_at <= latest {
            let due = self.clock.sleep_until(delivery.due_at);
            stop.run_until_cancelled(due).await;
            // A clock that was set back ends the wait early, and another event may have taken the place of a dropped one.
            return Ok(());
        }
        let event = Event {
            id: delivery.id.clone(),
            body: delivery.body.clone(),
        };
        let attempt = self.receiver.attempt(&event);
        if let Some(outcome) = stop.run_until_cancelled(attempt).await {
            *unrecorded = Some(self.attempted(delivery, outcome));
        }
        Ok(())
    }

    /// Counts an attempt that has ended.
    fn attempted(&self, delivery: Delivery, outcome: Outcome) -> Attempt {
        let (counts, at) = (&self.receiver.counts, self.clock.now());
        let end = match outcome {
            Outcome::Delivered => {
                counts.delivered.increment();
                End::Delivered
            }
            Outcome::Gone => {
                self.receiver.mark_gone();
                counts.gone.increment();
                End::Gone
            }
            Outcome::Failed {
                reason,
                retry_after,
            } => {
                let again = again(&delivery, at, retry_after);
                match again {
                    Some(_later) => counts.failed.increment(),
                    None => counts.given_up.increment(),
                }
                End::Failed { reason, again }
            }
        };
        Attempt { delivery, at, end }
    }

    /// Records how an attempt ended.
    async fn record(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let name = &self.receiver.webhook.name;
        let Attempt { delivery, at, end } = attempt;
        match end {
            End::Delivered => {
                self.store.delivered(name, delivery.number, *at).await?;
                let delivered = Delivered {
                    id: delivery.id.clone(),
                    created_at: delivery.created_at,
                };
                self.turn.note(name, delivered);
                log_delivered(name, delivery);
            }
            End::Gone => {
                let oldest = earlier(*at, ATTEMPTED_FOR);
                let given_up = self.store.gone(name, *at, oldest).await?;
                let lost = u64::try_from(given_up).unwrap_or(u64::MAX);
                self.receiver.counts.dropped.add(lost);
                log_gone(name, &self.receiver.origin(), given_up);
            }
            End::Failed { reason, again } => {
                let failure = (reason.clone(), *at);
                self.store
                    .failed(name, delivery.number, failure, *again)
                    .await?;
                log_failed(name, delivery, reason, *again);
            }
        }
        Ok(())
    }
}

/// Logs a failure: one line for each event that waits, not for each attempt.
fn log_failed(webhook: &str, delivery: &Delivery, reason: &str, again: Option<Timestamp>) {
    let (id, failures) = (&delivery.id, delivery.failures.saturating_add(1));
    match again {
        Some(next) if failures == 1 => {
            tracing::warn!(webhook, id, reason, %next, "could not deliver an event");
        }
        Some(next) => {
            tracing::debug!(webhook, id, reason, %next, failures, "could not deliver an event");
        }
        None => tracing::error!(
            webhook,
            id,
            reason,
            failures,
            "gave up an event that is a day old; it is lost for this receiver"
        ),
    }
}

/// Logs that a receiver is gone, and how many events it does not get.
fn log_gone(webhook: &str, receiver: &str, given_up: usize) {
    tracing::warn!(
        webhook,
        receiver,
        "the receiver answered 410 and gets no more events until the service restarts; those that wait are kept"
    );
    if given_up > 0 {
        tracing::error!(
            webhook,
            given_up,
            "gave up events that are a day old; they are lost for this receiver"
        );
    }
}

/// Logs the end of a failure. What goes well at once is no news.
fn log_delivered(webhook: &str, delivery: &Delivery) {
    let (id, failures) = (&delivery.id, delivery.failures);
    if failures > 0 {
        let attempts = failures.saturating_add(1);
        tracing::info!(webhook, id, attempts, "delivered an event after all");
    } else {
        tracing::debug!(webhook, id, "delivered an event");
    }
}

/// When an event is due again; `None` if it is too old.
fn again(delivery: &Delivery, now: Timestamp, retry_after: Option<Duration>) -> Option<Timestamp> {
    let failures = delivery.failures.saturating_add(1);
    let delay = BACKOFF
        .delay(failures, None)
        .max(retry_after.unwrap_or_default());
    let delay = SignedDuration::try_from(delay).unwrap_or(ATTEMPTED_FOR);
    let is_young = now.duration_since(delivery.created_at) < ATTEMPTED_FOR;
    is_young.then(|| later(now, delay))
}

fn earlier(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.checked_sub(by).unwrap_or(Timestamp::MIN)
}

fn later(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(created_at: &str, failures: u32) -> Delivery {
        let created_at = created_at.parse().unwrap();
        Delivery {
            number: 1,
            id: "evt_1".to_owned(),
            body: "{}".to_owned(),
            created_at,
            failures,
            due_at: created_at,
        }
    }

    #[test]
    fn delays_grow_to_a_quarter_of_an_hour_and_a_demanded_delay_is_kept() {
        let now: Timestamp = "2026-04-02T09:00:00Z".parse().unwrap();
        let delay = |failures, retry_after| {
            let next = again(
                &delivery("2026-04-02T08:00:00Z", failures),
                now,
                retry_after,
            );
            Duration::try_from(next.unwrap().duration_since(now)).unwrap()
        };
        for _ in 0..100 {
            assert!(delay(0, None) <= BACKOFF.first);
            assert!(delay(3, None) <= BACKOFF.first * 8);
            assert!(delay(50, None) <= BACKOFF.max);
            let demanded = Duration::from_secs(7200);
            assert_eq!(delay(50, Some(demanded)), demanded);
        }
        assert!((0..100).any(|_| delay(50, None) > BACKOFF.max / 2));
    }

    #[test]
    fn an_event_is_given_up_when_it_is_a_day_old_and_an_attempt_has_failed() {
        let now: Timestamp = "2026-04-03T09:00:00Z".parse().unwrap();
        assert_ne!(
            again(&delivery("2026-04-02T09:00:01Z", 90), now, None),
            None
        );
        assert_eq!(again(&delivery("2026-04-02T09:00:00Z", 0), now, None), None);
    }
}
