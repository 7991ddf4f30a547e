//! What confirms a value that is never printed twice, and what confirms a value whose own table has no dollar.

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::{Date, date};
use silkrate::domain::{
    Book, Check, Currency, DocumentKey, HeldOutcome, RevisionPolicy, SourceId, Table, parse_decimal,
};

use crate::held::{NBK, at, file, held, nbk, rate};
use crate::support::boards::noon;
use crate::support::records::{Quotes, Records, table};

const MARKET: SourceId = SourceId::new("market");
const NBKR: SourceId = SourceId::new("nbkr");
const CBR: SourceId = SourceId::new("cbr");

/// The accepted value of a currency at a date.
fn accepted(book: &mut Book, source: SourceId, day: Date, code: Currency) -> String {
    let document = "daily";
    let history = book.history(DocumentKey { source, document }).unwrap();
    history.nearest(day, code).unwrap().value.to_string()
}

#[test]
fn a_jump_of_a_market_that_a_bank_confirms_is_served_after_half_an_hour_and_costs_two_rows() {
    let day = date(2026, 4, 2);
    let start = noon(day) - SignedDuration::from_hours(11);
    let poll = |minutes: i64, kzt: &str| {
        let rows = [
            ("KZT", 1, kzt),
            ("KGS", 1, "87.45"),
            ("TJS", 1, "9.34"),
            ("UZS", 1, "12142.1"),
        ];
        let mut table = table("market", Quotes::OfBase(Currency::USD), day, &rows);
        table.as_of = Some(start + SignedDuration::from_mins(minutes));
        table
    };
    for confirmed in [true, false] {
        let mut book = Records::default()
            .with("market", None, Vec::new())
            .with("nbk", Some(Currency::KZT), Vec::new())
            .book();
        assert_eq!(
            book.record(MARKET).unwrap().revision_policy(),
            RevisionPolicy::Replacement
        );
        file(&mut book, MARKET, poll(0, "475.09"), start);
        let usd = if confirmed { "535.09" } else { "475.09" };
        let rows = [("USD", 1, usd, ""), ("EUR", 1, "600.0", "")];
        file(&mut book, NBK, nbk(day, &rows), start);
        let mut written = 0;
        for poll_number in 1..=60_i64 {
            let now = start + SignedDuration::from_mins(10 * poll_number);
            // Never the same value twice.
            let kzt = format!("534.{:03}", 100 + poll_number);
            let filed = file(&mut book, MARKET, poll(10 * poll_number, &kzt), now);
            written += filed.held.len() + filed.decided.len();
            let served = confirmed && poll_number >= 4;
            let value = if served { kzt.as_str() } else { "475.09" };
            assert_eq!(
                accepted(&mut book, MARKET, day, Currency::KZT),
                value,
                "{now}"
            );
            assert_eq!(book.held().count(), usize::from(!served), "{now}");
        }
        assert_eq!(written, if confirmed { 2 } else { 1 }, "held, and released");
    }
}

#[test]
fn a_row_stays_held_while_a_second_table_of_its_date_repeats_the_others() {
    let day = date(2026, 4, 2);
    let rows = |eur| {
        [
            ("USD", 1, "478.77", ""),
            ("EUR", 1, eur, ""),
            ("RUB", 1, "5.88", ""),
            ("CNY", 1, "66.1", ""),
            ("GBP", 1, "640.5", ""),
        ]
    };
    let mut book = Records::default()
        .with("nbk", Some(Currency::KZT), Vec::new())
        .book();
    file(&mut book, NBK, nbk(day, &rows("548.62")), at(day, 0));
    // The bank corrects its euro by a factor of ten, and its rouble later.
    let jump = file(&mut book, NBK, nbk(day, &rows("5486.20")), at(day, 10));
    assert_eq!(jump.held.len(), 1);
    for (minutes, rub) in [(20, "5.88"), (30, "5.89"), (50, "5.89")] {
        let mut table = nbk(day, &rows("5486.20"));
        let row = table.rows.get_mut(&Currency::constant("RUB")).unwrap();
        Arc::make_mut(row).value = parse_decimal(rub).unwrap();
        let filed = file(&mut book, NBK, table, at(day, minutes));
        assert_eq!((filed.held.len(), filed.decided.len()), (0, 0), "{minutes}");
        let waiting = ["nbk/daily/2026-04-02/EUR 5486.20 unit_jump"];
        assert_eq!(held(&book), waiting, "{minutes}");
    }
}

