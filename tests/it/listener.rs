//! Accepted connections: responses arrive whole and in few writes, and every wait has a deadline.

mod canned;
mod settings;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use canned::{Canned, asking, rows};
use futures_util::StreamExt;
use hyper::server::conn::http2::Builder;
use hyper_util::rt::TokioTimer;
use prost::Message;
use silkrate::listener::{Limits, Listener, StreamExecutor, bind, incoming, serve_http2};
use silkrate::pb;
use silkrate::pb::rate_service_client::RateServiceClient;
use silkrate::pb::rate_service_server::RateServiceServer;
use silkrate::telemetry::PortCounts;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::codegen::Service;
use tonic::service::Routes;
use tonic::transport::{Channel, Server};

use crate::support::counted::Counted;

/// A timeout: nothing that these tests wait for takes as long.
const PATIENCE: Duration = Duration::from_secs(120);
/// A deadline that passes in a test, and not before a client on a busy machine has sent its first bytes.
const SOON: Duration = Duration::from_secs(2);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An empty SETTINGS frame.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

async fn within<T>(waited: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, waited)
        .await
        .expect("it ends in time")
}

fn limits() -> Limits {
    Limits::new(100)
}

/// A server of canned answers, and the tasks it runs in.
struct Running {
    address: SocketAddr,
    canned: Canned,
    counts: Arc<PortCounts>,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
}

impl Running {
    /// A server whose connections coalesce their writes.
    fn start(limits: Limits) -> Self {
        Self::start_with(limits, true)
    }

    /// A server with coalesced writes, or tonic's own server.
    fn start_with(limits: Limits, is_coalescing: bool) -> Self {
        let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let (canned, shutdown) = (Canned::default(), CancellationToken::new());
        let counts = Arc::<PortCounts>::default();
        let routes = Routes::new(RateServiceServer::new(canned.clone()));
        let stopped = shutdown.clone();
        let mut tasks = JoinSet::new();
        if is_coalescing {
            let connection = move |socket| http2(socket, routes.clone(), shutdown.clone());
            let listener = Listener::new(listener, limits, stopped.clone());
            let listener = listener.counted(Arc::clone(&counts));
            tasks.spawn(listener.serve(connection));
        } else {
            let incoming = incoming(listener, limits);
            let until = shutdown.cancelled_owned();
            tasks.spawn(async move {
                let served =
                    Server::builder().serve_with_incoming_shutdown(routes, incoming, until);
                served.await.unwrap();
            });
        }
        let shutdown = stopped;
        Self {
            address,
            canned,
            counts,
            shutdown,
            tasks,
        }
    }

    /// The connections that were cut because of a silent peer, and because of one that reads nothing.
    fn cut(&self) -> (u64, u64) {
        (self.counts.silent.get(), self.counts.stalled.get())
    }

    async fn client(&self) -> RateServiceClient<Channel> {
        client(self.address).await
    }

    /// Signals the server to stop, and waits until every connection has ended.
    async fn stop(mut self) {
        self.shutdown.cancel();
        within(self.tasks.join_next()).await.unwrap().unwrap();
    }
}

async fn client(address: SocketAddr) -> RateServiceClient<Channel> {
    let channel = Channel::from_shared(format!("http://{address}")).unwrap();
    RateServiceClient::new(channel.connect().await.unwrap())
        .max_decoding_message_size(16 * 1024 * 1024)
}

/// Serves a connection with coalesced writes.
async fn http2<I>(socket: I, routes: Routes, shutdown: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut settings = Builder::new(StreamExecutor::default());
    settings.timer(TokioTimer::new());
    let answer = move |request, _output| {
        let mut routes = routes.clone();
        async move {
            let answer = routes.call(request).await;
            answer.unwrap_or_else(|never| match never {})
        }
    };
    let end = (shutdown, Arc::default());
    serve_http2(socket, Arc::new(settings), answer, end).await;
}

/// A server over a socket that counts its writes.
async fn counted() -> (RateServiceClient<Channel>, Counted, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let counter = Counted::default();
    let counting = counter.clone();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let routes = Routes::new(RateServiceServer::new(Canned::default()));
        http2(counting.socket(socket), routes, CancellationToken::new()).await;
    });
    (client(address).await, counter, tasks)
}

#[tokio::test]
async fn a_response_is_one_write_at_concurrency_one() {
    let (mut client, counter, _tasks) = counted().await;
    client.get_snapshot(asking(5)).await.unwrap();
    let before = counter.writes();
    for _request in 0..1000 {
        client.get_snapshot(asking(5)).await.unwrap();
    }
    let writes = counter.writes() - before;
    assert!(writes <= 1050, "{writes} writes for 1000 responses");
}

#[tokio::test]
async fn ten_concurrent_responses_are_one_write() {
    let (mut client, counter, _tasks) = counted().await;
    client.get_snapshot(asking(5)).await.unwrap();
    let before = counter.writes();
    for _round in 0..100 {
        let calls = (0..10).map(|_stream| {
            let mut client = client.clone();
            async move { client.get_snapshot(asking(5)).await.unwrap() }
        });
        futures_util::future::join_all(calls).await;
    }
    let writes = counter.writes() - before;
    assert!(writes <= 150, "{writes} writes for 1000 responses");
}

#[tokio::test]
async fn a_response_many_times_the_buffer_arrives_byte_for_byte() {
    for is_coalescing in [true, false] {
        let running = Running::start_with(limits(), is_coalescing);
        let mut client = running.client().await;
        let answer = client
            .get_snapshot(asking(20_000))
            .await
            .unwrap()
            .into_inner();
        let expected = rows(20_000).encode_to_vec();
        assert!(expected.len() > 1024 * 1024, "{} bytes", expected.len());
        assert_eq!(
            answer.encode_to_vec(),
            expected,
            "coalescing: {is_coalescing}"
        );
        drop(client);
        running.stop().await;
    }
}

