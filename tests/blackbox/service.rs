//! The program: started on the same ports and the same ledger each time, and killed.

use std::fs::{self, OpenOptions};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
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

/// How long it may take to stop: it drains for ten seconds, and a busy machine may need more.
const STOP_MAX: Duration = Duration::from_secs(60);
/// The pairs of the ticker, after an even and an odd number of reloads.
const TICKERS: [&str; 2] = ["KZT/USD", "UZS/USD"];

/// The program and its settings.
#[derive(Debug)]
pub(crate) struct Service {
    program: PathBuf,
    folder: PathBuf,
    /// The settings without those that a reload changes.
    settings: String,
    reloads: usize,
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
        let service = Self {
            program: env!("CARGO_BIN_EXE_silkrate").into(),
            folder: folder.to_owned(),
            settings,
            reloads: 0,
            ports,
            process: None,
        };
        service.write_settings();
        service
    }

    /// The same with another program.
    pub(crate) fn with_program(self, program: PathBuf) -> Self {
        Self { program, ..self }
    }

    fn write_settings(&self) {
        let level = ["info", "warn"][self.reloads % 2];
        let reloaded = format!(
            "[ticker]\npairs = [\"{}\"]\n[log]\nlevel = \"{level}\"\n",
            self.ticker()
        );
        let settings = format!("{}{reloaded}", self.settings);
        fs::write(self.folder.join("silkrate.toml"), settings).unwrap();
    }

    /// The pair of the ticker.
    fn ticker(&self) -> &'static str {
        TICKERS[self.reloads % 2]
    }

    pub(crate) fn grpc(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.ports[0]).into()
    }

    pub(crate) fn web(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.ports[1]).into()
    }

    pub(crate) fn grpc_url(&self) -> String {
        format!("http://{}", self.grpc())
    }

    pub(crate) fn web_url(&self) -> String {
        format!("http://{}", self.web())
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
        let process = Command::new(&self.program)
            .args(["serve", "--config"])
            .arg(self.folder.join("silkrate.toml"))
            .env_remove("RUST_LOG")
            .env("SILKRATE_CLOCK__START", bank.now().to_string())
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

    /// Changes some settings, and waits until they are in force.
    pub(crate) async fn reload(&mut self, findings: &Findings) {
        self.reloads += 1;
        self.write_settings();
        signal(self.process.as_ref().unwrap(), Signal::HUP);
        let began = Instant::now();
        while !self.has_ticker().await {
            if began.elapsed() > ANSWER_TIMEOUT {
                findings.violation("a reload changed nothing");
                return;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        findings.add(Count::Reloads, 1);
    }

    /// Whether a snapshot without a filter has the pair of the ticker alone.
    async fn has_ticker(&self) -> bool {
        let Ok(mut client) = RateServiceClient::connect(self.grpc_url()).await else {
            return false;
        };
        let Ok(answer) = client.get_snapshot(GetSnapshotRequest::default()).await else {
            return false;
        };
        let rates = answer.into_inner().rates;
        matches!(rates.as_slice(), [rate] if rate.pair == self.ticker())
    }

    /// The process, which must be alive.
    fn take_process(&mut self, bank: &Bank, findings: &Findings) -> Child {
        let mut process = self.process.take().unwrap();
        if let Some(status) = process.try_wait().unwrap() {
            let now = bank.now();
            findings.violation(&format!("the service ended by itself at {now}: {status}"));
        }
        process
    }

    /// Kills the program: it cannot notice.
    pub(crate) async fn kill(&mut self, bank: &Bank, findings: &Findings) {
        let mut process = self.take_process(bank, findings);
        process.kill().await.unwrap();
        findings.add(Count::Kills, 1);
    }

    /// Tells the program to stop, which must succeed in time.
    pub(crate) async fn terminate(&mut self, bank: &Bank, findings: &Findings) {
        findings.set_stopping(true);
        let began = Instant::now();
        let mut process = self.take_process(bank, findings);
        signal(&process, Signal::TERM);
        match timeout(STOP_MAX, process.wait()).await {
            Ok(status) if status.as_ref().is_ok_and(ExitStatus::success) => {}
            Ok(status) => findings.violation(&format!("a stop ended with {status:?}")),
            Err(elapsed) => {
                findings.violation(&format!("a stop did not end: {elapsed}"));
                process.kill().await.unwrap();
            }
        }
        findings.stopped_after(began.elapsed());
        findings.add(Count::Stops, 1);
        findings.set_stopping(false);
    }
}

/// Sends a signal to a process that was alive a moment ago.
fn signal(process: &Child, signal: Signal) {
    let id = process.id().map(|id| i32::try_from(id).unwrap());
    if let Some(pid) = id.and_then(Pid::from_raw) {
        let _ended_meanwhile = kill_process(pid, signal);
    }
}
