//! The listener of the browsers' port, with its limits.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::listener::{Admission, Limits, Listener};
use crate::telemetry::PortCounts;

/// The number of connections. A browser opens up to six, a cache a few dozen.
const CONNECTIONS_MAX: usize = 16 * 1024;
/// How long a peer may take to send its first bytes, and the headers of each request. Browsers open connections before they
/// have a request, so this is longer than for programs.
const FIRST_BYTES_TIMEOUT: Duration = Duration::from_secs(15);
/// Headers, request line included: browsers send some two KiB, cookies of the site above included.
const HEADER_BYTES_MAX: u32 = 16 * 1024;
/// A page has one stream, a cache in front multiplexes many.
const STREAMS_PER_CONNECTION_MAX: u32 = 256;

fn limits() -> Limits {
    Limits {
        first_bytes_timeout: FIRST_BYTES_TIMEOUT,
        header_bytes_max: HEADER_BYTES_MAX,
        streams_per_connection_max: STREAMS_PER_CONNECTION_MAX,
        ..Limits::new(CONNECTIONS_MAX)
    }
}

/// The port of browsers, until draining. It lets the requests under way end.
pub(super) fn listener(
    socket: TcpListener,
    (counts, admission): (Arc<PortCounts>, Admission),
    draining: CancellationToken,
) -> Listener {
    let listener = Listener::new(socket, limits(), draining);
    listener.counted(counts).admitting(admission)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;

    use axum::Router;
    use axum::body::{Body, Bytes};
    use axum::routing::get;
    use futures_util::stream;
    use hyper_util::service::TowerToHyperService;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::mpsc;
    use tokio::task::JoinSet;
    use tokio::time::Instant;

    use super::*;
    use crate::config::TlsFiles;
    use crate::tls::{HttpVersions, ServerTls};

    /// What serves a router, where a peer reaches it, and what ends it.
    struct Served {
        tasks: JoinSet<()>,
        address: SocketAddr,
        draining: CancellationToken,
        counts: Arc<PortCounts>,
    }

    async fn served(router: Router) -> Served {
        served_over(router, None).await
    }

    async fn served_over(router: Router, tls: Option<Arc<ServerTls>>) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let draining = CancellationToken::new();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        let service = TowerToHyperService::new(router);
        let counts = Arc::<PortCounts>::default();
        let port = super::listener(
            listener,
            (Arc::clone(&counts), Admission::default()),
            draining.clone(),
        );
        tasks.spawn(port.secured(tls).serve_http(service));
        Served {
            tasks,
            address,
            draining,
            counts,
        }
    }

    /// Keeps the paused clock from being advanced while bytes are on their way: that of a busy machine would pass a deadline
    /// first. It ends with what is returned, or after two minutes of real time, when a test hangs.
    fn standstill() -> std::sync::mpsc::Sender<()> {
        let (end, ended) = std::sync::mpsc::channel();
        tokio::task::spawn_blocking(move || ended.recv_timeout(Duration::from_secs(120)));
        end
    }

    /// How long a peer is borne with that says this, and then nothing.
    async fn time_until_closed_after(said: &[u8]) -> Duration {
        let served = served(Router::new()).await;
        let mut peer = TcpStream::connect(served.address).await.unwrap();
        peer.write_all(said).await.unwrap();
        let begun = Instant::now();
        // Whether the client receives the reason does not matter.
        drop(peer.read_to_end(&mut Vec::new()).await);
        // The reader of the headers cuts a peer that has begun a request.
        if said.is_empty() {
            assert_eq!(served.counts.silent.get(), 1);
        }
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_sends_nothing_or_too_little_is_disconnected() {
        for said in ["", "GET /", "GET / HTTP/1.1\r\nhost: rates"] {
            let lasted = time_until_closed_after(said.as_bytes()).await;
            let bounds = FIRST_BYTES_TIMEOUT..FIRST_BYTES_TIMEOUT * 2;
            assert!(bounds.contains(&lasted), "{said}: {lasted:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_answers_no_ping_is_disconnected() {
        let preface: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        let settings: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
        // More of these headers is to follow, and no ping may come between.
        let headers: &[u8] = &[0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82];
        let idle = [preface, settings].concat();
        let begun = [preface, settings, headers].concat();
        for said in [idle, begun] {
            let lasted = time_until_closed_after(&said).await;
            let bounds = Duration::from_secs(40)..Duration::from_secs(60);
            assert!(bounds.contains(&lasted), "{lasted:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_is_silent_before_tls_is_counted_as_silent_and_not_as_a_slow_handshake() {
        let files = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/");
        let files = TlsFiles {
            certificate: format!("{files}bank.pem").into(),
            key: format!("{files}bank.key").into(),
            client_ca: None,
        };
        let versions = HttpVersions::Http2AndHttp1;
        let tls = ServerTls::load(&files, versions, jiff::Timestamp::now()).unwrap();
        let tls = Arc::new(tls);
        let served = served_over(Router::new(), Some(Arc::clone(&tls))).await;
        let mut peer = TcpStream::connect(served.address).await.unwrap();
        drop(peer.read_to_end(&mut Vec::new()).await);
        assert_eq!(served.counts.silent.get(), 1);
        assert_eq!(tls.counts.slow.get(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_reads_nothing_of_an_answer_is_cut_soon_while_the_service_stops() {
        let (asked, mut parts_asked) = mpsc::channel(1);
        let endless = || async move {
            let part = Bytes::from(vec![b'x'; 64 * 1024]);
            let parts = stream::repeat_with(move || {
                let _is_full = asked.try_send(());
                Ok::<_, io::Error>(part.clone())
            });
            Body::from_stream(parts)
        };
        let still = standstill();
        let mut served = served(Router::new().route("/", get(endless))).await;
        let mut peer = TcpStream::connect(served.address).await.unwrap();
        peer.write_all(b"GET / HTTP/1.1\r\nhost: rates\r\n\r\n")
            .await
            .unwrap();
        parts_asked.recv().await.unwrap();
        drop(still);
        let begun = Instant::now();
        served.draining.cancel();
        // Until the answer is dropped.
        while parts_asked.recv().await.is_some() {}
        let stall_max = limits().output.pressed_stall_max;
        assert!((stall_max..stall_max * 2).contains(&begun.elapsed()));
        served.tasks.join_next().await.unwrap().unwrap();
        assert_eq!(served.counts.unread_streams.get(), 1);
        assert_eq!(served.counts.silent.get(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_shuts_down_its_sending_side_gets_an_answer_that_takes_time() {
        let (asked, mut is_asked) = mpsc::channel(1);
        let slow = || async move {
            asked.send(()).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
            "answer"
        };
        let still = standstill();
        let served = served(Router::new().route("/", get(slow))).await;
        let mut peer = TcpStream::connect(served.address).await.unwrap();
        peer.write_all(b"GET / HTTP/1.1\r\nhost: rates\r\n\r\n")
            .await
            .unwrap();
        peer.shutdown().await.unwrap();
        is_asked.recv().await.unwrap();
        drop(still);
        let mut answer = String::new();
        peer.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("answer"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_does_not_wait_for_a_silent_peer() {
        let _still = standstill();
        let mut served = served(Router::new().route("/", get(async || "answer"))).await;
        let silent = TcpStream::connect(served.address).await.unwrap();
        // It came first, so it is accepted by the time that the second one has its answer.
        let mut second = TcpStream::connect(served.address).await.unwrap();
        second
            .write_all(b"GET / HTTP/1.0\r\nhost: rates\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        second.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("answer"), "{answer}");
        let begun = Instant::now();
        served.draining.cancel();
        served.tasks.join_next().await.unwrap().unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO);
        drop(silent);
    }
}
