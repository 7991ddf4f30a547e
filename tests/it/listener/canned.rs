//! A service of generated responses, of any length and number.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{Stream, stream};
use prost::Message;
use silkrate::pb;
use silkrate::pb::rate_service_server::RateService;
use tokio::sync::watch;
use tonic::{Request, Response, Status};

/// The service, with the bytes it produced and the number of its streams that have ended.
#[derive(Debug, Clone)]
pub(super) struct Canned {
    bytes: Arc<AtomicUsize>,
    ended: Arc<watch::Sender<usize>>,
}

impl Default for Canned {
    fn default() -> Self {
        Self {
            bytes: Arc::default(),
            ended: Arc::new(watch::Sender::new(0)),
        }
    }
}

impl Canned {
    pub(super) fn bytes_produced(&self) -> usize {
        self.bytes.load(Ordering::SeqCst)
    }

    pub(super) async fn streams_ended(&self, wanted: usize) {
        let mut ended = self.ended.subscribe();
        ended.wait_for(|ended| *ended >= wanted).await.unwrap();
    }
}

/// A request for `rows` rows.
pub(super) fn asking(rows: usize) -> pb::GetSnapshotRequest {
    let pairs = vec![String::new(); rows];
    pb::GetSnapshotRequest {
        filter: Some(pb::RateFilter { pairs }),
        ..pb::GetSnapshotRequest::default()
    }
}

/// A response of `count` rows, no two alike.
pub(super) fn rows(count: usize) -> pb::GetSnapshotResponse {
    let rate = |index: usize| pb::Rate {
        pair: "KZT/USD".to_owned(),
        value: format!("0.00196{index}"),
        effective_date: Some("2025-12-08".to_owned()),
        source: Some("nbk".repeat(20)),
        ..pb::Rate::default()
    };
    pb::GetSnapshotResponse {
        rates: (0..count).map(rate).collect(),
        ..pb::GetSnapshotResponse::default()
    }
}

/// A request for the stream, for a client without stubs.
pub(super) fn watch_request(address: SocketAddr) -> http::Request<()> {
    http::Request::post(format!(
        "http://{address}/silkrate.v1.RateService/WatchRates"
    ))
    .header("content-type", "application/grpc")
    .header("te", "trailers")
    .body(())
    .unwrap()
}

/// Counts a stream as ended once it is dropped.
struct Ending(Arc<watch::Sender<usize>>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.send_modify(|ended| *ended += 1);
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl RateService for Canned {
    type WatchRatesStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchRatesResponse, Status>> + Send>>;

    async fn get_snapshot(
        &self,
        request: Request<pb::GetSnapshotRequest>,
    ) -> Answer<pb::GetSnapshotResponse> {
        let wanted = request.into_inner().filter.unwrap_or_default().pairs.len();
        Ok(Response::new(rows(wanted)))
    }

    /// Messages without end, as fast as they are read.
    async fn watch_rates(
        &self,
        _request: Request<pb::WatchRatesRequest>,
    ) -> Answer<Self::WatchRatesStream> {
        let snapshot = pb::Snapshot {
            rates: rows(5).rates,
            ..pb::Snapshot::default()
        };
        let message = pb::WatchRatesResponse {
            event: Some(pb::watch_rates_response::Event::Snapshot(snapshot)),
            ..pb::WatchRatesResponse::default()
        };
        let (bytes, size) = (Arc::clone(&self.bytes), message.encoded_len());
        let ending = Ending(Arc::clone(&self.ended));
        let messages = stream::repeat_with(move || {
            let _held = &ending;
            bytes.fetch_add(size, Ordering::SeqCst);
            Ok(message.clone())
        });
        Ok(Response::new(Box::pin(messages)))
    }

    async fn get_rate(&self, _: Request<pb::GetRateRequest>) -> Answer<pb::GetRateResponse> {
        Err(Status::unimplemented("not canned"))
    }

    async fn convert_amount(
        &self,
        _: Request<pb::ConvertAmountRequest>,
    ) -> Answer<pb::ConvertAmountResponse> {
        Err(Status::unimplemented("not canned"))
    }

    async fn list_fixings(
        &self,
        _: Request<pb::ListFixingsRequest>,
    ) -> Answer<pb::ListFixingsResponse> {
        Err(Status::unimplemented("not canned"))
    }

    async fn list_rate_history(
        &self,
        _: Request<pb::ListRateHistoryRequest>,
    ) -> Answer<pb::ListRateHistoryResponse> {
        Err(Status::unimplemented("not canned"))
    }

    async fn list_period_rates(
        &self,
        _: Request<pb::ListPeriodRatesRequest>,
    ) -> Answer<pb::ListPeriodRatesResponse> {
        Err(Status::unimplemented("not canned"))
    }

    async fn list_currencies(
        &self,
        _: Request<pb::ListCurrenciesRequest>,
    ) -> Answer<pb::ListCurrenciesResponse> {
        Err(Status::unimplemented("not canned"))
    }

    async fn list_pairs(&self, _: Request<pb::ListPairsRequest>) -> Answer<pb::ListPairsResponse> {
        Err(Status::unimplemented("not canned"))
    }

    async fn list_sources(
        &self,
        _: Request<pb::ListSourcesRequest>,
    ) -> Answer<pb::ListSourcesResponse> {
        Err(Status::unimplemented("not canned"))
    }
}
