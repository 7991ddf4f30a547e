//! Answers that are made once and sent many times: every encoding of a body, with its headers.

use std::io::Write;
use std::sync::OnceLock;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, VARY,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest::{SHA384, digest};

use crate::web::entity_tag;
use crate::web::negotiation::Encoding;

/// A smaller body fits into one packet with its headers, half a KiB or so; compressing it would save nothing.
const COMPRESSED_BYTES_MIN: usize = 512;

/// An answer in every encoding there is of it.
#[derive(Debug)]
pub(super) struct PreparedAnswer {
    head: Head,
    plain: Representation,
    /// Filled by the first request that prefers it; nothing for a body that is too small.
    gzip: Option<OnceLock<Representation>>,
    brotli: Option<Representation>,
}

/// The headers that do not depend on the encoding.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) media_type: HeaderValue,
    /// The others, which a 304 has too.
    pub(super) headers: HeaderMap,
}

/// A body in one encoding.
#[derive(Debug)]
struct Representation {
    body: Bytes,
    validator: HeaderValue,
    headers: HeaderMap,
    /// The headers for a client that holds it already.
    not_modified: HeaderMap,
}

impl PreparedAnswer {
    /// An answer that is compressed here. The validator stands for every encoding.
    pub(super) fn new(mut head: Head, body: String, validator: HeaderValue) -> Self {
        let gzip = (body.len() >= COMPRESSED_BYTES_MIN).then(OnceLock::new);
        if gzip.is_some() {
            head.vary_by_encoding();
        }
        Self {
            plain: head.representation(body.into(), Encoding::Identity, validator),
            gzip,
            brotli: None,
            head,
        }
    }

    /// An answer whose compressed bodies are there. Each encoding has a strong validator of its own, so that a cache which
    /// holds several learns which of them a 304 is about.
    pub(super) fn compressed(
        mut head: Head,
        plain: Bytes,
        gzip: Option<Bytes>,
        brotli: Option<Bytes>,
    ) -> Self {
        if gzip.is_some() || brotli.is_some() {
            head.vary_by_encoding();
        }
        let of = |body: Bytes, encoding| {
            let validator = format!("\"{}\"", short_digest(&body));
            let validator = HeaderValue::try_from(validator);
            let validator = validator.unwrap_or(HeaderValue::from_static("\"\""));
            head.representation(body, encoding, validator)
        };
        Self {
            plain: of(plain, Encoding::Identity),
            gzip: gzip.map(|body| of(body, Encoding::Gzip).into()),
            brotli: brotli.map(|body| of(body, Encoding::Brotli)),
            head,
        }
    }

    /// The answer to a request with these headers.
    pub(super) fn respond(&self, request: &HeaderMap) -> Response {
        let representation = self.preferred(request);
        let is_held = entity_tag::matches(request, &representation.validator);
        let (status, headers, body) = if is_held {
            let headers = &representation.not_modified;
            (StatusCode::NOT_MODIFIED, headers, Body::empty())
        } else {
            let body = Body::from(representation.body.clone());
            (StatusCode::OK, &representation.headers, body)
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers.clone();
        response
    }

    /// The length of its body, as it is without compression.
    pub(super) fn plain_bytes(&self) -> usize {
        self.plain.body.len()
    }

    fn preferred(&self, request: &HeaderMap) -> &Representation {
        let is_there = |encoding| match encoding {
            Encoding::Identity => true,
            Encoding::Gzip => self.gzip.is_some(),
            Encoding::Brotli => self.brotli.is_some(),
        };
        let preferred = match Encoding::preferred(request, is_there) {
            Encoding::Identity => None,
            Encoding::Gzip => self
                .gzip
                .as_ref()
                .map(|gzip| gzip.get_or_init(|| self.zip())),
            Encoding::Brotli => self.brotli.as_ref(),
        };
        preferred.unwrap_or(&self.plain)
    }

    fn zip(&self) -> Representation {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        // Writing to memory does not fail.
        let zipped = encoder.write_all(&self.plain.body);
        let zipped = zipped.and_then(|()| encoder.finish()).unwrap_or_default();
        let validator = self.plain.validator.clone();
        self.head
            .representation(zipped.into(), Encoding::Gzip, validator)
    }
}

impl Head {
    fn vary_by_encoding(&mut self) {
        self.headers
            .append(VARY, HeaderValue::from(ACCEPT_ENCODING));
    }

    fn representation(
        &self,
        body: Bytes,
        encoding: Encoding,
        validator: HeaderValue,
    ) -> Representation {
        let mut not_modified = self.headers.clone();
        not_modified.insert(ETAG, validator.clone());
        let mut headers = not_modified.clone();
        headers.insert(CONTENT_TYPE, self.media_type.clone());
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        if let Some(name) = encoding.name() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        Representation {
            body,
            validator,
            headers,
            not_modified,
        }
    }
}

/// The letters of [`short_digest`].
pub(super) const SHORT_DIGEST_LENGTH: usize = 16;

/// 64 bits of a digest, in hexadecimal.
pub(super) fn short_digest(bytes: &[u8]) -> String {
    let digest = digest(&SHA384, bytes);
    let first = digest.as_ref().first_chunk().copied();
    format!("{:016x}", u64::from_be_bytes(first.unwrap_or_default()))
}
