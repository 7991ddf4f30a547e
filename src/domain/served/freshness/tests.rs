//! Freshness at the edges of the publication hours, of an outage, and of a silence.

use jiff::SignedDuration;
use jiff::civil::{Weekday, date};

use super::*;
use crate::domain::published::{DatingRule, Exceptions, Hours, MovingFeasts};

/// Monday to Friday, 14 to 19, tomorrow's table.
const DAILY: Schedule = Schedule {
    hours: Hours {
        days: &[
            Weekday::Monday,
            Weekday::Tuesday,
            Weekday::Wednesday,
            Weekday::Thursday,
            Weekday::Friday,
        ],
        opens: 14,
        closes: 19,
    },
    dating: DatingRule::NextDay,
    holidays: &[(4, 6)],
    feasts: MovingFeasts::NONE,
    exceptions: Exceptions::NONE,
    repeated_on: &[],
    valid_days: 1,
};

fn instant(local: &str) -> Timestamp {
    let zone = TimeZone::get("Asia/Almaty").unwrap();
    zone.to_timestamp(local.parse().unwrap()).unwrap()
}

/// The freshness at a local time in Almaty, UTC+5.
fn status(schedule: &Schedule, local: &str, known: FreshnessDates) -> FreshnessStatus {
    let zone = TimeZone::get("Asia/Almaty").unwrap();
    FreshnessStatus::of(schedule, &zone, instant(local), known)
}

/// A real fixing in force and the newest date, which the document has printed too; the bank was never asked.
fn known(effective_date: Date, newest: Date) -> FreshnessDates {
    FreshnessDates {
        effective_date,
        fixed_on: effective_date,
        newest,
        printed: newest,
        asked: None,
    }
}

fn age(schedule: &Schedule, local: &str, effective_date: Date, newest: Date) -> FreshnessStatus {
    status(schedule, local, known(effective_date, newest))
}

fn april(day: i8) -> Date {
    date(2026, 4, day)
}

#[test]
fn a_table_is_fresh_on_its_day_until_the_next_one_is_due() {
    // 2026-04-02 is a Thursday.
    let at = |local| age(&DAILY, local, april(2), april(2));
    assert_eq!(at("2026-04-02T18:59:59").freshness, Freshness::Fresh);
    assert_eq!(at("2026-04-02T18:59:59").reason, "");
    let late = at("2026-04-02T19:00:00");
    assert_eq!(late.freshness, Freshness::Late);
    assert_eq!(
        late.reason,
        "the table for 2026-04-03 was due by 2026-04-02 19:00 in Almaty; the bank has not been \
         reached since"
    );
    assert_eq!(late, at("2026-04-03T18:59:59"));
}

#[test]
fn a_bank_that_is_not_reached_for_a_day_after_the_due_hour_makes_its_table_stale() {
    let at = |local| age(&DAILY, local, april(2), april(2));
    let stale = at("2026-04-03T19:00:00");
    assert_eq!(stale.freshness, Freshness::Stale);
    assert_eq!(
        stale.reason,
        "nothing newer than 2026-04-02; the table for 2026-04-03 was due by 2026-04-02 19:00 in \
         Almaty; the bank has not been reached since 2026-04-02 19:00; stale since 2026-04-03 19:00"
    );
    assert_eq!(
        stale,
        at("2026-09-09T12:00:00"),
        "the reason does not move with the day"
    );
}

#[test]
fn a_bank_that_is_asked_and_shows_its_last_table_is_late_for_ten_days() {
    // It is asked after each hour at which a table was due.
    let at = |local: &str| {
        let asked = instant(local).checked_sub(SignedDuration::from_mins(1));
        let known = FreshnessDates {
            asked: asked.ok(),
            ..known(april(2), april(2))
        };
        status(&DAILY, local, known)
    };
    let late = at("2026-04-02T19:15:00");
    assert_eq!(late.freshness, Freshness::Late);
    assert_eq!(
        late.reason,
        "the table for 2026-04-03 was due by 2026-04-02 19:00 in Almaty; the bank was asked since \
         and still shows the table for 2026-04-02"
    );
    for local in [
        "2026-04-04T12:00:00",
        "2026-04-08T19:30:00",
        "2026-04-12T18:59:59",
    ] {
        assert_eq!(at(local), late, "{local}");
    }
    let stale = at("2026-04-12T19:00:00");
    assert_eq!(stale.freshness, Freshness::Stale);
    assert_eq!(
        stale.reason,
        format!("{}; stale since 2026-04-12 19:00", late.reason)
    );
}

