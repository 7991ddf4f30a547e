//! The HTTP client of a source: it requests one document at a time, within strict limits. A [`Poster`] sends documents to a
//! receiver of webhooks.
//!
//! A bank is not trusted here: its response may be late, endless, compressed a thousandfold, a redirect, or not HTTP at
//! all. In every case at most [`BODY_BYTES_MAX`] bytes of it are kept, and the request ends within the configured
//! time-outs, whatever redirects it followed. The module `sources` parses the bytes.
//!
//! The ratio of decoded to received bytes has no limit of its own. A body is decoded in pieces while it arrives, and not beyond
//! that length: a bomb takes no more time and memory than a plain document that is as long.

mod addresses;
mod connections;
mod double;
mod error;
mod post;
mod proxy;
mod redirects;
mod request;
mod retry_after;
mod tls;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::header::{
    ACCEPT, CONTENT_ENCODING, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED, LOCATION,
};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};

use crate::budget::RequestBudget;
use crate::config::{ApiKey, Http, ProxyUrl, SourceSettings, is_loopback};
use crate::fetch::addresses::PublicAddresses;
use crate::fetch::connections::SharedBudget;
pub use crate::fetch::double::BankDouble;
pub use crate::fetch::error::FetchError;
use crate::fetch::error::transport;
pub use crate::fetch::post::{ANSWER_BYTES_MAX, PostAnswer, Poster};
use crate::fetch::redirects::Cookies;
pub use crate::fetch::request::{ParsedResponse, REQUEST_PAUSE, not_found_error, request};
use crate::fetch::retry_after::retry_after;
use crate::sources::{ApiKeyPlacement, printable};

/// How much of an error page is read so that the connection can be reused; after a longer page a new one is opened.
const ERROR_PAGE_BYTES_MAX: usize = 64 * 1024;
/// The maximum length of a decoded body: the longest body of any bank has 60 kB.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The maximum length of a validator; the banks send twenty to thirty characters.
const VALIDATOR_BYTES_MAX: usize = 256;
/// Idle connections kept to a bank. Its documents are requested one after the other, and one bank drops clients that
/// open many.
const IDLE_CONNECTIONS: usize = 1;
/// The `User-Agent`. One bank answers 403 unless it begins like a browser's; this form does, and still names the
/// program and its purpose.
const USER_AGENT: &str = concat!(
    "Mozilla/5.0 (compatible; silkrate/",
    env!("CARGO_PKG_VERSION"),
    "; currency rate ticker)"
);

/// The validators of a document, for a conditional request. They are kept only for a document that was accepted: with
/// the validators of a refused one, the bank would answer 304 forever.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    etag: Option<String>,
    last_modified: Option<String>,
}

/// The response to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchResponse {
    /// The document.
    Document {
        /// Its decoded bytes, at most [`BODY_BYTES_MAX`].
        body: Vec<u8>,
        /// The validators for the next request.
        validators: Validators,
        /// The delay that the bank demands, at most a day: some vendors send their errors with status 200.
        retry_after: Option<Duration>,
    },
    /// The document is still the one that the validators belong to.
    NotModified,
}

/// The HTTP client of one source.
#[derive(Debug)]
pub struct Fetcher {
    client: Client,
    base_url: String,
    api_key_placement: ApiKeyPlacement,
    api_key: Option<ApiKey>,
    proxy: Option<ProxyUrl>,
    connect_timeout: Duration,
    read_timeout: Duration,
    total_timeout: Duration,
    /// Counts the requests; without one they are not limited.
    budget: SharedBudget,
    /// Answers in place of the network.
    double: Option<Arc<dyn BankDouble>>,
}

impl Validators {
    /// Whether the bank sent none that can be used.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    fn of(headers: &HeaderMap) -> Self {
        let usable = |name: HeaderName| {
            let value = headers.get(name)?.as_bytes();
            let plain = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
            let fits = (1..=VALIDATOR_BYTES_MAX).contains(&value.len());
            let text = str::from_utf8(value).ok()?;
            (plain && fits).then(|| text.to_owned())
        };
        Self {
            etag: usable(ETAG),
            last_modified: usable(LAST_MODIFIED),
        }
    }

    fn apply(&self, mut request: RequestBuilder) -> RequestBuilder {
        if let Some(etag) = &self.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(last_modified) = &self.last_modified {
            request = request.header(IF_MODIFIED_SINCE, last_modified);
        }
        request
    }
}

