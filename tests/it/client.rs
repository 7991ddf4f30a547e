//! Our subscriber against a server that says exactly what a test wants, over real sockets.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use silkrate::client::{BackOff, ClientError, Server, Watch, WatchEvent, WatchOptions};
use silkrate::pb::rate_service_server::{RateService, RateServiceServer};
use silkrate::pb::watch_rates_response::Event;
use silkrate::pb::{
    GetRateRequest, GetRateResponse, GetSnapshotRequest, GetSnapshotResponse, Heartbeat,
    ListSourcesRequest, ListSourcesResponse, Opening, Position, Rate, ResumeVerdict, Snapshot,
    Update, WatchRatesRequest, WatchRatesResponse,
};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// What the server does with one call of `WatchRates`.
enum Script {
    /// Refuses it.
    Refuse(Status),
    /// Sends messages, then ends the stream with a status.
    Break(Vec<WatchRatesResponse>, Status),
    /// Sends messages, then nothing.
    Hang(Vec<WatchRatesResponse>),
}

#[derive(Clone, Default)]
struct Scripted {
    scripts: Arc<Mutex<VecDeque<Script>>>,
    requests: Arc<Mutex<Vec<WatchRatesRequest>>>,
}

impl Scripted {
    fn next_script(&self, request: WatchRatesRequest) -> Script {
        self.requests.lock().unwrap().push(request);
        let script = self.scripts.lock().unwrap().pop_front();
        script.expect("a script for every call")
    }
}

#[tonic::async_trait]
impl RateService for Scripted {
    type WatchRatesStream = Pin<Box<dyn Stream<Item = Result<WatchRatesResponse, Status>> + Send>>;

    async fn watch_rates(
        &self,
        request: Request<WatchRatesRequest>,
    ) -> Result<Response<Self::WatchRatesStream>, Status> {
        let stream: Self::WatchRatesStream = match self.next_script(request.into_inner()) {
            Script::Refuse(status) => return Err(status),
            Script::Break(messages, status) => {
                let end = futures_util::stream::iter([Err(status)]);
                Box::pin(futures_util::stream::iter(messages).map(Ok).chain(end))
            }
            Script::Hang(messages) => {
                let end = futures_util::stream::pending();
                Box::pin(futures_util::stream::iter(messages).map(Ok).chain(end))
            }
        };
        Ok(Response::new(stream))
    }

    async fn get_snapshot(
        &self,
        request: Request<GetSnapshotRequest>,
    ) -> Result<Response<GetSnapshotResponse>, Status> {
        let filter = request.into_inner().filter.unwrap_or_default();
        let rates = filter.pairs.iter().map(|pair| rate(pair, "1")).collect();
        Ok(Response::new(GetSnapshotResponse {
            position: Some(position(1)),
            rates,
            sources: Vec::new(),
        }))
    }

    async fn get_rate(
        &self,
        request: Request<GetRateRequest>,
    ) -> Result<Response<GetRateResponse>, Status> {
        let mut details = ErrorDetails::new();
        details.set_error_info("PAIR_NOT_QUOTED", "silkrate", []);
        let pair = request.into_inner().pair;
        let message = format!("no source quotes {pair}");
        Err(Status::with_error_details(Code::NotFound, message, details))
    }

    async fn list_sources(
        &self,
        _request: Request<ListSourcesRequest>,
    ) -> Result<Response<ListSourcesResponse>, Status> {
        Ok(Response::new(ListSourcesResponse::default()))
    }
}

/// A running server; it stops when dropped.
struct Running {
    service: Scripted,
    server: Server,
    _tasks: JoinSet<()>,
}

async fn serve(scripts: impl IntoIterator<Item = Script>) -> Running {
    let service = Scripted::default();
    service.scripts.lock().unwrap().extend(scripts);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router =
        tonic::transport::Server::builder().add_service(RateServiceServer::new(service.clone()));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let incoming = TcpListenerStream::new(listener);
        router.serve_with_incoming(incoming).await.unwrap();
    });
    Running {
        service,
        server: Server::new(&url).unwrap(),
        _tasks: tasks,
    }
}

impl Running {
    fn watch(&self) -> Watch {
        watch(self.server.clone())
    }

    /// What the calls of `WatchRates` wanted to resume after.
    fn resumed_after(&self) -> Vec<Option<u64>> {
        let requests = self.service.requests.lock().unwrap();
        let positions = requests.iter().map(|request| request.resume_after.as_ref());
        positions
            .map(|position| position.map(|position| position.revision))
            .collect()
    }
}

