//! What the operators' port answers over HTTP, and where it reads that.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::access::{Access, Gate};
use crate::admin::{MetricSources, Metrics, Operators, Readiness, Traffic, opening_pages, pages};
use crate::app::sharing::Sharing;
use crate::app::tasks::{Stage, Tasks};
use crate::app::transport::{OperatorServices, serve_operators};
use crate::app::{AppError, Port, bounded};
use crate::budget::RequestBudget;
use crate::clock::Clock;
use crate::commit::Commit;
use crate::config::{Config, Server, Store};
use crate::grpc::call_counts;
use crate::listener::{Admission, Hosts, HostsOf};
use crate::memory::Memory;
use crate::queries::Queries;
use crate::shared::node::NodeHandle;
use crate::telemetry::{CallCounts, CountsByWebhook, PortCounts, StreamCounts};
use crate::tls::Certificates;
use crate::web::WebCounts;

/// Connections of operators: a few people and their scripts.
const CONNECTIONS_MAX: usize = 64;

/// The operators' port, which answers from before the ledger is opened.
#[derive(Debug)]
pub(super) struct OperatorsPort {
    pub(super) address: SocketAddr,
    pub(super) counts: GrpcCounts,
    hosts: Hosts,
    gate: Gate,
    services: Arc<OnceLock<OperatorServices>>,
}

impl OperatorsPort {
    /// Serves a port: what the probes of a supervisor are answered until the service runs.
    pub(super) fn serve(port: Port, (settings, gate): (&Server, Gate), tasks: &mut Tasks) -> Self {
        let Port {
            socket,
            address,
            tls,
        } = port;
        let (counts, services) = (GrpcCounts::default(), Arc::default());
        let hosts = Hosts::new(HostsOf::Operators, &settings.admin_hosts);
        let stopped = tasks.token(Stage::Operators);
        let listener = bounded(socket, CONNECTIONS_MAX, stopped)
            .counted(Arc::clone(&counts.port))
            .secured(tls)
            .admitting(Admission {
                proxies: settings.trusted_proxies.clone(),
                connections_per_client_max: None,
                // Operators look at a service whose memory is short.
                memory: Memory::default(),
            });
        let opening = opening_pages(hosts.clone(), gate.clone());
        let served = serve_operators(listener, Arc::clone(&services), opening);
        tasks.start(Stage::Operators, "admin", served);
        Self {
            address,
            counts,
            hosts,
            gate,
            services,
        }
    }

    /// From now on the service itself answers.
    ///
    /// # Errors
    /// When the descriptor of the service of operators is refused.
    pub(super) fn open(&self, operators: Operators, pages: Router) -> Result<(), AppError> {
        let calls = Arc::clone(&self.counts.calls);
        let services = OperatorServices::new(operators, pages, calls, self.gate.clone())?;
        // It is opened once.
        let _opened = self.services.set(services);
        Ok(())
    }
}

/// What the parts of the service count.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) streams: Arc<StreamCounts>,
    pub(super) grpc: GrpcCounts,
    pub(super) web: WebCounts,
    /// The calls of gRPC-Web.
    pub(super) grpc_web_calls: Arc<CallCounts>,
    pub(super) webhooks: watch::Receiver<CountsByWebhook>,
    /// The requests to each source.
    pub(super) budgets: watch::Receiver<Vec<RequestBudget>>,
    /// The handshakes, and the dates of the certificates.
    pub(super) certificates: Certificates,
    /// The keys of clients, and the requests that were refused for one.
    pub(super) access: Access,
    /// The memory of the process, and the quotas.
    pub(super) sharing: Sharing,
}

impl Counts {
    /// Counts of the ports, all zero, beside those of the streams, the webhooks and the requests.
    pub(super) fn new(
        streams: Arc<StreamCounts>,
        (webhooks, budgets): (
            watch::Receiver<CountsByWebhook>,
            watch::Receiver<Vec<RequestBudget>>,
        ),
        (certificates, access, sharing): (Certificates, Access, Sharing),
    ) -> Self {
        Self {
            streams,
            grpc: GrpcCounts::default(),
            web: WebCounts::default(),
            grpc_web_calls: Arc::new(call_counts()),
            webhooks,
            budgets,
            certificates,
            access,
            sharing,
        }
    }
}

/// What a port that serves gRPC counts.
#[derive(Debug)]
pub(super) struct GrpcCounts {
    /// Its connections.
    pub(super) port: Arc<PortCounts>,
    /// Its calls, by method.
    pub(super) calls: Arc<CallCounts>,
}

impl Default for GrpcCounts {
    fn default() -> Self {
        Self {
            port: Arc::default(),
            calls: Arc::new(call_counts()),
        }
    }
}

/// The pages of a service that starts now.
pub(super) fn operators_pages(
    config: &Config,
    commit: &Commit,
    (counts, operators, node): (&Counts, &OperatorsPort, &Option<NodeHandle>),
    (queries, clock): (Queries, &Clock),
    draining: CancellationToken,
) -> Router {
    let readiness = Readiness {
        board: commit.board(),
        ledger: commit.ledger_health(),
        is_ledger_required: config.store_required,
        memory: counts.sharing.memory(),
        draining,
    };
    let port = |name, counts: &Arc<PortCounts>| (name, Arc::clone(counts));
    let traffic = Traffic {
        streams: Arc::clone(&counts.streams),
        max_streams: config.server.max_streams,
        memory: counts.sharing.memory(),
        quotas: counts.sharing.quotas.clone(),
        ports: [
            port("grpc", &counts.grpc.port),
            port("web", &counts.web.port),
            port("admin", &operators.counts.port),
        ],
        calls: [
            ("grpc", Arc::clone(&counts.grpc.calls)),
            ("web", Arc::clone(&counts.grpc_web_calls)),
            ("admin", Arc::clone(&operators.counts.calls)),
        ],
        web_calls: Arc::clone(&counts.web.calls),
        hosts: [
            ("web", counts.web.hosts.clone()),
            ("admin", operators.hosts.clone()),
        ],
    };
    let metrics = Metrics::new(MetricSources {
        board: commit.board(),
        queries,
        ledger: commit.ledger_health(),
        ledger_counts: commit.ledger_counts(),
        ledger_path: match &config.store {
            Store::Memory => None,
            Store::File(path) => Some(path.clone()),
        },
        commits: commit.counts(),
        webhooks: counts.webhooks.clone(),
        budgets: counts.budgets.clone(),
        certificates: counts.certificates.clone(),
        access: counts.access.clone(),
        traffic,
        replica: node.as_ref().map(NodeHandle::status),
        clock: clock.clone(),
    });
    let (hosts, gate) = (operators.hosts.clone(), operators.gate.clone());
    pages((readiness, metrics), hosts, gate)
}
