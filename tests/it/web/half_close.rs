//! Peers that shut down their sending side after a request, and peers that leave.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::support::april::bank_of_april;
use crate::support::browser::{Exchange, open};
use crate::support::silkrate::{Silkrate, settings, source};
use crate::web::april;
use crate::web::events::correct;

/// A timeout: nothing that these tests wait for takes as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection that has sent a request and shut down its sending side.
async fn half_closed(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = ["GET ", path, " HTTP/1.1\r\nhost: rates\r\n\r\n"].concat();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    stream
}

async fn within<T>(waited: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, waited)
        .await
        .expect("it ends in time")
}

#[tokio::test]
async fn a_client_that_half_closes_after_its_request_gets_the_whole_answer_and_the_end() {
    let (_bank, silkrate) = april().await;
    for path in [
        "/v1/snapshot.json",
        "/v1/history/KZT/USD",
        "/v1/convert?amount=1&from=KZT&to=USD",
        "/ticker.js",
    ] {
        let mut stream = half_closed(silkrate.web, path).await;
        let mut answer = Vec::new();
        within(stream.read_to_end(&mut answer)).await.unwrap();
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text.split_once("\r\n\r\n").expect(path);
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{path}: {head}");
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        assert_eq!(length.unwrap(), body.len().to_string(), "{path}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_half_closed_reader_of_events_gets_the_changes_that_follow() {
    let (bank, silkrate) = april().await;
    let stream = half_closed(silkrate.web, "/v1/watch?pairs=USD/KZT").await;
    let mut lines = BufReader::new(stream).lines();
    let mut line_with = async |wanted: &str| {
        loop {
            let line = within(lines.next_line()).await.unwrap();
            let line = line.expect("the stream goes on");
            if line.contains(wanted) {
                return line;
            }
        }
    };
    line_with("event: snapshot").await;
    line_with("475.09").await;
    correct(&bank, "475.11");
    line_with("475.11").await;
    silkrate.finish().await;
}

/// The first answer that is a stream.
async fn first_free(watch: &impl AsyncFn() -> Exchange) -> Exchange {
    loop {
        let reader = watch().await;
        if reader.status() == 200 {
            return reader;
        }
    }
}

#[tokio::test]
async fn the_stream_of_a_reader_who_left_is_free_again_after_some_heartbeats() {
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.server.heartbeat_interval = Duration::from_millis(50);
    config.server.max_streams = 1;
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    let watch = async || open(silkrate.web, ("GET", "/v1/watch"), &[], b"").await;
    for _reader in 0..3 {
        let reader = within(first_free(&watch)).await;
        assert_eq!(watch().await.status(), 503, "the one stream is taken");
        drop(reader);
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_request_that_ends_before_its_body_is_refused_without_waiting_for_the_rest() {
    let (_bank, silkrate) = april().await;
    let grpc_web = "content-type: application/grpc-web+proto\r\ncontent-length: 5";
    for (path, headers, body, status) in [
        ("/v1/tokens", "content-length: 100", "{\"pairs\"", "400"),
        (
            "/v1/tokens",
            "transfer-encoding: chunked",
            "5\r\n{\"pai\r\n",
            "400",
        ),
        (
            "/silkrate.v1.RateService/GetSnapshot",
            grpc_web,
            "\0\0",
            "200",
        ),
    ] {
        let mut stream = TcpStream::connect(silkrate.web).await.unwrap();
        let request = format!("POST {path} HTTP/1.1\r\nhost: rates\r\n{headers}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        within(stream.read_to_end(&mut answer)).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).to_lowercase();
        let line = format!("http/1.1 {status} ");
        assert!(answer.starts_with(&line), "{path} {headers}: {answer}");
        assert!(!answer.contains("deadline"), "{answer}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_client_that_half_closes_after_a_request_with_a_body_gets_the_answer() {
    let (_bank, silkrate) = april().await;
    let path = "/silkrate.v1.RateService/GetSnapshot";
    let headers = "content-type: application/grpc-web+proto\r\ncontent-length: 5";
    let mut stream = TcpStream::connect(silkrate.web).await.unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nhost: rates\r\n{headers}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&[0; 5]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    within(stream.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.contains("KZT/USD"), "{answer}");
    assert!(answer.contains("grpc-status:0"), "{answer}");
    silkrate.finish().await;
}
