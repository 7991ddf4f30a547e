//! The soak: one process under every attack in turn, visits and reloads, then kills in the midst of attacks. Memory, descriptors,
//! threads and tasks are read after the pause that follows each, and must not grow; honest clients must be answered all the
//! time, and are shown nothing wrong.

mod growth;
mod honest;
mod sample;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use growth::Growth;
use honest::Caller;
use sample::Sample;
use tokio_util::sync::CancellationToken;

use crate::bank::Bank;
use crate::findings::{Count, Findings};
use crate::hostile::{ATTACKS, Run, Target};
use crate::operator::{check_acknowledged, submit_the_past};
use crate::run::{self, Crowd, print};
use crate::service::Service;

/// Watchers over gRPC, server-sent events and gRPC-Web: enough that each filter is watched over each.
const WATCHERS: Crowd = Crowd {
    grpc: 6,
    events: 5,
    grpc_web: 4,
};
/// The part of the run in which nothing is killed, in quarters.
const STEADY_QUARTERS: u32 = 3;
/// The kills end sooner: the tables of the past that are submitted meanwhile end before those of the bank.
const KILLS_MAX: Duration = Duration::from_secs(20 * 60);
/// The rounds of all turns that a run of some minutes has; a longer one has more, and a shorter one fewer.
const ROUNDS: u32 = 3;
/// A turn with the pause after it at least and at most. The pause is two thirds of it, at most twelve seconds: an allocator gives
/// back within ten what is free, and the deadlines of silent peers are shorter.
const TURN: std::ops::RangeInclusive<Duration> = Duration::from_secs(2)..=Duration::from_secs(18);
/// How long the tasks and descriptors of a turn may last beyond its pause: a short run has short pauses. Then they count.
const SETTLE_MAX: Duration = Duration::from_secs(30);
/// How often they are read meanwhile.
const SETTLE_INTERVAL: Duration = Duration::from_millis(500);
/// The pause after the last start of all.
const LAST_PAUSE: Duration = Duration::from_secs(12);
/// How long the service runs under an attack before it is killed, in milliseconds.
const LIFE_MILLISECONDS: std::ops::Range<u64> = 1_000..8_000;

/// What every soak must have seen.
const SEEN: [Count; 6] = [
    Count::Kills,
    Count::Stops,
    Count::Turns,
    Count::HonestCalls,
    Count::RowsCompared,
    Count::TablesAcknowledged,
];

/// What happens in a turn.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Turn {
    Attack(&'static str, Run),
    Visits,
    Reloads,
    /// Nothing but what happens beside every turn: the banks publish, and watchers and a caller are served.
    Publications,
}

impl Turn {
    fn all() -> Vec<Self> {
        let attacks = ATTACKS.map(|(name, run)| Self::Attack(name, run));
        let others = [Self::Visits, Self::Reloads, Self::Publications];
        attacks.into_iter().chain(others).collect()
    }

    /// The turn of a name, or all of them without one. `None` if there is no such turn.
    pub(crate) fn named(name: Option<&str>) -> Option<Vec<Self>> {
        let mut turns = Self::all();
        turns.retain(|turn| name.is_none_or(|name| turn.name() == name));
        (!turns.is_empty()).then_some(turns)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Attack(name, _) => name,
            Self::Visits => "visits",
            Self::Reloads => "reloads",
            Self::Publications => "publications",
        }
    }
}

struct Soak {
    bank: Arc<Bank>,
    findings: Arc<Findings>,
    service: Service,
    started: Instant,
}

/// Soaks a program for about this long. Returns the number of violations.
pub(crate) fn soak(length: Duration, program: PathBuf, turns: &[Turn]) -> usize {
    let _unchanged_if_it_fails = silkrate::listener::raise_descriptor_limit();
    run::runtime().block_on(run_for(length, program, turns))
}

async fn run_for(length: Duration, program: PathBuf, turns: &[Turn]) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let bank = Arc::new(Bank::start_with_many_currencies().await);
    let findings = Arc::new(Findings::new(folder.path(), Arc::clone(&bank)));
    let service = Service::new(folder.path(), &bank).with_program(program);
    let mut soak = Soak {
        bank,
        findings: Arc::clone(&findings),
        service,
        started: Instant::now(),
    };
    let stop = CancellationToken::new();
    soak.service.start(&soak.bank, &findings).await;
    let mut tasks = run::watchers(&soak.service, &findings, &stop, WATCHERS);
    // The turns of one kind are there to find what grows: kills would begin it anew.
    let is_whole = turns.len() == Turn::all().len();
    let steady = length * if is_whole { STEADY_QUARTERS } else { 4 } / 4;
    let growth = soak.steady(steady, turns).await;
    if is_whole {
        let submitting = submit_the_past(
            soak.service.admin_url(),
            Arc::clone(&findings),
            stop.clone(),
        );
        tasks.spawn(submitting);
        soak.kills(length.saturating_sub(steady).min(KILLS_MAX))
            .await;
        soak.last(&growth).await;
    }
    stop.cancel();
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    check_acknowledged(&soak.service.grpc_url(), &findings).await;
    soak.service.terminate(&soak.bank, &findings).await;
    let seen = if is_whole { &SEEN[..] } else { &[] };
    for missing in findings.lacking(seen) {
        findings.violation(&format!("the run has no {}", missing.name()));
    }
    print(&findings.table(soak.started.elapsed()));
    print(&growth.table());
    run::conclude(&findings, folder)
}

