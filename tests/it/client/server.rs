//! A scripted server.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use silkrate::client::{Backoff, Client, Watch, WatchOptions};
use silkrate::pb::rate_service_server::{RateService, RateServiceServer};
use silkrate::pb::watch_rates_response::Event;
use silkrate::pb::{
    ConvertAmountRequest, ConvertAmountResponse, Currency, Fixing, GetRateRequest, GetRateResponse,
    GetSnapshotRequest, GetSnapshotResponse, Heartbeat, ListCurrenciesRequest,
    ListCurrenciesResponse, ListFixingsRequest, ListFixingsResponse, ListPairsRequest,
    ListPairsResponse, ListPeriodRatesRequest, ListPeriodRatesResponse, ListRateHistoryRequest,
    ListRateHistoryResponse, ListSourcesRequest, ListSourcesResponse, Opening, Pair, PeriodRates,
    Position, Rate, ResumeVerdict, Snapshot, SourceDetail, Update, WatchRatesRequest,
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
    /// Sends messages, then keeps the stream open.
    Hang(Vec<WatchRatesResponse>),
}

/// The rows of one page, even if more are requested: a client must request every page.
const PAGE_ROWS: usize = 2;

#[derive(Clone, Default)]
pub(super) struct Scripted {
    pub(super) scripts: Arc<Mutex<VecDeque<Script>>>,
    pub(super) requests: Arc<Mutex<Vec<WatchRatesRequest>>>,
    pub(super) known: Arc<Known>,
}

/// The rates and fixings of the server; it quotes any pair but those without one of the five.
#[derive(Default)]
pub(super) struct Known {
    /// The rates of any pair over time, newest first.
    pub(super) history: Vec<Rate>,
    /// What any source published, newest first.
    pub(super) fixings: Vec<Fixing>,
    /// The figures of any pair in any period.
    pub(super) periods: Vec<PeriodRates>,
    pub(super) conversion: ConvertAmountResponse,
    pub(super) sources: Vec<SourceDetail>,
    pub(super) currencies: Vec<Currency>,
    pub(super) pairs: Vec<Pair>,
    /// Whether it is of a version that had no lists of currencies and pairs.
    pub(super) is_without_lists: bool,
}

impl Known {
    fn listed(&self) -> Result<(), Status> {
        let missing = Status::unimplemented("this server has no such method");
        if self.is_without_lists {
            Err(missing)
        } else {
            Ok(())
        }
    }
}

