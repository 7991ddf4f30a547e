//! The HTTP client against banks that fail in every way that was observed, and in others.

mod connections;
mod hostile;
mod key;
mod proxy;
mod redirects;
mod tls;

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use silkrate::config::{ApiKey, CertificateAuthorities, Http, Proxy, SourceSettings};
use silkrate::fetch::{BODY_BYTES_MAX, FetchError, FetchResponse, Fetcher, Validators};
use silkrate::sources::{ApiKeyPlacement, Source, nbk};

use crate::support::scripted::{Scripted, Step, answer, answer_bytes, head};

/// Longer than any test takes: for the limits that are not tested.
const LONG: Duration = Duration::from_secs(60);
/// For the limit that is tested.
const SHORT: Duration = Duration::from_millis(150);
const PATH: &str = "/rss/get_rates.cfm?fdate=02.04.2026";
const SECRET: &str = "s3cret key";

fn limits() -> Http {
    Http {
        connect_timeout: LONG,
        read_timeout: LONG,
        total_timeout: LONG,
        proxy: Proxy::Direct,
        ca: CertificateAuthorities::Bundled,
        private_addresses: false,
        extra_ca: Vec::new(),
    }
}

fn settings(base_url: &str, api_key_placement: ApiKeyPlacement) -> SourceSettings {
    let source: &'static Source = Box::leak(Box::new(Source {
        api_key_placement,
        ..nbk::SOURCE
    }));
    SourceSettings {
        source,
        documents: source.documents,
        base_url: base_url.to_owned(),
        interval: LONG,
        requests_per_day: 100,
        api_key: Some(ApiKey::new(SECRET.to_owned())),
        proxy: None,
        extra_ca: Vec::new(),
    }
}

fn fetcher(bank: &Scripted) -> Fetcher {
    Fetcher::new(&limits(), &settings(&bank.base_url, ApiKeyPlacement::Open)).unwrap()
}

/// The result of one response of a bank, without validators.
async fn fetched(reply: Vec<Step>) -> Result<FetchResponse, FetchError> {
    let bank = Scripted::start([reply]).await;
    fetcher(&bank).get(PATH, &Validators::default()).await
}

async fn refused(reply: Vec<Step>) -> FetchError {
    fetched(reply).await.unwrap_err()
}

