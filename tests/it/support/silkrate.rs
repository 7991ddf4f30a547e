//! The whole service on a port of its own, against banks on loopback.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use silkrate::app::{App, AppError, Reload, Reloads};
use silkrate::board::BoardReader;
use silkrate::callers::TrustedProxies;
use silkrate::config::{
    Access, CertificateAuthorities, Clock, Config, Http, Log, Proxy, Server, SourceSettings, Store,
    Ticker, Web,
};
use silkrate::domain::{Preference, RateFilter, SourceId};
use silkrate::pb::rate_service_client::RateServiceClient;
use silkrate::pb::watch_rates_response::Event;
use silkrate::{pb, sources};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// A timeout: nothing that these tests wait for takes as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The running service.
#[derive(Debug)]
pub(crate) struct Silkrate {
    pub(crate) url: String,
    pub(crate) admin_url: String,
    /// Where browsers are served.
    pub(crate) web: SocketAddr,
    pub(crate) client: RateServiceClient<Channel>,
    pub(crate) board: BoardReader,
    shutdown: Option<oneshot::Sender<()>>,
    reloads: mpsc::Sender<Reload>,
    run: JoinSet<Result<(), AppError>>,
}

/// Settings for tests: in memory, a free port, a clock that starts at an instant, no source yet. A bank on loopback answers
/// in time, however busy the machine is.
pub(crate) fn settings(now: &str) -> Config {
    let any_port = ([127, 0, 0, 1], 0).into();
    Config {
        server: Server {
            listen: any_port,
            admin_listen: any_port,
            admin_hosts: Vec::new(),
            trusted_proxies: TrustedProxies::default(),
            tls: None,
            admin_tls: None,
            heartbeat_interval: Duration::from_secs(20),
            max_connections: 4096,
            max_connections_per_address: 4096,
            max_streams: 10_000,
            reflection: true,
            max_streams_per_client: 10_000,
            memory_max: None,
        },
        web: Web {
            listen: any_port,
            tls: None,
            path: "/".to_owned(),
            public_url: None,
            hosts: Vec::new(),
            allowed_origins: Vec::new(),
            frame_ancestors: Vec::new(),
        },
        access: Access::default(),
        ticker: Ticker {
            pairs: RateFilter::parse(&["KGS/USD", "KZT/USD", "TJS/USD", "UZS/USD", "TMT/USD"])
                .unwrap(),
            prefer: vec![
                Preference::Home,
                Preference::Source(SourceId::new("cbr")),
                Preference::Source(SourceId::new("market")),
            ],
        },
        store: Store::Memory,
        store_required: true,
        clock: Some(Clock {
            start: now.parse::<Timestamp>().unwrap(),
            speed: 1,
        }),
        shared: None,
        http: Http {
            connect_timeout: PATIENCE,
            read_timeout: PATIENCE,
            total_timeout: PATIENCE,
            proxy: Proxy::Direct,
            ca: CertificateAuthorities::Bundled,
            private_addresses: false,
            extra_ca: Vec::new(),
        },
        sources: Vec::new(),
        webhooks: Vec::new(),
        log: Log::default(),
        trace: None,
        demo: false,
        file: None,
        variables: Vec::new(),
        ignored_variables: Vec::new(),
    }
}

/// A source with the address of a bank on loopback, polled ten times a second.
pub(crate) fn source(id: &str, kind: &str, base_url: &str) -> SourceSettings {
    let source = sources::find(id, kind).unwrap();
    SourceSettings {
        source,
        documents: source.documents,
        base_url: base_url.to_owned(),
        interval: Duration::from_millis(100),
        requests_per_day: 1_000_000,
        api_key: None,
        proxy: None,
        extra_ca: Vec::new(),
    }
}

impl Silkrate {
    pub(crate) async fn start(config: Config) -> Self {
        // An authority of a test stands beside the certificates that it has signed.
        let tls = config.server.tls.as_ref();
        let authority = tls.map(|files| files.certificate.with_file_name("ca.pem"));
        Self::trusting(App::bind(config).await.unwrap(), authority).await
    }

    /// Starts it with a clock that the test sets.
    pub(crate) async fn start_with(config: Config, clock: silkrate::clock::Clock) -> Self {
        Self::of(App::bind_with(config, clock).await.unwrap()).await
    }

    pub(crate) async fn of(app: App) -> Self {
        Self::trusting(app, None).await
    }

