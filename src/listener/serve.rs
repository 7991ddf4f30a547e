//! Serving what comes in, each connection in a task of its own, until told to stop.

use std::future::Future;

use futures_util::StreamExt;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::listener::{Connection, Limits, incoming};

/// Serves each connection by a future of it, until draining; then waits until those under way have ended, which is for
/// them to see to. Dropped, it cuts them.
pub async fn serve<F>(
    listener: TcpListener,
    limits: Limits,
    draining: CancellationToken,
    mut connection: impl FnMut(Connection) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let until = draining.cancelled_owned();
    let mut sockets = Box::pin(incoming(listener, limits).take_until(until));
    loop {
        tokio::select! {
            accepted = sockets.next() => match accepted {
                Some(Ok(socket)) => {
                    tasks.spawn(connection(socket));
                }
                Some(Err(refused)) => tracing::warn!(%refused, "a connection could not be accepted"),
                None => break,
            },
            Some(_ended) = tasks.join_next() => {}
        }
    }
    // With it the port is given back: who comes now is refused at once and tries elsewhere.
    drop(sockets);
    while tasks.join_next().await.is_some() {}
}
