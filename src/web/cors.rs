//! Cross-origin requests: the pages of this server may read, and those of the origins that the operator lists.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{
    self, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, HOST, HeaderName, ORIGIN,
    VARY,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::web::POSITION;
use crate::web::error::{QUOTA, QUOTA_POLICY, WebError};

/// The list entry that stands for every origin.
const ANY: &str = "*";
/// How long a browser may keep the answer to a preflight request: Chromium caps it at two hours, and the list changes
/// rarely.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);
/// The header in which a browser says whether a request comes from a page of the same origin; no script can set it.
const FETCH_SITE: &str = "sec-fetch-site";

/// The headers of an answer that a script may read.
const EXPOSED: [HeaderName; 9] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
    header::ETAG,
    header::LINK,
    header::RETRY_AFTER,
    QUOTA_POLICY,
    QUOTA,
    HeaderName::from_static(POSITION),
];

/// The origins that may read.
#[derive(Debug, Clone)]
pub(super) struct Origins {
    listed: Arc<[String]>,
    /// The names under which this server is reached, as its settings have them.
    hosts: Arc<[String]>,
    /// [`EXPOSED`] as the value of a header.
    exposed: HeaderValue,
}

impl Origins {
    pub(super) fn new(listed: &[String]) -> Self {
        let exposed = EXPOSED.each_ref().map(HeaderName::as_str).join(",");
        Self {
            listed: listed.iter().map(|origin| plain(origin)).collect(),
            hosts: Arc::default(),
            exposed: HeaderValue::try_from(exposed).unwrap_or(HeaderValue::from_static("")),
        }
    }

    /// The same for a server that is reached under these names.
    pub(super) fn reached_under(self, hosts: impl Iterator<Item = String>) -> Self {
        Self {
            hosts: hosts.collect(),
            ..self
        }
    }

    fn any(&self) -> bool {
        self.listed.iter().any(|listed| listed == ANY)
    }

    fn lists(&self, origin: &HeaderValue) -> bool {
        let origin = origin.to_str().map(plain);
        origin.is_ok_and(|origin| self.listed.contains(&origin))
    }

    /// Whether a request may be answered: a request that no page made, one of a page of this server, or one of a listed
    /// origin.
    pub(super) fn admits(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let mut origins = headers.get_all(ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else {
            // Without an origin, no page made the request. With two, no browser did.
            return !headers.contains_key(ORIGIN);
        };
        self.any() || self.lists(origin) || is_own(origin, headers, uri)
    }

    /// Whether pages of an origin may read: it is listed, or that of this server, by a request to it or by its settings.
    pub(super) fn may_read(&self, origin: &str, (headers, uri): (&HeaderMap, &Uri)) -> bool {
        let Ok(value) = HeaderValue::from_str(origin) else {
            return false;
        };
        let is_named = || {
            let host = origin.split_once("://").map_or("", |(_, host)| host);
            // The colons of an address of IPv6 stand in brackets.
            let port = host
                .rsplit_once(':')
                .filter(|(_, port)| !port.ends_with(']'));
            let name = port.map_or(host, |(name, _port)| name);
            self.hosts.iter().any(|own| own == name)
        };
        self.any() || self.lists(&value) || is_own(&value, headers, uri) || is_named()
    }

    /// The layer that tells a browser which pages may read, and answers its preflight requests.
    pub(super) fn cors(&self) -> CorsLayer {
        let allowed = if self.any() {
            AllowOrigin::any()
        } else {
            let origins = self.clone();
            AllowOrigin::predicate(move |origin, _request| origins.lists(origin))
        };
        let name = HeaderName::from_static;
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::HEAD, Method::POST])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                header::IF_NONE_MATCH,
                header::CACHE_CONTROL,
                name("last-event-id"),
                name("grpc-timeout"),
                name("x-grpc-web"),
                name("x-user-agent"),
            ])
            .expose_headers(EXPOSED)
            .max_age(PREFLIGHT_MAX_AGE)
            .vary([ORIGIN])
    }

    /// Adds the headers that [`Self::cors`] adds to an answer.
    pub(super) fn allow(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        answer.append(VARY, HeaderValue::from(ORIGIN));
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed.clone());
        if self.any() {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static(ANY));
        } else if let Some(origin) = request.get(ORIGIN).filter(|origin| self.lists(origin)) {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
    }
}

