//! What follows from a schedule, a fact a test.

use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
use jiff::civil::date;

use super::*;

mod calendars;

const WORKING_DAYS: &[Weekday] = &[Monday, Tuesday, Wednesday, Thursday, Friday];

/// Monday to Friday, 14 to 19, tomorrow's table; nothing on the 6th of April, a Monday.
const NEXT_DAY: Schedule = Schedule {
    hours: Hours {
        days: WORKING_DAYS,
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
/// The same, but on Thursday the 2nd of April Friday's table, and on that day Tuesday's.
const NEXT_PUBLICATION_DAY: Schedule = Schedule {
    dating: DatingRule::NextPublicationDay,
    ..NEXT_DAY
};
/// Every day the table of that day, whenever it comes.
const SAME_DAY: Schedule = Schedule {
    hours: Hours {
        days: &[
            Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday,
        ],
        opens: 0,
        closes: 24,
    },
    dating: DatingRule::SameDay,
    holidays: &[],
    feasts: MovingFeasts::NONE,
    exceptions: Exceptions::NONE,
    valid_days: 2,
    ..NEXT_DAY
};

fn april(day: i8) -> Date {
    date(2026, 4, day)
}

fn almaty() -> TimeZone {
    TimeZone::get("Asia/Almaty").unwrap()
}

fn at(zone: &TimeZone, local: &str) -> Timestamp {
    zone.to_timestamp(local.parse().unwrap()).unwrap()
}

/// How many are missed, the date of the first of them, and the date and the due time of the next one; in UTC.
fn outlook(schedule: &Schedule, local: &str, newest: Option<Date>) -> String {
    let zone = TimeZone::UTC;
    let Outlook {
        missed,
        first_missed,
        next,
    } = schedule.outlook(&zone, at(&zone, local), newest);
    let first = first_missed.map_or("-".to_owned(), |first| first.effective_date.to_string());
    let Publication {
        effective_date,
        opens,
        due,
    } = next.unwrap();
    let local = |instant| zone.to_datetime(instant).strftime("%d %H");
    format!(
        "missed {missed} from {first}, next {effective_date} in {}-{}",
        local(opens),
        local(due)
    )
}

#[test]
fn the_next_table_is_the_first_that_is_not_there() {
    let at = |local, day| outlook(&NEXT_DAY, local, Some(april(day)));
    assert_eq!(
        at("2026-04-02T09:00", 2),
        "missed 0 from -, next 2026-04-03 in 02 14-02 19"
    );
    assert_eq!(
        at("2026-04-02T16:00", 3),
        "missed 0 from -, next 2026-04-04 in 03 14-03 19"
    );
    assert_eq!(
        at("2026-04-03T16:00", 4),
        "missed 0 from -, next 2026-04-08 in 07 14-07 19",
        "a weekend and a holiday lie between"
    );
    assert_eq!(
        at("2026-04-05T16:00", 6),
        "missed 0 from -, next 2026-04-08 in 07 14-07 19",
        "tables repeated meanwhile bring it no nearer"
    );
}

#[test]
fn missed_tables_are_counted_from_the_end_of_their_hours() {
    let at = |local| outlook(&NEXT_DAY, local, Some(april(2)));
    assert_eq!(
        at("2026-04-02T18:59:59"),
        "missed 0 from -, next 2026-04-03 in 02 14-02 19"
    );
    assert_eq!(
        at("2026-04-02T19:00"),
        "missed 1 from 2026-04-03, next 2026-04-04 in 03 14-03 19"
    );
    assert_eq!(
        at("2026-04-03T19:00"),
        "missed 2 from 2026-04-03, next 2026-04-08 in 07 14-07 19"
    );
    assert_eq!(
        at("2026-04-07T18:59:59"),
        "missed 2 from 2026-04-03, next 2026-04-08 in 07 14-07 19"
    );
    assert_eq!(
        at("2026-04-30T20:00"),
        "missed 20 from 2026-04-03, next 2026-05-02 in 01 14-01 19",
        "22 working days, less the 1st and the holiday"
    );
}

#[test]
fn a_table_for_the_next_publication_day_skips_weekends_and_holidays() {
    let at = |local, day| outlook(&NEXT_PUBLICATION_DAY, local, Some(april(day)));
    assert_eq!(
        at("2026-04-03T12:00", 3),
        "missed 0 from -, next 2026-04-07 in 03 14-03 19"
    );
    assert_eq!(
        at("2026-04-03T19:00", 3),
        "missed 1 from 2026-04-07, next 2026-04-08 in 07 14-07 19"
    );
    assert_eq!(
        at("2026-04-03T19:00", 4),
        "missed 1 from 2026-04-07, next 2026-04-08 in 07 14-07 19",
        "a repeated table of Saturday is not Tuesday's"
    );
    assert_eq!(
        at("2026-04-05T12:00", 7),
        "missed 0 from -, next 2026-04-08 in 07 14-07 19"
    );
}

#[test]
fn a_bank_that_announced_a_date_beyond_a_pause_has_missed_nothing() {
    for schedule in [NEXT_DAY, NEXT_PUBLICATION_DAY] {
        let zone = TimeZone::UTC;
        let now = at(&zone, "2026-04-10T23:00");
        let outlook = schedule.outlook(&zone, now, Some(april(13)));
        assert_eq!((outlook.missed, outlook.first_missed), (0, None));
    }
}

#[test]
fn a_table_of_the_day_itself_is_due_when_the_day_ends() {
    let at = |local| outlook(&SAME_DAY, local, Some(april(2)));
    assert_eq!(
        at("2026-04-03T23:59:59"),
        "missed 0 from -, next 2026-04-03 in 03 00-04 00"
    );
    assert_eq!(
        at("2026-04-04T00:00"),
        "missed 1 from 2026-04-03, next 2026-04-04 in 04 00-05 00"
    );
}

#[test]
fn nothing_is_missing_before_the_first_table() {
    assert_eq!(
        outlook(&NEXT_DAY, "2026-04-03T20:00", None),
        "missed 0 from -, next 2026-04-08 in 07 14-07 19"
    );
}

#[test]
fn a_source_silent_for_ages_is_counted_for_ten_years() {
    let zone = TimeZone::UTC;
    let now = at(&zone, "2026-04-03T20:00");
    let outlook = NEXT_DAY.outlook(&zone, now, Some(date(1900, 1, 1)));
    assert!((2_600..2_620).contains(&outlook.missed), "{outlook:?}");
}

#[test]
fn a_schedule_knows_the_dates_its_tables_bear() {
    let dates = |schedule: &Schedule| schedule.dates_between(april(1), april(9));
    assert_eq!(dates(&NEXT_DAY), [2, 3, 4, 8].map(april));
    assert_eq!(dates(&NEXT_PUBLICATION_DAY), [2, 3, 7, 8].map(april));
    assert_eq!(dates(&SAME_DAY), [2, 3, 4, 5, 6, 7, 8].map(april));
    for schedule in [NEXT_DAY, NEXT_PUBLICATION_DAY, SAME_DAY] {
        let named = (2..9).map(april);
        let named: Vec<_> = named
            .filter(|date| schedule.takes_force_on(*date))
            .collect();
        assert_eq!(named, dates(&schedule));
        assert_eq!(schedule.dates_between(april(2), april(3)), []);
        assert_eq!(schedule.dates_between(april(9), april(1)), []);
        let ages = schedule.dates_between(date(1900, 1, 1), april(1));
        assert_eq!(ages.len(), 64, "as many as a history keeps");
    }
    assert_eq!(NEXT_DAY.next_date(april(4)), Some(april(8)));
    assert_eq!(NEXT_PUBLICATION_DAY.next_date(april(3)), Some(april(7)));
}

#[test]
fn a_repeated_table_is_looked_for_and_never_due() {
    let schedule = Schedule {
        repeated_on: &[Saturday],
        ..NEXT_DAY
    };
    assert!(schedule.is_polled_on(Friday) && schedule.is_polled_on(Saturday));
    assert!(!schedule.is_polled_on(Sunday));
    assert!(!schedule.is_publication_day(april(4)));
    assert!(!schedule.takes_force_on(april(5)));
}

#[test]
fn things_change_at_midnight_and_when_hours_or_patience_end() {
    let next = |schedule: &Schedule, local| {
        let zone = TimeZone::UTC;
        let next = schedule.next_change(&zone, at(&zone, local));
        zone.to_datetime(next).to_string()
    };
    assert_eq!(
        next(&NEXT_DAY, "2026-04-02T18:59:59"),
        "2026-04-02T19:00:00"
    );
    assert_eq!(
        next(&NEXT_DAY, "2026-04-02T19:00:00"),
        "2026-04-03T00:00:00"
    );
    assert_eq!(
        next(&NEXT_DAY, "2026-04-04T09:00:00"),
        "2026-04-04T19:00:00",
        "what was not there on Friday is stale on Saturday"
    );
    assert_eq!(
        next(&NEXT_DAY, "2026-04-05T19:00:00"),
        "2026-04-06T00:00:00"
    );
    assert_eq!(
        next(&NEXT_DAY, "2026-04-12T09:00:00"),
        "2026-04-12T19:00:00",
        "what was not there on Thursday the 2nd has been missing for ten days"
    );
    assert_eq!(
        next(&SAME_DAY, "2026-04-05T09:00:00"),
        "2026-04-06T00:00:00"
    );
}

#[test]
fn hours_are_counted_where_the_bank_is_also_when_its_clocks_are_put_back() {
    // Kazakhstan went from UTC+6 to UTC+5 when 2024-02-29, a Thursday, ended: its last hour came twice.
    let zone = almaty();
    let publication = |day| NEXT_DAY.publication(day, &zone).unwrap();
    let thursday = publication(date(2024, 2, 29));
    assert_eq!(thursday.due.to_string(), "2024-02-29T13:00:00Z");
    assert_eq!(thursday.effective_date, date(2024, 3, 1));
    let friday = publication(date(2024, 3, 1));
    assert_eq!(friday.opens.to_string(), "2024-03-01T09:00:00Z");
    assert_eq!(friday.due.to_string(), "2024-03-01T14:00:00Z");
    assert_eq!(
        NEXT_DAY.stale_if_unreached(&thursday).to_string(),
        "2024-03-01T13:00:00Z",
        "patience is counted in hours that pass"
    );
    let mut now: Timestamp = "2024-02-29T12:59:59Z".parse().unwrap();
    let changes: Vec<String> = std::iter::repeat_with(|| {
        now = NEXT_DAY.next_change(&zone, now);
        now.to_string()
    })
    .take(4)
    .collect();
    assert_eq!(
        changes,
        [
            "2024-02-29T13:00:00Z",
            "2024-02-29T19:00:00Z",
            "2024-03-01T13:00:00Z",
            "2024-03-01T14:00:00Z"
        ]
    );
    let until_midnight = Hours {
        closes: 24,
        ..NEXT_DAY.hours
    };
    let closing = until_midnight.closing(date(2024, 2, 29), &zone).unwrap();
    assert_eq!(closing.to_string(), "2024-02-29T19:00:00Z");
}

#[test]
fn the_first_missed_publication_since_an_answer_was_due_after_it() {
    let zone = TimeZone::UTC;
    let since = |now, asked: Option<&str>| {
        let asked = asked.map(|local| at(&zone, local));
        let found = NEXT_DAY.first_missed_since(&zone, at(&zone, now), april(2), asked);
        found.map(|publication| publication.effective_date)
    };
    // Friday's table was due on Thursday the 2nd; the 6th is a holiday.
    assert_eq!(since("2026-04-02T18:59:59", None), None, "none is missed");
    assert_eq!(since("2026-04-07T20:00:00", None), Some(april(3)));
    let early = Some("2026-04-02T18:59:59");
    assert_eq!(since("2026-04-07T20:00:00", early), Some(april(3)));
    let on_time = Some("2026-04-02T19:00:00");
    assert_eq!(since("2026-04-03T18:59:59", on_time), None);
    assert_eq!(since("2026-04-03T19:00:00", on_time), Some(april(4)));
    let friday = Some("2026-04-03T23:00:00");
    assert_eq!(since("2026-04-07T18:59:59", friday), None);
    assert_eq!(since("2026-04-07T19:00:00", friday), Some(april(8)));
}
