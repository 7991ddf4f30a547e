//! Accepted connections: how many there are, how long a silent one is borne with, and how they end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

/// Connections in all; the next one waits in the kernel's queue. A browser opens up to six, a cache a few dozen.
const CONNECTIONS_MAX: usize = 16 * 1024;
/// How long a peer may take to send its first byte, and its headers whole; an idle connection is closed as late.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(15);
/// Headers, request line included: browsers send some two KiB, cookies of the site above included.
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// The same as HTTP/2 counts it.
const HEADER_LIST_MAX: u32 = 16 * 1024;
/// Streams one connection may hold: a page has one, a cache in front gathers many.
const STREAMS_PER_CONNECTION_MAX: u32 = 256;
/// Resets a client may provoke on one connection before it is cut.
const LOCAL_ERROR_RESETS_MAX: usize = 256;
/// How often an idle HTTP/2 connection is probed, so that vanished peers are noticed.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// How long a probe may stay unanswered.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a write may wait for the peer to read: whoever takes nothing for so long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait after a failed accept: it fails when files run out, and would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves what comes in, HTTP/1.1 and HTTP/2 alike, until draining; then lets what is under way end.
pub(super) async fn serve(listener: TcpListener, router: Router, draining: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            () = draining.cancelled() => break,
            accepted = accepted => accepted,
        };
        while connections.try_join_next().is_some() {}
        let (Ok(place), Ok((stream, _))) = (place, accepted) else {
            tracing::warn!("a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (router, draining) = (router.clone(), draining.clone());
        connections.spawn(async move {
            if let Err(error) = connection(stream, router, draining).await {
                tracing::debug!(%error, "a connection has ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(
    stream: TcpStream,
    router: Router,
    draining: CancellationToken,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let builder = builder();
    let io = TokioIo::new(Impatient::new(stream));
    let connection = builder.serve_connection(io, TowerToHyperService::new(router));
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = draining.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_TIMEOUT)
        .max_buf_size(HEADER_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEADER_LIST_MAX)
        .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
        .max_local_error_reset_streams(LOCAL_ERROR_RESETS_MAX)
        .keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT);
    builder
}

/// A socket that fails when its peer says nothing at first, or reads nothing for long. Its timers run with the
/// connection's own task, so they do not depend on whether anyone asks for more of an answer.
#[derive(Debug)]
struct Impatient {
    stream: TcpStream,
    /// Runs until the first byte arrives.
    first_byte: Option<Pin<Box<Sleep>>>,
    /// Runs while a write waits.
    write: Option<Pin<Box<Sleep>>>,
}

impl Impatient {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            first_byte: Some(Box::pin(tokio::time::sleep(HEADERS_TIMEOUT))),
            write: None,
        }
    }

    /// Passes a write's outcome on; one that waits too long is an error.
    fn written<T>(
        &mut self,
        outcome: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.write = None;
            return outcome;
        }
        let patience = self
            .write
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_TIMEOUT)));
        expired(patience, context)
    }
}

fn expired<T>(patience: &mut Pin<Box<Sleep>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
    patience
        .as_mut()
        .poll(context)
        .map(|()| Err(io::ErrorKind::TimedOut.into()))
}

impl AsyncRead for Impatient {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_read(context, buffer);
        match &mut this.first_byte {
            Some(patience) if outcome.is_pending() => expired(patience, context),
            _ => {
                this.first_byte = None;
                outcome
            }
        }
    }
}

impl AsyncWrite for Impatient {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.written(outcome, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.written(outcome, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, Bytes};
    use axum::routing::get;
    use futures_util::stream;
    use tokio::io::AsyncWriteExt;
    use tokio::time::Instant;

    use super::*;

    /// Both ends of a connection: the peer's, and ours.
    async fn connected() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap());
        let (peer, ours) = tokio::join!(peer, listener.accept());
        (peer.unwrap(), ours.unwrap().0)
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_says_nothing_is_dropped() {
        let (peer, ours) = connected().await;
        let begun = Instant::now();
        let ended = connection(ours, Router::new(), CancellationToken::new()).await;
        assert!(ended.is_err());
        assert!((HEADERS_TIMEOUT..HEADERS_TIMEOUT * 2).contains(&begun.elapsed()));
        drop(peer);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_stops_in_the_middle_of_its_headers_is_dropped() {
        let (mut peer, ours) = connected().await;
        peer.write_all(b"GET / HTTP/1.1\r\nhost: rates")
            .await
            .unwrap();
        let begun = Instant::now();
        // An answer that says so is an end as good as an error.
        drop(connection(ours, Router::new(), CancellationToken::new()).await);
        assert!((HEADERS_TIMEOUT..HEADERS_TIMEOUT * 2).contains(&begun.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_reads_nothing_is_cut_while_an_answer_waits() {
        let endless = || async {
            let part = Bytes::from(vec![b'x'; 64 * 1024]);
            let parts = stream::repeat_with(move || Ok::<_, io::Error>(part.clone()));
            Body::from_stream(parts)
        };
        let router = Router::new().route("/", get(endless));
        let (mut peer, ours) = connected().await;
        peer.write_all(b"GET / HTTP/1.1\r\nhost: rates\r\n\r\n")
            .await
            .unwrap();
        let begun = Instant::now();
        let ended = connection(ours, router, CancellationToken::new()).await;
        assert!(ended.is_err());
        assert!((WRITE_TIMEOUT..WRITE_TIMEOUT * 2).contains(&begun.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_does_not_wait_for_a_peer_that_says_nothing() {
        let (peer, ours) = connected().await;
        let draining = CancellationToken::new();
        draining.cancel();
        let begun = Instant::now();
        drop(connection(ours, Router::new(), draining).await);
        assert_eq!(begun.elapsed(), Duration::ZERO);
        drop(peer);
    }
}
