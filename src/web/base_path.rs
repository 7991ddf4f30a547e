//! The path under which the web side is served: a proxy may pass requests for a sub-path of its site without removing the
//! sub-path, as `https://site.example/rates/…`. A proxy that removes it needs no setting, since pages name everything by
//! relative addresses.

use std::sync::Arc;

use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::web::error::WebError;
use crate::web::security;

/// The path of every request, which begins and ends with a slash.
#[derive(Debug, Clone)]
pub(super) struct BasePath(Arc<str>);

impl BasePath {
    pub(super) fn new(path: &str) -> Self {
        Self(path.into())
    }

    /// The path without the slash at its end: empty for the root.
    pub(super) fn prefix(&self) -> &str {
        self.0.strip_suffix('/').unwrap_or_default()
    }

    /// The address as the router knows it: below the root.
    ///
    /// # Errors
    /// The answer to a request for another path: the address of the folder without its slash is redirected, because relative
    /// addresses on its page would lead elsewhere.
    pub(super) fn below(&self, uri: Uri) -> Result<Uri, Box<Response>> {
        let prefix = self.prefix();
        if prefix.is_empty() {
            return Ok(uri);
        }
        let target = uri.path_and_query().map_or("", PathAndQuery::as_str);
        let below = target.strip_prefix(prefix).unwrap_or("*");
        if below.is_empty() || below.starts_with('?') {
            return Err(Box::new(redirect(&format!("{}{below}", self.0))));
        }
        let below = below.starts_with('/').then(|| below.parse().ok()).flatten();
        let Some(below) = below else {
            let error = WebError::OutsideBasePath(Arc::clone(&self.0));
            return Err(Box::new(protected(error.into_response())));
        };
        let mut parts = uri.into_parts();
        parts.path_and_query = Some(below);
        // Only the path is another one, so the parts still fit together.
        Ok(Uri::from_parts(parts).unwrap_or_default())
    }
}

/// A redirect that no cache keeps: the setting may change.
fn redirect(location: &str) -> Response {
    let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(LOCATION, location);
    }
    protected(response)
}

fn protected(mut response: Response) -> Response {
    security::protect(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address below the root; for any other, the status and the target of the answer.
    fn below(path: &str, uri: &str) -> String {
        match BasePath::new(path).below(uri.parse().unwrap()) {
            Ok(uri) => uri.to_string(),
            Err(answer) => {
                let location = answer.headers().get(LOCATION);
                let location = location.map_or("", |location| location.to_str().unwrap());
                format!("{} {location}", answer.status().as_u16())
            }
        }
    }

    #[test]
    fn an_address_under_the_path_is_one_below_the_root() {
        for (uri, expected) in [
            ("/rates/", "/"),
            ("/rates/ticker.js?v=3", "/ticker.js?v=3"),
            (
                "http://site.example/rates/v1/watch",
                "http://site.example/v1/watch",
            ),
            ("/rates//ticker.js", "//ticker.js"),
            ("/rates/rates/", "/rates/"),
        ] {
            assert_eq!(below("/rates/", uri), expected, "{uri}");
        }
        assert_eq!(below("/", "/rates/x"), "/rates/x");
        assert_eq!(below("/a/b/", "/a/b/c"), "/c");
    }

    #[test]
    fn the_path_without_its_slash_leads_to_the_path() {
        assert_eq!(below("/rates/", "/rates"), "307 /rates/");
        assert_eq!(below("/rates/", "/rates?x=1"), "307 /rates/?x=1");
    }

    #[test]
    fn nothing_is_outside_the_path() {
        for uri in ["/", "/ticker.js", "/ratesx/", "/Rates/", "/x/rates/", "*"] {
            assert_eq!(below("/rates/", uri), "404 ", "{uri}");
        }
    }
}
