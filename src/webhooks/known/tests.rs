//! Which differences are events.

use jiff::civil::date;
use rust_decimal::Decimal;

use super::*;
use crate::domain::{Change, Currency, Fixing, RateFilter, SourceId, parse_decimal};

fn decimal(text: &str) -> Decimal {
    parse_decimal(text).unwrap()
}

fn webhook(min_change_percent: Option<&str>) -> Webhook {
    Webhook {
        name: "desk".to_owned(),
        url: "https://news.example/".to_owned(),
        pairs: RateFilter::parse(&["USD/KZT"]).unwrap(),
        events: EventKind::ALL.to_vec(),
        min_change_percent: min_change_percent.map(decimal),
        secrets: Vec::new(),
        timeout: std::time::Duration::from_secs(10),
    }
}

/// A rate of a day in April, against a reference of the day before.
fn rate(day: i8, reference: &str, value: &str) -> Rate {
    Rate {
        value: decimal(value),
        source: "nbk".to_owned(),
        effective_date: Some(date(2026, 4, day)),
        fixings: vec![fixing("nbk", day)],
        change: Change::since(decimal(reference), date(2026, 4, day - 1), decimal(value)),
        ..Rate::identity(Currency::USD)
    }
}

fn fixing(source: &'static str, day: i8) -> Arc<Fixing> {
    Arc::new(Fixing {
        source: SourceId::new(source),
        currency: Currency::USD,
        units: 1,
        value: Decimal::ONE,
        home_currency: Currency::KZT,
        effective_date: date(2026, 4, day),
        published_change: None,
        superseded_value: None,
    })
}

fn fact(state: &str, told: Option<&str>) -> Fact {
    Fact {
        state: state.to_owned(),
        told: told.map(str::to_owned),
        since: None,
        unseen: BTreeSet::new(),
        sent: BTreeSet::new(),
    }
}

/// A rate whose legs were fixed on these days.
fn crossed([base, quote]: [i8; 2]) -> Content {
    let rate = Rate {
        source: "nbk+nbkr".to_owned(),
        fixings: vec![fixing("nbk", base), fixing("nbkr", quote)],
        ..rate(base.min(quote), "5.4", "5.41")
    };
    Content::Rate(Box::new(rate))
}

#[test]
fn a_change_is_an_event_from_the_limit_on_in_either_direction() {
    let known = fact("100", None);
    let is_event = |limit, value| {
        let rate = Content::Rate(Box::new(rate(2, "100", value)));
        is_event(&webhook(limit), Some(&known), false, value, &rate)
    };
    for (value, events) in [
        ("100.01", [true, true, false]),
        ("100.9999", [true, true, false]),
        ("101", [true, true, true]),
        ("99", [true, true, true]),
        ("99.001", [true, true, false]),
    ] {
        let found = [None, Some("0"), Some("1.00")].map(|limit| is_event(limit, value));
        assert_eq!(found, events, "{value}");
    }
}

#[test]
fn the_correction_of_a_value_that_was_sent_is_sent_whatever_its_size() {
    let subject = |kind| Subject {
        kind,
        name: "USD/KZT".to_owned(),
    };
    let is_event = |known: Known, day| {
        let rate = Content::Rate(Box::new(rate(day, "100", "100.2")));
        let change = subject(EventKind::Change);
        let is_correction = known.is_correction(&change, "100.2", &rate);
        let known = known.facts.get(&change);
        is_event(&webhook(Some("1")), known, is_correction, "100.2", &rate)
    };
    let served = |fact| Known::from_iter([(subject(EventKind::Change), fact)]);
    assert!(is_event(served(fact("102", Some("nbk 2026-04-02"))), 2));
    assert!(!is_event(served(fact("102", Some("nbk 2026-04-02"))), 3));
    assert!(!is_event(served(fact("102", Some("cbr 2026-04-02"))), 2));
    assert!(!is_event(served(fact("102", None)), 2));

    // It was sent as announced, and is corrected in the moment in which it takes force.
    let announced = |state, told| {
        let announced = (subject(EventKind::Announced), fact(state, told));
        let served = (subject(EventKind::Change), fact("100", None));
        Known::from_iter([announced, served])
    };
    let told = Some("nbk 2026-04-03");
    assert!(is_event(announced("2026-04-03 102", told), 3));
    assert!(!is_event(announced("2026-04-03 100.2", told), 3), "known");
    assert!(!is_event(announced("2026-04-03 102", told), 4));
    assert!(!is_event(announced("2026-04-03 102", None), 3));
}

