//! Refusals as JSON: `{"error":{"reason","message","field"}}` with a status that a program can act on.

use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::web::JSON;

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct WebError {
    status: StatusCode,
    reason: String,
    message: String,
    field: Option<String>,
    retry_after: Option<Duration>,
}

#[derive(Serialize)]
struct Body<'a> {
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    reason: &'a str,
    message: &'a str,
    field: Option<&'a str>,
}

impl WebError {
    fn new(status: StatusCode, reason: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.to_owned(),
            message: message.into(),
            field: None,
            retry_after: None,
        }
    }

    /// The word for programs.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    /// The sentence for people.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// When to come back, if that makes sense.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// A parameter that is not understood.
    pub(super) fn parameter(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(StatusCode::BAD_REQUEST, "INVALID_PARAMETER", message)
        }
    }

    /// A query that cannot be read as a whole.
    pub(super) fn query(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_PARAMETER", message)
    }

    /// A query of more bytes than any filter needs.
    pub(super) fn long_query(most: usize) -> Self {
        let message = format!("the query is longer than {most} bytes");
        Self::new(StatusCode::URI_TOO_LONG, "QUERY_TOO_LONG", message)
    }

    /// A page of an origin that may not read.
    pub(super) fn foreign_origin() -> Self {
        let message = "pages of this origin may not read here: its operator has to list it in web.allowed_origins";
        Self::new(StatusCode::FORBIDDEN, "FOREIGN_ORIGIN", message)
    }

    /// Nothing is there.
    pub(super) fn not_found() -> Self {
        let message = "there is nothing here; /v1/openapi.json lists what there is";
        Self::new(StatusCode::NOT_FOUND, "NO_SUCH_PATH", message)
    }

    /// Something is there, and it is only read.
    pub(super) fn method() -> Self {
        let message = "this can be read with GET and HEAD";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            message,
        )
    }

    /// The request did not arrive whole, or its answer did not begin, in time.
    pub(super) fn too_late() -> Self {
        let message = "the answer took too long";
        Self::new(StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED", message)
    }

    /// The service broke a promise of its own.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", message)
    }
}

impl From<Status> for WebError {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let reason = details.error_info().map(|info| info.reason.clone());
        let violations = details.bad_request().map(|bad| &bad.field_violations);
        let field = violations.and_then(|violations| violations.first());
        let status_of_code = match reason.as_deref() {
            // Here it is a part of the path, and the path leads nowhere.
            Some("INVALID_SOURCE") => StatusCode::NOT_FOUND,
            _ => http_status(status.code()),
        };
        Self {
            status: status_of_code,
            reason: reason.unwrap_or_else(|| "INTERNAL".to_owned()),
            message: status.message().to_owned(),
            field: field.map(|violation| parameter_of(&violation.field)),
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
        }
    }
}

/// The status of HTTP that says the same.
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::InvalidArgument | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::NotFound => StatusCode::NOT_FOUND,
        // What is exhausted is the server's room, not this reader's share: it may ask for snapshots meanwhile.
        Code::ResourceExhausted | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The name of a field of the contract as it stands in a query.
fn parameter_of(field: &str) -> String {
    match field {
        "from_currency" => "from".to_owned(),
        "to_currency" => "to".to_owned(),
        "start_date" => "start".to_owned(),
        "end_date" => "end".to_owned(),
        field => field.trim_start_matches("filter.").to_owned(),
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let body = Body {
            error: Error {
                reason: &self.reason,
                message: &self.message,
                field: self.field.as_deref(),
            },
        };
        let text = serde_json::to_string(&body).unwrap_or_default();
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(JSON)),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        let mut response = (self.status, headers, text).into_response();
        if let Some(after) = self.retry_after {
            // A whole second at least: zero would invite everyone at once.
            let seconds = HeaderValue::from(after.as_secs().max(1));
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::refusal;

    #[test]
    fn a_refusal_of_the_contract_names_the_parameter_of_the_query() {
        let refused = WebError::from(refusal::invalid_date("start_date", "no date"));
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert_eq!(refused.reason, "INVALID_DATE");
        assert_eq!(refused.field.as_deref(), Some("start"));
        assert_eq!(parameter_of("filter.pairs[3]"), "pairs[3]");
    }

    #[test]
    fn a_draining_server_says_when_to_come_back() {
        let response = WebError::from(refusal::draining()).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    }
}