fn watch(server: Server) -> Watch {
    let back_off = BackOff {
        first: Duration::from_millis(1),
        most: Duration::from_millis(10),
    };
    Watch::new(
        server,
        WatchOptions {
            pairs: vec!["KGS/USD".to_owned(), "KZT/USD".to_owned()],
            back_off,
            ..WatchOptions::default()
        },
    )
}

fn position(revision: u64) -> Position {
    let epoch = "epoch".to_owned();
    Position { epoch, revision }
}

fn rate(pair: &str, value: &str) -> Rate {
    Rate {
        pair: pair.to_owned(),
        value: value.to_owned(),
        ..Rate::default()
    }
}

fn message(revision: u64, event: Event) -> WatchRatesResponse {
    WatchRatesResponse {
        position: Some(position(revision)),
        event: Some(event),
    }
}

fn opening(verdict: ResumeVerdict, heartbeat_milliseconds: i32) -> WatchRatesResponse {
    let heartbeat_interval = prost_types::Duration {
        seconds: 0,
        nanos: heartbeat_milliseconds * 1_000_000,
    };
    let opening = Opening {
        verdict: verdict.into(),
        min_interval: None,
        heartbeat_interval: Some(heartbeat_interval),
    };
    WatchRatesResponse {
        position: None,
        event: Some(Event::Opening(opening)),
    }
}

/// The longest heartbeat interval that these tests announce: they end before it has passed.
const LONG: i32 = 999;
const REQUESTED: ResumeVerdict = ResumeVerdict::SnapshotRequested;

fn snapshot(revision: u64, rates: &[Rate]) -> WatchRatesResponse {
    let rates = rates.to_vec();
    let sources = Vec::new();
    message(revision, Event::Snapshot(Snapshot { rates, sources }))
}

fn update(after: u64, revision: u64, rates: &[Rate]) -> WatchRatesResponse {
    let update = Update {
        after: Some(position(after)),
        rates: rates.to_vec(),
        commits: revision - after,
        ..Update::default()
    };
    message(revision, Event::Update(update))
}

fn heartbeat(revision: u64) -> WatchRatesResponse {
    message(revision, Event::Heartbeat(Heartbeat::default()))
}

fn kind(event: &WatchEvent) -> &'static str {
    match event {
        WatchEvent::Opening { .. } => "opening",
        WatchEvent::Snapshot => "snapshot",
        WatchEvent::Update { .. } => "update",
        WatchEvent::Heartbeat(_) => "heartbeat",
        WatchEvent::Disconnected { .. } => "disconnected",
    }
}

/// The next events, by kind, and the reason of the last disconnection among them.
async fn events(watch: &mut Watch, count: usize) -> (Vec<&'static str>, String) {
    let (mut kinds, mut last_reason) = (Vec::new(), String::new());
    for _ in 0..count {
        let event = watch.next().await.unwrap();
        kinds.push(kind(&event));
        if let WatchEvent::Disconnected { reason, .. } = event {
            last_reason = reason;
        }
    }
    (kinds, last_reason)
}

fn values(watch: &Watch) -> Vec<String> {
    let rates = watch.rates().iter();
    rates
        .map(|rate| format!("{} {}", rate.pair, rate.value))
        .collect()
}

#[tokio::test]
async fn after_a_disconnection_the_stream_resumes_where_it_stopped() {
    let first = vec![
        opening(REQUESTED, LONG),
        snapshot(1, &[rate("KZT/USD", "1")]),
        update(1, 2, &[rate("KGS/USD", "2")]),
    ];
    let second = vec![
        opening(ResumeVerdict::Resumed, LONG),
        update(2, 5, &[rate("KZT/USD", "3")]),
        heartbeat(5),
    ];
    let running = serve([
        Script::Break(first, Status::unavailable("draining")),
        Script::Hang(second),
    ])
    .await;
    let mut watch = running.watch();
    let (kinds, reason) = events(&mut watch, 7).await;
    assert_eq!(
        kinds,
        [
            "opening",
            "snapshot",
            "update",
            "disconnected",
            "opening",
            "update",
            "heartbeat"
        ]
    );
    assert_eq!(reason, "draining");
    assert_eq!(running.resumed_after(), [None, Some(2)]);
    assert_eq!(values(&watch), ["KGS/USD 2", "KZT/USD 3"]);
    assert_eq!(watch.position(), Some(&position(5)));
}