impl Soak {
    /// One process under everything but kills.
    async fn steady(&mut self, length: Duration, turns: &[Turn]) -> Growth {
        let ends = Instant::now() + length;
        let round = Turn::all().len();
        let number = u32::try_from(round).unwrap();
        let turn_length = (length / number / ROUNDS).clamp(*TURN.start(), *TURN.end());
        let target = self.target().await;
        let caller = Caller::start(self.service.grpc_url(), &self.findings);
        let mut growth = Growth::new(round);
        let quiet = Sample::read(&self.service.admin_url(), self.started).await;
        print(sample::HEAD);
        for (taken, turn) in turns.iter().copied().cycle().enumerate() {
            // Each has a turn, however short the run.
            if taken >= round && Instant::now() >= ends {
                break;
            }
            let broken = self.findings.count(Count::StreamsBroken);
            self.take(turn, &target, turn_length / 3).await;
            self.findings.add(Count::Turns, 1);
            tokio::time::sleep(turn_length * 2 / 3).await;
            let sample = self.settled(&quiet).await;
            let broken = self.findings.count(Count::StreamsBroken) - broken;
            print(&sample.line(turn.name(), &caller.since_last(), broken));
            if broken > 0 {
                let what = format!("{}: {broken} streams of watchers ended", turn.name());
                self.findings.violation(&what);
            }
            growth.add(sample);
        }
        caller.stop().await;
        for grown in growth.violations() {
            self.findings.violation(&grown);
        }
        growth
    }

    /// A sample, once what a turn left behind has ended.
    async fn settled(&self, quiet: &Sample) -> Sample {
        let ends = Instant::now() + SETTLE_MAX;
        loop {
            let sample = Sample::read(&self.service.admin_url(), self.started).await;
            if growth::is_settled(&sample, quiet) || Instant::now() >= ends {
                return sample;
            }
            tokio::time::sleep(SETTLE_INTERVAL).await;
        }
    }

    async fn target(&self) -> Target {
        let (grpc, web) = (self.service.grpc(), self.service.web());
        let found = tokio::task::spawn_blocking(move || find(grpc, web));
        found.await.unwrap()
    }

    async fn take(&mut self, turn: Turn, target: &Target, length: Duration) {
        let deadline = Instant::now() + length;
        match turn {
            Turn::Attack(name, attack) => {
                let target = target.clone();
                let attacked = tokio::task::spawn_blocking(move || attack(&target, deadline));
                if let Err(error) = attacked.await.unwrap() {
                    self.findings.violation(&format!("{name}: {error}"));
                }
            }
            Turn::Visits => {
                let (grpc, web) = (self.service.grpc_url(), self.service.web_url());
                honest::visit(grpc, web, deadline, &self.findings).await;
            }
            Turn::Publications => tokio::time::sleep(length).await,
            Turn::Reloads => {
                while Instant::now() < deadline {
                    self.service.reload(&self.findings).await;
                }
            }
        }
    }

    /// The process is killed, or told to stop, while it is attacked.
    async fn kills(&mut self, length: Duration) {
        let ends = Instant::now() + length;
        let mut random = fastrand::Rng::with_seed(3);
        for (number, (_, attack)) in ATTACKS.into_iter().cycle().enumerate() {
            // Both ways to end must have been seen.
            if number > 1 && Instant::now() >= ends {
                break;
            }
            let life = Duration::from_millis(random.u64(LIFE_MILLISECONDS));
            let target = self.target().await;
            let deadline = Instant::now() + life * 2;
            let attacking = tokio::task::spawn_blocking(move || attack(&target, deadline));
            tokio::time::sleep(life).await;
            if number % 2 == 0 {
                self.service.kill(&self.bank, &self.findings).await;
            } else {
                self.service.terminate(&self.bank, &self.findings).await;
            }
            // It ends with an error: the service is gone.
            drop(attacking.await.unwrap());
            self.service.start(&self.bank, &self.findings).await;
            print(&self.findings.progress(self.started.elapsed()));
        }
    }

    /// What the last process takes, compared with the first one.
    async fn last(&self, growth: &Growth) {
        tokio::time::sleep(LAST_PAUSE).await;
        let sample = Sample::read(&self.service.admin_url(), self.started).await;
        print(&sample.line("after the kills", &[], 0));
        for grown in growth.beside(&sample) {
            self.findings.violation(&grown);
        }
    }
}

/// Any number of pairs is enough.
fn find(grpc: SocketAddr, web: SocketAddr) -> Target {
    Target::find(grpc, web, 1).unwrap()
}
