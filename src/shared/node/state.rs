//! The state to begin with, which the replica that leads writes now and then: one that joins shows it at once, before it has read
//! a log of years.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::shared::apply::Replica;
use crate::shared::log::{Lead, LogError};
use crate::shared::node::halt::Halt;
use crate::shared::node::{Committer, Node};
use crate::shared::record::{Chain, State};

/// After how many records it is written again: those behind it are read in one page.
const RECORDS: u64 = 64;
/// The least time between two: a backfill of ten years appends thousands of records, and a state of the morning does for a start.
const WRITE_EVERY: Duration = Duration::from_secs(6 * 3600);

/// The state that was last written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Saved {
    /// The record that it follows; `None` if that is not known yet.
    seq: Option<u64>,
    /// When this replica wrote it.
    at: Option<Instant>,
}

/// A state that is shown before the records that lead to it are read: nothing older is shown after it.
#[derive(Debug, Clone)]
pub(super) struct Ahead {
    /// The record that it follows.
    pub(super) seq: u64,
    /// The chain up to that.
    pub(super) chain: Chain,
    /// Its epoch.
    pub(super) epoch: Arc<str>,
}

impl<C: Committer> Node<C> {
    /// Shows the state to begin with, if this replica has none.
    pub(super) async fn show_state(&mut self) -> Result<(), Halt> {
        if self.status.borrow().has_state {
            return Ok(());
        }
        let Some(stored) = self.log.state().await? else {
            return Ok(());
        };
        let state = State::decode_for(&stored, self.settings.origin.format).map_err(Into::into);
        match state.and_then(|state| Replica::of_state(&state)) {
            Ok(state) => {
                tracing::info!(
                    seq = state.seq,
                    "showing a state of the shared log while its records are read"
                );
                self.committer
                    .show(Arc::clone(&state.snapshot), false)
                    .await?;
                let position = state.snapshot.position.clone();
                self.ahead = Some(Ahead {
                    seq: state.seq,
                    chain: state.chain,
                    epoch: Arc::clone(&position.epoch),
                });
                self.report(|status| {
                    status.has_state = true;
                    status.position = position;
                });
            }
            // The records lead to it all the same.
            Err(error) => tracing::warn!(%error, "the state to begin with cannot be used"),
        }
        Ok(())
    }

    /// Whether a state is shown that the records do not lead to.
    pub(super) fn contradicts_ahead(&self, reached: &Replica) -> bool {
        let ahead = self.ahead.as_ref();
        ahead.is_some_and(|ahead| ahead.seq == reached.seq && ahead.chain != reached.chain)
    }

    /// Notes that the log has lost records that led to the state that is shown, if it ends before them. What is served is of an
    /// epoch then that must not go on.
    pub(super) fn check_ahead(&mut self) {
        if let Some(ahead) = self.ahead.take_if(|ahead| ahead.seq > self.replica.seq) {
            self.bar(ahead.epoch);
        }
    }

    /// Shows nothing more of an epoch that has records which the log has lost.
    pub(super) fn bar(&mut self, epoch: Arc<str>) {
        self.ahead = None;
        self.barred = Some(epoch);
        self.note_off_the_log(
            "the shared log has lost records that led to what this replica serves",
        );
    }

    /// Writes the state to begin with, if there are enough records behind the one that is there. It costs nothing to do without.
    pub(super) async fn save_state(&mut self, lead: &Lead) {
        if let Err(error) = self.try_to_save_state(lead).await {
            tracing::debug!(%error, "could not write the state to begin with");
        }
    }

    async fn try_to_save_state(&mut self, lead: &Lead) -> Result<(), LogError> {
        let is_early = |at: Instant| at.elapsed() < WRITE_EVERY;
        if self.replica.seq < RECORDS || self.saved.at.is_some_and(is_early) {
            return Ok(());
        }
        let known = if let Some(seq) = self.saved.seq {
            seq
        } else {
            // That of the replica that led before. One of records that the log has lost counts for nothing.
            let stored = self.log.state().await?;
            let reads = self.settings.origin.format;
            let state = stored.and_then(|stored| State::decode_for(&stored, reads).ok());
            let known = state.map_or(0, |state| state.seq);
            if known > self.replica.seq { 0 } else { known }
        };
        self.saved.seq = Some(known);
        if self.replica.seq < known.saturating_add(RECORDS) {
            return Ok(());
        }
        let at = self.settings.clock.now();
        let state = self.replica.state(at, self.ticker.clone(), &self.origin());
        match state.encode() {
            Ok(bytes) => {
                let leads = self.log.set_state(lead, &bytes).await?;
                tracing::debug!(leads, "wrote the state to begin with");
            }
            Err(error) => tracing::error!(%error, "the state does not fit into the shared log"),
        }
        self.saved = Saved {
            seq: Some(self.replica.seq),
            at: Some(Instant::now()),
        };
        Ok(())
    }
}
