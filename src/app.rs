//! Wiring: binds the ports, starts the tasks in the order in which data travels (commit, pollers, listeners), and stops
//! them in that order: first the pollers, so that nothing more is submitted, then the commit task, which closes the ledger
//! after its last entry, then the webhooks. Streams and connections drain beside them, once the ledger is closed or a second
//! later, and are closed after [`DRAIN_MAX`]. The
//! operators' port is stopped last, so that a supervisor can ask about a service that drains.

pub mod preflight;
mod access;
mod blocking;
mod certificates;
mod error;
mod etcd;
mod finding;
mod health;
mod operators;
mod reflection;
mod reload;
mod sharing;
mod sources;
mod store;
mod notes;
mod replica;
mod tasks;
mod webhooks;
pub mod transport;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use error::AppError;
pub use reload::{Reload, Reloads};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic_health::server::HealthReporter;

use crate::access::{Port as GatedPort, Reloader};
use crate::admin::Operators;
use crate::app::access::operators_gate;
use crate::app::certificates::PortCertificates;
use crate::app::health::{serving, set_not_serving};
use crate::app::operators::{Counts, GrpcCounts, OperatorsPort, operators_pages};
use crate::app::reload::{Settings, start_poller, start_webhooks};
use crate::app::replica::{SharedReplica, handle};
use crate::app::sharing::Sharing;
use crate::app::sources::{Polling, records};
use crate::app::store::{open_store, request_counts};
use crate::app::tasks::{Stage, Tasks};
use crate::app::transport::{
    REQUEST_BYTES_MAX, serve_rates, services_for_browsers, services_of_grpc,
};
use crate::board::{BoardReader, Preferences};
use crate::budget::{RequestBudget, RequestCounts};
use crate::clock::Clock;
use crate::commit::{Commit, CommitHandle};
use crate::config::Config;
use crate::feed::{Feed, StreamLimits, Ticker};
use crate::grpc::{Rates, SharedRates};
use crate::listener::{Limits, Listener, bind};
use crate::logging::LogFilter;
use crate::poller::Poller;
use crate::queries::Queries;
use crate::tls::{Certificates, ServerTls};
use crate::web::Browsers;
use crate::webhooks::{WebhookReloader, Webhooks};

/// How long the streams and connections of a stopping server may take to end before they are closed.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// The service with its ports bound, not yet running. The operators' port answers already.
#[derive(Debug)]
pub struct App {
    config: Config,
    tasks: Tasks,
    certificates: Certificates,
    keys: Reloader,
    grpc: Port,
    operators: OperatorsPort,
    web: Port,
    commit: (Commit, Option<SharedReplica>),
    preferences: Preferences,
    polling: Polling,
    pollers: Vec<Poller>,
    budgets: Vec<RequestBudget>,
    webhooks: Option<(Webhooks, WebhookReloader)>,
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
        let tls = PortCertificates::load(&config).await?;
        let certificates = tls.all();
        let grpc = Port::bind(server.listen, "server.listen", tls.grpc)?;
        let admin = Port::bind(server.admin_listen, "server.admin_listen", tls.admin)?;
        let web = Port::bind(config.web.listen, "web.listen", tls.web)?;
        let mut tasks = Tasks::default();
        let access = access::open(&config.access, tasks.token(Stage::Listeners)).await?;
        let gate = operators_gate(&access, &config);
        let operators = OperatorsPort::serve(admin, (server, gate), &mut tasks);
        let store = open_store(&config).await?;
        let records = records(&config.sources)?;
        let ticker = (config.ticker.prefer.clone(), config.ticker.pairs.clone());
        let of_settings = (&config, operators.address);
        let opened = replica::open(of_settings, (records, ticker), store, clock.clone());
        let (commit, handle, replica) = Box::pin(opened).await?;
        if config.store_required
            && let Some(error) = commit.ledger_failure()
        {
            return Err(error.clone().into());
        }
        let polling = Polling {
            clock: clock.clone(),
            commit: handle,
            counts: request_counts(&config),
            leads: replica.as_ref().map(SharedReplica::leads),
            turn: SharedReplica::turn(replica.as_ref()),
        };
        let pollers = polling.pollers(config.sources.clone(), &config.http);
        let (pollers, budgets) = pollers.await?.into_iter().unzip();
        let preferences = Preferences::from(&config.ticker.prefer);
        let of_board = (commit.board(), polling.turn.clone());
        let webhooks = webhooks::open(&config, of_board, &preferences, clock).await?;
        Ok(Self {
            config,
            tasks,
            certificates,
            keys: Reloader::new(access),
            grpc,
            operators,
            web,
            commit: (commit, replica),
            preferences,
            polling,
            pollers,
            budgets,
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
        (self.polling.commit.clone(), self.polling.counts.clone())
    }

    /// A reader of the snapshots that are served.
    pub fn board(&self) -> BoardReader {
        self.commit.0.board()
    }

    /// Serves until `shutdown` is ready, then drains and stops.
    ///
    /// # Errors
    /// When a task ended before it was stopped, panicked, or did not stop in time. All such failures are logged; the first one
    /// is returned.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), AppError> {
        Box::pin(self.run_reloading(shutdown, Reloads::none())).await
    }