#[test]
fn a_move_of_one_leg_is_no_correction_of_what_was_sent_while_both_were_of_the_day_of_the_other() {
    let subject = Subject {
        kind: EventKind::Change,
        name: "KGS/KZT".to_owned(),
    };
    let sent = Fact {
        since: Some(date(2026, 4, 3)),
        ..fact("5.4", crossed([3, 3]).fixing().as_deref())
    };
    let known = Known::from_iter([(subject.clone(), sent)]);
    let is_correction = |days| known.is_correction(&subject, "5.41", &crossed(days));
    assert!(is_correction([3, 3]));
    assert!(!is_correction([4, 3]) && !is_correction([3, 4]));
}

#[test]
fn what_was_sent_of_two_rows_is_known_with_both_dates_and_in_a_file_of_version_1_with_the_earlier_one()
 {
    for days in [[3, 2], [2, 3]] {
        let rate = crossed(days);
        assert_eq!(
            rate.fixing().as_deref(),
            Some("nbk+nbkr 2026-04-02 2026-04-03")
        );
        let of_version_1 = fact("5.4", Some("nbk+nbkr 2026-04-02"));
        assert!(rate.was_told(&of_version_1));
        let of_both = Fact {
            since: Some(date(2026, 4, 2)),
            ..of_version_1
        };
        assert!(!rate.was_told(&of_both), "both rows were of the second");
    }
    let of_another = fact("5.4", Some("nbk+nbkr 2026-04-03"));
    assert!(!crossed([3, 2]).was_told(&of_another));
    assert!(!crossed([3, 2]).was_told(&fact("5.4", None)));
}

#[test]
fn a_change_that_is_unknown_has_reached_no_limit() {
    let unknown = Rate {
        change: None,
        ..rate(2, "100", "150")
    };
    let unknown = Content::Rate(Box::new(unknown));
    let known = fact("100", None);
    assert!(!is_event(
        &webhook(Some("0")),
        Some(&known),
        false,
        "150",
        &unknown
    ));
    assert!(is_event(
        &webhook(None),
        Some(&known),
        false,
        "150",
        &unknown
    ));
}

#[test]
fn a_pair_of_which_nothing_is_known_has_not_changed() {
    let new = Content::Rate(Box::new(rate(2, "100", "150")));
    assert!(!is_event(&webhook(None), None, false, "150", &new));
}

#[test]
fn another_value_that_is_announced_is_an_event_at_once_and_the_same_value_is_none() {
    let announced = |value, limit| {
        let rate = rate(2, "100", "100.5");
        let change = Change::since(rate.value, date(2026, 4, 2), decimal(value));
        let announced = Announced {
            value: decimal(value),
            effective_date: date(2026, 4, 3),
            change,
        };
        let rate = Content::Announced(Box::new(Rate {
            announced: Some(announced),
            ..rate
        }));
        let told = fact("2026-04-03 102", Some("nbk 2026-04-03"));
        let known = [None, Some(&told)];
        known.map(|known| is_event(&webhook(limit), known, known.is_some(), value, &rate))
    };
    assert_eq!(announced("101", None), [true, true]);
    assert_eq!(announced("101", Some("1")), [false, true], "a correction");
    assert_eq!(announced("102", Some("1")), [true, true]);
    assert_eq!(announced("100.50", None), [false, true], "a correction");
}

#[test]
fn lateness_is_an_event_when_it_grows() {
    let grows = |from, to| lateness(to) > lateness(from);
    assert!(grows("on_time", "late") && grows("late", "stale") && grows("on_time", "stale"));
    assert!(!grows("stale", "late") && !grows("late", "on_time"));
}
