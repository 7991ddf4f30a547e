//! A cluster of etcd on loopback whose members are killed, paused, and started again with what they had written.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use silkrate::shared::etcd::{Etcd, Servers};
use silkrate::shared::log::Log;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::server::{ATTEMPTS, START_MAX, free_ports, is_ready};

/// One process of etcd.
struct Member {
    name: String,
    url: String,
    peer: String,
    data: PathBuf,
    running: Option<(Child, JoinSet<()>)>,
}

/// Some members that agree.
pub(crate) struct Cluster {
    members: Vec<Member>,
    folder: TempDir,
}

impl Cluster {
    /// Starts a number of members with empty stores.
    pub(crate) async fn start(members: usize) -> Self {
        Self::start_in(members, &std::env::temp_dir()).await
    }

    /// The same with their stores in a folder.
    pub(crate) async fn start_in(members: usize, place: &Path) -> Self {
        for _ in 0..ATTEMPTS {
            if let Some(cluster) = Self::try_start(members, place).await {
                return cluster;
            }
        }
        panic!("etcd did not start in {ATTEMPTS} attempts");
    }

    async fn try_start(members: usize, place: &Path) -> Option<Self> {
        let folder = TempDir::new_in(place).unwrap();
        let member = |number| {
            let [client, peer] = free_ports();
            let name = format!("etcd{number}");
            Member {
                url: format!("http://127.0.0.1:{client}"),
                peer: format!("http://127.0.0.1:{peer}"),
                data: folder.path().join(&name),
                name,
                running: None,
            }
        };
        let members = (0..members).map(member).collect();
        let mut cluster = Self { members, folder };
        let initial = cluster.initial();
        for member in &mut cluster.members {
            member.spawn(&initial);
        }
        for member in &mut cluster.members {
            if !member.is_ready().await {
                return None;
            }
        }
        Some(cluster)
    }

    fn initial(&self) -> String {
        let members = self.members.iter();
        let members = members.map(|member| format!("{}={}", member.name, member.peer));
        members.collect::<Vec<_>>().join(",")
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.members
            .iter()
            .map(|member| member.url.clone())
            .collect()
    }

    /// The log of a name.
    pub(crate) fn log(&self, name: &str) -> Log {
        log_at(self.urls(), name)
    }

    /// Kills a member, without a warning.
    pub(crate) async fn kill(&mut self, number: usize) {
        let (mut child, _output) = self.members[number].running.take().unwrap();
        child.kill().await.unwrap();
    }

    /// Starts a member that was killed.
    pub(crate) async fn start_again(&mut self, number: usize) {
        let initial = self.initial();
        let member = &mut self.members[number];
        for _ in 0..ATTEMPTS {
            member.spawn(&initial);
            if member.is_ready().await {
                return;
            }
        }
        panic!("{} did not start again", member.name);
    }

    /// Lets a member do nothing, or go on.
    pub(crate) fn pause(&self, number: usize, is_paused: bool) {
        let (child, _output) = self.members[number].running.as_ref().unwrap();
        signal(
            child,
            if is_paused {
                Signal::STOP
            } else {
                Signal::CONT
            },
        );
    }

    /// Lets members that do not run have their stores in another place, which has what was in the first one.
    pub(crate) fn move_to(&mut self, place: &Path) {
        let before = self.folder.path().file_name().unwrap();
        for member in &mut self.members {
            let name = member.data.file_name().unwrap().to_owned();
            member.data = place.join(before).join(name);
        }
    }

    /// Waits until a member has written bytes to its store: it does so some times in a second.
    pub(crate) async fn until_stored(&self, number: usize, bytes: &[u8]) {
        let stored = async {
            while places(&std::fs::read(self.store(number)).unwrap(), bytes).is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(START_MAX, stored).await.unwrap();
    }

    /// Flips a bit in the middle of bytes, in the store of a member that does not run: wherever it has them, since a store keeps
    /// pages that it no longer uses.
    pub(crate) fn flip(&self, number: usize, bytes: &[u8]) {
        let mut store = std::fs::read(self.store(number)).unwrap();
        let places = places(&store, bytes);
        assert!(!places.is_empty(), "the store does not have the bytes");
        for place in places {
            store[place + bytes.len() / 2] ^= 1;
        }
        std::fs::write(self.store(number), store).unwrap();
    }

    fn store(&self, number: usize) -> PathBuf {
        self.members[number].data.join("member/snap/db")
    }

    /// Copies what a member that is not running has written.
    pub(crate) fn copy_of(&self, number: usize) -> PathBuf {
        let copy = self.folder.path().join("copy");
        copy_folder(&self.members[number].data, &copy);
        copy
    }

    /// Gives a member that is not running other data; `None` for none at all.
    pub(crate) fn restore(&self, number: usize, copy: Option<&Path>) {
        let data = &self.members[number].data;
        std::fs::remove_dir_all(data).unwrap();
        if let Some(copy) = copy {
            copy_folder(copy, data);
        }
    }
}

impl Member {
    fn spawn(&mut self, initial: &str) {
        let child = Command::new("etcd")
            .args([
                "--name",
                &self.name,
                "--logger",
                "zap",
                "--log-outputs",
                "stderr",
            ])
            .args(["--listen-client-urls", &self.url])
            .args(["--advertise-client-urls", &self.url])
            .args(["--listen-peer-urls", &self.peer])
            .args(["--initial-advertise-peer-urls", &self.peer])
            .args(["--initial-cluster", initial])
            .arg("--data-dir")
            .arg(&self.data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let child = child.expect("start `etcd`: install it with `apt-get install etcd-server`");
        self.running = Some((child, JoinSet::new()));
    }

    async fn is_ready(&mut self) -> bool {
        let Some((child, output)) = &mut self.running else {
            return false;
        };
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let ready = tokio::time::timeout(START_MAX, is_ready(&mut lines));
        let is_ready = ready.await.expect("etcd was not ready in time");
        output.spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        is_ready
    }
}

/// The log of a name, over some members, of which the first one is asked first.
pub(crate) fn log_at(urls: Vec<String>, name: &str) -> Log {
    let servers = Servers {
        urls,
        ..Servers::default()
    };
    Log::Etcd(Etcd::new(servers, name).unwrap())
}

/// Sends a signal to a process that was started here.
pub(crate) fn signal(child: &Child, signal: Signal) {
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    let process = id.and_then(Pid::from_raw).expect("the process runs");
    kill_process(process, signal).unwrap();
}

/// Where bytes are in others.
fn places(store: &[u8], bytes: &[u8]) -> Vec<usize> {
    let windows = store.windows(bytes.len()).enumerate();
    let found = windows.filter(|(_, window)| *window == bytes);
    found.map(|(place, _)| place).collect()
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
