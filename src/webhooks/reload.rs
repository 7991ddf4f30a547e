//! Other webhooks in the place of the running ones. Those that did not change go on, with what waits for their receivers.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::config::{Http, Webhook};
use crate::telemetry::CountsByWebhook;
use crate::webhooks::known::Known;
use crate::webhooks::receiver::Receiver;
use crate::webhooks::store::Store;
use crate::webhooks::{WebhookError, receiver};

/// How many lists of webhooks wait for each task that serves them: a reload ends before the next one begins.
pub(super) const LISTS_MAX: usize = 1;

/// A receiver, and what the file has of what it knows: of one that replaces another of its name, the observer knows it.
pub(super) type Listed = (Arc<Receiver>, Option<Known>);

/// Replaces the webhooks that are served.
#[derive(Debug, Clone)]
pub struct WebhookReloader {
    store: Store,
    http: Http,
    receivers: Vec<Arc<Receiver>>,
    observer: mpsc::Sender<Vec<Listed>>,
    couriers: mpsc::Sender<Vec<Arc<Receiver>>>,
}

/// Webhooks that could be built, and are not served yet.
#[derive(Debug)]
pub struct PreparedWebhooks {
    http: Http,
    listed: Vec<Listed>,
}

impl WebhookReloader {
    pub(super) fn new(
        store: Store,
        http: Http,
        receivers: Vec<Arc<Receiver>>,
        observer: mpsc::Sender<Vec<Listed>>,
        couriers: mpsc::Sender<Vec<Arc<Receiver>>>,
    ) -> Self {
        Self {
            store,
            http,
            receivers,
            observer,
            couriers,
        }
    }

    /// How the attempts to deliver ended, by webhook, of those that are served.
    pub fn counts(&self) -> CountsByWebhook {
        let receivers = self.receivers.iter();
        receivers.map(|receiver| receiver.counts()).collect()
    }

    /// Builds other webhooks. Nothing changes yet.
    ///
    /// # Errors
    /// When the client of one cannot be built, or the file cannot be read.
    pub async fn prepare(
        &self,
        webhooks: &[Webhook],
        http: &Http,
    ) -> Result<PreparedWebhooks, WebhookError> {
        let mut listed = Vec::new();
        for webhook in webhooks {
            let mut running = self.receivers.iter();
            let before = running.find(|known| known.webhook.name == webhook.name);
            let listing = match before {
                Some(same) if same.webhook == *webhook && self.http == *http => {
                    (Arc::clone(same), None)
                }
                Some(before) => (Arc::new(receiver(webhook, http)?.after(before)), None),
                None => {
                    let known = self.store.known(&webhook.name).await?;
                    (Arc::new(receiver(webhook, http)?), known)
                }
            };
            listed.push(listing);
        }
        let http = http.clone();
        Ok(PreparedWebhooks { http, listed })
    }

    /// Serves these webhooks from now on. What waits for one that is gone stays in the file.
    pub async fn replace(&mut self, prepared: PreparedWebhooks) {
        let PreparedWebhooks { http, listed } = prepared;
        self.http = http;
        self.receivers = listed
            .iter()
            .map(|(receiver, _)| Arc::clone(receiver))
            .collect();
        self.store.count(self.counts());
        // If the tasks have ended, the service stops.
        let observed = self.observer.send(listed).await;
        let delivered = self.couriers.send(self.receivers.clone()).await;
        if observed.is_err() || delivered.is_err() {
            tracing::debug!("the webhooks have ended");
        }
    }
}
