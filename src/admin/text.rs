//! Answers of the operators' port in plain text.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// A probe asks about this moment.
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
pub(super) const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// An answer in plain text.
pub(super) fn text(status: StatusCode, page: impl Into<String>) -> Response {
    let headers = [
        (CONTENT_TYPE, TEXT),
        (CACHE_CONTROL, NO_STORE),
        (X_CONTENT_TYPE_OPTIONS, NO_SNIFF),
    ];
    (status, headers, page.into()).into_response()
}
