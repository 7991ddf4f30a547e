//! The servers that are measured: how each is started, publishes, and is stopped.

pub(crate) mod figures;
pub(crate) mod naive;
pub(crate) mod nginx;
pub(crate) mod ours;
pub(crate) mod peers;
pub(crate) mod raw;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};

use tokio::sync::mpsc;

use crate::machine::{self, LOAD_CORE, SERVER_CORE};

/// The kinds of servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Design {
    Ours,
    /// Ours, on tonic's own transport server, without write coalescing.
    OursPlain,
    /// Ours, on all cores: one thread.
    OursFree,
    /// Ours, on all cores: one runtime of two threads.
    OursMulti,
    /// Ours, on all cores: two sockets on the same port, with a runtime of one thread each.
    OursEach,
    /// Ours, over TLS.
    OursTls,
    /// Ours, the browsers' port.
    OursWeb,
    Naive,
    /// Frames by hand, for unary calls.
    RawUnary,
    /// Frames by hand, for subscribers.
    RawStream,
    Redis,
    Nats,
    Etcd,
}

impl Design {
    pub(crate) const ALL: [Self; 13] = [
        Self::Ours,
        Self::OursPlain,
        Self::OursFree,
        Self::OursMulti,
        Self::OursEach,
        Self::OursTls,
        Self::OursWeb,
        Self::Naive,
        Self::RawUnary,
        Self::RawStream,
        Self::Redis,
        Self::Nats,
        Self::Etcd,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::OursPlain => "ours-plain",
            Self::OursFree => "ours-free",
            Self::OursMulti => "ours-multi",
            Self::OursEach => "ours-each",
            Self::OursTls => "ours-tls",
            Self::OursWeb => "ours-web",
            Self::Naive => "naive",
            Self::RawUnary => "raw-unary",
            Self::RawStream => "raw-stream",
            Self::Redis => "redis",
            Self::Nats => "nats",
            Self::Etcd => "etcd",
        }
    }

    /// Whether it may run on every core, that of the load included.
    fn is_free(self) -> bool {
        matches!(self, Self::OursFree | Self::OursMulti | Self::OursEach)
    }

    /// Whether it is a program of another project.
    pub(crate) fn is_foreign(self) -> bool {
        peers::program(self).is_some()
    }

    /// Whether it is installed.
    pub(crate) fn is_here(self) -> bool {
        peers::program(self).is_none_or(|program| {
            let asked = Command::new(program).arg("--version").output();
            asked.is_ok_and(|answer| answer.status.success())
        })
    }
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    orders: Publisher,
    /// Removed after the server has ended.
    _folder: Option<tempfile::TempDir>,
}

/// The way a server is made to publish.
#[derive(Debug)]
enum Publisher {
    Pipe(ChildStdin),
    /// A connection, and the bytes to send on it.
    Socket(TcpStream, Vec<u8>),
    Etcd(peers::Putter),
}

impl Server {
    /// Starts a server on its core, for responses with a number of pairs.
    pub(crate) fn start(design: Design, pairs: usize) -> io::Result<Self> {
        if design.is_free() {
            machine::pin(&[SERVER_CORE, LOAD_CORE])?;
        } else {
            machine::pin(&[SERVER_CORE])?;
        }
        let started = if peers::program(design).is_some() {
            peers::start(design)
        } else {
            Self::start_own(design, pairs)
        };
        machine::pin(&[LOAD_CORE])?;
        started
    }

    fn start_own(design: Design, pairs: usize) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["server", design.name(), &pairs.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let address = line.trim().parse().map_err(io::Error::other)?;
        let stdin = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            child,
            address,
            orders: Publisher::Pipe(stdin),
            _folder: None,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Makes it publish once.
    pub(crate) fn publish(&mut self) -> io::Result<()> {
        match &mut self.orders {
            Publisher::Pipe(pipe) => pipe.write_all(b"p").and_then(|()| pipe.flush()),
            Publisher::Socket(socket, bytes) => socket.write_all(bytes),
            Publisher::Etcd(putter) => putter.put(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // If it has ended by itself, the measurement has failed already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Prints the address of this server for the parent.
fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{address}")?;
    out.flush()
}

/// Calls `order` for each byte on stdin, until the parent exits or `order` returns false.
fn read_orders(mut order: impl FnMut() -> bool) {
    let mut byte = [0];
    let mut input = io::stdin().lock();
    while input.read(&mut byte).is_ok_and(|read| read == 1) && order() {}
}

/// The orders of the parent process to publish.
#[derive(Debug)]
pub(crate) struct Orders {
    receiver: mpsc::UnboundedReceiver<()>,
}

impl Orders {
    /// Prints the address of this server for the parent, and reads orders from then on.
    pub(crate) fn begin(address: SocketAddr) -> io::Result<Self> {
        announce(address)?;
        let (sender, receiver) = mpsc::unbounded_channel();
        let _ends_with_the_process =
            std::thread::spawn(move || read_orders(|| sender.send(()).is_ok()));
        Ok(Self { receiver })
    }

    /// Carries out each order, until the parent exits.
    pub(crate) async fn each(&mut self, mut order: impl FnMut()) {
        while self.receiver.recv().await.is_some() {
            order();
        }
    }
}
