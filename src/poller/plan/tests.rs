//! Plans for one bank that publishes tomorrow's table from Monday to Friday, between 14 and 19.

use jiff::ToSpan;
use jiff::civil::{date, time};
use proptest::prelude::*;

use super::*;
use crate::sources::{cbr, market, nbk, nbkr};

const MINUTE: Duration = Duration::from_secs(60);
/// A Thursday; its table is dated 3 April.
const TODAY: Date = date(2026, 4, 2);

/// The bank with the tables up to a date, the last of which were first seen at these times.
fn plan(newest: Date, seen_at: &[Time]) -> Plan {
    let zone = TimeZone::get("Asia/Almaty").unwrap();
    let mut plan = Plan::new(zone, MINUTE * 15, nbk::SOURCE.documents);
    let known = (0..20).rev().map(|back: i64| newest - back.days());
    plan.documents[0].known = known.collect();
    plan.documents[0].seen_at = seen_at.to_vec();
    plan
}

/// Fifteen times about a quarter to four, within three minutes.
fn seen() -> Vec<Time> {
    (0..15).map(|day| time(15, 42 + day % 6, 0, 0)).collect()
}

fn at(plan: &Plan, hour: i8, minute: i8) -> Timestamp {
    let local = TODAY.at(hour, minute, 0, 0);
    plan.zone.to_timestamp(local).unwrap()
}

/// The minutes to the next poll; 0 for less than one.
fn minutes(plan: &Plan, hour: i8, minute: i8) -> u64 {
    plan.interval(at(plan, hour, minute)).as_secs() / 60
}

fn requests(today: u32) -> RequestCount {
    RequestCount {
        today,
        per_day: 100,
    }
}

#[test]
fn polls_are_dense_where_tables_were_first_seen_until_todays_is_there() {
    let awaited = plan(TODAY, &seen());
    let dense = awaited.interval(at(&awaited, 15, 45));
    assert_eq!(dense, Duration::from_secs(30));
    assert_eq!(
        awaited.interval(at(&awaited, 15, 37)).as_secs(),
        45,
        "five minutes before the first three"
    );
    assert_eq!(minutes(&awaited, 15, 29), 2, "a quarter of an hour before");
    assert_eq!(minutes(&awaited, 14, 45), 15, "an hour before");
    assert_eq!(
        minutes(&awaited, 14, 0),
        42,
        "hourly, but not past the denser polls"
    );
    assert_eq!(minutes(&awaited, 9, 0), 120);
    assert_eq!(
        minutes(&awaited, 18, 30),
        15,
        "late, in the publication hours"
    );
    assert_eq!(minutes(&awaited, 19, 0), 60, "overdue");
    let there = plan(TODAY.tomorrow().unwrap(), &seen());
    assert_eq!(minutes(&there, 15, 45), 60);
    assert_eq!(minutes(&there, 22, 0), 60);
}

#[test]
fn a_source_of_which_nothing_is_known_is_polled_at_its_interval_in_its_hours() {
    let new = plan(TODAY, &[]);
    assert_eq!(minutes(&new, 14, 0), 15);
    assert_eq!(minutes(&new, 18, 59), 15);
    assert_eq!(
        minutes(&new, 12, 30),
        90,
        "the opening is not slept through"
    );
    assert_eq!(minutes(&new, 13, 55), 15);
    let empty = Plan::new(new.zone.clone(), MINUTE * 15, nbk::SOURCE.documents);
    assert_eq!(
        minutes(&empty, 3, 0),
        60,
        "hourly while there is no table at all"
    );
}

#[test]
fn a_day_off_has_sparse_polls_and_a_holiday_on_a_weekday_hourly_ones() {
    let mut off = plan(date(2026, 4, 5), &seen());
    let saturday = date(2026, 4, 4).at(15, 45, 0, 0);
    let interval = |plan: &Plan, local| plan.interval(plan.zone.to_timestamp(local).unwrap());
    assert_eq!(interval(&off, saturday), MINUTE * 120);
    // 8 March 2027 is a Monday and a holiday.
    off.documents[0].known = vec![date(2027, 3, 7), date(2027, 3, 8)];
    let holiday = date(2027, 3, 8);
    assert_eq!(interval(&off, holiday.at(18, 0, 0, 0)), MINUTE * 60);
    assert_eq!(interval(&off, holiday.at(15, 45, 0, 0)), MINUTE * 15);
}

