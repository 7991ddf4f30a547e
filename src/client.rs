//! A client of the service: unary calls with a deadline, and [`Watch`], a subscription that reconnects and resumes.
//! [`Admin`] calls the operators' port. The commands are built on it, and it is an example for clients in other languages.
//!
#![doc = include_str!("client/README.md")]

#[cfg(feature = "service")]
mod connector;
mod handshake;
mod error;
mod address;
mod key;
mod rows;
mod watch;
mod admin;
#[cfg(feature = "service")]
mod probe;

use std::time::Duration;

use address::Address;
pub use address::{ClientIdentity, ClientOptions};
pub use admin::Admin;
#[cfg(feature = "service")]
pub use connector::Connector;
pub use error::{ClientError, Violation};
pub use handshake::HandshakeFault;
use http::Uri;
use jiff::civil::Date;
pub use key::AccessKey;
use key::WithKey;
#[cfg(feature = "service")]
pub(crate) use probe::ProbeAnswer;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
pub use watch::{Watch, WatchEvent, WatchOptions};

pub use crate::backoff::Backoff;
use crate::pb::rate_service_client::RateServiceClient;
use crate::pb::{
    ConvertAmountRequest, ConvertAmountResponse, GetRateRequest, GetRateResponse,
    GetSnapshotRequest, GetSnapshotResponse, ListCurrenciesRequest, ListCurrenciesResponse,
    ListFixingsRequest, ListFixingsResponse, ListPairsRequest, ListPairsResponse,
    ListPeriodRatesRequest, ListPeriodRatesResponse, ListRateHistoryRequest,
    ListRateHistoryResponse, ListSourcesRequest, ListSourcesResponse, RateFilter,
};

/// A running server accepts within a second, from anywhere; a lost packet costs a few more.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Responses come from memory: a longer wait has no prospect.
const UNARY_TIMEOUT: Duration = Duration::from_secs(10);
/// A snapshot of the widest filter, 256 stars with a row of 1 kB for each pair, is smaller.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A client of one server. It connects at the first call, and makes a new connection for each.
///
/// ```no_run
/// use silkrate::client::{Client, ClientError};
///
/// # async fn example() -> Result<(), ClientError> {
/// let client = Client::new("http://127.0.0.1:50051")?;
/// let rate = client.rate("KZT/USD").await?.rate.unwrap_or_default();
/// assert_eq!(rate.pair, "KZT/USD");
/// match client.rate("EUR/GBP").await {
///     Err(ClientError::Refused { message, .. }) => println!("{message}"),
///     other => println!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    address: Address,
    /// The connection of all calls; `None`: each call has its own.
    connection: Option<Channel>,
    /// Makes the connections; `None`: they are of TCP.
    #[cfg(feature = "service")]
    connector: Option<Connector>,
}

/// A connection on which each call has the key of the client.
type KeyedChannel = InterceptedService<Channel, WithKey>;

impl Client {
    /// A client for a URL such as `http://127.0.0.1:50051` or `https://rates.example/fx`: a host, optionally a port, and
    /// optionally the path under which a proxy serves the methods. Over `https://` the server must have a certificate of an
    /// authority that the machine trusts. Nothing is sent before the first call.
    ///
    /// # Errors
    /// When the URL has another form, or the machine trusts no authority.
    ///
    /// ```
    /// use silkrate::client::{Client, ClientError};
    ///
    /// assert_eq!(Client::new("http://rates.example/fx/")?.url(), "http://rates.example/fx");
    /// assert!(Client::new("rates.example:50051").is_err());
    /// # Ok::<(), ClientError>(())
    /// ```
    pub fn new(url: &str) -> Result<Self, ClientError> {
        Self::with_options(url, &ClientOptions::default())
    }

