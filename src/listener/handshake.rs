//! The handshake of TLS, between accepting a socket and HTTP over it.
//!
//! It has a task of its own: peers that are slow hold up neither accepting nor one another, and what it needs of memory is
//! free again before HTTP begins.

use std::io;
use std::sync::Arc;

use rustls::server::Acceptor;
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;

use crate::listener::plain::{close, refuse_plain};
use crate::listener::socket::AcceptedSocket;
use crate::listener::{Connection, Limits};
use crate::telemetry::{Counter, HandshakeCounts};
use crate::tls::ServerTls;

/// How many handshakes of a port compute a signature between two rounds of the scheduler. When a crowd connects, a task that is
/// ready would wait in its queue behind all of them: behind eight, a message to a subscriber waits for some milliseconds. The
/// others wait for their turn, and what a peer makes the handshake wait for takes no turn.
const HANDSHAKES_PER_ROUND: usize = 8;
/// The first byte of every handshake: the type of its record.
const HANDSHAKE_RECORD: u8 = 22;

/// The handshakes of a port.
#[derive(Debug, Clone)]
pub(super) struct Handshakes {
    tls: Arc<ServerTls>,
    turns: Arc<Semaphore>,
    limits: Limits,
}

/// Why there is no secure connection.
#[derive(Debug)]
enum Fault {
    /// The peer sent something other than TLS.
    Plain,
    /// It failed, or the connection did.
    Failed(io::Error),
}

impl Handshakes {
    pub(super) fn new(tls: Arc<ServerTls>, limits: Limits) -> Self {
        let turns = Arc::new(Semaphore::new(HANDSHAKES_PER_ROUND));
        Self { tls, turns, limits }
    }

    /// The secure connection, or none: then it is counted and logged why.
    pub(super) async fn secure(self, socket: AcceptedSocket) -> Option<Connection> {
        let peer = socket.caller();
        let counts = &self.tls.counts;
        let limit = self.limits.handshake_timeout;
        let mut first = [0];
        let peeked = socket.stream().peek(&mut first);
        let Ok(peeked) = timeout(self.limits.first_bytes_timeout, peeked).await else {
            // Its handshake has not begun: it is counted as any other silent peer.
            socket.counts().silent.increment();
            return None;
        };
        let begun = peeked.map(|peeked| first.get(..peeked).and_then(<[u8]>::first).copied());
        match timeout(limit, self.attempt(socket, begun)).await {
            Ok(Ok(connection)) => {
                counts.completed.increment();
                return Some(connection);
            }
            Ok(Err(Fault::Plain)) => {
                counts.plain.increment();
                tracing::debug!(%peer, "a peer spoke without TLS");
            }
            Ok(Err(Fault::Failed(error))) => {
                of_error(counts, &error).increment();
                tracing::debug!(%peer, %error, "a TLS handshake failed");
            }
            Err(_elapsed) => {
                counts.slow.increment();
                tracing::debug!(%peer, ?limit, "a TLS handshake took too long");
            }
        }
        None
    }

    /// The secure connection of a peer with this first byte; none of one that has ended.
    async fn attempt(
        &self,
        mut socket: AcceptedSocket,
        first: io::Result<Option<u8>>,
    ) -> Result<Connection, Fault> {
        let first = first.map_err(Fault::Failed)?;
        if first.is_some_and(|first| first != HANDSHAKE_RECORD) {
            // A peer that does not read why has its connection closed all the same.
            let _read_or_not = refuse_plain(&mut socket).await;
            return Err(Fault::Plain);
        }
        let mut acceptor = LazyConfigAcceptor::new(Acceptor::default(), socket);
        let hello = match (&mut acceptor).await {
            Ok(hello) => hello,
            Err(error) => return Err(refused(error, acceptor.take_io()).await),
        };
        // This computes the shared secret and the signature.
        let answer = in_turn(&self.turns, || hello.into_stream(self.tls.config())).await;
        match answer.into_fallible().await {
            Ok(stream) => Ok(Connection::secure(stream, &self.limits)),
            Err((error, socket)) => Err(refused(error, Some(socket)).await),
        }
    }
}

/// Computes something in a turn, which lasts until the scheduler has been through the other tasks that are ready.
async fn in_turn<T>(turns: &Semaphore, compute: impl FnOnce() -> T) -> T {
    let _turn = turns.acquire().await;
    let computed = compute();
    // No other task runs while this one computes: a turn that ended here would bound nothing.
    yield_now().await;
    computed
}

/// Closes the connection of a peer that was sent an alert, such as one without a certificate. By then it may have sent its first
/// request.
async fn refused(error: io::Error, socket: Option<AcceptedSocket>) -> Fault {
    if let Some(mut socket) = socket {
        // The failure is that of the handshake, however the connection ends.
        let _closed_or_not = close(&mut socket).await;
    }
    Fault::Failed(error)
}

/// The count of a failure.
fn of_error<'c>(counts: &'c HandshakeCounts, error: &io::Error) -> &'c Counter {
    let inner = error.get_ref();
    let Some(error) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return &counts.ended;
    };
    match error {
        rustls::Error::AlertReceived(_) => &counts.refused,
        rustls::Error::NoCertificatesPresented | rustls::Error::InvalidCertificate(_) => {
            &counts.client_certificate
        }
        rustls::Error::PeerIncompatible(_) | rustls::Error::NoApplicationProtocol => {
            &counts.incompatible
        }
        _ => &counts.malformed,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn a_crowd_of_handshakes_computes_eight_between_two_runs_of_another_task() {
        const CROWD: usize = 50;
        let turns = Arc::new(Semaphore::new(HANDSHAKES_PER_ROUND));
        let computed = Arc::new(AtomicUsize::new(0));
        let mut crowd = JoinSet::new();
        for _ in 0..CROWD {
            let (turns, computed) = (Arc::clone(&turns), Arc::clone(&computed));
            crowd.spawn(async move {
                in_turn(&turns, || computed.fetch_add(1, Ordering::Relaxed)).await
            });
        }
        let mut before = 0;
        while before < CROWD {
            yield_now().await;
            let now = computed.load(Ordering::Relaxed);
            assert!(now - before <= HANDSHAKES_PER_ROUND, "{before} to {now}");
            before = now;
        }
        assert_eq!(crowd.join_all().await.len(), CROWD);
    }
}
