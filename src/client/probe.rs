//! What a supervisor asks of a server: the probes of its operators' port over HTTP, and the health service of gRPC.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE};
use http::{HeaderValue, Request, StatusCode};
use jiff::Timestamp;
use tonic::{Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tower::ServiceExt;

use crate::client::{Admin, Client, ClientError};

/// A server answers a probe from memory. Supervisors give up after about as long.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// A line for each condition: a dozen sources, and two of the service.
const PROBE_BYTES_MAX: usize = 64 * 1024;
/// A page of metrics has some 2000 lines of 100 bytes, with a dozen sources, every currency and every method.
const METRICS_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The type of a page of the operators' port.
const TEXT: &[u8] = b"text/plain";

/// The answer to a probe.
#[derive(Debug)]
pub(crate) struct ProbeAnswer {
    /// Whether the probe passed.
    pub(crate) has_passed: bool,
    /// The conditions, one in each line, and the verdict in the last one.
    pub(crate) page: String,
}

/// The page of metrics.
#[derive(Debug)]
pub(crate) struct MetricsPage {
    /// The samples in the text format of Prometheus.
    pub(crate) text: String,
    /// When it was written, by the clock of the server's machine; none if the server does not say.
    pub(crate) date: Option<Timestamp>,
}

/// A page of the operators' port.
struct TextPage {
    status: StatusCode,
    text: String,
    date: Option<Timestamp>,
}

impl Admin {
    /// Asks a probe, such as `/readyz?verbose`. One that did not pass is no error.
    pub(crate) async fn probe(&self, path: &str) -> Result<ProbeAnswer, ClientError> {
        let page = self.read(path, PROBE_BYTES_MAX).await?;
        Ok(ProbeAnswer {
            has_passed: page.status == StatusCode::OK,
            page: page.text,
        })
    }

    /// Reads the page of metrics. One that the server cannot write now is an error with its reason.
    pub(crate) async fn metrics(&self) -> Result<MetricsPage, ClientError> {
        let TextPage { status, text, date } = self.read("/metrics", METRICS_BYTES_MAX).await?;
        if status == StatusCode::OK {
            return Ok(MetricsPage { text, date });
        }
        let reason = text.lines().next().unwrap_or_default();
        Err(ClientError::of(self.url(), &Status::unavailable(reason)))
    }

    async fn read(&self, path: &str, bytes_max: usize) -> Result<TextPage, ClientError> {
        self.client
            .answer_within(PROBE_TIMEOUT, self.page(path, bytes_max))
            .await
    }

    /// A page that the server answered with 200 or 503.
    async fn page(&self, path: &str, bytes_max: usize) -> Result<Response<TextPage>, Status> {
        let server = self.client.server();
        let (channel, prefix) = server.channel();
        let mut request = Request::get(format!("{}{path}", prefix.path().trim_end_matches('/')));
        if let Some(key) = &server.address.key {
            request = request.header(AUTHORIZATION, key.header());
        }
        let request = request
            .body(tonic::body::Body::empty())
            .map_err(|error| Status::from_error(error.into()))?;
        let answer = channel.oneshot(request).await;
        let answer = answer.map_err(|error| Status::from_error(error.into()))?;
        // A gRPC port answers 200 to what it does not know, with the type of gRPC.
        let content_type = answer.headers().get(CONTENT_TYPE);
        let is_text = content_type.is_some_and(|value| value.as_bytes().starts_with(TEXT));
        let status = answer.status();
        let is_answer = [
            StatusCode::OK,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::MISDIRECTED_REQUEST,
            StatusCode::UNAUTHORIZED,
            StatusCode::FORBIDDEN,
        ];
        if !is_text || !is_answer.contains(&status) {
            let url = self.url();
            let message = format!("{url}{path} answered {status}, and is no page of operators");
            return Err(Status::unimplemented(message));
        }
        let date = answer.headers().get(DATE).and_then(instant);
        let page = to_bytes(Body::new(answer.into_body()), bytes_max).await;
        let page = page.map_err(|error| Status::from_error(error.into()))?;
        let text = String::from_utf8_lossy(&page).into_owned();
        if status == StatusCode::MISDIRECTED_REQUEST {
            let message = format!("{} refused to answer: {}", self.url(), text.trim_end());
            return Err(Status::failed_precondition(message));
        }
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(Status::unauthenticated(text.trim_end()));
        }
        Ok(Response::new(TextPage { status, text, date }))
    }
}

/// The instant of a header `Date`.
fn instant(date: &HeaderValue) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(date.to_str().ok()?).ok()?;
    Timestamp::try_from(date).ok()
}

impl Client {
    /// What the health service of gRPC reports of the whole server.
    pub(crate) async fn health(&self) -> Result<ServingStatus, ClientError> {
        let (channel, prefix) = self.server().keyed_channel();
        let mut client = HealthClient::with_origin(channel, prefix);
        let request = HealthCheckRequest::default();
        let answer = self.answer_within(PROBE_TIMEOUT, client.check(request));
        Ok(answer.await?.status())
    }
}