#[test]
fn a_shorter_interval_than_the_plans_holds_everywhere() {
    let mut plan = plan(TODAY, &seen());
    plan.interval = Duration::from_secs(10);
    assert_eq!(plan.interval(at(&plan, 15, 45)), Duration::from_secs(10));
    assert_eq!(plan.interval(at(&plan, 9, 0)), Duration::from_secs(80));
}

#[test]
fn back_off_is_at_most_an_hour_and_does_not_sleep_through_the_expected_minutes() {
    let plan = plan(TODAY, &seen());
    let longest = |hour, minute| plan.longest_interval(at(&plan, hour, minute)).as_secs() / 60;
    assert_eq!(longest(15, 45), 5);
    assert_eq!(longest(14, 50), 37, "up to the minutes of every two");
    assert_eq!(longest(18, 30), 60);
}

#[test]
fn a_search_requests_the_missing_table_alone_and_every_hour_all_are_requested() {
    let plan = plan(TODAY, &seen());
    let document = &nbk::SOURCE.documents[0];
    let now = at(&plan, 15, 45);
    let selectors = |scope| plan.selectors(document, scope, now);
    assert_eq!(selectors(PollScope::Missing), [TableSelector::Tomorrow]);
    assert_eq!(selectors(PollScope::All), document.polls);
    let before = |minutes: i64| Some(now - minutes.minutes());
    assert_eq!(plan.scope(now, before(59)), PollScope::Missing);
    assert_eq!(plan.scope(now, before(60)), PollScope::All);
    assert_eq!(plan.scope(now, None), PollScope::All);
}

#[test]
fn once_a_later_table_is_known_that_of_today_is_requested_by_its_date_every_hour() {
    let tomorrow = TODAY.tomorrow().unwrap();
    let selectors = |document: &Document, newest, scope| {
        let zone = TimeZone::get("Asia/Almaty").unwrap();
        let mut plan = Plan::new(zone, MINUTE * 15, std::slice::from_ref(document));
        plan.documents[0].known = vec![TODAY.yesterday().unwrap(), newest];
        plan.selectors(document, scope, at(&plan, 18, 0))
    };
    let document = &cbr::SOURCE.documents[0];
    let latest = TableSelector::Latest;
    assert_eq!(selectors(document, TODAY, PollScope::All), [latest]);
    let later = selectors(document, tomorrow, PollScope::All);
    assert_eq!(later, [latest, TableSelector::Today]);
    assert_eq!(selectors(document, tomorrow, PollScope::Missing), []);
    // The one is asked by date in every poll, and the other has no addresses of dates.
    for source in [&nbk::SOURCE, &nbkr::SOURCE] {
        let document = &source.documents[0];
        let later = selectors(document, tomorrow, PollScope::All);
        assert_eq!(later, document.polls);
    }
}

#[test]
fn after_the_clock_was_set_back_all_tables_are_requested() {
    let plan = plan(TODAY, &seen());
    let now = at(&plan, 15, 45);
    assert_eq!(plan.scope(now, Some(now + 720.hours())), PollScope::All);
}

#[test]
fn the_budget_of_a_market_lasts_until_the_end_of_the_day_at_any_interval() {
    let midnight = Timestamp::constant(1_775_088_000, 0);
    let documents = market::APILAYER.documents;
    for (interval, polls) in [(MINUTE, 100), (MINUTE * 5, 100), (MINUTE * 60, 24)] {
        let plan = Plan::new(TimeZone::UTC, interval, documents);
        let (mut now, mut used) = (midnight, 0);
        let mut longest = Duration::ZERO;
        while now < later(midnight, HOUR * 24) {
            used += 1;
            let due = later(now, plan.interval(now));
            let next = plan.within_budget(due, now, requests(used));
            longest = longest.max(between(now, next));
            now = next;
        }
        assert!(used.abs_diff(polls) <= 1, "{interval:?}: {used}");
        assert!(
            longest <= interval.max(MINUTE * 15),
            "{interval:?}: {longest:?}"
        );
    }
}

#[test]
fn a_restart_polls_a_market_at_once_while_the_budget_allows_its_interval() {
    let plan = Plan::new(TimeZone::UTC, HOUR, market::APILAYER.documents);
    let noon = at(&plan, 12, 0);
    assert_eq!(plan.within_budget(noon, noon, requests(12)), noon);
}