    /// The same, and takes over other settings meanwhile.
    ///
    /// # Errors
    /// Those of [`App::run`].
    pub async fn run_reloading(
        self,
        shutdown: impl Future<Output = ()>,
        reloads: Reloads,
    ) -> Result<(), AppError> {
        let Reloads { mut requests, log } = reloads;
        let (mut tasks, mut settings, health) = self.start(log).await?;
        let stop = async {
            tokio::pin!(shutdown);
            loop {
                let reload = tokio::select! {
                    () = &mut shutdown => return,
                    () = tasks.failed() => return,
                    Some(reload) = requests.recv() => reload,
                };
                // A stop does not wait for a disk that a reload waits for.
                tokio::select! {
                    () = &mut shutdown => return,
                    () = Box::pin(settings.take_over(reload, &mut tasks)) => {}
                }
            }
        };
        stop.await;
        tracing::info!(at_most = ?DRAIN_MAX, "shutting down: draining streams and connections");
        set_not_serving(&health).await;
        tasks.shut_down(DRAIN_MAX).await?;
        tracing::info!("stopped");
        Ok(())
    }

    /// Starts the tasks. Returns them, what replaces settings while they run, and what tells the health.
    async fn start(
        self,
        log: Option<LogFilter>,
    ) -> Result<(Tasks, Settings, HealthReporter), AppError> {
        let Self {
            config,
            mut tasks,
            certificates,
            keys,
            grpc,
            operators,
            web,
            commit: (commit, replica),
            preferences,
            polling,
            pollers,
            budgets,
            webhooks,
        } = self;
        let (sharing, draining) = Sharing::start(&config, &mut tasks);
        let feed = sharing.limit(feed(&config, &commit, draining.clone()));
        let ticker = Ticker::shown_since(config.ticker.pairs.clone(), commit.pairs_since());
        let (streams, board, node) = (feed.counts(), commit.board(), replica.as_ref().map(handle));
        let (clock, order) = (polling.clock.clone(), preferences.clone());
        let queries = Queries::new(feed, commit.ledger(), ticker.clone(), order, clock.clone());
        let rates = Rates::new(queries.clone()).limited(sharing.quotas.clone());
        let shared = SharedRates::new(rates.clone(), true, REQUEST_BYTES_MAX);
        let (webhooks, reloader) = webhooks.unzip();
        let deliveries = reloader.as_ref().map(WebhookReloader::counts);
        let deliveries = watch::Sender::new(deliveries.unwrap_or_default());
        let budgets = watch::Sender::new(budgets);
        let of_tasks = (deliveries.subscribe(), budgets.subscribe());
        let of_clients = (certificates.clone(), keys.access().clone(), sharing.clone());
        let counts = Counts::new(streams, of_tasks, of_clients);
        let (of_ports, read) = ((&counts, &operators, &node), (queries.clone(), &clock));
        let pages = operators_pages(&config, &commit, of_ports, read, draining.clone());
        let in_force = watch::Sender::new(config.clone());
        let watched = (certificates.clone(), keys.clone(), in_force.subscribe());
        start_work(&mut tasks, (commit, replica, pollers, webhooks), watched);
        let (health, servers) = serving((&mut tasks, &board), &queries, draining.clone()).await;
        // Before the other ports: a client that they answer finds the probes at work.
        let (commits, read) = ((polling.commit.clone(), node), in_force.subscribe());
        operators.open(Operators::new(queries.clone(), commits, read), pages)?;
        let gate = keys.access().gate(GatedPort::Web);
        let services = (rates, servers.grpc_web, counts.grpc_web_calls);
        let services = services_for_browsers(services, gate.clone());
        let browsers = Browsers::new(&config.web, queries, services, &counts.web).guarded(gate);
        let port = (web.socket, web.tls, &counts.web);
        let browsers = browsers.limited(sharing.quotas.clone());
        let served = browsers.serve(port, sharing.admission.clone(), draining.clone());
        tasks.start(Stage::Listeners, "web", served);
        let others = services_of_grpc(servers.grpc, config.server.reflection)?;
        let listener = sharing.grpc_listener((grpc.socket, grpc.tls), draining);
        let (GrpcCounts { port, calls }, gate) = (counts.grpc, keys.access().gate(GatedPort::Grpc));
        let served = serve_rates(listener.counted(port), (shared, others), calls, gate);
        tasks.start(Stage::Listeners, "grpc", served);
        log_addresses(&config, [operators.address, web.address, grpc.address]);
        let settings = Settings {
            config: in_force,
            polling,
            board,
            ticker,
            preferences,
            browsers,
            budgets,
            webhooks: reloader,
            deliveries,
            certificates,
            keys,
            sharing,
            log,
        };
        Ok((tasks, settings, health))
    }
}

