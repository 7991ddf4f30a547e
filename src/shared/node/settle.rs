//! Appending one record: whatever the network does, its outcome is known before anything else is proposed.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::commit::Proposal;
use crate::shared::log::{Appended, Lead, LogError};
use crate::shared::members::State;
use crate::shared::node::lead::Lost;
use crate::shared::node::{Committer, Node, Past};

/// How long after a call without an answer the place is read again.
const SETTLE_AGAIN: Duration = Duration::from_millis(200);

impl<C: Committer> Node<C> {
    /// The same as [`Node::append`]. Where the lead ends before the outcome is known, this replica does not count as the one that
    /// leads from then on: another one asks the banks and delivers to webhooks by then.
    pub(super) async fn append_until(
        &mut self,
        ends_at: Instant,
        lead: &Lead,
        proposal: Proposal,
        stop: &CancellationToken,
    ) -> Result<(), Lost> {
        let status = Arc::clone(&self.status);
        let mut appended = pin!(self.append(lead, proposal, stop));
        tokio::select! {
            biased;
            appended = &mut appended => return appended,
            () = sleep_until(ends_at) => {}
        }
        tracing::warn!("the lead ends, and the outcome of a commit is not known yet");
        status.send_modify(|status| status.state = State::Candidate);
        appended.await
    }

    /// Appends the record of a proposal. It is accepted when the record is in its place, and only then.
    async fn append(
        &mut self,
        lead: &Lead,
        proposal: Proposal,
        stop: &CancellationToken,
    ) -> Result<(), Lost> {
        let Proposal {
            entry,
            snapshot,
            accepted,
        } = proposal;
        let origin = self.origin();
        let record = self.replica.record(&snapshot, &entry, None, &origin);
        let bytes = record.encode().map_err(|error| {
            tracing::error!(%error, "a commit does not fit into the shared log");
            Lost::Lead
        })?;
        // What the other replicas will do with it.
        let applied = self
            .records
            .applied(&self.replica, &bytes)
            .map_err(|error| {
                tracing::error!(%error, "a record of this replica cannot be applied");
                Lost::Lead
            })?;
        let seq = applied.replica.seq;
        tokio::select! {
            biased;
            settled = self.settle(lead, seq, &bytes) => settled?,
            () = stop.cancelled() => return Err(Lost::Stopping),
        }
        let place = self.records.step(&applied);
        self.formats.note_record(applied.record.format);
        self.replica = applied.replica;
        self.past = Past::InTheLog;
        self.barred = None;
        self.ahead = None;
        self.report(|status| status.past_entries = 0);
        self.report_applied();
        self.attached();
        if accepted.send(place).is_err() {
            tracing::debug!(seq, "the commit task did not wait for its proposal");
        }
        Ok(())
    }

    /// Appends a record until it is known to be in its place, or that it never will be.
    pub(super) async fn settle(&self, lead: &Lead, seq: u64, bytes: &[u8]) -> Result<(), Lost> {
        loop {
            let error = match self.log.append(lead, seq, bytes).await {
                Ok(Appended::Written) => return Ok(()),
                Ok(Appended::Taken(taken)) if *taken == *bytes => return Ok(()),
                Ok(outcome) => {
                    let why = match outcome {
                        Appended::Taken(_) => "another record is in its place",
                        Appended::Gap => "the record before it is missing",
                        Appended::Fenced | Appended::Written => "another replica leads",
                    };
                    tracing::warn!(seq, why, "a record was not appended");
                    self.report(|status| status.fenced = status.fenced.saturating_add(1));
                    return Err(Lost::Lead);
                }
                Err(error @ LogError::Refused(_)) => {
                    tracing::error!(%error, seq, "a record was not appended");
                    self.report_refusal(&error);
                    return Err(Lost::Lead);
                }
                Err(error) => error,
            };
            self.detached(&error);
            match self.place(seq).await {
                Some(found) if *found == *bytes => return Ok(()),
                // Another record, or none yet: the next attempt tells which.
                Some(_) | None => {}
            }
            self.attached();
        }
    }

    /// What is in a place. It waits for an answer: until then the outcome of an append is not known.
    async fn place(&self, seq: u64) -> Option<Arc<[u8]>> {
        loop {
            match self.log.read(seq.saturating_sub(1), 1).await {
                Ok(page) => {
                    let mut records = page.records.into_iter();
                    let found = records.find(|record| record.seq == seq);
                    return found.map(|record| record.bytes);
                }
                Err(error) => {
                    self.detached(&error);
                    tokio::time::sleep(SETTLE_AGAIN).await;
                }
            }
        }
    }
}
