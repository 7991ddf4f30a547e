//! The service of the contract: reads a request, asks [`Queries`], renders the answer.

mod calls;
mod dispatcher;
mod explanation;
mod health;
mod shared;
mod stream;

use std::pin::Pin;

pub use calls::{call_counts, code_place, method_place};
pub use dispatcher::{Dispatcher, is_open, opening_response, refusal_response, request_timeout};
pub use explanation::explain;
use futures_util::Stream;
pub use health::DrainingHealth;
use jiff::civil::Date;
pub use shared::{ResponseBody, SharedRates, arrived};
use tonic::{Request, Response, Status};

use crate::access::{Identity, counted, counted_in};
use crate::callers::{Caller, Quotas, costs};
use crate::domain::{Field, RateFilter, Refusal};
use crate::feed::{Subscription, Transport};
use crate::pb;
use crate::pb::rate_service_server::RateService;
use crate::queries::{Queries, parse_date, parse_pair, rows_of_page};
use crate::query_threads::render;
use crate::wire::{
    to_convert_response, to_currencies_response, to_fixings_response, to_history_response,
    to_pairs_response, to_past_rate_response, to_past_snapshot_response, to_periods_response,
    to_rate_response, to_snapshot_response, to_sources_response, to_subscribe,
};

/// The service.
#[derive(Debug, Clone)]
pub struct Rates {
    queries: Queries,
    transport: Transport,
    quotas: Quotas,
}

impl Rates {
    /// Renders what `queries` answers.
    pub fn new(queries: Queries) -> Self {
        Self {
            queries,
            transport: Transport::Grpc,
            quotas: Quotas::default(),
        }
    }

    /// The same, where what a question about the past costs is taken from the quota of its client.
    #[must_use]
    pub fn limited(self, quotas: Quotas) -> Self {
        Self { quotas, ..self }
    }

    /// The same service for browsers, which reach it over gRPC-Web.
    #[must_use]
    pub fn over_grpc_web(self) -> Self {
        Self {
            transport: Transport::GrpcWeb,
            ..self
        }
    }

    /// The quotas.
    pub fn quotas(&self) -> Quotas {
        self.quotas.clone()
    }

    /// Takes what a request costs from the quota of its client, beside what was taken before it was read.
    fn charge<T>(&self, request: &Request<T>, cost: u32) -> Result<(), Refusal> {
        match counted_in(request.extensions()) {
            Some(client) => Ok(self.quotas.charge_rest(&client, cost)?),
            None => Ok(()),
        }
    }

    fn filter(&self, filter: Option<pb::RateFilter>) -> Result<RateFilter, Refusal> {
        let pb::RateFilter { pairs } = filter.unwrap_or_default();
        self.queries.filter(&pairs)
    }

    fn wanted(&self, filter: Option<pb::RateFilter>) -> Result<RateFilter, Refusal> {
        let pb::RateFilter { pairs } = filter.unwrap_or_default();
        self.queries.wanted(&pairs)
    }

    fn subscribe(
        &self,
        request: pb::WatchRatesRequest,
        (caller, identity): (Option<Caller>, Option<&Identity>),
    ) -> Result<Subscription, Refusal> {
        let request = to_subscribe(request, |pairs| self.queries.wanted(pairs))?;
        let client = counted(caller, identity);
        let mut subscription = self.queries.subscribe(request, client)?;
        if let Some(identity) = identity {
            subscription = subscription.until(identity.ended());
        }
        Ok(match self.transport {
            Transport::Grpc => subscription,
            other => subscription.over(other),
        })
    }
}

/// What a question costs that may be about a date.
fn of_date(date: Option<&str>) -> u32 {
    match date {
        None | Some("") => costs::REQUEST,
        Some(_past) => costs::PAST,
    }
}

/// What a page of the past costs.
fn of_page(size: Option<i32>) -> u32 {
    costs::page(rows_of_page(size.unwrap_or_default()))
}

/// The date of a request that asks about the past.
fn past(date: Option<String>) -> Result<Option<Date>, Refusal> {
    parse_date(Field::Date, &date.unwrap_or_default())
}

