//! Answers of the operators' port in plain text.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// A text needs nothing, and belongs into no page.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// The headers of an answer: it is of this moment, and a browser takes it for nothing but a text.
pub(super) fn headers(media_type: HeaderValue) -> [(HeaderName, HeaderValue); 5] {
    [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ]
}

/// An answer in plain text.
pub(super) fn text(status: StatusCode, page: impl Into<String>) -> Response {
    (status, headers(TEXT), page.into()).into_response()
}
