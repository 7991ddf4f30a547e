//! The replica of a log that several processes share.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::app::blocking::blocking;
use crate::app::notes::Notes;
use crate::app::tasks::{Stage, Tasks};
use crate::app::{App, AppError, etcd};
use crate::board::{self, ReplicaMark};
use crate::clock::Clock;
use crate::commit::{BufferedLedger, Commit, CommitHandle, NotLeader};
use crate::config::{Config, Shared};
use crate::domain::{Preference, RateFilter, Snapshot, SourceRecord};
use crate::shared::apply::{Origin, Replica};
use crate::shared::etcd::Etcd;
use crate::shared::log::Log;
use crate::shared::members::{State, Traits};
use crate::shared::node::{Node, NodeHandle, NodeSettings, REVERTIBLE_FOR, Status};
use crate::shared::record::FORMAT;
use crate::shared::restore::restore;
use crate::webhooks::Turn;

/// What this process does with the log.
#[derive(Debug)]
pub(super) struct SharedReplica {
    node: Box<Node<CommitHandle>>,
    leads: watch::Sender<bool>,
    turn: Turn,
    notes: Box<Notes>,
    mark: ReplicaMark,
}

/// Opens the commit task, and what it shares a log with, if the settings say so.
pub(super) async fn open(
    (config, admin): (&Config, SocketAddr),
    (records, ticker): (Vec<SourceRecord>, (Vec<Preference>, RateFilter)),
    ledger: BufferedLedger,
    clock: Clock,
) -> Result<(Commit, CommitHandle, Option<SharedReplica>), AppError> {
    let Some(shared) = &config.shared else {
        let (commit, handle) = Commit::open(records, ticker, ledger, clock).await;
        return Ok((commit, handle, None));
    };
    let admin_address = admin_address(config, shared, admin);
    let opened = SharedReplica::open((shared, admin_address), (records, ticker), ledger, clock);
    let (commit, handle, replica) = opened.await?;
    Ok((commit, handle, Some(replica)))
}

impl App {
    /// What operators do with the replica of a log that this service shares; `None` if it runs alone.
    pub fn replica(&self) -> Option<NodeHandle> {
        self.commit.1.as_ref().map(handle)
    }

    /// What a replica of a replay needs of the service beside its pollers: where it files, and whether it leads. `None` if the
    /// service runs alone.
    pub fn shared_filing(&self) -> Option<(CommitHandle, watch::Receiver<bool>)> {
        let leads = self.polling.leads.clone()?;
        Some((self.polling.commit.clone(), leads))
    }
}

/// What operators do with a replica.
pub(super) fn handle(replica: &SharedReplica) -> NodeHandle {
    replica.node.handle()
}

/// What clients and probes are told of a replica.
fn mark_of(status: &Status) -> board::Replica {
    let cut_off = status.detached.as_ref().or(status.stopped.as_ref());
    let detached = cut_off.map(|detached| board::Detached {
        since: detached.since,
        reason: detached.reason.clone(),
    });
    let (at, of) = (status.seq, status.newest);
    let empty = match &detached {
        Some(board::Detached { reason, .. }) => reason.clone(),
        None => format!("it has read {at} of {of} records of the log"),
    };
    board::Replica {
        detached,
        empty: (!status.has_state).then_some(empty),
        troubles: status.troubles(),
    }
}

/// Where operators reach this replica: as its settings say, or at the address of its port if the other replicas reach that too.
fn admin_address(config: &Config, shared: &Shared, admin: SocketAddr) -> String {
    if !shared.advertise_admin.is_empty() {
        return shared.advertise_admin.clone();
    }
    let is_local = |server: &String| {
        let (_scheme, host) = server.split_once("://").unwrap_or_default();
        ["127.", "localhost", "[::1]"]
            .iter()
            .any(|local| host.starts_with(local))
    };
    let ip = admin.ip();
    // Replicas that reach etcd on their own machine are all on one.
    let is_reached =
        !ip.is_unspecified() && (!ip.is_loopback() || shared.servers.iter().all(is_local));
    if !is_reached {
        return String::new();
    }
    let scheme = config.server.admin_tls.as_ref().map_or("http", |_| "https");
    format!("{scheme}://{admin}")
}

/// What the replicas compare of these settings and this machine.
fn traits(config: &Config) -> Traits {
    let settings = config.effective(&[]);
    let digest = |key: &str| {
        let setting = settings.iter().find(|setting| setting.key == key);
        setting.map_or(0, |setting| Traits::digest(&setting.value))
    };
    Traits {
        pairs: digest("ticker.pairs"),
        prefer: digest("ticker.prefer"),
        loopback: loopback().map_or(0, |loopback| Traits::digest(&loopback)),
    }
}

/// The machine and its network, as Linux names them: containers of a machine have networks of their own.
fn loopback() -> Option<String> {
    let machine = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let network = std::fs::read_link("/proc/self/ns/net").ok()?;
    Some(format!("{} {}", machine.trim(), network.display()))
}

