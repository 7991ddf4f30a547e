//! Admits the requests of browsers: a page is read by those who may read the rates on it.

mod query;

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderMap, ORIGIN, REFERER, VARY};
use axum::http::{HeaderValue, Method, Request, Uri};
use axum::response::{IntoResponse, Response};

use crate::access::{Gate, KEY_PREFIX, Rejection, Scope};
use crate::web::admission::query::{Credentials, key_in_address, pairs};
use crate::web::cors::{Origins, plain};
use crate::web::error::WebError;
use crate::web::{caching, security};

/// What the paths of gRPC-Web begin with: those services admit their calls themselves, and refuse them in their own form.
const GRPC_WEB: [&str; 2] = ["/silkrate.v1.RateService/", "/grpc.health.v1.Health/"];
/// How long a browser may keep an answer that needed a key: as long as a cache may keep one for all readers.
const PRIVATE: [(&str, &str); 2] = [
    (caching::PRESENT, "private, max-age=5"),
    (caching::PAST, "private, max-age=60"),
];

/// Why a request is not admitted.
#[derive(Debug)]
pub(super) struct Refused {
    error: WebError,
    /// For how long the answer is kept back.
    delay: Duration,
}

impl From<Rejection> for Box<Refused> {
    fn from(Rejection { refusal, delay }: Rejection) -> Self {
        Self::new(Refused {
            error: refusal.into(),
            delay,
        })
    }
}

impl From<WebError> for Box<Refused> {
    fn from(error: WebError) -> Self {
        Self::new(Refused {
            error,
            delay: Duration::ZERO,
        })
    }
}

/// Whether a service of gRPC-Web answers the requests of a path.
pub(super) fn is_grpc_web(path: &str) -> bool {
    let mut methods = GRPC_WEB.iter().filter_map(|start| path.strip_prefix(start));
    methods.any(|method| !method.is_empty())
}

/// Admits a request below the path of the service, which has the key of its client from then on, and no token in its address.
/// Scripts, styles and the description of the paths are no data, and are not asked about here.
pub(super) fn admit<B>(gate: &Gate, request: &mut Request<B>) -> Result<(), Box<Refused>> {
    let path = request.uri().path();
    // A browser asks beforehand, without a key, whether it may send one.
    if request.method() == Method::OPTIONS || is_grpc_web(path) {
        return Ok(());
    }
    if path.contains(KEY_PREFIX) {
        return Err(key_in_address().into());
    }
    let caller = request.extensions().get().copied();
    let credentials = Credentials::read(request.uri().query().unwrap_or_default())?;
    let identity = match credentials {
        None => gate.admit(request.headers(), Scope::Read, caller)?,
        Some(Credentials { token, rest }) => {
            let wanted = pairs(path, &rest)?;
            let origin = origin(request.headers());
            let wanted = (&wanted, origin.as_deref());
            let identity = gate.admit_token((&token, request.headers()), wanted, caller)?;
            let target = if rest.is_empty() {
                path.to_owned()
            } else {
                format!("{path}?{rest}")
            };
            *request.uri_mut() = without_token(request.uri(), &target);
            Some(identity)
        }
    };
    if let Some(identity) = identity {
        request.extensions_mut().insert(identity);
    }
    Ok(())
}

/// The origin of the page that sends a request: browsers name it to other sites, and in the address of the page otherwise.
fn origin(headers: &HeaderMap) -> Option<String> {
    let text = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    if let Some(origin) = text(ORIGIN) {
        return Some(plain(origin));
    }
    let page = text(REFERER)?;
    let (scheme, rest) = page.split_once("://").unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    Some(plain(&format!("{scheme}://{host}")))
}

/// The same address with another path and query.
fn without_token(uri: &Uri, target: &str) -> Uri {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = target.parse().ok();
    Uri::from_parts(parts).unwrap_or_default()
}

/// The answer to a request with these headers that is not admitted. A page that may read the answers may read this one.
pub(super) async fn rejected(
    refused: Box<Refused>,
    (origins, headers): (Origins, HeaderMap),
    has_body: bool,
) -> Response {
    let Refused { error, delay } = *refused;
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let mut response = error.into_response();
    origins.allow(&headers, response.headers_mut());
    security::protect(response.headers_mut());
    if !has_body {
        *response.body_mut() = Body::empty();
    }
    response
}

/// Keeps the answer to a request that needed a key from the caches that others share.
pub(super) fn keep_private(headers: &mut HeaderMap) {
    let Some(value) = headers.get(CACHE_CONTROL) else {
        return;
    };
    let private = PRIVATE.iter().find(|(public, _)| value == public);
    if let Some((_, private)) = private {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(private));
        headers.append(VARY, HeaderValue::from(AUTHORIZATION));
    }
}
