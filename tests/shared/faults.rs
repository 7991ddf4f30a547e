//! Leaders and members of etcd that are killed and paused, while tables are filed: nothing that was acknowledged is lost, nothing
//! is there twice, and at one position all replicas serve the same bytes.
//!
//! Some rounds in a normal run; `SILKRATE_FAULT_ROUNDS=200 cargo test --test shared faults` for a long one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::ToSpan;
use jiff::civil::{Date, date};
use rustix::process::Signal;
use silkrate::domain::Fingerprint;
use silkrate::shared::log::Log;
use silkrate::shared::record::{Chain, Record};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::cluster::{Cluster, signal};
use crate::process::{Process, Program, file, snapshot};
use crate::reader::Reader;
use crate::replicas::{LOG, PATIENCE};

/// The rounds of a normal run.
const ROUNDS: usize = 6;
const REPLICAS: usize = 3;
/// How many tables are filed in a round.
const TABLES: u32 = 3;
/// What is left of the lease of a leader at least when it is killed: it is of two seconds, and kept again after a third.
const LEASE_LEFT_MIN: Duration = Duration::from_secs(1);
/// How long a leader is paused: longer than its lease.
const PAUSE: Duration = Duration::from_secs(4);
/// How often the replicas are compared.
const COMPARE_EVERY: Duration = Duration::from_millis(50);

/// The number of rounds: that of a normal run, or the one that is asked for.
pub(crate) fn rounds(normal: usize) -> usize {
    let set = std::env::var("SILKRATE_FAULT_ROUNDS").ok();
    set.map_or(normal, |rounds| rounds.parse().unwrap())
}

/// What replicas served at each position, by the digest of its bytes.
#[derive(Clone, Default)]
struct Served {
    at: Arc<Mutex<BTreeMap<(String, u64), HashSet<Fingerprint>>>>,
    addresses: Vec<String>,
}

impl Served {
    /// Reads what every replica serves, again and again.
    async fn compare(self) {
        loop {
            for address in &self.addresses {
                self.read(address).await;
            }
            tokio::time::sleep(COMPARE_EVERY).await;
        }
    }

    async fn read(&self, address: &str) -> Option<(String, u64)> {
        let (position, bytes) = snapshot(address).await?;
        let digest = Fingerprint::of_parts([&bytes[..]]);
        let mut at = self.at.lock().unwrap();
        at.entry(position.clone()).or_default().insert(digest);
        Some(position)
    }

    fn differing(&self) -> usize {
        let at = self.at.lock().unwrap();
        at.values().filter(|digests| digests.len() > 1).count()
    }
}

/// A service of three replicas.
struct Replicas {
    programs: Vec<Program>,
    running: Vec<Process>,
    served: Served,
    day: Date,
    acknowledged: Vec<String>,
    /// The replica that filed the last table.
    leader: usize,
    /// How long it took until a table was filed after a fault.
    failovers: Vec<Duration>,
}

impl Replicas {
    async fn start(servers: &[String], folder: &TempDir) -> Self {
        let names = (0..REPLICAS).map(|number| format!("replica{number}"));
        let programs = names.map(|name| Program::new(&name, folder.path(), servers));
        let programs: Vec<Program> = programs.collect();
        let mut running = Vec::new();
        for program in &programs {
            running.push(program.start().await);
        }
        let addresses = running.iter().map(|running| running.rates.clone());
        let served = Served {
            addresses: addresses.collect(),
            ..Served::default()
        };
        Self {
            programs,
            running,
            served,
            day: date(2020, 1, 1),
            acknowledged: Vec::new(),
            leader: 0,
            failovers: Vec::new(),
        }
    }