    /// A client that connects in the way of the options.
    ///
    /// # Errors
    /// As for [`Client::new`], when the file of authorities cannot be used, and when a key would be sent without TLS over a
    /// network.
    ///
    /// ```no_run
    /// use silkrate::client::{Client, ClientError, ClientOptions};
    ///
    /// # fn example() -> Result<Client, ClientError> {
    /// let options = ClientOptions {
    ///     ca_file: Some("/etc/ssl/private-ca.pem".into()),
    ///     ..ClientOptions::default()
    /// };
    /// Client::with_options("https://rates.intern.example", &options)
    /// # }
    /// ```
    pub fn with_options(url: &str, options: &ClientOptions) -> Result<Self, ClientError> {
        Ok(Self {
            address: Address::new(url, options)?,
            connection: None,
            #[cfg(feature = "service")]
            connector: None,
        })
    }

    /// The same client with one connection for all its calls, for a caller that comes back every second. It is opened by the
    /// first call, and again after it was lost. Only in a runtime.
    #[cfg(feature = "service")]
    pub(crate) fn on_one_connection(self) -> Self {
        let (channel, _) = self.channel();
        Self {
            connection: Some(channel),
            ..self
        }
    }

    /// The same client over connections that the caller makes. The URL says what the requests name, and whether they are over
    /// TLS.
    #[cfg(feature = "service")]
    #[must_use]
    pub fn through(self, connector: Connector) -> Self {
        Self {
            connector: Some(connector),
            ..self
        }
    }

    /// The URL.
    pub fn url(&self) -> &str {
        &self.address.url
    }

    /// The host and the port of a URL that is `http://` and has no path; none of another.
    #[cfg(feature = "service")]
    pub(crate) fn plain_authority(&self) -> Option<&str> {
        let uri = self.address.endpoint.uri();
        let is_plain = uri.scheme_str() == Some("http") && self.address.prefix.path() == "/";
        let authority = uri.authority().filter(|_| is_plain);
        authority.map(http::uri::Authority::as_str)
    }

    /// The header with the key of every call, if there is one.
    #[cfg(feature = "service")]
    pub(crate) fn authorization(&self) -> Option<http::HeaderValue> {
        self.address.key.as_ref().map(AccessKey::header)
    }

    /// A connection, which is opened by its first call, and the path before that of each method.
    fn channel(&self) -> (Channel, Uri) {
        let Address {
            url: _,
            endpoint,
            prefix,
            key: _,
        } = &self.address;
        let kept = self.connection.clone();
        #[cfg(feature = "service")]
        let connect = || match &self.connector {
            Some(connector) => endpoint.connect_with_connector_lazy(connector.dialer()),
            None => endpoint.connect_lazy(),
        };
        #[cfg(not(feature = "service"))]
        let connect = || endpoint.connect_lazy();
        let channel = kept.unwrap_or_else(connect);
        (channel, prefix.clone())
    }

    /// The same connection, on which each call has the key of the client.
    fn keyed_channel(&self) -> (KeyedChannel, Uri) {
        let (channel, prefix) = self.channel();
        let with_key = WithKey(self.address.key.clone());
        (InterceptedService::new(channel, with_key), prefix)
    }