/// Refuses the requests of foreign pages: their browser would withhold the answer, and a stream would run unread.
pub(super) async fn guard(
    State(origins): State<Origins>,
    request: Request,
    next: Next,
) -> Response {
    if origins.admits(request.headers(), request.uri()) {
        return next.run(request).await;
    }
    let is_preflight = request.method() == Method::OPTIONS;
    let mut refusal = WebError::ForeignOrigin.into_response();
    if !is_preflight {
        // The refusal holds no data. A page that may read it can tell its author which setting of the service to change.
        let any = HeaderValue::from_static(ANY);
        refusal
            .headers_mut()
            .insert(ACCESS_CONTROL_ALLOW_ORIGIN, any);
    }
    refusal
}

/// Whether the page is of this server. The scheme is not compared: it differs behind a proxy that terminates TLS.
fn is_own(origin: &HeaderValue, headers: &HeaderMap, uri: &Uri) -> bool {
    if headers
        .get(FETCH_SITE)
        .is_some_and(|site| site == "same-origin")
    {
        return true;
    }
    let host = uri.authority().map(Authority::as_str);
    let host = host.or_else(|| headers.get(HOST)?.to_str().ok());
    let (Some(host), Ok(origin)) = (host, origin.to_str().map(plain)) else {
        return false;
    };
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    plain(&format!("{scheme}://{host}")).split_once("://") == Some((scheme, authority))
}

/// An origin as browsers write it: lower-case, without the port that its scheme implies.
pub(super) fn plain(origin: &str) -> String {
    let origin = origin.to_ascii_lowercase();
    let port = match origin.split_once("://") {
        Some(("https", _)) => ":443",
        Some(("http", _)) => ":80",
        _ => return origin,
    };
    origin.strip_suffix(port).unwrap_or(&origin).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(of: &[(&'static str, &'static str)]) -> HeaderMap {
        let headers = of.iter();
        let header = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        headers.map(header).collect()
    }

    fn admits(listed: &[&str], of: &[(&'static str, &'static str)]) -> bool {
        let listed: Vec<String> = listed.iter().map(ToString::to_string).collect();
        Origins::new(&listed).admits(&headers(of), &Uri::from_static("/v1/snapshot.json"))
    }

    #[test]
    fn a_request_that_no_page_made_is_admitted() {
        assert!(admits(&[], &[("host", "rates.example")]));
    }

    #[test]
    fn a_page_of_this_server_is_admitted_behind_any_proxy() {
        for origin in ["https://rates.example", "http://rates.example"] {
            assert!(admits(
                &[],
                &[("host", "rates.example"), ("origin", origin)]
            ));
        }
        let with_port = [
            ("host", "rates.example:443"),
            ("origin", "https://rates.example"),
        ];
        assert!(admits(&[], &with_port));
        let renamed = [
            ("host", "10.0.0.7:8080"),
            ("origin", "https://rates.example"),
            ("sec-fetch-site", "same-origin"),
        ];
        assert!(admits(&[], &renamed));
        assert!(!admits(&[], &renamed[..2]));
    }

    #[test]
    fn a_listed_origin_is_admitted_and_no_other() {
        let listed = ["https://news.example:443"];
        let of = |origin| [("host", "rates.example"), ("origin", origin)];
        assert!(admits(&listed, &of("https://news.example")));
        for foreign in [
            "http://news.example",
            "https://news.example.evil.example",
            "https://news.example:8443",
            "https://evil.example/https://news.example",
            "null",
            "",
        ] {
            assert!(!admits(&listed, &of(foreign)), "{foreign}");
        }
        assert!(admits(&["*"], &of("https://anyone.example")));
    }

    #[test]
    fn two_origins_are_none_of_a_browser() {
        let mut two = headers(&[("origin", "https://news.example")]);
        two.append(ORIGIN, HeaderValue::from_static("https://news.example"));
        let origins = Origins::new(&["https://news.example".to_owned()]);
        assert!(!origins.admits(&two, &Uri::from_static("/")));
    }
}
