//! Leading: the commits of this replica are the records of the log, as long as it holds the lead.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::commit::{Beginning, Proposal, Proposer, Stopped};
use crate::shared::apply::Origin;
use crate::shared::log::{Lead, LogError};
use crate::shared::members::{Leader, State};
use crate::shared::node::export::{KEEPS_PER_LEASE, Taken};
use crate::shared::node::follow::{AUDIT_EVERY, BROKEN_RETRY};
use crate::shared::node::halt::Halt;
use crate::shared::node::{Committer, Node, Past, RETRY_AFTER, members};

/// How often the one that leads reads what the others report: one that is off the log waits for a new epoch.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How long a replica that cannot lead waits before it asks itself again: its ledger is tried once a minute.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// How long a replica that was asked to give up its lead lets the others take it: they do at once, if they can.
const STEPPED_DOWN_FOR: Duration = Duration::from_secs(10);

/// Why a lead ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// Another replica may have it.
    Lead,
    /// An operator wants another replica to lead.
    SteppedDown,
    /// The service stops.
    Stopping,
}

impl<C: Committer> Node<C> {
    /// Takes the lead if it is free, and holds it until it is lost or the service stops.
    pub(super) async fn lead_until_lost(
        &mut self,
        stop: &CancellationToken,
    ) -> Result<(), Stopped> {
        if !self.committer.can_lead().await? {
            let trouble = "its ledger does not have what the log has, so that it cannot lead";
            tracing::warn!(trouble, "no replica leads");
            self.report(|status| status.trouble = Some(trouble.to_owned()));
            self.rests_until = Instant::now() + ASK_AGAIN;
            return Ok(());
        }
        self.report(|status| status.state = State::Candidate);
        let myself = self.description();
        // The lease may begin before the answer is there.
        let asked_at = Instant::now();
        let lead = match self.log.lead(&myself, self.settings.lease).await {
            Ok(Some(lead)) => lead,
            Ok(None) => return Ok(()),
            Err(error) => {
                self.detached(&error);
                self.report_refusal(&error);
                if matches!(error, LogError::Refused(_)) {
                    // It says so until it tries again.
                    self.rests_until = Instant::now() + ASK_AGAIN;
                } else {
                    sleep(RETRY_AFTER).await;
                }
                return Ok(());
            }
        };
        self.report(|status| status.trouble = None);
        self.formats.forget_members();
        let mut ends_at = asked_at + self.settings.lease;
        let own = self.replica.clone();
        let taken = Taken { lead: &lead, stop };
        let beginning = match self.prepare(taken, &mut ends_at).await {
            Ok(Some(beginning)) => beginning,
            Err(Halt::Stopped) if !stop.is_cancelled() => return Err(Stopped),
            Ok(None) => {
                self.give_up(&lead).await;
                return Ok(());
            }
            Err(halt) => {
                self.give_up(&lead).await;
                self.note_unprepared(&halt);
                return Ok(());
            }
        };
        self.report_leader(Some(&myself));
        let ended = self.serve(&lead, (beginning, ends_at), stop).await;
        if self.past != Past::InTheLog {
            // Nothing of what is served is in the log yet.
            self.replica = own;
        }
        ended
    }

    /// Says what the log refuses, until it takes it.
    pub(super) fn report_refusal(&self, error: &LogError) {
        if let LogError::Refused(_) = error {
            let trouble = error.to_string();
            self.report(|status| status.trouble = Some(trouble));
        }
    }

    /// Says why a lead could not begin, and lets other replicas take it meanwhile.
    fn note_unprepared(&mut self, halt: &Halt) {
        let trouble = match halt {
            Halt::Log(error) => {
                self.detached(error);
                self.rests_until = Instant::now() + RETRY_AFTER;
                return;
            }
            // Following finds that out.
            Halt::OffTheLog | Halt::Stopped => return,
            Halt::Unreadable(error) => error.to_string(),
            Halt::Ledger(error) => error.to_string(),
        };
        tracing::error!(error = trouble, "this replica cannot lead");
        self.report(|status| status.trouble = Some(trouble));
        self.rests_until = Instant::now() + BROKEN_RETRY;
    }

    /// Leads until the lead is lost or the service stops, and gives it up.
    async fn serve(
        &mut self,
        lead: &Lead,
        (beginning, ends_at): (Beginning, Instant),
        stop: &CancellationToken,
    ) -> Result<(), Stopped> {
        tracing::info!(seq = self.replica.seq, "this replica leads");
        self.lead.send_replace(Some(*lead));
        self.report(|status| {
            status.state = State::Leading;
            status.has_state = true;
            status.stopped = None;
            status.takeovers = status.takeovers.saturating_add(1);
        });
        let mut asked = self.asked.subscribe();
        let (proposer, mut proposals) = Proposer::new();
        let begun = self.committer.lead(proposer, beginning).await;
        let mut rests_for = RETRY_AFTER;
        if begun.is_ok() {
            let held = self.hold(lead, ends_at, &mut proposals, (&mut asked, stop));
            match held.await {
                Lost::Lead => {
                    tracing::warn!(seq = self.replica.seq, "this replica no longer leads");
                }
                Lost::SteppedDown => {
                    tracing::info!("this replica gives up its lead, as an operator wants");
                    rests_for = STEPPED_DOWN_FOR;
                }
                Lost::Stopping => {}
            }
        }
        self.lead.send_replace(None);
        // A proposal that waits is not accepted.
        drop(proposals);
        let ended = begun.and(self.committer.stop_leading().await);
        // Whatever ended it: no other replica should wait for the end of a lease that is no longer kept.
        if self.give_up(lead).await {
            // The lead is free: another replica may take it before this one, which could not use it.
            self.rests_until = Instant::now() + rests_for;
        }
        self.report(|status| {
            status.state = State::Joining;
            status.leader = None;
        });
        ended
    }