async fn body(reply: Vec<Step>) -> Vec<u8> {
    match fetched(reply).await {
        Ok(FetchResponse::Document { body, .. }) => body,
        other => panic!("{other:?}"),
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_document_arrives_unchanged_and_its_request_names_silkrate() {
    let mut bank = Scripted::start([answer("200 OK", &[], b"<rates/>")]).await;
    let fetcher = fetcher(&bank);
    let answer = fetcher.get(PATH, &Validators::default()).await.unwrap();
    assert_eq!(
        answer,
        FetchResponse::Document {
            body: b"<rates/>".to_vec(),
            validators: Validators::default(),
            retry_after: None,
        }
    );
    let request = bank.request().await;
    assert_eq!(request.target, PATH);
    assert_eq!(
        request.header("user-agent"),
        Some(concat!(
            "Mozilla/5.0 (compatible; silkrate/",
            env!("CARGO_PKG_VERSION"),
            "; currency rate ticker)"
        ))
    );
    assert_eq!(request.header("accept"), Some("*/*"));
    assert_eq!(request.header("accept-encoding"), Some("gzip"));
    assert_eq!(request.header("if-none-match"), None);
    assert_eq!(request.header("if-modified-since"), None);
    assert_eq!(fetcher.url(PATH), format!("{}{PATH}", bank.base_url));
}

#[tokio::test]
async fn two_documents_come_over_one_connection() {
    let reply = answer("200 OK", &[], b"<rates/>");
    let mut bank = Scripted::start([reply.clone(), reply]).await;
    let fetcher = fetcher(&bank);
    for _ in 0..2 {
        fetcher.get(PATH, &Validators::default()).await.unwrap();
        assert_eq!(bank.request().await.connection, 0);
    }
}

#[tokio::test]
async fn a_known_document_is_not_sent_again() {
    let known = [
        r#"ETag: W/"530-1779443946000""#,
        "Last-Modified: Fri, 22 May 2026 09:59:06 GMT",
    ];
    let replies = [
        answer("200 OK", &known, b"<rates/>"),
        vec![Step::Send(head("304 Not Modified", &known))],
    ];
    let mut bank = Scripted::start(replies).await;
    let fetcher = fetcher(&bank);
    let first = fetcher.get(PATH, &Validators::default()).await.unwrap();
    let FetchResponse::Document { validators, .. } = first else {
        panic!("{first:?}")
    };
    assert!(!validators.is_empty());
    assert_eq!(
        fetcher.get(PATH, &validators).await,
        Ok(FetchResponse::NotModified)
    );
    bank.request().await;
    let second = bank.request().await;
    assert_eq!(
        second.header("if-none-match"),
        Some(r#"W/"530-1779443946000""#)
    );
    assert_eq!(
        second.header("if-modified-since"),
        Some("Fri, 22 May 2026 09:59:06 GMT")
    );
}

#[tokio::test]
async fn a_304_without_a_known_document_is_an_error() {
    let error = refused(vec![Step::Send(head("304 Not Modified", &[]))]).await;
    assert_eq!(error, FetchError::UnexpectedNotModified);
    assert!(!error.affects_all_documents());
}

#[tokio::test]
async fn an_oversized_validator_is_dropped_and_the_document_kept() {
    let etag = format!("ETag: \"{}\"", "x".repeat(100_000));
    let answer = fetched(answer("200 OK", &[&etag], b"<rates/>"))
        .await
        .unwrap();
    assert_eq!(
        answer,
        FetchResponse::Document {
            body: b"<rates/>".to_vec(),
            validators: Validators::default(),
            retry_after: None,
        }
    );
}

#[tokio::test]
async fn a_refusal_ends_the_poll_and_a_404_does_not() {
    for (status, ends_the_poll) in [
        ("500 Internal Server Error", true),
        ("503 Service Unavailable", true),
        ("429 Too Many Requests", true),
        ("403 Forbidden", true),
        ("404 Not Found", false),
        ("400 Bad Request", false),
        ("204 No Content", false),
    ] {
        let error = refused(answer(status, &[], b"")).await;
        assert_eq!(error.affects_all_documents(), ends_the_poll, "{status}");
        assert_eq!(error.is_not_found(), status.starts_with("404"), "{status}");
        assert_eq!(
            error.to_string(),
            format!("status {}", status.split(' ').next().unwrap())
        );
    }
    let part = ["Content-Range: bytes 0-7/800"];
    let error = refused(answer("206 Partial Content", &part, b"<rates/>")).await;
    assert_eq!(error.to_string(), "status 206");
}

#[tokio::test]
async fn retry_after_is_read_in_seconds_and_as_a_date() {
    let retry_after = async |value: &str| {
        let header = format!("Retry-After: {value}");
        refused(answer("503 Service Unavailable", &[&header], b"busy"))
            .await
            .retry_after()
    };
    assert_eq!(retry_after("120").await, Some(Duration::from_secs(120)));
    let a_day = Some(Duration::from_secs(86_400));
    assert_eq!(retry_after("Fri, 31 Dec 9999 23:59:59 GMT").await, a_day);
    assert_eq!(retry_after("whenever").await, None);
}

#[tokio::test]
async fn a_response_that_ends_early_is_an_error() {
    let short = head("200 OK", &["Content-Length: 100000"]);
    let truncated = vec![
        Step::Send(short),
        Step::Send(b"<rates>".to_vec()),
        Step::Close,
    ];
    let mut bytes = answer_bytes("200 OK", &["Content-Encoding: gzip"], &gzip(&[b'x'; 9999]));
    bytes.truncate(bytes.len() - 9);
    let compressed = vec![Step::Send(bytes), Step::Close];
    let chunked = [
        head("200 OK", &["Transfer-Encoding: chunked"]),
        b"7\r\n<rates>\r\n".to_vec(),
    ];
    let chunked = vec![Step::Send(chunked.concat()), Step::Close];
    for reply in [truncated, compressed, chunked] {
        let error = refused(reply).await;
        assert!(matches!(error, FetchError::Incomplete(_)), "{error:?}");
        assert!(error.affects_all_documents());
    }
}

#[tokio::test]
async fn a_connection_that_is_reset_is_a_transport_error() {
    let begun = Step::Send(head("200 OK", &["Content-Length: 9"]));
    let nonsense = Step::Send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec());
    let endless_header = [
        Step::Send(b"HTTP/1.1 200 OK\r\nX: ".to_vec()),
        Step::Endlessly(vec![b'x'; 65_536]),
    ];
    for reply in [
        vec![Step::Reset],
        vec![begun, Step::Reset],
        vec![Step::Close],
        vec![nonsense],
        endless_header.to_vec(),
    ] {
        let error = refused(reply.clone()).await;
        assert!(
            matches!(error, FetchError::Incomplete(_)),
            "{reply:?} {error:?}"
        );
        assert!(error.affects_all_documents());
    }
}

#[tokio::test]
async fn a_refused_connection_and_a_failed_handshake_are_different_errors() {
    let not_listening = Scripted::start([]).await.base_url;
    let get = async |base_url: &str| {
        let settings = settings(base_url, ApiKeyPlacement::Open);
        let fetcher = Fetcher::new(&limits(), &settings).unwrap();
        fetcher.get(PATH, &Validators::default()).await.unwrap_err()
    };
    let error = get(&not_listening).await;
    assert!(
        error.to_string().starts_with("connection failed: "),
        "{error}"
    );
    assert!(error.affects_all_documents());

    // A server that answers a TLS handshake with plain text.
    let plain = Scripted::start([answer("400 Bad Request", &[], b"")]).await;
    let error = get(&plain.base_url.replace("http", "https")).await;
    assert!(matches!(error, FetchError::Tls(_)), "{error:?}");
    assert!(error.affects_all_documents());
}

#[tokio::test]
async fn a_silent_bank_meets_the_read_timeout_and_a_slow_one_the_total_timeout() {
    let get = async |http: Http, reply: Vec<Step>| {
        let bank = Scripted::start([reply]).await;
        let fetcher =
            Fetcher::new(&http, &settings(&bank.base_url, ApiKeyPlacement::Open)).unwrap();
        fetcher.get(PATH, &Validators::default()).await.unwrap_err()
    };
    let impatient = Http {
        read_timeout: SHORT,
        ..limits()
    };
    let begun = Step::Send(head("200 OK", &["Content-Length: 9"]));
    for reply in [vec![Step::Hang], vec![begun, Step::Hang]] {
        let error = get(impatient.clone(), reply).await;
        assert_eq!(error, FetchError::ReadTimeout(SHORT));
        assert!(error.affects_all_documents());
    }
    let bounded = Http {
        total_timeout: SHORT,
        ..limits()
    };
    let endless = Step::Send(head("200 OK", &["Content-Length: 900000"]));
    let error = get(bounded, vec![endless, Step::Drip]).await;
    assert_eq!(error, FetchError::TotalTimeout(SHORT));
    assert!(error.affects_all_documents());
}

#[tokio::test]
async fn at_most_a_mebibyte_is_read() {
    let most = vec![b'x'; BODY_BYTES_MAX];
    assert!(body(answer("200 OK", &[], &most)).await == most);
    let declared = head("200 OK", &["Content-Length: 1048577"]);
    let endless = head("200 OK", &["Connection: close"]);
    let compressed = head("200 OK", &["Connection: close", "Content-Encoding: gzip"]);
    for reply in [
        vec![Step::Send(declared), Step::Hang],
        vec![Step::Send(endless), Step::Endlessly(vec![b'x'; 65_536])],
        vec![
            Step::Send(compressed),
            Step::Send(gzip(&vec![0; 64 * BODY_BYTES_MAX])),
        ],
    ] {
        let error = refused(reply).await;
        assert_eq!(error, FetchError::TooLarge);
        assert!(!error.affects_all_documents());
    }
}

#[tokio::test]
async fn a_compressed_document_is_decoded_and_an_unknown_encoding_refused() {
    let encoded = |encoding: &str, body: &[u8]| {
        answer("200 OK", &[&format!("Content-Encoding: {encoding}")], body)
    };
    assert_eq!(body(encoded("gzip", &gzip(b"<rates/>"))).await, b"<rates/>");
    assert_eq!(body(encoded("identity", b"<rates/>")).await, b"<rates/>");
    for unknown in [
        "br",
        "deflate",
        "gzip, gzip",
        "gzip, br",
        "zstd",
        "\u{202e}",
    ] {
        let error = refused(encoded(unknown, &gzip(b"<rates/>"))).await;
        assert!(
            matches!(error, FetchError::ContentEncoding(_)),
            "{unknown}: {error:?}"
        );
        assert!(!error.affects_all_documents());
    }
    let mut torn = gzip(&[b'x'; 9999]);
    torn.truncate(torn.len() - 9);
    for damaged in [b"<rates/> as plain text", &*torn] {
        let error = refused(encoded("gzip", damaged)).await;
        assert!(matches!(error, FetchError::Undecodable(_)), "{error:?}");
        assert!(!error.affects_all_documents());
    }
}