impl Fetcher {
    /// Builds the client of a source. Nothing is sent. The certificate authorities are read, unless the address is
    /// plain HTTP.
    ///
    /// # Errors
    /// When the address, the key, the proxy or the certificate authorities cannot be used.
    pub fn new(http: &Http, settings: &SourceSettings) -> Result<Self, FetchError> {
        let base = address(&settings.base_url)?;
        let key_header = match settings.source.api_key_placement {
            ApiKeyPlacement::Header(name) => settings
                .api_key
                .as_ref()
                .map(|key| sensitive(name, key))
                .transpose()?,
            ApiKeyPlacement::Open | ApiKeyPlacement::Query(_) => None,
        };
        let headers = [(ACCEPT, HeaderValue::from_static("*/*"))]
            .into_iter()
            .chain(key_header);
        let proxy = proxy::chosen(settings.proxy.as_ref().unwrap_or(&http.proxy), &base);
        let extra_ca = http.extra_ca.iter().chain(&settings.extra_ca);
        let tls = tls::client_config(&http.ca, extra_ca, base.scheme() == "https")?;
        let budget = SharedBudget::default();
        let builder = Client::builder()
            .redirect(redirects::policy(Arc::clone(&budget)))
            .cookie_provider(Arc::new(Cookies::default()))
            // The variables of the environment are read with the settings.
            .no_proxy()
            // The client requests one document at a time, so it does not need HTTP/2, and the firewalls of these banks
            // treat clients that speak it without being a browser as robots.
            .http1_only()
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .connect_timeout(http.connect_timeout)
            .read_timeout(http.read_timeout)
            .timeout(http.total_timeout)
            .user_agent(USER_AGENT)
            // A firewall answers "Request Rejected", with status 200, to a request without `Accept`.
            .default_headers(headers.collect())
            .tls_backend_preconfigured(tls);
        let builder = match proxy {
            Some(proxy) => builder.proxy(proxy::client_proxy(proxy)?),
            None => builder,
        };
        let host = base.host_str().unwrap_or_default();
        // A proxy finds the addresses of banks itself, and is in the network of the service.
        let builder = if proxy.is_none() && !http.private_addresses && !is_loopback(host) {
            builder.dns_resolver(PublicAddresses)
        } else {
            builder
        };
        let client = connections::retry_broken_once(builder, host, Arc::clone(&budget))
            .build()
            .map_err(|error| FetchError::Client(error.without_url().to_string()))?;
        Ok(Self {
            client,
            base_url: settings.base_url.trim_end_matches('/').to_owned(),
            api_key_placement: settings.source.api_key_placement,
            api_key: settings.api_key.clone(),
            proxy: proxy.cloned(),
            connect_timeout: http.connect_timeout,
            read_timeout: http.read_timeout,
            total_timeout: http.total_timeout,
            budget,
            double: None,
        })
    }

    /// The same, with a budget: every request is counted, those of redirects and retries
    /// too, and none is sent when the budget of the day is used up.
    #[must_use]
    pub fn within(self, budget: RequestBudget) -> Self {
        self.budget.get_or_init(|| budget);
        self
    }

    /// The same, whose requests a bank within the process answers.
    #[must_use]
    pub fn answered_by(self, double: Arc<dyn BankDouble>) -> Self {
        Self {
            double: Some(double),
            ..self
        }
    }

    /// The URL of a path, without the key.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// Requests a document, or whether it is still the one that the validators belong to.
    ///
    /// # Errors
    /// If there is no complete response with status 200 within the limits, and no 304 to validators that were sent.
    pub async fn get(
        &self,
        path: &str,
        validators: &Validators,
    ) -> Result<FetchResponse, FetchError> {
        let started = Instant::now();
        let mut url = address(&self.url(path))?;
        if let (ApiKeyPlacement::Query(name), Some(key)) = (self.api_key_placement, &self.api_key) {
            url.query_pairs_mut().append_pair(name, key.expose());
        }
        let request = validators.apply(self.client.get(url));
        if let Some(budget) = self.budget.get()
            && !budget.take().await
        {
            return Err(FetchError::BudgetUsedUp);
        }
        let response = match &self.double {
            Some(double) => self.ask_double(&**double, request).await?,
            None => request
                .send()
                .await
                .map_err(|error| self.failure(&error.without_url(), started))?,
        };
        match response.status() {
            StatusCode::OK => self.document(response, started).await,
            StatusCode::NOT_MODIFIED if validators.is_empty() => {
                Err(FetchError::UnexpectedNotModified)
            }
            StatusCode::NOT_MODIFIED => Ok(FetchResponse::NotModified),
            status if status.is_redirection() => Err(self.redirect(&response)),
            // This includes other successes, such as "no content" or a partial response.
            status => {
                let retry_after = retry_after(response.headers(), Timestamp::now());
                drain(response).await;
                Err(FetchError::Status {
                    status: status.as_u16(),
                    retry_after,
                })
            }
        }
    }

