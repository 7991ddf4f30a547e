//! The schedule against a slow implementation of the same rules.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};
use proptest::prop_oneof;
use proptest::sample::select;
use silkrate::domain::{
    DatingRule, Freshness, FreshnessDates, FreshnessStatus, Outlook, Publication, Schedule,
};
use silkrate::sources::ALL;

use crate::year::banks::days_from;

/// Every table that a schedule has within some months of a day.
fn publications(schedule: &Schedule, zone: &TimeZone, around: Date) -> Vec<Publication> {
    let publishes = |day: &Date| {
        let is_holiday = schedule.holidays.contains(&(day.month(), day.day()));
        schedule.hours.days.contains(&day.weekday()) && !is_holiday
    };
    let at = |day: Date, hour: i8| {
        let midnight = day.at(0, 0, 0, 0);
        let clock_hour = midnight.checked_add(i64::from(hour).hours());
        zone.to_timestamp(clock_hour.unwrap()).unwrap()
    };
    let first = around.checked_sub(120.days()).unwrap();
    let days = days_from(first).take(240).filter(publishes);
    let days: Vec<Date> = days.collect();
    let pairs = days.windows(2).map(|pair| (pair[0], pair[1]));
    let publication = |(day, next): (Date, Date)| Publication {
        effective_date: match schedule.dating {
            DatingRule::SameDay => day,
            DatingRule::NextDay => day.tomorrow().unwrap(),
            DatingRule::NextPublicationDay => next,
        },
        opens: at(day, schedule.hours.opens),
        due: at(day, schedule.hours.closes),
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

proptest! {
    #[test]
    fn an_outlook_agrees_with_the_slow_implementation((schedule, zone, now, newest) in a_moment()) {
        let all = publications(&schedule, &zone, zone.to_datetime(now).date());
        let wanted: Vec<_> = all.into_iter().filter(|one| one.effective_date > newest).collect();
        let missed: Vec<_> = wanted.iter().filter(|one| one.due <= now).collect();
        let slow = Outlook {
            missed: u32::try_from(missed.len()).unwrap(),
            first_missed: missed.first().map(|first| **first),
            next: wanted.iter().find(|one| one.due > now).copied(),
        };
        prop_assert_eq!(schedule.outlook(&zone, now, Some(newest)), slow);
    }

    #[test]
    fn the_dates_between_two_others_are_those_of_the_tables((schedule, zone, now, after) in a_moment()) {
        let before = zone.to_datetime(now).date();
        let all = publications(&schedule, &zone, before);
        let slow: Vec<_> = all.iter().map(|one| one.effective_date).collect();
        let between: Vec<_> = slow.iter().copied().filter(|date| *date > after && *date < before).collect();
        prop_assert_eq!(schedule.dates_between(after, before), between);
        prop_assert_eq!(schedule.takes_force_on(before), slow.contains(&before));
        prop_assert_eq!(schedule.next_date(before), slow.into_iter().find(|date| *date > before));
    }

    #[test]
    fn nothing_changes_between_the_instants_of_change(
        (schedule, zone, now, newest) in a_moment(),
        back in 0..10_i32,
    ) {
        let effective_date = newest.checked_sub(back.days()).unwrap();
        let known = FreshnessDates { effective_date, fixed_on: effective_date, newest };
        let next = schedule.next_change(&zone, now);
        let just_before = next.checked_sub(1.nanosecond()).unwrap();
        prop_assert!(now < next && next <= now.checked_add(25.hours()).unwrap());
        prop_assert_eq!(FreshnessStatus::of(&schedule, &zone, now, known), FreshnessStatus::of(&schedule, &zone, just_before, known));
        let outlook = |now| schedule.outlook(&zone, now, Some(newest));
        prop_assert_eq!(outlook(now), outlook(just_before));
    }

    #[test]
    fn a_known_table_never_gets_fresher_with_time((schedule, zone, now, newest) in a_moment()) {
        let known = FreshnessDates { effective_date: newest, fixed_on: newest, newest };
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
