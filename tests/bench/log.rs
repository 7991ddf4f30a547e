//! `cargo bench --bench log`: what followers cost the etcd that holds their log. It needs the program `etcd` of Debian's package
//! `etcd-server`, and is no part of `cargo bench`.
//!
//! For each number of followers one server of etcd is started. Records of the size of a bank's table are appended one after the
//! other; each is waited for at every follower, which has a connection of its own. Printed are the time until the last follower
//! has a record, and the processor time and memory of etcd. The last line is of followers behind a relay, `etcd grpc-proxy`, which
//! makes one watch of theirs.

use std::error::Error;
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use silkrate::shared::etcd::{Etcd, Servers};
use silkrate::shared::log::{Appended, Event, Lead, Log, LogError, Moment};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// The followers of one etcd.
const FOLLOWERS: [u32; 3] = [3, 10, 50];
/// The records that are appended: enough for a 99th percentile that is not one record.
const RECORDS: u32 = 500;
/// The bytes of a record: those of the table of a bank with forty rows.
const RECORD_BYTES: usize = 4096;
/// A lease that does not end while this runs.
const LEASE: Duration = Duration::from_secs(600);
/// How long a server may need to start, and how often it is tried meanwhile.
const START: (Duration, Duration) = (Duration::from_secs(60), Duration::from_millis(50));
/// The unit in which Linux counts processor time.
const TICK: Duration = Duration::from_millis(10);

type Measured<T> = Result<T, Box<dyn Error>>;

fn main() -> Measured<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut out = io::stdout();
    writeln!(
        out,
        "followers    half of the records     99 in 100    CPU of etcd a record    and follower    memory"
    )?;
    for followers in FOLLOWERS {
        let line = runtime.block_on(measure(followers, false))?;
        writeln!(out, "{line}")?;
    }
    let [.., most] = FOLLOWERS;
    let line = runtime.block_on(measure(most, true))?;
    writeln!(out, "{line} (behind a relay)")?;
    Ok(())
}

/// A program, which is killed at the end.
struct Running(Child);

/// A server of etcd.
struct Server {
    process: Running,
    url: String,
    _folder: tempfile::TempDir,
}

/// A URL of a port that nothing listens on.
fn free() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    Ok(format!("http://{}", listener.local_addr()?))
}

/// A relay before a server, and its URL.
fn relay(server: &Server) -> Measured<(Running, String)> {
    let url = free()?;
    let address = url.trim_start_matches("http://");
    let child = Command::new("etcd")
        .args(["grpc-proxy", "start", "--endpoints", &server.url])
        .args(["--listen-addr", address])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    Ok((Running(child), url))
}

/// A log, over connections of its own.
fn log_at(url: &str) -> Result<Log, LogError> {
    let servers = Servers {
        urls: vec![url.to_owned()],
        ..Servers::default()
    };
    Etcd::new(servers, "main").map(Log::Etcd)
}

impl Server {
    fn start() -> Measured<Self> {
        let folder = tempfile::tempdir()?;
        let (url, peer) = (free()?, free()?);
        let of_clients = [
            "--listen-client-urls",
            &url,
            "--advertise-client-urls",
            &url,
        ];
        let of_peers = [
            "--listen-peer-urls",
            &peer,
            "--initial-advertise-peer-urls",
            &peer,
        ];
        let child = Command::new("etcd")
            .args(["--name", "one", "--initial-cluster", &format!("one={peer}")])
            .args([of_clients, of_peers].concat())
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            process: Running(child),
            url,
            _folder: folder,
        })
    }

    /// The lead of the log, as soon as the server answers.
    async fn lead(&self) -> Measured<Lead> {
        let log = log_at(&self.url)?;
        let taken = async {
            loop {
                if let Ok(Some(lead)) = log.lead(b"bench", LEASE).await {
                    return lead;
                }
                tokio::time::sleep(START.1).await;
            }
        };
        Ok(tokio::time::timeout(START.0, taken).await?)
    }

    /// The processor time that it has used, and its resident memory in MiB.
    fn used(&self) -> Measured<(Duration, u64)> {
        let process = Path::new("/proc").join(self.process.0.id().to_string());
        let stat = std::fs::read_to_string(process.join("stat"))?;
        // Behind the name, which may have spaces.
        let (_name, fields) = stat.rsplit_once(')').ok_or("no name in stat")?;
        let mut ticks = 0;
        for text in fields.split_whitespace().skip(11).take(2) {
            ticks += text.parse::<u32>()?;
        }
        let status = std::fs::read_to_string(process.join("status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = resident.and_then(|text| text.split_whitespace().next());
        let kibibytes: u64 = kibibytes.ok_or("no VmRSS in status")?.parse()?;
        Ok((TICK * ticks, kibibytes / 1024))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The line of a number of followers.
async fn measure(followers: u32, has_relay: bool) -> Measured<String> {
    let server = Server::start()?;
    let (lead, log) = (server.lead().await?, log_at(&server.url)?);
    let relay = has_relay.then(|| relay(&server)).transpose()?;
    let url = relay.as_ref().map_or(&server.url, |(_relay, url)| url);
    let since = log.read(0, 1).await?.moment;
    let (told, mut has) = mpsc::channel(64);
    let mut tasks = JoinSet::new();
    for _ in 0..followers {
        tasks.spawn(follow(log_at(url)?, since, told.clone()));
    }
    let mut latencies = Vec::new();
    let mut before = server.used()?.0;
    for seq in 1..=u64::from(RECORDS) + 1 {
        // A deflated record is as good as random.
        let record = std::iter::repeat_with(|| fastrand::u8(..)).take(RECORD_BYTES);
        let (record, began): (Vec<u8>, _) = (record.collect(), Instant::now());
        let appended = log.append(&lead, seq, &record).await?;
        if appended != Appended::Written {
            return Err(format!("the record {seq}: {appended:?}").into());
        }
        for _ in 0..followers {
            if has.recv().await != Some(seq) {
                return Err(format!("a follower lacks the record {seq}").into());
            }
        }
        if seq == 1 {
            // Every follower is connected by now.
            before = server.used()?.0;
        } else {
            latencies.push(began.elapsed());
        }
    }
    latencies.sort();
    let at = |percent: usize| latencies.get(latencies.len() * percent / 100).copied();
    let (half, most) = (at(50).unwrap_or_default(), at(99).unwrap_or_default());
    let (after, memory) = server.used()?;
    let each = after.saturating_sub(before) / RECORDS;
    let per_follower = each / followers;
    Ok(format!(
        "{followers:>9}    {half:>18.1?}      {most:>9.1?}    {each:>20.1?}    {per_follower:>12.1?}    {memory:>3} MiB"
    ))
}

/// Tells of each record that a follower has.
async fn follow(log: Log, since: Moment, told: mpsc::Sender<u64>) {
    let mut watch = loop {
        // A relay needs a moment to start.
        match log.follow(since).await {
            Ok(watch) => break watch,
            Err(_not_yet) => tokio::time::sleep(START.1).await,
        }
    };
    while let Ok(event) = watch.next().await {
        if let Event::Appended(record) = event
            && told.send(record.seq).await.is_err()
        {
            return;
        }
    }
}
