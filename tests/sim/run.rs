//! One run: a plan is carried out, then every fault ends, and the service must be current within a limit.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use silkrate::budget::RequestCounts;
use silkrate::clock::Clock;
use silkrate::commit::SimulatedDisk;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::bank::{Bank, KINDS};
use crate::current::{CURRENT_WITHIN, missing};
use crate::findings::{Findings, Outcome};
use crate::history::History;
use crate::network::{Conditions, Door, Link};
use crate::plan::{Plan, SPEED, SUBSCRIBERS, Step};
use crate::service::{Seat, Service, Site};
use crate::subscriber::{Held, Subscriber};
use crate::{resume, ticks};

/// The Monday on whose week the runs fall: no bank has a holiday in it.
const MONDAY: &str = "2026-06-15T00:00:00Z";
/// How many days a run may last, with room.
const DAYS: i64 = 12;
/// The time between two links that stop, or go on.
const SWIZZLE_PAUSE: Duration = Duration::from_secs(3);

/// Everything of a run.
#[derive(Debug)]
struct World {
    site: Site,
    /// The true time: that of the banks.
    clock: Clock,
    service: Option<Service>,
    links: Vec<Arc<Link>>,
    held: Vec<Held>,
    subscribers: JoinSet<()>,
    random: Rng,
    /// By how many minutes the clock of the service is set forward.
    set_forward: i64,
    is_disk_full: bool,
}

/// Runs a seed.
pub(crate) fn run(seed: u64) -> Outcome {
    carry_out(seed, Plan::of(seed))
}

/// Runs a plan; what it leaves open follows from the seed.
pub(crate) fn carry_out(seed: u64, plan: Plan) -> Outcome {
    on_paused_clock(seed, async |findings| {
        let mut world = World::new(seed, plan.hours, Arc::clone(&findings)).await;
        for (pause, step) in plan.steps {
            tokio::time::sleep(pause).await;
            world.carry_out(step).await;
            world.watch_over();
            if findings.is_violated() {
                return;
            }
        }
        world.heal().await;
        world.end().await;
    })
}

/// Runs something in one thread and on a paused clock, with the randomness of a seed.
pub(crate) fn on_paused_clock(seed: u64, work: impl AsyncFnOnce(Arc<Findings>)) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    fastrand::seed(seed);
    runtime.block_on(async {
        ticks::align().await;
        let findings = Arc::new(Findings::new());
        work(Arc::clone(&findings)).await;
        findings.outcome()
    })
}

/// The instant at which a run begins, a number of hours after the beginning of a week.
pub(crate) fn begin(hours: i64) -> Timestamp {
    let monday: Timestamp = MONDAY.parse().unwrap();
    monday
        .checked_add(SignedDuration::from_hours(hours))
        .unwrap()
}

/// The banks of a run.
pub(crate) fn banks(clock: &Clock, random: &mut Rng) -> Vec<Arc<Bank>> {
    KINDS
        .iter()
        .map(|kind| Bank::new(*kind, clock.clone(), DAYS, random.u64(..)))
        .collect()
}

/// Where a process of the service runs.
pub(crate) fn site(
    begin: Timestamp,
    banks: &[Arc<Bank>],
    (history, findings): (&Arc<History>, &Arc<Findings>),
    seat: Option<Seat>,
) -> Site {
    Site {
        banks: banks.to_vec(),
        clock: Clock::replay(begin, SPEED),
        disk: SimulatedDisk::default(),
        door: Door::default(),
        history: Arc::clone(history),
        findings: Arc::clone(findings),
        folder: folder(),
        counts: RequestCounts::in_memory(),
        seat,
    }
}

impl World {
    async fn new(seed: u64, hours: i64, findings: Arc<Findings>) -> Self {
        let mut random = Rng::with_seed(seed ^ 0x5eed);
        let begin = begin(hours);
        let clock = Clock::replay(begin, SPEED);
        let banks = banks(&clock, &mut random);
        let history = Arc::new(History::new(Arc::clone(&findings), banks.clone()));
        let site = site(begin, &banks, (&history, &findings), None);
        let service = Service::start(&site).await;
        let mut world = Self {
            clock,
            service: Some(service),
            links: Vec::new(),
            held: Vec::new(),
            subscribers: JoinSet::new(),
            random,
            set_forward: 0,
            is_disk_full: false,
            site,
        };
        for number in 0..SUBSCRIBERS {
            let (door, noted) = (world.site.door.clone(), Arc::clone(&findings));
            let link = Link::new(door, noted, world.random.u64(..));
            let shared = (Arc::clone(&history), Arc::clone(&findings));
            let subscriber = Subscriber::new(number, &link, shared, world.random.u64(..));
            world.links.push(link);
            world.held.push(subscriber.shown());
            world.subscribers.spawn(subscriber.run());
        }
        world
    }

