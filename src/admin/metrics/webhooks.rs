//! How the attempts to deliver the events of webhooks ended.

use std::fmt;
use std::sync::Arc;

use crate::telemetry::{Collect, DeliveryCounts, Page};

/// The counts of each webhook, by its name.
#[derive(Debug)]
pub(super) struct WebhookMetrics(pub(super) Vec<(String, Arc<DeliveryCounts>)>);

impl Collect for WebhookMetrics {
    fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
        let Self(webhooks) = self;
        let attempts = webhooks.iter().flat_map(|(webhook, counts)| {
            let counts = counts.by_outcome().into_iter();
            counts.map(|(outcome, count)| {
                let labels = [("webhook", webhook.as_str()), ("outcome", outcome)];
                (labels, count)
            })
        });
        let names = (
            "silkrate_webhook_attempts",
            "Attempts to deliver an event of the webhook, by how they ended",
        );
        page.counters(names, attempts)
    }
}
