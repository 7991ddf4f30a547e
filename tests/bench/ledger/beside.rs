//! Subscribers beside questions about the past: how late a commit reaches them while a year of sixty pairs is asked for again
//! and again.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rust_decimal::Decimal;
use silkrate::client::Admin;
use silkrate::pb::admin::{Row, Table};
use silkrate::pb::rate_service_client::RateServiceClient;
use silkrate::pb::watch_rates_response::Event;
use silkrate::pb::{WatchRatesRequest, WatchRatesResponse};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;
use tonic::Streaming;

use crate::ledger::made::{LAST_DAY, today};
use crate::ledger::{serve, sixty_pairs};
use crate::report::percentile;

/// Subscribers, on one connection: enough that a message must be written to many of them.
const SUBSCRIBERS: usize = 100;
/// How often both are timed, in turns. The disk takes several times as long in one minute as in another, so that only
/// neighbours can be compared; of their ratios the median is reported.
const ROUNDS: usize = 7;
/// Commits of a round whose messages are timed, without questions and again with them: the 99th percentile is the second
/// latest of them.
const COMMITS: u32 = 200;
/// How long a commit may take to reach all subscribers.
const PATIENCE: Duration = Duration::from_secs(10);
/// The part of the arrivals that is reported, in thousandths.
const P99: usize = 990;
/// The hundred-thousandth of a tenge by which each commit corrects the dollar.
const CORRECTION_SCALE: u32 = 5;

/// What subscribers saw in a round: how long it took from the request of a commit to the arrival of its message, in
/// microseconds at the 99th percentile.
#[derive(Debug)]
pub(crate) struct Round {
    /// Without other questions.
    pub(crate) alone: u64,
    /// While the year is asked for.
    pub(crate) beside: u64,
    /// The answers about the year meanwhile.
    pub(crate) answers: u64,
}

/// The service with its subscribers.
struct Watched<'a> {
    runtime: &'a Runtime,
    admin: Admin,
    arrivals: UnboundedReceiver<Instant>,
    commits_of_a_round: u32,
    commits: u32,
}

/// Measures on the ledger of a year at a path, with a number of commits, or the usual one.
pub(crate) fn measure(path: &Path, commits: Option<u32>) -> io::Result<Vec<Round>> {
    let service = serve(path)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let admin = Admin::new(&format!("http://{}", service.admin)).map_err(io::Error::other)?;
    let (_streams, arrivals) = runtime.block_on(subscribe(service.address))?;
    let mut watched = Watched {
        runtime: &runtime,
        admin,
        arrivals,
        commits_of_a_round: commits.unwrap_or(COMMITS),
        commits: 0,
    };
    watched.round(service.web)?; // The first one warms up.
    (0..ROUNDS).map(|_| watched.round(service.web)).collect()
}

impl Watched<'_> {
    fn round(&mut self, web: SocketAddr) -> io::Result<Round> {
        let alone = self.arrival_p99()?;
        let (stop, answers) = (AtomicBool::new(false), AtomicU64::new(0));
        let beside = thread::scope(|scope| {
            let asking = scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    ask_for_a_year(web)?;
                    answers.fetch_add(1, Ordering::Relaxed);
                }
                io::Result::Ok(())
            });
            let beside = self.arrival_p99();
            stop.store(true, Ordering::Relaxed);
            let asked = asking.join();
            asked.map_err(|_panicked| io::Error::other("the questions panicked"))??;
            beside
        })?;
        Ok(Round {
            alone,
            beside,
            answers: answers.into_inner(),
        })
    }

    fn arrival_p99(&mut self) -> io::Result<u64> {
        let first = self.commits + 1;
        self.commits += self.commits_of_a_round;
        let commits = first..=self.commits;
        self.runtime
            .block_on(arrival_p99(&self.admin, &mut self.arrivals, commits))
    }
}

