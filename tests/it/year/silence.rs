//! Banks that stop publishing: the instants at which they are late and stale, the missed tables, and the freshness of a row.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, date};
use silkrate::domain::{Currency, Freshness, SourceState};
use silkrate::sources::find;

use crate::year::banks::{BANKS, Bank, days_from};
use crate::year::{HOURS, Observed, age_of_pair, named, record};

impl Observed<'_> {
    /// Advances the time without polls, and returns the changes of freshness and of missed publications, each with its
    /// local time. Asserts that nothing changes between the instants of the schedule.
    fn pass_time(&self, from: DateTime, until: DateTime) -> Vec<String> {
        let mut now = self.instant(from);
        let mut states = Vec::new();
        let mut state = self.state(now);
        loop {
            let next = self.record().next_change(now);
            if next > self.instant(until) {
                return states;
            }
            let just_before = next.checked_sub(1.nanosecond()).unwrap();
            assert_eq!(self.state(just_before), state, "{just_before}");
            let row = age_of_pair(&self.sources, just_before, self.bank.pair);
            assert_eq!(Some(&row), state.freshness_status.as_ref());
            let before = line(&state);
            (now, state) = (next, self.state(next));
            let after = line(&state);
            if before != after {
                let local = self.record().zone.to_datetime(now);
                states.push(format!("{} {after}", local.strftime("%m-%d %H:%M:%S")));
            }
        }
    }
}

/// The freshness of a source, and its number of missed publications.
fn line(state: &SourceState) -> String {
    let age = state.freshness_status.as_ref().unwrap();
    format!("{:?} {}", age.freshness, state.missed_publications)
}

/// A bank and its document, the day from which it publishes nothing, until when it is observed, and the states that are
/// expected.
type Silence = (
    (&'static str, &'static str),
    (Date, DateTime),
    &'static [&'static str],
);

const fn evening(month: i8, day: i8) -> DateTime {
    date(2026, month, day).at(22, 0, 0, 0)
}

const SILENCES: [Silence; 8] = [
    (
        ("nbk", "daily"),
        (date(2026, 4, 2), evening(4, 7)),
        &[
            "04-02 19:00:00 Late 1",
            "04-03 19:00:00 Stale 2",
            "04-06 19:00:00 Stale 3",
            "04-07 19:00:00 Stale 4",
        ],
    ),
    (
        ("nbkr", "daily"),
        // Kurman Ait is about the 27th.
        (date(2026, 5, 23), evening(5, 27)),
        &[
            "05-24 00:00:00 CarriedOver 0",
            "05-25 19:00:00 Late 1",
            "05-26 19:00:00 Stale 1",
        ],
    ),
    (
        ("nbkr", "weekly"),
        (date(2026, 4, 10), evening(4, 20)),
        &[
            "04-10 19:00:00 Late 1",
            "04-11 19:00:00 Stale 1",
            "04-17 19:00:00 Stale 2",
        ],
    ),
    (
        ("cbu", "daily"),
        (date(2026, 4, 3), evening(4, 6)),
        &[
            "04-03 19:00:00 Late 1",
            "04-04 19:00:00 Stale 1",
            "04-06 19:00:00 Stale 2",
        ],
    ),
    // Idi Ramazon and Navruz, whose last two days fall on working days: no table is due before Monday the 30th.
    (
        ("nbt", "daily"),
        (date(2026, 3, 20), evening(3, 31)),
        &["03-30 19:00:00 Late 1", "03-31 19:00:00 Stale 2"],
    ),
    (
        ("cbt", "daily"),
        (date(2026, 4, 4), evening(4, 6)),
        &[
            "04-04 19:00:00 Late 1",
            "04-05 19:00:00 Stale 1",
            "04-06 19:00:00 Stale 2",
        ],
    ),
    // Through the new-year holidays nothing is due.
    (
        ("cbr", "daily"),
        (date(2025, 12, 31), evening(1, 14)),
        &[
            "01-01 00:00:00 CarriedOver 0",
            "01-12 21:00:00 Late 1",
            "01-13 21:00:00 Stale 2",
            "01-14 21:00:00 Stale 3",
        ],
    ),
    (
        ("market", "latest"),
        (date(2026, 4, 3), evening(4, 6)),
        &[
            "04-04 00:00:00 Late 1",
            "04-05 00:00:00 Stale 2",
            "04-06 00:00:00 Stale 3",
        ],
    ),
];

#[test]
fn a_silent_bank_is_late_and_stale_to_the_second() {
    for (bank, (day, until), states) in SILENCES {
        let mut observed = Observed::silent_from(named(bank), day);
        let from = day.at(0, 0, 0, 0);
        observed.poll_until(from);
        assert_eq!(observed.pass_time(from, until), states, "{bank:?}");
    }
}

#[test]
fn a_late_table_makes_the_source_fresh_again() {
    let mut observed = Observed::silent_from(named(("nbk", "daily")), date(2026, 4, 2));
    let evening = date(2026, 4, 2).at(20, 0, 0, 0);
    observed.poll_until(evening);
    assert_eq!(line(&observed.state(observed.instant(evening))), "Late 1");
    observed.appearances = observed.bank.appearances();
    observed.poll(evening);
    assert_eq!(line(&observed.state(observed.instant(evening))), "Fresh 0");
}

