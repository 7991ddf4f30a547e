//! Errors as JSON: `{"error":{"reason","message","field"}}` with a status that a program can act on.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::access::challenge;
use crate::backoff::jitter;
use crate::domain::{Field, Refusal, RefusalKind, TablePart, plain_sentence};
use crate::listener::HostsOf;
use crate::requests::NOT_ONE_HOST;
use crate::web::{BODY_BYTES_MAX, JSON, QUERY_BYTES_MAX};

/// The field with the quota of a client, and that with what is left of it.
pub(super) const QUOTA_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub(super) const QUOTA: HeaderName = HeaderName::from_static("ratelimit");

/// Why a request of the web side has no answer.
#[derive(Debug)]
pub(super) enum WebError {
    /// The request is refused, as it would be over gRPC.
    Refused(Refusal),
    /// A parameter, or the query as a whole, cannot be read.
    InvalidParameter {
        /// The parameter, which may be one that there is not; none for the query as a whole.
        name: Option<Cow<'static, str>>,
        /// What is wrong.
        message: String,
    },
    /// The query has more bytes than any filter needs.
    QueryTooLong,
    /// It names no host, or several.
    NotOneHost,
    /// The page that asks is of an origin that is not listed.
    ForeignOrigin,
    /// The port is not served under the host of the request, which may be shown.
    Misdirected(String),
    /// The path leads nowhere.
    NoSuchPath,
    /// The path is not under the configured one, which begins and ends with a slash.
    OutsideBasePath(Arc<str>),
    /// The path can only be read.
    MethodNotAllowed,
    /// The path takes POST alone.
    PostAlone,
    /// It is no call of gRPC-Web, nor one of gRPC.
    NotACall,
    /// The body has more bytes than any filter needs.
    BodyTooLong,
    /// The body cannot be read.
    InvalidBody(String),
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
    /// A parameter that cannot be read.
    pub(super) fn parameter(
        name: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self::InvalidParameter {
            name: Some(name.into()),
            message: message.into(),
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            // A source is a part of the path, and the path leads nowhere.
            Self::Refused(Refusal::UnknownSource { .. })
            | Self::NoSuchPath
            | Self::OutsideBasePath(_) => StatusCode::NOT_FOUND,
            Self::Refused(refusal) if refusal.is_of_client() => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(refusal) => status(refusal.kind()),
            Self::InvalidParameter { .. } | Self::NotOneHost | Self::InvalidBody(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::QueryTooLong => StatusCode::URI_TOO_LONG,
            Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::Misdirected(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::MethodNotAllowed | Self::PostAlone => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotACall => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLong => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.reason().as_str(),
            Self::InvalidParameter { .. } => "INVALID_PARAMETER",
            Self::QueryTooLong => "QUERY_TOO_LONG",
            Self::NotOneHost => "INVALID_HOST",
            Self::ForeignOrigin => "FOREIGN_ORIGIN",
            Self::Misdirected(_) => "HOST_NOT_SERVED",
            Self::NoSuchPath | Self::OutsideBasePath(_) => "NO_SUCH_PATH",
            Self::MethodNotAllowed | Self::PostAlone => "METHOD_NOT_ALLOWED",
            Self::NotACall => "NOT_A_CALL",
            Self::BodyTooLong => "BODY_TOO_LONG",
            Self::InvalidBody(_) => "INVALID_BODY",
        }
    }

    pub(super) fn message(&self) -> Cow<'_, str> {
        match self {
            Self::Refused(refusal) => plain_sentence(&refusal.to_string()).into(),
            Self::InvalidParameter { message, .. } => plain_sentence(message).into(),
            Self::QueryTooLong => format!("the query is longer than {QUERY_BYTES_MAX} bytes").into(),
            Self::NotOneHost => NOT_ONE_HOST.into(),
            Self::ForeignOrigin => "pages of this origin are not allowed to read here: the operator must list it in web.allowed_origins".into(),
            Self::Misdirected(host) => format!("this port is not served as `{host}`: use its address, or the operator must add the name to {}", HostsOf::Browsers.setting()).into(),
            Self::NoSuchPath => "nothing is at this path; /v1/openapi.json lists the paths that return data".into(),
            Self::OutsideBasePath(path) => {
                format!("nothing is at this path: the setting web.path is {path}, so every path begins with it").into()
            }
            Self::MethodNotAllowed => "this path can be read with GET and HEAD".into(),
            Self::PostAlone => "this path takes POST alone".into(),
            Self::NotACall => "this path takes calls of gRPC-Web: POST with the content type application/grpc-web+proto or application/grpc-web-text".into(),
            Self::BodyTooLong => format!("the body is longer than {BODY_BYTES_MAX} bytes").into(),
            Self::InvalidBody(problem) => {
                format!("the body cannot be read: {}", plain_sentence(problem)).into()
            }
        }
    }

    /// The field that an error is about. The fields of gRPC-only requests have names too, which no JSON error bears.
    pub(super) fn field(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Refused(refusal) => refusal.field().map(parameter_name),
            Self::InvalidParameter { name, .. } => {
                name.as_deref().map(|name| plain_sentence(name).into())
            }
            Self::QueryTooLong
            | Self::NotOneHost
            | Self::ForeignOrigin
            | Self::Misdirected(_)
            | Self::NoSuchPath
            | Self::OutsideBasePath(_)
            | Self::MethodNotAllowed
            | Self::PostAlone
            | Self::NotACall
            | Self::BodyTooLong
            | Self::InvalidBody(_) => None,
        }
    }

