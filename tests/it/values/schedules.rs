//! When a table may appear, and by which rule it is dated.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use silkrate::domain::{DatingRule, Hours, Schedule};
use silkrate::sources;

use crate::support::boards::{EVERY_DAY, noon};

/// A table of the next day on the afternoons from Monday to Friday.
const ON_WEEKDAYS: Schedule = Schedule {
    hours: Hours {
        days: sources::WORKING_DAYS,
        ..EVERY_DAY.hours
    },
    ..EVERY_DAY
};

/// 2 April 2026 is a Thursday.
fn april(day: i8) -> Date {
    date(2026, 4, day)
}

#[test]
fn a_table_is_awaited_on_the_days_of_publication_after_the_one_of_the_newest() {
    let awaits = |day, newest: Option<i8>| ON_WEEKDAYS.awaits(april(day), newest.map(april));
    assert!(awaits(2, Some(2)), "that of Friday");
    assert!(awaits(3, Some(2)));
    assert!(!awaits(2, Some(3)), "it is there");
    assert!(awaits(3, Some(3)), "that of Saturday");
    assert!(!awaits(4, Some(3)), "the bank is closed");
    assert!(!awaits(4, None));
    assert!(awaits(3, None));
}

#[test]
fn a_daily_table_for_a_later_day_may_be_dated_by_the_other_rule() {
    let other = |dating, valid_days| {
        let schedule = Schedule {
            dating,
            valid_days,
            ..ON_WEEKDAYS
        };
        let other = schedule.with_other_dating();
        other.map(|other| (other.dating, other.valid_days))
    };
    let (day, publication) = (DatingRule::NextDay, DatingRule::NextPublicationDay);
    assert_eq!(other(day, 1), Some((publication, 1)));
    assert_eq!(other(publication, 1), Some((day, 1)));
    assert_eq!(other(DatingRule::SameDay, 1), None);
    for dating in [day, publication, DatingRule::SameDay] {
        assert_eq!(other(dating, 7), None, "{dating:?}");
    }
}

#[test]
fn only_a_daily_table_for_a_later_day_teaches_its_rule_of_dating() {
    // A table of a Monday is that of the next day of publication after a Friday.
    let taught = |dating, valid_days| {
        let schedule = Schedule {
            dating,
            valid_days,
            ..ON_WEEKDAYS
        };
        schedule.taught_by([april(6)]).dating
    };
    let (day, publication) = (DatingRule::NextDay, DatingRule::NextPublicationDay);
    assert_eq!(taught(day, 1), publication);
    assert_eq!(taught(day, 7), day);
    assert_eq!(taught(DatingRule::SameDay, 1), DatingRule::SameDay);
    // One of a Saturday is that of the next day.
    let saturday = Schedule {
        dating: publication,
        ..ON_WEEKDAYS
    };
    assert_eq!(saturday.taught_by([april(4)]).dating, day);
}

#[test]
fn the_russian_bank_and_one_market_are_polled_for_the_newest_table_though_they_answer_by_date() {
    let documents = sources::ALL.iter().flat_map(|source| {
        let documents = source.documents.iter();
        documents.map(|document| (source.id.as_str(), source.kind, document))
    });
    let losing = documents.filter(|(.., document)| document.loses_sight_of_today());
    let losing: Vec<_> = losing.map(|(id, kind, _)| (id, kind)).collect();
    assert_eq!(losing, [("cbr", ""), ("market", "fawazahmed0")]);
}

#[test]
fn a_publication_is_the_next_one_until_the_moment_when_it_is_due() {
    let next = |now: Timestamp| {
        let outlook = ON_WEEKDAYS.outlook(&TimeZone::UTC, now, Some(april(1)));
        outlook.next.unwrap().effective_date
    };
    let thursday = ON_WEEKDAYS.outlook(&TimeZone::UTC, noon(april(1)), Some(april(1)));
    let due = thursday.next.unwrap().due;
    assert_eq!(next(due - SignedDuration::from_secs(1)), april(2));
    assert_eq!(next(due), april(3));
}
