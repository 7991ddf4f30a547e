//! The order in which a port admits sockets during a flood.

use std::os::fd::OwnedFd;

use futures_util::StreamExt;
use tokio::net::TcpSocket;

use super::*;
use crate::listener::bind;

/// The connections of a flood: the queue of every kernel has room for them, and they are some intervals of the pace.
const FLOOD: u64 = 100;
/// After how many turns of its task the system has told at the latest that a socket is ready.
const TURNS_MAX: usize = 1000;
/// The connections of a port that is far from its limit then.
const CONNECTIONS_MAX: usize = 200;

async fn connected(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

/// A port, and the peers of the sockets that wait there.
struct Crowd {
    address: SocketAddr,
    counts: Arc<PortCounts>,
    connections: Arc<Connections>,
    peers: Vec<TcpStream>,
    sockets: std::pin::Pin<Box<dyn Stream<Item = AcceptedSocket> + Send>>,
}

impl Crowd {
    /// A port at which nothing waits.
    fn new(connections_max: usize, admission: Admission) -> Self {
        let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::<PortCounts>::default();
        let limits = Limits::new(connections_max);
        let connections = Arc::new(Connections::new(limits, admission, Arc::clone(&counts)));
        Self {
            address,
            counts,
            sockets: Box::pin(accepted(listener, Arc::clone(&connections))),
            connections,
            peers: Vec::new(),
        }
    }

    /// A port at which a flood of one client waits.
    async fn flood(admission: Admission) -> Self {
        let mut crowd = Self::new(CONNECTIONS_MAX, admission);
        for _connection in 0..=FLOOD {
            crowd.connect("127.0.0.1").await;
        }
        crowd
    }

    /// One more connects; returns its address.
    async fn connect(&mut self, from: &str) -> SocketAddr {
        let peer = connected(from, self.address).await;
        let address = peer.local_addr().unwrap();
        self.peers.push(peer);
        address
    }

    /// Admits the next one.
    async fn admit(&mut self) -> AcceptedSocket {
        self.sockets.next().await.unwrap()
    }

    /// How many are admitted before a peer is.
    async fn before(&mut self, peer: SocketAddr) -> usize {
        let mut before = 0;
        while self.admit().await.caller().to_string() != peer.to_string() {
            before += 1;
        }
        before
    }
}

// No timer runs in these but that of the pace, so the paused clock shows how long a newcomer waits for it.
#[tokio::test(start_paused = true)]
async fn a_newcomer_does_not_wait_for_the_pace_behind_a_client_that_has_its_share() {
    let admission = Admission {
        connections_per_client_max: Some(1),
        ..Admission::default()
    };
    let mut crowd = Crowd::flood(admission).await;
    let newcomer = crowd.connect("127.0.0.2").await;
    let begun = Instant::now();
    let _first = crowd.admit().await;
    assert_eq!(crowd.before(newcomer).await, 0);
    assert_eq!(crowd.counts.refused.client.get(), FLOOD);
    assert_eq!(begun.elapsed(), std::time::Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_has_its_turn_beside_a_client_whose_flood_came_before() {
    let mut crowd = Crowd::flood(Admission::default()).await;
    let newcomer = crowd.connect("127.0.0.2").await;
    // The first of the flood is admitted before the newcomer is accepted, and one more in its turn.
    assert_eq!(crowd.before(newcomer).await, 2);
    for _connection in 2..=FLOOD {
        crowd.admit().await;
    }
    assert_eq!(crowd.counts.refused.client.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn each_connection_of_a_proxy_has_its_turn_beside_a_client_whose_flood_came_before() {
    let admission = Admission {
        proxies: TrustedProxies::parse(&["127.0.0.3".to_owned()]).unwrap(),
        ..Admission::default()
    };
    let mut crowd = Crowd::flood(admission).await;
    let mut last = None;
    for _connection in 0..10 {
        last = Some(crowd.connect("127.0.0.3").await);
    }
    assert_eq!(crowd.before(last.unwrap()).await, 2 + 9);
}

#[tokio::test(start_paused = true)]
async fn a_full_port_is_reported_while_sockets_wait_for_their_turn() {
    let mut crowd = Crowd::new(20, Admission::default());
    // Near its limit, a port admits one connection of each.
    for client in 1..=40 {
        crowd.connect(&format!("127.0.1.{client}")).await;
    }
    let mut admitted = Vec::new();
    while admitted.len() < 20 {
        admitted.push(crowd.admit().await);
    }
    assert_eq!(crowd.counts.waits.get(), 1);
    admitted.clear();
    let _next = crowd.admit().await;
    assert_eq!(crowd.counts.waits.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn sockets_that_wait_count_until_the_port_closes() {
    let mut crowd = Crowd::flood(Admission::default()).await;
    let admitted = crowd.admit().await;
    assert!(crowd.counts.open.get() > 1);
    crowd.sockets = Box::pin(stream::empty());
    assert_eq!(crowd.counts.open.get(), 1);
    drop(admitted);
    assert_eq!(
        crowd.connections.permits.available_permits(),
        CONNECTIONS_MAX
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_after_the_system_refused_goes_on_however_often_the_next_socket_is_asked_for() {
    // Of a socket without connections the system accepts none, once there is something to read.
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.send_to(&[0], socket.local_addr().unwrap()).unwrap();
    let listener = std::net::TcpListener::from(OwnedFd::from(socket));
    let listener = TcpListener::from_std(listener).unwrap();
    let mut queue = Queue::default();
    for _turn in 0..TURNS_MAX {
        if queue.paused_until.is_none() {
            assert!(accept(&listener, &mut queue).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
    }
    let until = Some(Instant::now() + ACCEPT_PAUSE);
    assert_eq!(queue.paused_until, until);
    for _asked in 0..9 {
        tokio::time::advance(ACCEPT_PAUSE / 10).await;
        assert!(accept(&listener, &mut queue).now_or_never().is_none());
        assert_eq!(queue.paused_until, until);
    }
    tokio::time::advance(ACCEPT_PAUSE / 10).await;
    assert!(accept(&listener, &mut queue).now_or_never().is_none());
    assert_eq!(queue.paused_until, Some(Instant::now() + ACCEPT_PAUSE));
}