#[test]
fn a_bank_that_falls_silent_after_it_was_asked_is_stale_a_day_after_the_next_due_hour() {
    // Asked on Thursday evening, and not reached since: Friday's table was due by Friday, 19:00.
    let at = |local| {
        let known = FreshnessDates {
            asked: Some(instant("2026-04-02T19:15:00")),
            ..known(april(2), april(2))
        };
        status(&DAILY, local, known)
    };
    assert_eq!(at("2026-04-04T18:59:59").freshness, Freshness::Late);
    let stale = at("2026-04-04T19:00:00");
    assert_eq!(stale.freshness, Freshness::Stale);
    assert_eq!(
        stale.reason,
        "nothing newer than 2026-04-02; the table for 2026-04-03 was due by 2026-04-02 19:00 in \
         Almaty; the bank has not been reached since 2026-04-03 19:00; stale since 2026-04-04 19:00"
    );
}

#[test]
fn an_answer_before_the_due_hour_tells_nothing_of_the_table_that_is_due() {
    let known = FreshnessDates {
        asked: Some(instant("2026-04-02T18:59:59")),
        ..known(april(2), april(2))
    };
    let at = |local| status(&DAILY, local, known).freshness;
    assert_eq!(at("2026-04-03T18:59:59"), Freshness::Late);
    assert_eq!(at("2026-04-03T19:00:00"), Freshness::Stale);
}

#[test]
fn a_value_that_newer_tables_lack_is_late_while_the_bank_goes_on_and_stale_after_ten_days() {
    // The table of the 13th is there, and the value is not in it.
    let at = |local, printed| {
        let known = FreshnessDates {
            printed,
            ..known(april(2), april(2))
        };
        status(&DAILY, local, known)
    };
    let late = at("2026-04-03T20:00:00", april(4));
    assert_eq!(late.freshness, Freshness::Late);
    assert_eq!(
        late.reason,
        "the table for 2026-04-03 was due by 2026-04-02 19:00 in Almaty; the bank's table for \
         2026-04-04 has no accepted value"
    );
    assert_eq!(
        at("2026-04-12T18:00:00", april(13)).freshness,
        Freshness::Late
    );
    assert_eq!(
        at("2026-04-12T19:00:00", april(13)).freshness,
        Freshness::Stale
    );
}

#[test]
fn a_table_stands_over_a_weekend_and_a_holiday() {
    // Friday brings Saturday's; Monday the 6th is a holiday, and Tuesday brings Wednesday's.
    let at = |local| age(&DAILY, local, april(4), april(4));
    assert_eq!(at("2026-04-04T23:59:59").freshness, Freshness::Fresh);
    let carried = at("2026-04-05T00:00:00");
    assert_eq!(carried.freshness, Freshness::CarriedOver);
    assert_eq!(
        carried.reason,
        "no table was due before the one for 2026-04-08; that of 2026-04-04 stands"
    );
    assert_eq!(carried, at("2026-04-07T18:59:59"));
    assert_eq!(at("2026-04-07T19:00:00").freshness, Freshness::Late);
}

#[test]
fn a_bank_that_announced_a_later_date_has_missed_nothing() {
    // On Thursday it announced the 13th: a holiday that is not in the calendar.
    let at = |local| age(&DAILY, local, april(9), april(13));
    let carried = at("2026-04-11T22:00:00");
    assert_eq!(carried.freshness, Freshness::CarriedOver);
    assert_eq!(
        carried.reason,
        "there is no table for 2026-04-10; that of 2026-04-09 stands"
    );
}

#[test]
fn what_is_only_announced_is_fresh() {
    let age = age(&DAILY, "2026-04-02T20:00:00", april(3), april(3));
    assert_eq!(age.freshness, Freshness::Fresh);
}

#[test]
fn a_weekly_table_is_fresh_for_seven_days() {
    let weekly = Schedule {
        hours: Hours {
            days: &[Weekday::Friday],
            ..DAILY.hours
        },
        valid_days: 7,
        ..DAILY
    };
    let at = |local| age(&weekly, local, april(4), april(4)).freshness;
    assert_eq!(at("2026-04-04T00:00:00"), Freshness::Fresh);
    assert_eq!(at("2026-04-10T18:59:59"), Freshness::Fresh, "the sixth day");
    assert_eq!(at("2026-04-10T19:00:00"), Freshness::Late);
    assert_eq!(at("2026-04-11T18:59:59"), Freshness::Late);
    assert_eq!(at("2026-04-11T19:00:00"), Freshness::Stale);
}

#[test]
fn a_repeated_fixing_is_carried_over_until_the_next_is_due() {
    let at = |local: &str| {
        let known = FreshnessDates {
            fixed_on: april(4),
            ..known(april(5), april(5))
        };
        status(&DAILY, local, known)
    };
    let carried = at("2026-04-05T12:00:00");
    assert_eq!(carried.freshness, Freshness::CarriedOver);
    assert_eq!(
        carried.reason,
        "the fixing of 2026-04-04 was repeated for 2026-04-05"
    );
    let late = at("2026-04-07T19:00:00");
    assert_eq!(
        late.reason,
        "the table for 2026-04-08 was due by 2026-04-07 19:00 in Almaty; the bank has not been \
         reached since"
    );
}
