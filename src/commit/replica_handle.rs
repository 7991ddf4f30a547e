//! The part of the handle of the commit task that its replica uses.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::commit::handle::{CommitHandle, Message, Stopped};
use crate::commit::proposal::{
    Beginning, FollowedStep, LedgerEnd, LedgerMessage, Proposer, ReplicaMessage,
};
use crate::domain::{LedgerEntry, LogStep, PollStatus, Snapshot, SourceId};
use crate::ledger::{KeepName, LedgerError};

impl CommitHandle {
    /// Lets the task write and publish what records of the shared log lead to.
    pub async fn follow(&self, steps: Vec<FollowedStep>) -> Result<(), Stopped> {
        self.tell(|done| ReplicaMessage::Follow { steps, done })
            .await
    }

    /// Lets the task publish a state of the log. With `is_whole` its ledger has all the records that lead to it; without, they are
    /// still to come, and queries of the past find no ledger meanwhile.
    pub async fn show(&self, snapshot: Arc<Snapshot>, is_whole: bool) -> Result<(), Stopped> {
        self.tell(|done| ReplicaMessage::Show {
            snapshot,
            is_whole,
            done,
        })
        .await
    }

    /// Whether the task may make commits: it has all tables that the log has.
    pub async fn can_lead(&self) -> Result<bool, Stopped> {
        self.tell(|can_lead| ReplicaMessage::CanLead { can_lead })
            .await
    }

    /// Lets the task make commits and propose them, from now on.
    pub async fn lead(&self, proposer: Proposer, beginning: Beginning) -> Result<(), Stopped> {
        self.tell(|done| ReplicaMessage::Lead {
            proposer,
            beginning,
            done,
        })
        .await
    }

    /// Lets the task begin a new epoch, if it leads: the log has lost something.
    pub async fn begin_epoch(&self) -> Result<(), Stopped> {
        self.tell(|done| ReplicaMessage::BeginEpoch { done }).await
    }

    /// Lets the task make no more commits. One that is proposed is not accepted if the end that answers it was dropped.
    pub async fn stop_leading(&self) -> Result<(), Stopped> {
        self.tell(|done| ReplicaMessage::StopLeading { done }).await
    }

    /// Takes over the results of polls that the replica that leads made, unless this one does.
    pub async fn set_polls(&self, polls: Vec<(SourceId, PollStatus)>) -> Result<(), Stopped> {
        self.tell(|done| ReplicaMessage::Polls { polls, done })
            .await
    }

    /// The facts of the entries of the ledger after a number, at most `limit` of them.
    ///
    /// # Errors
    /// The error of the ledger, in the answer.
    pub async fn entries(
        &self,
        after: u64,
        limit: u32,
        keep: KeepName,
    ) -> Result<Result<Vec<LedgerEntry>, LedgerError>, Stopped> {
        self.tell_ledger(|entries| LedgerMessage::Entries {
            after,
            limit,
            keep,
            entries,
        })
        .await
    }

    /// Where the ledger ends, if it lacks records of a log that it could not write, and can be written again.
    pub async fn end_of_lacking(&self, log: Arc<str>) -> Result<Option<LedgerEnd>, Stopped> {
        self.tell_ledger(|end| LedgerMessage::EndOfLacking { log, end })
            .await
    }

    /// Lets the task write the next of the records that its ledger lacks: nothing that is served changes by that. Returns whether it
    /// lacks more, and takes them.
    pub async fn fill(&self, records: Vec<(LedgerEntry, LogStep)>) -> Result<bool, Stopped> {
        self.tell_ledger(|lacks_more| LedgerMessage::Fill {
            records,
            lacks_more,
        })
        .await
    }

    /// Sets the ledger aside, and begins with an empty one. What is served stays.
    ///
    /// # Errors
    /// The error of the disk, in the answer.
    pub async fn set_aside(&self, seq: u64) -> Result<Result<(), LedgerError>, Stopped> {
        self.tell_ledger(|done| LedgerMessage::SetAside { seq, done })
            .await
    }

    async fn tell_ledger<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<T>) -> LedgerMessage,
    ) -> Result<T, Stopped> {
        self.tell(|done| ReplicaMessage::Ledger(message(done)))
            .await
    }

    async fn tell<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<T>) -> ReplicaMessage,
    ) -> Result<T, Stopped> {
        let (done, answer) = oneshot::channel();
        self.ask(Message::Replica(message(done)), answer).await
    }
}