#[test]
fn a_table_counts_as_seen_live_if_the_poll_before_succeeded_not_long_ago() {
    let plan = plan(TODAY, &seen());
    let now = at(&plan, 15, 45);
    assert!(plan.is_live(now, Some(now - 2.hours())));
    assert!(!plan.is_live(now, Some(now - 3.hours())));
    assert!(
        !plan.is_live(now, Some(now + 1.hours())),
        "the clock was set back"
    );
    assert!(!plan.is_live(now, None));
}

#[test]
fn a_budget_that_runs_short_makes_polls_rarer_and_an_empty_one_ends_them_for_the_day() {
    let plan = plan(TODAY, &seen());
    let now = at(&plan, 15, 45);
    let wait = |used| {
        let due = later(now, plan.interval(now));
        between(now, plan.within_budget(due, now, requests(used))).as_secs()
    };
    assert_eq!([wait(10), wait(50), wait(70)], [30, 60, 120]);
    // Eight hours and a quarter are left, and eight requests, of which two go into each poll.
    assert_eq!(wait(92), 99 * 60);
    let midnight = plan
        .zone
        .to_timestamp(date(2026, 4, 3).at(0, 0, 0, 0))
        .unwrap();
    for used in [100, 101] {
        assert_eq!(
            plan.within_budget(later(now, MINUTE), now, requests(used)),
            midnight
        );
    }
}

#[test]
fn half_of_the_budget_is_kept_for_the_publication() {
    let plan = plan(TODAY, &seen());
    let night = at(&plan, 3, 0);
    let due = later(night, MINUTE * 10);
    assert_eq!(plan.within_budget(due, night, requests(40)), due);
    let opening = at(&plan, 14, 0);
    assert_eq!(plan.within_budget(due, night, requests(49)), opening);
}

#[test]
fn the_past_leaves_half_of_the_budget_until_the_table_of_the_day_is_there() {
    let (awaited, there) = (
        plan(TODAY, &seen()),
        plan(TODAY.tomorrow().unwrap(), &seen()),
    );
    let most = |plan: &Plan, hour, minute| {
        let now = at(plan, hour, minute);
        (0..=100)
            .rev()
            .find(|used| plan.is_past_affordable(now, requests(*used)))
    };
    // Two requests go into a poll for all tables.
    assert_eq!(most(&awaited, 3, 0), Some(48), "before the publication");
    assert_eq!(most(&awaited, 15, 45), Some(49), "while it is searched");
    assert_eq!(most(&awaited, 22, 0), Some(49), "while it is late");
    assert_eq!(most(&there, 15, 45), Some(86), "an eighth, for corrections");
    assert_eq!(most(&there, 22, 0), Some(94), "two polls, for two hours");
    let saturday = date(2026, 4, 4).at(15, 45, 0, 0);
    let off = plan(date(2026, 4, 5), &seen());
    let saturday = off.zone.to_timestamp(saturday).unwrap();
    assert!(off.is_past_affordable(saturday, requests(80)));
}

proptest! {
    /// Whatever happened on the day, the plan never asks for a poll that the budget cannot pay, nor for one in the past, and
    /// it never leaves a bank alone for more than two hours while there is enough.
    #[test]
    fn a_plan_is_never_in_the_past_and_never_beyond_the_budget(
        newest in 0_i64..4,
        seen in proptest::collection::vec((0_i8..24, 0_i8..60), 0..15),
        (hour, minute) in (0_i8..24, 0_i8..60),
        used in 0_u32..=110,
        delay in 0_u64..20_000,
    ) {
        let seen: Vec<Time> = seen.iter().map(|(hour, minute)| time(*hour, *minute, 0, 0)).collect();
        let plan = plan(TODAY + (newest - 1).days(), &seen);
        let now = at(&plan, hour, minute);
        let (interval, longest) = (plan.interval(now), plan.longest_interval(now));
        prop_assert!(interval >= Duration::from_secs(30) && interval <= MINUTE * 120);
        prop_assert!(longest >= interval && longest <= MINUTE * 120);
        let due = later(now, Duration::from_secs(delay));
        let next = plan.within_budget(due, now, requests(used));
        prop_assert!(next >= due);
        let is_today = plan.zone.to_datetime(next).date() == TODAY;
        prop_assert!(used < 100 || !is_today);
        // The same knowledge gives the same plan.
        prop_assert_eq!(plan.clone().within_budget(due, now, requests(used)), next);
        prop_assert!(used > 25 || next <= due.max(later(now, MINUTE * 2)));
    }
}
