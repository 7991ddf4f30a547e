//! Static files: ready-made encodings, negotiation, validators, HEAD.

use std::fs;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;

use flate2::read::GzDecoder;

use crate::support::browser::{Answer, get, send};
use crate::web::april;

/// The encodings of a file, as `Content-Encoding` names them.
const ENCODINGS: [&str; 2] = ["gzip", "br"];
/// A file with compressed copies, and one without.
const COMPRESSED: &str = "/ticker.js";
const SMALL: &str = "/icon.svg";
/// The security headers.
const SAFETY: [&str; 3] = [
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
];

/// Every static file: its path, and its bytes in the tree.
fn files() -> Vec<(String, Vec<u8>)> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    let mut files = vec![(
        "/v1/openapi.json".to_owned(),
        fs::read(web.join("openapi.json")).unwrap(),
    )];
    for entry in fs::read_dir(web.join("dist")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if ![".gz", ".br"].iter().any(|copy| name.ends_with(copy)) {
            files.push((format!("/{name}"), fs::read(&path).unwrap()));
        }
    }
    files
}

fn decompressed(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    let body = &answer.body[..];
    match answer.header("content-encoding") {
        None => plain.extend_from_slice(body),
        Some("gzip") => drop(GzDecoder::new(body).read_to_end(&mut plain).unwrap()),
        Some("br") => {
            let mut decompressor = brotli_decompressor::Decompressor::new(body, 4096);
            decompressor.read_to_end(&mut plain).unwrap();
        }
        Some(other) => panic!("{other} is not an encoding of the server"),
    }
    plain
}

async fn accepting(web: SocketAddr, path: &str, accepted: &str) -> Answer {
    get(web, path, &[("accept-encoding", accepted)]).await
}

fn etag(answer: &Answer) -> String {
    answer.header("etag").unwrap().to_owned()
}

#[tokio::test]
async fn every_encoding_of_a_file_holds_the_bytes_of_the_file() {
    let (_bank, silkrate) = april().await;
    let mut compressed = 0;
    for (path, bytes) in files() {
        let plain = get(silkrate.web, &path, &[]).await;
        assert_eq!(plain.status, 200, "{path}");
        assert!(plain.body == bytes, "{path}");
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        for encoding in ENCODINGS {
            let answer = accepting(silkrate.web, &path, encoding).await;
            let length = answer.body.len().to_string();
            assert_eq!(answer.header("content-length"), Some(length.as_str()));
            assert_eq!(answer.header("content-type"), plain.header("content-type"));
            assert!(
                decompressed(&answer) == bytes,
                "{path}, {encoding}: the copy is stale: run node src/web/compress.mjs"
            );
            if bytes.len() >= 512 {
                assert_eq!(answer.header("content-encoding"), Some(encoding), "{path}");
                assert!(answer.body.len() * 2 < bytes.len(), "{path}, {encoding}");
                compressed += 1;
            }
        }
    }
    assert!(compressed >= 8, "{compressed} compressed answers");
    silkrate.finish().await;
}

#[tokio::test]
async fn a_file_is_sent_in_the_encoding_that_the_request_prefers() {
    let (_bank, silkrate) = april().await;
    for (accepted, encoding) in [
        ("gzip, deflate, br, zstd", Some("br")),
        ("gzip, deflate", Some("gzip")),
        ("br;q=0.1, gzip;q=0.2", Some("gzip")),
        ("br;q=0, *;q=0.1", Some("gzip")),
        ("gzip;q=0", None),
        ("identity, gzip;q=0.9", None),
        ("zstd", None),
    ] {
        let answer = accepting(silkrate.web, COMPRESSED, accepted).await;
        assert_eq!(answer.header("content-encoding"), encoding, "{accepted}");
        assert_eq!(answer.vary(), ["accept-encoding"], "{accepted}");
    }
    let small = accepting(silkrate.web, SMALL, "gzip, br").await;
    assert_eq!(small.header("content-encoding"), None);
    assert_eq!(small.vary(), Vec::<&str>::new(), "there is but one");
    silkrate.finish().await;
}

