//! The bodies of requests, which have to come in time.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use tokio::time::timeout;

use crate::domain::Refusal;
use crate::web::error::WebError;

/// How long the body of a request may take: as long as the message of a call of gRPC-Web.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The body of a request. Every handler reads its body through this: a client that announces a body and sends half of it is
/// refused, and so is one whose body is too long or broken.
#[derive(Debug)]
pub(super) struct InTime(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for InTime {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebError> {
        match timeout(BODY_TIMEOUT, Bytes::from_request(request, state)).await {
            Ok(Ok(body)) => Ok(Self(body)),
            Ok(Err(refused)) if refused.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(WebError::BodyTooLong)
            }
            Ok(Err(refused)) => Err(WebError::InvalidBody(refused.body_text())),
            Err(_late) => Err(Refusal::DeadlineExceeded(BODY_TIMEOUT).into()),
        }
    }
}
