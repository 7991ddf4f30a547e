//! What lets a cache answer in our place: validators, and how long an answer may be kept.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};

use crate::domain::Position;
use crate::web::entity_tag::validator;
use crate::web::ready::{Head, ReadyAnswer};
use crate::web::{JSON, POSITION, security};

/// How long an answer about the present may be kept: a reader behind a cache is at most this much later than one on
/// the stream, and a front page costs us one request in five seconds.
pub(super) const PRESENT: &str = "public, max-age=5";
/// How long an answer about the past may be kept: corrections are rare, and a minute of an old one does no harm.
pub(super) const PAST: &str = "public, max-age=60";

/// A position as a reader sends it back: `epoch:revision`.
pub(super) fn position_text(position: &Position) -> String {
    format!("{}:{}", position.epoch, position.revision)
}

/// An answer about the present: the state at a position.
pub(super) fn present(
    position: &Position,
    question: impl Hash,
    media_type: &'static str,
    body: String,
) -> ReadyAnswer {
    let mut hasher = DefaultHasher::new();
    // Another version may write another body at the same position.
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    question.hash(&mut hasher);
    let position = position_text(position);
    let validator = validator(&format!("{position}-{:016x}", hasher.finish()));
    let mut headers = HeaderMap::new();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(PRESENT));
    if let Ok(position) = HeaderValue::try_from(position) {
        headers.insert(HeaderName::from_static(POSITION), position);
    }
    security::protect(&mut headers);
    let media_type = HeaderValue::from_static(media_type);
    ReadyAnswer::new(
        Head {
            media_type,
            headers,
        },
        body,
        validator,
    )
}

/// An answer in JSON.
pub(super) fn json(caching: &'static str, text: String) -> Response {
    let headers = [(CONTENT_TYPE, JSON), (CACHE_CONTROL, caching)];
    (headers, text).into_response()
}
