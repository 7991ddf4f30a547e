//! Wiring: binds the ports, starts the tasks in the order in which data travels (commit, pollers, listeners), and stops
//! them in that order: first the pollers, so that nothing more is submitted, then the commit task, which closes the ledger
//! after its last entry, then the webhooks. Streams and connections drain meanwhile, and are closed after [`DRAIN_MAX`]. The
//! operators' port is stopped last, so that a supervisor can ask about a service that drains.

pub mod preflight;
mod operators;
mod reflection;
mod tasks;
mod webhooks;
pub mod transport;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{HealthServer, SERVICE_NAME as HEALTH};
use tonic_health::server::{HealthReporter, HealthService};

use crate::admin::Operators;
use crate::app::operators::{Counts, GrpcCounts, OperatorsPort, operators_pages};
use crate::app::reflection::add_reflection;
use crate::app::tasks::{Stage, Tasks};
use crate::app::transport::{REQUEST_BYTES_MAX, serve_rates, services_for_browsers};
use crate::board::BoardReader;
use crate::budget::{RequestBudget, RequestCounts};
use crate::clock::Clock;
use crate::commit::{BufferedLedger, Commit, CommitHandle};
use crate::config::{self, Config, SourceSettings};
use crate::domain::{DocumentRecord, History, SourceRecord};
use crate::feed::{Feed, StreamLimits};
use crate::fetch::FetchError;
use crate::grpc::{DrainingHealth, Rates, SharedRates, call_counts};
use crate::ledger::{ClockKind, LedgerError};
use crate::listener::{Limits, Listener, bind};
use crate::pb::rate_service_server::SERVICE_NAME;
use crate::poller::Poller;
use crate::queries::Queries;
use crate::web::{WebCounts, serve_browsers};
use crate::webhooks::{WebhookError, Webhooks};

