//! A restart after any order of holding, settling, correcting and being killed restores the same book at the same position.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::clock::Clock;
use crate::commit::{BufferedLedger, Commit, Submission};
use crate::domain::{
    Currency, DatingRule, DocumentKey, DocumentRecord, Exceptions, Fixing, HeldOutcome, History,
    Hours, Intent, MovingFeasts, Preference, RateFilter, RevisionPolicy, Schedule, SourceId,
    SourceRecord, Table, parse_decimal,
};
use crate::ledger::ClockKind;

const NBK: DocumentKey = DocumentKey {
    source: SourceId::new("nbk"),
    document: "daily",
};
const WORKING_DAYS: [Weekday; 5] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
];
const FIRST_DAY: Date = date(2026, 4, 1);
/// The values of the rouble: a good one, a small move, a large one, two jumps and an inverse.
const VALUES: [&str; 6] = ["6.00", "6.10", "7.20", "60.00", "600.00", "0.1667"];
/// The rows that do not move.
const OTHERS: [(&str, &str); 4] = [
    ("USD", "475.09"),
    ("EUR", "548.62"),
    ("CNY", "66.10"),
    ("GBP", "640.50"),
];
/// The steps of a run.
const STEPS_MAX: usize = 14;
/// The runs of a normal test: each of them opens some ten ledgers. `PROPTEST_CASES` sets another number.
const CASES: u32 = 24;

/// A step of a run.
#[derive(Debug, Clone)]
pub(in crate::commit) enum Step {
    /// A poll brings tables: the day and the value of each.
    Poll(Vec<(u8, usize)>),
    /// A backfill brings a table.
    Backfill(u8, usize),
    /// An operator releases or rejects one of the held values.
    Decide(usize, bool),
    /// Minutes pass.
    Wait(u16),
    /// The process is killed and started again.
    Kill,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let table = || (0..5_u8, 0..VALUES.len());
    let step = prop_oneof![
        5 => prop::collection::vec(table(), 1..4).prop_map(Step::Poll),
        1 => table().prop_map(|(day, value)| Step::Backfill(day, value)),
        3 => (0..4_usize, any::<bool>()).prop_map(|(which, releases)| Step::Decide(which, releases)),
        2 => (1..90_u16).prop_map(Step::Wait),
        2 => Just(Step::Kill),
    ];
    prop::collection::vec(step, 1..STEPS_MAX)
}

fn record() -> SourceRecord {
    let document = DocumentRecord {
        name: NBK.document,
        schedule: Schedule {
            hours: Hours {
                days: &WORKING_DAYS,
                opens: 14,
                closes: 18,
            },
            dating: DatingRule::NextDay,
            holidays: &[],
            feasts: MovingFeasts::NONE,
            exceptions: Exceptions::NONE,
            repeated_on: &[],
            valid_days: 1,
        },
        required: &[],
        typical_dollar: None,
        history: History::new(RevisionPolicy::Correction),
    };
    SourceRecord {
        id: NBK.source,
        name: "nbk",
        attribution: "",
        page: "",
        terms: "",
        home: Some(Currency::KZT),
        zone: TimeZone::UTC,
        documents: vec![document],
        attempted: false,
    }
}

fn table(day: u8, rouble: usize) -> Table {
    let effective_date = FIRST_DAY + i32::from(day).days();
    let rouble = ("RUB", VALUES[rouble]);
    let rows = OTHERS.into_iter().chain([rouble]).map(|(code, value)| {
        let currency = Currency::parse(code).unwrap();
        let fixing = Fixing {
            source: NBK.source,
            currency,
            units: 1,
            value: parse_decimal(value).unwrap(),
            home_currency: Currency::KZT,
            effective_date,
            published_change: None,
            superseded_value: None,
        };
        (currency, Arc::new(fixing))
    });
    Table {
        document: NBK.document,
        pivot: Currency::KZT,
        effective_date,
        as_of: None,
        rows: rows.collect(),
        dropped: Vec::new(),
    }
}

/// A commit task that a test steps, and the folder of its ledger.
pub(in crate::commit) struct World {
    folder: TempDir,
    now: Timestamp,
    pub(in crate::commit) commit: Commit,
}

impl World {
    pub(in crate::commit) async fn start(folder: TempDir, now: Timestamp) -> Self {
        let path = folder.path().join("silkrate.db");
        let ledger = BufferedLedger::open(Some(path), ClockKind::Replay).unwrap();
        let clock = Clock::replay_until(now, 1, now);
        let preferences = vec![Preference::Home];
        let (commit, _handle) = Commit::open(
            vec![record()],
            (preferences, RateFilter::default()),
            ledger,
            clock,
        )
        .await;
        assert!(commit.ledger.is_working());
        Self {
            folder,
            now,
            commit,
        }
    }

