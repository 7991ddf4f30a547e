//! The service within the process: the same parts as those of the program, joined in the same way, with another network, other
//! banks and another disk. What is left out: its ports, TLS, keys, quotas, browsers, webhooks and operators.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper_util::rt::TokioTimer;
use jiff::tz::TimeZone;
use silkrate::board::{BoardReader, Published};
use silkrate::budget::{RequestBudget, RequestCounts};
use silkrate::clock::Clock;
use silkrate::commit::{BufferedLedger, CommitHandle, LedgerHealth, SimulatedDisk, Submission};
use silkrate::config::{CertificateAuthorities, Http, Proxy, SourceSettings};
use silkrate::domain::{DocumentRecord, History as Tables, Intent, RateFilter, SourceRecord};
use silkrate::feed::{Feed, StreamLimits, Ticker};
use silkrate::fetch::BankDouble;
use silkrate::grpc::{Dispatcher, Rates, SharedRates};
use silkrate::ledger::{ClockKind, LedgerError};
use silkrate::listener::{Deadlines, Recipient, StreamExecutor, serve_http2};
use silkrate::poller::Poller;
use silkrate::queries::Queries;
use silkrate::shared::log::Double;
use silkrate::sources;
use tempfile::TempDir;
use tokio::io::DuplexStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::bank::Bank;
use crate::findings::Findings;
use crate::history::{History, PREFERENCES, TICKER};
use crate::network::Door;
use crate::replica;

/// The heartbeat of the service by default.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(20);
/// The age of a stream: short, so that streams age within a run.
const STREAM_AGE: Duration = Duration::from_secs(900);
/// The interval of polls, on the clock of the service.
const INTERVAL: Duration = Duration::from_secs(600);
/// How long the service waits for a bank.
const PATIENCE: Duration = Duration::from_secs(10);
const REQUESTS_PER_DAY: u32 = 5_000;
/// How long a thread of a process that was killed may take to end, in real time: on a machine that is busy with other programs, one
/// may not have a turn for many seconds.
const THREAD_ENDS_WITHIN: Duration = Duration::from_secs(120);
/// The largest request, as at the real port.
const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// How long a peer may send nothing at first, and read nothing.
const FIRST_BYTES_TIMEOUT: Duration = Duration::from_secs(10);
const WRITE_STALL_MAX: Duration = Duration::from_secs(20);
const KEEPALIVE: Duration = Duration::from_secs(20);

/// What a process of the service leaves behind and finds again.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) banks: Vec<Arc<Bank>>,
    pub(crate) clock: Clock,
    pub(crate) disk: SimulatedDisk,
    pub(crate) door: Door,
    pub(crate) history: Arc<History>,
    pub(crate) findings: Arc<Findings>,
    pub(crate) folder: TempDir,
    pub(crate) counts: RequestCounts,
    /// Its place among replicas; `None` for a service that runs alone.
    pub(crate) seat: Option<Seat>,
}

/// The place of a process among replicas.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) number: usize,
    /// Its end of the log that they share.
    pub(crate) log: Double,
}

/// A process of the service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) board: BoardReader,
    pub(crate) ledger: watch::Receiver<LedgerHealth>,
    pub(crate) rates: Rates,
    handle: CommitHandle,
    door: Door,
    stop_pollers: CancellationToken,
    stop_replica: CancellationToken,
    stop_commit: CancellationToken,
    draining: CancellationToken,
    pollers: JoinSet<()>,
    replica: JoinSet<()>,
    commit: JoinSet<()>,
    listener: JoinSet<()>,
    recorder: JoinSet<()>,
}

