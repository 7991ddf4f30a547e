//! A simulated year of seven sources: the time from the publication of a table to its commit, and the requests that it
//! took. `cargo test --test it publication -- --nocapture` prints the figures.

mod banks;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fastrand::Rng;
use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use silkrate::domain::{
    Currency, DatingRule, DocumentRecord, FirstSeen, History, RequestCount, Schedule, SourceRecord,
    Table,
};
use silkrate::poller::delay::{PollHealth, delay};
use silkrate::poller::plan::{Plan, PollScope};
use silkrate::sources::{Document, Source, find};

use crate::publication::banks::{FIRST_DAY, HABITS, LAST_DAY, Year, outages};
use crate::support::records::{Quotes, table};

/// The default settings of a bank.
const INTERVAL: Duration = Duration::from_secs(15 * 60);
const PER_DAY: u32 = 100;
/// The interval of the market.
const MARKET_INTERVAL: Duration = Duration::from_secs(3600);
/// Half of all tables are seen within half a minute, and nineteen of twenty within five, for sixty requests a day. The plan
/// aims at two minutes for the latter; of the days on which a table is hours late or follows a surprise holiday, this year
/// has more than one in twenty.
const MEDIAN_MAX: SignedDuration = SignedDuration::from_secs(30);
const PERCENTILE_95_MAX: SignedDuration = SignedDuration::from_secs(300);
const REQUESTS_MEAN_MAX: usize = 60;

/// A poller in the simulation, and what it has seen.
struct Simulated {
    source: &'static Source,
    years: Vec<Year>,
    outages: Vec<(DateTime, DateTime)>,
    plan: Plan,
    record: SourceRecord,
    first_seen: Vec<(&'static str, FirstSeen)>,
    requests: BTreeMap<Date, u32>,
    /// The last request of each day.
    last_requests: BTreeMap<Date, DateTime>,
    delays: Vec<SignedDuration>,
    /// The documents, by index, and dates of the tables that were fetched.
    fetched: BTreeSet<(usize, Date)>,
    health: PollHealth,
    last_complete: Option<Timestamp>,
    last_success: Option<Timestamp>,
    rng: Rng,
}

impl Simulated {
    fn new(id: &'static str, mut rng: Rng) -> Self {
        let habits = HABITS.iter().filter(|habit| habit.source == id);
        let kind = habits.clone().next().unwrap().kind;
        let source = find(id, kind).unwrap();
        let documents = source.documents;
        let years = documents.iter().map(|document| {
            let mut habits = habits.clone();
            let habit = habits.find(|habit| habit.document == document.name);
            Year::of(*habit.unwrap(), &document.schedule, &mut rng)
        });
        let years = years.collect();
        let zone = TimeZone::get(source.zone).unwrap();
        let interval = if kind.is_empty() {
            INTERVAL
        } else {
            MARKET_INTERVAL
        };
        Self {
            source,
            years,
            outages: outages(&mut rng),
            plan: Plan::new(zone.clone(), interval, documents),
            record: record(source, zone),
            first_seen: documents
                .iter()
                .map(|document| (document.name, FirstSeen::default()))
                .collect(),
            requests: BTreeMap::new(),
            last_requests: BTreeMap::new(),
            delays: Vec::new(),
            fetched: BTreeSet::new(),
            health: PollHealth::default(),
            last_complete: None,
            last_success: None,
            rng,
        }
    }

    fn run(&mut self) {
        let instant = |date: Date| self.plan.zone.to_timestamp(date.at(0, 0, 0, 0)).unwrap();
        let (mut now, end) = (instant(FIRST_DAY), instant(LAST_DAY));
        while now < end {
            self.poll(now);
            now = self.next(now);
        }
    }