    /// Files a table of the next day, at whichever replica leads, until it is acknowledged.
    async fn file(&mut self) {
        self.day = self.day.checked_add(1.day()).unwrap();
        let day = self.day.to_string();
        let (begun, mut refused) = (Instant::now(), BTreeMap::new());
        let filed = async {
            loop {
                for number in (self.leader..REPLICAS).chain(0..self.leader) {
                    match file(&self.running[number].admin, &day, "475.10").await {
                        Ok(()) => return number,
                        Err(code) => refused.insert(number, code),
                    };
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let leader = tokio::time::timeout(PATIENCE, filed).await;
        let Ok(leader) = leader else {
            let logs = self.programs.iter().map(Program::end_of_log);
            let logs = logs.collect::<Vec<_>>().join("\n\n");
            panic!("the table of {day} is not filed: {refused:?}\n\n{logs}");
        };
        self.leader = leader;
        self.failovers.push(begun.elapsed());
        self.acknowledged.push(day);
    }

    async fn kill_leader(&mut self) {
        let leader = self.leader;
        self.running[leader].child.kill().await.unwrap();
        self.file().await;
        let waited = self.failovers.last().unwrap();
        assert!(
            *waited >= LEASE_LEFT_MIN,
            "another one led after {waited:?}"
        );
        self.running[leader] = self.programs[leader].start().await;
    }

    async fn pause_leader(&mut self) {
        let paused = self.leader;
        signal(&self.running[paused].child, Signal::STOP);
        self.file().await;
        tokio::time::sleep(PAUSE).await;
        signal(&self.running[paused].child, Signal::CONT);
    }

    /// A reader who begins at the replica that leads.
    async fn reader(&self) -> Reader {
        let mut addresses = self.served.addresses.clone();
        addresses.rotate_left(self.leader);
        let mut reader = Reader::start(&addresses);
        let (epoch, _revision) = self.agree().await;
        reader.until(|received| received.has(&epoch, 0)).await;
        reader
    }

    /// Waits until all replicas serve the same position, and returns it.
    async fn agree(&self) -> (String, u64) {
        let agreed = async {
            loop {
                let mut positions = BTreeSet::new();
                for running in &self.running {
                    positions.insert(self.served.read(&running.rates).await);
                }
                let first = positions.pop_first().flatten();
                if let (Some(position), true) = (first, positions.is_empty()) {
                    return position;
                }
                tokio::time::sleep(COMPARE_EVERY).await;
            }
        };
        tokio::time::timeout(PATIENCE, agreed).await.unwrap()
    }
}

/// What a log has of the tables that were filed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    records: u64,
    duplicates: usize,
    lost: usize,
}

/// Reads a whole log, and checks that every record follows the one before, with the next revision.
async fn check(log: &Log, acknowledged: &[String]) -> Found {
    let (mut chain, mut last, mut records) = (Chain::START, None, 0);
    let mut filed: BTreeMap<String, usize> = BTreeMap::new();
    loop {
        let page = log.read(records, 64).await.unwrap();
        for stored in page.records {
            records += 1;
            assert_eq!(stored.seq, records, "a hole");
            let record = Record::decode(&stored.bytes).unwrap();
            assert_eq!(record.previous, chain);
            let position = record.entry.position;
            if let Some((epoch, revision)) = &last {
                let next = u64::from(!record.served.is_empty());
                let expected = (Arc::clone(epoch), revision + next);
                assert_eq!((Arc::clone(&position.epoch), position.revision), expected);
            }
            last = Some((position.epoch, position.revision));
            chain = chain.followed_by(&stored.bytes);
            for table in record.entry.filed {
                *filed.entry(table.effective_date.to_string()).or_default() += 1;
            }
        }
        if !page.has_more {
            break;
        }
    }
    let lost = acknowledged.iter();
    Found {
        records,
        duplicates: filed.values().filter(|times| **times > 1).count(),
        lost: lost.filter(|day| !filed.contains_key(*day)).count(),
    }
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the counts are printed")]
async fn leaders_and_members_are_killed_and_paused_and_nothing_is_lost_or_there_twice() {
    let (mut cluster, folder) = (Cluster::start(3).await, TempDir::new().unwrap());
    let mut replicas = Replicas::start(&cluster.urls(), &folder).await;
    let mut comparing = JoinSet::new();
    comparing.spawn(replicas.served.clone().compare());
    replicas.file().await;
    replicas.failovers.clear();
    let rounds = rounds(ROUNDS);
    let mut reader = replicas.reader().await;
    for round in 0..rounds {
        match round % 3 {
            0 => replicas.kill_leader().await,
            1 => replicas.pause_leader().await,
            _ => {
                let member = round / 3 % 3;
                cluster.kill(member).await;
                replicas.file().await;
                cluster.start_again(member).await;
            }
        }
        for _ in 0..TABLES {
            replicas.file().await;
        }
    }
    let position = replicas.agree().await;
    let received = reader.until(|received| received.has(&position.0, position.1));
    let received = received.await;
    comparing.shutdown().await;
    let found = check(&cluster.log(LOG), &replicas.acknowledged).await;
    let differing = replicas.served.differing();
    let compared = replicas.served.at.lock().unwrap().len();
    let longest = replicas.failovers.iter().max().unwrap();
    println!(
        "{rounds} rounds: {} tables acknowledged, {} records, {} duplicates, {} acknowledged lost, bytes different at {differing} of \
         {compared} positions; at most {longest:.1?} until a table was filed; at {position:?}",
        replicas.acknowledged.len(),
        found.records,
        found.duplicates,
        found.lost,
    );
    println!(
        "a reader: {} moves to another replica, {} snapshots, {} updates, {} older, {} misplaced",
        received.moves, received.snapshots, received.updates, received.older, received.misplaced
    );
    assert_eq!((found.duplicates, found.lost, differing), (0, 0, 0));
    assert_eq!(
        (received.snapshots, received.older, received.misplaced),
        (1, 0, 0)
    );
    assert!(received.moves > 0 && received.updates > 0);
}
