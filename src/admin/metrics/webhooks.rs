//! Webhooks: how the attempts to deliver ended, and what waits.

use std::fmt;

use tokio::sync::watch;

use crate::telemetry::{Collect, CountsByWebhook, Label, Page};

/// The counts of each webhook, by its name.
#[derive(Debug)]
pub(super) struct WebhookMetrics(pub(super) watch::Receiver<CountsByWebhook>);

impl Collect for WebhookMetrics {
    fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
        let Self(served) = self;
        let webhooks = served.borrow().clone();
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
        page.counters(names, attempts)?;
        let waiting = webhooks.iter();
        let waiting = waiting.map(|(webhook, counts)| (label(webhook), counts.waiting()));
        let waiting: Vec<_> = waiting.collect();
        let names = (
            "silkrate_webhook_waiting_events",
            "Events that wait for the receiver of the webhook",
        );
        let events = waiting.iter();
        page.gauges(
            names,
            events.map(|(label, waiting)| (label, waiting.events)),
        )?;
        let names = (
            "silkrate_webhook_oldest_waiting_event_timestamp_seconds",
            "When the oldest event happened that waits for the receiver of the webhook",
        );
        let oldest = waiting.iter();
        let oldest = oldest.filter_map(|(label, waiting)| Some((label, waiting.oldest?)));
        page.gauges(names, oldest)?;
        let names = (
            "silkrate_webhook_dropped_events",
            "Events that were lost without another attempt: too many waited, or the receiver was gone",
        );
        let dropped = webhooks.iter();
        page.counters(
            names,
            dropped.map(|(webhook, counts)| (label(webhook), &counts.dropped)),
        )?;
        let names = (
            "silkrate_webhook_receiver_gone",
            "One if the receiver wants no event until the service restarts (status 410), else zero",
        );
        let gone = webhooks.iter();
        // No attempt follows that answer.
        page.gauges(
            names,
            gone.map(|(webhook, counts)| (label(webhook), counts.gone.get() > 0)),
        )
    }
}

fn label(webhook: &str) -> [Label<'_>; 1] {
    [("webhook", webhook)]
}
