//! Webhooks: what changes is posted to receivers outside, signed, at least once, in order.
//!
//! ```text
//! board ─▶ observer (what differs from what a receiver knows) ─▶ file ─▶ courier, one for each webhook ─▶ receiver
//! ```
//!
//! The observer reads every snapshot, as a subscriber does, and compares it with what the receiver of each webhook knows: the
//! value of each pair, the punctuality of each source, the values that are held. What differs becomes events, and these and
//! the new knowledge are written in one transaction, to a file beside the ledger. A courier sends the oldest event of its
//! webhook until the receiver accepts it, so a slow receiver delays no other one and no commit.
//!
//! # Decisions
//!
//! * *Chose* what the receiver knows, *over* a position up to which commits were sent: a snapshot of a past revision cannot
//!   be derived again cheaply, and a position says nothing after an epoch has ended. A difference is found at the next
//!   snapshot or the next start, however the service ended before, so nothing is lost. What does not differ is never
//!   sent, so a restart invents nothing. A fixing in between that no snapshot showed is looked up in the tables in memory, if a
//!   webhook has a limit that it may have reached; without one the newest value says enough. Missed tables are filed one by
//!   one, after the newest: for two weeks a day without a fixing is looked up again.
//! * *Chose* a file of its own, *over* a table in the ledger: the ledger only grows, its one writer must never wait behind
//!   deliveries, and an earlier version of silkrate can still open it. The ledger need not be in the same
//!   transaction: an entry whose events were not written differs from what is known at the next start.
//! * *Chose* the clock of the service for the age of an event and its next attempt, *over* real time: they outlive the
//!   process. The time-out of a request is real time, and so is the time that a signature covers.
//! * *Chose* silence about what is served when a webhook begins, and about a pair that is new, *over* an event for each: no
//!   value before it is known, so it has not changed.
//!
#![doc = include_str!("webhooks/README.md")]

mod subject;
mod event;
mod signature;
mod missed;
mod known;
mod store;
mod states;
mod attempt;
mod receiver;
mod turn;
mod observer;
mod delivery;
mod couriers;
mod reload;

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
pub use receiver::refusal;
pub use reload::{PreparedWebhooks, WebhookReloader};
pub use states::{WebhookState, states};
pub use store::{StoreError, check, path_beside};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
pub use turn::{Delivered, Turn, TurnKeeper};

use crate::board::{BoardReader, Preferences};
use crate::clock::Clock;
use crate::config::{Http, Webhook};
use crate::fetch::{FetchError, PostAnswer};
use crate::webhooks::couriers::Couriers;
use crate::webhooks::event::Event;
use crate::webhooks::observer::Observer;
use crate::webhooks::receiver::Receiver;
use crate::webhooks::reload::LISTS_MAX;
use crate::webhooks::store::Store;

/// Why webhooks cannot be served.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// The file cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The client for a receiver cannot be built.
    #[error("cannot build the HTTP client of the webhook {name}: {source}")]
    Client {
        /// The webhook.
        name: String,
        /// The error.
        source: FetchError,
    },
}

/// The tasks of all webhooks, not yet running.
#[derive(Debug)]
pub struct Webhooks {
    store: Store,
    clock: Clock,
    observer: Observer,
    receivers: Vec<Arc<Receiver>>,
    /// Other receivers, after a reload.
    lists: mpsc::Receiver<Vec<Arc<Receiver>>>,
    turn: Turn,
}

/// The answer to a sample.
#[derive(Debug)]
pub struct SampleAnswer {
    /// The id of the sample.
    pub id: String,
    /// Its document.
    pub body: String,
    /// Scheme, host and port of the receiver.
    pub receiver: String,
    /// How long the answer took.
    pub took: Duration,
    /// The answer, or why there is none.
    pub answer: Result<PostAnswer, FetchError>,
}

impl Webhooks {
    /// Opens the file of the webhooks, or keeps it in memory without a path, and reads what their receivers know. The order
    /// of preference is that of the board. The second value replaces them while they run.
    pub async fn open<P: Into<Preferences>>(
        webhooks: &[Webhook],
        http: &Http,
        path: Option<PathBuf>,
        (board, preferences): (BoardReader, P),
        clock: Clock,
    ) -> Result<(Self, WebhookReloader), WebhookError> {
        let store = Store::open(path.as_deref())?;
        let mut listed = Vec::new();
        for webhook in webhooks {
            let known = store.known(&webhook.name).await?;
            listed.push((Arc::new(receiver(webhook, http)?), known));
        }
        let receivers: Vec<_> = listed
            .iter()
            .map(|(receiver, _)| Arc::clone(receiver))
            .collect();
        store.count(receivers.iter().map(|receiver| receiver.counts()));
        let (to_observer, of_observer) = mpsc::channel(LISTS_MAX);
        let (to_couriers, of_couriers) = mpsc::channel(LISTS_MAX);
        let (store_of_reloader, http) = (store.clone(), http.clone());
        let reloader = WebhookReloader::new(
            store_of_reloader,
            http,
            receivers.clone(),
            to_observer,
            to_couriers,
        );
        let webhooks = Self {
            observer: Observer::new(
                store.clone(),
                board,
                clock.clone(),
                preferences.into(),
                (listed, of_observer),
            ),
            store,
            clock,
            receivers,
            lists: of_couriers,
            turn: Turn::always(),
        };
        Ok((webhooks, reloader))
    }

    /// Delivers only in a turn that several replicas take.
    #[must_use]
    pub fn in_turn(mut self, turn: Turn) -> Self {
        self.turn = turn;
        self
    }

    /// Serves the webhooks until it is stopped.
    ///
    /// # Panics
    /// If one of the tasks panicked.
    pub async fn run(self, stop: CancellationToken) {
        let Self {
            store,
            clock,
            observer,
            receivers,
            mut lists,
            turn,
        } = self;
        let mut observing = JoinSet::new();
        observing.spawn(observer.run(stop.clone()));
        let mut couriers = Couriers::start((store, clock, turn), receivers, stop.clone());
        let ended = loop {
            tokio::select! {
                () = stop.cancelled() => break None,
                ended = observing.join_next() => break ended,
                () = couriers.ended() => {}
                Some(receivers) = lists.recv() => couriers.replace(receivers).await,
            }
        };
        let ended = match ended {
            Some(ended) => Some(ended),
            None => observing.join_next().await,
        };
        if let Some(Err(error)) = ended
            && error.is_panic()
        {
            resume_unwind(error.into_panic());
        }
        couriers.all_ended().await;
    }
}

fn receiver(webhook: &Webhook, http: &Http) -> Result<Receiver, WebhookError> {
    Receiver::new(webhook, http).map_err(|source| WebhookError::Client {
        name: webhook.name.clone(),
        source,
    })
}

/// Checks that the client of a webhook can be built. Nothing is sent.
pub fn check_client(webhook: &Webhook, http: &Http) -> Result<(), WebhookError> {
    receiver(webhook, http).map(drop)
}

/// Sends a sample event to the receiver of a webhook, once.
pub async fn send_sample(webhook: &Webhook, http: &Http) -> Result<SampleAnswer, WebhookError> {
    let receiver = receiver(webhook, http)?;
    let event = Event::sample(&webhook.name, Timestamp::now());
    let begun = std::time::Instant::now();
    let answer = receiver.post(&event).await;
    Ok(SampleAnswer {
        took: begun.elapsed(),
        receiver: receiver.origin(),
        id: event.id,
        body: event.body,
        answer,
    })
}
