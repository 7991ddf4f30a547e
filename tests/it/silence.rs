//! What the silence of a bank means: who answers meanwhile, what a changed calendar teaches, and what a restart keeps.
//! Values with a date are the banks' own.

mod commit;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use silkrate::domain::{
    Answer, Book, Currency, DocumentKey, Freshness, Pair, Position, Rate, Snapshot, SourceId,
    Table, parse_decimal,
};
use silkrate::sources::find;

use crate::support::records::{PREFERENCES, Quotes, table};
use crate::year::record;

const CBU: SourceId = SourceId::new("cbu");
const CBR: SourceId = SourceId::new("cbr");
const NBT: SourceId = SourceId::new("nbt");

/// Banks as the catalogue has them, without the commit task.
struct Banks {
    book: Book,
}

impl Banks {
    fn new(ids: &[&str]) -> Self {
        let records = ids
            .iter()
            .map(|id| record(find(id, "").unwrap(), &["daily"]));
        Self {
            book: Book::new(records.collect(), PREFERENCES.to_vec()),
        }
    }

    /// The banks with tables of the Uzbek one: the dates, and the dollar with the printed change.
    fn of_cbu(tables: &[(Date, &str, &str)]) -> Self {
        let mut banks = Self::new(&["cbu"]);
        for (day, usd, change) in tables {
            banks.insert(CBU, sum(*day, usd, change));
        }
        banks
    }

    fn insert(&mut self, source: SourceId, table: Table) {
        let document = "daily";
        let history = self.book.history(DocumentKey { source, document });
        history.unwrap().insert(table);
    }

    /// The bank answers a request, and has no newer table.
    fn ask(&mut self, source: SourceId, now: Timestamp) -> usize {
        let answer = Answer {
            source,
            document: "daily",
            asked_at: now,
        };
        self.book.record_answers(vec![answer]).len()
    }

    fn rate(&self, pair: &str, now: Timestamp) -> Rate {
        let position = Position {
            epoch: "epoch".into(),
            revision: 0,
        };
        let empty = Snapshot::initial(position, BTreeMap::new());
        let snapshot = empty.next(self.book.view(now)).unwrap();
        snapshot.rate(Pair::parse(pair).unwrap()).unwrap()
    }

    /// The source and the freshness of a dollar in sums at a local time.
    fn dollar(&self, local: &str) -> (String, Freshness) {
        let rate = self.rate("USD/UZS", tashkent(local));
        let answered = format!("{} {}", rate.source, rate.value);
        (answered, rate.freshness_status.freshness)
    }

    /// The details of the flags of the Uzbek bank.
    fn flags(&self, local: &str) -> Vec<String> {
        let view = self.book.view(tashkent(local));
        let flags = view.states[&CBU].flags.iter();
        flags.map(|flag| flag.detail.clone()).collect()
    }
}

/// A table of the Uzbek bank.
fn sum(day: Date, usd: &str, change: &str) -> Table {
    let mut table = table(
        "cbu",
        Quotes::InHome(Currency::UZS),
        day,
        &[("USD", 1, usd)],
    );
    let row = table.rows.get_mut(&Currency::USD).unwrap();
    Arc::make_mut(row).published_change = Some(parse_decimal(change).unwrap());
    table
}

fn tashkent(local: &str) -> Timestamp {
    let zone = jiff::tz::TimeZone::get("Asia/Tashkent").unwrap();
    zone.to_timestamp(local.parse().unwrap()).unwrap()
}

fn september(day: i8) -> Date {
    date(2026, 9, day)
}

/// Its tables from Friday the 25th of September 2026 on: that of Saturday is followed by that of Tuesday.
fn saturday_tables(count: usize) -> Banks {
    let tables = [
        (september(25), "11830.87", "16.82"),
        (september(26), "11825.40", "-5.47"),
        (september(29), "11806.97", "-18.43"),
    ];
    Banks::of_cbu(&tables[..count])
}

#[test]
fn a_table_of_a_new_weekday_is_fresh_and_makes_no_table_late() {
    let banks = saturday_tables(2);
    let value = "cbu 11825.40".to_owned();
    for local in ["2026-09-26T00:00", "2026-09-26T12:00", "2026-09-26T23:59"] {
        assert_eq!(
            banks.dollar(local),
            (value.clone(), Freshness::Fresh),
            "{local}"
        );
        assert_eq!(banks.flags(local), Vec::<String>::new());
    }
    for local in ["2026-09-27T00:00", "2026-09-27T20:00", "2026-09-28T18:59"] {
        let carried = (value.clone(), Freshness::CarriedOver);
        assert_eq!(banks.dollar(local), carried, "{local}");
    }
    let late = banks.dollar("2026-09-28T19:00").1;
    assert_eq!(late, Freshness::Late, "Tuesday's table is due on Monday");
}