#[tokio::test]
async fn an_update_that_does_not_apply_leads_to_a_new_snapshot() {
    let first = vec![
        opening(REQUESTED, LONG),
        snapshot(1, &[rate("KZT/USD", "1")]),
        update(5, 6, &[rate("KZT/USD", "9")]),
    ];
    let second = vec![
        opening(REQUESTED, LONG),
        snapshot(7, &[rate("KGS/USD", "2")]),
        heartbeat(6),
    ];
    let third = vec![opening(REQUESTED, LONG), snapshot(8, &[])];
    let running = serve([
        Script::Hang(first),
        Script::Hang(second),
        Script::Hang(third),
    ])
    .await;
    let mut watch = running.watch();
    let (kinds, _) = events(&mut watch, 3).await;
    assert_eq!(kinds, ["opening", "snapshot", "disconnected"]);
    assert_eq!(values(&watch), ["KZT/USD 1"]);
    let (kinds, _) = events(&mut watch, 3).await;
    assert_eq!(kinds, ["opening", "snapshot", "disconnected"]);
    assert_eq!(values(&watch), ["KGS/USD 2"]);
    let (kinds, _) = events(&mut watch, 2).await;
    assert_eq!(kinds, ["opening", "snapshot"]);
    assert_eq!(running.resumed_after(), [None, None, None]);
}

#[tokio::test]
async fn three_missed_heartbeats_are_the_death_of_a_stream() {
    let first = vec![
        opening(REQUESTED, 100),
        snapshot(1, &[rate("KZT/USD", "1")]),
    ];
    let second = vec![opening(ResumeVerdict::Resumed, LONG), update(1, 1, &[])];
    let running = serve([Script::Hang(first), Script::Hang(second)]).await;
    let mut watch = running.watch();
    let (kinds, reason) = events(&mut watch, 5).await;
    assert_eq!(
        kinds,
        ["opening", "snapshot", "disconnected", "opening", "update"]
    );
    assert!(reason.ends_with("said nothing for 300ms"), "{reason}");
    assert_eq!(running.resumed_after(), [None, Some(1)]);
}

#[tokio::test]
async fn a_refusal_for_good_ends_the_watch() {
    let mut details = ErrorDetails::new();
    details.add_bad_request_violation("filter.pairs[1]", "`KZT` is not a pair");
    let status = Status::with_error_details(Code::InvalidArgument, "wrong", details);
    let refusals = [
        status,
        Status::unimplemented("no such method"),
        Status::unauthenticated("who are you"),
        Status::permission_denied("not you"),
    ];
    let running = serve(refusals.map(Script::Refuse)).await;
    let wrong = running.watch().next().await.unwrap_err();
    assert_eq!(wrong.to_string(), "filter.pairs[1]: `KZT` is not a pair");
    assert!(wrong.is_usage());
    for _ in 0..3 {
        let refused = running.watch().next().await.unwrap_err();
        assert!(refused.is_permanent() && !refused.is_usage(), "{refused}");
    }
}

#[tokio::test]
async fn a_server_that_names_a_time_is_left_alone_until_then() {
    let mut details = ErrorDetails::new();
    details.set_retry_info(Some(Duration::from_secs(7)));
    let status = Status::with_error_details(Code::Unavailable, "draining", details);
    let running = serve([Script::Refuse(status)]).await;
    let event = running.watch().next().await.unwrap();
    let WatchEvent::Disconnected { retry_in, .. } = event else {
        panic!("{event:?}");
    };
    assert!(retry_in >= Duration::from_secs(7), "{retry_in:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let server = Server::new(&url).unwrap();
    let mut watch = watch(server.clone());
    let (kinds, reason) = events(&mut watch, 3).await;
    assert_eq!(kinds, ["disconnected"; 3]);
    assert!(
        reason.starts_with(&format!("no connection to {url}: ")),
        "{reason}"
    );
    let unreachable = server.snapshot(&[]).await.unwrap_err();
    assert!(
        matches!(unreachable, ClientError::Unreachable { .. }),
        "{unreachable}"
    );
}

#[tokio::test]
async fn a_unary_call_answers_or_says_why_not() {
    let running = serve([]).await;
    let pairs = ["KZT/USD".to_owned()];
    let snapshot = running.server.snapshot(&pairs).await.unwrap();
    assert_eq!(snapshot.rates.len(), 1);
    let refused = running.server.rate("EUR/GBP").await.unwrap_err();
    assert_eq!(refused.to_string(), "no source quotes EUR/GBP");
    let ClientError::Refused { reason, code, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!((reason.as_str(), code), ("PAIR_NOT_QUOTED", Code::NotFound));
}