    /// With an authority, over TLS.
    async fn trusting(app: App, authority: Option<PathBuf>) -> Self {
        let scheme = authority.as_ref().map_or("http", |_file| "https");
        let (url, board) = (format!("{scheme}://{}", app.address()), app.board());
        let admin_url = format!("http://{}", app.admin_address());
        let web = app.web_address();
        let (shutdown, stopped) = oneshot::channel::<()>();
        let mut run = JoinSet::new();
        let (reloaded, reloads) = Reloads::new(None);
        let shutdown_asked = async {
            let signal = stopped.await;
            assert!(
                signal.is_ok(),
                "the test ended without stopping the service"
            );
        };
        run.spawn(app.run_reloading(shutdown_asked, reloaded));
        let mut endpoint = Channel::from_shared(url.clone()).unwrap();
        if let Some(file) = authority {
            let authority = Certificate::from_pem(std::fs::read(file).unwrap());
            let tls = ClientTlsConfig::new().ca_certificate(authority);
            endpoint = endpoint.tls_config(tls).unwrap();
        }
        let mut client = RateServiceClient::new(endpoint.connect().await.unwrap());
        // The ports are bound and not served yet. Once this one answers, all of them do; one that demands a key answers that.
        if let Err(refused) = client.list_sources(pb::ListSourcesRequest {}).await {
            assert_eq!(refused.code(), Code::Unauthenticated, "{refused:?}");
        }
        Self {
            url,
            admin_url,
            web,
            client,
            board,
            shutdown: Some(shutdown),
            reloads,
            run,
        }
    }

    /// Has the service take over other settings, and waits until it has, or has refused them.
    pub(crate) async fn reload(&self, config: Config) {
        let (done, ended) = oneshot::channel();
        self.reloads.send(Reload { config, done }).await.unwrap();
        let ended = tokio::time::timeout(PATIENCE, ended).await;
        // It is dropped then.
        ended.expect("the reload ends").unwrap_err();
    }

    /// Signals the service to stop.
    pub(crate) fn stop(&mut self) {
        self.shutdown.take().unwrap().send(()).unwrap();
    }

    /// Stops the service, which must end without an error.
    pub(crate) async fn finish(mut self) {
        self.stop();
        self.ended().await.unwrap();
    }

    /// A new connection.
    pub(crate) async fn channel(&self) -> Channel {
        Channel::from_shared(self.url.clone())
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    /// Waits until the service has ended, and returns its result.
    pub(crate) async fn ended(&mut self) -> Result<(), AppError> {
        let ended = tokio::time::timeout(PATIENCE, self.run.join_next()).await;
        ended.expect("the service ends").unwrap().unwrap()
    }

    /// Waits until every source has been polled once.
    pub(crate) async fn all_attempted(&mut self) {
        self.until(|detail| detail.polling() != pb::Polling::NotTried)
            .await;
    }

    /// Waits until every source's detail satisfies the condition.
    pub(crate) async fn until(&mut self, condition: impl Fn(&pb::SourceDetail) -> bool) {
        let reached = async {
            while !self.sources().await.iter().all(&condition) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, reached)
            .await
            .expect("the sources get there");
    }

    /// Waits for a commit after which the condition holds.
    pub(crate) async fn committed(&self, condition: impl Fn(&silkrate::domain::Snapshot) -> bool) {
        let mut snapshots = self.board.watch();
        let reached = snapshots.wait_for(|published| condition(&published.snapshot));
        drop(
            tokio::time::timeout(PATIENCE, reached)
                .await
                .expect("the commit comes")
                .unwrap(),
        );
    }

    pub(crate) async fn sources(&mut self) -> Vec<pb::SourceDetail> {
        self.client
            .list_sources(pb::ListSourcesRequest {})
            .await
            .unwrap()
            .into_inner()
            .sources
    }

    pub(crate) async fn rate(&mut self, pair: &str) -> pb::Rate {
        let request = pb::GetRateRequest {
            pair: pair.to_owned(),
            ..pb::GetRateRequest::default()
        };
        self.client
            .get_rate(request)
            .await
            .unwrap()
            .into_inner()
            .rate
            .unwrap()
    }

    pub(crate) async fn snapshot(&mut self, pairs: &[&str]) -> pb::GetSnapshotResponse {
        let request = pb::GetSnapshotRequest {
            filter: Some(filter(pairs)),
            ..pb::GetSnapshotRequest::default()
        };
        self.client
            .get_snapshot(request)
            .await
            .unwrap()
            .into_inner()
    }

    pub(crate) async fn watch(
        &mut self,
        request: pb::WatchRatesRequest,
    ) -> tonic::Streaming<pb::WatchRatesResponse> {
        self.client.watch_rates(request).await.unwrap().into_inner()
    }
}

pub(crate) fn filter(pairs: &[&str]) -> pb::RateFilter {
    pb::RateFilter {
        pairs: pairs.iter().map(|pair| (*pair).to_owned()).collect(),
    }
}

/// The next message of a stream. Panics if there is none.
pub(crate) async fn message(
    stream: &mut tonic::Streaming<pb::WatchRatesResponse>,
) -> (pb::Position, Event) {
    let message = tokio::time::timeout(PATIENCE, stream.message())
        .await
        .expect("a message comes");
    let message = message
        .unwrap()
        .expect("the stream never ends without a status");
    (message.position.unwrap(), message.event.unwrap())
}

/// The code, reason and field of a refusal.
pub(crate) fn reason(status: &Status) -> (Code, String, Option<String>) {
    let details = status.get_error_details();
    let info = details.error_info().expect("every error has an ErrorInfo");
    assert_eq!(info.domain, "silkrate");
    let field = details
        .bad_request()
        .map(|request| request.field_violations[0].field.clone());
    (status.code(), info.reason.clone(), field)
}
