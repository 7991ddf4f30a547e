//! Static files: the pages, their scripts and styles, the elements, and the description of the JSON interface.
//!
//! They are part of the program, compressed when the web side was built.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, HeaderMap, LOCATION};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA384, digest};
use serde::Serialize;

use crate::web::base_path::BasePath;
use crate::web::entity_tag::validator;
use crate::web::prepared::{Head, PreparedAnswer, SHORT_DIGEST_LENGTH, short_digest};
use crate::web::{JSON, security};

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
/// The paths of the elements without the end of their names, which is `.js` for the script under the name that never changes,
/// and `.json` for where the script is by the name that holds its digest.
const ELEMENTS: &[&str] = &["/chart", "/ticker"];
/// The scripts of the elements.
pub(super) const TICKER: &str = "/ticker.js";
pub(super) const CHART: &str = "/chart.js";
/// The description of the JSON interface.
const OPENAPI: &str = "/v1/openapi.json";
/// The address of the server in that file: the root of the host that served it.
const OPENAPI_SERVER: &str = r#""servers": [{"url": "/"}]"#;
/// The header that tells why the address of a script leads to another one.
const SCRIPT_STATE: &str = "silkrate-script";
/// The address is that of another version's script, or of none: the redirect leads to the one of this version.
const SUPERSEDED: HeaderValue = HeaderValue::from_static("superseded");
/// A cache asks again for files under a lasting name after five minutes: a new version shows soon.
const LASTING_NAME: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// A name that holds the digest can only ever mean these bytes.
const DIGEST_IN_NAME: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The files by path.
#[derive(Debug)]
pub(super) struct Assets(BTreeMap<String, Asset>);

/// A file, whose answer is prepared when it is first asked for: most services never serve most of them, and the digests and headers
/// of all would be a tenth of the start.
type Asset = LazyLock<PreparedAnswer, Box<dyn FnOnce() -> PreparedAnswer + Send>>;

/// Where an element is, and what its bytes must be: the two attributes of a script tag.
#[derive(Serialize)]
struct ElementDescription<'a> {
    src: &'a str,
    integrity: String,
}

impl Assets {
    /// The files, which name their own addresses under a path.
    pub(super) fn new(base_path: &BasePath) -> Self {
        let prefix = base_path.prefix();
        let mut assets = BTreeMap::new();
        for file in FILES {
            assets.insert(file.path.to_owned(), lazy(|| answer(file, LASTING_NAME)));
            if let Some(element) = element(file.path) {
                // 64 bits of its digest are in the name, so that no two builds share one.
                let path = format!("{element}-{}.js", short_digest(file.plain));
                let (own_path, of) = (format!("{element}.json"), format!("{prefix}{path}"));
                let description = lazy(move || element_description(element, &of, file.plain));
                assets.insert(own_path, description);
                assets.insert(path, lazy(|| answer(file, DIGEST_IN_NAME)));
            } else if file.path == OPENAPI && !prefix.is_empty() {
                let prefix = prefix.to_owned();
                let description = lazy(move || openapi(file, &prefix));
                assets.insert(OPENAPI.to_owned(), description);
            }
        }
        Self(assets)
    }

    /// The answer to a request for the script of an element of another version, by the name that holds its digest; nothing when the path
    /// is no such name.
    pub(super) fn superseded(path: &str) -> Option<Response> {
        let (element, digest) = path.strip_suffix(".js")?.rsplit_once('-')?;
        let is_hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_digest = digest.len() == SHORT_DIGEST_LENGTH && digest.bytes().all(is_hexadecimal);
        if !is_digest || !ELEMENTS.contains(&element) {
            return None;
        }
        // Relative, so that it leads to the folder that the browser sees, behind a proxy too.
        let location = format!("{}.js", element.trim_start_matches('/'));
        let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
        let headers = response.headers_mut();
        headers.insert(LOCATION, HeaderValue::try_from(location).ok()?);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let (name, value) = (HeaderName::from_static(SCRIPT_STATE), SUPERSEDED);
        headers.insert(name, value);
        share(headers);
        security::protect(headers);
        Some(response)
    }

    /// The file at a path.
    pub(super) fn get(&self, path: &str) -> Option<&PreparedAnswer> {
        self.0.get(path).map(|asset| &**asset)
    }
}

/// The path of an element without the end of its name; nothing for another file.
fn element(path: &str) -> Option<&str> {
    let element = path.strip_suffix(".js")?;
    ELEMENTS.contains(&element).then_some(element)
}

/// The size of a file in bytes: gzipped, and compressed with Brotli.
pub(super) fn compressed_bytes(path: &str) -> (usize, usize) {
    let found = FILES.iter().find(|file| file.path == path);
    let bytes = |copy: Option<&[u8]>| copy.map_or(0, <[u8]>::len);
    found.map_or((0, 0), |file| (bytes(file.gzip), bytes(file.brotli)))
}

fn lazy(prepare: impl FnOnce() -> PreparedAnswer + Send + 'static) -> Asset {
    LazyLock::new(Box::new(prepare))
}

fn answer(file: &EmbeddedFile, cache_control: HeaderValue) -> PreparedAnswer {
    let mut head = head(file.path, cache_control);
    if element(file.path).is_some() {
        share(&mut head.headers);
    }
    PreparedAnswer::compressed(
        head,
        Bytes::from_static(file.plain),
        file.gzip.map(Bytes::from_static),
        file.brotli.map(Bytes::from_static),
    )
}

/// Lets a page of any site load a script and check its digest, which browsers allow of shared files alone: it is code, the
/// same for everyone, and no data.
fn share(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
}

fn head(path: &str, cache_control: HeaderValue) -> Head {
    let mut headers = HeaderMap::new();
    headers.insert(CACHE_CONTROL, cache_control);
    security::protect(&mut headers);
    Head {
        media_type: HeaderValue::from_static(media_type(path)),
        headers,
    }
}

/// The file that tells where an element is.
fn element_description(name: &str, path: &str, element: &[u8]) -> PreparedAnswer {
    let description = ElementDescription {
        src: path,
        integrity: format!("sha384-{}", STANDARD.encode(digest(&SHA384, element))),
    };
    let text = serde_json::to_string(&description).unwrap_or_default();
    let head = head(&format!("{name}.json"), LASTING_NAME);
    PreparedAnswer::compressed(head, text.into(), None, None)
}

/// The description of the JSON interface whose paths are all under a prefix.
fn openapi(file: &EmbeddedFile, prefix: &str) -> PreparedAnswer {
    let server = format!(r#""servers": [{{"url": "{prefix}"}}]"#);
    let text = String::from_utf8_lossy(file.plain).replace(OPENAPI_SERVER, &server);
    let validator = validator(&short_digest(text.as_bytes()));
    PreparedAnswer::new(head(OPENAPI, LASTING_NAME), text, validator)
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