#[test]
fn nothing_is_missing_between_a_saturday_and_a_tuesday_when_the_printed_change_says_so() {
    let banks = saturday_tables(3);
    let now = tashkent("2026-09-29T09:00");
    let rate = banks.rate("USD/UZS", now);
    assert_eq!(rate.freshness_status.freshness, Freshness::Fresh);
    let change = rate.change.unwrap();
    assert_eq!(change.absolute.to_string(), "-18.43");
    assert_eq!(change.reference_date, september(26));
    assert_eq!(banks.flags("2026-09-29T09:00"), Vec::<String>::new());
    assert_eq!(banks.book.gaps(CBU, now), []);
    let view = banks.book.view(now);
    assert_eq!(view.states[&CBU].missed_publications, 0);
    let next = view.states[&CBU].next_publication.unwrap();
    assert_eq!(next.effective_date, september(30));
}

#[test]
fn both_calendars_of_the_uzbek_bank_are_taught_by_its_tables() {
    // In September it turned from Monday to Friday to Tuesday to Saturday.
    let before = Banks::of_cbu(&[
        (september(3), "11760.00", "-1.10"),
        (september(4), "11770.10", "10.1"),
        (september(7), "11785.30", "15.2"),
    ]);
    assert_eq!(before.flags("2026-09-07T09:00"), Vec::<String>::new());
    assert_eq!(before.book.gaps(CBU, tashkent("2026-09-07T09:00")), []);
    let state = &before.book.view(tashkent("2026-09-11T20:00")).states[&CBU];
    let next = state.next_publication.unwrap();
    assert_eq!(next.effective_date, date(2026, 9, 15));
    // On a Friday, the table of Monday is expected before, and that of Saturday since.
    let expected = |tables: &[(Date, &str, &str)], local| {
        let banks = Banks::of_cbu(tables);
        let view = banks.book.view(tashkent(local));
        view.states[&CBU].next_publication.unwrap().effective_date
    };
    let before = [
        (date(2026, 8, 21), "11700.00", "1.5"),
        (date(2026, 8, 24), "11710.00", "10"),
        (september(4), "11770.10", "10.1"),
    ];
    assert_eq!(expected(&before, "2026-09-04T12:00"), september(7));
    let since = [
        (september(24), "11814.05", "1.5"),
        (september(26), "11825.40", "-5.47"),
        (date(2026, 10, 9), "11808.76", "0.9"),
    ];
    assert_eq!(expected(&since, "2026-10-09T12:00"), date(2026, 10, 10));
    // 1 October is a holiday: it has a table, and the day after it has none.
    let october = Banks::of_cbu(&[
        (september(26), "11825.40", "-5.47"),
        (september(29), "11806.97", "-18.43"),
        (september(30), "11807.86", "0.89"),
        (date(2026, 10, 1), "11808.76", "0.9"),
        (date(2026, 10, 3), "11772.95", "-35.81"),
    ]);
    assert_eq!(october.flags("2026-10-03T09:00"), Vec::<String>::new());
    assert_eq!(october.book.gaps(CBU, tashkent("2026-10-03T09:00")), []);
}

#[test]
fn a_gap_is_fetched_unless_the_printed_change_proves_that_there_is_no_table() {
    // A Wednesday, and the Friday after it.
    let with_change = |change| {
        Banks::of_cbu(&[
            (date(2026, 11, 10), "11990.00", "1"),
            (date(2026, 11, 11), "12000.00", "10"),
            (date(2026, 11, 13), "12010.00", change),
        ])
    };
    let now = tashkent("2026-11-13T09:00");
    let missing = [("daily", date(2026, 11, 12))];
    assert_eq!(with_change("4").book.gaps(CBU, now), missing);
    assert_eq!(with_change("10").book.gaps(CBU, now), []);
}

#[test]
fn a_bank_without_changes_teaches_its_calendar_with_the_second_table() {
    let mut banks = Banks::new(&["nbt"]);
    let somoni = |day, usd: &'static str| {
        table(
            "nbt",
            Quotes::InHome(Currency::TJS),
            day,
            &[("USD", 1, usd)],
        )
    };
    for (day, usd) in [(23, "9.30"), (24, "9.31"), (25, "9.32"), (26, "9.33")] {
        banks.insert(NBT, somoni(september(day), usd));
    }
    let flags = |banks: &Banks, local| {
        let view = banks.book.view(tashkent(local));
        let flags = view.states[&NBT].flags.iter();
        flags.map(|flag| flag.detail.clone()).collect::<Vec<_>>()
    };
    let odd = "no fixing of this bank is due to take force on 2026-09-26";
    assert_eq!(flags(&banks, "2026-09-26T09:00"), [odd]);
    banks.insert(NBT, somoni(september(29), "9.34"));
    assert_eq!(flags(&banks, "2026-09-29T09:00"), Vec::<String>::new());
    assert_eq!(banks.book.gaps(NBT, tashkent("2026-09-29T09:00")), []);
}

