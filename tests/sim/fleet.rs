//! One run of three replicas that share a log, and of subscribers that move between them: a plan is carried out, then every fault ends, and all
//! replicas must serve the same, which is current.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use jiff::SignedDuration;
use silkrate::clock::Clock;
use silkrate::shared::log::{Double, Faults, SharedStore};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::bank::{BANK_FAULTS, Bank, BankFault, KINDS};
use crate::current::{CURRENT_WITHIN, missing};
use crate::findings::{Findings, Outcome};
use crate::history::History;
use crate::network::{Conditions, Link};
use crate::plan::{SPEED, SUBSCRIBERS};
use crate::resume;
use crate::run::{banks, begin, on_paused_clock, site};
use crate::service::{Seat, Service, Site};
use crate::subscriber::{Held, Subscriber};

const REPLICAS: usize = 3;
/// The number of steps of a run.
const STEPS: std::ops::Range<usize> = 25..50;
/// The time between two steps, in milliseconds of the runtime.
const PAUSE_MS: std::ops::Range<u64> = 1_000..60_000;
/// The longest time that a replica is down, in milliseconds.
const DOWN_MS_MAX: u64 = 60_000;
/// The furthest that the clock of a replica is set, in minutes. The times of records never run backwards: after a lead whose clock was
/// ahead, the time stands still for as long.
const CLOCK_MINUTES_MAX: i64 = 60;
/// The longest time until the first lead has begun, and all replicas have something to serve.
const BEGUN_WITHIN: Duration = Duration::from_secs(120);

/// What happens.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A bank fails, or is well again.
    Bank(usize, Option<BankFault>),
    /// A bank corrects a price.
    Correct(usize),
    /// A replica is killed, or stopped, and started again after a time.
    Restart(usize, bool, Duration),
    /// A replica's calls to the log fail this often.
    Log(usize, Faults),
    /// A replica is cut off from the log, or joined again.
    Cut(usize, bool),
    /// The disk of a replica is full, or has room again.
    Disk(usize, bool),
    /// The clock of a replica is this many minutes ahead.
    Clock(usize, i64),
    /// A subscriber is moved to a replica.
    Move(usize, usize),
    /// Nothing passes on a link, or everything again.
    Clog(usize, bool),
}

/// A replica, while it runs and while it does not.
#[derive(Debug)]
struct Replica {
    site: Site,
    service: Option<Service>,
    log: Double,
    ahead: i64,
}

/// Everything of a run.
#[derive(Debug)]
struct Fleet {
    banks: Vec<Arc<Bank>>,
    replicas: Vec<Replica>,
    links: Vec<Arc<Link>>,
    held: Vec<Held>,
    subscribers: JoinSet<()>,
    history: Arc<History>,
    findings: Arc<Findings>,
}

/// Runs a seed.
pub(crate) fn run(seed: u64) -> Outcome {
    on_paused_clock(seed, async |findings| {
        let mut random = Rng::with_seed(seed);
        let mut fleet = Fleet::new(&mut random, Arc::clone(&findings)).await;
        for _ in 0..random.usize(STEPS) {
            let pause = random.u64(PAUSE_MS);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            fleet.carry_out(step(&mut random)).await;
            fleet.watch_over();
            if findings.is_violated() {
                return;
            }
        }
        fleet.heal().await;
        if !findings.is_violated() {
            fleet.end().await;
        }
    })
}

fn step(random: &mut Rng) -> Step {
    let bank = random.usize(..KINDS.len());
    let (replica, link) = (random.usize(..REPLICAS), random.usize(..SUBSCRIBERS));
    let down = Duration::from_millis(random.u64(..=DOWN_MS_MAX));
    let mut percent = || random.u8(..30);
    let faults = Faults {
        dropped: percent(),
        unanswered: percent(),
        flipped: percent(),
        missed: percent(),
        repeated: percent(),
    };
    match random.u8(..100) {
        0..10 => Step::Bank(bank, random.choice(BANK_FAULTS)),
        10..15 => Step::Bank(bank, None),
        15..30 => Step::Correct(bank),
        30..45 => Step::Restart(replica, random.bool(), down),
        45..55 => Step::Log(replica, faults),
        55..65 => Step::Cut(replica, random.bool()),
        65..71 => Step::Disk(replica, random.bool()),
        71..77 => Step::Clock(replica, random.i64(-CLOCK_MINUTES_MAX..=CLOCK_MINUTES_MAX)),
        77..92 => Step::Move(link, replica),
        _ => Step::Clog(link, random.bool()),
    }
}

impl Fleet {
    async fn new(random: &mut Rng, findings: Arc<Findings>) -> Self {
        let begin = begin(random.i64(0..5 * 24));
        let banks = banks(&Clock::replay(begin, SPEED), random);
        let history = Arc::new(History::of_replicas(Arc::clone(&findings), banks.clone()));
        let store = SharedStore::default();
        let mut fleet = Self {
            banks,
            replicas: Vec::new(),
            links: Vec::new(),
            held: Vec::new(),
            subscribers: JoinSet::new(),
            history,
            findings,
        };
        for number in 0..REPLICAS {
            let log = Double::new(store.clone(), random.u64(..), Faults::default());
            let seat = Seat {
                number,
                log: log.clone(),
            };
            let shared = (&fleet.history, &fleet.findings);
            let site = site(begin, &fleet.banks, shared, Some(seat));
            let service = Some(Service::start(&site).await);
            fleet.replicas.push(Replica {
                site,
                service,
                log,
                ahead: 0,
            });
        }
        fleet.have_begun().await;
        for number in 0..SUBSCRIBERS {
            let door = fleet.replicas[number % REPLICAS].site.door.clone();
            let link = Link::new(door, Arc::clone(&fleet.findings), random.u64(..));
            let shared = (Arc::clone(&fleet.history), Arc::clone(&fleet.findings));
            let subscriber = Subscriber::new(number, &link, shared, random.u64(..));
            fleet.links.push(link);
            fleet.held.push(subscriber.shown());
            fleet.subscribers.spawn(subscriber.run());
        }
        fleet
    }

