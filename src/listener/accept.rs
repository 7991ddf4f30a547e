//! Accepting sockets: how many at once, how many of one client, and none while memory is short.
//!
//! When as many connections are open as a port may have, further ones wait in the kernel's queue until one closes. A client that
//! has its share already is closed at once instead: in the queue it would be before the others.
//!
//! Measured reason: that queue has no turns. While one client connected without a pause, others waited more than a second,
//! since the kernel drops a connection that finds the queue full, and its client tries again after a second. So a socket is
//! accepted as soon as it is there, and waits for the pace here, where the clients have their turns.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{FutureExt, Stream, stream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use crate::callers::{Caller, Network, Share, ShareExceeded, ShareLimits, Shares, TrustedProxies};
use crate::listener::pace::Pace;
use crate::listener::socket::AcceptedSocket;
use crate::listener::turns::Turns;
use crate::listener::{ACCEPT_PAUSE, Limits, Reminder};
use crate::memory::{Memory, Pressure};
use crate::telemetry::{OpenConnection, PortCounts};

/// How many sockets are accepted before the next one is admitted: half a millisecond of work or so. A queue of the kernel with 4 096
/// of them, the limit of many systems, is empty after 64, which the pace admits in twenty milliseconds.
const ACCEPTED_AT_ONCE: u32 = 64;
/// How many sockets wait for the pace at most, which is little more than a second: clients wait longer for an answer. Further ones
/// wait in the kernel's queue. It takes the shares of several clients.
const WAITING_MAX: usize = 4096;

/// Who is admitted to a port.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    /// The proxies that may name their clients.
    pub proxies: TrustedProxies,
    /// How many connections one client may have; without it as many as there are.
    pub connections_per_client_max: Option<u32>,
    /// The memory of the process: near its limit no client is admitted.
    pub memory: Memory,
}

/// The connections of a port.
#[derive(Debug)]
pub(super) struct Connections {
    limits: Limits,
    admission: Admission,
    permits: Arc<Semaphore>,
    shares: Arc<Shares<Network>>,
    counts: Arc<PortCounts>,
}

/// An accepted socket that waits for its turn. It counts as a connection of the port and of its client.
#[derive(Debug)]
struct Queued {
    stream: TcpStream,
    caller: Caller,
    /// None of a proxy.
    share: Option<Share<Network>>,
    permit: OwnedSemaphorePermit,
    open: OpenConnection,
}

/// The owner of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Client(Network),
    /// A connection of a proxy, by its number: its clients are as many as its connections.
    OfProxy(u64),
}

/// The sockets that wait, and when the log last said that a port takes no more of them.
#[derive(Debug, Default)]
struct Queue {
    sockets: Turns<Turn, Queued>,
    /// How many sockets of proxies have waited.
    of_proxies: u64,
    /// How fast they are admitted.
    pace: Pace,
    /// When the next one is accepted, after the system refused.
    paused_until: Option<Instant>,
    /// Whether the limit of the port is reached, and that is reported.
    is_full: bool,
    /// The limit of the port is reached.
    full: Reminder,
    /// The system refuses.
    refused: Reminder,
    /// A client has its share.
    share: Reminder,
}

impl Connections {
    pub(super) fn new(limits: Limits, admission: Admission, counts: Arc<PortCounts>) -> Self {
        let all = u32::try_from(limits.connections_max).unwrap_or(u32::MAX);
        let each = admission.connections_per_client_max.unwrap_or(all);
        Self {
            permits: Arc::new(Semaphore::new(limits.connections_max)),
            shares: Shares::new(ShareLimits { each, all }),
            limits,
            admission,
            counts,
        }
    }

    /// Whether the peer of a socket is a proxy that may name its client.
    pub(super) fn is_of_proxy(&self, socket: &AcceptedSocket) -> bool {
        self.admission.proxies.contains(socket.caller().address())
    }

    /// A share for the connection of a client.
    fn share(&self, client: Network) -> Result<Share<Network>, ShareExceeded> {
        // Its own permit is taken already.
        let taken = self.limits.connections_max - self.permits.available_permits();
        let taken = u32::try_from(taken.saturating_sub(1)).unwrap_or(u32::MAX);
        let shared = self.shares.take(client, taken, None);
        shared.inspect_err(|exceeded| {
            let refused = &self.counts.refused;
            if exceeded.is_crowded {
                refused.crowded.increment();
            } else {
                refused.client.increment();
            }
        })
    }

    /// The same for the client that a proxy has named; nothing if it has its share already, which ends the connection.
    pub(super) fn shared(&self, socket: AcceptedSocket) -> Option<AcceptedSocket> {
        let caller = socket.caller();
        if self.is_of_proxy(&socket) {
            return Some(socket);
        }
        match self.share(caller.network()) {
            Ok(share) => Some(socket.sharing(share)),
            Err(exceeded) => {
                tracing::debug!(peer = %caller, %exceeded, "closed a connection of a client behind a proxy");
                None
            }
        }
    }