    fn retry_delay(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_delay().map(jitter),
            _ => None,
        }
    }
}

impl From<Refusal> for WebError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The status of HTTP that says the same.
fn status(kind: RefusalKind) -> StatusCode {
    match kind {
        RefusalKind::InvalidArgument => StatusCode::BAD_REQUEST,
        RefusalKind::NotFound => StatusCode::NOT_FOUND,
        RefusalKind::FailedPrecondition => StatusCode::CONFLICT,
        // The room of the server is exhausted, not a share of this reader, which may ask for snapshots meanwhile.
        RefusalKind::ResourceExhausted | RefusalKind::Unavailable => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        RefusalKind::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        RefusalKind::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        RefusalKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        RefusalKind::PermissionDenied => StatusCode::FORBIDDEN,
        RefusalKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The name of a field as a parameter of a query or of a path.
fn parameter_name(field: Field) -> Cow<'static, str> {
    Cow::Borrowed(match field {
        Field::Pair => "pair",
        Field::FilterPairs => "pairs",
        Field::FilterPair(index) => return format!("pairs[{index}]").into(),
        Field::MinInterval => "min_interval",
        Field::Amount => "amount",
        Field::FromCurrency => "from",
        Field::ToCurrency => "to",
        Field::Date => "date",
        Field::Step => "step",
        Field::Period => "period",
        Field::StartDate => "start",
        Field::EndDate => "end",
        Field::Source => "source",
        Field::Document => "document",
        Field::Currency => "currency",
        Field::PageSize => "page_size",
        Field::PageToken => "page_token",
        Field::HeldValue => "value",
        Field::Table(
            TablePart::Pivot
            | TablePart::EffectiveDate
            | TablePart::AsOfTime
            | TablePart::Rows
            | TablePart::Row(_),
        ) => "table",
    })
}

/// The fields of a quota (draft-ietf-httpapi-ratelimit-headers): its size and window, and when there is enough again.
fn quota_fields(headers: &mut HeaderMap, per_minute: u32, wait_seconds: u64) {
    let seconds = wait_seconds.saturating_add(1);
    let fields = [
        (QUOTA_POLICY, format!("\"minute\";q={per_minute};w=60")),
        (QUOTA, format!("\"minute\";r=0;t={seconds}")),
    ];
    for (name, value) in fields {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let field = self.field();
        let body = Body {
            error: Error {
                reason: self.reason(),
                message: &self.message(),
                field: field.as_deref(),
            },
        };
        let text = serde_json::to_string(&body).unwrap_or_default();
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(JSON)),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        let mut response = (self.status(), headers, text).into_response();
        if let Self::Refused(refusal) = &self
            && let Some(challenge) = challenge(refusal)
        {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        if let Self::Refused(Refusal::QuotaExceeded { per_minute, wait }) = &self {
            quota_fields(response.headers_mut(), *per_minute, wait.as_secs());
        }
        if let Some(delay) = self.retry_delay() {
            // A whole second at least: zero would invite everyone at once.
            let seconds = HeaderValue::from(delay.as_secs().max(1));
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_parameter_of_the_query() {
        let error = WebError::from(Refusal::InvalidDate(Field::StartDate));
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
        assert_eq!(error.reason(), "INVALID_DATE");
        assert_eq!(error.field().as_deref(), Some("start"));
        assert_eq!(parameter_name(Field::FilterPair(3)), "pairs[3]");
    }

    #[test]
    fn a_draining_server_names_the_time_to_come_back() {
        let response = WebError::from(Refusal::Draining).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    }
}
