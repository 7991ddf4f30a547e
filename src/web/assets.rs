//! The built files of the web side, which are part of the program: pages, their scripts and styles, and the element.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA384, digest};
use serde::Serialize;

use crate::web::JSON;
use crate::web::caching::{matches, validator};

/// Every file of the build, by name.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/files.rs"));
/// The element, under the name that never changes.
const ELEMENT: &str = "ticker.js";
/// The page at the root.
const INDEX: &str = "index.html";
/// Pages and files under a lasting name are asked for again after five minutes: a new version shows soon.
const LASTING_NAME: &str = "public, max-age=300";
/// A name that holds the digest can only ever mean these bytes.
const DIGEST_IN_NAME: &str = "public, max-age=31536000, immutable";

/// The files, with what is computed from them once.
#[derive(Debug)]
pub(super) struct Assets {
    files: Vec<Asset>,
    /// The element's own name: 64 bits of its digest are in it, so that no two builds share one.
    element_name: String,
    element: String,
}

#[derive(Debug)]
struct Asset {
    name: &'static str,
    bytes: &'static [u8],
    kind: &'static str,
    validator: HeaderValue,
}

/// Where the element is, and what its bytes must be: the two attributes of a script tag.
#[derive(Serialize)]
struct Element<'a> {
    src: &'a str,
    integrity: String,
}

impl Assets {
    pub(super) fn new() -> Self {
        let mut element_name = String::new();
        let mut element = String::new();
        let mut files = Vec::new();
        for (name, bytes) in FILES {
            let digest = digest(&SHA384, bytes);
            let first = digest.as_ref().first_chunk().copied();
            let hexadecimal = format!("{:016x}", u64::from_be_bytes(first.unwrap_or_default()));
            if *name == ELEMENT {
                element_name = format!("ticker-{hexadecimal}.js");
                let told = Element {
                    src: &format!("/{element_name}"),
                    integrity: format!("sha384-{}", STANDARD.encode(digest)),
                };
                element = serde_json::to_string(&told).unwrap_or_default();
            }
            files.push(Asset {
                name,
                bytes,
                kind: kind(name),
                validator: validator(&hexadecimal),
            });
        }
        Self {
            files,
            element_name,
            element,
        }
    }

    /// The file at a path; nothing when there is none.
    pub(super) fn answer(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        let path = path.strip_prefix('/')?;
        if path == "ticker.json" {
            let headers = [(CONTENT_TYPE, JSON), (CACHE_CONTROL, LASTING_NAME)];
            return Some((headers, self.element.clone()).into_response());
        }
        let (name, caching) = match path {
            "" => (INDEX, LASTING_NAME),
            path if path == self.element_name => (ELEMENT, DIGEST_IN_NAME),
            path => (path, LASTING_NAME),
        };
        let asset = self.files.iter().find(|asset| asset.name == name)?;
        Some(asset.answer(caching, headers))
    }
}

impl Asset {
    fn answer(&self, caching: &'static str, headers: &HeaderMap) -> Response {
        let mut response = if matches(headers.get(IF_NONE_MATCH), &self.validator) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            self.bytes.into_response()
        };
        let kept = response.headers_mut();
        kept.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        kept.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
        kept.insert(ETAG, self.validator.clone());
        if self.name == ELEMENT {
            // Code, the same for everyone, and no data: a page of any site may load it and check its digest, which
            // browsers allow of shared files alone.
            kept.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            kept.insert(
                HeaderName::from_static("cross-origin-resource-policy"),
                HeaderValue::from_static("cross-origin"),
            );
        }
        response
    }
}

/// The media type of a file.
fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json" | "map") => JSON,
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