    /// The socket of a peer if it may wait for its turn. Of a proxy the connections are those of many clients.
    fn queued(
        &self,
        (stream, peer): (TcpStream, SocketAddr),
        permit: OwnedSemaphorePermit,
        reminder: &mut Reminder,
    ) -> Option<Queued> {
        if self.admission.memory.pressure() >= Pressure::Connections {
            self.counts.refused.memory.increment();
            return None;
        }
        let caller = Caller::direct(peer);
        let share = if self.admission.proxies.contains(caller.address()) {
            None
        } else {
            match self.share(caller.network()) {
                Ok(share) => Some(share),
                Err(exceeded) => {
                    if reminder.is_due() {
                        tracing::warn!(
                            client = %caller.network(),
                            %exceeded,
                            "closed connections of a client (server.max_connections_per_address); if it is a proxy, it belongs into server.trusted_proxies"
                        );
                    }
                    return None;
                }
            }
        };
        Some(Queued {
            stream,
            caller,
            share,
            permit,
            open: OpenConnection::new(Arc::clone(&self.counts)),
        })
    }

    /// A socket whose turn it is. Its deadlines begin now.
    fn admitted(&self, queued: Queued) -> AcceptedSocket {
        let Queued {
            stream,
            caller,
            share,
            permit,
            open,
        } = queued;
        let socket = AcceptedSocket::new((stream, caller), &self.limits, permit, open);
        match share {
            Some(share) => socket.sharing(share),
            None => socket,
        }
    }

    /// Whether the limit of the port is reached, which is reported once while sockets wait.
    fn is_full(&self, queue: &mut Queue) -> bool {
        let was_full = queue.is_full;
        queue.is_full = self.permits.available_permits() == 0;
        if queue.is_full && !was_full {
            self.counts.waits.increment();
            if queue.full.is_due() {
                let connections_max = self.limits.connections_max;
                tracing::warn!(
                    connections_max,
                    "connection limit of a port reached; accepting no more there until a connection closes (server.max_connections)"
                );
            }
        }
        queue.is_full
    }

    /// A permit for one more connection. Each wait for one is reported.
    async fn permit(&self, queue: &mut Queue) -> Option<OwnedSemaphorePermit> {
        let permits = Arc::clone(&self.permits);
        if !self.is_full(queue) {
            return permits.try_acquire_owned().ok();
        }
        let permit = permits.acquire_owned().await.ok();
        queue.is_full = false;
        permit
    }

    /// Lets the next socket wait for its turn, unless it is refused; nothing if the port has closed.
    async fn queue(&self, listener: &TcpListener, queue: &mut Queue) -> Option<()> {
        let permit = self.permit(queue).await?;
        let accepted = accept(listener, queue).await;
        match self.queued(accepted, permit, &mut queue.share) {
            Some(socket) => queue.push(socket),
            None => queue.pace.refused().await,
        }
        Some(())
    }

    /// The next socket whose turn it is. Those that have come are accepted first.
    async fn next(&self, listener: &TcpListener, queue: &mut Queue) -> Option<AcceptedSocket> {
        while queue.sockets.len() == 0 {
            self.queue(listener, queue).await?;
        }
        for _socket in 0..ACCEPTED_AT_ONCE {
            let may_accept = queue.sockets.len() < WAITING_MAX && !self.is_full(queue);
            if !may_accept || self.queue(listener, queue).now_or_never().is_none() {
                break;
            }
        }
        queue.pace.wait().await;
        queue.pace.admitted();
        queue.sockets.pop().map(|socket| self.admitted(socket))
    }
}

impl Queue {
    fn push(&mut self, socket: Queued) {
        let turn = if socket.share.is_some() {
            Turn::Client(socket.caller.network())
        } else {
            self.of_proxies = self.of_proxies.saturating_add(1);
            Turn::OfProxy(self.of_proxies)
        };
        self.sockets.push(turn, socket);
    }
}

/// The accepted sockets, counted.
pub(super) fn accepted(
    listener: TcpListener,
    connections: Arc<Connections>,
) -> impl Stream<Item = AcceptedSocket> + Send {
    let state = (listener, connections, Queue::default());
    stream::unfold(state, async |(listener, connections, mut queue)| {
        let socket = connections.next(&listener, &mut queue).await?;
        Some((socket, (listener, connections, queue)))
    })
}

/// The next socket and its peer, however often the system refuses. A pause goes on where this is asked again.
async fn accept(listener: &TcpListener, queue: &mut Queue) -> (TcpStream, SocketAddr) {
    loop {
        if let Some(until) = queue.paused_until {
            sleep_until(until).await;
            queue.paused_until = None;
        }
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_the_peer(&error) => {
                tracing::debug!(%error, "a peer closed its connection before it was accepted");
            }
            Err(error) => {
                if queue.refused.is_due() {
                    tracing::warn!(%error, retry_in = ?ACCEPT_PAUSE, "could not accept a connection");
                }
                queue.paused_until = Some(Instant::now() + ACCEPT_PAUSE);
            }
        }
    }
}

/// Whether accepting failed for one connection alone: the next one may succeed.
fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests;
