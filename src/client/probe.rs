//! What a supervisor asks of a server: the probes of its operators' port over HTTP, and the health service of gRPC.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
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

impl Admin {
    /// Asks a probe, such as `/readyz?verbose`. One that did not pass is no error.
    pub(crate) async fn probe(&self, path: &str) -> Result<ProbeAnswer, ClientError> {
        self.client
            .answer_within(PROBE_TIMEOUT, self.answer_to_probe(path))
            .await
    }

    async fn answer_to_probe(&self, path: &str) -> Result<Response<ProbeAnswer>, Status> {
        let (channel, prefix) = self.client.channel();
        let request = Request::get(format!("{}{path}", prefix.path().trim_end_matches('/')))
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
        ];
        if !is_text || !is_answer.contains(&status) {
            let message = format!("{}{path} answered {status}, and is no probe", self.url());
            return Err(Status::unimplemented(message));
        }
        let page = to_bytes(Body::new(answer.into_body()), PROBE_BYTES_MAX).await;
        let page = page.map_err(|error| Status::from_error(error.into()))?;
        let page = String::from_utf8_lossy(&page).into_owned();
        if status == StatusCode::MISDIRECTED_REQUEST {
            let message = format!("{} refused the probe: {}", self.url(), page.trim_end());
            return Err(Status::failed_precondition(message));
        }
        Ok(Response::new(ProbeAnswer {
            has_passed: status == StatusCode::OK,
            page,
        }))
    }
}

impl Client {
    /// What the health service of gRPC reports of the whole server.
    pub(crate) async fn health(&self) -> Result<ServingStatus, ClientError> {
        let (channel, prefix) = self.channel();
        let mut client = HealthClient::with_origin(channel, prefix);
        let request = HealthCheckRequest::default();
        let answer = self.answer_within(PROBE_TIMEOUT, client.check(request));
        Ok(answer.await?.status())
    }
}
