//! The run: it starts everything, kills the service again and again, and prints the counts.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::bank::Bank;
use crate::findings::Findings;
use crate::operator::{ask_about_the_past, check_acknowledged, submit_the_past};
use crate::service::Service;
use crate::watcher::{Watcher, Wire};
use crate::web;

/// How many watch over each wire.
const WATCHERS: Crowd = Crowd {
    grpc: 20,
    events: 15,
    grpc_web: 15,
};
/// How long the service runs before it is killed, in milliseconds: from the middle of a start to several commits.
const LIFE_MILLISECONDS: std::ops::Range<u64> = 300..5_000;
/// The banks are dark at one of this many starts.
const DARK_STARTS: u64 = 3;
/// How often a line of progress is printed.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(30);
/// How long a run goes on at most until it has seen something of every kind: a busy machine may need it.
const LENGTH_MAX: Duration = Duration::from_secs(300);
/// How long the last start runs, so that every watcher is connected once more.
const LAST_LIFE: Duration = Duration::from_secs(5);
/// How many violations are printed; the folder has all of them.
const VIOLATIONS_PRINTED: usize = 20;

/// Watchers, by their wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowd {
    pub(crate) grpc: usize,
    pub(crate) events: usize,
    pub(crate) grpc_web: usize,
}

/// Runs for about this long. Returns the number of violations.
pub(crate) fn run(length: Duration) -> usize {
    runtime().block_on(run_for(length))
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

async fn run_for(length: Duration) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let bank = Arc::new(Bank::start().await);
    let mut service = Service::new(folder.path(), &bank);
    let findings = Arc::new(Findings::new(folder.path(), Arc::clone(&bank)));
    let stop = CancellationToken::new();
    let mut tasks = watchers(&service, &findings, &stop, WATCHERS);
    tasks.spawn(submit_the_past(
        service.admin_url(),
        Arc::clone(&findings),
        stop.clone(),
    ));
    tasks.spawn(ask_about_the_past(
        service.grpc_url(),
        Arc::clone(&findings),
        stop.clone(),
    ));
    let (started, mut reported) = (Instant::now(), Instant::now());
    let mut random = fastrand::Rng::with_seed(1);
    let mut starts = 0;
    while started.elapsed() < length
        || (started.elapsed() < LENGTH_MAX && !findings.missing().is_empty())
    {
        bank.set_dark(starts % DARK_STARTS == DARK_STARTS - 1);
        service.start(&bank, &findings).await;
        starts += 1;
        tokio::time::sleep(Duration::from_millis(random.u64(LIFE_MILLISECONDS))).await;
        service.kill(&bank, &findings).await;
        if reported.elapsed() >= PROGRESS_INTERVAL {
            reported = Instant::now();
            print(&findings.progress(started.elapsed()));
        }
    }
    bank.set_dark(false);
    service.start(&bank, &findings).await;
    tokio::time::sleep(LAST_LIFE).await;
    stop.cancel();
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    check_acknowledged(&service.grpc_url(), &findings).await;
    service.kill(&bank, &findings).await;
    findings.check_counts();
    print(&findings.table(started.elapsed()));
    conclude(&findings, folder)
}

/// Prints what was violated, and keeps the folder then. Returns the number of violations.
pub(crate) fn conclude(findings: &Findings, folder: TempDir) -> usize {
    let violations = findings.violations();
    for violation in violations.iter().take(VIOLATIONS_PRINTED) {
        print(violation);
    }
    if !violations.is_empty() {
        print(&format!("the logs are in {}", folder.keep().display()));
    }
    violations.len()
}

pub(crate) fn watchers(
    service: &Service,
    findings: &Arc<Findings>,
    stop: &CancellationToken,
    Crowd {
        grpc,
        events,
        grpc_web,
    }: Crowd,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for number in 0..grpc + events + grpc_web {
        let watcher = |wire| Watcher::new(number, wire, Arc::clone(findings));
        let stop = stop.clone();
        if number < grpc {
            tasks.spawn(crate::grpc::watch(
                service.grpc_url(),
                watcher(Wire::Grpc),
                stop,
            ));
        } else if number < grpc + events {
            tasks.spawn(web::watch_events(
                service.web_url(),
                watcher(Wire::Events),
                stop,
            ));
        } else {
            tasks.spawn(web::watch_grpc_web(
                service.web_url(),
                watcher(Wire::GrpcWeb),
                stop,
            ));
        }
    }
    tasks
}

/// Prints a line at once: a long run is watched.
pub(crate) fn print(line: &str) {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}").unwrap();
    stdout.flush().unwrap();
}
