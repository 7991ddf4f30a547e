//! What the past costs: requests for missed tables and for what a ledger has already leave the budget of the day to the table of
//! the day.

use std::time::Duration;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use silkrate::budget::RequestCounts;
use silkrate::clock::Clock;

use crate::support::april::nbk_path;
use crate::support::lone_poller::{Asked, LonePoller, QuietBank, on_paused_clock, use_up};

/// A minute takes a second.
const SPEED: u32 = 60;
/// A Thursday. Eight tables are missed in the two weeks before it.
const DAY: Date = date(2026, 4, 23);
const TOMORROW: Date = date(2026, 4, 24);
const ALWAYS: Timestamp = Timestamp::MIN;

fn clock(now: &str) -> Clock {
    Clock::replay(now.parse().unwrap(), SPEED)
}

fn path(date: Date) -> String {
    nbk_path(&date.strftime("%d.%m.%Y").to_string())
}

/// The first answer with a table of a date.
fn seen(asked: &[Asked], date: Date) -> Option<Timestamp> {
    let path = path(date);
    let mut asked = asked.iter();
    let first = asked.find(|asked| asked.path == path && asked.has_table);
    first.map(|asked| asked.at)
}

#[test]
fn a_bank_that_denies_its_tables_is_not_asked_for_each_that_is_known() {
    on_paused_clock(async {
        // Ten in the morning in Almaty.
        let clock = clock("2026-04-23T05:00:00Z");
        let bank = QuietBank::new(&clock, &[]);
        let known: Vec<_> = DAY
            .series(jiff::ToSpan::days(-1))
            .skip(1)
            .take(12)
            .collect();
        let counts = RequestCounts::in_memory();
        let poller = LonePoller::start(&bank, &known, (100, &counts)).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        poller.kill().await;
        let asked: Vec<_> = bank.asked().into_iter().map(|asked| asked.path).collect();
        let expected = [DAY, DAY.yesterday().unwrap(), TOMORROW].map(path);
        assert_eq!(asked, expected);
    });
}

#[test]
fn missed_tables_leave_half_of_the_budget_until_the_table_of_the_day_is_there() {
    on_paused_clock(async {
        // Five past two in the afternoon in Almaty. The table of the next day comes at four.
        let clock = clock("2026-04-23T09:05:00Z");
        let published: Timestamp = "2026-04-23T11:00:00Z".parse().unwrap();
        let known = [date(2026, 4, 8), date(2026, 4, 9), date(2026, 4, 22), DAY];
        let tables = known.map(|date| (date, ALWAYS));
        let tables = [&tables[..], &[(TOMORROW, published)]].concat();
        let bank = QuietBank::new(&clock, &tables);
        let counts = RequestCounts::in_memory();
        let poller = LonePoller::start(&bank, &known, (30, &counts)).await;
        // Until half past three, and until eight.
        for (seconds, is_there) in [(85, false), (270, true)] {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            let asked = bank.asked();
            let of_past = asked
                .iter()
                .filter(|asked| ![DAY, TOMORROW].map(path).contains(&asked.path));
            let of_past = of_past.count();
            assert!(of_past >= 8, "each is asked for");
            assert!(is_there || of_past <= 15, "{of_past}");
            let found = seen(&asked, TOMORROW);
            assert_eq!(found.is_some(), is_there, "{asked:#?}");
            if let Some(found) = found {
                let late = found.duration_since(published);
                assert!(late <= SignedDuration::from_mins(16), "{late:?}");
            }
        }
        poller.kill().await;
        assert!(bank.asked().len() <= 30);
    });
}

#[test]
fn the_table_before_that_in_force_is_fetched_when_the_table_of_the_day_is_there() {
    on_paused_clock(async {
        // The same afternoon, after more than half of the budget. The ledger is empty.
        let clock = clock("2026-04-23T09:05:00Z");
        let before = date(2026, 4, 22);
        let published: Timestamp = "2026-04-23T11:00:00Z".parse().unwrap();
        let tables = [(before, ALWAYS), (DAY, ALWAYS), (TOMORROW, published)];
        let bank = QuietBank::new(&clock, &tables);
        let counts = RequestCounts::in_memory();
        use_up(&bank, 60, &counts);
        let poller = LonePoller::start(&bank, &[], (100, &counts)).await;
        tokio::time::sleep(Duration::from_secs(4 * 60)).await;
        poller.kill().await;
        let asked = bank.asked();
        assert!(seen(&asked, DAY).is_some_and(|at| at < published));
        let next = seen(&asked, TOMORROW).unwrap();
        assert!(
            seen(&asked, before).is_some_and(|at| at > next),
            "{asked:#?}"
        );
    });
}

#[test]
fn a_process_that_is_killed_again_and_again_keeps_to_the_budget_and_finds_the_table_of_the_day() {
    for (minutes, per_day) in [(10, 100), (30, 40)] {
        on_paused_clock(async {
            // From midnight to midnight in Almaty.
            let clock = clock("2026-04-22T19:00:00Z");
            let published: Timestamp = "2026-04-23T10:42:00Z".parse().unwrap();
            let known = [date(2026, 4, 8), date(2026, 4, 9), date(2026, 4, 22), DAY];
            let tables = known.map(|date| (date, ALWAYS));
            let tables = [&tables[..], &[(TOMORROW, published)]].concat();
            let bank = QuietBank::new(&clock, &tables);
            let counts = RequestCounts::in_memory();
            for _start in 0..(24 * 60 / minutes) {
                let poller = LonePoller::start(&bank, &known, (per_day, &counts)).await;
                tokio::time::sleep(Duration::from_secs(minutes)).await;
                poller.kill().await;
            }
            let asked = bank.asked();
            assert!(asked.len() <= usize::try_from(per_day).unwrap());
            let midnight: Timestamp = "2026-04-23T19:00:00Z".parse().unwrap();
            let found = seen(&asked, TOMORROW);
            assert!(
                found.is_some_and(|at| at < midnight),
                "{minutes} {per_day}: {found:?}"
            );
        });
    }
}
