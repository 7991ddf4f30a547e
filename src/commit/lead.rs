//! How the commit task of a replica begins to lead, and begins an epoch.

use std::time::Instant;

use crate::commit::epoch_name::new_epoch_name;
use crate::commit::proposal::{Beginning, Proposer};
use crate::commit::replica::Role;
use crate::commit::{Commit, restore};
use crate::domain::{BookChanges, Cause, Position};
use crate::ledger::LedgerError;

impl Commit {
    /// Begins to lead: what differs from what is served by now is a step.
    pub(super) async fn lead(&mut self, proposer: Proposer, beginning: Beginning) {
        if self.is_behind() {
            // Without its proposer the lead is given up.
            return;
        }
        self.role = Role::Leading(proposer);
        self.ledger.withhold(false);
        match beginning {
            Beginning::Continued => {}
            Beginning::First => {
                let published = self.board.snapshot();
                let entry = restore::entry(&published, self.now(), Vec::new());
                self.write_and_publish(entry, None, Instant::now()).await;
            }
            Beginning::NewEpoch => self.begin_epoch().await,
        }
        let now = self.now();
        self.commit(Cause::Start, BookChanges::default(), now).await;
        if self.makes_steps() {
            self.take_reloaded().await;
        }
    }

    /// Publishes the same state in a new epoch.
    pub(super) async fn begin_epoch(&mut self) {
        if !self.makes_steps() {
            return;
        }
        let published = self.board.snapshot();
        let last = published.position.revision.max(self.last_revision());
        let snapshot = published.renewed(Position {
            epoch: new_epoch_name().into(),
            revision: last.saturating_add(1),
        });
        let entry = restore::entry(&snapshot, self.now(), Vec::new());
        self.write_and_publish(entry, Some(snapshot), Instant::now())
            .await;
    }

    /// Sets the ledger aside, and begins with an empty one: it has entries that the log does not have.
    pub(super) async fn set_aside(&mut self, seq: u64) -> Result<(), LedgerError> {
        self.ledger.set_aside(seq).await?;
        self.ledger.withhold(true);
        self.book = self.blank.clone();
        self.forget_followed();
        Ok(())
    }
}
