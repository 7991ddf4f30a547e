//! A receiver: its webhook, the client that reaches it, and how one attempt ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::config::{Http, Webhook};
use crate::fetch::{FetchError, PostAnswer, Poster};
use crate::telemetry::DeliveryCounts;
use crate::webhooks::attempt::Unrecorded;
use crate::webhooks::event::Event;
use crate::webhooks::signature;

/// The status of a receiver that is gone for good.
const GONE: u16 = 410;

/// A receiver of events.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) webhook: Webhook,
    poster: Poster,
    /// Wakes the task that delivers.
    pending: Notify,
    /// Whether it answered that it wants no event any more.
    gone: AtomicBool,
    /// How the attempts ended.
    pub(super) counts: Arc<DeliveryCounts>,
    /// The attempt that the file does not have yet.
    pub(super) unrecorded: Unrecorded,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The receiver has the event.
    Delivered,
    /// The receiver wants no event any more.
    Gone,
    /// Another attempt is due, at the earliest after the delay that the receiver demands.
    Failed {
        reason: String,
        retry_after: Option<Duration>,
    },
}

impl Receiver {
    pub(super) fn new(webhook: &Webhook, http: &Http) -> Result<Self, FetchError> {
        Ok(Self {
            poster: Poster::new(http, &webhook.url, webhook.timeout)?,
            webhook: webhook.clone(),
            pending: Notify::new(),
            gone: AtomicBool::new(false),
            counts: Arc::default(),
            unrecorded: Arc::default(),
        })
    }

    /// The same in the place of one that was served: its deliveries are counted on, and its last attempt is recorded, unless it
    /// wanted no more.
    #[must_use]
    pub(super) fn after(self, before: &Self) -> Self {
        if before.is_gone() {
            return self;
        }
        Self {
            counts: Arc::clone(&before.counts),
            unrecorded: Arc::clone(&before.unrecorded),
            ..self
        }
    }

    /// Its webhook, and the counts of its deliveries.
    pub(super) fn counts(&self) -> (String, Arc<DeliveryCounts>) {
        (self.webhook.name.clone(), Arc::clone(&self.counts))
    }

    /// Scheme, host and port of its address, for logs.
    pub(super) fn origin(&self) -> String {
        self.poster.origin()
    }

    /// Says that an event waits.
    pub(super) fn notify(&self) {
        self.pending.notify_one();
    }

    /// Waits until an event has come since the last wait.
    pub(super) async fn notified(&self) {
        self.pending.notified().await;
    }

    /// Whether it wants no event any more.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    pub(super) fn mark_gone(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    /// Sends an event once, signed.
    pub(super) async fn post(&self, event: &Event) -> Result<PostAnswer, FetchError> {
        let Event { id, body } = event;
        let headers = signature::headers(&self.webhook.secrets, id, Timestamp::now(), body);
        self.poster.post(headers, body.clone().into()).await
    }

    /// Attempts a delivery.
    pub(super) async fn attempt(&self, event: &Event) -> Outcome {
        match self.post(event).await {
            Ok(answer) => outcome(&answer),
            Err(error) => Outcome::Failed {
                reason: error.to_string(),
                retry_after: None,
            },
        }
    }
}

fn outcome(answer: &PostAnswer) -> Outcome {
    let PostAnswer {
        status,
        retry_after,
        body: _,
    } = answer;
    match *status {
        200..=299 => Outcome::Delivered,
        GONE => Outcome::Gone,
        status => Outcome::Failed {
            reason: refusal(status),
            retry_after: *retry_after,
        },
    }
}

/// A status that refuses an event, as a phrase.
pub fn refusal(status: u16) -> String {
    match status {
        300..=399 => {
            format!("status {status}, a redirect, which is not followed: set url to its target")
        }
        status => format!("status {status}"),
    }
}
