//! What operators do with a replica.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;

use crate::shared::log::{Lead, Log, LogError, Note};
use crate::shared::members::{Leader, Member, State};
use crate::shared::node::status::Status;

/// How long a replica that gave up its lead waits for another one to take it: they do within a second, and this one takes it again
/// after ten.
const TAKEN_WITHIN: Duration = Duration::from_secs(5);

/// A replica that runs, for those who ask about it. Clones share it.
#[derive(Debug, Clone)]
pub struct NodeHandle {
    log: Log,
    status: watch::Receiver<Status>,
    /// How often it was asked to give up its lead.
    asked: Arc<watch::Sender<u64>>,
    /// The lead that it has.
    lead: watch::Receiver<Option<Lead>>,
}

/// This replica has no lead to give up.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("this replica does not lead")]
pub struct NoLead {
    /// The replica that leads, as far as this one knows.
    pub leader: Option<Leader>,
}

impl NodeHandle {
    pub(super) fn new(
        log: Log,
        status: watch::Receiver<Status>,
        asked: Arc<watch::Sender<u64>>,
        lead: watch::Receiver<Option<Lead>>,
    ) -> Self {
        Self {
            log,
            status,
            asked,
            lead,
        }
    }

    /// What it reports, as it changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// What all replicas report that reach the log.
    ///
    /// # Errors
    /// A [`LogError`] if the log does not answer.
    pub async fn members(&self) -> Result<Vec<Member>, LogError> {
        members(&self.log).await
    }

    /// A note of the replica that leads.
    ///
    /// # Errors
    /// A [`LogError`] if the log does not answer.
    pub async fn note(&self, note: &Note) -> Result<Option<Arc<[u8]>>, LogError> {
        self.log.note(note).await
    }

    /// Replaces a note, if this replica leads.
    ///
    /// # Errors
    /// A [`LogError`] if the log does not answer, or another replica leads.
    pub async fn set_note(&self, note: &Note, bytes: &[u8]) -> Result<(), LogError> {
        let lead = *self.lead.borrow();
        let Some(lead) = lead else {
            return Err(LogError::Refused("this replica does not lead".to_owned()));
        };
        if self.log.set_note(&lead, note, bytes).await? {
            Ok(())
        } else {
            Err(LogError::Refused("another replica leads".to_owned()))
        }
    }

    /// Gives up the lead, and lets another replica take it. A commit that waits for the log is settled first. Returns the replica
    /// that leads then, or after five seconds without one, none.
    ///
    /// # Errors
    /// [`NoLead`].
    pub async fn step_down(&self) -> Result<Option<Leader>, NoLead> {
        let mut status = self.status.clone();
        let own = {
            let known = status.borrow_and_update();
            let leader = known.known_leader().cloned();
            if known.state != State::Leading {
                return Err(NoLead { leader });
            }
            leader.unwrap_or_default().node
        };
        self.asked
            .send_modify(|asked| *asked = asked.saturating_add(1));
        // A replica that has ended does not lead either.
        let ended = status.wait_for(|status| status.state != State::Leading);
        drop(ended.await);
        let is_taken = |status: &Status| {
            let leader = status.known_leader();
            leader.is_some_and(|leader| leader.node != own)
        };
        let taken = tokio::time::timeout(TAKEN_WITHIN, status.wait_for(is_taken)).await;
        let taken = taken.ok().and_then(Result::ok);
        Ok(taken.and_then(|status| status.known_leader().cloned()))
    }
}

/// What all replicas of a log report, sorted by name.
///
/// # Errors
/// A [`LogError`] if the log does not answer.
pub async fn members(log: &Log) -> Result<Vec<Member>, LogError> {
    let reports = log.nodes().await?;
    let members = reports.iter().filter_map(|bytes| Member::decode(bytes));
    Ok(members.collect())
}
