//! The accept loop: a task for each connection, until draining.

use std::future::Future;
use std::sync::Arc;

use futures_util::StreamExt;
use tokio::task::{JoinError, JoinSet};

use crate::listener::accept::{Connections, accepted};
use crate::listener::handshake::Handshakes;
use crate::listener::proxied::introduced;
use crate::listener::socket::AcceptedSocket;
use crate::listener::{Connection, Limits, Listener};

impl Listener {
    /// Runs a task for each accepted connection until draining; then closes the socket and waits until the connections have
    /// ended, which is up to their tasks. Dropping the future closes the connections. With TLS, a connection begins when its
    /// handshake is complete, and that of a trusted proxy after its PROXY header; one under way when draining begins, or a socket that
    /// waits for its turn, is closed, and its client tries another server.
    pub async fn serve<F>(self, mut connection: impl FnMut(Connection) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (mut tasks, mut beginning) = (JoinSet::new(), JoinSet::new());
        let connections = Connections::new(self.limits, self.admission, self.counts);
        let connections = Arc::new(connections);
        let beginnings = Beginnings {
            connections: Arc::clone(&connections),
            handshakes: self.tls.map(|tls| Handshakes::new(tls, self.limits)),
            limits: self.limits,
        };
        let until = self.draining.cancelled_owned();
        let mut sockets = Box::pin(accepted(self.socket, connections).take_until(until));
        loop {
            tokio::select! {
                accepted = sockets.next() => match accepted {
                    Some(socket) if beginnings.has(&socket) => {
                        beginning.spawn(beginnings.clone().complete(socket));
                    }
                    Some(socket) => {
                        tasks.spawn(connection(Connection::plain(socket)));
                    }
                    None => break,
                },
                Some(ended) = beginning.join_next() => match ended {
                    Ok(Some(begun)) => {
                        tasks.spawn(connection(begun));
                    }
                    Ok(None) => {}
                    Err(error) => report(Err(error)),
                },
                Some(ended) = tasks.join_next() => report(ended),
            }
        }
        // This closes the socket: new clients are refused at once and try another server.
        drop(sockets);
        drop(beginning);
        while let Some(ended) = tasks.join_next().await {
            report(ended);
        }
    }
}

/// What a socket begins with before HTTP: a PROXY header, a handshake of TLS, both or neither.
#[derive(Debug, Clone)]
struct Beginnings {
    connections: Arc<Connections>,
    handshakes: Option<Handshakes>,
    limits: Limits,
}

impl Beginnings {
    /// Whether a socket may begin with anything.
    fn has(&self, socket: &AcceptedSocket) -> bool {
        self.handshakes.is_some() || self.connections.is_of_proxy(socket)
    }

    /// The connection once HTTP begins, or none: then it is counted why.
    async fn complete(self, socket: AcceptedSocket) -> Option<Connection> {
        let socket = if self.connections.is_of_proxy(&socket) {
            let introduced = introduced(socket, &self.limits).await?;
            self.connections.shared(introduced)?
        } else {
            socket
        };
        match self.handshakes {
            Some(handshakes) => handshakes.secure(socket).await,
            None => Some(Connection::plain(socket)),
        }
    }
}

/// A panic closes its own connection and no other.
fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "the task of a connection failed");
    }
}
