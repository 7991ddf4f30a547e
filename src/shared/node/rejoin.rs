//! A ledger with entries that the log does not have: of a time without a log, or of records that the log has lost.
//!
//! If it has all that the log has, and no replica leads, its replica takes the lead and gives the log what it lacks. Otherwise the
//! ledger is set aside, and the replica begins with an empty one.

use std::sync::Arc;

use tokio::time::{Instant, sleep};

use crate::shared::apply::{ApplyError, Replica};
use crate::shared::members::{Member, State};
use crate::shared::node::follow::{Halt, PAGE_RECORDS, Vacant};
use crate::shared::node::{Committer, Node, Past, RETRY_AFTER};
use crate::shared::record::Record;

/// For how many leases a replica that ran alone waits for the end of another one's lead: a leader that was killed is gone by then.
const LEASES: u32 = 3;

impl<C: Committer> Node<C> {
    /// Waits until this replica may give the log what its ledger has; or sets the ledger aside.
    pub(super) async fn settle_past(&mut self) -> Result<Option<Vacant>, Halt> {
        let state = match self.past {
            Past::Lost => State::OffTheLog,
            Past::Alone | Past::InTheLog => State::Joining,
        };
        self.report(|status| status.state = state);
        // The number of records that the ledger is known to begin with.
        let mut checked = None;
        let waits_until = Instant::now() + self.settings.lease.saturating_mul(LEASES);
        loop {
            let leader = self.log.leader().await?;
            self.report_leader(leader.as_deref());
            self.attached();
            // The one that leads may be gone, and its lease not ended yet. If it is there, it begins a new epoch for a replica
            // that is off the log; of a time without a log it knows nothing.
            let is_late = self.past == Past::Alone && Instant::now() >= waits_until;
            let newest = self.log.newest().await?;
            if checked != Some(newest) && self.base().await?.is_some() {
                checked = Some(newest);
            }
            if leader.is_some() && is_late || checked != Some(newest) {
                self.set_ledger_aside().await?;
                return Ok(None);
            }
            if leader.is_none() && self.contends() {
                return Ok(Some(Vacant));
            }
            sleep(RETRY_AFTER).await;
        }
    }

    /// The state at the end of the log, if the ledger has the last record of the log at the same place: it has all of the log then.
    /// Every record is one entry, so that the numbers of both are the same.
    pub(super) async fn base(&self) -> Result<Option<Replica>, Halt> {
        let (end, last) = self.read_apart().await?;
        let Some(last) = last else {
            return Ok(Some(end));
        };
        let entries = self.committer.entries(end.seq.saturating_sub(1), 1).await?;
        let entries = entries.map_err(Halt::Ledger)?;
        let is_own = entries.first().is_some_and(|own| {
            let logged = &last.entry;
            (own.at, own.cause) == (logged.at, logged.cause)
        });
        Ok(is_own.then_some(end))
    }

    /// Reads the whole log, without writing or showing anything. Returns the state after it, and its last record.
    async fn read_apart(&self) -> Result<(Replica, Option<Record>), Halt> {
        let mut end = Replica::before_the_log(Arc::clone(&self.replica.snapshot));
        let mut last = None;
        loop {
            let page = self.log.read(end.seq, PAGE_RECORDS).await?;
            self.attached();
            for stored in &page.records {
                let next = self.next(&end, stored).await;
                let next = next.map_err(|halt| match halt {
                    // The log itself has a hole.
                    Halt::OffTheLog => Halt::Unreadable(ApplyError::OtherChain { seq: stored.seq }),
                    other => other,
                })?;
                (end, last) = (next.replica, Some(next.record));
            }
            if !page.has_more {
                return Ok((end, last));
            }
        }
    }

    async fn set_ledger_aside(&mut self) -> Result<(), Halt> {
        let aside = self.committer.set_aside(self.replica.seq).await?;
        aside.map_err(Halt::Ledger)?;
        let served = Arc::clone(&self.replica.snapshot);
        self.barred = Some(Arc::clone(&served.position.epoch));
        self.replica = Replica::before_the_log(served);
        self.past = Past::InTheLog;
        // A state of records that the log has lost was shown, if any was: what it has by now may be shorter.
        self.shown = 0;
        self.report(|status| {
            status.seq = 0;
            status.chain = self.replica.chain;
        });
        Ok(())
    }

    /// Whether another replica has records that this one does not find in the log: the log has lost them.
    pub(super) async fn has_lost(&self) -> Result<bool, Halt> {
        let members = crate::shared::node::members(&self.log).await?;
        Ok(members.iter().any(|member| self.is_of_another_past(member)))
    }

    /// Whether a replica that is off the log serves positions of the epoch that is served here.
    pub(super) fn shares_epoch(&self, member: &Member) -> bool {
        member.node != self.settings.origin.node
            && member.state == Some(State::OffTheLog)
            && member.position.epoch == self.replica.snapshot.position.epoch
    }

    fn is_of_another_past(&self, member: &Member) -> bool {
        let is_other = member.node != self.settings.origin.node;
        let differs = member.seq > self.replica.seq
            || member.seq == self.replica.seq && member.chain != self.replica.chain;
        is_other && (differs && member.state != Some(State::Joining) || self.shares_epoch(member))
    }
}