#[test]
fn a_table_that_comes_in_the_evening_is_not_late_before_the_hours_have_ended() {
    let mut banks = Banks::of_cbu(&[
        (september(7), "11785.30", "0.5"),
        (september(8), "11789.33", "4.03"),
    ]);
    let fresh = ("cbu 11789.33".to_owned(), Freshness::Fresh);
    assert_eq!(banks.dollar("2026-09-08T18:05"), fresh);
    banks.insert(CBU, sum(september(9), "11813.21", "23.88"));
    assert_eq!(banks.dollar("2026-09-08T18:05"), fresh);
    let announced = banks
        .rate("USD/UZS", tashkent("2026-09-08T18:05"))
        .announced;
    let announced = announced.unwrap();
    assert_eq!(announced.value.to_string(), "11813.21");
    assert_eq!(announced.effective_date, september(9));
    assert_eq!(banks.dollar("2026-09-08T19:05"), fresh);
    let next = ("cbu 11813.21".to_owned(), Freshness::Fresh);
    assert_eq!(banks.dollar("2026-09-09T00:00"), next);
}

/// The Uzbek bank before Ramazon hayiti, its last table that of Friday the 20th of March 2026; and the Bank of Russia,
/// which publishes on.
fn hayit() -> Banks {
    let mut banks = Banks::new(&["cbr", "cbu"]);
    for (day, usd, change) in [
        (18, "12190.00", "1"),
        (19, "12200.00", "10"),
        (20, "12210.00", "10"),
    ] {
        banks.insert(CBU, sum(date(2026, 3, day), usd, change));
    }
    for day in 18..=31 {
        let rows = [("USD", 1, "82.1000"), ("UZS", 10_000, "67.6700")];
        let rouble = table(
            "cbr",
            Quotes::InHome(Currency::RUB),
            date(2026, 3, day),
            &rows,
        );
        banks.insert(CBR, rouble);
    }
    banks
}

#[test]
fn a_bank_that_rests_over_a_feast_and_longer_keeps_its_pair_while_it_is_reached() {
    let mut banks = hayit();
    let mut recorded = 0;
    let (mut now, end) = (tashkent("2026-03-20T00:30"), tashkent("2026-04-05T18:30"));
    while now <= end {
        recorded += banks.ask(CBU, now);
        let rate = banks.rate("USD/UZS", now);
        let answered = format!("{} {}", rate.source, rate.value);
        assert_eq!(answered, "cbu 12210.00", "{now}");
        let expected = if now < tashkent("2026-03-21T00:00") {
            Freshness::Fresh
        } else if now < tashkent("2026-03-26T19:00") {
            Freshness::CarriedOver
        } else {
            Freshness::Late
        };
        assert_eq!(rate.freshness_status.freshness, expected, "{now}");
        now += SignedDuration::from_hours(1);
    }
    assert_eq!(recorded, 7, "one for each due table of 26 March to 3 April");
    let reason = banks.rate("USD/UZS", end).freshness_status.reason;
    assert_eq!(
        reason,
        "the table for 2026-03-27 was due by 2026-03-26 19:00 in Tashkent; the bank was asked since and still shows the table for 2026-03-20"
    );
}

#[test]
fn a_bank_that_is_not_reached_yields_a_day_after_the_due_hour() {
    let mut banks = Banks::new(&["cbr", "cbu"]);
    let april = |day| date(2026, 4, day);
    for (day, usd, change) in [
        (15, "12100.00", "1"),
        (16, "12110.00", "10"),
        (17, "12120.00", "10"),
    ] {
        banks.insert(CBU, sum(april(day), usd, change));
    }
    let rouble = |day: Date| {
        let usd = format!("80.{:04}", day.day());
        let rows = [("USD", 1, usd.as_str()), ("UZS", 10_000, "66.0000")];
        table("cbr", Quotes::InHome(Currency::RUB), day, &rows)
    };
    for day in 14..=18 {
        banks.insert(CBR, rouble(april(day)));
    }
    let own = |freshness| ("cbu 12120.00".to_owned(), freshness);
    assert_eq!(banks.dollar("2026-04-17T19:00"), own(Freshness::Late));
    assert_eq!(banks.dollar("2026-04-18T18:59"), own(Freshness::Late));
    let (other, freshness) = banks.dollar("2026-04-18T19:00");
    assert!(other.starts_with("cbr "), "{other}");
    assert_eq!(freshness, Freshness::Fresh);
    // If the other one is stale too, the bank of the currency answers.
    assert_eq!(banks.dollar("2026-04-25T12:00"), own(Freshness::Stale));
    // Reached again, it stands, although it has no newer table.
    banks.insert(CBR, rouble(april(25)));
    assert_eq!(banks.ask(CBU, tashkent("2026-04-25T12:00")), 1);
    assert_eq!(banks.dollar("2026-04-25T12:00"), own(Freshness::Late));
    assert_eq!(
        banks.ask(CBU, tashkent("2026-04-25T13:00")),
        0,
        "known already"
    );
}