    /// The generated client, on a connection of its own that is opened by the first call.
    fn connect(&self) -> RateServiceClient<KeyedChannel> {
        let (channel, prefix) = self.keyed_channel();
        RateServiceClient::with_origin(channel, prefix).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// The latest rates of the pairs; without pairs, those of the server's ticker.
    pub async fn snapshot(&self, pairs: &[String]) -> Result<GetSnapshotResponse, ClientError> {
        let mut client = self.connect();
        let request = GetSnapshotRequest {
            filter: filter(pairs),
            date: None,
        };
        self.answer(client.get_snapshot(request)).await
    }

    /// The rates of the pairs as they stood at the end of a day; without pairs, those of the server's ticker.
    pub async fn snapshot_on(
        &self,
        pairs: &[String],
        date: Date,
    ) -> Result<GetSnapshotResponse, ClientError> {
        let mut client = self.connect();
        let request = GetSnapshotRequest {
            filter: filter(pairs),
            date: Some(date.to_string()),
        };
        self.answer(client.get_snapshot(request)).await
    }

    /// The latest rate of one pair.
    pub async fn rate(&self, pair: &str) -> Result<GetRateResponse, ClientError> {
        self.get_rate(pair, None).await
    }

    /// The rate of one pair as it stood at the end of a day.
    pub async fn rate_on(&self, pair: &str, date: Date) -> Result<GetRateResponse, ClientError> {
        self.get_rate(pair, Some(date)).await
    }

    async fn get_rate(
        &self,
        pair: &str,
        date: Option<Date>,
    ) -> Result<GetRateResponse, ClientError> {
        let mut client = self.connect();
        let request = GetRateRequest {
            pair: pair.to_owned(),
            date: date.map(|date| date.to_string()),
        };
        self.answer(client.get_rate(request)).await
    }

    /// Every source, with its state and the result of its polls.
    pub async fn sources(&self) -> Result<ListSourcesResponse, ClientError> {
        let mut client = self.connect();
        self.answer(client.list_sources(ListSourcesRequest {}))
            .await
    }

    /// Every currency that a source quotes: its names, who quotes it, and since when.
    pub async fn currencies(&self) -> Result<ListCurrenciesResponse, ClientError> {
        let mut client = self.connect();
        self.answer(client.list_currencies(ListCurrenciesRequest {}))
            .await
    }

    /// One page of the pairs that have a rate. A request with the response's `next_page_token` returns the next page.
    pub async fn pairs(&self, request: ListPairsRequest) -> Result<ListPairsResponse, ClientError> {
        self.answer(self.connect().list_pairs(request)).await
    }

    /// An amount of one currency in another, and the rate used.
    ///
    /// ```no_run
    /// use silkrate::client::{Client, ClientError};
    /// use silkrate::pb::ConvertAmountRequest;
    ///
    /// # async fn example() -> Result<(), ClientError> {
    /// let client = Client::new("http://127.0.0.1:50051")?;
    /// let request = ConvertAmountRequest {
    ///     amount: "1000".to_owned(),
    ///     from_currency: "USD".to_owned(),
    ///     to_currency: "KZT".to_owned(),
    ///     ..ConvertAmountRequest::default()
    /// };
    /// println!("{} KZT", client.convert(request).await?.result);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn convert(
        &self,
        request: ConvertAmountRequest,
    ) -> Result<ConvertAmountResponse, ClientError> {
        self.answer(self.connect().convert_amount(request)).await
    }

    /// One page of the fixings that a source published for a currency, newest date first. A request with the response's
    /// `next_page_token` returns the next page.
    pub async fn fixings(
        &self,
        request: ListFixingsRequest,
    ) -> Result<ListFixingsResponse, ClientError> {
        self.answer(self.connect().list_fixings(request)).await
    }

    /// One page of the rates of pairs over time, newest first. A request with the response's `next_page_token` returns the
    /// next page.
    pub async fn rate_history(
        &self,
        request: ListRateHistoryRequest,
    ) -> Result<ListRateHistoryResponse, ClientError> {
        self.answer(self.connect().list_rate_history(request)).await
    }

    /// One page of the first, last, highest, lowest and average rates of pairs in periods, newest first.
    pub async fn period_rates(
        &self,
        request: ListPeriodRatesRequest,
    ) -> Result<ListPeriodRatesResponse, ClientError> {
        self.answer(self.connect().list_period_rates(request)).await
    }

    /// Awaits a response until the deadline of unary calls.
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
            Ok(Err(status)) => Err(ClientError::of(self.url(), &status)),
            Err(_elapsed) => Err(ClientError::Silent {
                url: self.url().to_owned(),
                after: limit,
            }),
        }
    }
}

fn filter(pairs: &[String]) -> Option<RateFilter> {
    let pairs = pairs.to_vec();
    (!pairs.is_empty()).then_some(RateFilter { pairs })
}
