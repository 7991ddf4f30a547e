//! The attacks, for the benchmark and for the soak of `tests/blackbox`. Hostile clients have an address of their own, as an honest
//! client is somebody else.

mod cheap;
mod filters;
mod raw;
mod unread;
mod work;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{io, thread};

use socket2::{Domain, Socket, Type};

/// Where hostile clients connect from.
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 66));
/// The timeout of a start.
const START_MAX: Duration = Duration::from_secs(20);

/// One attack: it ends soon after its deadline.
pub(crate) type Run = fn(&Target, Instant) -> io::Result<()>;

/// The attacks, with their names.
pub(crate) const ATTACKS: [(&str, Run); 21] = [
    ("watches", unread::watches),
    ("snapshots", unread::snapshots),
    ("web", unread::web),
    ("stalled", unread::stalled),
    ("distinct", unread::distinct),
    ("slow", unread::slow),
    ("halves", work::halves),
    ("reflection", work::reflection),
    ("health", work::health),
    ("connections", work::connections),
    ("refused", work::refused),
    ("gzip", work::gzip),
    ("filters", filters::watches),
    ("events", filters::events),
    ("wide", filters::wide),
    ("windows", cheap::windows),
    ("settings", cheap::settings),
    ("priority", cheap::priority),
    ("updates", cheap::updates),
    ("pings", cheap::pings),
    ("resets", cheap::resets),
];

/// What an attack needs to know of the server.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    grpc: SocketAddr,
    web: SocketAddr,
    /// Some pairs that it has rates of.
    pairs: Arc<[String]>,
}

impl Target {
    /// Waits for a server that starts, until it has rates of a number of pairs. One that has fewer for long is attacked with
    /// those.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) fn find(grpc: SocketAddr, web: SocketAddr, wanted: usize) -> io::Result<Self> {
        let begun = Instant::now();
        let pairs = loop {
            match filters::known_pairs(grpc) {
                Ok(pairs) if pairs.len() >= wanted => break pairs,
                Err(error) if begun.elapsed() > START_MAX => return Err(error),
                Ok(pairs) if begun.elapsed() > START_MAX => break pairs,
                _ => thread::sleep(Duration::from_millis(50)),
            }
        };
        Ok(Self {
            grpc,
            web,
            pairs: pairs.into(),
        })
    }
}

/// Connects from the address of hostile clients.
fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(ADDRESS, 0).into())?;
    socket.connect(&server.into())?;
    Ok(socket.into())
}

/// Begins to connect, and does not wait for it. Closing it leaves nothing behind, so that its port may be used again at once.
fn begin_to_connect(server: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(ADDRESS, 0).into())?;
    socket.set_nonblocking(true)?;
    socket.set_linger(Some(Duration::ZERO))?;
    let _in_progress = socket.connect(&server.into());
    Ok(socket)
}

/// Runs an attack on several threads at once.
fn together<F>(count: usize, attack: F) -> io::Result<()>
where
    F: Fn(usize) -> io::Result<()> + Sync,
{
    let attack = &attack;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| scope.spawn(move || attack(number)))
            .collect();
        let ended = threads.into_iter().map(thread::ScopedJoinHandle::join);
        let mut ended =
            ended.map(|joined| joined.unwrap_or_else(|_panicked| Err(io::ErrorKind::Other.into())));
        ended.try_for_each(|outcome| outcome)
    })
}
