//! The accept loop: a task for each connection, until draining.

use std::future::Future;

use futures_util::StreamExt;
use tokio::task::{JoinError, JoinSet};

use crate::listener::{Connection, Listener, counted};

impl Listener {
    /// Runs a task for each accepted connection until draining; then closes the socket and waits until the connections have
    /// ended, which is up to their tasks. Dropping the future closes the connections.
    pub async fn serve<F>(self, mut connection: impl FnMut(Connection) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut tasks = JoinSet::new();
        let until = self.draining.cancelled_owned();
        let mut sockets =
            Box::pin(counted(self.socket, self.limits, self.counts).take_until(until));
        loop {
            tokio::select! {
                accepted = sockets.next() => match accepted {
                    Some(Ok(socket)) => {
                        tasks.spawn(connection(socket));
                    }
                    Some(Err(error)) => tracing::warn!(%error, "could not accept a connection"),
                    None => break,
                },
                Some(ended) = tasks.join_next() => report(ended),
            }
        }
        // This closes the socket: new clients are refused at once and try another server.
        drop(sockets);
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