#[tokio::test]
async fn a_reader_that_stops_is_disconnected_and_few_bytes_were_buffered_for_it() {
    for is_coalescing in [true, false] {
        let write_stall_max = SOON;
        let limits = Limits {
            write_stall_max,
            ..limits()
        };
        let running = Running::start_with(limits, is_coalescing);
        let socket = TcpStream::connect(running.address).await.unwrap();
        let (mut sender, connection) = h2::client::Builder::new()
            .initial_window_size(i32::MAX.cast_unsigned())
            .initial_connection_window_size(i32::MAX.cast_unsigned())
            .handshake::<_, bytes::Bytes>(socket)
            .await
            .unwrap();
        let request = canned::watch_request(running.address);
        let (answer, mut body) = sender.send_request(request, false).unwrap();
        body.send_data(bytes::Bytes::from_static(&[0; 5]), true)
            .unwrap();
        // The connection is read until the answer begins, and not once more.
        let mut connection = Box::pin(connection);
        let answer = tokio::select! {
            answer = answer => answer.unwrap(),
            ended = &mut connection => panic!("the connection ended: {ended:?}"),
        };
        within(running.canned.streams_ended(1)).await;
        // The socket buffers of the kernel hold some megabytes of the endless stream.
        let produced = running.canned.bytes_produced();
        assert!(produced < 32 * 1024 * 1024, "{produced} bytes");
        if is_coalescing {
            assert_eq!(running.cut(), (0, 1));
        }
        drop((answer, connection));
        running.stop().await;
    }
}

#[tokio::test]
async fn peers_that_send_nothing_or_half_a_preface_do_not_delay_a_drain() {
    let limits = Limits {
        first_bytes_timeout: SOON,
        ..limits()
    };
    let running = Running::start(limits);
    let mut silent = TcpStream::connect(running.address).await.unwrap();
    let mut half = TcpStream::connect(running.address).await.unwrap();
    half.write_all(&PREFACE[..12]).await.unwrap();
    // One that is served, so that both were accepted before the stop.
    running
        .client()
        .await
        .get_snapshot(asking(1))
        .await
        .unwrap();
    running.stop().await;
    for peer in [&mut silent, &mut half] {
        let mut rest = Vec::new();
        // The end of the stream or a reset: either way the connection is closed.
        drop(within(peer.read_to_end(&mut rest)).await);
    }
}

#[tokio::test]
async fn a_silent_peer_is_disconnected_while_the_service_runs() {
    let limits = Limits {
        first_bytes_timeout: SOON,
        ..limits()
    };
    let running = Running::start(limits);
    let mut silent = TcpStream::connect(running.address).await.unwrap();
    let mut rest = Vec::new();
    drop(within(silent.read_to_end(&mut rest)).await);
    assert_eq!(running.cut(), (1, 0));
    running.stop().await;
}

#[tokio::test]
async fn draining_sends_goaway_while_streams_are_open() {
    let running = Running::start(limits());
    let mut peer = TcpStream::connect(running.address).await.unwrap();
    peer.write_all(&[PREFACE, SETTINGS].concat()).await.unwrap();
    // The server's settings show that the connection is established.
    let mut head = [0; 9];
    within(peer.read_exact(&mut head)).await.unwrap();
    let mut watcher = running.client().await;
    let mut stream = watcher
        .watch_rates(pb::WatchRatesRequest::default())
        .await
        .unwrap();
    assert!(stream.get_mut().message().await.unwrap().is_some());
    running.shutdown.cancel();
    let mut said = head.to_vec();
    let goaway = async {
        while !frames(&said).contains(&7) {
            assert!(
                peer.read_buf(&mut said).await.unwrap() > 0,
                "cut without a GOAWAY"
            );
        }
    };
    within(goaway).await;
    // The open stream continues until its reader disconnects; then the server ends.
    assert!(within(stream.get_mut().message()).await.unwrap().is_some());
    drop((stream, watcher, peer));
    running.stop().await;
}

#[tokio::test]
async fn a_peer_that_violates_the_protocol_receives_goaway_before_the_close() {
    let running = Running::start(limits());
    let mut peer = TcpStream::connect(running.address).await.unwrap();
    let settings_on_a_stream: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 1];
    let said = [PREFACE, SETTINGS, settings_on_a_stream].concat();
    peer.write_all(&said).await.unwrap();
    let mut answer = Vec::new();
    within(peer.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(frames(&answer).last(), Some(&7), "{answer:?}");
    running.stop().await;
}

/// The types of the whole frames in bytes.
fn frames(mut bytes: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    while let [a, b, c, kind, _flags, _, _, _, _, rest @ ..] = bytes {
        let length = u32::from_be_bytes([0, *a, *b, *c]);
        let Some(rest) = rest.get(usize::try_from(length).unwrap()..) else {
            break;
        };
        types.push(*kind);
        bytes = rest;
    }
    types
}

#[tokio::test]
async fn one_connection_more_than_allowed_waits_until_one_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut sockets = Box::pin(incoming(listener, Limits::new(1)));
    let _first_peer = TcpStream::connect(address).await.unwrap();
    let first = within(sockets.next()).await.unwrap().unwrap();
    let _second_peer = TcpStream::connect(address).await.unwrap();
    assert!(futures_util::poll!(sockets.next()).is_pending());
    drop(first);
    assert!(within(sockets.next()).await.unwrap().is_ok());
}