    /// The world after a kill at this moment: everything acknowledged is in the files.
    async fn killed(&self) -> Self {
        let copy = TempDir::new().unwrap();
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            let from = entry.unwrap().path();
            if !is_shared_memory(&from) {
                std::fs::copy(&from, copy.path().join(from.file_name().unwrap())).unwrap();
            }
        }
        Self::start(copy, self.now).await
    }

    pub(in crate::commit) async fn take(&mut self, step: &Step) {
        match step {
            Step::Poll(tables) => {
                let tables = tables.iter().map(|(day, value)| table(*day, *value));
                let submission = Submission {
                    source: NBK.source,
                    tables: tables.collect(),
                    intent: Intent::AnyDate,
                    attempt_ended: true,
                    is_live: true,
                    answered: Vec::new(),
                };
                self.commit.file(submission).await;
            }
            Step::Backfill(day, value) => {
                self.commit.backfill(NBK.source, table(*day, *value)).await;
            }
            Step::Decide(which, releases) => {
                let outcome = if *releases {
                    HeldOutcome::Released
                } else {
                    HeldOutcome::Rejected
                };
                let held = self.commit.book.held().nth(*which);
                let id = held.map(|held| held.id().to_string());
                if let Some(id) = id {
                    let decided = self.commit.decide(&id, None, outcome, "").await;
                    decided.unwrap();
                }
            }
            Step::Wait(minutes) => {
                self.now += SignedDuration::from_mins(i64::from(*minutes));
                self.commit.clock = Clock::replay_until(self.now, 1, self.now);
                self.commit.pass_time(self.now).await;
            }
            Step::Kill => {}
        }
    }

    /// Everything that decides what is served, now and later.
    fn state(&mut self) -> (String, String) {
        let served = format!("{:#?}", self.commit.board.snapshot());
        let history = self.commit.book.history(NBK).unwrap();
        (served, format!("{history:#?}"))
    }
}

/// The memory that the connections of a process share is not a file that a restart reads.
fn is_shared_memory(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "db-shm")
}

async fn run(steps: Vec<Step>) {
    let start = Timestamp::from_second(1_775_030_400).unwrap();
    let mut world = World::start(TempDir::new().unwrap(), start).await;
    for (number, step) in steps.iter().enumerate() {
        world.take(step).await;
        let mut again = world.killed().await;
        let (before, after) = (world.state(), again.state());
        assert_eq!(after.0, before.0, "what is served after step {number}");
        assert_eq!(after.1, before.1, "the history after step {number}");
        if matches!(step, Step::Kill) {
            world = again;
        }
    }
}

fn run_blocking(steps: Vec<Step>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(run(steps));
}

#[test]
fn a_value_held_after_another_one_of_its_row_was_rejected_is_held_after_a_kill() {
    run_blocking(vec![
        Step::Poll(vec![(0, 0)]),
        Step::Poll(vec![(1, 3)]),
        Step::Decide(0, false),
        Step::Poll(vec![(1, 4)]),
        Step::Kill,
        Step::Decide(0, false),
        Step::Poll(vec![(1, 3)]),
    ]);
}

#[test]
fn a_value_that_one_poll_holds_replaces_and_holds_again_is_held_after_a_kill() {
    run_blocking(vec![
        Step::Poll(vec![(0, 0)]),
        Step::Poll(vec![(1, 3), (1, 4), (1, 3)]),
        Step::Poll(vec![(1, 4), (1, 3)]),
    ]);
}

#[test]
fn a_value_that_two_polls_hold_and_replace_is_remembered_once() {
    run_blocking(vec![
        Step::Poll(vec![(0, 0), (4, 5), (4, 0)]),
        Step::Poll(vec![(4, 5), (4, 1)]),
    ]);
}

#[test]
fn a_pair_that_is_announced_is_served_before_and_after_a_kill_though_its_value_was_rejected_for_today()
 {
    run_blocking(vec![
        Step::Poll(vec![(4, 3), (4, 1), (0, 1)]),
        Step::Decide(0, false),
        Step::Decide(0, true),
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var_os("PROPTEST_CASES").map_or(CASES, |_set| ProptestConfig::default().cases),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_order_of_holds_decisions_corrections_and_kills_is_restored_exactly(steps in steps()) {
        run_blocking(steps);
    }
}