/// The page of those rows whose date lies in the range, and the token of the next.
fn page<T: Clone>(
    rows: &[T],
    date: impl Fn(&T) -> String,
    (start, end): (&str, &str),
    token: &str,
) -> (Vec<T>, Option<String>) {
    let within = |row: &&T| {
        let date = date(row);
        date.as_str() >= start && (end.is_empty() || date.as_str() <= end)
    };
    let first: usize = token.parse().unwrap_or(0);
    let mut left = rows.iter().filter(within).skip(first).cloned();
    let page: Vec<T> = left.by_ref().take(PAGE_ROWS).collect();
    let next = left.next().map(|_| (first + PAGE_ROWS).to_string());
    (page, next)
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
        let quoted = filter
            .pairs
            .iter()
            .filter(|pair| pair.as_str() != "EUR/USD");
        let rates = quoted.map(|pair| rate(pair, "1")).collect();
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
        request: Request<ConvertAmountRequest>,
    ) -> Result<Response<ConvertAmountResponse>, Status> {
        let request = request.into_inner();
        if request.date() == "1999-01-01" {
            let mut details = ErrorDetails::new();
            details.set_error_info("NO_RATE_ON_DATE", "silkrate", []);
            let message = "nothing is known of 1999-01-01";
            return Err(Status::with_error_details(Code::NotFound, message, details));
        }
        // The amount is returned, so that a test sees what was sent.
        Ok(Response::new(ConvertAmountResponse {
            result: format!("{}{}", request.amount, self.known.conversion.result),
            ..self.known.conversion.clone()
        }))
    }

    async fn list_fixings(
        &self,
        request: Request<ListFixingsRequest>,
    ) -> Result<Response<ListFixingsResponse>, Status> {
        let request = request.into_inner();
        let range = (request.start_date(), request.end_date());
        let date = |fixing: &Fixing| fixing.effective_date.clone();
        let (fixings, next_page_token) =
            page(&self.known.fixings, date, range, request.page_token());
        Ok(Response::new(ListFixingsResponse {
            fixings,
            next_page_token,
        }))
    }

    async fn list_rate_history(
        &self,
        request: Request<ListRateHistoryRequest>,
    ) -> Result<Response<ListRateHistoryResponse>, Status> {
        let request = request.into_inner();
        let range = (request.start_date(), request.end_date());
        let date = |rate: &Rate| rate.effective_date().to_owned();
        let (rates, next_page_token) = page(&self.known.history, date, range, request.page_token());
        Ok(Response::new(ListRateHistoryResponse {
            rates,
            next_page_token,
        }))
    }

    async fn list_period_rates(
        &self,
        _request: Request<ListPeriodRatesRequest>,
    ) -> Result<Response<ListPeriodRatesResponse>, Status> {
        let periods = self.known.periods.clone();
        Ok(Response::new(ListPeriodRatesResponse {
            periods,
            next_page_token: None,
        }))
    }

    async fn list_currencies(
        &self,
        _request: Request<ListCurrenciesRequest>,
    ) -> Result<Response<ListCurrenciesResponse>, Status> {
        self.known.listed()?;
        Ok(Response::new(ListCurrenciesResponse {
            currencies: self.known.currencies.clone(),
            sources: Vec::new(),
        }))
    }

    async fn list_pairs(
        &self,
        request: Request<ListPairsRequest>,
    ) -> Result<Response<ListPairsResponse>, Status> {
        self.known.listed()?;
        let token = request.into_inner().page_token.unwrap_or_default();
        let date = |pair: &Pair| pair.start_date.clone();
        let (pairs, next_page_token) = page(&self.known.pairs, date, ("", ""), &token);
        Ok(Response::new(ListPairsResponse {
            pairs,
            sources: Vec::new(),
            next_page_token,
        }))
    }

    async fn list_sources(
        &self,
        _request: Request<ListSourcesRequest>,
    ) -> Result<Response<ListSourcesResponse>, Status> {
        let sources = self.known.sources.clone();
        Ok(Response::new(ListSourcesResponse {
            sources,
            replica: None,
        }))
    }
}

/// A running server; it stops when dropped.
pub(super) struct Running {
    pub(super) service: Scripted,
    pub(super) client: Client,
    _tasks: JoinSet<()>,
}

pub(super) async fn serve(scripts: impl IntoIterator<Item = Script>) -> Running {
    let service = Scripted::default();
    service.scripts.lock().unwrap().extend(scripts);
    run(service).await
}

/// A server with rates and fixings of earlier dates.
pub(super) async fn serve_known(known: Known) -> Running {
    run(Scripted {
        known: Arc::new(known),
        ..Scripted::default()
    })
    .await
}

async fn run(service: Scripted) -> Running {
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
        client: Client::new(&url).unwrap(),
        _tasks: tasks,
    }
}

impl Running {
    pub(super) fn watch(&self) -> Watch {
        watch(self.client.clone())
    }

    /// The revisions after which the calls of `WatchRates` resumed.
    pub(super) fn resumed_after(&self) -> Vec<Option<u64>> {
        let requests = self.service.requests.lock().unwrap();
        let positions = requests.iter().map(|request| request.resume_after.as_ref());
        positions
            .map(|position| position.map(|position| position.revision))
            .collect()
    }
}

pub(super) fn watch(client: Client) -> Watch {
    let backoff = Backoff {
        first: Duration::from_millis(1),
        max: Duration::from_millis(10),
    };
    Watch::new(
        client,
        WatchOptions {
            pairs: vec!["KGS/USD".to_owned(), "KZT/USD".to_owned()],
            backoff,
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
        replica: None,
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
