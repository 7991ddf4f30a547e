//! The handshake of TLS, between accepting a socket and HTTP over it.
//!
//! It has a task of its own: peers that are slow hold up neither accepting nor one another, and what it needs of memory is
//! free again before HTTP begins.

use std::io;
use std::sync::Arc;

use rustls::server::Acceptor;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;

use crate::listener::plain::{close, refuse_plain};
use crate::listener::socket::AcceptedSocket;
use crate::listener::{Connection, Limits};
use crate::telemetry::{Counter, HandshakeCounts};
use crate::tls::ServerTls;

/// How many handshakes of a port compute a signature at once. When a crowd connects, each task that is ready waits in the queue
/// of a thread behind as many of them as there are: behind eight, a message to a subscriber waits for some milliseconds. The
/// others wait for their turn, and what a peer makes the handshake wait for takes no turn.
const HANDSHAKES_AT_ONCE: usize = 8;
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
    /// The peer sent nothing.
    Silent,
    /// It sent something other than TLS.
    Plain,
    /// It failed, or the connection did.
    Failed(io::Error),
}

impl Handshakes {
    pub(super) fn new(tls: Arc<ServerTls>, limits: Limits) -> Self {
        let turns = Arc::new(Semaphore::new(HANDSHAKES_AT_ONCE));
        Self { tls, turns, limits }
    }

    /// The secure connection, or none: then it is counted and logged why.
    pub(super) async fn secure(self, socket: AcceptedSocket) -> Option<Connection> {
        let peer = socket.peer();
        let counts = &self.tls.counts;
        let limit = self.limits.handshake_timeout;
        match timeout(limit, self.attempt(socket)).await {
            Ok(Ok(connection)) => {
                counts.completed.increment();
                return Some(connection);
            }
            // It is counted as any other silent peer.
            Ok(Err(Fault::Silent)) => {}
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

    async fn attempt(&self, mut socket: AcceptedSocket) -> Result<Connection, Fault> {
        let mut first = [0];
        let peeked = socket.stream().peek(&mut first);
        let Ok(peeked) = timeout(self.limits.first_bytes_timeout, peeked).await else {
            socket.counts().silent.increment();
            return Err(Fault::Silent);
        };
        if peeked.map_err(Fault::Failed)? > 0 && first != [HANDSHAKE_RECORD] {
            // A peer that does not read why has its connection closed all the same.
            let _read_or_not = refuse_plain(&mut socket).await;
            return Err(Fault::Plain);
        }
        let mut acceptor = LazyConfigAcceptor::new(Acceptor::default(), socket);
        let hello = match (&mut acceptor).await {
            Ok(hello) => hello,
            Err(error) => return Err(refused(error, acceptor.take_io()).await),
        };
        let answer = {
            let _turn = self.turns.acquire().await;
            // This computes the shared secret and the signature.
            hello.into_stream(self.tls.config())
        };
        match answer.into_fallible().await {
            Ok(stream) => Ok(Connection::secure(stream, &self.limits)),
            Err((error, socket)) => Err(refused(error, Some(socket)).await),
        }
    }
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
