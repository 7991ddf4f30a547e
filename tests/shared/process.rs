//! Replicas as processes of their own, which are killed and paused.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use prost::Message;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tonic::Code;

use crate::calls::{every_pair, file_table};
use crate::replicas::PATIENCE;
use crate::server::{ATTEMPTS, free_ports};

/// How long a call may take: one that waits for a replica that is paused has no answer.
const CALL_MAX: Duration = Duration::from_secs(5);

/// How many lines of a log are printed of a replica that does not do its work.
const LINES: usize = 40;

/// What a process of a replica needs to start again.
pub(crate) struct Program {
    node: String,
    store: PathBuf,
    log: PathBuf,
    servers: String,
    /// Of clients, and of operators.
    pub(crate) ports: [u16; 2],
}

/// A replica that runs.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) rates: String,
    pub(crate) admin: String,
}

impl Program {
    pub(crate) fn new(node: &str, folder: &Path, servers: &[String]) -> Self {
        Self {
            node: node.to_owned(),
            store: folder.join(format!("{node}.db")),
            log: folder.join(format!("{node}.log")),
            servers: servers.join(","),
            ports: free_ports(),
        }
    }

    /// Starts it, and waits until it serves operators. A connection of another program may have one of its ports for a moment.
    pub(crate) async fn start(&self) -> Process {
        for _ in 0..ATTEMPTS {
            if let Some(process) = self.try_to_start().await {
                return process;
            }
            let log = std::fs::read_to_string(&self.log).unwrap();
            assert!(
                log.contains("Address already in use"),
                "{} has ended: {log}",
                self.node
            );
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("{} did not start in {ATTEMPTS} attempts", self.node);
    }

    /// The last lines that it wrote to its log.
    pub(crate) fn end_of_log(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines.len().saturating_sub(LINES);
        format!("{}:\n{}", self.node, lines[end..].join("\n"))
    }

    async fn try_to_start(&self) -> Option<Process> {
        let [rates, admin] = self.ports.map(|port| format!("127.0.0.1:{port}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
        command.arg("serve").env_clear();
        for (name, value) in [
            ("SERVER__LISTEN", &*rates),
            ("SERVER__ADMIN_LISTEN", &admin),
            ("WEB__LISTEN", "127.0.0.1:0"),
            ("SHARED__NODE", &self.node),
            ("SHARED__LEASE", "2s"),
            ("SHARED__SERVERS", &self.servers),
            ("STORE__PATH", &self.store.display().to_string()),
            // Nothing answers there.
            ("SOURCES__NBK__BASE_URL", "http://127.0.0.1:9"),
        ] {
            command.env(format!("SILKRATE_{name}"), value);
        }
        for source in ["NBKR", "CBU", "NBT", "CBT", "CBR"] {
            command.env(format!("SILKRATE_SOURCES__{source}__ENABLED"), "false");
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&self.log).unwrap())
            .kill_on_drop(true)
            .spawn();
        let mut child = child.unwrap();
        let serves = async {
            while TcpStream::connect(&admin).await.is_err() {
                if child.try_wait().unwrap().is_some() {
                    return false;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            true
        };
        let serves = tokio::time::timeout(PATIENCE, serves).await.unwrap();
        serves.then(|| Process {
            child,
            rates: format!("http://{rates}"),
            admin: format!("http://{admin}"),
        })
    }
}

/// Files a table at the replica at an address. The error is that of a replica that does not lead, or does not answer.
pub(crate) async fn file(admin: &str, day: &str, dollar: &str) -> Result<(), Code> {
    let answer = tokio::time::timeout(CALL_MAX, file_table(admin, day, dollar)).await;
    let answer = answer.unwrap_or(Err(Code::DeadlineExceeded))?;
    assert_eq!(answer.refused, None);
    Ok(())
}

/// The position of a snapshot of every pair, and its bytes; `None` without an answer.
pub(crate) async fn snapshot(rates: &str) -> Option<((String, u64), Vec<u8>)> {
    let call = tokio::time::timeout(CALL_MAX, every_pair(rates)).await;
    let answer = call.ok()?.ok()?;
    let bytes = answer.encode_to_vec();
    let position = answer.position?;
    Some(((position.epoch, position.revision), bytes))
}
