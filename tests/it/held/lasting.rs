//! A move of one row that lasts: the rows that waited are filed, each under its own date. One that does not last is not.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use silkrate::domain::{
    Book, Check, Currency, DecidedBy, DocumentKey, HeldOutcome, Intent, SourceId,
};

use crate::held::{CBU, NBK, Row, at, cbu, file, held, nbk, rate};
use crate::mutations::series;
use crate::support::boards::noon;
use crate::support::records::{Quotes, Records, table};

const CBR: SourceId = SourceId::new("cbr");

fn april(day: i8) -> Date {
    date(2026, 4, day)
}

/// Three rows that hardly move, and the dollar.
fn with_dollar(usd: &'static str, eur: &'static str) -> [Row; 4] {
    [
        ("USD", 1, usd, ""),
        ("EUR", 1, eur, ""),
        ("RUB", 1, "5.88", ""),
        ("CNY", 1, "66.1", ""),
    ]
}

/// The Kazakh bank with the tables of consecutive days in April: the dollar of each, beside a euro that moves a little.
fn dollars(first: i8, values: &[&'static str]) -> Book {
    let mut book = Records::default()
        .with("nbk", Some(Currency::KZT), Vec::new())
        .book();
    submit(&mut book, first, values);
    book
}

fn submit(book: &mut Book, first: i8, values: &[&'static str]) {
    const EUROS: [&str; 4] = ["548.62", "548.99", "549.10", "548.87"];
    for (day, usd) in (first..).zip(values) {
        let eur = EUROS[usize::try_from(day).unwrap() % EUROS.len()];
        let table = nbk(april(day), &with_dollar(usd, eur));
        file(book, NBK, table, noon(april(day)));
    }
}

/// The dollars that are filed, by day of April.
fn filed(book: &mut Book) -> Vec<(i8, String)> {
    let key = DocumentKey {
        source: NBK,
        document: "daily",
    };
    let history = book.history(key).unwrap();
    let tables = history.kept_dates().filter_map(|date| history.table(date));
    let rows = tables.filter_map(|table| table.rows.get(&Currency::USD));
    rows.map(|row| (row.effective_date.day(), row.value.to_string()))
        .collect()
}

fn values(values: &[(i8, &str)]) -> Vec<(i8, String)> {
    values
        .iter()
        .map(|(day, value)| (*day, (*value).to_owned()))
        .collect()
}

#[test]
fn the_lira_of_december_2021_is_accepted_with_the_third_table_and_both_rows_that_waited_are_filed()
{
    let mut book = Records::default()
        .with("cbr", Some(Currency::RUB), Vec::new())
        .book();
    let mut decided = Vec::new();
    for (now, table) in series::published(&series::lira_2021()) {
        decided.extend(file(&mut book, CBR, table, now).decided);
    }
    let released = decided.iter().map(|decision| {
        assert_eq!(decision.by, DecidedBy::Rule);
        assert_eq!(decision.outcome, HeldOutcome::Released);
        decision.held.id().to_string()
    });
    let mut released: Vec<String> = released.collect();
    released.sort();
    assert_eq!(
        released,
        ["cbr/daily/2021-12-22/TRY", "cbr/daily/2021-12-23/TRY"]
    );
    assert_eq!(held(&book), Vec::<String>::new());
}

#[test]
fn a_lone_move_is_accepted_after_two_later_tables_on_its_level_and_the_changes_follow() {
    let mut book = dollars(1, &["478.77", "560.10", "561.00"]);
    assert_eq!(
        held(&book),
        [
            "nbk/daily/2026-04-02/USD 560.10 size_of_move",
            "nbk/daily/2026-04-03/USD 561.00 size_of_move"
        ]
    );
    let fourth = nbk(april(4), &with_dollar("562.20", "549.01"));
    let changes = file(&mut book, NBK, fourth, noon(april(4)));
    let notes = changes.decided.iter().map(|decision| &*decision.note);
    let note = "the bank's later tables are on the same level";
    assert_eq!(notes.collect::<Vec<_>>(), [note; 2]);
    let dates = changes.filed.iter().map(|table| table.effective_date.day());
    let mut dates: Vec<i8> = dates.collect();
    dates.sort_unstable();
    assert_eq!(dates, [2, 3, 4], "each under its own date");
    let expected = [(1, "478.77"), (2, "560.10"), (3, "561.00"), (4, "562.20")];
    assert_eq!(filed(&mut book), values(&expected));
    for (day, reference) in [(2, "478.77"), (3, "560.10"), (4, "561.00")] {
        let change = rate(&book, noon(april(day)), "USD/KZT").unwrap().change;
        assert_eq!(change.unwrap().reference_value.to_string(), reference);
    }
}

#[test]
fn a_value_on_its_way_to_the_new_level_is_filed_too() {
    // 25 per cent a day: no two of the first three are on one level.
    let mut book = dollars(1, &["400", "500", "620", "770", "772", "775"]);
    assert_eq!(held(&book), Vec::<String>::new());
    assert_eq!(filed(&mut book).len(), 6);
}

#[test]
fn a_row_beyond_the_way_to_the_new_level_is_not_filed() {
    // The 650 of the second day is no step from 400 to 770.
    let mut book = dollars(1, &["400", "650", "500", "770", "772", "775"]);
    assert_eq!(held(&book), Vec::<String>::new());
    let days: Vec<i8> = filed(&mut book).iter().map(|(day, _)| *day).collect();
    assert_eq!(days, [1, 3, 4, 5, 6]);
}

#[test]
fn a_value_that_moves_by_an_eighth_each_day_is_on_no_level() {
    let book = dollars(1, &["400", "448", "504", "564"]);
    assert_eq!(book.held().count(), 3);
}

#[test]
fn rows_that_were_overtaken_confirm_none_on_the_other_side_of_an_accepted_one() {
    let mut book = dollars(1, &["478.77", "560.10", "561.00", "479.00", "560.50"]);
    let waiting = ["nbk/daily/2026-04-05/USD 560.50 size_of_move"];
    assert_eq!(held(&book), waiting);
    let expected = [(1, "478.77"), (4, "479.00")];
    assert_eq!(filed(&mut book), values(&expected));
}

#[test]
fn a_lone_move_that_does_not_last_is_overtaken() {
    for spike in [
        &["478.77", "560.10", "479.00", "479.50"][..],
        &["478.77", "560.10", "561.00", "479.00"],
        // Two misprints far from each other are no level.
        &["478.77", "560.10", "700.00", "850.00", "479.00"],
    ] {
        let mut book = dollars(1, spike);
        assert_eq!(held(&book), Vec::<String>::new(), "{spike:?}");
        let filed = filed(&mut book);
        let near = |(_, value): &(i8, String)| value.starts_with("47");
        assert!(filed.iter().all(near), "{filed:?}");
    }
}

#[test]
fn the_manat_that_was_misprinted_in_two_tables_is_never_served() {
    let mut book = Records::default()
        .with("cbu", Some(Currency::UZS), Vec::new())
        .book();
    let days = [
        (date(2026, 3, 30), ["12240.94", "25.60", "3491.93"]),
        (date(2026, 3, 31), ["12218.44", "25.39", "3929.43"]),
        (date(2026, 4, 1), ["12194.21", "25.53", "4037.68"]),
        (date(2026, 4, 2), ["12142.10", "25.55", "3469.17"]),
    ];
    for (day, [usd, kzt, tmt]) in days {
        let rows = [
            ("USD", 1, usd, ""),
            ("KZT", 1, kzt, ""),
            ("TMT", 1, tmt, ""),
        ];
        file(&mut book, CBU, cbu(day, &rows), noon(day));
        let key = DocumentKey {
            source: CBU,
            document: "daily",
        };
        let manat = book.history(key).unwrap().nearest(day, Currency::TMT);
        let manat = manat.unwrap().value.to_string();
        assert!(manat.starts_with("34"), "{day}: {manat}");
    }
    assert_eq!(held(&book), Vec::<String>::new(), "overtaken");
}

#[test]
fn a_table_that_repeats_the_one_before_it_confirms_nothing() {
    // Friday's misprint stands in the tables of Saturday, Sunday and Monday.
    let mut book = dollars(9, &["478.77"]);
    for day in 10..=13 {
        let table = nbk(april(day), &with_dollar("560.10", "548.99"));
        file(&mut book, NBK, table, noon(april(day)));
    }
    assert_eq!(book.held().count(), 4, "the limit has not grown either");
    let mut corrected = book.clone();
    submit(&mut corrected, 14, &["479.00"]);
    assert_eq!(
        filed(&mut corrected),
        values(&[(9, "478.77"), (14, "479.00")])
    );

    // A greater move, which the tables of Tuesday and Wednesday confirm.
    let mut book = dollars(9, &["478.77"]);
    for day in 10..=13 {
        let table = nbk(april(day), &with_dollar("800.10", "548.99"));
        file(&mut book, NBK, table, noon(april(day)));
    }
    submit(&mut book, 14, &["801.00"]);
    assert_eq!(book.held().count(), 5);
    submit(&mut book, 15, &["802.00"]);
    assert_eq!(book.held().count(), 0);
    assert_eq!(filed(&mut book).len(), 7);

    // The third table of a level is no evidence if it is the second one again.
    let mut book = dollars(1, &["478.77", "560.10", "561.00"]);
    let repeat = nbk(april(4), &with_dollar("561.00", "548.87"));
    file(&mut book, NBK, repeat, noon(april(4)));
    assert_eq!(book.held().count(), 3);
}

#[test]
fn a_value_with_other_units_or_an_inverse_is_never_accepted_because_it_lasts() {
    for (usd, check) in [("4787.70", Check::UnitJump), ("0.00209", Check::Inversion)] {
        let book = dollars(1, &["478.77", usd, usd, usd, usd, usd]);
        assert_eq!(book.held().count(), 5, "{usd}");
        assert!(book.held().all(|held| held.check == check));
    }
}

#[test]
fn a_value_near_one_may_cross_it() {
    let tables = series::published(&series::som_2022());
    for ((_, before), (now, table)) in tables.iter().zip(&tables[1..]) {
        let mut book = Records::default()
            .with("nbkr", Some(Currency::KGS), vec![before.clone()])
            .book();
        let filed = file(&mut book, SourceId::new("nbkr"), table.clone(), *now);
        assert_eq!(filed.held, [], "{}", table.effective_date);
    }
}

#[test]
fn a_row_that_waits_is_released_when_the_next_value_is_plausible_and_on_its_level() {
    // 12 per cent in a day is held; the same level two days later is not.
    let mut book = dollars(1, &["478.77", "538.00", "537.50"]);
    assert_eq!(held(&book), Vec::<String>::new());
    let expected = [(1, "478.77"), (2, "538.00"), (3, "537.50")];
    assert_eq!(filed(&mut book), values(&expected));
}

#[test]
fn an_operator_who_releases_one_row_releases_those_beside_it() {
    let mut book = dollars(1, &["478.77", "560.10", "561.00"]);
    let id = "nbk/daily/2026-04-02/USD";
    let changes = book.decide(id, None, HeldOutcome::Released, "").unwrap();
    let settled = changes.decided.iter().map(|done| (done.outcome, done.by));
    let expected = [
        (HeldOutcome::Released, DecidedBy::Operator),
        (HeldOutcome::Released, DecidedBy::Rule),
    ];
    assert_eq!(settled.collect::<Vec<_>>(), expected);
    assert_eq!(filed(&mut book).len(), 3);
}

#[test]
fn a_rejected_value_is_never_accepted_by_a_rule_though_the_bank_goes_on_printing_it() {
    let mut book = dollars(1, &["478.77", "560.10"]);
    let id = "nbk/daily/2026-04-02/USD";
    book.decide(id, None, HeldOutcome::Rejected, "a misprint")
        .unwrap();
    submit(&mut book, 3, &["560.10", "560.10", "560.10", "560.10"]);
    let waiting = book.held().map(|held| (held.check, held.detail.clone()));
    let detail = "an operator rejected 560.10 for 2026-04-02, and the bank still prints it";
    let expected = (Check::Rejected, detail.to_owned());
    assert_eq!(waiting.collect::<Vec<_>>(), vec![expected; 4]);
    assert_eq!(filed(&mut book), values(&[(1, "478.77")]));
    // Other values of that level are judged by themselves, and the rejected one stays out.
    submit(&mut book, 7, &["561.00", "562.00", "563.00"]);
    let days: Vec<i8> = filed(&mut book).iter().map(|(day, _)| *day).collect();
    assert_eq!(days, [1, 7, 8, 9]);
}

#[test]
fn what_an_operator_rejected_in_favour_of_another_value_of_the_date_stays_rejected() {
    let mut book = dollars(1, &["478.77", "60"]);
    let day = april(2);
    let id = "nbk/daily/2026-04-02/USD";
    book.decide(id, None, HeldOutcome::Rejected, "").unwrap();
    let with = |usd| nbk(day, &with_dollar(usd, "549.10"));
    file(&mut book, NBK, with("600"), at(day, 10));
    assert_eq!(held(&book), ["nbk/daily/2026-04-02/USD 600 size_of_move"]);
    let again = file(&mut book, NBK, with("60"), at(day, 15));
    assert!(again.is_empty());
    book.decide(id, None, HeldOutcome::Rejected, "").unwrap();
    for (minutes, usd) in [(25, "60"), (30, "600"), (90, "60"), (120, "600")] {
        assert!(file(&mut book, NBK, with(usd), at(day, minutes)).is_empty());
    }
    assert_eq!(book.held().count(), 0);
}

#[test]
fn a_spike_of_one_day_is_filed_if_another_source_printed_it_too() {
    let cbr = |day, kzt| {
        let rows = [("USD", 1, "81.0000"), ("KZT", 100, kzt)];
        table("cbr", Quotes::InHome(Currency::RUB), day, &rows)
    };
    let mut book = Records::default()
        .with("nbk", Some(Currency::KZT), Vec::new())
        .with("cbr", Some(Currency::RUB), vec![cbr(april(2), "14.4600")])
        .book();
    submit(&mut book, 1, &["478.77", "560.10"]);
    assert_eq!(book.held().count(), 1, "half an hour has not passed");
    let third = nbk(april(3), &with_dollar("479.00", "548.87"));
    let changes = file(&mut book, NBK, third, noon(april(3)));
    assert_eq!(changes.decided[0].note, "cbr agrees with it");
    assert_eq!(filed(&mut book).len(), 3);
}

/// The weekly table of the Kyrgyz bank, of which the next ones are weeks away.
#[test]
fn a_row_of_a_weekly_table_is_accepted_when_the_bank_has_printed_it_for_two_weekdays() {
    let mut records = Records::default().with("nbkr", Some(Currency::KGS), Vec::new());
    let nbkr = SourceId::new("nbkr");
    let record = std::sync::Arc::make_mut(records.sources.get_mut(&nbkr).unwrap());
    record.documents[0].schedule.valid_days = 7;
    let mut book = records.book();
    let weekly = |day, ars| {
        let rows = [("ARS", 1, ars), ("GBP", 1, "117.0"), ("JPY", 10, "5.50")];
        table("nbkr", Quotes::InHome(Currency::KGS), day, &rows)
    };
    let submit = |book: &mut Book, table, now: Timestamp| {
        book.file(nbkr, table, Intent::Newest, now).unwrap()
    };
    // Fridays: the table of Saturday is printed then.
    let (before, friday) = (date(2026, 4, 3), date(2026, 4, 10));
    submit(&mut book, weekly(april(4), "0.2400"), noon(before));
    let moved = weekly(april(11), "0.1195");
    submit(&mut book, moved.clone(), noon(friday));
    for days in [1, 2, 3] {
        let now = noon(friday) + SignedDuration::from_hours(24 * days);
        assert!(submit(&mut book, moved.clone(), now).is_empty(), "{days}");
    }
    let tuesday = noon(friday) + SignedDuration::from_hours(24 * 4);
    let changes = submit(&mut book, moved, tuesday);
    assert_eq!(changes.decided[0].outcome, HeldOutcome::Released);
    assert_eq!(book.held().count(), 0);
}

#[test]
fn a_row_of_a_daily_table_is_not_accepted_because_the_bank_prints_no_newer_one_for_days() {
    let mut book = dollars(2, &["478.77", "560.10"]);
    let moved = nbk(april(3), &with_dollar("560.10", "548.87"));
    for days in 1..=7 {
        let now = noon(april(3)) + SignedDuration::from_hours(24 * days);
        let changes = book.file(NBK, moved.clone(), Intent::Newest, now).unwrap();
        assert!(changes.is_empty(), "{days}");
    }
    let waiting = ["nbk/daily/2026-04-03/USD 560.10 size_of_move"];
    assert_eq!(held(&book), waiting);
}

#[test]
fn a_row_that_waits_beside_accepted_rows_of_its_date_is_no_whole_table() {
    let mut book = dollars(1, &["478.77"]);
    submit(&mut book, 4, &["478.80"]);
    let late = nbk(april(3), &with_dollar("575.00", "548.87"));
    for minutes in [0, 10, 45, 90] {
        let changes = file(&mut book, NBK, late.clone(), at(april(3), minutes));
        assert_eq!(changes.is_empty(), minutes > 0, "{minutes}");
        let waiting = ["nbk/daily/2026-04-03/USD 575.00 size_of_move"];
        assert_eq!(held(&book), waiting, "{minutes}");
    }
}