/// The Kyrgyz bank with a daily and a weekly document, and another bank.
fn kyrgyz(other: &'static str, home: Currency) -> Book {
    let mut records = Records::default()
        .with("nbkr", Some(Currency::KGS), Vec::new())
        .with(other, Some(home), Vec::new());
    let record = Arc::make_mut(records.sources.get_mut(&NBKR).unwrap());
    let mut weekly = record.documents[0].clone();
    weekly.name = "weekly";
    record.documents.push(weekly);
    records.book()
}

fn som(document: &'static str, day: Date, rows: &[(&'static str, u32, &str)]) -> Table {
    let mut table = table("nbkr", Quotes::InHome(Currency::KGS), day, rows);
    table.document = document;
    table
}

#[test]
fn a_weekly_row_is_released_by_another_source_through_the_dollar_of_the_daily_table() {
    let weekly = |day, ars: &str| {
        let rows = [
            ("ARS", 1, ars),
            ("JPY", 10, "5.50"),
            ("GBP", 1, "117.0"),
            ("TRY", 1, "2.03"),
        ];
        som("weekly", day, &rows)
    };
    let (before, day) = (date(2026, 4, 4), date(2026, 4, 11));
    // A peso is 0.1195 som, a dollar 87.45 som: 732 pesos, as the rouble's table has it too, or does not.
    for (rouble_per_peso, agrees) in [("0.1060", true), ("0.2130", false)] {
        let mut book = kyrgyz("cbr", Currency::RUB);
        let dollar = som("daily", day, &[("USD", 1, "87.4500")]);
        file(&mut book, NBKR, dollar, noon(day));
        let rows = [("USD", 1, "77.60"), ("ARS", 1, rouble_per_peso)];
        let roubles = table("cbr", Quotes::InHome(Currency::RUB), day, &rows);
        file(&mut book, CBR, roubles, noon(day));
        let key = DocumentKey {
            source: NBKR,
            document: "weekly",
        };
        let history = book.history(key).unwrap();
        history.insert(weekly(before, "0.2400"));
        let seen = file(&mut book, NBKR, weekly(day, "0.1195"), at(day, 0));
        assert_eq!(seen.held[0].check, Check::SizeOfMove);
        let again = file(&mut book, NBKR, weekly(day, "0.1195"), at(day, 45));
        let released: Vec<HeldOutcome> = again.decided.iter().map(|done| done.outcome).collect();
        let expected = if agrees {
            vec![HeldOutcome::Released]
        } else {
            Vec::new()
        };
        assert_eq!(released, expected, "{rouble_per_peso}");
        assert_eq!(book.held().count(), usize::from(!agrees));
    }
}

#[test]
fn a_weekly_row_is_flagged_if_no_source_agrees_through_the_dollar_of_the_daily_table() {
    let day = date(2026, 4, 11);
    for (somoni, flagged) in [("9.36", false), ("9.00", true)] {
        let mut book = kyrgyz("nbt", Currency::TJS);
        let dollar = som("daily", day, &[("USD", 1, "87.4500")]);
        file(&mut book, NBKR, dollar, noon(day));
        let week = som("weekly", day, &[("TJS", 1, somoni), ("GBP", 1, "117.0")]);
        file(&mut book, NBKR, week, noon(day));
        let rows = [("USD", 1, "9.3400")];
        let tajik = table("nbt", Quotes::InHome(Currency::TJS), day, &rows);
        file(&mut book, SourceId::new("nbt"), tajik, noon(day));
        let state = &book.view(noon(day)).states[&NBKR];
        let flags = state.flags.iter().map(|flag| (flag.check, flag.currency));
        let triangle = (Check::Triangle, Some(Currency::TJS));
        let expected = if flagged { vec![triangle] } else { Vec::new() };
        assert_eq!(flags.collect::<Vec<_>>(), expected, "{somoni}");
        let served = rate(&book, noon(day), "KGS/GBP");
        assert!(served.is_some(), "a flagged value is served");
    }
}
