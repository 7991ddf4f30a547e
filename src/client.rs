//! Our own subscriber, and an example for everybody else's: unary calls with a deadline, and [`Watch`], which keeps
//! a ticker's rows current through whatever happens to the connection. [`Admin`] asks what only an operator may.

mod error;
mod rows;
mod watch;
mod admin;

use std::time::Duration;

pub use admin::Admin;
pub use error::{ClientError, Violation};
use tonic::transport::{Channel, Endpoint};
pub use watch::{Watch, WatchEvent, WatchOptions};

pub use crate::backoff::Backoff;
use crate::pb::rate_service_client::RateServiceClient;
use crate::pb::{
    ConvertAmountRequest, ConvertAmountResponse, GetRateRequest, GetRateResponse,
    GetSnapshotRequest, GetSnapshotResponse, ListFixingsRequest, ListFixingsResponse,
    ListRateHistoryRequest, ListRateHistoryResponse, ListSourcesRequest, ListSourcesResponse,
    RateFilter,
};

/// A server that is there accepts within a second, from anywhere; a packet lost on the way costs a few more.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Answers come from memory: whoever waits longer waits for nothing.
const UNARY_TIMEOUT: Duration = Duration::from_secs(10);
/// A snapshot of the widest filter, 256 stars with a row of 1 kB for each pair, stays below this.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A server's address. Nothing is sent before the first call.
#[derive(Debug, Clone)]
pub struct Client {
    url: String,
    endpoint: Endpoint,
}

impl Client {
    /// Takes a URL such as `http://127.0.0.1:50051`.
    ///
    /// # Errors
    /// When it is not `http://`, a host, and a port if need be.
    pub fn new(url: &str) -> Result<Self, ClientError> {
        let bad = |reason: &'static str| ClientError::BadUrl {
            url: url.to_owned(),
            reason,
        };
        let url = url.trim_end_matches('/');
        let authority = url.strip_prefix("http://").ok_or_else(|| {
            bad(if url.starts_with("https://") {
                "TLS is not spoken here yet; write http://"
            } else {
                "it does not begin with http://"
            })
        })?;
        if authority.is_empty() || authority.contains(['/', '?', '#', '@']) {
            return Err(bad(
                "a host and a port belong after http://, and nothing else",
            ));
        }
        // No HTTP/2 pings while nothing is asked: servers cut clients that ping too often, and the heartbeats of the
        // contract tell a live stream from a dead one.
        let endpoint = Endpoint::from_shared(url.to_owned())
            .map_err(|_not_a_uri| bad("it is not a URL"))?
            .connect_timeout(CONNECT_TIMEOUT)
            .keep_alive_while_idle(false);
        let url = url.to_owned();
        Ok(Self { url, endpoint })
    }

    /// The URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A client on a connection of its own, made when the first call needs it.
    fn connect(&self) -> RateServiceClient<Channel> {
        let channel = self.endpoint.connect_lazy();
        RateServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// The latest rates of the pairs; no pairs mean the server's ticker.
    pub async fn snapshot(&self, pairs: &[String]) -> Result<GetSnapshotResponse, ClientError> {
        let mut client = self.connect();
        let request = GetSnapshotRequest {
            filter: filter(pairs),
        };
        self.answer(client.get_snapshot(request)).await
    }

    /// The latest rate of one pair.
    pub async fn rate(&self, pair: &str) -> Result<GetRateResponse, ClientError> {
        let mut client = self.connect();
        let pair = pair.to_owned();
        self.answer(client.get_rate(GetRateRequest { pair })).await
    }

    /// Every source, and whether it works.
    pub async fn sources(&self) -> Result<ListSourcesResponse, ClientError> {
        let mut client = self.connect();
        self.answer(client.list_sources(ListSourcesRequest {}))
            .await
    }

    /// An amount of one currency in another, and the rate behind it.
    pub async fn convert(
        &self,
        request: ConvertAmountRequest,
    ) -> Result<ConvertAmountResponse, ClientError> {
        self.answer(self.connect().convert_amount(request)).await
    }

    /// One page of what a source published for a currency, newest date first. `next_page_token` of the answer asks for
    /// the page after it.
    pub async fn fixings(
        &self,
        request: ListFixingsRequest,
    ) -> Result<ListFixingsResponse, ClientError> {
        self.answer(self.connect().list_fixings(request)).await
    }

    /// One page of the rates of a pair over time, newest first. `next_page_token` of the answer asks for the page
    /// after it.
    pub async fn rate_history(
        &self,
        request: ListRateHistoryRequest,
    ) -> Result<ListRateHistoryResponse, ClientError> {
        self.answer(self.connect().list_rate_history(request)).await
    }

    /// Awaits an answer, though not for ever.
    async fn answer<T>(
        &self,
        call: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    ) -> Result<T, ClientError> {
        self.answer_within(UNARY_TIMEOUT, call).await
    }

    async fn answer_within<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    ) -> Result<T, ClientError> {
        match tokio::time::timeout(limit, call).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(ClientError::of(&self.url, &status)),
            Err(_elapsed) => Err(ClientError::Silent {
                url: self.url.clone(),
                after: limit,
            }),
        }
    }
}

fn filter(pairs: &[String]) -> Option<RateFilter> {
    let pairs = pairs.to_vec();
    (!pairs.is_empty()).then_some(RateFilter { pairs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_http_a_host_and_a_port() {
        for good in [
            "http://127.0.0.1:50051",
            "http://localhost/",
            "http://[::1]:50051",
        ] {
            assert!(Client::new(good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "localhost:50051",
            "https://localhost",
            "http://",
            "http://localhost/rates",
            "http://user@localhost",
            "http://local host",
        ] {
            let refused = Client::new(wrong);
            assert!(
                matches!(refused, Err(ClientError::BadUrl { .. })),
                "{wrong}"
            );
        }
    }
}