impl Service {
    /// Starts it at a site.
    pub(crate) async fn start(site: &Site) -> Self {
        let settings: Vec<SourceSettings> = site.banks.iter().map(|bank| source(bank)).collect();
        let path = site.folder.path().join("silkrate.db");
        let ledger = open_ledger(&path).on(site.disk.clone());
        let pairs = RateFilter::parse(&TICKER).unwrap();
        let ticker = (PREFERENCES.to_vec(), pairs.clone());
        let records = settings.iter().map(record).collect();
        let (commit, handle, replica) = replica::open(site, (records, ticker), ledger).await;
        let draining = CancellationToken::new();
        let limits = StreamLimits {
            stream_age: STREAM_AGE,
            ..StreamLimits::new(HEARTBEAT, 1_000)
        };
        let feed = Feed::new(commit.board(), limits, draining.clone());
        let ticker = Ticker::shown_since(pairs, commit.pairs_since());
        let clock = site.clock.clone();
        let queries = Queries::new(feed, commit.ledger(), ticker, &PREFERENCES, clock);
        let rates = Rates::new(queries);
        let (board, health) = (commit.board(), commit.ledger_health());
        let mut service = Self {
            ledger: health,
            rates: rates.clone(),
            handle: handle.clone(),
            door: site.door.clone(),
            stop_pollers: CancellationToken::new(),
            stop_replica: CancellationToken::new(),
            stop_commit: CancellationToken::new(),
            draining: draining.clone(),
            pollers: JoinSet::new(),
            replica: JoinSet::new(),
            commit: JoinSet::new(),
            listener: JoinSet::new(),
            recorder: JoinSet::new(),
            board,
        };
        let history = Arc::clone(&site.history);
        let number = site.seat.as_ref().map_or(0, |seat| seat.number);
        let following = history.follow(&service.board, number);
        service.recorder.spawn(following);
        let arriving = site.door.open();
        let served = service.has_state();
        let is_replica = site.seat.is_some();
        service.listener.spawn(async move {
            if is_replica {
                // Until then no proxy sends it a client.
                served.await;
            }
            listen(arriving, rates, draining).await;
        });
        service
            .commit
            .spawn(commit.run(service.stop_commit.clone()));
        for (bank, settings) in site.banks.iter().zip(&settings) {
            let mut poller = poller(site, (bank, settings), handle.clone());
            if let Some(replica) = &replica {
                poller = poller.while_leading(replica.leads());
            }
            service
                .pollers
                .spawn(poller.run(service.stop_pollers.clone()));
        }
        if let Some(replica) = replica {
            service
                .replica
                .spawn(replica.run(service.stop_replica.clone()));
        }
        service
    }

    /// Submits the newest table of a bank, as its poller would after the next poll.
    pub(crate) async fn submit(&self, bank: &Bank) {
        let source = sources::find(bank.kind.id, "").unwrap();
        let table = (source.documents[0].parse)(&bank.newest()).unwrap();
        let submission = Submission {
            source: source.id,
            tables: vec![table],
            intent: Intent::AnyDate,
            attempt_ended: true,
            is_live: false,
            answered: Vec::new(),
        };
        self.handle.submit(submission).await.unwrap();
    }

    /// Waits until it has something to serve.
    pub(crate) fn has_state(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut published = self.board.watch();
        async move {
            let has_state = |published: &Published| published.snapshot.position.revision > 0;
            drop(published.wait_for(has_state).await);
        }
    }

    /// Kills it: nothing ends in order, and what is written stays.
    pub(crate) async fn kill(mut self, findings: &Findings) {
        self.door.close();
        for tasks in [
            &mut self.listener,
            &mut self.pollers,
            &mut self.replica,
            &mut self.commit,
            &mut self.recorder,
        ] {
            tasks.abort_all();
            while let Some(ended) = tasks.join_next().await {
                note_panic(findings, ended);
            }
        }
    }

    /// Stops it, in the order of the program.
    pub(crate) async fn stop(mut self, findings: &Findings) {
        self.door.close();
        self.draining.cancel();
        self.stop_pollers.cancel();
        join(&mut self.pollers, findings).await;
        self.stop_replica.cancel();
        join(&mut self.replica, findings).await;
        self.stop_commit.cancel();
        join(&mut self.commit, findings).await;
        // A connection that stands still is not waited for.
        self.listener.abort_all();
        join(&mut self.listener, findings).await;
        self.recorder.abort_all();
        join(&mut self.recorder, findings).await;
    }

    /// Whether a task has panicked or ended.
    pub(crate) fn check_tasks(&mut self, findings: &Findings) {
        for tasks in [
            &mut self.pollers,
            &mut self.replica,
            &mut self.commit,
            &mut self.listener,
        ] {
            if let Some(ended) = tasks.try_join_next() {
                findings.violation(&format!("a task of the service ended: {ended:?}"));
            }
        }
    }
}

