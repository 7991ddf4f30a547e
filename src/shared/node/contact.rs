//! Whether the log answers: a replica without an answer says so, and since when.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::clock::Clock;
use crate::shared::log::LogError;
use crate::shared::node::status::{Detached, Status};

/// How long the log may give no answer before a replica counts as detached: longer than a restart of its servers and the choice of
/// their leader take, and than the interval in which a replica asks whether the log is there.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// How long after a refusal the same one is the same trouble: a replica that is refused its work tries again within seconds.
const REFUSED_AGAIN: Duration = Duration::from_secs(60);

/// The last answer of the log, and what failed since.
#[derive(Debug, Clone)]
pub(super) struct Contact {
    clock: Clock,
    status: Arc<watch::Sender<Status>>,
    last: Arc<watch::Sender<Last>>,
}

#[derive(Debug, Clone)]
struct Last {
    answered: Instant,
    at: Timestamp,
    error: Option<String>,
    /// It answers other calls meanwhile.
    refusal: Refusal,
}

/// What the log refused last, and when.
#[derive(Debug, Clone, Default)]
struct Refusal(Option<(String, Instant)>);

impl Refusal {
    /// Notes a refusal. Returns whether it is another one, or the same after a while without it.
    fn is_new(&mut self, text: &str) -> bool {
        let now = Instant::now();
        let before = self.0.replace((text.to_owned(), now));
        before.is_none_or(|(before, at)| before != text || now.duration_since(at) >= REFUSED_AGAIN)
    }
}

impl Contact {
    pub(super) fn new(clock: Clock, status: Arc<watch::Sender<Status>>) -> Self {
        let last = Last {
            answered: Instant::now(),
            at: clock.now(),
            error: None,
            refusal: Refusal::default(),
        };
        Self {
            clock,
            status,
            last: Arc::new(watch::Sender::new(last)),
        }
    }

    /// Notes that the log answered.
    pub(super) fn answered(&self) {
        let at = self.clock.now();
        self.last.send_modify(|last| {
            last.answered = Instant::now();
            last.at = at;
            last.error = None;
        });
        self.status.send_if_modified(|status| {
            let was_detached = status.detached.take().is_some();
            if was_detached {
                tracing::info!("the shared log answers");
            }
            // The others look at the time when they ask for the lag.
            status.note_answer(at);
            was_detached
        });
    }

    /// Notes that the log did not answer, or refuses something. Before its first answer a replica says at once why. What lasts is
    /// logged once.
    pub(super) fn failed(&self, error: &LogError) {
        let is_first = self.last.send_if_modified(|last| {
            let is_first = last.error.is_none();
            last.error = Some(error.to_string());
            is_first
        });
        if let LogError::Refused(_) = error {
            let mut is_new = false;
            self.last.send_if_modified(|last| {
                is_new = last.refusal.is_new(&error.to_string());
                // Silence alone is watched.
                false
            });
            if is_new {
                tracing::warn!(%error, "the shared log refuses this replica");
            }
        } else if is_first {
            tracing::warn!(%error, "the shared log does not answer");
        }
        self.status.send_if_modified(|status| {
            let Some(detached) = &mut status.detached else {
                return false;
            };
            let reason = error.to_string();
            let is_new = detached.reason != reason;
            detached.reason = reason;
            is_new
        });
    }

    /// Notes silence that lasts too long.
    pub(super) async fn watch(self) {
        let mut last = self.last.subscribe();
        loop {
            let known = last.borrow_and_update().clone();
            tokio::select! {
                changed = last.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    continue;
                }
                () = sleep_until(known.answered + SILENCE_MAX) => {}
            }
            self.note_silence(&known);
            if last.changed().await.is_err() {
                return;
            }
        }
    }

    fn note_silence(&self, last: &Last) {
        self.status.send_if_modified(|status| {
            let is_new = status.detached.is_none();
            let reason = last.error.clone();
            let reason =
                reason.unwrap_or_else(|| format!("nothing was heard from it for {SILENCE_MAX:?}"));
            tracing::error!(
                reason,
                "the shared log is out of reach; this replica serves what it has"
            );
            if is_new {
                status.detached = Some(Detached {
                    since: last.at,
                    reason,
                });
            }
            is_new
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_refusal_that_lasts_is_new_once_and_again_after_a_minute_without_it() {
        let mut refusal = Refusal::default();
        assert!(refusal.is_new("permission denied"));
        for _second in 0..300 {
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(!refusal.is_new("permission denied"));
        }
        assert!(refusal.is_new("database space exceeded"));
        tokio::time::advance(REFUSED_AGAIN).await;
        assert!(refusal.is_new("database space exceeded"));
    }
}
