//! What lets a cache answer in our place: validators, and how long an answer may be kept.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::domain::Position;
use crate::web::{JSON, POSITION};

/// How long an answer about the present may be kept: a reader behind a cache is at most this much later than one on
/// the stream, and a front page costs us one request in five seconds.
pub(super) const PRESENT: &str = "public, max-age=5";
/// How long an answer about the past may be kept: corrections are rare, and a minute of an old one does no harm.
pub(super) const PAST: &str = "public, max-age=60";

/// A validator of this text.
pub(super) fn validator(text: &str) -> HeaderValue {
    // Weak: the time of the server stands in the same answer and differs.
    HeaderValue::try_from(format!("W/\"{text}\"")).unwrap_or(HeaderValue::from_static("W/\"\""))
}

/// Whether what a client holds is what the validator stands for.
pub(super) fn matches(held: Option<&HeaderValue>, validator: &HeaderValue) -> bool {
    let (Some(Ok(held)), Ok(validator)) = (held.map(HeaderValue::to_str), validator.to_str())
    else {
        return false;
    };
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    held.trim() == "*" || held.split(',').any(|tag| opaque(tag) == opaque(validator))
}

/// A position as a reader sends it back: `epoch:revision`.
pub(super) fn position_text(position: &Position) -> String {
    format!("{}:{}", position.epoch, position.revision)
}

/// Answers a question about the present: the answer is that of the position, and is made only for whoever does not hold
/// it yet.
pub(super) fn present(
    position: &Position,
    question: impl Hash,
    headers: &HeaderMap,
    text: impl FnOnce() -> String,
) -> Response {
    let mut hasher = DefaultHasher::new();
    question.hash(&mut hasher);
    let position = position_text(position);
    let validator = validator(&format!("{position}-{:016x}", hasher.finish()));
    let mut response = if matches(headers.get(IF_NONE_MATCH), &validator) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        json(PRESENT, text())
    };
    let told = response.headers_mut();
    told.insert(ETAG, validator);
    told.insert(CACHE_CONTROL, HeaderValue::from_static(PRESENT));
    if let Ok(position) = HeaderValue::try_from(position) {
        told.insert(HeaderName::from_static(POSITION), position);
    }
    response
}

/// An answer in JSON.
pub(super) fn json(caching: &'static str, text: String) -> Response {
    let headers = [(CONTENT_TYPE, JSON), (CACHE_CONTROL, caching)];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validator_is_found_in_whatever_list_a_client_sends() {
        let ours = validator("e:7-0");
        let held = |text| matches(Some(&HeaderValue::from_static(text)), &ours);
        assert!(held("W/\"e:7-0\""));
        assert!(held("\"other\", W/\"e:7-0\""));
        assert!(held("\"e:7-0\""));
        assert!(held("*"));
        assert!(!held("\"e:7-00\""));
        assert!(!held(""));
        assert!(!matches(None, &ours));
    }
}