    fn poll(&mut self, now: Timestamp) {
        let scope = self.plan.scope(now, self.last_complete);
        let is_live = self.plan.is_live(now, self.last_success);
        let mut failed = false;
        for (index, document) in self.source.documents.iter().enumerate() {
            let selectors = self.plan.selectors(document, scope, now);
            let today = self.plan.zone.to_datetime(now).date();
            let mut dates: Vec<_> = selectors
                .iter()
                .map(|selector| document.date(*selector, today))
                .collect();
            dates.dedup();
            for date in dates {
                failed = failed || !self.request(index, date, now, is_live);
                if failed {
                    break;
                }
            }
        }
        self.health.failures = if failed { self.health.failures + 1 } else { 0 };
        self.last_success = (!failed).then_some(now);
        if !failed && scope == PollScope::All {
            self.last_complete = Some(now);
        }
    }

    /// Sends a request, unless the budget of the day is used up. Returns whether it was answered.
    fn request(&mut self, index: usize, date: Option<Date>, now: Timestamp, is_live: bool) -> bool {
        let local = self.plan.zone.to_datetime(now);
        let sent = self.requests.entry(local.date()).or_default();
        if *sent >= PER_DAY {
            return false;
        }
        *sent += 1;
        self.last_requests.insert(local.date(), local);
        if self
            .outages
            .iter()
            .any(|(from, to)| (*from..*to).contains(&local))
        {
            return false;
        }
        let year = &self.years[index];
        let Some(appearance) = year.answer(date, local) else {
            return true;
        };
        let document = &mut self.record.documents[index];
        if document.history.table(appearance.date).is_none() {
            if is_live {
                self.first_seen[index].1.record(appearance.date, now);
            }
            if appearance.is_new {
                self.delays.push(local.duration_since(appearance.at));
            }
        }
        self.fetched.insert((index, appearance.date));
        let table = bank_table(
            self.source,
            document.name,
            appearance.date,
            appearance.fixing,
        );
        document.history.insert(table);
        true
    }

    fn next(&mut self, now: Timestamp) -> Timestamp {
        self.plan.update(&self.record, &self.first_seen);
        self.health.has_table = self.plan.has_table();
        let (due, longest) = (self.plan.interval(now), self.plan.longest_interval(now));
        let (least, most) = delay(due, longest, self.health).into_inner();
        let spread = u64::try_from(most.saturating_sub(least).as_millis()).unwrap();
        let delay = least + Duration::from_millis(self.rng.u64(0..=spread));
        let today = self.plan.zone.to_datetime(now).date();
        let requests = RequestCount {
            today: self.requests.get(&today).copied().unwrap_or_default(),
            per_day: PER_DAY,
        };
        let due = now + SignedDuration::try_from(delay).unwrap();
        self.plan.within_budget(due, now, requests)
    }

    /// The dates of the tables that appeared up to the day before the last and were never fetched, by document.
    fn missed(&self) -> Vec<(usize, Date)> {
        let tables = self.years.iter().enumerate();
        let tables = tables.flat_map(|(index, year)| {
            let dates = year.dates_before(LAST_DAY.yesterday().unwrap());
            dates.map(move |date| (index, date))
        });
        let missed: BTreeSet<_> = tables
            .filter(|table| !self.fetched.contains(table))
            .collect();
        missed.into_iter().collect()
    }

