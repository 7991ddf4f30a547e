//! Wiring: takes the ports, starts the tasks in the order data travels, and stops them in reverse.

mod tasks;
pub mod transport;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::tz::TimeZone;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};
use tonic_reflection::server::v1::{ServerReflection, ServerReflectionServer};

use crate::admin::Admin;
use crate::app::tasks::Tasks;
use crate::app::transport::{Port, REQUEST_BYTES_MAX};
use crate::board::BoardReader;
use crate::clock::Clock;
use crate::commit::{Commit, CommitHandle, Store};
use crate::config::{self, Config, SourceSettings};
use crate::domain::{DocumentRecord, History, SourceRecord};
use crate::feed::{Feed, StreamLimits};
use crate::grpc::{DrainingHealth, Rates, SharedRates};
use crate::ledger::{ClockKind, LedgerError};
use crate::listener::bind;
use crate::pb;
use crate::pb::admin::admin_service_server::AdminServiceServer;
use crate::pb::rate_service_server::{RateServiceServer, SERVICE_NAME};
use crate::poller::Poller;
use crate::poller::fetch::FetchError;
use crate::queries::Queries;
use crate::web::serve_browsers;

/// How long the streams and connections of a stopping server may take to end before they are cut.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// Connections of operators: a few people, their scripts, and whatever collects figures.
const ADMIN_CONNECTIONS_MAX: u32 = 64;

/// Why the service could not start, or did not go on.
#[derive(Debug, Error)]
pub enum AppError {
    /// A port is taken or not allowed.
    #[error("cannot listen on {address}: {source} (is another silkrate running? set {key})")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
        /// The setting of the address.
        key: &'static str,
    },
    /// The ledger is another's, or was written under another kind of clock.
    #[error(transparent)]
    Store(#[from] LedgerError),
    /// The client for a source cannot be built.
    #[error("cannot ask {id}: {source}")]
    Client {
        /// Which source.
        id: &'static str,
        /// Why not.
        source: FetchError,
    },
    /// The time zone of a source is unknown to the bundled data.
    #[error("no time zone {0}")]
    Zone(&'static str),
    /// The reflection service refuses the descriptor.
    #[error("cannot describe the service: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// A task ended unasked.
    #[error("the task `{task}` {how}")]
    TaskEnded {
        /// Which one.
        task: String,
        /// In which way.
        how: String,
    },
}

/// The service, ports taken, not yet running.
#[derive(Debug)]
pub struct App {
    config: Config,
    clock: Clock,
    listener: TcpListener,
    address: SocketAddr,
    admin_listener: TcpListener,
    admin_address: SocketAddr,
    web_listener: TcpListener,
    web_address: SocketAddr,
    board: BoardReader,
    commit: Commit,
    handle: CommitHandle,
    pollers: Vec<Poller>,
}

impl App {
    /// Takes the port and builds everything that can fail. The clock is the configured one.
    pub async fn bind(config: Config) -> Result<Self, AppError> {
        let clock = match config.clock {
            None => Clock::real(),
            Some(settings) => Clock::replay(settings.start, settings.speed),
        };
        Self::bind_with(config, clock).await
    }

    /// The same with a clock of the caller's.
    pub async fn bind_with(config: Config, clock: Clock) -> Result<Self, AppError> {
        let server = &config.server;
        let (listener, address) = listen(server.listen, "server.listen")?;
        let (admin_listener, admin_address) = listen(server.admin_listen, "server.admin_listen")?;
        let (web_listener, web_address) = listen(config.web.listen, "web.listen")?;
        let store = open_store(&config)?;
        let records: Result<Vec<_>, AppError> = config.sources.iter().map(record).collect();
        let preferences = config.ticker.prefer.clone();
        let (commit, handle) = Commit::open(records?, preferences, store, clock.clone()).await;
        let mut pollers = Vec::new();
        for settings in &config.sources {
            let id = settings.source.id.as_str();
            let poller = Poller::new(
                settings,
                &config.http,
                zone(settings)?,
                clock.clone(),
                handle.clone(),
            );
            pollers.push(poller.map_err(|source| AppError::Client { id, source })?);
        }
        Ok(Self {
            config,
            clock,
            listener,
            address,
            admin_listener,
            admin_address,
            web_listener,
            web_address,
            board: commit.board(),
            commit,
            handle,
            pollers,
        })
    }

    /// Where gRPC is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where operators are served.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Where browsers are served.
    pub fn web_address(&self) -> SocketAddr {
        self.web_address
    }

    /// What is served.
    pub fn board(&self) -> BoardReader {
        self.board.clone()
    }

    /// Serves until `shutdown` is ready, then drains. An error means that the service did not end as asked.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), AppError> {
        let Self {
            config,
            clock,
            listener,
            address,
            admin_listener,
            admin_address,
            web_listener,
            web_address,
            board,
            commit,
            handle,
            pollers,
        } = self;
        let (draining, stop) = (CancellationToken::new(), CancellationToken::new());
        let mut tasks = Tasks::default();
        let ledger = commit.ledger();
        let committed = stop.child_token();
        tasks.start("commit", commit.run(committed));
        for poller in pollers {
            tasks.start(poller.id().as_str(), poller.run(stop.clone()));
        }
        let limits = StreamLimits::new(config.server.heartbeat_interval, config.server.max_streams);
        let feed = Feed::new(board, limits, draining.clone());
        let ticker = config.ticker.pairs.clone();
        let queries = Queries::new(feed, ledger, ticker, clock);
        let rates = Rates::new(queries.clone());
        let from_browsers = RateServiceServer::new(rates.clone());
        let from_browsers = from_browsers.max_decoding_message_size(REQUEST_BYTES_MAX);
        let rates = SharedRates::new(rates, config.server.shared_encoding, REQUEST_BYTES_MAX);
        let health = HealthReporter::new();
        let health_service = serving(&health, draining.clone()).await;
        let grpc = Routes::new(from_browsers).add_service(health_service.clone());
        let grpc = grpc.into_axum_router();
        let browsers = serve_browsers(
            web_listener,
            &config,
            queries.clone(),
            grpc,
            draining.clone(),
        );
        tasks.start("web", browsers);
        let others = Routes::new(health_service).add_service(reflection()?);
        let port = Port::new(listener, config.server.max_connections, draining.clone());
        let served = port.serve_rates(rates, others, config.server.gather_writes);
        tasks.start("grpc", served);
        let admin = AdminServiceServer::new(Admin::new(queries, handle));
        let routes = Routes::new(admin).add_service(reflection()?);
        let port = Port::new(admin_listener, ADMIN_CONNECTIONS_MAX, draining.clone());
        tasks.start("admin", port.serve(routes));
        tracing::info!(address = %admin_address, "serving operators");
        tracing::info!(address = %web_address, "serving browsers");
        tracing::info!(%address, "serving gRPC");

        let ended = tokio::select! {
            () = shutdown => Ok(()),
            unasked = tasks.next_unasked() => Err(unasked),
        };
        tracing::info!(at_most = ?DRAIN_MAX, "ending the streams, waiting for the connections");
        not_serving(&health).await;
        draining.cancel();
        stop.cancel();
        if tokio::time::timeout(DRAIN_MAX, tasks.all()).await.is_err() {
            tracing::warn!("some connections did not end in time; cutting them");
        }
        ended
    }
}

