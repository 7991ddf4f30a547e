//! What a replica lets the commit task do.

use std::sync::Arc;

use crate::commit::{
    Beginning, CommitHandle, FollowedStep, LedgerEnd, NotLeader, Proposer, Stopped,
};
use crate::domain::{LedgerEntry, LogStep, Snapshot};
use crate::ledger::LedgerError;
use crate::shared::record::keep_name;

/// What a replica lets the commit task do. There is one other than the task: that of simulations. Clones are the same one.
pub trait Committer: Clone + Send + Sync + 'static {
    /// Writes records together, and publishes what they lead to.
    fn follow(&self, steps: Vec<FollowedStep>) -> impl Future<Output = Result<(), Stopped>> + Send;

    /// Publishes a state of the log. With `is_whole` all records that lead to it were written.
    fn show(
        &self,
        snapshot: Arc<Snapshot>,
        is_whole: bool,
    ) -> impl Future<Output = Result<(), Stopped>> + Send {
        drop((snapshot, is_whole));
        std::future::ready(Ok(()))
    }

    /// Whether it has all that the log has, so that it may make commits.
    fn can_lead(&self) -> impl Future<Output = Result<bool, Stopped>> + Send {
        std::future::ready(Ok(true))
    }

    /// Begins to make commits, and to propose them.
    fn lead(
        &self,
        proposer: Proposer,
        beginning: Beginning,
    ) -> impl Future<Output = Result<(), Stopped>> + Send;

    /// Begins a new epoch, if it makes commits.
    fn begin_epoch(&self) -> impl Future<Output = Result<(), Stopped>> + Send;

    /// Makes no more commits.
    fn stop_leading(&self) -> impl Future<Output = Result<(), Stopped>> + Send;

    /// The facts of the entries of its ledger after a number, oldest first.
    fn entries(
        &self,
        after: u64,
        limit: u32,
    ) -> impl Future<Output = Result<Result<Vec<LedgerEntry>, LedgerError>, Stopped>> + Send;

    /// Where its ledger ends, if that lacks records of a log, and can be written.
    fn end_of_lacking(
        &self,
        log: &Arc<str>,
    ) -> impl Future<Output = Result<Option<LedgerEnd>, Stopped>> + Send {
        let _ = log;
        std::future::ready(Ok(None))
    }

    /// Writes the next of the records that its ledger lacks. Returns whether it lacks more, and takes them.
    fn fill(
        &self,
        records: Vec<(LedgerEntry, LogStep)>,
    ) -> impl Future<Output = Result<bool, Stopped>> + Send {
        drop(records);
        std::future::ready(Ok(false))
    }

    /// Begins with an empty ledger, and sets the one aside that has the records up to a number.
    fn set_aside(
        &self,
        seq: u64,
    ) -> impl Future<Output = Result<Result<(), LedgerError>, Stopped>> + Send;

    /// Learns which replica leads, for those who want something of it.
    fn name_leader(&self, leader: NotLeader) {
        drop(leader);
    }
}

impl Committer for CommitHandle {
    async fn follow(&self, steps: Vec<FollowedStep>) -> Result<(), Stopped> {
        Self::follow(self, steps).await
    }

    async fn show(&self, snapshot: Arc<Snapshot>, is_whole: bool) -> Result<(), Stopped> {
        Self::show(self, snapshot, is_whole).await
    }

    async fn can_lead(&self) -> Result<bool, Stopped> {
        Self::can_lead(self).await
    }

    async fn lead(&self, proposer: Proposer, beginning: Beginning) -> Result<(), Stopped> {
        Self::lead(self, proposer, beginning).await
    }

    async fn begin_epoch(&self) -> Result<(), Stopped> {
        Self::begin_epoch(self).await
    }

    async fn entries(
        &self,
        after: u64,
        limit: u32,
    ) -> Result<Result<Vec<LedgerEntry>, LedgerError>, Stopped> {
        Self::entries(self, after, limit, keep_name).await
    }

    async fn end_of_lacking(&self, log: &Arc<str>) -> Result<Option<LedgerEnd>, Stopped> {
        Self::end_of_lacking(self, Arc::clone(log)).await
    }

    async fn fill(&self, records: Vec<(LedgerEntry, LogStep)>) -> Result<bool, Stopped> {
        Self::fill(self, records).await
    }

    async fn set_aside(&self, seq: u64) -> Result<Result<(), LedgerError>, Stopped> {
        Self::set_aside(self, seq).await
    }

    async fn stop_leading(&self) -> Result<(), Stopped> {
        Self::stop_leading(self).await
    }

    fn name_leader(&self, leader: NotLeader) {
        Self::name_leader(self, leader);
    }
}