    /// Waits until every replica has something to serve.
    async fn have_begun(&self) {
        for replica in &self.replicas {
            let served = replica.service.as_ref().unwrap().has_state();
            if tokio::time::timeout(BEGUN_WITHIN, served).await.is_err() {
                let number = replica.number();
                self.findings
                    .violation(&format!("replica {number} has nothing to serve"));
            }
        }
    }

    async fn carry_out(&mut self, step: Step) {
        let findings = Arc::clone(&self.findings);
        findings.happens(&format!("{step:?}"));
        match step {
            Step::Bank(bank, fault) => {
                findings.count("bank faults", u64::from(fault.is_some()));
                self.banks[bank].set_fault(fault);
            }
            Step::Correct(bank) => {
                findings.happens(&self.banks[bank].correct());
                findings.count("corrections", 1);
            }
            Step::Restart(replica, is_killed, down) => {
                self.restart(replica, is_killed, down).await;
            }
            Step::Log(replica, faults) => {
                findings.count("faults of the log", 1);
                self.replicas[replica].log.set_faults(faults);
            }
            Step::Cut(replica, is_cut) => {
                findings.count("replicas cut off", u64::from(is_cut));
                self.replicas[replica].log.cut(is_cut);
            }
            Step::Disk(replica, is_full) => {
                findings.count("full disks", u64::from(is_full));
                self.replicas[replica].site.disk.set_full(is_full);
            }
            Step::Clock(replica, ahead) => {
                findings.count("clock jumps", 1);
                self.replicas[replica].set_clock(ahead);
            }
            Step::Move(link, replica) => {
                findings.count("moves", 1);
                self.links[link].lead_to(&self.replicas[replica].site.door);
            }
            Step::Clog(link, is_clogged) => {
                findings.count("partitions", u64::from(is_clogged));
                self.links[link].set(Conditions {
                    is_clogged,
                    ..Conditions::GOOD
                });
            }
        }
    }

    async fn restart(&mut self, number: usize, is_killed: bool, down: Duration) {
        let replica = &mut self.replicas[number];
        if let Some(service) = replica.service.take() {
            if is_killed {
                self.findings.count("kills", 1);
                service.kill(&self.findings).await;
            } else {
                self.findings.count("stops", 1);
                service.stop(&self.findings).await;
            }
        }
        // The connections of a process that is gone end, and the others are made again.
        for link in &self.links {
            link.cut();
        }
        tokio::time::sleep(down).await;
        replica.service = Some(Service::start(&replica.site).await);
    }

    fn watch_over(&mut self) {
        for replica in &mut self.replicas {
            if let Some(service) = &mut replica.service {
                service.check_tasks(&self.findings);
            }
        }
    }

    /// Ends every fault, and waits until all replicas serve the same, which is current.
    async fn heal(&mut self) {
        self.findings.happens("every fault ends");
        for bank in &self.banks {
            bank.set_fault(None);
        }
        for link in &self.links {
            link.set(Conditions::GOOD);
        }
        for replica in &mut self.replicas {
            replica.log.set_faults(Faults::default());
            replica.log.cut(false);
            replica.site.disk.set_full(false);
            replica.set_clock(0);
        }
        let healed = Instant::now();
        loop {
            let mut late = Vec::new();
            for replica in &self.replicas {
                let service = replica.service.as_ref().unwrap();
                let missing = missing(service, &self.banks, &self.held).await;
                let number = replica.number();
                late.extend(
                    missing
                        .iter()
                        .map(|what| format!("replica {number}: {what}")),
                );
            }
            self.watch_over();
            let seconds = healed.elapsed().as_secs();
            if late.is_empty() {
                self.findings.happens(&format!("current after {seconds} s"));
                self.findings
                    .at_most("seconds until all is current", seconds);
                return;
            }
            if self.findings.is_violated() {
                return;
            }
            if healed.elapsed() > CURRENT_WITHIN {
                let late = late.join("; ");
                return self.findings.violation(&format!(
                    "not current {CURRENT_WITHIN:?} after the last fault: {late}"
                ));
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Resumes from every position at every replica, and stops them.
    async fn end(&mut self) {
        for replica in &mut self.replicas {
            let service = replica.service.take().unwrap();
            resume::from_every_position(&service.rates, &self.history, &self.findings).await;
            resume::from_the_future(&service.rates, &self.history, &self.findings).await;
            service.stop(&self.findings).await;
        }
        self.subscribers.shutdown().await;
    }
}

impl Replica {
    fn number(&self) -> usize {
        self.site.seat.as_ref().map_or(0, |seat| seat.number)
    }

    fn set_clock(&mut self, ahead: i64) {
        let by = SignedDuration::from_mins(ahead - self.ahead);
        self.site.clock.set_forward(by);
        self.ahead = ahead;
    }
}