    async fn document(
        &self,
        mut response: Response,
        started: Instant,
    ) -> Result<FetchResponse, FetchError> {
        // The client removes the header of what it decodes; a header that is left was not decoded.
        for encoding in response.headers().get_all(CONTENT_ENCODING) {
            if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") {
                let text = String::from_utf8_lossy(encoding.as_bytes());
                return Err(FetchError::ContentEncoding(printable(&text)));
            }
        }
        let declared = response.content_length().unwrap_or_default();
        if usize::try_from(declared).is_ok_and(|declared| declared > BODY_BYTES_MAX) {
            return Err(FetchError::TooLarge);
        }
        let validators = Validators::of(response.headers());
        let retry_after = retry_after(response.headers(), Timestamp::now());
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.failure(&error.without_url(), started))?
        {
            if chunk.len() > BODY_BYTES_MAX.saturating_sub(body.len()) {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(FetchResponse::Document {
            body,
            validators,
            retry_after,
        })
    }

    /// The error of a request without a response. Its URL has been removed already.
    fn failure(&self, error: &reqwest::Error, started: Instant) -> FetchError {
        if !error.is_timeout() {
            return match (transport(error), &self.proxy) {
                (FetchError::Connect(reason), Some(proxy)) => FetchError::Proxy {
                    proxy: proxy.to_string(),
                    reason,
                },
                (error, _) => error,
            };
        }
        if error.is_connect() {
            FetchError::ConnectTimeout(self.connect_timeout)
        } else if started.elapsed() >= self.total_timeout {
            FetchError::TotalTimeout(self.total_timeout)
        } else {
            FetchError::ReadTimeout(self.read_timeout)
        }
    }

    /// The error of a redirect that was not followed. Its target is without its query, in which a bank may repeat the key.
    fn redirect(&self, response: &Response) -> FetchError {
        let location = response.headers().get(LOCATION);
        let location = location.map(|target| String::from_utf8_lossy(target.as_bytes()));
        let url = location
            .as_ref()
            .and_then(|target| response.url().join(target).ok());
        let target = location.unwrap_or_else(|| "nowhere".into());
        let target = target.split(['?', '#']).next().unwrap_or_default();
        let target = match &self.api_key {
            Some(key) if !key.expose().is_empty() => target.replace(key.expose(), "…"),
            Some(_) | None => target.to_owned(),
        };
        FetchError::Redirect {
            status: response.status().as_u16(),
            target: printable(&target),
            reason: redirects::reason(response.url(), url.as_ref()),
        }
    }
}

/// Reads a short error page to its end, so that the connection can be reused.
async fn drain(mut response: Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > ERROR_PAGE_BYTES_MAX {
            break;
        }
    }
}

/// Parses the address of a source.
fn address(text: &str) -> Result<Url, FetchError> {
    let wrong = |reason: &str| FetchError::Address {
        address: printable(text),
        reason: reason.to_owned(),
    };
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(url)
    } else {
        Err(wrong("the scheme must be http or https"))
    }
}

/// A header with a key, marked as sensitive so that no log prints it.
fn sensitive(name: &'static str, key: &ApiKey) -> Result<(HeaderName, HeaderValue), FetchError> {
    let name =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_not_a_name| FetchError::UnusableKey)?;
    let mut value =
        HeaderValue::from_str(key.expose()).map_err(|_not_a_value| FetchError::UnusableKey)?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_and_plain_validators_are_kept() {
        let kept = |value: &[u8]| {
            let value = HeaderValue::from_bytes(value).unwrap();
            let headers = [(ETAG, value.clone()), (LAST_MODIFIED, value)];
            !Validators::of(&headers.into_iter().collect()).is_empty()
        };
        assert!(kept(br#"W/"530-1779443946000""#));
        assert!(kept(b"Fri, 22 May 2026 09:59:06 GMT"));
        assert!(kept(&[b'x'; VALIDATOR_BYTES_MAX]));
        assert!(!kept(&[b'x'; VALIDATOR_BYTES_MAX + 1]));
        assert!(!kept(b""));
        assert!(!kept(b"\"tab\there\""));
        assert!(!kept("\"каб\"".as_bytes()));
    }
}
