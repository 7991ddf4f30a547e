//! Laws of held values: what holds after any polls and any decisions.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::prop_oneof;
use rust_decimal::Decimal;
use silkrate::domain::{Book, Currency, DocumentKey, HeldId, HeldOutcome, Intent, Table};

use crate::held::{NBK, Row, nbk};
use crate::support::boards::noon;
use crate::support::records::Records;

const FIRST: Date = date(2026, 4, 1);
const DAYS: i32 = 6;
/// The values of the rouble: good ones, a large move and one near it, jumps and an inverse.
const VALUES: [&str; 8] = [
    "6.00", "6.05", "6.10", "7.20", "7.30", "60.00", "600.00", "0.1667",
];
/// The change that the bank prints: none, or that of some of the values.
const CHANGES: [&str; 4] = ["", "0.05", "1.20", "-0.10"];

/// How many polls of two tables in turn may change anything: each is filed or held, replaced, held again, released after
/// half an hour, and the other one held as the one that came back.
const CHANGES_MAX: usize = 8;

/// How often the two tables are polled: long enough for half an hour to pass twice.
const POLLS: usize = 130;

/// A step of a run.
#[derive(Debug, Clone)]
enum Step {
    /// A poll brings the table of a day, with one of the values and one of the changes.
    Poll(i32, usize, usize),
    /// An operator releases or rejects one of the held values.
    Decide(usize, bool),
    /// Minutes pass.
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..DAYS, 0..VALUES.len(), 0..CHANGES.len())
            .prop_map(|(day, value, change)| Step::Poll(day, value, change)),
        2 => (0..4_usize, any::<bool>()).prop_map(|(which, releases)| Step::Decide(which, releases)),
        2 => (1..90_i64).prop_map(Step::Wait),
    ];
    vec(step, 1..40)
}

/// The table of a day. Two of its rows move a little every day, so that none repeats another.
fn with_rouble(day: i32, value: usize, change: usize) -> Table {
    const DOLLARS: [&str; 6] = ["475.09", "475.20", "474.80", "475.00", "475.31", "474.99"];
    const EUROS: [&str; 6] = ["548.62", "548.10", "549.00", "548.95", "548.60", "548.01"];
    let of_day = usize::try_from(day).unwrap();
    let rows: [Row; 4] = [
        ("USD", 1, DOLLARS[of_day], ""),
        ("EUR", 1, EUROS[of_day], ""),
        ("CNY", 1, "66.10", ""),
        ("RUB", 1, VALUES[value], CHANGES[change]),
    ];
    nbk(FIRST + day.days(), &rows)
}

/// A book, the time, and what the operator rejected in it.
struct World {
    book: Book,
    now: Timestamp,
    rejected: BTreeSet<(HeldId, Decimal)>,
}

impl World {
    fn new() -> Self {
        let book = Records::default().with("nbk", Some(Currency::KZT), Vec::new());
        Self {
            book: book.book(),
            now: noon(FIRST + DAYS.days()),
            rejected: BTreeSet::new(),
        }
    }

    /// Files a table. Returns whether it changed anything.
    fn poll(&mut self, table: Table) -> bool {
        let filed = self.book.file(NBK, table, Intent::AnyDate, self.now);
        !filed.unwrap().is_empty()
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Poll(day, value, change) => {
                self.poll(with_rouble(*day, *value, *change));
            }
            Step::Decide(which, releases) => {
                let held = self.book.held().nth(*which).map(std::sync::Arc::clone);
                let Some(held) = held else { return };
                let outcome = if *releases {
                    HeldOutcome::Released
                } else {
                    self.rejected.insert((held.id(), held.fixing.value));
                    HeldOutcome::Rejected
                };
                let id = held.id().to_string();
                self.book.decide(&id, None, outcome, "").unwrap();
            }
            Step::Wait(minutes) => self.now += SignedDuration::from_mins(*minutes),
        }
    }

    /// The filed roubles: date and value.
    fn filed(&mut self) -> Vec<(HeldId, Decimal)> {
        let key = DocumentKey {
            source: NBK,
            document: "daily",
        };
        let history = self.book.history(key).unwrap();
        let tables = history.kept_dates().filter_map(|date| history.table(date));
        let rows = tables.flat_map(|table| table.rows.iter());
        let rows = rows.map(|(code, row)| {
            let id = HeldId {
                source: NBK,
                document: "daily",
                effective_date: row.effective_date,
                currency: *code,
            };
            (id, row.value)
        });
        rows.collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rejected_value_is_never_filed_for_its_date(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
            let filed = world.filed();
            let wrong: Vec<_> = filed.iter().filter(|row| world.rejected.contains(row)).collect();
            prop_assert!(wrong.is_empty(), "{:?}", wrong);
            let held = world.book.held();
            let mut held = held.map(|held| (held.id(), held.fixing.value));
            prop_assert!(held.all(|value| !world.rejected.contains(&value)));
        }
    }

    #[test]
    fn a_table_that_is_polled_again_at_once_changes_nothing(
        steps in steps(),
        (day, value, change) in (0..DAYS, 0..VALUES.len(), 0..CHANGES.len()),
    ) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.poll(with_rouble(day, value, change));
        prop_assert!(!world.poll(with_rouble(day, value, change)));
    }

    #[test]
    fn two_tables_of_one_date_that_come_in_turn_are_settled_in_a_few_polls(
        steps in steps(),
        day in 0..DAYS,
        pair in proptest::array::uniform2((0..VALUES.len(), 0..CHANGES.len())),
        minutes in 1..60_i64,
    ) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        let mut changed = Vec::new();
        for poll in 0..POLLS {
            let (value, change) = pair[poll % 2];
            if world.poll(with_rouble(day, value, change)) {
                changed.push(poll);
            }
            world.now += SignedDuration::from_mins(minutes);
        }
        prop_assert!(changed.len() <= CHANGES_MAX, "{:?}", changed);
        let late = changed.iter().filter(|poll| **poll > POLLS / 2);
        prop_assert_eq!(late.count(), 0, "{:?}", changed);
    }
}
