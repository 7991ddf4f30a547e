//! Days that settings name, days around moving feasts, and what the dates of tables teach.

use jiff::civil::{Date, date};

use super::*;

#[test]
fn the_days_that_the_settings_name_precede_every_other_rule() {
    // A Monday becomes a holiday; the Saturday before it and the holiday of the 6th become working days.
    const EXCEPTIONS: Exceptions = Exceptions {
        holidays: &[date(2026, 4, 13)],
        working_days: &[date(2026, 4, 6), date(2026, 4, 11)],
    };
    let with = |schedule| Schedule {
        exceptions: EXCEPTIONS,
        ..schedule
    };
    let dates = |schedule: &Schedule| schedule.dates_between(april(3), april(16));
    assert_eq!(
        dates(&with(NEXT_DAY)),
        [4, 7, 8, 9, 10, 11, 12, 15].map(april)
    );
    assert_eq!(
        dates(&with(NEXT_PUBLICATION_DAY)),
        [6, 7, 8, 9, 10, 11, 14, 15].map(april)
    );
    assert_eq!(
        outlook(
            &with(NEXT_PUBLICATION_DAY),
            "2026-04-10T20:00",
            Some(april(10))
        ),
        "missed 1 from 2026-04-11, next 2026-04-14 in 11 14-11 19"
    );
}

/// Monday to Friday the next publication day's table, with three days of each Eid.
const WITH_FEASTS: Schedule = Schedule {
    feasts: MovingFeasts {
        eid_al_fitr: 3,
        eid_al_adha: 3,
        nowruz: 1,
    },
    ..NEXT_PUBLICATION_DAY
};

fn march(day: i8) -> Date {
    date(2026, 3, day)
}

#[test]
fn around_a_moving_feast_a_table_is_possible_and_not_due() {
    // Eid al-Fitr: Friday the 20th, with a tolerance on the 19th, and replaced days until the 24th and a tolerance on the 25th.
    for schedule in [
        WITH_FEASTS,
        Schedule {
            dating: DatingRule::NextDay,
            ..WITH_FEASTS
        },
    ] {
        let days = (9..=31).map(march);
        let due = days
            .clone()
            .filter(|day| schedule.is_publication_day(*day))
            .map(Date::day);
        assert_eq!(
            due.collect::<Vec<_>>(),
            [9, 10, 11, 12, 13, 16, 17, 18, 26, 27, 30, 31]
        );
        let odd = days.filter(|date| !schedule.may_take_force_on(*date));
        assert_eq!(
            odd.count(),
            if schedule.dating == DatingRule::NextDay {
                7
            } else {
                6
            },
            "the weekends, or the days after them"
        );
    }
}

#[test]
fn whether_a_bank_publishes_through_a_feast_or_rests_it_has_missed_nothing_until_the_feast_is_over()
{
    let at = |local, newest| outlook(&WITH_FEASTS, local, Some(march(newest)));
    for newest in [19, 20, 23, 24, 25, 26] {
        let evening = at("2026-03-25T23:00", newest);
        assert!(evening.starts_with("missed 0"), "{newest}: {evening}");
    }
    assert_eq!(
        at("2026-03-26T19:00", 20),
        "missed 1 from 2026-03-27, next 2026-03-30 in 27 14-27 19"
    );
    assert_eq!(
        at("2026-03-26T19:00", 27),
        "missed 0 from -, next 2026-03-30 in 27 14-27 19"
    );
}

#[test]
fn a_monday_after_a_holiday_on_a_weekend_is_perhaps_a_day_off() {
    let schedule = Schedule {
        holidays: &[(3, 8)],
        ..NEXT_DAY
    };
    // The 8th of March 2026 is a Sunday.
    assert!(!schedule.is_publication_day(march(9)));
    assert!(schedule.may_take_force_on(march(10)));
    assert!(schedule.is_publication_day(march(10)));
    assert!(schedule.is_publication_day(march(16)));
}

#[test]
fn the_newest_date_that_fits_one_rule_alone_teaches_how_tables_are_dated() {
    let taught = |schedule: Schedule, days: &[i8]| {
        let dates = days.iter().map(|day| date(2026, 9, *day));
        schedule.taught_by(dates).dating
    };
    let (next_day, next_publication_day) = (DatingRule::NextDay, DatingRule::NextPublicationDay);
    for (schedule, known) in [
        (NEXT_DAY, next_day),
        (NEXT_PUBLICATION_DAY, next_publication_day),
    ] {
        // The 7th is a Monday, the 26th a Saturday.
        assert_eq!(taught(schedule, &[]), known);
        assert_eq!(taught(schedule, &[25, 24, 23, 22]), known, "both rules fit");
        assert_eq!(taught(schedule, &[26, 25]), next_day);
        assert_eq!(taught(schedule, &[29, 26, 25, 7]), next_day);
        assert_eq!(taught(schedule, &[8, 7, 4, 3]), next_publication_day);
        assert_eq!(taught(schedule, &[28, 26]), next_publication_day);
        assert_eq!(taught(schedule, &[27]), known, "a Sunday fits neither");
    }
    let long_ago = [date(2026, 10, 28), date(2026, 9, 26)];
    let taught_long_ago = NEXT_PUBLICATION_DAY.taught_by(long_ago).dating;
    assert_eq!(taught_long_ago, next_publication_day);
    assert_eq!(taught(SAME_DAY, &[26]), DatingRule::SameDay);
}
