//! The service of the contract: checks a request, asks the board or the feed, converts.

mod health;
mod history;
mod page;
mod past;

use std::pin::Pin;

use futures_util::{Stream, stream};
pub use health::DrainingHealth;
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use crate::clock::Clock;
use crate::domain::{Pair, RateFilter};
use crate::feed::{Feed, Subscribe, Subscription};
use crate::grpc::past::Past;
use crate::ledger::LedgerReader;
use crate::pb;
use crate::pb::rate_service_server::RateService;
use crate::wire::{self, refusal};

/// The service.
#[derive(Debug, Clone)]
pub struct Rates {
    feed: Feed,
    past: Past,
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
            past: Past::new(feed.board().clone(), ledger),
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
        self.accepting()?;
        let filter = self.filter(request.into_inner().filter)?;
        let snapshot = self.feed.board().snapshot();
        Ok(Response::new(pb::GetSnapshotResponse {
            position: Some(wire::to_position(&snapshot.position)),
            rates: wire::to_rates(&snapshot.rates(&filter)),
            sources: wire::to_source_states(&snapshot),
        }))
    }

    async fn get_rate(
        &self,
        request: Request<pb::GetRateRequest>,
    ) -> Result<Response<pb::GetRateResponse>, Status> {
        self.accepting()?;
        let pair = Pair::parse(&request.into_inner().pair);
        let pair = pair.map_err(|error| refusal::invalid_pair("pair", &error.to_string()))?;
        let snapshot = self.feed.board().snapshot();
        let rate = snapshot
            .rate(pair)
            .ok_or_else(|| refusal::not_quoted(pair))?;
        Ok(Response::new(pb::GetRateResponse {
            position: Some(wire::to_position(&snapshot.position)),
            rate: Some(wire::to_rate(&rate)),
        }))
    }

    type WatchRatesStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchRatesResponse, Status>> + Send>>;

    async fn watch_rates(
        &self,
        request: Request<pb::WatchRatesRequest>,
    ) -> Result<Response<Self::WatchRatesStream>, Status> {
        self.accepting()?;
        let pb::WatchRatesRequest {
            filter,
            resume_after,
            min_interval,
            updates_only,
        } = request.into_inner();
        let min_interval = min_interval.as_ref().map(wire::from_duration);
        let subscription = self.feed.subscribe(Subscribe {
            filter: self.filter(filter)?,
            resume_after: resume_after.map(wire::from_position),
            min_interval: min_interval
                .unwrap_or(Some(std::time::Duration::ZERO))
                .ok_or_else(refusal::invalid_interval)?,
            updates_only,
        });
        Ok(Response::new(Box::pin(messages(
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

/// The messages of a subscription, and the status that ends them.
fn messages(
    subscription: Subscription,
    clock: Clock,
) -> impl Stream<Item = Result<pb::WatchRatesResponse, Status>> + Send {
    stream::unfold(Some(subscription), move |subscription| {
        let clock = clock.clone();
        async move {
            let mut subscription = subscription?;
            match subscription.next().await {
                Some(message) => Some((
                    Ok(wire::to_message(&message, clock.now())),
                    Some(subscription),
                )),
                None => Some((Err(refusal::draining()), None)),
            }
        }
    })
}