/// How long the streams and connections of a stopping server may take to end before they are closed.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// Why the service could not start, or failed.
#[derive(Debug, Error)]
pub enum AppError {
    /// A port is in use or not allowed.
    #[error("cannot listen on {address} ({key}): {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
        /// The setting of the address.
        key: &'static str,
    },
    /// The ledger cannot be opened, or was written under another kind of clock.
    #[error(transparent)]
    Store(#[from] LedgerError),
    /// The client for a source cannot be built.
    #[error("cannot build the HTTP client for {id}: {source}")]
    Client {
        /// The source.
        id: &'static str,
        /// The error.
        source: FetchError,
    },
    /// The webhooks cannot be served.
    #[error(transparent)]
    Webhooks(#[from] WebhookError),
    /// The time zone of a source is unknown to the bundled data.
    #[error("unknown time zone {0}")]
    Zone(&'static str),
    /// The reflection service refuses the descriptor.
    #[error("cannot build the reflection service: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// A task ended before it was stopped, or panicked.
    #[error("the task `{task}` {how}")]
    TaskEnded {
        /// Which one.
        task: String,
        /// In which way.
        how: String,
    },
}

/// The service with its ports bound, not yet running. The operators' port answers already.
#[derive(Debug)]
pub struct App {
    config: Config,
    clock: Clock,
    tasks: Tasks,
    grpc: Port,
    operators: OperatorsPort,
    web: Port,
    board: BoardReader,
    commit: Commit,
    handle: CommitHandle,
    counts: RequestCounts,
    budgets: Vec<RequestBudget>,
    pollers: Vec<Poller>,
    webhooks: Option<Webhooks>,
}

impl App {
    /// Binds the ports and builds everything that can fail. The clock is the configured one.
    pub async fn bind(config: Config) -> Result<Self, AppError> {
        let clock = match config.clock {
            None => Clock::real(),
            Some(settings) => Clock::replay(settings.start, settings.speed),
        };
        Self::bind_with(config, clock).await
    }

    /// Like [`App::bind`], with a clock of the caller.
    pub async fn bind_with(config: Config, clock: Clock) -> Result<Self, AppError> {
        let server = &config.server;
        let grpc = Port::bind(server.listen, "server.listen")?;
        let admin = Port::bind(server.admin_listen, "server.admin_listen")?;
        let web = Port::bind(config.web.listen, "web.listen")?;
        let mut tasks = Tasks::default();
        let operators = OperatorsPort::serve(admin, &server.admin_hosts, &mut tasks);
        let store = open_store(&config).await?;
        let records: Result<Vec<_>, AppError> = config.sources.iter().map(record).collect();
        let preferences = config.ticker.prefer.clone();
        let (commit, handle) = Commit::open(records?, preferences, store, clock.clone()).await;
        if config.store_required
            && let Some(error) = commit.ledger_failure()
        {
            return Err(error.clone().into());
        }
        let counts = request_counts(&config);
        let (mut pollers, mut budgets) = (Vec::new(), Vec::new());
        for settings in &config.sources {
            let id = settings.source.id.as_str();
            let budget = RequestBudget::new(
                settings.source.id,
                settings.requests_per_day,
                zone(settings)?,
                clock.clone(),
                counts.clone(),
            );
            budgets.push(budget.clone());
            let (clock, commit) = (clock.clone(), handle.clone());
            let poller = Poller::new(settings, &config.http, budget, clock, commit);
            pollers.push(poller.map_err(|source| AppError::Client { id, source })?);
        }
        let webhooks = webhooks::open(&config, commit.board(), clock.clone()).await?;
        Ok(Self {
            config,
            clock,
            tasks,
            grpc,
            operators,
            web,
            board: commit.board(),
            commit,
            handle,
            counts,
            budgets,
            pollers,
            webhooks,
        })
    }

    /// The address of the gRPC port.
    pub fn address(&self) -> SocketAddr {
        self.grpc.address
    }

    /// The address of the operators' port.
    pub fn admin_address(&self) -> SocketAddr {
        self.operators.address
    }

    /// The address of the browsers' port.
    pub fn web_address(&self) -> SocketAddr {
        self.web.address
    }

    /// Hands the polling over to the caller, who submits what the sources publish and counts the requests: a replay starts its
    /// pollers anew.
    pub fn without_pollers(&mut self) -> (CommitHandle, RequestCounts) {
        self.pollers.clear();
        (self.handle.clone(), self.counts.clone())
    }

    /// A reader of the snapshots that are served.
    pub fn board(&self) -> BoardReader {
        self.board.clone()
    }

    /// Serves until `shutdown` is ready, then drains and stops.
    ///
    /// # Errors
    /// When a task ended before it was stopped, panicked, or did not stop in time. All such failures are logged; the first one
    /// is returned.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), AppError> {
        let Self {
            config,
            clock,
            mut tasks,
            grpc,
            operators,
            web,
            board,
            commit,
            handle,
            counts: _,
            budgets,
            pollers,
            webhooks,
        } = self;
        let draining = tasks.token(Stage::Listeners);
        let limits = StreamLimits::new(config.server.heartbeat_interval, config.server.max_streams);
        let feed = Feed::new(board, limits, draining.clone());
        let streams = feed.counts();
        let (ticker, prefer) = (config.ticker.pairs.clone(), &config.ticker.prefer);
        let queries = Queries::new(feed, commit.ledger(), ticker, prefer, clock.clone());
        let rates = Rates::new(queries.clone());
        let shared = SharedRates::new(rates.clone(), true, REQUEST_BYTES_MAX);
        let counts = Counts {
            streams,
            grpc: GrpcCounts::default(),
            web: WebCounts::default(),
            grpc_web_calls: Arc::new(call_counts()),
            webhooks: webhooks.as_ref().map(Webhooks::counts).unwrap_or_default(),
            budgets,
        };
        let of_ports = (&counts, &operators);
        let pages = operators_pages(&config, &commit, of_ports, &clock, draining.clone());
        let stopped = tasks.token(Stage::Commit);
        tasks.start(Stage::Commit, "commit", commit.run(stopped));
        for poller in pollers {
            let (id, stopped) = (poller.id(), tasks.token(Stage::Pollers));
            tasks.start(Stage::Pollers, id.as_str(), poller.run(stopped));
        }
        if let Some(webhooks) = webhooks {
            let stopped = tasks.token(Stage::Webhooks);
            tasks.start(Stage::Webhooks, "webhooks", webhooks.run(stopped));
        }
        let health = HealthReporter::new();
        let health_service = serving(&health, draining.clone()).await;
        // Before the other ports: a client that they answer finds the probes at work.
        operators.open(Operators::new(queries.clone(), handle), pages)?;
        let services = services_for_browsers(rates, health_service.clone(), counts.grpc_web_calls);
        let port = (web.socket, &counts.web);
        let browsers = serve_browsers(port, &config, queries, services, draining.clone());
        tasks.start(Stage::Listeners, "web", browsers);
        let others = add_reflection(Routes::new(health_service), &[SERVICE_NAME, HEALTH])?;
        let connections_max = usize::try_from(config.server.max_connections).unwrap_or(usize::MAX);
        let listener = bounded(grpc.socket, connections_max, draining);
        let GrpcCounts { port, calls } = counts.grpc;
        let served = serve_rates(listener.counted(port), shared, others, calls);
        tasks.start(Stage::Listeners, "grpc", served);
        tracing::info!(address = %operators.address, "serving operators");
        tracing::info!(address = %web.address, path = config.web.path, "serving browsers");
        tracing::info!(address = %grpc.address, "serving gRPC");

        tokio::select! {
            () = shutdown => {}
            () = tasks.failed() => {}
        }
        tracing::info!(at_most = ?DRAIN_MAX, "shutting down: draining streams and connections");
        set_not_serving(&health).await;
        tasks.shut_down(DRAIN_MAX).await?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// A bound port.
#[derive(Debug)]
struct Port {
    socket: TcpListener,
    address: SocketAddr,
}

impl Port {
    /// Binds a port; `key` is the setting of its address.
    fn bind(address: SocketAddr, key: &'static str) -> Result<Self, AppError> {
        let refused = |source| AppError::Listen {
            address,
            source,
            key,
        };
        let socket = bind(address).map_err(refused)?;
        let address = socket.local_addr().map_err(refused)?;
        Ok(Self { socket, address })
    }
}

/// A listener with a number of connections.
fn bounded(socket: TcpListener, connections_max: usize, until: CancellationToken) -> Listener {
    Listener::new(socket, Limits::new(connections_max), until)
}

/// The health service, which reports that the rates are served until told otherwise.
async fn serving(
    health: &HealthReporter,
    draining: CancellationToken,
) -> HealthServer<DrainingHealth> {
    health
        .set_service_status(SERVICE_NAME, ServingStatus::Serving)
        .await;
    let service = HealthService::from_health_reporter(health.clone());
    HealthServer::new(DrainingHealth::new(service, draining))
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(REQUEST_BYTES_MAX)
}

/// Reports to health checks that nothing is served any more.
async fn set_not_serving(health: &HealthReporter) {
    for name in [SERVICE_NAME, ""] {
        health
            .set_service_status(name, ServingStatus::NotServing)
            .await;
    }
}

fn zone(settings: &SourceSettings) -> Result<TimeZone, AppError> {
    let name = settings.source.zone;
    TimeZone::get(name).map_err(|_unknown| AppError::Zone(name))
}

fn record(settings: &SourceSettings) -> Result<SourceRecord, AppError> {
    let source = settings.source;
    let documents = settings.documents.iter().map(|document| DocumentRecord {
        name: document.name,
        schedule: document.schedule,
        required: document.required,
        typical_dollar: source.typical_dollar,
        history: History::new(source.revision_policy),
    });
    Ok(SourceRecord {
        id: source.id,
        name: source.name,
        attribution: source.attribution,
        page: source.page,
        terms: source.terms,
        home: source.home,
        zone: zone(settings)?,
        documents: documents.collect(),
        attempted: false,
    })
}

fn request_counts(config: &Config) -> RequestCounts {
    match &config.store {
        config::Store::Memory => RequestCounts::in_memory(),
        config::Store::File(path) => RequestCounts::beside(path),
    }
}

/// Opens the ledger on a thread that may block: it reads files, and may wait for another program's lock.
async fn open_store(config: &Config) -> Result<BufferedLedger, AppError> {
    let path = match &config.store {
        config::Store::Memory => None,
        config::Store::File(path) => Some(path.clone()),
    };
    let (clock, is_required) = (clock_kind(config), config.store_required);
    let opened = spawn_blocking(move || {
        if is_required {
            BufferedLedger::open(path, clock)
        } else {
            BufferedLedger::open_if_possible(path, clock)
        }
    });
    match opened.await {
        Ok(opened) => Ok(opened?),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and with it what waits here.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}

/// The kind of clock whose times the ledger keeps.
fn clock_kind(config: &Config) -> ClockKind {
    match config.clock {
        None => ClockKind::Real,
        Some(_) => ClockKind::Replay,
    }
}
