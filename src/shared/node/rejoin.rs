//! A ledger with entries that the log does not have: of a time without a log, or of records that the log has lost.
//!
//! If it has all that the log has, and no replica leads, its replica takes the lead and gives the log what it lacks. Otherwise the
//! ledger is set aside, and the replica begins with an empty one.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::shared::apply::{ApplyError, Replica};
use crate::shared::log::LogError;
use crate::shared::members::{Member, State};
use crate::shared::node::follow::Vacant;
use crate::shared::node::halt::Halt;
use crate::shared::node::records::PAGE_RECORDS;
use crate::shared::node::{Committer, Detached, Node, Past, RETRY_AFTER, members};
use crate::shared::record::Record;

/// For how many leases a replica that ran alone waits for the end of another one's lead: a leader that was killed is gone by then.
const LEASES: u32 = 3;
/// How long a replica waits for what others tell of their pasts: those that are started together have told by then.
const TOLD_AFTER: Duration = Duration::from_secs(5);

impl<C: Committer> Node<C> {
    /// Notes that the log does not have what this replica has applied.
    pub(super) fn leave_the_log(&mut self) {
        self.past = Past::Lost;
        self.note_off_the_log("the shared log does not have what this replica has applied");
    }

    /// Says why what this replica serves is not in the log.
    pub(super) fn note_off_the_log(&self, trouble: &str) {
        tracing::error!(seq = self.replica.seq, "{trouble}; it serves on meanwhile");
        self.report(|status| {
            status.state = State::OffTheLog;
            status.audits_failed = status.audits_failed.saturating_add(1);
        });
        self.note_stopped(trouble);
    }

    /// Says why this replica takes nothing from the log, although that answers: clients are told as if it did not.
    pub(super) fn note_stopped(&self, trouble: &str) {
        let now = self.settings.clock.now();
        self.report(|status| {
            let since = status.stopped.take().map_or(now, |stopped| stopped.since);
            status.trouble = Some(trouble.to_owned());
            status.stopped = Some(Detached {
                since,
                reason: trouble.to_owned(),
            });
        });
    }

    /// Waits until this replica may give the log what its ledger has; or sets the ledger aside.
    pub(super) async fn settle_past(&mut self) -> Result<Option<Vacant>, Halt> {
        let state = match self.past {
            Past::Lost => State::OffTheLog,
            Past::Alone(_) | Past::InTheLog => State::Joining,
        };
        self.report(|status| status.state = state);
        // The number of records that the ledger is known to begin with.
        let mut checked = None;
        let waits_until = Instant::now() + self.settings.lease.saturating_mul(LEASES);
        let told_by = Instant::now() + TOLD_AFTER;
        let mut first = None;
        loop {
            self.report_past();
            let leader = self.log.leader().await?;
            self.report_leader(leader.as_deref());
            self.attached();
            // The one that leads may be gone, and its lease not ended yet. If it is there, it begins a new epoch for a replica
            // that is off the log; of a time without a log it knows nothing.
            let is_late = matches!(self.past, Past::Alone(_)) && Instant::now() >= waits_until;
            let newest = self.log.newest().await?;
            if checked != Some(newest) && self.base().await?.is_some() {
                checked = Some(newest);
            }
            if leader.is_some() && is_late || checked != Some(newest) {
                self.set_ledger_aside().await?;
                return Ok(None);
            }
            if leader.is_none() && self.contends() {
                let longer = self.longer_past().await?;
                if longer.is_none() && Instant::now() >= told_by {
                    return Ok(Some(Vacant));
                }
                if longer.is_some() && first != longer {
                    let node = longer.as_deref();
                    tracing::info!(node, "another replica has a longer past: it goes first");
                    first = longer;
                }
            }
            sleep(RETRY_AFTER).await;
        }
    }

    /// Tells the others how much this replica has to give to the log. While it cannot lead, it lets them go first.
    fn report_past(&self) {
        let entries = match self.past {
            Past::Alone(entries) => entries,
            Past::Lost => self.replica.seq,
            Past::InTheLog => 0,
        };
        let contends = self.contends();
        self.report(|status| status.past_entries = if contends { entries } else { 0 });
    }

    /// The replica that goes before this one in giving the log its past, if there is one: with records of the log before one of a
    /// time without a log, and with more before one with less.
    async fn longer_past(&self) -> Result<Option<String>, LogError> {
        let own = (self.past == Past::Lost, self.status.borrow().past_entries);
        let members = members(&self.log).await?.into_iter();
        let others = members.filter(|member| member.node != self.settings.origin.node);
        let others = others.filter(|member| member.past_entries > 0);
        let rank = |member: &Member| {
            let is_lost = member.state == Some(State::OffTheLog);
            (is_lost, member.past_entries)
        };
        let longest = others.max_by_key(rank);
        let longer = longest.filter(|member| rank(member) > own);
        Ok(longer.map(|member| member.node))
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
                let next = self.records.next(&end, stored).await;
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
        // A state of records that the log has lost was shown, if any was.
        let shown = self.ahead.take().map(|ahead| ahead.epoch);
        self.barred = Some(shown.unwrap_or_else(|| Arc::clone(&served.position.epoch)));
        self.replica = Replica::before_the_log(served);
        self.past = Past::InTheLog;
        self.report(|status| {
            status.past_entries = 0;
            status.seq = 0;
            status.chain = self.replica.chain;
        });
        Ok(())
    }

    /// Whether another replica has records that this one does not find in the log: the log has lost them.
    pub(super) fn has_lost(&self, members: &[Member]) -> bool {
        members.iter().any(|member| self.is_of_another_past(member))
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
