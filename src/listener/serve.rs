//! The accept loop: a task for each connection, until draining.

use std::future::Future;

use futures_util::StreamExt;
use tokio::task::{JoinError, JoinSet};

use crate::listener::handshake::Handshakes;
use crate::listener::{Connection, Listener, accepted};

impl Listener {
    /// Runs a task for each accepted connection until draining; then closes the socket and waits until the connections have
    /// ended, which is up to their tasks. Dropping the future closes the connections. With TLS, a connection begins when its
    /// handshake is complete; one under way when draining begins is ended, and its client tries another server.
    pub async fn serve<F>(self, mut connection: impl FnMut(Connection) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (mut tasks, mut handshakes) = (JoinSet::new(), JoinSet::new());
        let secured = self.tls.map(|tls| Handshakes::new(tls, self.limits));
        let until = self.draining.cancelled_owned();
        let mut sockets =
            Box::pin(accepted(self.socket, self.limits, self.counts).take_until(until));
        loop {
            tokio::select! {
                accepted = sockets.next() => match (accepted, &secured) {
                    (Some(socket), None) => {
                        tasks.spawn(connection(Connection::plain(socket)));
                    }
                    (Some(socket), Some(secured)) => {
                        handshakes.spawn(secured.clone().secure(socket));
                    }
                    (None, _) => break,
                },
                Some(ended) = handshakes.join_next() => match ended {
                    Ok(Some(secure)) => {
                        tasks.spawn(connection(secure));
                    }
                    Ok(None) => {}
                    Err(error) => report(Err(error)),
                },
                Some(ended) = tasks.join_next() => report(ended),
            }
        }
        // This closes the socket: new clients are refused at once and try another server.
        drop(sockets);
        drop(handshakes);
        while let Some(ended) = tasks.join_next().await {
            report(ended);
        }
    }
}

/// A panic closes its own connection and no other.
fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "the task of a connection failed");
    }
}
