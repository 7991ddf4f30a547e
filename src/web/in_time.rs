//! The bodies of requests, which have to come in time.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use crate::domain::Refusal;
use crate::web::error::WebError;

/// How long the body of a request may take: as long as the message of a call of gRPC-Web.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// What is read from the body of a request. Every handler reads its body through this: a client that announces a body and sends
/// half of it is refused.
#[derive(Debug)]
pub(super) struct InTime<T>(pub(super) T);

impl<S, T> FromRequest<S> for InTime<T>
where
    S: Send + Sync,
    T: FromRequest<S>,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        match timeout(BODY_TIMEOUT, T::from_request(request, state)).await {
            Ok(read) => read.map(Self).map_err(IntoResponse::into_response),
            Err(_late) => {
                let refusal = Refusal::DeadlineExceeded(BODY_TIMEOUT);
                Err(WebError::from(refusal).into_response())
            }
        }
    }
}
