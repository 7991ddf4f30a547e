//! One replica: it follows the log, and leads when no other does.
//!
//! ```text
//! joining ─▶ following ⇄ leading
//!                └─▶ off the log
//! ```

mod follow;
mod lead;
mod settle;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::commit::{CommitHandle, FollowedStep, Proposer, Stopped};
use crate::domain::Snapshot;
use crate::shared::apply::{Origin, Replica};
use crate::shared::log::{Log, LogError};
use crate::shared::node::follow::Ended;

/// How long after a call without an answer the log is called again: a server that is restarted needs about as long.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The settings of a replica.
#[derive(Debug, Clone)]
pub struct NodeSettings {
    /// The name of the log.
    pub log: Arc<str>,
    /// The name of this replica, and its version of silkrate.
    pub origin: Origin,
    /// Whether it leads when no other replica does.
    pub may_lead: bool,
    /// How long its lead lasts without a message from it.
    pub lease: Duration,
}

/// What a replica does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has not read the whole log yet.
    Joining,
    /// It repeats what another replica appends.
    Following,
    /// It appends.
    Leading,
    /// It holds records that the log does not have: it serves on, and never leads.
    OffTheLog,
}

/// What a replica reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What it does.
    pub state: State,
    /// The last record that it has applied.
    pub seq: u64,
    /// The error since which the log does not answer; `None` while it does.
    pub detached: Option<String>,
    /// How often it has taken the lead.
    pub takeovers: u64,
    /// How many of its proposals were refused because it did not lead any longer.
    pub fenced: u64,
}

/// What a replica lets the commit task do. There is one other than the task: that of simulations.
pub trait Committer: Send + Sync {
    /// Writes and publishes what a record leads to.
    fn follow(&self, step: FollowedStep) -> impl Future<Output = Result<(), Stopped>> + Send;

    /// Publishes what the records lead to that were written without being shown.
    fn show(&self, snapshot: Arc<Snapshot>) -> impl Future<Output = Result<(), Stopped>> + Send {
        drop(snapshot);
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
        is_first: bool,
    ) -> impl Future<Output = Result<(), Stopped>> + Send;

    /// Makes no more commits.
    fn stop_leading(&self) -> impl Future<Output = Result<(), Stopped>> + Send;
}

impl Committer for CommitHandle {
    async fn follow(&self, step: FollowedStep) -> Result<(), Stopped> {
        Self::follow(self, step).await
    }

    async fn show(&self, snapshot: Arc<Snapshot>) -> Result<(), Stopped> {
        Self::show(self, snapshot).await
    }

    async fn can_lead(&self) -> Result<bool, Stopped> {
        Self::can_lead(self).await
    }

    async fn lead(&self, proposer: Proposer, is_first: bool) -> Result<(), Stopped> {
        Self::lead(self, proposer, is_first).await
    }

    async fn stop_leading(&self) -> Result<(), Stopped> {
        Self::stop_leading(self).await
    }
}

/// One replica.
#[derive(Debug)]
pub struct Node<C> {
    log: Log,
    committer: C,
    settings: NodeSettings,
    replica: Replica,
    status: watch::Sender<Status>,
}

impl<C: Committer> Node<C> {
    /// A replica of a log, with the state that its ledger has.
    pub fn new(log: Log, committer: C, settings: NodeSettings, replica: Replica) -> Self {
        let status = Status {
            state: State::Joining,
            seq: replica.seq,
            detached: None,
            takeovers: 0,
            fenced: 0,
        };
        Self {
            log,
            committer,
            settings,
            replica,
            status: watch::Sender::new(status),
        }
    }

    /// What it reports, as it changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Runs until it is stopped. A lead is given up then, so that another replica takes it at once.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = self.follow_until_vacant() => ended,
            };
            match ended {
                Ok(Ended::Vacant) => {
                    if self.lead_until_lost(&stop).await.is_err() {
                        return;
                    }
                }
                Ok(Ended::OffTheLog) => {
                    self.report(|status| status.state = State::OffTheLog);
                    stop.cancelled().await;
                }
                Err(Stopped) => return,
            }
            if stop.is_cancelled() {
                return;
            }
        }
    }

    fn report(&self, change: impl FnOnce(&mut Status)) {
        self.status.send_modify(change);
    }

    /// Reports that the log answers.
    fn attached(&self) {
        self.status.send_if_modified(|status| {
            let was_detached = status.detached.take().is_some();
            if was_detached {
                tracing::info!("the shared log answers again");
            }
            was_detached
        });
    }

    /// Reports that the log does not answer.
    fn detached(&self, error: &LogError) {
        self.status.send_if_modified(|status| {
            let is_new = status.detached.is_none();
            if is_new {
                tracing::error!(%error, "the shared log does not answer; this replica serves what it has");
                status.detached = Some(error.to_string());
            }
            is_new
        });
    }
}