/// A bound port.
#[derive(Debug)]
struct Port {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerTls>>,
}

impl Port {
    /// Binds a port; `key` is the setting of its address.
    fn bind(
        address: SocketAddr,
        key: &'static str,
        tls: Option<Arc<ServerTls>>,
    ) -> Result<Self, AppError> {
        let refused = |source| AppError::Listen {
            address,
            source,
            key,
        };
        let socket = bind(address).map_err(refused)?;
        let address = socket.local_addr().map_err(refused)?;
        Ok(Self {
            socket,
            address,
            tls,
        })
    }
}

/// The feed of what is committed, with the limits of the settings.
fn feed(config: &Config, commit: &Commit, draining: CancellationToken) -> Feed {
    let server = &config.server;
    let limits = StreamLimits {
        streams_per_client_max: server.max_streams_per_client,
        ..StreamLimits::new(server.heartbeat_interval, server.max_streams)
    };
    Feed::new(commit.board(), limits, draining)
}

/// Starts what happens without a client.
fn start_work(
    tasks: &mut Tasks,
    (commit, replica, pollers, webhooks): (
        Commit,
        Option<SharedReplica>,
        Vec<Poller>,
        Option<Webhooks>,
    ),
    (certificates, keys, settings): (Certificates, Reloader, watch::Receiver<Config>),
) {
    let stopped = tasks.token(Stage::Commit);
    tasks.start(Stage::Commit, "commit", commit.run(stopped));
    if let Some(replica) = replica {
        replica.start(tasks, settings);
    }
    for poller in pollers {
        start_poller(tasks, poller);
    }
    if let Some(webhooks) = webhooks {
        start_webhooks(tasks, webhooks);
    }
    let watched = certificates.watch(tasks.token(Stage::Listeners));
    tasks.start(Stage::Listeners, "certificates", watched);
    let watched = keys.watch(tasks.token(Stage::Listeners));
    tasks.start(Stage::Listeners, "keys", watched);
}

fn log_addresses(config: &Config, [operators, web, grpc]: [SocketAddr; 3]) {
    tracing::info!(address = %operators, "serving operators");
    tracing::info!(address = %web, path = config.web.path, "serving browsers");
    tracing::info!(address = %grpc, "serving gRPC");
}

/// A listener with a number of connections.
fn bounded(socket: TcpListener, connections_max: usize, until: CancellationToken) -> Listener {
    Listener::new(socket, Limits::new(connections_max), until)
}
