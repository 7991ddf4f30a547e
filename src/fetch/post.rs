//! Requests that carry a document to a receiver of webhooks: within strict limits, through the same proxies and with the same
//! certificate authorities as requests to the banks.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use crate::config::Http;
use crate::fetch::error::transport;
use crate::fetch::retry_after::retry_after;
use crate::fetch::{FetchError, address, proxy, tls};

/// How much of an answer is read: enough for the sentence in which a receiver says what is wrong.
pub const ANSWER_BYTES_MAX: usize = 4 * 1024;
/// The `User-Agent`.
const USER_AGENT: &str = concat!("silkrate/", env!("CARGO_PKG_VERSION"));
/// Idle connections kept to a receiver: it is sent one request at a time.
const IDLE_CONNECTIONS: usize = 1;

/// The HTTP client of one receiver.
#[derive(Debug)]
pub struct Poster {
    client: Client,
    url: Url,
    timeout: Duration,
}

/// The answer of a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostAnswer {
    /// The status.
    pub status: u16,
    /// The delay that the receiver demands before the next request, at most a day.
    pub retry_after: Option<Duration>,
    /// The beginning of the body, at most [`ANSWER_BYTES_MAX`] bytes.
    pub body: Vec<u8>,
}

impl Poster {
    /// Builds the client for an address. Nothing is sent.
    ///
    /// # Errors
    /// When the address, the proxy or the certificate authorities cannot be used.
    pub fn new(http: &Http, url: &str, timeout: Duration) -> Result<Self, FetchError> {
        let url = address(url)?;
        let tls = tls::client_config(&http.ca, http.extra_ca.iter(), url.scheme() == "https")?;
        let builder = Client::builder()
            // A redirect could lead what is signed for one receiver to another.
            .redirect(Policy::none())
            .no_proxy()
            .no_gzip()
            .http1_only()
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .connect_timeout(http.connect_timeout)
            .timeout(timeout)
            .user_agent(USER_AGENT)
            .tls_backend_preconfigured(tls);
        let builder = match proxy::chosen(&http.proxy, &url) {
            Some(proxy) => builder.proxy(proxy::client_proxy(proxy)?),
            None => builder,
        };
        let client = builder
            .build()
            .map_err(|error| FetchError::Client(error.without_url().to_string()))?;
        Ok(Self {
            client,
            url,
            timeout,
        })
    }

    /// Scheme, host and port of the address, which contain no token.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Sends a JSON document once. A redirect is an answer like any other.
    ///
    /// # Errors
    /// If there is no answer within the time-out. The error does not contain the address.
    pub async fn post(&self, headers: HeaderMap, body: Bytes) -> Result<PostAnswer, FetchError> {
        let json = HeaderValue::from_static("application/json");
        let request = self.client.post(self.url.clone()).headers(headers);
        let request = request.header(CONTENT_TYPE, json).body(body);
        let mut response = request.send().await.map_err(|error| self.failure(error))?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers(), Timestamp::now());
        let mut body = Vec::new();
        // The status is the answer. A body that breaks off, or that is endless, does not change it.
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = ANSWER_BYTES_MAX.saturating_sub(body.len());
            body.extend(chunk.iter().take(room));
            if body.len() >= ANSWER_BYTES_MAX {
                break;
            }
        }
        Ok(PostAnswer {
            status,
            retry_after,
            body,
        })
    }

    fn failure(&self, error: reqwest::Error) -> FetchError {
        let error = error.without_url();
        if error.is_timeout() {
            FetchError::TotalTimeout(self.timeout)
        } else {
            transport(&error)
        }
    }
}