    /// Gives up the lead. Returns whether this replica had it still.
    async fn give_up(&self, lead: &Lead) -> bool {
        match self.log.step_down(lead).await {
            Ok(()) => return true,
            Err(LogError::Refused(reason)) => tracing::debug!(reason, "the lead had ended"),
            Err(error) => tracing::warn!(%error, "could not give up the lead; it ends by itself"),
        }
        false
    }

    /// Keeps the lead, and appends what is proposed.
    async fn hold(
        &mut self,
        lead: &Lead,
        mut ends_at: Instant,
        proposals: &mut mpsc::Receiver<Proposal>,
        (asked, stop): (&mut watch::Receiver<u64>, &CancellationToken),
    ) -> Lost {
        let lease = self.settings.lease;
        let every = lease.checked_div(KEEPS_PER_LEASE).unwrap_or(lease);
        // What came before the first commit took a part of the lease.
        let mut keep_at = ends_at.checked_sub(lease).unwrap_or(ends_at) + every;
        let mut look_at = Instant::now() + LOOK_EVERY;
        let mut audit_at = Instant::now() + AUDIT_EVERY;
        // Beside: the commit task takes nothing while it waits for a proposal.
        let mut renewing = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Lost::Stopping,
                // The sender lives as long as this replica.
                Ok(()) = asked.changed() => return Lost::SteppedDown,
                () = sleep_until(ends_at) => return Lost::Lead,
                () = sleep_until(keep_at) => {
                    let asked_at = Instant::now();
                    match self.keep(lead, ends_at).await {
                        Ok(true) => {
                            ends_at = asked_at + lease;
                            keep_at = asked_at + every;
                        }
                        Ok(false) => return Lost::Lead,
                        Err(error) => {
                            self.detached(&error);
                            keep_at = Instant::now() + KEEP_RETRY;
                        }
                    }
                }
                () = sleep_until(look_at) => {
                    self.look_around(&mut renewing).await;
                    look_at = Instant::now() + LOOK_EVERY;
                }
                () = sleep_until(audit_at) => {
                    if matches!(self.audit().await, Err(Halt::OffTheLog)) {
                        return Lost::Lead;
                    }
                    audit_at = Instant::now() + AUDIT_EVERY;
                }
                proposal = proposals.recv() => {
                    let Some(proposal) = proposal else {
                        // The commit task has ended, or has stopped leading.
                        return Lost::Lead;
                    };
                    if let Err(lost) = self.append_until(ends_at, lead, proposal, stop).await {
                        return lost;
                    }
                    self.save_state(lead).await;
                }
            }
        }
    }

    /// Begins a new epoch if another replica serves this one with records that the log does not have.
    async fn look_around(&mut self, renewing: &mut JoinSet<()>) {
        let members = match members(&self.log).await {
            Ok(members) => members,
            Err(error) => {
                tracing::debug!(%error, "could not read what the other replicas do");
                return;
            }
        };
        self.formats
            .note_members(&members, self.settings.origin.format);
        if let Some(member) = members.iter().find(|member| self.shares_epoch(member)) {
            while renewing.try_join_next().is_some() {}
            if !renewing.is_empty() {
                return;
            }
            tracing::error!(
                node = member.node,
                "a replica has records that the shared log has lost: a new epoch begins"
            );
            let committer = self.committer.clone();
            renewing.spawn(async move {
                if committer.begin_epoch().await.is_err() {
                    tracing::debug!("the commit task has ended");
                }
            });
        }
    }

    pub(super) async fn keep(&self, lead: &Lead, ends_at: Instant) -> Result<bool, LogError> {
        let kept = tokio::time::timeout_at(ends_at, self.log.keep(lead)).await;
        let Ok(kept) = kept else {
            return Ok(false);
        };
        let kept = kept?;
        self.attached();
        Ok(kept)
    }

    /// How this replica describes itself as the one that leads.
    fn description(&self) -> Vec<u8> {
        let Origin { node, build, .. } = self.settings.origin.clone();
        let leader = Leader {
            node,
            admin_address: self.settings.admin_address.clone(),
            build,
        };
        leader.encode()
    }
}

/// How long after a failure a lead is kept again: some attempts fit into the shortest lease, of two seconds.
const KEEP_RETRY: Duration = Duration::from_millis(200);
