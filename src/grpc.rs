//! The service of the contract: checks a request, asks the board or the feed, converts.

mod dispatcher;
mod health;
mod history;
mod page;
mod history_reader;
mod shared;
mod stream;

use std::pin::Pin;
use std::sync::Arc;

pub use dispatcher::Dispatcher;
use futures_util::Stream;
pub use health::DrainingHealth;
pub use shared::{Answer, SharedRates};
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use crate::clock::Clock;
use crate::domain::{Pair, RateFilter, Snapshot};
use crate::feed::{Feed, Subscribe, Subscription};
use crate::grpc::history_reader::HistoryReader;
use crate::ledger::LedgerReader;
use crate::pb;
use crate::pb::rate_service_server::RateService;
use crate::wire::{self, refusal};

/// The service.
#[derive(Debug, Clone)]
pub struct Rates {
    feed: Feed,
    past: HistoryReader,
    ticker: RateFilter,
    clock: Clock,
}

impl Rates {
    /// Answers from a feed, and about the past from the ledger, while there is one; an empty filter means the ticker's
    /// pairs.
    pub fn new(
        feed: Feed,
        ledger: watch::Receiver<Option<LedgerReader>>,
        ticker: RateFilter,
        clock: Clock,
    ) -> Self {
        Self {
            past: HistoryReader::new(feed.board().clone(), ledger),
            feed,
            ticker,
            clock,
        }
    }

    fn filter(&self, filter: Option<pb::RateFilter>) -> Result<RateFilter, Status> {
        let pairs = filter.unwrap_or_default().pairs;
        let filter = RateFilter::parse(&pairs).map_err(|error| refusal::invalid_filter(&error))?;
        Ok(if filter.is_empty() {
            self.ticker.clone()
        } else {
            filter
        })
    }

    /// What is served now, unless nothing is any more.
    fn present(&self) -> Result<Arc<Snapshot>, Status> {
        self.accepting()?;
        Ok(self.feed.board().snapshot())
    }

    fn rate_wanted(&self, request: &pb::GetRateRequest) -> Result<(Pair, Arc<Snapshot>), Status> {
        let snapshot = self.present()?;
        let pair = Pair::parse(&request.pair);
        let pair = pair.map_err(|error| refusal::invalid_pair("pair", &error.to_string()))?;
        Ok((pair, snapshot))
    }

    fn subscribe(&self, request: pb::WatchRatesRequest) -> Result<Subscription, Status> {
        self.accepting()?;
        let pb::WatchRatesRequest {
            filter,
            resume_after,
            min_interval,
            updates_only,
        } = request;
        let min_interval = min_interval.as_ref().map(wire::from_duration);
        let wanted = Subscribe {
            filter: self.filter(filter)?,
            resume_after: resume_after.map(wire::from_position),
            min_interval: min_interval
                .unwrap_or(Some(std::time::Duration::ZERO))
                .ok_or_else(refusal::invalid_interval)?,
            updates_only,
        };
        let subscription = self.feed.subscribe(wanted);
        subscription.map_err(|error| refusal::too_many_streams(error.streams_max))
    }

    fn accepting(&self) -> Result<(), Status> {
        if self.feed.is_draining() {
            Err(refusal::draining())
        } else {
            Ok(())
        }
    }
}

#[tonic::async_trait]
impl RateService for Rates {
    async fn get_snapshot(
        &self,
        request: Request<pb::GetSnapshotRequest>,
    ) -> Result<Response<pb::GetSnapshotResponse>, Status> {
        let snapshot = self.present()?;
        let filter = self.filter(request.into_inner().filter)?;
        Ok(Response::new(snapshot_answer(&filter, &snapshot)))
    }

    async fn get_rate(
        &self,
        request: Request<pb::GetRateRequest>,
    ) -> Result<Response<pb::GetRateResponse>, Status> {
        let (pair, snapshot) = self.rate_wanted(&request.into_inner())?;
        rate_answer(pair, &snapshot).map(Response::new)
    }

    type WatchRatesStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchRatesResponse, Status>> + Send>>;

    async fn watch_rates(
        &self,
        request: Request<pb::WatchRatesRequest>,
    ) -> Result<Response<Self::WatchRatesStream>, Status> {
        let subscription = self.subscribe(request.into_inner())?;
        Ok(Response::new(Box::pin(stream::messages(
            subscription,
            self.clock.clone(),
        ))))
    }

    async fn convert_amount(
        &self,
        request: Request<pb::ConvertAmountRequest>,
    ) -> Result<Response<pb::ConvertAmountResponse>, Status> {
        self.accepting()?;
        self.convert(request.into_inner()).await.map(Response::new)
    }

    async fn list_fixings(
        &self,
        request: Request<pb::ListFixingsRequest>,
    ) -> Result<Response<pb::ListFixingsResponse>, Status> {
        self.accepting()?;
        self.fixings(request.into_inner()).await.map(Response::new)
    }

    async fn list_rate_history(
        &self,
        request: Request<pb::ListRateHistoryRequest>,
    ) -> Result<Response<pb::ListRateHistoryResponse>, Status> {
        self.accepting()?;
        self.history(request.into_inner()).await.map(Response::new)
    }

    async fn list_sources(
        &self,
        _request: Request<pb::ListSourcesRequest>,
    ) -> Result<Response<pb::ListSourcesResponse>, Status> {
        self.accepting()?;
        let board = self.feed.board();
        let details = board.details(&board.snapshot());
        Ok(Response::new(pb::ListSourcesResponse {
            sources: details.iter().map(wire::to_source_detail).collect(),
        }))
    }
}

fn snapshot_answer(filter: &RateFilter, snapshot: &Snapshot) -> pb::GetSnapshotResponse {
    pb::GetSnapshotResponse {
        position: Some(wire::to_position(&snapshot.position)),
        rates: wire::to_rates(&snapshot.rates(filter)),
        sources: wire::to_source_states(snapshot),
    }
}

fn rate_answer(pair: Pair, snapshot: &Snapshot) -> Result<pb::GetRateResponse, Status> {
    let rate = snapshot.rate(pair);
    let rate = rate.ok_or_else(|| refusal::not_quoted(pair))?;
    Ok(pb::GetRateResponse {
        position: Some(wire::to_position(&snapshot.position)),
        rate: Some(wire::to_rate(&rate)),
    })
}
