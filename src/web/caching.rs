//! What lets a cache answer in place of the server: entity tags, and how long an answer may be kept.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, VARY,
};
use axum::http::{Extensions, HeaderName, HeaderValue, StatusCode, Version};
use axum::response::{IntoResponse, Response};

use crate::domain::Position;
use crate::web::entity_tag::validator;
use crate::web::prepared::{Head, PreparedAnswer, short_digest};
use crate::web::{HTML, JSON, POSITION, security};

/// How long an answer about the present may be kept: a reader behind a cache is at most this much later than a subscriber,
/// and a front page costs one request in five seconds.
pub(super) const PRESENT: &str = "public, max-age=5";
/// How long a historical answer may be kept: corrections are rare, and an answer that is a minute old does no harm.
pub(super) const PAST: &str = "public, max-age=60";

/// What precedes the rates that a page bears as data.
const PAGE_DATA: &str = " data-state=\"";
/// The media type of a picture.
const SVG: &str = "image/svg+xml";
/// The header that says which sites may show an answer.
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// A position as a reader sends it back: `epoch:revision`.
pub(super) fn position_text(position: &Position) -> String {
    format!("{}:{}", position.epoch, position.revision)
}

/// An answer about the present: the state at a position. Requests with the same canonical text of their query have the
/// same entity tag, also after a restart. The tag of a page covers its content too.
pub(super) fn present(
    position: &Position,
    canonical_query: &str,
    media_type: &'static str,
    body: String,
) -> PreparedAnswer {
    varying(position, canonical_query, media_type, body, None)
}

/// The same for an answer that may depend on a header of the request.
pub(super) fn varying(
    position: &Position,
    canonical_query: &str,
    media_type: &'static str,
    body: String,
    varies_by: Option<HeaderName>,
) -> PreparedAnswer {
    let varies_by = varies_by.map(|name| (VARY, HeaderValue::from(name)));
    let headers = varies_by.into_iter().collect();
    prepared(position, canonical_query, (media_type, headers), body)
}

/// The same as a file: its media type, and how a browser names it when it saves it.
pub(super) fn file(
    position: &Position,
    canonical_query: &str,
    (media_type, disposition): (&'static str, String),
    body: String,
) -> PreparedAnswer {
    let disposition = HeaderValue::try_from(disposition).ok();
    let headers = disposition.map(|value| (CONTENT_DISPOSITION, value));
    let head = (media_type, headers.into_iter().collect());
    prepared(position, canonical_query, head, body)
}

/// The same as a picture, which pages of any site may show. Its tag covers its content too: a backfilled table and a new day
/// change a picture of the past, and neither is a commit.
pub(super) fn picture(
    position: &Position,
    canonical_query: &str,
    policy: &HeaderValue,
    body: String,
) -> PreparedAnswer {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
    let everywhere = HeaderValue::from_static("cross-origin");
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, everywhere);
    let canonical = format!("{canonical_query} {}", short_digest(body.as_bytes()));
    prepared(position, &canonical, (SVG, headers), body)
}

/// The same as a page with a policy of its own.
pub(super) fn page(
    position: &Position,
    canonical_query: &str,
    policy: &HeaderValue,
    body: String,
) -> PreparedAnswer {
    let headers = HeaderMap::from_iter([(CONTENT_SECURITY_POLICY, policy.clone())]);
    prepared(position, canonical_query, (HTML, headers), body)
}

fn prepared(
    position: &Position,
    canonical_query: &str,
    (media_type, mut headers): (&'static str, HeaderMap),
    body: String,
) -> PreparedAnswer {
    // Another version of the program may write another body at the same position.
    let mut query = format!("{} {canonical_query}", env!("CARGO_PKG_VERSION"));
    if media_type == HTML {
        query.push(' ');
        query.push_str(&page_digest(&body));
    }
    let position = position_text(position);
    let validator = validator(&format!("{position}-{}", short_digest(query.as_bytes())));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(PRESENT));
    if let Ok(position) = HeaderValue::try_from(position) {
        headers.insert(HeaderName::from_static(POSITION), position);
    }
    security::protect(&mut headers);
    let media_type = HeaderValue::from_static(media_type);
    PreparedAnswer::new(
        Head {
            media_type,
            headers,
        },
        body,
        validator,
    )
}

/// The digest of a page. Its words depend on the day too (a value is announced for tomorrow), and its markup on the program.
/// The rates that it bears as data are left out: they follow from the position, and beside them stands the server time.
fn page_digest(html: &str) -> String {
    let (before, rest) = html.split_once(PAGE_DATA).unwrap_or((html, ""));
    let after = rest.split_once('"').map_or("", |(_data, after)| after);
    short_digest([before, after].concat().as_bytes())
}

/// Whether an answer is a historical one, by its headers.
pub(super) fn is_past(
    _status: StatusCode,
    _version: Version,
    headers: &HeaderMap,
    _extensions: &Extensions,
) -> bool {
    headers.get(CACHE_CONTROL).is_some_and(|kept| kept == PAST)
}

/// An answer in JSON.
pub(super) fn json(caching: &'static str, text: String) -> Response {
    let headers = [(CONTENT_TYPE, JSON), (CACHE_CONTROL, caching)];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::http::header::{ETAG, IF_NONE_MATCH};

    use super::*;

    #[test]
    fn another_page_of_the_same_position_is_sent_to_who_holds_the_first_unless_only_its_data_differ()
     {
        let position = Position {
            epoch: "e".into(),
            revision: 7,
        };
        let policy = HeaderValue::from_static("default-src 'none'");
        let answer = |markup: &str, time: &str, held: &HeaderMap| {
            let data = format!("&quot;server_time&quot;:&quot;{time}&quot;");
            let body = format!("<silk-ticker data-state=\"{data}\">{markup}</silk-ticker>");
            page(&position, "embed", &policy, body).respond(held)
        };
        let first = answer("from tomorrow", "09:00:00", &HeaderMap::new());
        let held = HeaderMap::from_iter([(IF_NONE_MATCH, first.headers()[ETAG].clone())]);
        let status = |markup, time| answer(markup, time, &held).status();
        assert_eq!(
            status("from tomorrow", "09:00:01"),
            StatusCode::NOT_MODIFIED
        );
        assert_eq!(status("from 9 December", "09:00:01"), StatusCode::OK);
        let plain = |body: &str, held: &HeaderMap| {
            present(&position, "ticker", HTML, body.to_owned()).respond(held)
        };
        let first = plain("<ul>a</ul>", &HeaderMap::new());
        let held = HeaderMap::from_iter([(IF_NONE_MATCH, first.headers()[ETAG].clone())]);
        assert_eq!(
            plain("<ul>a</ul>", &held).status(),
            StatusCode::NOT_MODIFIED
        );
        assert_eq!(plain("<ul>b</ul>", &held).status(), StatusCode::OK);
    }

    #[test]
    fn another_picture_of_the_same_position_is_sent_to_who_holds_the_first() {
        let position = Position {
            epoch: "e".into(),
            revision: 7,
        };
        let policy = HeaderValue::from_static("default-src 'none'");
        let answer = |body: &str, held: &HeaderMap| {
            picture(&position, "chart", &policy, body.to_owned()).respond(held)
        };
        let first = answer("<svg/>", &HeaderMap::new());
        let held = HeaderMap::from_iter([(IF_NONE_MATCH, first.headers()[ETAG].clone())]);
        assert_eq!(answer("<svg/>", &held).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(answer("<svg></svg>", &held).status(), StatusCode::OK);
    }
}
