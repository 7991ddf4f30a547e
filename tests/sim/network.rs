//! The network between subscribers and the service: connections within the process that are slow, stand still, or are cut.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use silkrate::client::Connector;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::findings::Findings;

/// The bytes on the way in one direction; then the sender waits, as with the buffers of sockets.
const BUFFER_BYTES: usize = 64 * 1024;
/// The largest piece that arrives at once: less than a message, so that messages arrive in parts.
const PIECE_BYTES: usize = 1400;

/// Where the service accepts connections, while it runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Door {
    accepting: Arc<Mutex<Option<mpsc::UnboundedSender<DuplexStream>>>>,
}

impl Door {
    fn accepting(&self) -> MutexGuard<'_, Option<mpsc::UnboundedSender<DuplexStream>>> {
        self.accepting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the door. Connections arrive here.
    pub(crate) fn open(&self) -> mpsc::UnboundedReceiver<DuplexStream> {
        let (sender, arriving) = mpsc::unbounded_channel();
        *self.accepting() = Some(sender);
        arriving
    }

    /// Closes it: connections are refused.
    pub(crate) fn close(&self) {
        *self.accepting() = None;
    }

    fn enter(&self, socket: DuplexStream) -> io::Result<()> {
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let accepting = self.accepting();
        let sender = accepting.as_ref().ok_or_else(refused)?;
        sender.send(socket).map_err(|_closed| refused())
    }
}

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Conditions {
    /// Whether nothing passes, and neither end notices.
    pub(crate) is_clogged: bool,
    /// The longest time that a piece is on its way.
    pub(crate) latency: Duration,
}

impl Conditions {
    pub(crate) const GOOD: Self = Self {
        is_clogged: false,
        latency: Duration::from_millis(30),
    };
}

/// The conditions, and who waits for others. The receivers of a watch are woken in an order that no seed decides; those of this are
/// woken in the order in which they began to wait.
#[derive(Debug)]
struct Weather {
    now: Mutex<Conditions>,
    changed: Notify,
}

impl Weather {
    fn now(&self) -> Conditions {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, conditions: Conditions) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = conditions;
        self.changed.notify_waiters();
    }

    /// Waits while nothing passes.
    async fn passable(&self) {
        loop {
            // It is woken by a change from here on, so none is missed.
            let changed = self.changed.notified();
            if !self.now().is_clogged {
                return;
            }
            changed.await;
        }
    }
}

/// The link of one subscriber.
#[derive(Debug)]
pub(crate) struct Link {
    door: Mutex<Door>,
    weather: Arc<Weather>,
    cut: Mutex<CancellationToken>,
    random: Mutex<Rng>,
    pumps: Mutex<JoinSet<()>>,
    findings: Arc<Findings>,
}

impl Link {
    pub(crate) fn new(door: Door, findings: Arc<Findings>, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            door: Mutex::new(door),
            weather: Arc::new(Weather {
                now: Mutex::new(Conditions::GOOD),
                changed: Notify::new(),
            }),
            cut: Mutex::default(),
            random: Mutex::new(Rng::with_seed(seed)),
            pumps: Mutex::default(),
            findings,
        })
    }

    pub(crate) fn set(&self, conditions: Conditions) {
        self.weather.set(conditions);
    }

    /// Leads to another door from now on.
    pub(crate) fn lead_to(&self, door: &Door) {
        *self.door.lock().unwrap_or_else(PoisonError::into_inner) = door.clone();
        self.cut();
    }

    /// Resets every connection.
    pub(crate) fn cut(&self) {
        let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *cut).cancel();
    }

    fn cut_token(&self) -> CancellationToken {
        let cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        cut.clone()
    }

    /// What a client connects by.
    pub(crate) fn connector(self: &Arc<Self>) -> Connector {
        let link = Arc::clone(self);
        Connector::new(move || Arc::clone(&link).connect())
    }

    async fn connect(self: Arc<Self>) -> io::Result<DuplexStream> {
        let cut = self.cut_token();
        self.weather.passable().await;
        let (client, near) = duplex(BUFFER_BYTES);
        let (far, server) = duplex(BUFFER_BYTES);
        let door = self
            .door
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        door.enter(server)?;
        let (up, down) = (self.fork(), self.fork());
        let link = Arc::clone(&self);
        let mut pumps = self.pumps.lock().unwrap_or_else(PoisonError::into_inner);
        while pumps.try_join_next().is_some() {}
        pumps.spawn(async move {
            let (near_read, near_write) = split(near);
            let (far_read, far_write) = split(far);
            let to_server = link.pump(near_read, far_write, up);
            let to_client = link.pump(far_read, near_write, down);
            tokio::select! {
                biased;
                () = cut.cancelled() => {}
                ((), ()) = async { tokio::join!(to_server, to_client) } => {}
            }
        });
        Ok(client)
    }

    fn fork(&self) -> Rng {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        random.fork()
    }

    /// Carries bytes in one direction.
    async fn pump(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        mut random: Rng,
    ) {
        let mut piece = [0; PIECE_BYTES];
        loop {
            let read = from.read(&mut piece).await.unwrap_or_default();
            self.findings.count("pieces on links", 1);
            self.findings
                .count("bytes on links", u64::try_from(read).unwrap());
            let latency = self.weather.now().latency.as_micros();
            let latency = random.u64(..=u64::try_from(latency).unwrap());
            tokio::time::sleep(Duration::from_micros(latency)).await;
            self.weather.passable().await;
            if read == 0 {
                drop(to.shutdown().await);
                return;
            }
            if to.write_all(&piece[..read]).await.is_err() {
                return;
            }
        }
    }
}
