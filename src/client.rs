//! A client of the service: unary calls with a deadline, and [`Watch`], a subscription that reconnects and resumes.
//! [`Admin`] calls the operators' port. The commands are built on it, and it is an example for clients in other languages.
//!
#![doc = include_str!("client/README.md")]

mod handshake;
mod error;
mod address;
mod key;
mod servers;
#[cfg(feature = "service")]
mod connector;
mod rows;
mod watch;
mod admin;
#[cfg(feature = "service")]
mod probe;

use std::time::Duration;

pub use address::{ClientIdentity, ClientOptions};
pub use admin::Admin;
#[cfg(feature = "service")]
pub use connector::Connector;
pub use error::{ClientError, Violation};
pub use handshake::HandshakeFault;
use jiff::civil::Date;
pub use key::AccessKey;
#[cfg(feature = "service")]
pub(crate) use probe::ProbeAnswer;
use servers::{KeyedChannel, Server, Servers};
use tonic::{Response, Status};
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

/// A client of a server, or of several that serve the same. It connects at the first call, and makes a new connection for
/// each.
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
    servers: Servers,
}

impl Client {
    /// A client for a URL such as `http://127.0.0.1:50051` or `https://rates.example/fx`: a host, optionally a port, and
    /// optionally the path under which a proxy serves the methods. Over `https://` the server must have a certificate of an
    /// authority that the machine trusts. Nothing is sent before the first call.
    ///
    /// Several URLs, with commas between them, are those of replicas. The first one is called, and where it does not answer
    /// the next one, which is called first from then on.
    ///
    /// # Errors
    /// When a URL has another form, or the machine trusts no authority.
    ///
    /// ```
    /// use silkrate::client::{Client, ClientError};
    ///
    /// assert_eq!(Client::new("http://rates.example/fx/")?.url(), "http://rates.example/fx");
    /// assert!(Client::new("http://10.0.0.1:50051,http://10.0.0.2:50051").is_ok());
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
        let servers = Servers::new(url, options)?;
        Ok(Self { servers })
    }

    /// A client of one server: several URLs are none.
    fn at_one(url: &str, options: &ClientOptions) -> Result<Self, ClientError> {
        let servers = Servers::of([url], options)?;
        Ok(Self { servers })
    }

    /// The same client with one connection to each server for all its calls, for a caller that comes back every second. It is
    /// opened by the first call, and again after it was lost. Only in a runtime.
    #[cfg(feature = "service")]
    pub(crate) fn on_one_connection(self) -> Self {
        let servers = self.servers.on_one_connection();
        Self { servers }
    }

    /// The same client over connections that the caller makes. The URL says what the requests name, and whether they are over
    /// TLS.
    #[cfg(feature = "service")]
    #[must_use]
    pub fn through(self, connector: Connector) -> Self {
        let servers = self.servers.through(connector);
        Self { servers }
    }

    /// The URL of the server that is called first.
    pub fn url(&self) -> &str {
        &self.server().address.url
    }

    /// The host and the port of that URL if it is `http://` and has no path; none of another.
    #[cfg(feature = "service")]
    pub(crate) fn plain_authority(&self) -> Option<&str> {
        let address = &self.server().address;
        let uri = address.endpoint.uri();
        let is_plain = uri.scheme_str() == Some("http") && address.prefix.path() == "/";
        let authority = uri.authority().filter(|_| is_plain);
        authority.map(http::uri::Authority::as_str)
    }

    /// The header with the key of every call, if there is one.
    #[cfg(feature = "service")]
    pub(crate) fn authorization(&self) -> Option<http::HeaderValue> {
        self.server().address.key.as_ref().map(AccessKey::header)
    }

    /// The server that is called first.
    fn server(&self) -> &Server {
        self.servers.get(self.servers.current())
    }

    /// The latest rates of the pairs; without pairs, those of the server's ticker.
    pub async fn snapshot(&self, pairs: &[String]) -> Result<GetSnapshotResponse, ClientError> {
        let request = GetSnapshotRequest {
            filter: filter(pairs),
            date: None,
        };
        self.ask(|mut client| {
            let request = request.clone();
            async move { client.get_snapshot(request).await }
        })
        .await
    }

    /// The rates of the pairs as they stood at the end of a day; without pairs, those of the server's ticker.
    pub async fn snapshot_on(
        &self,
        pairs: &[String],
        date: Date,
    ) -> Result<GetSnapshotResponse, ClientError> {
        let request = GetSnapshotRequest {
            filter: filter(pairs),
            date: Some(date.to_string()),
        };
        self.ask(|mut client| {
            let request = request.clone();
            async move { client.get_snapshot(request).await }
        })
        .await
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
        let request = GetRateRequest {
            pair: pair.to_owned(),
            date: date.map(|date| date.to_string()),
        };
        self.ask(|mut client| {
            let request = request.clone();
            async move { client.get_rate(request).await }
        })
        .await
    }

    /// Every source, with its state and the result of its polls.
    pub async fn sources(&self) -> Result<ListSourcesResponse, ClientError> {
        self.ask(|mut client| async move { client.list_sources(ListSourcesRequest {}).await })
            .await
    }

    /// Every currency that a source quotes: its names, who quotes it, and since when.
    pub async fn currencies(&self) -> Result<ListCurrenciesResponse, ClientError> {
        self.ask(|mut client| async move { client.list_currencies(ListCurrenciesRequest {}).await })
            .await
    }

    /// One page of the pairs that have a rate. A request with the response's `next_page_token` returns the next page.
    pub async fn pairs(&self, request: ListPairsRequest) -> Result<ListPairsResponse, ClientError> {
        self.ask(|mut client| {
            let request = request.clone();
            async move { client.list_pairs(request).await }
        })
        .await
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
        self.ask(|mut client| {
            let request = request.clone();
            async move { client.convert_amount(request).await }
        })
        .await
    }

    /// One page of the fixings that a source published for a currency, newest date first. A request with the response's
    /// `next_page_token` returns the next page.
    pub async fn fixings(
        &self,
        request: ListFixingsRequest,
    ) -> Result<ListFixingsResponse, ClientError> {
        self.ask(|mut client| {
            let request = request.clone();
            async move { client.list_fixings(request).await }
        })
        .await
    }

    /// One page of the rates of pairs over time, newest first. A request with the response's `next_page_token` returns the
    /// next page.
    pub async fn rate_history(
        &self,
        request: ListRateHistoryRequest,
    ) -> Result<ListRateHistoryResponse, ClientError> {
        self.ask(|mut client| {
            let request = request.clone();
            async move { client.list_rate_history(request).await }
        })
        .await
    }

    /// One page of the first, last, highest, lowest and average rates of pairs in periods, newest first.
    pub async fn period_rates(
        &self,
        request: ListPeriodRatesRequest,
    ) -> Result<ListPeriodRatesResponse, ClientError> {
        self.ask(|mut client| {
            let request = request.clone();
            async move { client.list_period_rates(request).await }
        })
        .await
    }

    /// Makes a call at the server that is called first, and where it does not answer, at each of the others: all calls read.
    async fn ask<T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        call: impl Fn(RateServiceClient<KeyedChannel>) -> F,
    ) -> Result<T, ClientError> {
        let mut left = self.servers.count();
        loop {
            let number = self.servers.current();
            let server = self.servers.get(number);
            let answered = server.answer_within(UNARY_TIMEOUT, call(server.connect()));
            match answered.await {
                Err(error) if error.is_of_one_server() && left > 1 => {
                    left = left.saturating_sub(1);
                    self.servers.turn_from(number);
                }
                answered => return answered,
            }
        }
    }

    /// Awaits a response of the server that is called first until a deadline.
    async fn answer_within<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, ClientError> {
        self.server().answer_within(limit, call).await
    }
}

fn filter(pairs: &[String]) -> Option<RateFilter> {
    let pairs = pairs.to_vec();
    (!pairs.is_empty()).then_some(RateFilter { pairs })
}