#[tonic::async_trait]
impl RateService for Rates {
    async fn get_snapshot(
        &self,
        request: Request<pb::GetSnapshotRequest>,
    ) -> Result<Response<pb::GetSnapshotResponse>, Status> {
        let snapshot = self.queries.snapshot()?;
        self.charge(&request, of_date(request.get_ref().date.as_deref()))?;
        let pb::GetSnapshotRequest { filter, date } = request.into_inner();
        let filter = self.filter(filter)?;
        Ok(Response::new(match past(date)? {
            None => to_snapshot_response(&snapshot, &snapshot.rates(&filter)),
            Some(date) => {
                let past = self.queries.rates_on(&filter, date).await?;
                render(move || to_past_snapshot_response(&past)).await?
            }
        }))
    }

    async fn get_rate(
        &self,
        request: Request<pb::GetRateRequest>,
    ) -> Result<Response<pb::GetRateResponse>, Status> {
        let snapshot = self.queries.snapshot()?;
        self.charge(&request, of_date(request.get_ref().date.as_deref()))?;
        let pb::GetRateRequest { pair, date } = request.into_inner();
        let pair = parse_pair(&pair)?;
        Ok(Response::new(match past(date)? {
            None => to_rate_response(&snapshot, &self.queries.rate(&snapshot, pair)?),
            Some(date) => to_past_rate_response(&self.queries.rate_on(pair, date).await?),
        }))
    }

    type WatchRatesStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchRatesResponse, Status>> + Send>>;

    async fn watch_rates(
        &self,
        request: Request<pb::WatchRatesRequest>,
    ) -> Result<Response<Self::WatchRatesStream>, Status> {
        let caller = request.extensions().get().copied();
        let identity = request.extensions().get().cloned();
        let of_client = (caller, identity.as_ref());
        let subscription = self.subscribe(request.into_inner(), of_client)?;
        let messages = stream::messages(subscription, self.queries.clone());
        Ok(Response::new(Box::pin(messages)))
    }

    async fn convert_amount(
        &self,
        request: Request<pb::ConvertAmountRequest>,
    ) -> Result<Response<pb::ConvertAmountResponse>, Status> {
        self.charge(&request, of_date(request.get_ref().date.as_deref()))?;
        let converted = self.queries.convert(request.get_ref().into()).await?;
        Ok(Response::new(to_convert_response(&converted)))
    }

    async fn list_fixings(
        &self,
        request: Request<pb::ListFixingsRequest>,
    ) -> Result<Response<pb::ListFixingsResponse>, Status> {
        self.charge(&request, of_page(request.get_ref().page_size))?;
        let page = self.queries.fixings(request.get_ref().into()).await?;
        let answer = render(move || to_fixings_response(page)).await?;
        Ok(Response::new(answer))
    }

    async fn list_rate_history(
        &self,
        request: Request<pb::ListRateHistoryRequest>,
    ) -> Result<Response<pb::ListRateHistoryResponse>, Status> {
        self.charge(&request, of_page(request.get_ref().page_size))?;
        let page = self.queries.history(request.get_ref().try_into()?).await?;
        let answer = render(move || to_history_response(&page)).await?;
        Ok(Response::new(answer))
    }

    async fn list_period_rates(
        &self,
        request: Request<pb::ListPeriodRatesRequest>,
    ) -> Result<Response<pb::ListPeriodRatesResponse>, Status> {
        self.charge(&request, of_page(request.get_ref().page_size))?;
        let query = request.get_ref().try_into()?;
        let page = self.queries.period_rates(query).await?;
        let answer = render(move || to_periods_response(&page)).await?;
        Ok(Response::new(answer))
    }

    async fn list_sources(
        &self,
        _request: Request<pb::ListSourcesRequest>,
    ) -> Result<Response<pb::ListSourcesResponse>, Status> {
        let details = self.queries.sources()?;
        Ok(Response::new(to_sources_response(&details)))
    }

    async fn list_currencies(
        &self,
        _request: Request<pb::ListCurrenciesRequest>,
    ) -> Result<Response<pb::ListCurrenciesResponse>, Status> {
        let found = self.queries.currencies().await?;
        Ok(Response::new(to_currencies_response(&found)))
    }

    async fn list_pairs(
        &self,
        request: Request<pb::ListPairsRequest>,
    ) -> Result<Response<pb::ListPairsResponse>, Status> {
        let page = self.queries.pairs(request.get_ref().into()).await?;
        Ok(Response::new(to_pairs_response(&page)))
    }
}
