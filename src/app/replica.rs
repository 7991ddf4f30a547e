//! The replica of a log that several processes share.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::app::AppError;
use crate::app::tasks::{Stage, Tasks};
use crate::clock::Clock;
use crate::commit::{BufferedLedger, Commit, CommitHandle};
use crate::config::{Config, Shared};
use crate::domain::{Preference, RateFilter, Snapshot, SourceRecord};
use crate::shared::apply::{Origin, Replica};
use crate::shared::etcd::{Etcd, Servers};
use crate::shared::log::Log;
use crate::shared::node::{Node, NodeSettings, State};
use crate::shared::restore::restore;

/// What this process does with the log.
#[derive(Debug)]
pub(super) struct SharedReplica {
    node: Node<CommitHandle>,
    leads: watch::Sender<bool>,
}

/// Opens the commit task, and what it shares a log with, if the settings say so.
pub(super) async fn open(
    config: &Config,
    (records, ticker): (Vec<SourceRecord>, (Vec<Preference>, RateFilter)),
    ledger: BufferedLedger,
    clock: Clock,
) -> Result<(Commit, CommitHandle, Option<SharedReplica>), AppError> {
    let Some(shared) = &config.shared else {
        let (commit, handle) = Commit::open(records, ticker, ledger, clock).await;
        return Ok((commit, handle, None));
    };
    let opened = SharedReplica::open(shared, (records, ticker), ledger, clock);
    let (commit, handle, replica) = opened.await?;
    Ok((commit, handle, Some(replica)))
}

impl SharedReplica {
    /// Opens the commit task of a replica, with what its ledger has of the log.
    async fn open(
        shared: &Shared,
        (records, ticker): (Vec<SourceRecord>, (Vec<Preference>, RateFilter)),
        ledger: BufferedLedger,
        clock: Clock,
    ) -> Result<(Commit, CommitHandle, Self), AppError> {
        let servers = Servers {
            urls: shared.servers.clone(),
            ..Servers::default()
        };
        let log = Log::Etcd(Etcd::new(servers, &shared.name)?);
        let name: Arc<str> = shared.name.as_str().into();
        let reader = ledger.readers().borrow().clone();
        let mut restored = None;
        if let Some(reader) = reader {
            restored = restore(&reader, &name).await?;
            if restored.is_none() && reader.restore().await?.is_some() {
                return Err(AppError::OtherPast);
            }
        }
        let served = restored.as_ref();
        let served = served.map(|replica| Snapshot::clone(&replica.snapshot));
        let opened = Commit::open_replica(records, ticker, ledger, clock, served);
        let (commit, handle) = opened.await;
        let present = commit.board().snapshot();
        let replica = restored.unwrap_or_else(|| Replica::before_the_log(present));
        let settings = NodeSettings {
            log: name,
            origin: Origin {
                node: shared.node.clone(),
                build: env!("CARGO_PKG_VERSION").to_owned(),
            },
            may_lead: shared.may_lead,
            lease: shared.lease,
        };
        let replica = Self {
            node: Node::new(log, handle.clone(), settings, replica),
            leads: watch::Sender::new(false),
        };
        Ok((commit, handle, replica))
    }

    /// Whether it leads, as it changes: only then it asks the banks.
    pub(super) fn leads(&self) -> watch::Receiver<bool> {
        self.leads.subscribe()
    }

    /// Starts it.
    pub(super) fn start(self, tasks: &mut Tasks) {
        let stopped = tasks.token(Stage::Replica);
        tasks.start(Stage::Replica, "replica", self.run(stopped));
    }

    /// Runs until it is stopped.
    async fn run(self, stop: CancellationToken) {
        let Self { node, leads } = self;
        let mut status = node.status();
        let tell = async {
            loop {
                let is_leading = status.borrow_and_update().state == State::Leading;
                leads.send_if_modified(|known| std::mem::replace(known, is_leading) != is_leading);
                if status.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! {
            () = node.run(stop) => {}
            () = tell => {}
        }
    }
}
