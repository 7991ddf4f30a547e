//! What one client may have of connections and streams, by addresses of this machine: each is a client of its own.

use std::net::SocketAddr;
use std::time::Duration;

use silkrate::feed::{Feed, StreamLimits, StreamRefused, Transport};
use silkrate::listener::Limits;
use silkrate::pb;
use silkrate::pb::rate_service_client::RateServiceClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{Echo, PATIENCE, header_of_v4};
use crate::support::april::bank_of_april;
use crate::support::boards::OneBank;
use crate::support::program::Program;
use crate::support::silkrate::{Silkrate, message, settings, source};

const KEPT: &[u8] = b"GET / HTTP/1.1\r\nhost: rates\r\n\r\n";

/// A connection from an address of this machine.
pub(super) async fn connected(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

/// Whether a connection is served: it is closed else. It stays open.
async fn is_served(socket: &mut TcpStream) -> bool {
    let exchanged = async {
        socket.write_all(KEPT).await?;
        let mut answer = [0; 15];
        socket.read_exact(&mut answer).await?;
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        Ok::<_, std::io::Error>(())
    };
    tokio::time::timeout(PATIENCE, exchanged)
        .await
        .unwrap()
        .is_ok()
}

/// As many connections from an address, all served.
async fn served(count: usize, from: &str, to: SocketAddr) -> Vec<TcpStream> {
    let mut sockets = Vec::new();
    for _ in 0..count {
        let mut socket = connected(from, to).await;
        assert!(is_served(&mut socket).await);
        sockets.push(socket);
    }
    sockets
}

/// Waits until a connection from an address is served.
async fn until_served(from: &str, to: SocketAddr) -> TcpStream {
    let trying = async {
        loop {
            let mut socket = connected(from, to).await;
            if is_served(&mut socket).await {
                return socket;
            }
        }
    };
    tokio::time::timeout(PATIENCE, trying).await.unwrap()
}

#[tokio::test]
async fn a_client_has_as_many_connections_as_one_may_and_further_ones_are_closed_at_once() {
    let port = Echo::with_share(Limits::new(100), &[], Some(2));
    let mut open = served(2, "127.0.0.1", port.address).await;
    let mut third = connected("127.0.0.1", port.address).await;
    assert!(!is_served(&mut third).await);
    assert_eq!(port.counts.refused.client.get(), 1);
    let _others = served(2, "127.0.0.2", port.address).await;
    drop(open.pop());
    until_served("127.0.0.1", port.address).await;
    assert_eq!(port.counts.refused.crowded.get(), 0);
}

#[tokio::test]
async fn the_connections_of_a_trusted_proxy_are_those_of_its_clients() {
    let port = Echo::with_share(Limits::new(100), &["127.0.0.1"], Some(2));
    let _of_proxy = served(5, "127.0.0.1", port.address).await;
    let mut open = Vec::new();
    for expected in [true, true, false] {
        let mut socket = connected("127.0.0.1", port.address).await;
        socket
            .write_all(&header_of_v4([203, 0, 113, 9]))
            .await
            .unwrap();
        assert_eq!(is_served(&mut socket).await, expected);
        open.push(socket);
    }
    let mut other = connected("127.0.0.1", port.address).await;
    other
        .write_all(&header_of_v4([203, 0, 113, 10]))
        .await
        .unwrap();
    assert!(is_served(&mut other).await);
    assert_eq!(port.counts.refused.client.get(), 1);
}

#[tokio::test]
async fn a_port_that_is_nearly_full_refuses_the_heaviest_and_serves_a_newcomer() {
    let port = Echo::with_share(Limits::new(5), &[], None);
    let _heavy = served(4, "127.0.0.1", port.address).await;
    let mut further = connected("127.0.0.1", port.address).await;
    assert!(!is_served(&mut further).await);
    assert_eq!(port.counts.refused.crowded.get(), 1);
    let _newcomer = served(1, "127.0.0.2", port.address).await;
}

/// A service with room for a number of streams in all, and of one client.
async fn silkrate_for(all: u32, each: u32) -> (crate::support::bank::Bank, Silkrate) {
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.server.max_streams = all;
    config.server.max_streams_per_client = each;
    config.sources.push(source("nbk", "", &bank.url()));
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    (bank, silkrate)
}

fn reason(status: &Status) -> (Code, String) {
    let details = status.get_error_details();
    (status.code(), details.error_info().unwrap().reason.clone())
}

/// The head of the answer to a request for a stream over HTTP from an address, and the connection.
async fn watch_from(from: &str, web: SocketAddr, format: &str) -> (String, TcpStream) {
    let mut socket = connected(from, web).await;
    let request = format!("GET /v1/watch?format={format} HTTP/1.1\r\nhost: rates\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    (String::from_utf8(head).unwrap(), socket)
}

#[tokio::test]
async fn a_client_has_as_many_streams_as_one_may_over_all_transports_and_others_are_served() {
    let (_bank, mut silkrate) = silkrate_for(100, 3).await;
    let mut grpc = silkrate.watch(pb::WatchRatesRequest::default()).await;
    message(&mut grpc).await;
    let mut open = Vec::new();
    for format in ["sse", "ndjson"] {
        let (head, socket) = watch_from("127.0.0.1", silkrate.web, format).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        open.push(socket);
    }
    let request = pb::WatchRatesRequest::default();
    let refused = silkrate
        .client
        .watch_rates(request.clone())
        .await
        .unwrap_err();
    let expected = (
        Code::ResourceExhausted,
        "TOO_MANY_CLIENT_STREAMS".to_owned(),
    );
    assert_eq!(reason(&refused), expected);
    let details = refused.get_error_details();
    let quota = &details.quota_failure().unwrap().violations[0];
    assert_eq!(quota.subject, "streams of a client");
    assert!(details.retry_info().unwrap().retry_delay.is_some());
    for format in ["sse", "ndjson"] {
        let (head, _) = watch_from("127.0.0.1", silkrate.web, format).await;
        assert!(head.starts_with("HTTP/1.1 429"), "{head}");
        assert!(head.contains("\r\nretry-after: "), "{head}");
        let (head, _) = watch_from("127.0.0.2", silkrate.web, format).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    }
    drop(open);
    let opened = async {
        loop {
            if let Ok(stream) = silkrate.client.watch_rates(request.clone()).await {
                return stream;
            }
        }
    };
    drop(tokio::time::timeout(PATIENCE, opened).await.unwrap());
    drop(grpc);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_browser_over_grpc_web_is_counted_too() {
    use crate::support::browser::send;
    use crate::support::wire::framed;

    let (_bank, mut silkrate) = silkrate_for(100, 1).await;
    let mut first = silkrate.watch(pb::WatchRatesRequest::default()).await;
    message(&mut first).await;
    let kind = [("content-type", "application/grpc-web+proto")];
    let path = "/silkrate.v1.RateService/WatchRates";
    let body = framed(&pb::WatchRatesRequest::default());
    let answer = send(silkrate.web, ("POST", path), &kind, &body).await;
    assert_eq!(answer.header("grpc-status"), Some("8"));
    drop(first);
    silkrate.finish().await;
}

#[tokio::test]
async fn when_nearly_all_streams_are_taken_the_heaviest_client_is_refused_and_a_newcomer_is_served()
{
    let (_bank, mut silkrate) = silkrate_for(5, 5).await;
    let mut open = Vec::new();
    for _ in 0..4 {
        let mut stream = silkrate.watch(pb::WatchRatesRequest::default()).await;
        message(&mut stream).await;
        open.push(stream);
    }
    let request = pb::WatchRatesRequest::default();
    let refused = silkrate.client.watch_rates(request).await.unwrap_err();
    assert_eq!(reason(&refused).1, "TOO_MANY_CLIENT_STREAMS");
    let (head, _stream) = watch_from("127.0.0.2", silkrate.web, "sse").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    drop(open);
    silkrate.finish().await;
}

#[tokio::test(start_paused = true)]
async fn watches_of_the_health_leave_half_of_the_streams_to_readers() {
    let bank = OneBank::new();
    for (all, health_max) in [(1, 1), (5, 3), (6, 3)] {
        let limits = StreamLimits::new(Duration::from_secs(20), all);
        let feed = Feed::new(bank.feed.board().clone(), limits, CancellationToken::new());
        let watches: Vec<_> = (0..health_max)
            .map(|_| feed.health_place(None, Transport::Grpc).unwrap())
            .collect();
        let refused = feed.health_place(None, Transport::Grpc).unwrap_err();
        let streams_max = health_max;
        assert_eq!(refused, StreamRefused::TooMany { streams_max });
        assert_eq!(feed.counts().refused.all.get(), 1);
        let readers: Vec<_> = (health_max..all)
            .map(|_| feed.subscribe(bank.wanted(|_| {}), None).unwrap())
            .collect();
        assert!(feed.subscribe(bank.wanted(|_| {}), None).is_err());
        drop(watches);
        assert!(feed.health_place(None, Transport::Grpc).is_ok());
        drop(readers);
    }
}

#[tokio::test]
async fn a_service_with_every_limit_at_its_smallest_serves_an_honest_client() {
    let bank = bank_of_april().await;
    let smallest = [
        ("SERVER__MAX_CONNECTIONS", "1"),
        ("SERVER__MAX_CONNECTIONS_PER_ADDRESS", "1"),
        ("SERVER__MAX_STREAMS", "1"),
        ("SERVER__MAX_STREAMS_PER_CLIENT", "1"),
        ("SERVER__MEMORY_MAX", "256MiB"),
        ("SERVER__HEARTBEAT_INTERVAL", "1s"),
        ("ACCESS__REQUESTS_PER_MINUTE", "60"),
    ];
    let mut program = Program::start(&bank.url(), &smallest).await;
    program.has_rates().await;
    let url = format!("http://{}", program.grpc);
    let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
    let mut client = RateServiceClient::new(channel);
    let request = pb::WatchRatesRequest::default();
    let mut stream = client.watch_rates(request).await.unwrap().into_inner();
    message(&mut stream).await;
    let sources = client
        .list_sources(pb::ListSourcesRequest {})
        .await
        .unwrap();
    assert_eq!(sources.into_inner().sources.len(), 1);
    let web = program.web.parse().unwrap();
    let (head, _) = watch_from("127.0.0.1", web, "sse").await;
    assert!(
        head.starts_with("HTTP/1.1 503"),
        "the one stream is in use: {head}"
    );
    drop((stream, client));
    program.stop().await;
}
