//! The schedule against a slow implementation of the same rules.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::option::of;
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};
use proptest::prop_oneof;
use proptest::sample::select;
use silkrate::domain::{
    DatingRule, Freshness, FreshnessDates, FreshnessStatus, Outlook, Publication, Schedule,
};
use silkrate::sources::ALL;

use crate::year::banks::days_from;

/// A table that a schedule expects.
#[derive(Debug, Clone, Copy)]
struct Expected {
    publication: Publication,
    /// The date that it bears if the bank works on every day that may be a working day.
    earliest_date: Date,
    /// Whether the bank must publish it.
    is_due: bool,
}

/// Every table that a schedule expects within some months of a day. Which days these are is that of the schedule itself:
/// the days around moving feasts have their own tests.
fn publications(schedule: &Schedule, zone: &TimeZone, around: Date) -> Vec<Expected> {
    let at = |day: Date, hour: i8| {
        let midnight = day.at(0, 0, 0, 0);
        let clock_hour = midnight.checked_add(i64::from(hour).hours());
        zone.to_timestamp(clock_hour.unwrap()).unwrap()
    };
    let same_day = Schedule {
        dating: DatingRule::SameDay,
        ..*schedule
    };
    let first = around.checked_sub(120.days()).unwrap();
    let days = days_from(first).take(240);
    let days = days.filter(|day| {
        let before = day.yesterday().unwrap();
        same_day.next_date(before) == Some(*day)
    });
    let days: Vec<Date> = days.collect();
    let pairs = days.windows(2).map(|pair| (pair[0], pair[1]));
    let dated = |day: Date, next: Date| match schedule.dating {
        DatingRule::SameDay => day,
        DatingRule::NextDay => day.tomorrow().unwrap(),
        DatingRule::NextPublicationDay => next,
    };
    let possible = |day: Date| {
        let mut later = days_from(day).skip(1);
        later.find(|later| same_day.may_take_force_on(*later))
    };
    let publication = |(day, next): (Date, Date)| Expected {
        publication: Publication {
            effective_date: dated(day, next),
            opens: at(day, schedule.hours.opens),
            due: at(day, schedule.hours.closes),
        },
        earliest_date: dated(day, possible(day).unwrap()),
        is_due: schedule.is_publication_day(day),
    };
    pairs.map(publication).collect()
}

/// A document of a bank, an instant around the day on which Kazakhstan put its clocks back, and a date known about then.
fn a_moment() -> impl Strategy<Value = (Schedule, TimeZone, Timestamp, Date)> {
    let documents = ALL.iter().flat_map(|source| {
        let zone = TimeZone::get(source.zone).unwrap();
        let documents = source.documents.iter();
        documents.map(move |document| (document.schedule, zone.clone()))
    });
    let minutes = 0..(3 * 366 * 24 * 60_i64);
    let start: Timestamp = "2023-06-01T00:00:00Z".parse().unwrap();
    (
        select(documents.collect::<Vec<_>>()),
        minutes,
        prop_oneof![-40..12_i32, -3..4_i32],
    )
        .prop_map(move |((schedule, zone), minutes, days)| {
            // Many of the instants are full hours, as the ends of windows are.
            let minutes = if minutes % 3 == 0 {
                minutes
            } else {
                minutes / 60 * 60
            };
            let now = start.checked_add(minutes.minutes()).unwrap();
            let today = zone.to_datetime(now).date();
            (schedule, zone, now, today.checked_add(days.days()).unwrap())
        })
}

/// A table of a date in force, the newest of a bank that was last asked at an instant.
fn known(newest: Date, asked: Option<Timestamp>) -> FreshnessDates {
    FreshnessDates {
        effective_date: newest,
        fixed_on: newest,
        newest,
        printed: newest,
        asked,
    }
}

proptest! {
    #[test]
    fn an_outlook_agrees_with_the_slow_implementation((schedule, zone, now, newest) in a_moment()) {
        let all = publications(&schedule, &zone, zone.to_datetime(now).date());
        let wanted: Vec<_> = all.into_iter().filter(|one| one.earliest_date > newest).collect();
        let missed: Vec<_> = wanted.iter().filter(|one| one.is_due && one.publication.due <= now).collect();
        let next = wanted.iter().map(|one| one.publication);
        let mut next = next.filter(|one| one.due > now && one.effective_date > newest);
        let slow = Outlook {
            missed: u32::try_from(missed.len()).unwrap(),
            first_missed: missed.first().map(|first| first.publication),
            next: next.next(),
        };
        prop_assert_eq!(schedule.outlook(&zone, now, Some(newest)), slow);
    }

    #[test]
    fn the_dates_between_two_others_are_those_of_the_tables((schedule, zone, now, after) in a_moment()) {
        let before = zone.to_datetime(now).date();
        let all = publications(&schedule, &zone, before);
        let expected: Vec<_> = all.iter().map(|one| one.publication.effective_date).collect();
        let is_between = |date: &Date| *date > after && *date < before;
        let between = schedule.dates_between(after, before);
        for date in days_from(after).skip(1).take_while(is_between) {
            prop_assert_eq!(between.contains(&date), schedule.takes_force_on(date));
            prop_assert!(!schedule.takes_force_on(date) || expected.contains(&date));
            prop_assert!(schedule.may_take_force_on(date) || !expected.contains(&date));
        }
        prop_assert_eq!(between.len(), between.iter().filter(|date| is_between(date)).count());
        prop_assert_eq!(schedule.next_date(before), expected.into_iter().find(|date| *date > before));
    }

    #[test]
    fn nothing_changes_between_the_instants_of_change(
        (schedule, zone, now, newest) in a_moment(),
        back in 0..10_i32,
        asked_minutes_ago in of(0..40_000_i64),
    ) {
        let asked = asked_minutes_ago.map(|minutes| now.checked_sub(minutes.minutes()).unwrap());
        let effective_date = newest.checked_sub(back.days()).unwrap();
        let known = FreshnessDates { effective_date, ..known(newest, asked) };
        let next = schedule.next_change(&zone, now);
        let just_before = next.checked_sub(1.nanosecond()).unwrap();
        prop_assert!(now < next && next <= now.checked_add(25.hours()).unwrap());
        prop_assert_eq!(FreshnessStatus::of(&schedule, &zone, now, known), FreshnessStatus::of(&schedule, &zone, just_before, known));
        let outlook = |now| schedule.outlook(&zone, now, Some(newest));
        prop_assert_eq!(outlook(now), outlook(just_before));
    }

    #[test]
    fn a_known_table_never_gets_fresher_with_time(
        (schedule, zone, now, newest) in a_moment(),
        asked_minutes_ago in of(0..40_000_i64),
    ) {
        let asked = asked_minutes_ago.map(|minutes| now.checked_sub(minutes.minutes()).unwrap());
        let known = known(newest, asked);
        let mut age = FreshnessStatus::of(&schedule, &zone, now, known);
        let mut instant = now;
        for _ in 0..60 {
            instant = schedule.next_change(&zone, instant);
            let later = FreshnessStatus::of(&schedule, &zone, instant, known);
            prop_assert!(later.freshness >= age.freshness, "{:?} and then {:?}", age, later);
            if later.freshness == age.freshness {
                prop_assert_eq!(&later.reason, &age.reason, "a reason does not move with the day");
            }
            age = later;
        }
        prop_assert_eq!(age.freshness, Freshness::Stale, "a month without a table is stale");
    }
}
