//! Servers of etcd on loopback, as child processes.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::ops::Range;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use silkrate::shared::etcd::{Etcd, Servers};
use silkrate::shared::log::Log;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinSet;

/// The longest time that a server may need to start: a busy machine gives it little time.
pub(crate) const START_MAX: Duration = Duration::from_secs(120);
/// How often a server is started: another program may take its port first.
pub(crate) const ATTEMPTS: usize = 5;
/// The ports of servers. Those of connections begin at 32 768.
const PORTS: Range<u16> = 10_000..30_000;

/// A cluster of one member.
pub(crate) struct Server {
    pub(crate) url: String,
    child: Child,
    /// Reads what it writes, so that its pipe does not fill.
    _output: JoinSet<()>,
    _folder: TempDir,
}

impl Server {
    /// Starts a server with an empty store.
    pub(crate) async fn start() -> Self {
        Self::start_with("http", &[]).await
    }

    /// The same with another scheme for its clients, and more arguments.
    pub(crate) async fn start_with(scheme: &str, more: &[&str]) -> Self {
        for _ in 0..ATTEMPTS {
            if let Some(server) = Self::try_start(scheme, more).await {
                return server;
            }
        }
        panic!("etcd did not start in {ATTEMPTS} attempts");
    }

    async fn try_start(scheme: &str, more: &[&str]) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let [client, peer] = free_ports();
        let url = format!("{scheme}://127.0.0.1:{client}");
        let peer = format!("http://127.0.0.1:{peer}");
        let mut child = Command::new("etcd")
            .args([
                "--name",
                "one",
                "--logger",
                "zap",
                "--log-outputs",
                "stderr",
            ])
            .args([
                "--listen-client-urls",
                &url,
                "--advertise-client-urls",
                &url,
            ])
            .args([
                "--listen-peer-urls",
                &peer,
                "--initial-advertise-peer-urls",
                &peer,
            ])
            .args(["--initial-cluster", &format!("one={peer}")])
            // A check of a password takes a tenth of a second of a processor by default, which a busy machine may not give in
            // the time that a call has.
            .args(["--bcrypt-cost", "4"])
            .args(more)
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("start `etcd`: install it with `apt-get install etcd-server`");
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let ready = tokio::time::timeout(START_MAX, is_ready(&mut lines));
        let is_ready = ready.await.expect("etcd was not ready in time");
        let mut output = JoinSet::new();
        output.spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        is_ready.then_some(Self {
            url,
            child,
            _output: output,
            _folder: folder,
        })
    }

    /// The log of a name.
    pub(crate) fn log(&self, name: &str) -> Log {
        let servers = Servers {
            urls: vec![self.url.clone()],
            ..Servers::default()
        };
        Log::Etcd(Etcd::new(servers, name).unwrap())
    }

    /// Kills it without a warning.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// Waits until clients are served; `false` if the process ended before.
pub(crate) async fn is_ready(lines: &mut Lines<BufReader<ChildStderr>>) -> bool {
    while let Ok(Some(line)) = lines.next_line().await {
        if line.contains("serving insecure client requests") || line.contains("serving client") {
            return true;
        }
    }
    false
}

/// Two ports that nothing listens on, and that the system gives to no connection: a server that starts again finds its own free.
pub(crate) fn free_ports() -> [u16; 2] {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    [(); 2].map(|()| {
        let ports = std::iter::repeat_with(|| fastrand::u16(PORTS));
        let mut free = ports.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
        free.find(|port| GIVEN.lock().unwrap().insert(*port))
            .unwrap()
    })
}