#[test]
fn each_row_ages_by_its_own_document() {
    let source = find("nbkr", "").unwrap();
    let mut record = record(source, &["daily", "weekly"]);
    // Both fell silent on Wednesday the 8th of April: the week's table of Saturday the 4th lives on.
    for bank in BANKS.iter().filter(|bank| bank.source == "nbkr") {
        let mut observed = Observed::silent_from(bank, date(2026, 4, 8));
        observed.poll_until(date(2026, 4, 8).at(0, 0, 0, 0));
        let mut documents = record.documents.iter_mut();
        let document = documents.find(|document| document.name == bank.document);
        document.unwrap().history = observed.record().documents[0].history.clone();
    }
    let zone = record.zone.clone();
    let sources = BTreeMap::from([(record.id, Arc::new(record))]);
    let age = |local: DateTime, code| {
        let now = zone.to_timestamp(local).unwrap();
        age_of_pair(&sources, now, (Currency::KGS, Currency::constant(code)))
    };
    let sixth_day = date(2026, 4, 10).at(18, 59, 59, 0);
    assert_eq!(age(sixth_day, "USD").freshness, Freshness::Stale);
    assert_eq!(age(sixth_day, "JPY").freshness, Freshness::Fresh);
}

#[test]
fn a_row_that_is_missing_from_newer_tables_ages_alone() {
    let bank = named(("cbr", "daily"));
    let without_tenge = Bank {
        rows: &["USD", "TJS"],
        ..*bank
    };
    let thursday = date(2026, 4, 2);
    let mut observed = Observed::new(bank);
    observed.poll_until(thursday.at(12, 0, 0, 0));
    observed.bank = &without_tenge;
    observed.poll(thursday.at(17, 0, 0, 0));
    let ages = |local: DateTime| {
        let now = observed.instant(local);
        let age = |home| age_of_pair(&observed.sources, now, (home, Currency::USD));
        let table = observed.state(now).freshness_status.unwrap().freshness;
        (
            age(Currency::KZT).freshness,
            age(Currency::TJS).freshness,
            table,
        )
    };
    // Its table for Friday was there in time, but for the tenge.
    let (late, fresh) = (Freshness::Late, Freshness::Fresh);
    assert_eq!(ages(thursday.at(20, 59, 59, 0)), (fresh, fresh, fresh));
    assert_eq!(ages(thursday.at(21, 0, 0, 0)), (late, fresh, fresh));
    let friday = date(2026, 4, 3);
    assert_eq!(ages(friday.at(12, 0, 0, 0)), (late, fresh, fresh));
    // The bank has shown that it was reached, so its tenge stands for ten days. Nothing tells so of Friday's table.
    assert_eq!(ages(friday.at(21, 0, 0, 0)), (late, late, late));
    let stale = Freshness::Stale;
    let saturday = date(2026, 4, 4);
    assert_eq!(ages(saturday.at(21, 0, 0, 0)), (stale, stale, stale));
}

#[test]
fn a_bank_that_is_reached_and_shows_its_last_table_is_late_for_ten_days_and_then_stale() {
    for bank in BANKS.iter().filter(|bank| bank.source != "market") {
        // Wednesday the 3rd of June: no feast and no holiday is near.
        let day = date(2026, 6, 3);
        let mut observed = Observed::silent_from(bank, day);
        observed.poll_until(day.at(0, 0, 0, 0));
        let mut stages: Vec<Freshness> = Vec::new();
        let mut first_late = None;
        for day in days_from(day).take_while(|day| *day < date(2026, 6, 30)) {
            for hour in 0..24 {
                let local = day.at(hour, 30, 0, 0);
                observed.poll(local);
                let state = observed.state(observed.instant(local));
                let status = state.freshness_status.unwrap();
                if status.freshness == Freshness::Late {
                    first_late.get_or_insert(local);
                    assert!(status.reason.contains("was asked since"), "{status:?}");
                }
                if stages.last() != Some(&status.freshness) {
                    stages.push(status.freshness);
                }
                if let Some(late) = first_late {
                    let days = late.until(local).unwrap().get_days();
                    let is_stale = status.freshness == Freshness::Stale;
                    assert_eq!(is_stale, days >= 10, "{} {local}: {status:?}", bank.source);
                }
            }
        }
        assert_eq!(stages.last(), Some(&Freshness::Stale), "{}", bank.source);
    }
}

#[test]
fn a_feast_that_begins_a_day_earlier_or_later_makes_no_bank_late() {
    // One more day off about each Eid of 2026, and none.
    let days_off = [
        "",
        "2026-03-19",
        "2026-03-24",
        "2026-05-26",
        "2026-05-28",
        "2026-05-29",
    ];
    let banks = BANKS.iter();
    for bank in banks.filter(|bank| ["nbkr", "cbu", "nbt"].contains(&bank.source)) {
        for day_off in days_off {
            let moved = Bank {
                days_off: format!("{} {day_off}", bank.days_off).leak(),
                ..*bank
            };
            let mut observed = Observed::new(&moved);
            observed.poll_until(date(2026, 3, 16).at(0, 0, 0, 0));
            for day in days_from(date(2026, 3, 16)).take_while(|day| *day < date(2026, 6, 8)) {
                for hour in HOURS {
                    let local = day.at(hour, 0, 0, 0);
                    observed.poll(local);
                    let state = observed.state(observed.instant(local));
                    let status = state.freshness_status.unwrap();
                    assert!(
                        status.freshness < Freshness::Late,
                        "{} {day_off} {local}: {status:?}",
                        bank.source
                    );
                }
            }
        }
    }
}