/// Takes a port; `key` is the setting of its address.
fn listen(address: SocketAddr, key: &'static str) -> Result<(TcpListener, SocketAddr), AppError> {
    let refused = |source| AppError::Listen {
        address,
        source,
        key,
    };
    let listener = bind(address).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}

/// The health service, which says that the rates are served until told otherwise.
async fn serving(
    health: &HealthReporter,
    draining: CancellationToken,
) -> HealthServer<DrainingHealth> {
    health
        .set_service_status(SERVICE_NAME, ServingStatus::Serving)
        .await;
    let service = HealthService::from_health_reporter(health.clone());
    HealthServer::new(DrainingHealth::new(service, draining))
}

/// Says of everything that it is not served any more.
async fn not_serving(health: &HealthReporter) {
    for name in [SERVICE_NAME, ""] {
        health
            .set_service_status(name, ServingStatus::NotServing)
            .await;
    }
}

fn reflection() -> Result<ServerReflectionServer<impl ServerReflection>, AppError> {
    Ok(tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(pb::DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?)
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
        history: History::new(source.revising),
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

fn open_store(config: &Config) -> Result<Store, AppError> {
    let path = match &config.store {
        config::Store::Memory => None,
        config::Store::File(path) => Some(path.clone()),
    };
    let clock = match config.clock {
        None => ClockKind::Real,
        Some(_) => ClockKind::Replay,
    };
    Ok(Store::open(path, clock)?)
}
