//! Honest clients beside the watchers: one that asks again and again, and many that come and go.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use silkrate::pb::rate_service_client::RateServiceClient;
use silkrate::pb::{GetSnapshotRequest, WatchRatesRequest};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use crate::findings::{Count, Findings};
use crate::grpc::ANSWER_TIMEOUT;

/// The pause between two calls.
const PAUSE: Duration = Duration::from_millis(50);
/// The calls on one connection.
const CALLS: usize = 100;
/// How many come and go at the same time.
const VISITORS: usize = 8;
/// What browsers fetch.
const PATHS: [&str; 8] = [
    "/",
    "/KZT",
    "/ticker.js",
    "/ticker.html",
    "/v1/snapshot.json",
    "/v1/history/KZT/USD",
    "/v1/history.csv?pairs=USD/KZT",
    "/v1/watch?pairs=KZT/USD",
];

/// Calls for snapshots until it is stopped. Every call must be answered.
pub(crate) struct Caller {
    latencies: Arc<Mutex<Vec<u32>>>,
    stop: CancellationToken,
    task: JoinSet<()>,
}

impl Caller {
    pub(crate) fn start(url: String, findings: &Arc<Findings>) -> Self {
        let latencies = Arc::<Mutex<Vec<u32>>>::default();
        let stop = CancellationToken::new();
        let calling = call(
            url,
            Arc::clone(findings),
            Arc::clone(&latencies),
            stop.clone(),
        );
        let mut task = JoinSet::new();
        task.spawn(calling);
        Self {
            latencies,
            stop,
            task,
        }
    }

    /// How long the calls since the last time took, in microseconds.
    pub(crate) fn since_last(&self) -> Vec<u32> {
        std::mem::take(&mut *self.latencies.lock().unwrap())
    }

    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        self.task.join_next().await.unwrap().unwrap();
    }
}

async fn call(
    url: String,
    findings: Arc<Findings>,
    latencies: Arc<Mutex<Vec<u32>>>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let answered = calls(&url, &findings, &latencies, &stop);
        if let Err(status) = answered.await {
            findings.violation(&format!("an honest call was not answered: {status}"));
        }
    }
}

/// Some calls on a new connection.
async fn calls(
    url: &str,
    findings: &Findings,
    latencies: &Mutex<Vec<u32>>,
    stop: &CancellationToken,
) -> Result<(), Status> {
    let late = |_elapsed| Status::deadline_exceeded("no answer");
    let connecting = timeout(ANSWER_TIMEOUT, RateServiceClient::connect(url.to_owned()));
    let client = connecting.await.map_err(late)?;
    let mut client = client.map_err(|error| Status::unavailable(error.to_string()))?;
    for _call in 0..CALLS {
        if stop.is_cancelled() {
            break;
        }
        let begun = Instant::now();
        let answer = timeout(
            ANSWER_TIMEOUT,
            client.get_snapshot(GetSnapshotRequest::default()),
        );
        let answer = answer.await.map_err(late)??.into_inner();
        let elapsed = u32::try_from(begun.elapsed().as_micros()).unwrap();
        latencies.lock().unwrap().push(elapsed);
        findings.add(Count::HonestCalls, 1);
        findings.shown("a call", &answer.position.unwrap().into());
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Clients that connect, read a little and leave, until a deadline.
pub(crate) async fn visit(grpc: String, web: String, deadline: Instant, findings: &Arc<Findings>) {
    let mut visitors = JoinSet::new();
    for number in 0..VISITORS {
        let findings = Arc::clone(findings);
        if number % 2 == 0 {
            visitors.spawn(visit_grpc(grpc.clone(), deadline, findings));
        } else {
            visitors.spawn(visit_web(web.clone(), number, deadline, findings));
        }
    }
    while let Some(ended) = visitors.join_next().await {
        ended.unwrap();
    }
}

async fn visit_grpc(url: String, deadline: Instant, findings: Arc<Findings>) {
    while Instant::now() < deadline {
        match timeout(ANSWER_TIMEOUT, watch_once(&url)).await {
            Ok(Ok(())) => findings.add(Count::Visits, 1),
            Ok(Err(status)) => findings.violation(&format!("a visit over gRPC: {status}")),
            Err(elapsed) => findings.violation(&format!("a visit over gRPC: {elapsed}")),
        }
    }
}

/// A stream that is dropped after its first message.
async fn watch_once(url: &str) -> Result<(), Status> {
    let client = RateServiceClient::connect(url.to_owned()).await;
    let mut client = client.map_err(|error| Status::unavailable(error.to_string()))?;
    let stream = client.watch_rates(WatchRatesRequest::default()).await?;
    let first = stream.into_inner().message().await?;
    first.map_or_else(
        || Err(Status::new(Code::DataLoss, "the stream is empty")),
        |_message| Ok(()),
    )
}

async fn visit_web(url: String, first: usize, deadline: Instant, findings: Arc<Findings>) {
    for path in PATHS.into_iter().cycle().skip(first) {
        if Instant::now() >= deadline {
            break;
        }
        // A client of its own has a connection of its own.
        let asked = crate::web::client().get(format!("{url}{path}")).send();
        match timeout(ANSWER_TIMEOUT, asked).await {
            Ok(Ok(mut answer)) if answer.status().is_success() => {
                // The first bytes are enough; a stream has no end.
                drop(answer.chunk().await);
                findings.add(Count::Visits, 1);
            }
            Ok(Ok(answer)) => findings.violation(&format!("{path}: {}", answer.status())),
            Ok(Err(error)) => findings.violation(&format!("{path}: {error}")),
            Err(elapsed) => findings.violation(&format!("{path}: {elapsed}")),
        }
    }
}
