//! A server that says exactly what a test wants.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use silkrate::client::{BackOff, Server, Watch, WatchOptions};
use silkrate::pb::rate_service_server::{RateService, RateServiceServer};
use silkrate::pb::watch_rates_response::Event;
use silkrate::pb::{
    ConvertAmountRequest, ConvertAmountResponse, GetRateRequest, GetRateResponse,
    GetSnapshotRequest, GetSnapshotResponse, Heartbeat, ListFixingsRequest, ListFixingsResponse,
    ListRateHistoryRequest, ListRateHistoryResponse, ListSourcesRequest, ListSourcesResponse,
    Opening, Position, Rate, ResumeVerdict, Snapshot, Update, WatchRatesRequest,
    WatchRatesResponse,
};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// What the server does with one call of `WatchRates`.
pub(super) enum Script {
    /// Refuses it.
    Refuse(Status),
    /// Sends messages, then ends the stream with a status.
    Break(Vec<WatchRatesResponse>, Status),
    /// Sends messages, then nothing.
    Hang(Vec<WatchRatesResponse>),
}

#[derive(Clone, Default)]
pub(super) struct Scripted {
    pub(super) scripts: Arc<Mutex<VecDeque<Script>>>,
    pub(super) requests: Arc<Mutex<Vec<WatchRatesRequest>>>,
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

    async fn convert_amount(
        &self,
        _request: Request<ConvertAmountRequest>,
    ) -> Result<Response<ConvertAmountResponse>, Status> {
        Err(Status::unimplemented("not scripted"))
    }

    async fn list_fixings(
        &self,
        _request: Request<ListFixingsRequest>,
    ) -> Result<Response<ListFixingsResponse>, Status> {
        Err(Status::unimplemented("not scripted"))
    }

    async fn list_rate_history(
        &self,
        _request: Request<ListRateHistoryRequest>,
    ) -> Result<Response<ListRateHistoryResponse>, Status> {
        Err(Status::unimplemented("not scripted"))
    }

    async fn list_sources(
        &self,
        _request: Request<ListSourcesRequest>,
    ) -> Result<Response<ListSourcesResponse>, Status> {
        Ok(Response::new(ListSourcesResponse::default()))
    }
}

/// A running server; it stops when dropped.
pub(super) struct Running {
    pub(super) service: Scripted,
    pub(super) server: Server,
    _tasks: JoinSet<()>,
}

pub(super) async fn serve(scripts: impl IntoIterator<Item = Script>) -> Running {
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
    pub(super) fn watch(&self) -> Watch {
        watch(self.server.clone())
    }

    /// What the calls of `WatchRates` wanted to resume after.
    pub(super) fn resumed_after(&self) -> Vec<Option<u64>> {
        let requests = self.service.requests.lock().unwrap();
        let positions = requests.iter().map(|request| request.resume_after.as_ref());
        positions
            .map(|position| position.map(|position| position.revision))
            .collect()
    }
}

pub(super) fn watch(server: Server) -> Watch {
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

pub(super) fn position(revision: u64) -> Position {
    let epoch = "epoch".to_owned();
    Position { epoch, revision }
}

pub(super) fn rate(pair: &str, value: &str) -> Rate {
    Rate {
        pair: pair.to_owned(),
        value: value.to_owned(),
        ..Rate::default()
    }
}

pub(super) fn message(revision: u64, event: Event) -> WatchRatesResponse {
    WatchRatesResponse {
        position: Some(position(revision)),
        event: Some(event),
    }
}

pub(super) fn opening(verdict: ResumeVerdict, heartbeat_milliseconds: i32) -> WatchRatesResponse {
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
pub(super) const LONG: i32 = 999;
pub(super) const REQUESTED: ResumeVerdict = ResumeVerdict::SnapshotRequested;

pub(super) fn snapshot(revision: u64, rates: &[Rate]) -> WatchRatesResponse {
    let rates = rates.to_vec();
    let sources = Vec::new();
    message(revision, Event::Snapshot(Snapshot { rates, sources }))
}

pub(super) fn update(after: u64, revision: u64, rates: &[Rate]) -> WatchRatesResponse {
    let update = Update {
        after: Some(position(after)),
        rates: rates.to_vec(),
        commits: revision - after,
        ..Update::default()
    };
    message(revision, Event::Update(update))
}

pub(super) fn heartbeat(revision: u64) -> WatchRatesResponse {
    message(revision, Event::Heartbeat(Heartbeat::default()))
}
