//! The headers that keep a browser safe. Every answer has them, errors included.

use axum::http::HeaderValue;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderMap, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

/// What a page may do: load our own files and send requests to this server, nothing else. No inline script, no
/// frames; a form of the page sends its fields to this server.
pub(super) const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// What a picture may do that is opened by itself: have the style that it brings, and nothing else. Any page may show it.
pub(super) fn picture_policy(style: &str) -> HeaderValue {
    let policy = format!("default-src 'none'; style-src {}", style_source(style));
    HeaderValue::try_from(policy).unwrap_or(PAGE_POLICY)
}

/// The source of a policy that permits this style and no other.
pub(super) fn style_source(style: &str) -> String {
    let digest = STANDARD.encode(digest(&SHA256, style.as_bytes()));
    format!("'sha256-{digest}'")
}

/// Adds the headers to an answer's, which may have a policy of its own.
pub(super) fn protect(headers: &mut HeaderMap) {
    let policy = headers.entry(CONTENT_SECURITY_POLICY);
    policy.or_insert(PAGE_POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}
