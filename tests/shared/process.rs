//! Replicas as processes of their own, which are killed and paused.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use prost::Message;
use silkrate::pb;
use silkrate::pb::admin::admin_service_client::AdminServiceClient;
use silkrate::pb::admin::{FileTableRequest, Row, Table};
use silkrate::pb::rate_service_client::RateServiceClient;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tonic::Code;

use crate::replicas::PATIENCE;
use crate::server::free_ports;

/// How long a call may take: one that waits for a replica that is paused has no answer.
const CALL_MAX: Duration = Duration::from_secs(5);

/// What a process of a replica needs to start again.
pub(crate) struct Program {
    node: String,
    store: PathBuf,
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
            servers: servers.join(","),
            ports: free_ports(),
        }
    }

    /// Starts it, and waits until it serves operators.
    pub(crate) async fn start(&self) -> Process {
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
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let mut child = child.unwrap();
        let serves = async {
            while TcpStream::connect(&admin).await.is_err() {
                assert_eq!(child.try_wait().unwrap(), None, "it has ended");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, serves).await.unwrap();
        Process {
            child,
            rates: format!("http://{rates}"),
            admin: format!("http://{admin}"),
        }
    }
}

/// Files a table at the replica at an address. The error is that of a replica that does not lead, or does not answer.
pub(crate) async fn file(admin: &str, day: &str, dollar: &str) -> Result<(), Code> {
    let call = async {
        let row = |currency: &str, value: &str| Row {
            currency: currency.to_owned(),
            units: "1".to_owned(),
            value: value.to_owned(),
            home_currency: "KZT".to_owned(),
            published_change: None,
        };
        let table = Table {
            source: "nbk".to_owned(),
            document: "daily".to_owned(),
            pivot: "KZT".to_owned(),
            effective_date: day.to_owned(),
            as_of_time: None,
            rows: vec![row("USD", dollar), row("EUR", "548.60"), row("RUB", "5.9")],
        };
        let client = AdminServiceClient::connect(admin.to_owned()).await;
        let mut client = client.map_err(|_not_reached| Code::Unavailable)?;
        let request = FileTableRequest { table: Some(table) };
        let answer = client.file_table(request).await;
        answer.map_err(|status| status.code())
    };
    let answer = tokio::time::timeout(CALL_MAX, call).await;
    let answer = answer.unwrap_or(Err(Code::DeadlineExceeded))?.into_inner();
    assert_eq!(answer.refused, None);
    Ok(())
}

/// The position of a snapshot of every pair, and its bytes; `None` without an answer.
pub(crate) async fn snapshot(rates: &str) -> Option<((String, u64), Vec<u8>)> {
    let call = async {
        let mut client = RateServiceClient::connect(rates.to_owned()).await.ok()?;
        let filter = pb::RateFilter {
            pairs: vec!["*/*".to_owned()],
        };
        let request = pb::GetSnapshotRequest {
            filter: Some(filter),
            ..Default::default()
        };
        let answer = client.get_snapshot(request).await.ok()?.into_inner();
        let bytes = answer.encode_to_vec();
        let position = answer.position?;
        Some(((position.epoch, position.revision), bytes))
    };
    tokio::time::timeout(CALL_MAX, call).await.ok().flatten()
}
