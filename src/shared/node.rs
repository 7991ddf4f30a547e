//! One replica: it follows the log, and leads when no other does.
//!
//! ```text
//! joining ─▶ following ─▶ candidate ─▶ leading
//!    ▲           │ ▲                      │
//!    │           │ └──────────────────────┘
//!    └───── off the log
//! ```

mod contact;
mod follow;
mod handle;
mod lead;
mod presence;
mod settle;
mod status;

use std::sync::Arc;
use std::time::Duration;

pub use handle::{NoLead, NodeHandle, members};
pub use status::{Detached, Status};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::commit::{CommitHandle, FollowedStep, NotLeader, Proposer, Stopped};
use crate::domain::Snapshot;
use crate::shared::apply::{Origin, Replica};
use crate::shared::log::{Log, LogError};
use crate::shared::members::{Leader, State};
use crate::shared::node::contact::Contact;
use crate::shared::node::follow::Ended;
use crate::shared::node::presence::Reporter;

/// How long after a call without an answer the log is called again: a server that is restarted needs about as long.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The settings of a replica.
#[derive(Debug, Clone)]
pub struct NodeSettings {
    /// The name of the log.
    pub log: Arc<str>,
    /// The name of this replica, and its version of silkrate.
    pub origin: Origin,
    /// Where operators reach it, as a URL; empty if nothing is to be said of that.
    pub admin_address: String,
    /// Whether it leads when no other replica does.
    pub may_lead: bool,
    /// How long its lead lasts without a message from it.
    pub lease: Duration,
    /// The clock of its reports.
    pub clock: Clock,
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

    /// Learns which replica leads, for those who want something of it.
    fn name_leader(&self, leader: NotLeader) {
        drop(leader);
    }
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

    fn name_leader(&self, leader: NotLeader) {
        Self::name_leader(self, leader);
    }
}

/// One replica.
#[derive(Debug)]
pub struct Node<C> {
    log: Log,
    committer: C,
    settings: NodeSettings,
    replica: Replica,
    status: Arc<watch::Sender<Status>>,
    contact: Contact,
    /// How often it was asked to give up its lead.
    asked: Arc<watch::Sender<u64>>,
    /// Until then it does not take the lead: others may.
    rests_until: Instant,
}

impl<C: Committer> Node<C> {
    /// A replica of a log, with the state that its ledger has.
    pub fn new(log: Log, committer: C, settings: NodeSettings, replica: Replica) -> Self {
        let status = Status::starting(&replica, settings.clock.now());
        let status = Arc::new(watch::Sender::new(status));
        Self {
            log,
            committer,
            contact: Contact::new(settings.clock.clone(), Arc::clone(&status)),
            settings,
            replica,
            status,
            asked: Arc::default(),
            rests_until: Instant::now(),
        }
    }

    /// What it reports, as it changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// What operators do with it.
    pub fn handle(&self) -> NodeHandle {
        NodeHandle::new(self.log.clone(), self.status(), Arc::clone(&self.asked))
    }

    /// Runs until it is stopped. A lead is given up then, so that another replica takes it at once.
    pub async fn run(mut self, stop: CancellationToken) {
        let origin = self.settings.origin.clone();
        let mut reporter = Reporter::new(self.log.clone(), origin, self.status());
        let silence = self.contact.clone().watch();
        tokio::select! {
            () = self.work(&stop) => {}
            () = silence => {}
            () = reporter.run() => {}
        }
        if stop.is_cancelled() {
            reporter.leave().await;
        }
    }

    async fn work(&mut self, stop: &CancellationToken) {
        loop {
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = self.follow_until_vacant() => ended,
            };
            match ended {
                Ok(Ended::Vacant) => {
                    if self.lead_until_lost(stop).await.is_err() {
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
        self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }

    /// Reports what was applied last.
    fn report_applied(&self) {
        let now = self.settings.clock.now();
        self.report(|status| status.note_applied(&self.replica, now));
    }

    /// Reports who leads, by the bytes in the log.
    fn report_leader(&self, leader: Option<&[u8]>) {
        let leader = leader.map(Leader::decode);
        let known = leader.clone().unwrap_or_default();
        self.committer.name_leader(NotLeader {
            node: known.node,
            admin_address: known.admin_address,
        });
        self.report(|status| status.leader = leader);
    }

    /// Reports that the log answers.
    fn attached(&self) {
        self.contact.answered();
    }

    /// Reports that the log does not answer.
    fn detached(&self, error: &LogError) {
        self.contact.failed(error);
    }
}
