//! The values of the domain by themselves: the names that are written down, ranges and routes, and what a history and a book
//! answer about what they keep.

mod answers;
mod entries;
mod figures;
mod past;
mod schedules;
mod served;
mod snapshots;
mod states;
mod windows;

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use silkrate::domain::{
    Cause, Check, Currency, DateRange, DecidedBy, DocumentKey, Field, FilterError, FirstSeen,
    HeldOutcome, History, HistoryStep, Intent, Pair, Refusal, RevisionPolicy, SourceId, TABLES_MAX,
    Table, TablePart, counterparts,
};

use crate::support::boards::{EVERY_DAY, noon};
use crate::support::records::{Quotes, Records, table};

const NBK: SourceId = SourceId::new("nbk");

/// A table of the Kazakh bank with one row for each code.
fn nbk(day: Date, rows: &[(&'static str, u32, &str)]) -> Table {
    table("nbk", Quotes::InHome(Currency::KZT), day, rows)
}

fn dollar(day: Date, value: &str) -> Table {
    nbk(day, &[("USD", 1, value)])
}

fn april(day: i8) -> Date {
    date(2026, 4, day)
}

#[test]
fn a_cause_is_read_again_by_its_name_and_its_source() {
    let of_tables = [
        (Cause::Poll(NBK), "poll"),
        (Cause::CatchUp(NBK), "catch_up"),
        (Cause::Backfill(NBK), "backfill"),
    ];
    for (cause, name) in of_tables {
        assert_eq!(cause.as_str(), name);
        assert_eq!(cause.source(), Some(NBK));
        assert_eq!(Cause::parse(name, Some(NBK)), Some(cause));
        assert_eq!(Cause::parse(name, None), None, "a table is of a source");
    }
    let others = [
        (Cause::Clock, "clock"),
        (Cause::Operator, "operator"),
        (Cause::Start, "start"),
    ];
    for (cause, name) in others {
        assert_eq!(cause.as_str(), name);
        assert_eq!(cause.source(), None);
        assert_eq!(Cause::parse(name, None), Some(cause));
    }
    assert_eq!(Cause::parse("whim", Some(NBK)), None);
}

#[test]
fn checks_and_decisions_are_read_again_by_their_names() {
    for check in Check::ALL {
        assert_eq!(Check::parse(check.as_str()), Some(check));
    }
    assert_eq!(Check::parse("weather"), None);
    let outcomes = [
        (HeldOutcome::Released, "released"),
        (HeldOutcome::Rejected, "rejected"),
        (HeldOutcome::Overtaken, "overtaken"),
        (HeldOutcome::Replaced, "replaced"),
    ];
    for (outcome, name) in outcomes {
        assert_eq!(outcome.as_str(), name);
        assert_eq!(HeldOutcome::parse(name), Some(outcome));
    }
    assert_eq!(HeldOutcome::parse("lost"), None);
    for (by, name) in [(DecidedBy::Rule, "rule"), (DecidedBy::Operator, "operator")] {
        assert_eq!(by.as_str(), name);
        assert_eq!(DecidedBy::parse(name), Some(by));
    }
    assert_eq!(DecidedBy::parse("chance"), None);
    assert_eq!(HistoryStep::parse("day"), Some(HistoryStep::Day));
    assert_eq!(HistoryStep::parse("fixing"), Some(HistoryStep::Fixing));
    assert_eq!(HistoryStep::parse("hour"), None);
}

#[test]
fn a_refusal_names_the_field_that_is_wrong_and_what_is_exhausted() {
    let in_filter = |error| Refusal::InvalidFilter(error).field();
    assert_eq!(Refusal::InvalidPair.field(), Some(Field::Pair));
    assert_eq!(
        in_filter(FilterError::TooManyPairs { count: 999 }),
        Some(Field::FilterPairs)
    );
    assert_eq!(Refusal::ReversedDates.field(), Some(Field::StartDate));
    assert_eq!(
        Refusal::InvalidDate(Field::EndDate).field(),
        Some(Field::EndDate)
    );
    let table = Refusal::InvalidTable {
        part: TablePart::Rows,
        message: "no rows".into(),
    };
    assert_eq!(table.field(), Some(Field::Table(TablePart::Rows)));
    assert_eq!(Refusal::MemoryPressure.field(), None);

    let quota = Refusal::QuotaExceeded {
        per_minute: 60,
        wait: Duration::from_secs(1),
    };
    let exhausted = [
        (Refusal::TooManyStreams { streams_max: 3 }, "streams", false),
        (
            Refusal::TooManyClientStreams { streams_max: 3 },
            "streams of a client",
            true,
        ),
        (quota, "requests a minute of a client", true),
        (Refusal::MemoryPressure, "memory", false),
    ];
    for (refusal, what, is_of_client) in exhausted {
        assert_eq!(refusal.quota(), Some(what));
        assert_eq!(refusal.is_of_client(), is_of_client, "{what}");
    }
    assert_eq!(Refusal::InvalidPair.quota(), None);
    assert!(!Refusal::InvalidPair.is_of_client());
}

#[test]
fn a_range_has_both_of_its_ends_and_nothing_beyond() {
    let range = |first, last| DateRange {
        first: april(first),
        last: april(last),
    };
    let days = range(2, 5);
    let contained: Vec<i8> = (1..=6).filter(|day| days.contains(april(*day))).collect();
    assert_eq!(contained, [2, 3, 4, 5]);
    assert_eq!(days.intersection(range(4, 9)), Some(range(4, 5)));
    assert_eq!(range(4, 9).intersection(days), Some(range(4, 5)));
    assert_eq!(days.intersection(range(5, 9)), Some(range(5, 5)));
    assert_eq!(days.intersection(range(6, 9)), None);
}

#[test]
fn a_cross_has_two_legs_and_a_currency_in_itself_none() {
    let legs = |pair| Pair::parse(pair).unwrap().legs();
    let tenge = (Currency::KZT, Currency::USD);
    assert_eq!(legs("KZT/USD"), [tenge]);
    assert_eq!(legs("USD/KZT"), [tenge]);
    assert_eq!(legs("KZT/KGS"), [tenge, (Currency::KGS, Currency::USD)]);
    assert_eq!(legs("KZT/KZT"), []);
    assert_eq!(legs("EUR/USD"), []);
}

#[test]
fn two_of_the_five_are_counterparts_where_the_dollar_is_known_in_both() {
    let [tenge, som, dollar] = [Currency::KZT, Currency::KGS, Currency::USD];
    let euro = Currency::constant("EUR");
    let of = |currency, known: &[_]| {
        let found = counterparts(currency, known, |price| known.contains(price));
        found
            .into_iter()
            .map(|other| other.to_string())
            .collect::<Vec<_>>()
    };
    let both = [(tenge, dollar), (tenge, euro), (som, dollar)];
    assert_eq!(of(tenge, &both), ["EUR", "KGS", "USD"]);
    assert_eq!(of(som, &both), ["KZT", "USD"]);
    assert_eq!(of(dollar, &both), ["KGS", "KZT"]);
    assert_eq!(of(euro, &both), ["KZT"], "no cross of the euro is served");
    let one = [(tenge, dollar), (som, euro)];
    assert_eq!(of(tenge, &one), ["USD"]);
    assert_eq!(of(som, &one), ["EUR"]);
}

#[test]
fn a_message_for_programmers_shows_codes_and_ids() {
    let pair = Pair::parse("KZT/USD").unwrap();
    let shown = [
        (format!("{:?}", Currency::KZT), "KZT"),
        (format!("{pair:?}"), "KZT/USD"),
        (format!("{NBK:?}"), "nbk"),
    ];
    for (shown, text) in shown {
        assert!(shown.contains(text), "{shown}");
    }
}

#[test]
fn tables_are_compared_by_their_rows_and_not_their_dates() {
    let rows = [("EUR", 1, "550.00"), ("USD", 1, "475.09")];
    let one = nbk(april(1), &rows);
    let changed = nbk(april(2), &[("EUR", 1, "550.00"), ("USD", 1, "475.10")]);
    let shorter = nbk(april(2), &rows[1..]);
    let other = nbk(april(2), &[("EUR", 1, "550.00"), ("RUB", 1, "475.09")]);
    let pivoted = table("nbk", Quotes::InHome(Currency::KGS), april(2), &rows);
    assert!(one.same_values(&nbk(april(2), &rows)));
    assert!(one.same_currencies(&changed));
    for (table, what) in [
        (&shorter, "shorter"),
        (&other, "other"),
        (&pivoted, "pivot"),
    ] {
        assert!(!one.same_currencies(table), "{what}");
        assert!(!one.same_values(table), "{what}");
        assert!(!table.same_values(&one), "{what}");
    }
    assert!(!one.same_values(&changed));
}

#[test]
fn a_history_keeps_the_newest_tables_and_says_which_it_would() {
    let mut history = History::new(RevisionPolicy::Correction);
    assert!(history.would_keep(april(1)), "there is room");
    assert_eq!(history.oldest_filed(), None);
    let first = date(2020, 1, 1);
    let dates = first.series(jiff::ToSpan::days(1));
    let dates: Vec<Date> = dates.take(TABLES_MAX).collect();
    for (number, day) in dates.iter().enumerate() {
        history.insert(dollar(*day, &format!("475.{number:03}")));
        assert_eq!(history.has_reference(*day), number > 0);
    }
    assert_eq!(
        history.oldest_date(),
        Some(first),
        "the last one still fits"
    );
    assert_eq!(history.oldest_filed(), Some(first));
    assert!(
        !history.would_keep(first),
        "it is the oldest, and there is no room"
    );
    assert!(history.would_keep(dates[1]));
    history.insert(dollar(april(1), "480"));
    assert_eq!(history.oldest_date(), Some(dates[1]));
    assert_eq!(history.oldest_filed(), Some(first));
    assert!(!history.would_keep(first), "it was dropped");
    assert!(!history.would_keep(dates[1]));
    assert!(history.would_keep(april(2)));
    history.record_filed(date(2019, 1, 1));
    history.record_filed(april(3));
    assert_eq!(history.oldest_filed(), Some(date(2019, 1, 1)));
}

#[test]
fn a_repeated_table_is_no_reference() {
    let mut history = History::new(RevisionPolicy::Correction);
    history.insert(dollar(april(1), "475.09"));
    history.insert(dollar(april(2), "475.09"));
    assert!(!history.has_reference(april(2)));
    history.insert(dollar(april(3), "476"));
    assert!(!history.has_reference(april(2)));
    assert!(history.has_reference(april(3)));
}

#[test]
fn a_book_finds_its_sources_documents_and_tables() {
    let records = Records::default()
        .with("nbk", Some(Currency::KZT), vec![dollar(april(1), "475.09")])
        .with("nbkr", Some(Currency::KGS), Vec::new())
        .not_attempted("nbkr");
    let mut book = records.book();
    let key = |source| DocumentKey {
        source: SourceId::new(source),
        document: "daily",
    };
    let policy = RevisionPolicy::Correction;
    assert_eq!(
        book.documents(),
        [(key("nbk"), policy), (key("nbkr"), policy)]
    );
    assert_eq!(
        book.find("nbkr").map(|record| record.id.as_str()),
        Some("nbkr")
    );
    assert!(book.find("nbt").is_none());
    let record = book.record(NBK).unwrap();
    assert!(record.prices((Currency::KZT, Currency::USD)));
    assert!(!record.prices((Currency::KZT, Currency::KGS)));
    let tables = book.tables();
    assert_eq!(tables.len(), 1);
    assert_eq!(tables[0].effective_date, april(1));
    assert_eq!(tables[0].rows.len(), 1);
    assert!(book.mark_attempted(SourceId::new("nbkr")));
    assert!(!book.mark_attempted(SourceId::new("nbkr")), "it is not new");
    assert!(!book.mark_attempted(NBK));
    assert!(!book.mark_attempted(SourceId::new("nbt")));
}

#[test]
fn a_filed_table_that_is_older_than_the_kept_ones_is_named() {
    let mut book = Records::default()
        .with("nbk", Some(Currency::KZT), Vec::new())
        .book();
    let today = april(2);
    let filed = book.file(NBK, dollar(today, "475.09"), Intent::Backfill, noon(today));
    let filed = filed.unwrap();
    assert_eq!(book.older_than_kept(&filed), []);
    let key = filed.filed[0].effective_date;
    assert_eq!(key, today);
    // Once there is no room for it, the same table is older than those that are kept.
    let document = DocumentKey {
        source: NBK,
        document: "daily",
    };
    let history = book.history(document).unwrap();
    let later = april(3).series(jiff::ToSpan::days(1)).take(TABLES_MAX);
    for (number, day) in later.enumerate() {
        history.insert(dollar(day, &format!("475.{number:03}")));
    }
    assert_eq!(book.older_than_kept(&filed), [(document, today)]);
}

#[test]
fn what_is_served_changes_next_at_midnight_or_when_a_table_is_late() {
    let book = Records::default()
        .with("nbk", Some(Currency::KZT), vec![dollar(april(1), "475.09")])
        .book();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    // The hours of publication end at 18.
    assert_eq!(book.next_change(noon(april(1))), at("2026-04-01T18:00:00Z"));
    assert_eq!(
        book.next_change(at("2026-04-01T18:00:00Z")),
        at("2026-04-02T00:00:00Z")
    );
    let empty = Records::default().book();
    assert_eq!(empty.next_change(noon(april(1))), Timestamp::MAX);
}

#[test]
fn the_hours_of_publication_include_the_first_and_not_the_last() {
    let hours = EVERY_DAY.hours;
    let included: Vec<i8> = (0..24).filter(|hour| hours.include(*hour)).collect();
    assert_eq!(included, [14, 15, 16, 17]);
    let of = |day| EVERY_DAY.last_publication(&TimeZone::UTC, day);
    let publication = of(april(2)).unwrap();
    // The table of a day is published the day before.
    assert_eq!(publication.effective_date, april(2));
    assert_eq!(publication.opens, "2026-04-01T14:00:00Z".parse().unwrap());
    assert_eq!(publication.due, "2026-04-01T18:00:00Z".parse().unwrap());
}

#[test]
fn sightings_are_restored_with_the_first_instant_of_each_date() {
    let at = |hour| {
        april(1)
            .at(hour, 0, 0, 0)
            .to_zoned_datetime(TimeZone::UTC)
            .unwrap()
    };
    let seen = [
        (april(2), at(16).timestamp()),
        (april(2), at(17).timestamp()),
    ];
    let seen: FirstSeen = seen.into_iter().collect();
    assert_eq!(seen.times(&TimeZone::UTC, |_| true), [at(16).time()]);
}