/// Opens the ledger. The thread that wrote it for a process that was killed ends by itself, in real time, and has the file until then.
fn open_ledger(path: &Path) -> BufferedLedger {
    let begun = std::time::Instant::now();
    loop {
        match BufferedLedger::open_if_possible(Some(path.to_owned()), ClockKind::Replay) {
            Err(LedgerError::InUse { .. }) if begun.elapsed() < THREAD_ENDS_WITHIN => {
                std::thread::yield_now();
            }
            opened => return opened.unwrap(),
        }
    }
}

async fn join(tasks: &mut JoinSet<()>, findings: &Findings) {
    while let Some(ended) = tasks.join_next().await {
        note_panic(findings, ended);
    }
}

fn note_panic(findings: &Findings, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        findings.violation(&format!("a task of the service panicked: {error}"));
    }
}

/// Accepts connections until draining, and serves them to their end.
async fn listen(
    mut arriving: mpsc::UnboundedReceiver<DuplexStream>,
    rates: Rates,
    draining: CancellationToken,
) {
    let shared = SharedRates::new(rates, true, REQUEST_BYTES_MAX);
    let routes = Routes::new(shared.clone());
    let dispatcher = Arc::new(Dispatcher::new(shared, routes, PATIENCE));
    let mut settings = http2::Builder::new(StreamExecutor::default());
    settings
        .timer(TokioTimer::new())
        // As at the real port. Whether an answer repeats the date of the one before depends on the true time, and with it the
        // bytes that are sent.
        .auto_date_header(false)
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE);
    let settings = Arc::new(settings);
    let mut connections = JoinSet::new();
    while let Some(socket) = arriving.recv().await {
        while connections.try_join_next().is_some() {}
        let socket = Deadlines::new(socket, FIRST_BYTES_TIMEOUT, WRITE_STALL_MAX);
        let dispatcher = Arc::clone(&dispatcher);
        let answer = move |request: http::Request<Incoming>, output| {
            let recipient = Recipient {
                caller: None,
                output: Some(output),
            };
            dispatcher.answer(request, recipient)
        };
        let draining = draining.child_token();
        connections.spawn(serve_http2(
            socket,
            Arc::clone(&settings),
            answer,
            (draining, Arc::default()),
        ));
    }
    while connections.join_next().await.is_some() {}
}

fn source(bank: &Bank) -> SourceSettings {
    let source = sources::find(bank.kind.id, "").unwrap();
    SourceSettings {
        source,
        documents: source.documents,
        base_url: "http://bank.test".to_owned(),
        interval: INTERVAL,
        requests_per_day: REQUESTS_PER_DAY,
        api_key: None,
        proxy: None,
        extra_ca: Vec::new(),
    }
}

fn record(settings: &SourceSettings) -> SourceRecord {
    let source = settings.source;
    let documents = settings.documents.iter().map(|document| DocumentRecord {
        name: document.name,
        schedule: document.schedule,
        required: document.required,
        typical_dollar: source.typical_dollar,
        history: Tables::new(source.revision_policy),
    });
    SourceRecord {
        id: source.id,
        name: source.name,
        attribution: source.attribution,
        page: source.page,
        terms: source.terms,
        home: source.home,
        zone: TimeZone::get(source.zone).unwrap(),
        documents: documents.collect(),
        attempted: false,
    }
}

fn poller(
    site: &Site,
    (bank, settings): (&Arc<Bank>, &SourceSettings),
    commit: CommitHandle,
) -> Poller {
    let http = Http {
        connect_timeout: PATIENCE,
        read_timeout: PATIENCE,
        total_timeout: PATIENCE,
        proxy: Proxy::Direct,
        ca: CertificateAuthorities::Bundled,
        private_addresses: true,
        extra_ca: Vec::new(),
    };
    let zone = TimeZone::get(settings.source.zone).unwrap();
    let (id, clock) = (settings.source.id, site.clock.clone());
    let counts = site.counts.clone();
    let budget = RequestBudget::new(id, REQUESTS_PER_DAY, zone, clock.clone(), counts);
    let poller = Poller::new(settings, &http, budget, clock, commit).unwrap();
    let bank: Arc<dyn BankDouble> = Arc::<Bank>::clone(bank);
    poller.answered_by(bank)
}