    async fn carry_out(&mut self, step: Step) {
        let findings = Arc::clone(&self.site.findings);
        findings.happens(&format!("{step:?}"));
        match step {
            Step::Bank(bank, fault) => {
                findings.count("bank faults", u64::from(fault.is_some()));
                self.site.banks[bank].set_fault(fault);
            }
            Step::Correct(bank) => {
                findings.happens(&self.site.banks[bank].correct());
                findings.count("corrections", 1);
            }
            Step::Burst(bank, corrections) => self.burst(bank, corrections).await,
            Step::Kill(down) => self.restart(true, down).await,
            Step::Stop(down) => self.restart(false, down).await,
            Step::Clog(link, is_clogged) => {
                findings.count("partitions", u64::from(is_clogged));
                self.links[link].set(Conditions {
                    is_clogged,
                    ..Conditions::GOOD
                });
            }
            Step::Swizzle => self.swizzle().await,
            Step::Latency(link, latency) => {
                findings.count("slow links", 1);
                self.links[link].set(Conditions {
                    latency,
                    ..Conditions::GOOD
                });
            }
            Step::Cut(link) => {
                findings.count("resets", 1);
                self.links[link].cut();
            }
            Step::Disk(is_full) => self.set_disk(is_full),
            Step::Clock(minutes) => {
                findings.count("clock jumps", 1);
                self.set_clock(minutes);
            }
        }
    }

    async fn burst(&mut self, bank: usize, corrections: u8) {
        let service = self.service.as_ref().unwrap();
        let bank = &self.site.banks[bank];
        for _ in 0..corrections {
            self.site.findings.happens(&bank.correct());
            service.submit(bank).await;
        }
        self.site
            .findings
            .count("corrections", u64::from(corrections));
    }

    async fn restart(&mut self, is_killed: bool, down: Duration) {
        let findings = Arc::clone(&self.site.findings);
        if let Some(service) = self.service.take() {
            if is_killed {
                findings.count("kills", 1);
                service.kill(&findings).await;
            } else {
                findings.count("stops", 1);
                service.stop(&findings).await;
            }
        }
        // The connections of a process that is gone end.
        for link in &self.links {
            link.cut();
        }
        tokio::time::sleep(down).await;
        self.service = Some(Service::start(&self.site).await);
    }

    async fn swizzle(&mut self) {
        self.site.findings.count("swizzles", 1);
        for is_clogged in [true, false] {
            let mut order: Vec<_> = (0..self.links.len()).collect();
            self.random.shuffle(&mut order);
            for link in order {
                self.links[link].set(Conditions {
                    is_clogged,
                    ..Conditions::GOOD
                });
                tokio::time::sleep(SWIZZLE_PAUSE).await;
            }
        }
    }

    fn set_disk(&mut self, is_full: bool) {
        if is_full {
            self.site.findings.count("full disks", 1);
            self.site.history.set_may_break_off(true);
        }
        self.is_disk_full = is_full;
        self.site.disk.set_full(is_full);
    }

    fn set_clock(&mut self, minutes: i64) {
        self.set_forward += minutes;
        self.site
            .clock
            .set_forward(SignedDuration::from_mins(minutes));
    }

    /// Checks the tasks of the service, and whether its ledger is written again.
    fn watch_over(&mut self) {
        let Some(service) = &mut self.service else {
            return;
        };
        service.check_tasks(&self.site.findings);
        if !self.is_disk_full && service.ledger.borrow().error.is_none() {
            self.site.history.set_may_break_off(false);
        }
    }

    /// Ends every fault, and waits until everything is current.
    async fn heal(&mut self) {
        self.site.findings.happens("every fault ends");
        for bank in &self.site.banks {
            bank.set_fault(None);
        }
        for link in &self.links {
            link.set(Conditions::GOOD);
        }
        self.set_disk(false);
        self.set_clock(-self.set_forward);
        let healed = Instant::now();
        loop {
            let service = self.service.as_ref().unwrap();
            let missing = missing(service, &self.site.banks, &self.held).await;
            self.watch_over();
            let findings = &self.site.findings;
            if missing.is_empty() {
                let seconds = healed.elapsed().as_secs();
                findings.happens(&format!("current after {seconds} s"));
                findings.at_most("seconds until all is current", seconds);
                return;
            }
            if findings.is_violated() {
                return;
            }
            if healed.elapsed() > CURRENT_WITHIN {
                let missing = missing.join("; ");
                let late =
                    format!("not current {CURRENT_WITHIN:?} after the last fault: {missing}");
                return findings.violation(&late);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Resumes from every position, and stops: the next process goes on where this one ended.
    async fn end(&mut self) {
        let findings = Arc::clone(&self.site.findings);
        if findings.is_violated() {
            return;
        }
        let service = self.service.take().unwrap();
        resume::from_every_position(&service.rates, &self.site.history, &findings).await;
        resume::from_the_future(&service.rates, &self.site.history, &findings).await;
        service.stop(&findings).await;
        let last = self.site.history.newest().unwrap();
        let service = Service::start(&self.site).await;
        let first = service.board.snapshot();
        findings.check(first.position.epoch == last.position.epoch, || {
            format!("{:?} after {:?}", first.position, last.position)
        });
        service.stop(&findings).await;
        let requests = self.site.banks.iter().map(|bank| bank.requests()).sum();
        findings.count("requests to banks", requests);
        let hours = self.clock.now().duration_since(MONDAY.parse().unwrap());
        findings.happens(&format!(
            "the run ends {} hours after Monday",
            hours.as_hours()
        ));
        self.subscribers.shutdown().await;
    }
}

/// Where the ledger lies: in memory, if the system has a folder for that.
fn folder() -> TempDir {
    let folder = tempfile::tempdir_in("/dev/shm");
    folder.or_else(|_none| tempfile::tempdir()).unwrap()
}
