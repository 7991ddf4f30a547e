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

use crate::callers::{Caller, Network, Share, ShareExceeded, ShareLimits, Shares, TrustedProxies};
use crate::listener::pace::Pace;
use crate::listener::socket::AcceptedSocket;
use crate::listener::turns::Turns;
use crate::listener::{ACCEPT_PAUSE, Limits, Reminder};
use crate::memory::{Memory, Pressure};
use crate::telemetry::{OpenConnection, PortCounts};

/// How many sockets are accepted before the next one is admitted: half a millisecond of work or so, and a queue of the kernel as long as
/// usual is empty after sixteen of them.
const ACCEPTED_AT_ONCE: u32 = 64;

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

/// The accepted sockets that wait, and when the log last said that a port takes no more of them.
#[derive(Debug, Default)]
struct Queue {
    /// They count as connections of the port and of their clients.
    sockets: Turns<Network, AcceptedSocket>,
    /// How fast they are admitted.
    pace: Pace,
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

    /// The socket of a peer if it is admitted. Of a proxy the connections are those of many clients.
    fn admitted(
        &self,
        (stream, peer): (TcpStream, SocketAddr),
        permit: OwnedSemaphorePermit,
        reminder: &mut Reminder,
    ) -> Option<AcceptedSocket> {
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
        let open = OpenConnection::new(Arc::clone(&self.counts));
        let socket = AcceptedSocket::new((stream, caller), &self.limits, permit, open);
        Some(match share {
            Some(share) => socket.sharing(share),
            None => socket,
        })
    }

    /// A permit for one more connection.
    async fn permit(&self, reminder: &mut Reminder) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Some(permit);
        }
        self.counts.waits.increment();
        if reminder.is_due() {
            let connections_max = self.limits.connections_max;
            tracing::warn!(
                connections_max,
                "connection limit of a port reached; accepting no more there until a connection closes (server.max_connections)"
            );
        }
        Arc::clone(&self.permits).acquire_owned().await.ok()
    }

    /// Lets the next socket wait for its turn, unless it is refused; nothing if the port has closed.
    async fn queue(&self, listener: &TcpListener, queue: &mut Queue) -> Option<()> {
        let permit = self.permit(&mut queue.full).await?;
        let accepted = accept(listener, &mut queue.refused).await;
        match self.admitted(accepted, permit, &mut queue.share) {
            Some(socket) => queue.sockets.push(socket.caller().network(), socket),
            None => queue.pace.refused().await,
        }
        Some(())
    }

    /// The next socket whose turn it is. Those that have come are accepted first.
    async fn next(&self, listener: &TcpListener, queue: &mut Queue) -> Option<AcceptedSocket> {
        while queue.sockets.is_empty() {
            self.queue(listener, queue).await?;
        }
        for _socket in 0..ACCEPTED_AT_ONCE {
            let may_accept = self.permits.available_permits() > 0;
            if !may_accept || self.queue(listener, queue).now_or_never().is_none() {
                break;
            }
        }
        queue.pace.wait().await;
        queue.pace.admitted();
        queue.sockets.pop()
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

/// The next socket and its peer, however often the system refuses.
async fn accept(listener: &TcpListener, reminder: &mut Reminder) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_the_peer(&error) => {
                tracing::debug!(%error, "a peer closed its connection before it was accepted");
            }
            Err(error) => {
                if reminder.is_due() {
                    tracing::warn!(%error, retry_in = ?ACCEPT_PAUSE, "could not accept a connection");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
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
mod tests {
    use futures_util::StreamExt;
    use tokio::net::TcpSocket;
    use tokio::time::Instant;

    use super::*;
    use crate::listener::bind;

    /// The connections of a flood: the queue of every kernel has room for them, and they are some intervals of the pace.
    const FLOOD: u64 = 100;

    async fn connected(from: &str, to: SocketAddr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
        socket.connect(to).await.unwrap()
    }

    /// The sockets of a port whose clients may have this many connections each; a flood of one client comes first, and then a newcomer.
    struct Crowd {
        counts: Arc<PortCounts>,
        peers: Vec<TcpStream>,
        sockets: std::pin::Pin<Box<dyn Stream<Item = AcceptedSocket> + Send>>,
    }

    impl Crowd {
        async fn connect(connections_per_client_max: Option<u32>) -> Self {
            let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
            let address = listener.local_addr().unwrap();
            let admission = Admission {
                connections_per_client_max,
                ..Admission::default()
            };
            let counts = Arc::<PortCounts>::default();
            let connections = Connections::new(Limits::new(200), admission, Arc::clone(&counts));
            let sockets = Box::pin(accepted(listener, Arc::new(connections)));
            let mut peers = Vec::new();
            for _connection in 0..=FLOOD {
                peers.push(connected("127.0.0.1", address).await);
            }
            peers.push(connected("127.0.0.2", address).await);
            Self {
                counts,
                peers,
                sockets,
            }
        }

        /// The addresses of the first and of the last peer.
        fn ends(&self) -> [String; 2] {
            let address = |peer: Option<&TcpStream>| peer.unwrap().local_addr().unwrap();
            [self.peers.first(), self.peers.last()].map(|peer| address(peer).to_string())
        }
    }

    // No timer runs here but that of the pace, so the paused clock shows how long a newcomer waits for it.
    #[tokio::test(start_paused = true)]
    async fn a_newcomer_does_not_wait_for_the_pace_behind_a_client_that_has_its_share() {
        let mut crowd = Crowd::connect(Some(1)).await;
        let begun = Instant::now();
        let first = crowd.sockets.next().await.unwrap();
        let second = crowd.sockets.next().await.unwrap();
        assert_eq!(crowd.counts.refused.client.get(), FLOOD);
        let admitted = [&first, &second].map(|socket| socket.caller().to_string());
        assert_eq!(admitted, crowd.ends());
        assert_eq!(begun.elapsed(), std::time::Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_newcomer_has_its_turn_beside_a_client_whose_flood_came_before() {
        let mut crowd = Crowd::connect(None).await;
        let [_, newcomer] = crowd.ends();
        let mut before = 0;
        while crowd.sockets.next().await.unwrap().caller().to_string() != newcomer {
            before += 1;
        }
        // The first of the flood is admitted before the newcomer is accepted, and one more in its turn.
        assert_eq!(before, 2);
        for _connection in before..=FLOOD {
            crowd.sockets.next().await.unwrap();
        }
        assert_eq!(crowd.counts.refused.client.get(), 0);
    }
}
