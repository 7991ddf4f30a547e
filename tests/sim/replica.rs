//! What a process of the service does as one of several replicas: the same parts as those of the program, over a log in memory.

use std::time::Duration;

use silkrate::board;
use silkrate::board::ReplicaMark;
use silkrate::commit::{BufferedLedger, Commit, CommitHandle};
use silkrate::domain::{Preference, RateFilter, Snapshot, SourceRecord};
use silkrate::shared::apply::{Origin, Replica as Place};
use silkrate::shared::log::Log;
use silkrate::shared::members::State;
use silkrate::shared::node::{Node, NodeSettings, REVERTIBLE_FOR, Status};
use silkrate::shared::record::FORMAT;
use silkrate::shared::restore::restore;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::service::Site;

/// The name of the log.
const LOG: &str = "main";
/// How long a lead outlives the replica that has it.
const LEASE: Duration = Duration::from_secs(10);

/// What a process does with the log that it shares.
#[derive(Debug)]
pub(crate) struct Replica {
    node: Box<Node<CommitHandle>>,
    leads: watch::Sender<bool>,
    mark: ReplicaMark,
}

/// Opens the commit task of a site, and what it does with the log if it is one of several replicas.
pub(crate) async fn open(
    site: &Site,
    (records, ticker): (Vec<SourceRecord>, (Vec<Preference>, RateFilter)),
    ledger: BufferedLedger,
) -> (Commit, CommitHandle, Option<Replica>) {
    let clock = site.clock.clone();
    let Some(seat) = &site.seat else {
        let (commit, handle) = Box::pin(Commit::open(records, ticker, ledger, clock)).await;
        return (commit, handle, None);
    };
    let ledger = ledger.sharing_log();
    let reader = ledger.readers().borrow().clone();
    let restored = match reader {
        Some(reader) => restore(&reader.on_this_thread(), &LOG.into()).await,
        None => Ok(None),
    };
    let restored = restored.unwrap();
    let served = restored
        .as_ref()
        .map(|place| Snapshot::clone(&place.snapshot));
    let opened = Commit::open_replica(records, ticker, ledger, clock.clone(), served);
    let (commit, handle) = Box::pin(opened).await;
    let present = commit.board().snapshot();
    let place = restored.unwrap_or_else(|| Place::before_the_log(present));
    let settings = NodeSettings {
        log: LOG.into(),
        origin: Origin {
            node: format!("replica {}", seat.number),
            build: "test".to_owned(),
            format: FORMAT,
        },
        admin_address: String::new(),
        may_lead: true,
        revertible_for: REVERTIBLE_FOR,
        clock,
        lease: LEASE,
    };
    let log = Log::Double(seat.log.clone());
    let replica = Replica {
        node: Box::new(Node::new(log, handle.clone(), settings, place)),
        leads: watch::Sender::new(false),
        mark: commit.replica_mark(),
    };
    replica.mark.set(mark_of(&replica.node.status().borrow()));
    (commit, handle, Some(replica))
}

/// What clients receive of a replica.
fn mark_of(status: &Status) -> board::Replica {
    let detached = status.detached.as_ref();
    board::Replica {
        detached: detached.map(|detached| board::Detached {
            since: detached.since,
            reason: detached.reason.clone(),
        }),
        ..board::Replica::default()
    }
}

impl Replica {
    /// Whether it leads, as it changes: only then it asks the banks.
    pub(crate) fn leads(&self) -> watch::Receiver<bool> {
        self.leads.subscribe()
    }

    /// Runs until it is stopped.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut status = self.node.status();
        let (leads, mark) = (self.leads, self.mark);
        let tell = async {
            loop {
                let (is_leading, shown) = {
                    let status = status.borrow_and_update();
                    (status.state == State::Leading, mark_of(&status))
                };
                mark.set(shown);
                leads.send_if_modified(|known| std::mem::replace(known, is_leading) != is_leading);
                if status.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! {
            biased;
            () = self.node.run(stop) => {}
            () = tell => {}
        }
    }
}
