//! The program: started on the same ports and the same ledger each time, and killed.

use std::fs::{self, OpenOptions};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use silkrate::pb::GetSnapshotRequest;
use silkrate::pb::rate_service_client::RateServiceClient;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::bank::{Bank, SPEED};
use crate::findings::{Count, Findings};
use crate::grpc::ANSWER_TIMEOUT;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is asked whether the service answers.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The program and its settings.
#[derive(Debug)]
pub(crate) struct Service {
    folder: PathBuf,
    ports: [u16; 3],
    process: Option<Child>,
}

impl Service {
    pub(crate) fn new(folder: &Path, bank: &Bank) -> Self {
        let sockets = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = sockets.map(|socket| socket.local_addr().unwrap().port());
        let [grpc, web, admin] = ports;
        let url = bank.url();
        let off =
            ["nbkr", "nbt", "cbt", "cbr"].map(|id| format!("[sources.{id}]\nenabled = false\n"));
        let on = ["nbk", "cbu"]
            .map(|id| format!("[sources.{id}]\nbase_url = \"{url}\"\ninterval = \"10m\"\n"));
        let settings = format!(
            "[server]\nlisten = \"127.0.0.1:{grpc}\"\nadmin_listen = \"127.0.0.1:{admin}\"\n\
             heartbeat_interval = \"1s\"\n[web]\nlisten = \"127.0.0.1:{web}\"\n\
             [store]\npath = \"{}\"\n[clock]\nspeed = {SPEED}\n{}{}",
            folder.join("silkrate.db").display(),
            on.concat(),
            off.concat()
        );
        fs::write(folder.join("silkrate.toml"), settings).unwrap();
        Self {
            folder: folder.to_owned(),
            ports,
            process: None,
        }
    }

    pub(crate) fn grpc_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[0])
    }

    pub(crate) fn web_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[1])
    }

    pub(crate) fn admin_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[2])
    }

    /// Starts the program, and waits until it answers. Its clock goes on where the one before it was killed.
    pub(crate) async fn start(&mut self, bank: &Bank, findings: &Findings) {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("service.log"))
            .unwrap();
        let floor = findings.newest();
        let began = Instant::now();
        let process = Command::new(env!("CARGO_BIN_EXE_silkrate"))
            .args(["serve", "--config"])
            .arg(self.folder.join("silkrate.toml"))
            .env("SILKRATE_CLOCK__START", bank.now().to_string())
            .env("RUST_LOG", "silkrate=info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        self.process = Some(process);
        findings.add(Count::Starts, 1);
        findings.add(Count::StartsInTheDark, u64::from(bank.is_dark()));
        let answers = || timeout(ANSWER_TIMEOUT, self.answers(floor, findings));
        while answers().await != Ok(true) {
            assert!(began.elapsed() < PATIENCE, "the service does not start");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        findings.started_after(began.elapsed());
    }

    /// Whether the service gives a snapshot, which may not be older than what was shown before.
    async fn answers(&self, floor: u64, findings: &Findings) -> bool {
        let Ok(mut client) = RateServiceClient::connect(self.grpc_url()).await else {
            return false;
        };
        let Ok(answer) = client.get_snapshot(GetSnapshotRequest::default()).await else {
            return false;
        };
        let position = answer.into_inner().position.unwrap();
        if position.revision < floor {
            findings.violation(&format!(
                "a start at {position:?}, and {floor} had been shown"
            ));
        }
        findings.shown("the first request", &position.into());
        true
    }

    /// Kills the program: it cannot notice.
    pub(crate) async fn kill(&mut self, bank: &Bank, findings: &Findings) {
        let mut process = self.process.take().unwrap();
        if let Some(status) = process.try_wait().unwrap() {
            let now = bank.now();
            findings.violation(&format!("the service ended by itself at {now}: {status}"));
        }
        process.kill().await.unwrap();
        findings.add(Count::Kills, 1);
    }
}
