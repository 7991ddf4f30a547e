//! What the domain says of polls, of freshness, of refusals and of sources.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use silkrate::domain::{
    Currency, Freshness, FreshnessStatus, OtherReplica, PollOutcome, PollReport, PollStatus,
    Polling, Preference, Reason, Refusal, RequestCount, SourceId, Table, answer_on, parse_decimal,
};

use crate::support::records::{PREFERENCES, Records};
use crate::values::{NBK, april, dollar};

#[test]
fn every_outcome_of_a_poll_has_a_name_of_its_own() {
    let names: Vec<&str> = PollOutcome::ALL
        .into_iter()
        .map(PollOutcome::as_str)
        .collect();
    assert_eq!(
        names,
        [
            "ok",
            "unreachable",
            "refused",
            "status",
            "unreadable",
            "no_table",
            "implausible",
            "budget_used_up",
        ]
    );
}

#[test]
fn requests_are_left_until_the_budget_of_the_day_is_used_up() {
    let left = |today, per_day| RequestCount { today, per_day }.left();
    assert_eq!(left(2, 10), 8);
    assert_eq!(left(10, 10), 0);
    assert_eq!(left(11, 10), 0, "the budget was made smaller");
}

#[test]
fn a_poll_leaves_its_result_its_plan_and_its_error() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let report = |second, outcome, error: Option<&str>| PollReport {
        attempted_at: Some(at(second)),
        next_attempt: at(second + 60),
        error: error.map(ToOwned::to_owned),
        outcome,
        requests: RequestCount {
            today: u32::try_from(second).unwrap(),
            per_day: 10,
        },
    };
    let failing = PollStatus::default()
        .after(report(1, PollOutcome::Status, Some("status 500")))
        .after(report(2, PollOutcome::Refused, Some("status 403")));
    assert_eq!(failing.polling, Polling::Failing);
    assert_eq!(failing.consecutive_failures, 2);
    assert_eq!(failing.last_error, "status 403");
    assert_eq!(failing.next_attempt, Some(at(62)));
    assert_eq!(failing.requests.today, 2);
    let put_off = failing.after(PollReport {
        attempted_at: None,
        ..report(3, PollOutcome::BudgetUsedUp, None)
    });
    assert_eq!(put_off.next_attempt, Some(at(63)));
    assert_eq!(put_off.last_attempt, Some(at(2)));
    let well = put_off.after(report(4, PollOutcome::Ok, None));
    assert_eq!(well.polling, Polling::Ok);
    assert_eq!(well.consecutive_failures, 0);
    assert_eq!(well.last_verified, Some(at(4)));
    assert_eq!(well.last_error, "status 403", "it is kept after recovery");
}

#[test]
fn two_legs_are_as_fresh_as_the_worse_one_and_give_both_reasons() {
    let status = |freshness, reason: &str| FreshnessStatus {
        freshness,
        reason: reason.to_owned(),
    };
    let late = status(Freshness::Late, "the table is missing");
    let stale = status(Freshness::Stale, "the bank is silent");
    let fresh = status(Freshness::Fresh, "");
    assert_eq!(late.clone().worse(stale.clone()), stale);
    assert_eq!(stale.clone().worse(late.clone()), stale);
    assert_eq!(late.clone().worse(late.clone()), late);
    assert_eq!(fresh.clone().worse(fresh.clone()), fresh);
    let other = status(Freshness::Late, "the host is away");
    assert_eq!(
        late.worse(other).reason,
        "the table is missing; the host is away"
    );
}

#[test]
fn the_first_source_with_a_table_in_force_answers_for_a_past_day() {
    let records = Records::default()
        .with("nbk", Some(Currency::KZT), vec![dollar(april(1), "475.09")])
        .with("nbkr", Some(Currency::KGS), Vec::new());
    let sources = || records.sources.values().rev().map(|source| &**source);
    let tenge = (Currency::KZT, Currency::USD);
    let (source, document, point) = answer_on(sources(), tenge, april(3)).unwrap();
    assert_eq!((source.id, document.name), (NBK, "daily"));
    assert_eq!(point.date, april(1));
    assert!(answer_on(sources(), tenge, april(1).yesterday().unwrap()).is_none());
    assert!(answer_on(sources(), (Currency::KGS, Currency::USD), april(3)).is_none());
}

