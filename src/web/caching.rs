//! What lets a cache answer in our place: validators, and how long an answer may be kept.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, IF_NONE_MATCH};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};

use crate::domain::Position;
use crate::web::ready::{Head, ReadyAnswer};
use crate::web::{JSON, POSITION};

/// How long an answer about the present may be kept: a reader behind a cache is at most this much later than one on
/// the stream, and a front page costs us one request in five seconds.
pub(super) const PRESENT: &str = "public, max-age=5";
/// How long an answer about the past may be kept: corrections are rare, and a minute of an old one does no harm.
pub(super) const PAST: &str = "public, max-age=60";

/// What proxies add to the opaque part of an entity tag when they compress an answer, inside its quotes: Apache, Caddy and
/// lighttpd a hyphen and the encoding, Jetty two hyphens.
const PROXY_SUFFIXES: [&str; 5] = ["--gzip", "-gzip", "-br", "-zstd", "-deflate"];

/// A validator of this text.
pub(super) fn validator(text: &str) -> HeaderValue {
    // Weak: the time of the server stands in the same answer and differs.
    HeaderValue::try_from(format!("W/\"{text}\"")).unwrap_or(HeaderValue::from_static("W/\"\""))
}

/// Whether the client already holds what the validator stands for, by its `If-None-Match`. The comparison is the weak one
/// (RFC 9110, section 13.1.2), and leaves out the suffix of a proxy.
pub(super) fn matches(headers: &HeaderMap, validator: &HeaderValue) -> bool {
    let Ok(validator) = validator.to_str().map(opaque_tag) else {
        return false;
    };
    let lines = headers.get_all(IF_NONE_MATCH).iter();
    lines.filter_map(|line| line.to_str().ok()).any(|line| {
        let mut tags = line.split(',');
        line.trim() == "*" || tags.any(|tag| opaque_tag(tag) == validator)
    })
}

/// The opaque part of an entity tag, without the mark of a weak one and without a proxy's suffix.
fn opaque_tag(tag: &str) -> &str {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let quoted = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    let tag = quoted.unwrap_or(tag);
    let without = |suffix: &&str| tag.strip_suffix(*suffix);
    PROXY_SUFFIXES.iter().find_map(without).unwrap_or(tag)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn held(tags: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(tags))])
    }

    #[test]
    fn a_validator_is_found_in_whatever_list_a_client_sends() {
        let ours = validator("e:7-0");
        let is_held = |tags| matches(&held(tags), &ours);
        assert!(is_held("W/\"e:7-0\""));
        assert!(is_held("\"other\", W/\"e:7-0\""));
        assert!(is_held("\"e:7-0\""));
        assert!(is_held(" * "));
        assert!(!is_held("\"e:7-00\""));
        assert!(!is_held("\"e:7-0-other\""));
        assert!(!is_held("\"*\""));
        assert!(!is_held(""));
        assert!(!matches(&HeaderMap::new(), &ours));
        let mut two_lines = held("\"other\"");
        two_lines.append(IF_NONE_MATCH, HeaderValue::from_static("\"e:7-0\""));
        assert!(matches(&two_lines, &ours));
    }

    #[test]
    fn a_validator_is_found_behind_a_proxy_that_compresses() {
        for ours in [validator("e:7-0"), HeaderValue::from_static("\"e:7-0\"")] {
            for tags in [
                "W/\"e:7-0\"",
                "\"e:7-0-gzip\"",
                "W/\"e:7-0-gzip\"",
                "\"e:7-0--gzip\"",
                "\"e:7-0-br\"",
                "W/\"e:7-0-zstd\"",
            ] {
                assert!(matches(&held(tags), &ours), "{tags}");
            }
        }
    }
}
