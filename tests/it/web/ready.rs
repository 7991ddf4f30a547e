//! Responses of the current state that are sent again to equal requests.

use std::net::SocketAddr;

use crate::support::april::bank_of_april;
use crate::support::browser::{Answer, Headers, get, send};
use crate::web::{FOREIGN, FRIEND, april, silkrate_with};

/// The paths whose responses are kept.
const KEPT: [&str; 7] = [
    "/v1/snapshot.json",
    "/v1/snapshot.json?pairs=KZT/USD,USD/KZT",
    "/v1/rates/KZT/USD",
    "/ticker.html?locale=ru",
    "/chart/USD-KZT.svg?locale=ru",
    "/embed?locale=ru",
    "/ticker.svg?locale=ru",
];

/// The status, the headers in the order of their names, and the length of the body. The date and the server time differ,
/// but not in length.
fn shape(answer: &Answer) -> (u16, Vec<(String, String)>, usize) {
    let mut headers = answer.headers();
    headers.retain(|(name, _)| name != "date");
    // The time within a body is compressed with it.
    let is_gzip = answer.header("content-encoding") == Some("gzip");
    headers.retain(|(name, _)| !is_gzip || name != "content-length");
    headers.sort();
    let length = if is_gzip { 0 } else { answer.body.len() };
    (answer.status, headers, length)
}

/// Sends requests of every kind to a path, each twice in a row.
async fn assert_repeats(web: SocketAddr, path: &str) {
    let validator = get(web, path, &[]).await;
    let validator = validator.header("etag").unwrap().to_owned();
    let joint = if path.contains('?') { '&' } else { '?' };
    let cases: [(&str, Headers<'_>); 5] = [
        ("GET", &[]),
        ("GET", &[("accept-encoding", "gzip")]),
        ("HEAD", &[("accept-encoding", "gzip")]),
        ("GET", &[("if-none-match", &validator)]),
        ("GET", &[("origin", FRIEND)]),
    ];
    for (index, (method, headers)) in cases.into_iter().enumerate() {
        // Another query each time, so that the first request finds no kept response.
        let path = format!("{path}{joint}{}", "&".repeat(index));
        let first = send(web, (method, &path), headers, b"").await;
        let second = send(web, (method, &path), headers, b"").await;
        assert_eq!(shape(&first), shape(&second), "{path} {headers:?}");
    }
}

#[tokio::test]
async fn the_second_of_two_equal_requests_gets_the_response_of_the_first() {
    let bank = bank_of_april().await;
    for origins in [&[FRIEND][..], &["*"], &[]] {
        let silkrate = silkrate_with(&bank, origins).await;
        for path in KEPT {
            assert_repeats(silkrate.web, path).await;
        }
        silkrate.finish().await;
    }
}

#[tokio::test]
async fn a_foreign_page_does_not_get_a_kept_response() {
    let (_bank, silkrate) = april().await;
    for path in KEPT {
        assert_eq!(get(silkrate.web, path, &[]).await.status, 200, "{path}");
        for origin in [FOREIGN, "null"] {
            let answer = get(silkrate.web, path, &[("origin", origin)]).await;
            let refused = (403, "FOREIGN_ORIGIN".to_owned(), None);
            assert_eq!(answer.refusal(), refused, "{path}");
        }
        let two = [("origin", FRIEND), ("origin", FRIEND)];
        assert_eq!(get(silkrate.web, path, &two).await.status, 403, "{path}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_kept_response_is_not_older_than_the_revision() {
    let (bank, silkrate) = april().await;
    let path = "/v1/snapshot.json?pairs=USD/KZT";
    let mut last = get(silkrate.web, path, &[]).await.json();
    crate::web::events::correct(&bank, "475.11");
    while last["rates"][0]["value"] != "475.11" {
        let board = silkrate.board.snapshot().position.revision;
        last = get(silkrate.web, path, &[]).await.json();
        assert!(last["position"]["revision"].as_u64() >= Some(board));
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_kept_response_is_sent_to_get_and_head_alone() {
    let (_bank, silkrate) = april().await;
    for path in KEPT {
        assert_eq!(get(silkrate.web, path, &[]).await.status, 200, "{path}");
        let answer = send(silkrate.web, ("DELETE", path), &[], b"").await;
        assert_eq!(answer.status, 405, "{path}");
    }
    silkrate.finish().await;
}