#[test]
fn a_printed_change_from_the_table_before_proves_that_none_lies_between() {
    let gaps = |change: Option<&str>| {
        let mut second: Table = dollar(april(4), "476.00");
        for row in second.rows.values_mut() {
            Arc::make_mut(row).published_change = change.map(|text| parse_decimal(text).unwrap());
        }
        let tables = vec![dollar(april(1), "475.09"), second];
        let records = Records::default().with("nbk", Some(Currency::KZT), tables);
        let document = &records.sources[&NBK].documents[0];
        assert_eq!(document.missing_dates(april(1), april(4)).len(), 2);
        document.gaps_between(april(1), april(4))
    };
    assert_eq!(gaps(None), [april(2), april(3)]);
    assert_eq!(gaps(Some("0.40")), [april(2), april(3)]);
    assert_eq!(gaps(Some("0.91")), []);
}

#[test]
fn a_refusal_that_passes_says_when_to_ask_again() {
    let milliseconds = |refusal: &Refusal| {
        let delay = refusal.retry_delay()?;
        Some((delay.start().as_millis(), delay.end().as_millis()))
    };
    let quota = Refusal::QuotaExceeded {
        per_minute: 60,
        wait: Duration::from_secs(3),
    };
    for (refusal, first, last) in [
        (Refusal::Draining, 500, 1500),
        (Refusal::NoState(String::new()), 1000, 3000),
        (Refusal::StreamAged, 250, 750),
        (Refusal::TooManyStreams { streams_max: 3 }, 5000, 15_000),
        (Refusal::MemoryPressure, 5000, 15_000),
        (quota, 3000, 4000),
        (Refusal::AnswersUnread { bytes_max: 1 }, 1000, 3000),
        (Refusal::TooManyQueries(String::new()), 1000, 1000),
        (Refusal::LedgerUnavailable(String::new()), 60_000, 60_000),
    ] {
        assert_eq!(milliseconds(&refusal), Some((first, last)), "{refusal:?}");
    }
    assert_eq!(Refusal::InvalidPair.retry_delay(), None);
}

#[test]
fn another_replica_is_named_to_an_operator_with_its_address() {
    let told = |node: &str, address: &str| {
        let other = OtherReplica {
            node: node.to_owned(),
            address: address.to_owned(),
        };
        other.to_string()
    };
    assert!(told("", "").starts_with("no replica is known to lead now"));
    assert!(told("one", "").ends_with("; ask it there"));
    assert!(told("one", "http://10.0.0.1").ends_with(" at http://10.0.0.1"));
    assert_eq!(
        Reason::InvalidPair.to_string(),
        Reason::InvalidPair.as_str()
    );
}

#[test]
fn other_settings_keep_what_is_known_of_a_source() {
    let known =
        || Records::default().with("nbk", Some(Currency::KZT), vec![dollar(april(1), "475.09")]);
    let mut book = known().not_attempted("nbk").book();
    assert_eq!(book.preferences(), PREFERENCES);
    let others = Records::default()
        .with("nbk", Some(Currency::KZT), Vec::new())
        .with("nbkr", Some(Currency::KGS), Vec::new());
    let records = others.sources.values().map(|record| (**record).clone());
    let added = book.reconfigure(records.collect(), vec![Preference::Home]);
    assert_eq!(added, [SourceId::new("nbkr")]);
    assert_eq!(book.preferences(), [Preference::Home]);
    assert_eq!(book.tables().len(), 1);
    assert!(!book.find("nbk").unwrap().attempted);
    assert!(book.find("nbkr").unwrap().attempted);
}
