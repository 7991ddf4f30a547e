//! The program as a process, and its log as lines of JSON.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

#[cfg(target_os = "linux")]
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

/// A timeout: nothing that these tests wait for takes as long.
const PATIENCE: Duration = Duration::from_secs(120);
/// The sources that are disabled: they would poll their banks.
const OTHERS: [&str; 5] = ["NBKR", "CBU", "NBT", "CBT", "CBR"];

/// `silkrate serve`, on ports of its own, with the ledger in memory.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    /// The lines of the log so far.
    pub(crate) lines: Vec<Value>,
    /// The addresses of its ports.
    pub(crate) admin: String,
    pub(crate) grpc: String,
    pub(crate) web: String,
}

impl Program {
    /// Starts it at noon of 2 April 2026 with settings, by the rest of the names of their variables, and the address of the
    /// Kazakh bank, the only one that it polls.
    pub(crate) async fn start(bank: &str, settings: &[(&str, &str)]) -> Self {
        Self::start_with(bank, settings, &[]).await
    }

    /// The same, with more arguments.
    pub(crate) async fn start_with(
        bank: &str,
        settings: &[(&str, &str)],
        arguments: &[&str],
    ) -> Self {
        Self::start_in(&std::env::current_dir().unwrap(), bank, settings, arguments).await
    }

    /// The same, in a folder.
    pub(crate) async fn start_in(
        folder: &Path,
        bank: &str,
        settings: &[(&str, &str)],
        arguments: &[&str],
    ) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
        command.current_dir(folder);
        command
            .arg("serve")
            .args(arguments)
            .kill_on_drop(true)
            .env_remove("RUST_LOG");
        for port in ["SERVER__LISTEN", "SERVER__ADMIN_LISTEN", "WEB__LISTEN"] {
            command.env(format!("SILKRATE_{port}"), "127.0.0.1:0");
        }
        for source in OTHERS {
            command.env(format!("SILKRATE_SOURCES__{source}__ENABLED"), "false");
        }
        command.env("SILKRATE_SOURCES__NBK__BASE_URL", bank);
        command.env("SILKRATE_STORE__PATH", ":memory:");
        command.env("SILKRATE_CLOCK__START", "2026-04-02T09:00:00Z");
        command.env("SILKRATE_LOG__LEVEL", "debug");
        for (name, value) in settings {
            command.env(format!("SILKRATE_{name}"), value);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut program = Self {
            child,
            log,
            lines: Vec::new(),
            admin: String::new(),
            grpc: String::new(),
            web: String::new(),
        };
        let address = |line: Value| line["address"].as_str().unwrap().to_owned();
        program.admin = address(program.message("serving operators").await);
        program.web = address(program.message("serving browsers").await);
        program.grpc = address(program.message("serving gRPC").await);
        program
    }

    /// Reads the log up to a line.
    pub(crate) async fn line(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        let read = async {
            while let Some(line) = self.log.next_line().await.unwrap() {
                let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
                self.lines.push(line.clone());
                if is_it(&line) {
                    return line;
                }
            }
            panic!("the log ended: {:#?}", self.lines);
        };
        let read = tokio::time::timeout(PATIENCE, read).await;
        read.unwrap_or_else(|_late| panic!("the line does not come: {:#?}", self.lines))
    }

    /// Reads the log up to a line with a message.
    pub(crate) async fn message(&mut self, message: &str) -> Value {
        self.line(|line| line["message"] == message).await
    }

    /// Reads the log until there are rates, which may be there before the ports are named.
    pub(crate) async fn has_rates(&mut self) {
        for message in ["filed a table", "committed"] {
            if !self.lines.iter().any(|line| line["message"] == message) {
                self.message(message).await;
            }
        }
    }

    /// Sends it a signal.
    pub(crate) async fn signal(&self, name: &str) {
        let (signal, pid) = (format!("-{name}"), self.child.id().unwrap().to_string());
        let killed = Command::new("kill").args([&signal, &pid]).status().await;
        assert!(killed.unwrap().success());
    }

    /// Limits the files and sockets that it may have open.
    #[cfg(target_os = "linux")]
    pub(crate) fn limit_descriptors(&self, most: u64) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        prlimit(Pid::from_raw(pid), Resource::Nofile, limit).unwrap();
    }

    /// Stops it, which must succeed; returns its log and what it wrote to standard output.
    pub(crate) async fn stop(mut self) -> (Vec<Value>, String) {
        self.signal("TERM").await;
        while let Some(line) = self.log.next_line().await.unwrap() {
            self.lines.push(serde_json::from_str(&line).unwrap());
        }
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        assert!(ended.expect("it ends").unwrap().success());
        let mut output = String::new();
        let stdout = &mut self.child.stdout.take().unwrap();
        stdout.read_to_string(&mut output).await.unwrap();
        (self.lines, output)
    }
}
