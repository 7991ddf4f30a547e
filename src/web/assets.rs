//! Static files: the pages, their scripts and styles, the ticker's element, and the description of the JSON interface.
//!
//! They are part of the program, compressed when the web side was built. The headers of every answer are made once, at
//! start, so that serving a file copies its headers and shares its bytes.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_TYPE, ETAG, HeaderMap, VARY,
};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA384, digest};
use serde::Serialize;

use crate::web::negotiation::Encoding;
use crate::web::{JSON, caching, security};

/// A file of the program.
#[derive(Debug)]
struct EmbeddedFile {
    path: &'static str,
    plain: &'static [u8],
    /// The same, compressed; nothing for a file that is too small for it.
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

/// Every file, sorted by path.
const FILES: &[EmbeddedFile] = include!(concat!(env!("OUT_DIR"), "/static_files.rs"));
/// The element, under the name that never changes.
const ELEMENT: &str = "/ticker.js";
/// Where the element is by the name that holds its digest.
const ELEMENT_DESCRIPTION: &str = "/ticker.json";
/// The page at the root.
const INDEX: &str = "/index.html";
/// A cache asks again for pages and for files under a lasting name after five minutes: a new version shows soon.
const LASTING_NAME: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// A name that holds the digest can only ever mean these bytes.
const DIGEST_IN_NAME: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The files by path.
#[derive(Debug)]
pub(super) struct Assets(BTreeMap<String, Asset>);

/// A file in every encoding there is of it.
#[derive(Debug)]
struct Asset {
    plain: Representation,
    gzip: Option<Representation>,
    brotli: Option<Representation>,
}

/// A file in one encoding.
#[derive(Debug)]
struct Representation {
    body: Bytes,
    validator: HeaderValue,
    headers: HeaderMap,
    /// The headers for a client that holds it already.
    not_modified: HeaderMap,
}

/// Where the element is, and what its bytes must be: the two attributes of a script tag.
#[derive(Serialize)]
struct ElementDescription<'a> {
    src: &'a str,
    integrity: String,
}

impl Assets {
    pub(super) fn new() -> Self {
        let mut assets = BTreeMap::new();
        for file in FILES {
            let asset = Asset::new(file, &LASTING_NAME);
            if file.path == ELEMENT {
                // 64 bits of its digest are in the name, so that no two builds share one.
                let path = format!("/ticker-{}.js", short_digest(file.plain));
                let description = element_description(&path, file.plain);
                assets.insert(ELEMENT_DESCRIPTION.to_owned(), description);
                assets.insert(path, Asset::new(file, &DIGEST_IN_NAME));
            } else if file.path == INDEX {
                assets.insert("/".to_owned(), Asset::new(file, &LASTING_NAME));
            }
            assets.insert(file.path.to_owned(), asset);
        }
        Self(assets)
    }

    /// The answer to a request for a file; nothing when there is no such file, or the request would write it.
    pub(super) fn answer(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Option<Response> {
        let has_body = match *method {
            Method::GET => true,
            Method::HEAD => false,
            _ => return None,
        };
        let representation = self.0.get(path)?.preferred(headers);
        Some(representation.answer(headers, has_body))
    }
}

impl Asset {
    fn new(file: &EmbeddedFile, cache_control: &HeaderValue) -> Self {
        let mut common = HeaderMap::new();
        common.insert(CACHE_CONTROL, cache_control.clone());
        if file.gzip.is_some() || file.brotli.is_some() {
            common.insert(VARY, HeaderValue::from(ACCEPT_ENCODING));
        }
        if file.path == ELEMENT {
            // Code, the same for everyone, and no data: a page of any site may load it and check its digest, which
            // browsers allow of shared files alone.
            common.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            common.insert(
                HeaderName::from_static("cross-origin-resource-policy"),
                HeaderValue::from_static("cross-origin"),
            );
        }
        security::protect(&mut common);
        let media_type = media_type(file.path);
        let of = |body, encoding| {
            Representation::new(Bytes::from_static(body), media_type, encoding, &common)
        };
        Self {
            plain: of(file.plain, Encoding::Identity),
            gzip: file.gzip.map(|body| of(body, Encoding::Gzip)),
            brotli: file.brotli.map(|body| of(body, Encoding::Brotli)),
        }
    }

    fn preferred(&self, headers: &HeaderMap) -> &Representation {
        let is_there = |encoding| self.encoded(encoding).is_some();
        let preferred = Encoding::preferred(headers, is_there);
        self.encoded(preferred).unwrap_or(&self.plain)
    }

    fn encoded(&self, encoding: Encoding) -> Option<&Representation> {
        match encoding {
            Encoding::Identity => Some(&self.plain),
            Encoding::Gzip => self.gzip.as_ref(),
            Encoding::Brotli => self.brotli.as_ref(),
        }
    }
}

impl Representation {
    fn new(body: Bytes, media_type: &'static str, encoding: Encoding, common: &HeaderMap) -> Self {
        // Strong, and of these very bytes: a cache that holds several encodings learns which of them a 304 is about.
        let validator = format!("\"{}\"", short_digest(&body));
        let validator =
            HeaderValue::try_from(validator).unwrap_or(HeaderValue::from_static("\"\""));
        let mut not_modified = common.clone();
        not_modified.insert(ETAG, validator.clone());
        let mut headers = not_modified.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        if let Some(name) = encoding.name() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        Self {
            body,
            validator,
            headers,
            not_modified,
        }
    }

    fn answer(&self, headers: &HeaderMap, has_body: bool) -> Response {
        let is_held = caching::matches(headers, &self.validator);
        let body = if has_body && !is_held {
            Body::from(self.body.clone())
        } else {
            Body::empty()
        };
        let mut response = Response::new(body);
        if is_held {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.headers_mut() = self.not_modified.clone();
        } else {
            *response.headers_mut() = self.headers.clone();
        }
        response
    }
}

/// The file that tells where the element is.
fn element_description(path: &str, element: &[u8]) -> Asset {
    let description = ElementDescription {
        src: path,
        integrity: format!("sha384-{}", STANDARD.encode(digest(&SHA384, element))),
    };
    let text = serde_json::to_string(&description).unwrap_or_default();
    let mut common = HeaderMap::new();
    common.insert(CACHE_CONTROL, LASTING_NAME);
    security::protect(&mut common);
    Asset {
        plain: Representation::new(text.into(), JSON, Encoding::Identity, &common),
        gzip: None,
        brotli: None,
    }
}

/// 64 bits of a digest, in hexadecimal.
fn short_digest(bytes: &[u8]) -> String {
    let digest = digest(&SHA384, bytes);
    let first = digest.as_ref().first_chunk().copied();
    format!("{:016x}", u64::from_be_bytes(first.unwrap_or_default()))
}

/// The media type of a file.
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
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