/// Opens the streams. They say when a message with rates arrives.
async fn subscribe(address: SocketAddr) -> io::Result<(JoinSet<()>, UnboundedReceiver<Instant>)> {
    let client = RateServiceClient::connect(format!("http://{address}")).await;
    let client = client.map_err(io::Error::other)?;
    let (sender, receiver) = unbounded_channel();
    let mut streams = JoinSet::new();
    for _ in 0..SUBSCRIBERS {
        let request = WatchRatesRequest {
            filter: Some(sixty_pairs()),
            updates_only: true,
            ..WatchRatesRequest::default()
        };
        let stream = client.clone().watch_rates(request).await;
        let mut stream: Streaming<WatchRatesResponse> =
            stream.map_err(io::Error::other)?.into_inner();
        let sender = sender.clone();
        streams.spawn(async move {
            while let Ok(Some(message)) = stream.message().await {
                let has_rates = matches!(message.event, Some(Event::Update(_)));
                if has_rates && sender.send(Instant::now()).is_err() {
                    return;
                }
            }
        });
    }
    Ok((streams, receiver))
}

/// Corrects the dollar of the Kazakh bank, again and again. Returns the 99th percentile of the arrivals, in microseconds.
async fn arrival_p99(
    admin: &Admin,
    arrivals: &mut UnboundedReceiver<Instant>,
    commits: RangeInclusive<u32>,
) -> io::Result<u64> {
    let mut latencies: Vec<u32> = Vec::new();
    for commit in commits {
        let begun = Instant::now();
        let filed = admin.file_table(corrected(commit)).await;
        let filed = filed.map_err(io::Error::other)?;
        if !filed.news || filed.held_rows > 0 {
            return Err(io::Error::other(format!("the correction is {filed:?}")));
        }
        for _ in 0..SUBSCRIBERS {
            let arrived = tokio::time::timeout(PATIENCE, arrivals.recv()).await;
            let arrived = arrived.map_err(io::Error::other)?;
            let arrived = arrived.ok_or_else(|| io::Error::other("the streams have ended"))?;
            let latency = arrived.duration_since(begun).as_micros();
            latencies.push(u32::try_from(latency).unwrap_or(u32::MAX));
        }
    }
    latencies.sort_unstable();
    Ok(percentile(&latencies, P99).into())
}

/// The table of the last day, with a dollar that no commit before had.
fn corrected(commit: u32) -> Table {
    let filed = today();
    let rows = filed.rows.iter().zip(0..).map(|(row, index)| {
        let by = if index == 0 {
            Decimal::new(commit.into(), CORRECTION_SCALE)
        } else {
            Decimal::ZERO
        };
        Row {
            currency: row.currency.to_string(),
            units: row.units.to_string(),
            value: (row.value + by).to_string(),
            home_currency: row.home_currency.to_string(),
            published_change: None,
        }
    });
    Table {
        source: filed.source.to_string(),
        document: filed.document.to_string(),
        pivot: filed.pivot.to_string(),
        effective_date: filed.effective_date.to_string(),
        as_of_time: None,
        rows: rows.collect(),
    }
}

/// Asks for each day of a year of sixty pairs as CSV, and reads the whole answer.
pub(crate) fn ask_for_a_year(web: SocketAddr) -> io::Result<()> {
    let pairs = sixty_pairs().pairs.join(",");
    let start = LAST_DAY.saturating_sub(jiff::ToSpan::year(1));
    let path = format!("/v1/history.csv?pairs={pairs}&step=day&start={start}");
    let mut socket = TcpStream::connect(web)?;
    write!(
        socket,
        "GET {path} HTTP/1.1\r\nhost: {web}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = vec![0; 64 * 1024];
    let mut bytes = 0;
    loop {
        let read = socket.read(&mut answer)?;
        if bytes == 0 && !answer.starts_with(b"HTTP/1.1 200") {
            return Err(io::Error::other("the year is not answered"));
        }
        if read == 0 {
            break;
        }
        bytes += read;
    }
    // A year of sixty pairs has some megabytes.
    if bytes < 1024 * 1024 {
        return Err(io::Error::other(format!("the year has {bytes} bytes")));
    }
    Ok(())
}
