//! A naive server: stock tonic, numbers in a shared map that are formatted for each request, and a message that is cloned and
//! encoded for each subscriber.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use dashmap::DashMap;
use futures_util::{Stream, StreamExt, stream};
use rust_decimal::Decimal;
use silkrate::domain::parse_decimal;
use silkrate::pb;
use silkrate::pb::rate_service_server::{RateService, RateServiceServer};
use silkrate::pb::watch_rates_response::Event;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_stream::wrappers::{BroadcastStream, TcpListenerStream};
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use crate::servers::figures::{Figures, pairs};
use crate::servers::{Orders, ours};

/// The number of messages that a subscriber may lag behind.
const BEHIND_MAX: usize = 4096;

/// The numbers of a rate, and its other fields.
#[derive(Debug, Clone)]
struct Row {
    value: Decimal,
    absolute: Decimal,
    percent: Decimal,
    reference: Decimal,
    rest: pb::Rate,
}

#[derive(Debug, Clone)]
struct Naive {
    rows: Arc<DashMap<String, Row>>,
    template: pb::GetSnapshotResponse,
    updates: broadcast::Sender<pb::WatchRatesResponse>,
}

fn decimal(text: &str) -> Decimal {
    parse_decimal(text).unwrap_or_default()
}

fn row(rest: pb::Rate) -> Row {
    let change = rest.change.clone().unwrap_or_default();
    Row {
        value: decimal(&rest.value),
        absolute: decimal(&change.absolute),
        percent: decimal(&change.percent),
        reference: decimal(&change.reference_value),
        rest,
    }
}

impl Naive {
    /// With the rows of our own server, so that both send the same bytes.
    async fn new(figures: &Figures) -> Result<Self, Status> {
        let template = ours::service(figures)
            .get_snapshot(Request::new(asking(40)))
            .await?
            .into_inner();
        let rows = template.rates.iter().cloned().map(row);
        Ok(Self {
            rows: Arc::new(rows.map(|row| (row.rest.pair.clone(), row)).collect()),
            template,
            updates: broadcast::Sender::new(BEHIND_MAX),
        })
    }

    fn rates(&self, filter: Option<pb::RateFilter>) -> Vec<pb::Rate> {
        let pairs = filter.unwrap_or_default().pairs;
        let rate = |pair: String| {
            let row = self.rows.get(&pair)?;
            let mut rate = row.rest.clone();
            rate.value = row.value.to_string();
            if let Some(change) = &mut rate.change {
                change.absolute = row.absolute.to_string();
                change.percent = row.percent.to_string();
                change.reference_value = row.reference.to_string();
            }
            Some(rate)
        };
        pairs.into_iter().filter_map(rate).collect()
    }

    /// Sends new rates to every subscriber.
    fn publish(&self, revision: u64, wanted: usize) {
        let mut message = self.message(revision);
        let update = pb::Update {
            rates: self.rates(asking(wanted).filter),
            sources: self.template.sources.clone(),
            commits: 1,
            ..pb::Update::default()
        };
        message.event = Some(Event::Update(update));
        // It is no failure if there is no subscriber.
        drop(self.updates.send(message));
    }

    fn message(&self, revision: u64) -> pb::WatchRatesResponse {
        let mut position = self.template.position.clone().unwrap_or_default();
        position.revision = revision;
        pb::WatchRatesResponse {
            position: Some(position),
            event: None,
        }
    }
}

fn asking(count: usize) -> pb::GetSnapshotRequest {
    let pairs = pairs(count);
    pb::GetSnapshotRequest {
        filter: Some(pb::RateFilter { pairs }),
        ..pb::GetSnapshotRequest::default()
    }
}

/// Serves until the process ends, and publishes a number of pairs on each order.
pub(crate) async fn serve(wanted: usize) -> io::Result<()> {
    let naive = Naive::new(&Figures::new())
        .await
        .map_err(io::Error::other)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut orders = Orders::begin(listener.local_addr()?)?;
    let routes = Server::builder().add_service(RateServiceServer::new(naive.clone()));
    // tonic's default for sockets that it accepts itself.
    let sockets = TcpListenerStream::new(listener).inspect(|socket| {
        if let Ok(socket) = socket {
            drop(socket.set_nodelay(true));
        }
    });
    let mut revision = 1;
    let publish = || {
        revision += 1;
        naive.publish(revision, wanted);
    };
    tokio::select! {
        served = routes.serve_with_incoming(sockets) => served.map_err(io::Error::other),
        () = orders.each(publish) => Ok(()),
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl RateService for Naive {
    type WatchRatesStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchRatesResponse, Status>> + Send>>;

    async fn get_snapshot(
        &self,
        request: Request<pb::GetSnapshotRequest>,
    ) -> Answer<pb::GetSnapshotResponse> {
        Ok(Response::new(pb::GetSnapshotResponse {
            position: self.template.position.clone(),
            rates: self.rates(request.into_inner().filter),
            sources: self.template.sources.clone(),
        }))
    }

    async fn watch_rates(
        &self,
        request: Request<pb::WatchRatesRequest>,
    ) -> Answer<Self::WatchRatesStream> {
        let updates = BroadcastStream::new(self.updates.subscribe());
        let mut opening = self.message(1);
        opening.event = Some(Event::Opening(pb::Opening::default()));
        let mut snapshot = self.message(1);
        snapshot.event = Some(Event::Snapshot(pb::Snapshot {
            rates: self.rates(request.into_inner().filter),
            sources: self.template.sources.clone(),
        }));
        let lagged = |_behind| Status::data_loss("too far behind");
        let updates = updates.map(move |update| update.map_err(lagged));
        let first = stream::iter([Ok(opening), Ok(snapshot)]);
        Ok(Response::new(Box::pin(first.chain(updates))))
    }

    async fn get_rate(&self, _: Request<pb::GetRateRequest>) -> Answer<pb::GetRateResponse> {
        Err(Status::unimplemented("not measured"))
    }

    async fn convert_amount(
        &self,
        _: Request<pb::ConvertAmountRequest>,
    ) -> Answer<pb::ConvertAmountResponse> {
        Err(Status::unimplemented("not measured"))
    }

    async fn list_fixings(
        &self,
        _: Request<pb::ListFixingsRequest>,
    ) -> Answer<pb::ListFixingsResponse> {
        Err(Status::unimplemented("not measured"))
    }

    async fn list_rate_history(
        &self,
        _: Request<pb::ListRateHistoryRequest>,
    ) -> Answer<pb::ListRateHistoryResponse> {
        Err(Status::unimplemented("not measured"))
    }

    async fn list_period_rates(
        &self,
        _: Request<pb::ListPeriodRatesRequest>,
    ) -> Answer<pb::ListPeriodRatesResponse> {
        Err(Status::unimplemented("not measured"))
    }

    async fn list_currencies(
        &self,
        _: Request<pb::ListCurrenciesRequest>,
    ) -> Answer<pb::ListCurrenciesResponse> {
        Err(Status::unimplemented("not measured"))
    }

    async fn list_pairs(&self, _: Request<pb::ListPairsRequest>) -> Answer<pb::ListPairsResponse> {
        Err(Status::unimplemented("not measured"))
    }

    async fn list_sources(
        &self,
        _: Request<pb::ListSourcesRequest>,
    ) -> Answer<pb::ListSourcesResponse> {
        Err(Status::unimplemented("not measured"))
    }
}