    /// The most requests of a day, and all of them.
    fn counts(&self) -> (u32, usize) {
        let most = self.requests.values().copied().max().unwrap_or_default();
        let all = self
            .requests
            .values()
            .map(|count| usize::try_from(*count).unwrap());
        (most, all.sum())
    }
}

fn record(source: &'static Source, zone: TimeZone) -> SourceRecord {
    let documents = source.documents.iter();
    let documents = documents.map(|document: &Document| DocumentRecord {
        name: document.name,
        schedule: Schedule {
            dating: dating(source, document),
            ..document.schedule
        },
        required: document.required,
        typical_dollar: source.typical_dollar,
        history: History::new(source.revision_policy),
    });
    SourceRecord {
        id: source.id,
        name: source.name,
        attribution: source.attribution,
        page: source.page,
        terms: source.terms,
        home: source.home,
        zone,
        documents: documents.collect(),
        attempted: true,
    }
}

/// The rule by which the tables of a document are dated in 2026. The Uzbek bank dates them by the next day since September.
fn dating(source: &Source, document: &Document) -> DatingRule {
    match source.id.as_str() {
        "cbu" => DatingRule::NextDay,
        _ => document.schedule.dating,
    }
}

fn bank_table(source: &'static Source, document: &'static str, date: Date, fixing: u32) -> Table {
    let quotes = match source.home {
        Some(home) => Quotes::InHome(home),
        None => Quotes::OfBase(Currency::USD),
    };
    let value = (1000 + fixing).to_string();
    let mut table = table(source.id.as_str(), quotes, date, &[("EUR", 1, &value)]);
    table.document = document;
    table
}

/// The value below which a share of all lies, in percent; in whole seconds.
fn percentile(sorted: &[SignedDuration], percent: usize) -> SignedDuration {
    let last = sorted.len().saturating_sub(1);
    let found = sorted.get(last * percent / 100).copied();
    SignedDuration::from_secs(found.unwrap_or_default().as_secs())
}

fn simulated(seed: u64) -> Vec<Simulated> {
    let mut seeds = Rng::with_seed(seed);
    let ids = ["cbr", "cbt", "cbu", "market", "nbk", "nbkr", "nbt"];
    let sources = ids.map(|id| Simulated::new(id, seeds.fork()));
    std::thread::scope(|scope| {
        let run = |mut source: Simulated| {
            scope.spawn(move || {
                source.run();
                source
            })
        };
        let running: Vec<_> = sources.into_iter().map(run).collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures of the simulation")]
fn half_of_the_tables_are_seen_within_half_a_minute_for_sixty_requests_a_day() {
    let sources = simulated(11);
    println!("source  tables  missed  median   p95      p99      requests a day: mean  max");
    let (mut delays, mut means) = (Vec::new(), Vec::new());
    for simulated in &sources {
        let mut of_source = simulated.delays.clone();
        of_source.sort_unstable();
        let (most, all) = simulated.counts();
        let mean = all / simulated.requests.len();
        let missed = simulated.missed();
        println!(
            "{:6}  {:6}  {:6}  {:7}  {:7}  {:7}  {mean:20}  {most:3}",
            simulated.source.id,
            of_source.len(),
            missed.len(),
            format!("{:#}", percentile(&of_source, 50)),
            format!("{:#}", percentile(&of_source, 95)),
            format!("{:#}", percentile(&of_source, 99)),
        );
        assert!(most <= PER_DAY, "{}", simulated.source.id);
        assert_eq!(missed, [], "{}", simulated.source.id);
        means.push(mean);
        // A market's table is polled at the interval that the plan of its vendor allows.
        if simulated.source.home.is_some() {
            assert!(of_source.len() > 200, "{}", simulated.source.id);
            delays.extend(of_source);
        }
    }
    delays.sort_unstable();
    let (median, percentile_95) = (percentile(&delays, 50), percentile(&delays, 95));
    println!(
        "banks   {:6}          {:7}  {:7}",
        delays.len(),
        format!("{median:#}"),
        format!("{percentile_95:#}")
    );
    assert!(
        means.iter().all(|mean| *mean <= REQUESTS_MEAN_MAX),
        "{means:?}"
    );
    assert!(median <= MEDIAN_MAX, "{median:#}");
    assert!(percentile_95 <= PERCENTILE_95_MAX, "{percentile_95:#}");
}

#[test]
fn a_bank_that_fails_for_days_is_sent_no_more_than_its_budget_and_requests_in_its_last_hours() {
    let mut nbk = Simulated::new("nbk", Rng::with_seed(3));
    let days = [date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12)];
    let from = days[0].at(0, 0, 0, 0);
    nbk.outages = vec![(from, date(2026, 3, 13).at(0, 0, 0, 0))];
    nbk.run();
    for day in days {
        let sent = nbk.requests[&day];
        assert!((20..=PER_DAY).contains(&sent), "{day}: {sent}");
        let last = nbk.last_requests[&day];
        assert!(last.hour() >= 21, "{last}");
    }
    // The table of 13 March is still there on the day. The service requests the others by their dates afterwards, and the
    // simulation does not.
    assert_eq!(nbk.missed(), [(0, days[1]), (0, days[2])]);
}