impl SharedReplica {
    /// Opens the commit task of a replica, with what its ledger has of the log.
    async fn open(
        (shared, admin_address): (&Shared, String),
        (records, ticker): (Vec<SourceRecord>, (Vec<Preference>, RateFilter)),
        ledger: BufferedLedger,
        clock: Clock,
    ) -> Result<(Commit, CommitHandle, Self), AppError> {
        let clock_of_reports = clock.clone();
        let of_settings = shared.clone();
        let servers = blocking(move || etcd::servers(&of_settings)).await?;
        let log = Log::Etcd(Etcd::new(servers, &shared.name)?);
        let name: Arc<str> = shared.name.as_str().into();
        let reader = ledger.readers().borrow().clone();
        let (mut restored, mut past_entries) = (None, 0);
        if let Some(reader) = reader {
            restored = restore(&reader, &name).await?;
            if restored.is_none() {
                past_entries = reader.newest_entry().await?;
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
                format: FORMAT,
            },
            admin_address,
            may_lead: shared.may_lead,
            lease: shared.lease,
            revertible_for: REVERTIBLE_FOR,
            clock: clock_of_reports,
        };
        let node = Node::new(log, handle.clone(), settings, replica);
        let (turn, keeper) = Turn::new();
        let notes = Notes {
            node: node.handle(),
            commit: handle.clone(),
            board: commit.board(),
            turn: keeper,
        };
        let replica = Self {
            node: Box::new(match past_entries {
                0 => node,
                entries => node.with_past(entries),
            }),
            leads: watch::Sender::new(false),
            turn,
            notes: Box::new(notes),
            mark: commit.replica_mark(),
        };
        replica.mark.set(mark_of(&replica.node.status().borrow()));
        Ok((commit, handle, replica))
    }

    /// Whether it leads, as it changes: only then it asks the banks.
    pub(super) fn leads(&self) -> watch::Receiver<bool> {
        self.leads.subscribe()
    }

    /// Whose turn it is to deliver to webhooks: that of the one that leads, and of a service that runs alone.
    pub(super) fn turn(replica: Option<&Self>) -> Turn {
        replica.map_or_else(Turn::always, |replica| replica.turn.clone())
    }

    /// Starts it.
    pub(super) fn start(self, tasks: &mut Tasks, settings: watch::Receiver<Config>) {
        let stopped = tasks.token(Stage::Replica);
        tasks.start(Stage::Replica, "replica", self.run(settings, stopped));
    }

    /// Runs until it is stopped.
    async fn run(self, mut settings: watch::Receiver<Config>, stop: CancellationToken) {
        let Self {
            node,
            leads,
            turn: _,
            notes,
            mark,
        } = self;
        let commit = notes.commit.clone();
        let notes = notes.run(leads.subscribe());
        let traits = watch::Sender::new(traits(&settings.borrow_and_update()));
        let node = node.with_traits(traits.subscribe());
        let compare = async {
            while settings.changed().await.is_ok() {
                traits.send_replace(self::traits(&settings.borrow_and_update()));
            }
            std::future::pending::<()>().await;
        };
        let mut status = node.status();
        let tell = async {
            loop {
                let (is_leading, leader, shown) = {
                    let status = status.borrow_and_update();
                    let leader = status.known_leader().cloned();
                    (status.state == State::Leading, leader, mark_of(&status))
                };
                let leader = leader.unwrap_or_default();
                // Also when the log falls silent, and when it answers again.
                commit.name_leader(NotLeader {
                    node: leader.node,
                    admin_address: leader.admin_address,
                });
                mark.set(shown);
                leads.send_if_modified(|known| std::mem::replace(known, is_leading) != is_leading);
                if status.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! {
            () = node.run(stop) => {}
            () = tell => {}
            () = compare => {}
            () = notes => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address_of(admin: &str, settings: &[(&str, &str)]) -> String {
        let variables = settings.iter();
        let variables = variables
            .map(|(name, value)| (format!("SILKRATE_SHARED__{name}"), (*value).to_owned()));
        let config = Config::load(None, variables).unwrap();
        let shared = config.shared.clone().unwrap();
        admin_address(&config, &shared, admin.parse().unwrap())
    }

    #[test]
    fn the_address_for_operators_is_said_where_the_others_reach_it() {
        let local = ("SERVERS", "http://127.0.0.1:2379,http://localhost:2380");
        let others = ("SERVERS", "http://127.0.0.1:2379,http://10.0.0.2:2379");
        let set = ("ADVERTISE_ADMIN", "https://one.example:50052");
        for (admin, settings, expected) in [
            ("127.0.0.1:50052", &[local][..], "http://127.0.0.1:50052"),
            ("127.0.0.1:50052", &[others], ""),
            ("10.0.0.1:50052", &[others], "http://10.0.0.1:50052"),
            ("0.0.0.0:50052", &[local], ""),
            ("0.0.0.0:50052", &[others, set], "https://one.example:50052"),
        ] {
            assert_eq!(
                address_of(admin, settings),
                expected,
                "{admin} {settings:?}"
            );
        }
    }
}
