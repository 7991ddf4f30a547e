//! Whose turn it is to deliver. Of the replicas that share a log one delivers. The others derive the same events, with the same
//! ids, and keep them until they learn that they were delivered: the one whose turn comes next goes on behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

/// The event that a receiver accepted last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Its id.
    pub id: String,
    /// When it was derived, on the clock of the replica that delivered it.
    pub created_at: Timestamp,
}

/// The newest delivery of each webhook.
type ByWebhook = BTreeMap<String, Delivered>;

/// The end of the couriers. Clones are the same.
#[derive(Debug, Clone)]
pub struct Turn {
    names: Arc<Mutex<BTreeSet<String>>>,
    is_own: watch::Receiver<bool>,
    here: watch::Sender<ByWebhook>,
    elsewhere: watch::Receiver<ByWebhook>,
}

/// The end that decides.
#[derive(Debug)]
pub struct TurnKeeper {
    names: Arc<Mutex<BTreeSet<String>>>,
    is_own: watch::Sender<bool>,
    here: watch::Receiver<ByWebhook>,
    elsewhere: watch::Sender<ByWebhook>,
}

impl Turn {
    /// The turn of a service that runs alone: always.
    pub fn always() -> Self {
        let (turn, keeper) = Self::new();
        keeper.set_own(true);
        turn
    }

    /// A turn that is another one's at first, and the end that decides it.
    pub fn new() -> (Self, TurnKeeper) {
        let names: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let (is_own, own) = watch::channel(false);
        let (here, of_here) = watch::channel(ByWebhook::new());
        let (elsewhere, of_elsewhere) = watch::channel(ByWebhook::new());
        let turn = Self {
            names: Arc::clone(&names),
            is_own: own,
            here,
            elsewhere: of_elsewhere,
        };
        let keeper = TurnKeeper {
            names,
            is_own,
            here: of_here,
            elsewhere,
        };
        (turn, keeper)
    }

    /// Notes a webhook, so that the deliveries of others are asked for.
    pub(super) fn enter(&self, webhook: &str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(webhook.to_owned());
    }

    /// Whether this process delivers.
    pub(super) fn is_own(&self) -> bool {
        *self.is_own.borrow()
    }

    /// The event of a webhook that another process delivered last, if that is new.
    pub(super) fn delivered_elsewhere(&mut self, webhook: &str) -> Option<Delivered> {
        let has_changed = self.elsewhere.has_changed().unwrap_or(false);
        let known = self.elsewhere.borrow_and_update();
        known.get(webhook).filter(|_| has_changed).cloned()
    }

    /// Notes what was delivered here.
    pub(super) fn note(&self, webhook: &str, delivered: Delivered) {
        self.here.send_modify(|here| {
            here.insert(webhook.to_owned(), delivered);
        });
    }

    /// Waits until the turn or what others delivered changes.
    pub(super) async fn changed(&mut self) {
        let changed = tokio::select! {
            changed = self.is_own.changed() => changed,
            changed = self.elsewhere.changed() => changed,
        };
        // Also when the turn changes: what was delivered last may have been derived here after that was said.
        self.elsewhere.mark_changed();
        // A keeper that is gone changes nothing any more.
        if changed.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl TurnKeeper {
    /// Gives the turn to this process, or to another one.
    pub fn set_own(&self, is_own: bool) {
        self.is_own
            .send_if_modified(|known| std::mem::replace(known, is_own) != is_own);
    }

    /// The webhooks of this process.
    pub fn names(&self) -> Vec<String> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.iter().cloned().collect()
    }

    /// What was delivered here last, as it changes.
    pub fn delivered(&self) -> watch::Receiver<BTreeMap<String, Delivered>> {
        self.here.clone()
    }

    /// Tells what another process delivered last.
    pub fn set_delivered(&self, webhook: &str, delivered: &Delivered) {
        self.elsewhere.send_if_modified(|known| {
            let before = known.insert(webhook.to_owned(), delivered.clone());
            before.as_ref() != Some(delivered)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_delivered_elsewhere_is_dropped_again_when_the_turn_comes() {
        let (mut turn, keeper) = Turn::new();
        let delivered = Delivered {
            id: "one".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
        };
        keeper.set_delivered("desk", &delivered);
        turn.changed().await;
        assert_eq!(turn.delivered_elsewhere("desk"), Some(delivered.clone()));
        assert_eq!(turn.delivered_elsewhere("desk"), None);
        keeper.set_own(true);
        turn.changed().await;
        assert_eq!(turn.delivered_elsewhere("desk"), Some(delivered));
    }
}