#[tokio::test]
async fn each_encoding_has_a_strong_validator_of_its_own() {
    let (_bank, silkrate) = april().await;
    let mut validators = Vec::new();
    for accepted in ["identity", "gzip", "br"] {
        let validator = etag(&accepting(silkrate.web, COMPRESSED, accepted).await);
        assert!(validator.starts_with('"'), "{validator}");
        validators.push(validator);
    }
    for (index, accepted) in ["identity", "gzip", "br"].into_iter().enumerate() {
        for (other, held) in validators.iter().enumerate() {
            let headers = [
                ("accept-encoding", accepted),
                ("if-none-match", held.as_str()),
            ];
            let answer = get(silkrate.web, COMPRESSED, &headers).await;
            let expected = if other == index { 304 } else { 200 };
            assert_eq!(answer.status, expected, "{accepted}, {held}");
            assert_eq!(etag(&answer), validators[index]);
        }
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_client_behind_a_proxy_that_compresses_gets_a_304() {
    let (_bank, silkrate) = april().await;
    let first = get(silkrate.web, COMPRESSED, &[]).await;
    let opaque = etag(&first).trim_matches('"').to_owned();
    for held in [
        format!("W/\"{opaque}\""),
        format!("\"{opaque}-gzip\""),
        format!("W/\"{opaque}-gzip\""),
        format!("\"other\", \"{opaque}-br\""),
    ] {
        let answer = get(silkrate.web, COMPRESSED, &[("if-none-match", &held)]).await;
        assert_eq!((answer.status, answer.text()), (304, ""), "{held}");
        for name in SAFETY.into_iter().chain(["cache-control", "etag", "vary"]) {
            assert_eq!(answer.header(name), first.header(name), "{name}");
        }
        for name in ["content-type", "content-encoding"] {
            assert_eq!(answer.header(name), None, "{name}");
        }
    }
    let other = [("if-none-match", "\"other-gzip\"")];
    assert_eq!(get(silkrate.web, COMPRESSED, &other).await.status, 200);
    silkrate.finish().await;
}

#[tokio::test]
async fn head_has_the_headers_of_get() {
    let (_bank, silkrate) = april().await;
    for path in [COMPRESSED, SMALL, "/ticker.json", "/v1/openapi.json"] {
        for accepted in ["identity", "gzip", "br"] {
            let headers = [("accept-encoding", accepted)];
            let whole = get(silkrate.web, path, &headers).await;
            let head = send(silkrate.web, ("HEAD", path), &headers, b"").await;
            assert_eq!((head.status, head.text()), (200, ""), "{path}");
            let length = whole.body.len().to_string();
            assert_eq!(head.header("content-length"), Some(length.as_str()));
            for name in [
                "content-type",
                "content-encoding",
                "etag",
                "cache-control",
                "vary",
            ] {
                assert_eq!(head.header(name), whole.header(name), "{path}, {name}");
            }
        }
        let validator = etag(&get(silkrate.web, path, &[]).await);
        let condition = [("if-none-match", validator.as_str())];
        let unchanged = send(silkrate.web, ("HEAD", path), &condition, b"").await;
        assert_eq!(unchanged.status, 304, "{path}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_range_is_answered_with_the_whole_file() {
    let (_bank, silkrate) = april().await;
    let whole = get(silkrate.web, COMPRESSED, &[]).await;
    let part = get(silkrate.web, COMPRESSED, &[("range", "bytes=0-9")]).await;
    assert_eq!((part.status, &part.body), (200, &whole.body));
    assert_eq!(part.header("content-range"), None);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_query_of_a_file_is_ignored_and_one_too_long_is_refused() {
    let (_bank, silkrate) = april().await;
    let versioned = get(silkrate.web, "/ticker.js?v=3", &[]).await;
    assert_eq!(versioned.status, 200);
    let endless = format!("/ticker.js?{}", "x".repeat(8 * 1024 + 1));
    let refused = get(silkrate.web, &endless, &[]).await;
    assert_eq!(refused.refusal(), (414, "QUERY_TOO_LONG".to_owned(), None));
    silkrate.finish().await;
}
