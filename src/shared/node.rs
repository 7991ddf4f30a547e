//! One replica: it follows the log, and leads when no other does.
//!
//! ```text
//! joining ─▶ following ─▶ candidate ─▶ leading
//!    ▲           │ ▲                      │
//!    │           │ └──────────────────────┘
//!    └───── off the log
//! ```

mod committer;
mod contact;
mod export;
mod fill;
mod follow;
mod halt;
mod handle;
mod lead;
mod others;
mod presence;
mod records;
mod rejoin;
mod settle;
mod state;
mod status;
mod upgrade;

use std::sync::Arc;
use std::time::Duration;

pub use committer::Committer;
pub use handle::{NoLead, NodeHandle, members};
pub use status::{Detached, Status};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
pub use upgrade::REVERTIBLE_FOR;

use crate::clock::Clock;
use crate::commit::{NotLeader, Stopped};
use crate::shared::apply::{Origin, Replica};
use crate::shared::log::{Lead, Log, LogError};
use crate::shared::members::{Leader, Traits};
use crate::shared::node::contact::Contact;
use crate::shared::node::fill::Filler;
use crate::shared::node::follow::Vacant;
use crate::shared::node::others::Comparison;
use crate::shared::node::presence::Reporter;
use crate::shared::node::records::Records;
use crate::shared::node::state::{Ahead, Saved};
use crate::shared::node::upgrade::Formats;
use crate::shared::record::Settings;

/// How long after a call without an answer the log is called again: a server that is restarted needs about as long.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The settings of a replica.
#[derive(Debug, Clone)]
pub struct NodeSettings {
    /// The name of the log.
    pub log: Arc<str>,
    /// The name of this replica, its version of silkrate, and the newest format of records that it knows.
    pub origin: Origin,
    /// Where operators reach it, as a URL; empty if nothing is to be said of that.
    pub admin_address: String,
    /// Whether it leads when no other replica does.
    pub may_lead: bool,
    /// How long its lead lasts without a message from it.
    pub lease: Duration,
    /// For how long every replica must have been new before it writes records that an old one does not read.
    pub revertible_for: Duration,
    /// The clock of its reports.
    pub clock: Clock,
}

impl NodeSettings {
    /// Where operators at other replicas reach it when it leads; empty if it never does.
    fn address_as_leader(&self) -> &str {
        if self.may_lead {
            &self.admin_address
        } else {
            ""
        }
    }
}

/// Whether the ledger of a replica has entries that the log may not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Past {
    /// It has none: what it has is in the log.
    InTheLog,
    /// This number of them, of a time without a log.
    Alone(u64),
    /// Records that the log has lost.
    Lost,
}

/// One replica.
#[derive(Debug)]
pub struct Node<C> {
    log: Log,
    records: Records,
    committer: C,
    settings: NodeSettings,
    replica: Replica,
    status: Arc<watch::Sender<Status>>,
    contact: Contact,
    /// How often it was asked to give up its lead.
    asked: Arc<watch::Sender<u64>>,
    /// The lead that it has, for those who write beside the records.
    lead: watch::Sender<Option<Lead>>,
    /// Until then it does not take the lead: others may.
    rests_until: Instant,
    /// The settings that every replica serves by, as the last record has them that named some.
    ticker: Option<Settings>,
    /// When the state to begin with was last written, and the record that it follows.
    saved: Saved,
    /// The state that is shown before the records that lead to it are read.
    ahead: Option<Ahead>,
    /// Whether the ledger has entries that the log may not have.
    past: Past,
    /// An epoch of which nothing more is shown: what is served of it is not in the log.
    barred: Option<Arc<str>>,
    /// What others read.
    formats: Formats,
    /// Whether it has let a replica lead that has more records.
    has_yielded: bool,
    /// What is compared with the other replicas, and its changes.
    traits: Option<watch::Receiver<Traits>>,
}

impl<C: Committer> Node<C> {
    /// A replica of a log, with the state that its ledger has.
    pub fn new(log: Log, committer: C, settings: NodeSettings, replica: Replica) -> Self {
        let status = Status::starting(&replica, settings.clock.now());
        let status = Arc::new(watch::Sender::new(status));
        Self {
            records: Records {
                log: log.clone(),
                name: Arc::clone(&settings.log),
                reads: settings.origin.format,
            },
            log,
            committer,
            contact: Contact::new(settings.clock.clone(), Arc::clone(&status)),
            settings,
            replica,
            status,
            asked: Arc::default(),
            lead: watch::Sender::default(),
            rests_until: Instant::now(),
            ticker: None,
            saved: Saved::default(),
            ahead: None,
            past: Past::InTheLog,
            barred: None,
            formats: Formats::default(),
            has_yielded: false,
            traits: None,
        }
    }

    /// The same, which tells how it differs from the others in what should be the same.
    #[must_use]
    pub fn with_traits(mut self, traits: watch::Receiver<Traits>) -> Self {
        self.traits = Some(traits);
        self
    }

    /// The same for a ledger with this number of entries of a time without a log: of the replicas that are started with such ledgers,
    /// the one that has most gives them to the log.
    #[must_use]
    pub fn with_past(mut self, entries: u64) -> Self {
        self.past = Past::Alone(entries);
        self.report(|status| status.has_state = true);
        self
    }

    /// What it reports, as it changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// What operators do with it.
    pub fn handle(&self) -> NodeHandle {
        NodeHandle::new(
            self.log.clone(),
            self.status(),
            Arc::clone(&self.asked),
            self.lead.subscribe(),
        )
    }

    /// Runs until it is stopped. A lead is given up then, so that another replica takes it at once.
    pub async fn run(mut self, stop: CancellationToken) {
        let origin = self.settings.origin.clone();
        let mut reporter = Reporter::new(self.log.clone(), origin, Arc::clone(&self.status));
        let silence = self.contact.clone().watch();
        let comparison = self.comparison();
        let filler = Filler {
            records: self.records.clone(),
            committer: self.committer.clone(),
        };
        tokio::select! {
            () = filler.run() => {}
            () = comparison => {}
            () = self.work(&stop) => {}
            () = silence => {}
            () = reporter.run() => {}
        }
        if stop.is_cancelled() {
            reporter.leave().await;
        }
    }

    /// Compares this replica with the others.
    fn comparison(&self) -> impl Future<Output = ()> + use<C> {
        let comparison = self.traits.clone().map(|traits| Comparison {
            log: self.log.clone(),
            node: self.settings.origin.node.clone(),
            admin_address: self.settings.address_as_leader().to_owned(),
            status: Arc::clone(&self.status),
            traits,
        });
        async {
            match comparison {
                Some(comparison) => comparison.run().await,
                None => std::future::pending().await,
            }
        }
    }

    async fn work(&mut self, stop: &CancellationToken) {
        loop {
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = self.follow_until_vacant() => ended,
            };
            match ended {
                Ok(Vacant) => {
                    if self.lead_until_lost(stop).await.is_err() {
                        return;
                    }
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

    /// Reports what was applied last. Off the log, or ahead of it, it goes on to report the position that it serves.
    fn report_applied(&self) {
        let now = self.settings.clock.now();
        self.report(|status| {
            let served = status.position.clone();
            status.note_applied(&self.replica, now);
            if self.barred.is_some() || self.ahead.is_some() {
                status.position = served;
            }
        });
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
