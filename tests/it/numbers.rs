//! The rules of rates and changes, each with values that the banks published.

use jiff::civil::{Date, date};
use silkrate::domain::{Currency, Freshness, History, InsertOutcome, RevisionPolicy, Table};

use crate::support::records::{Quotes, Records, line, table};

fn nbk(day: Date, usd: &str) -> Table {
    table(
        "nbk",
        Quotes::InHome(Currency::KZT),
        day,
        &[("USD", 1, usd)],
    )
}

fn nbkr(day: Date, usd: &str, kzt: &str) -> Table {
    table(
        "nbkr",
        Quotes::InHome(Currency::KGS),
        day,
        &[("USD", 1, usd), ("KZT", 1, kzt)],
    )
}

fn cbr(day: Date, usd: &str, kzt: &str, tjs: &str) -> Table {
    let rows = [("USD", 1, usd), ("KZT", 100, kzt), ("TJS", 10, tjs)];
    table("cbr", Quotes::InHome(Currency::RUB), day, &rows)
}

fn market(day: Date, kzt: &str, as_of: &str) -> Table {
    let table = table(
        "market",
        Quotes::OfBase(Currency::USD),
        day,
        &[("KZT", 1, kzt)],
    );
    Table {
        as_of: Some(as_of.parse().unwrap()),
        ..table
    }
}

fn april() -> Records {
    let tables = vec![
        nbk(date(2026, 4, 1), "478.77"),
        nbk(date(2026, 4, 2), "475.09"),
    ];
    Records::default().with("nbk", Some(Currency::KZT), tables)
}

#[test]
fn a_published_row_keeps_its_digits_and_its_inverse_has_twelve() {
    let today = date(2026, 4, 2);
    assert_eq!(
        line(april().rate(today, "USD/KZT")),
        "475.09 Published nbk 2026-04-02 Fresh -3.68 -0.7686% since 2026-04-01"
    );
    assert_eq!(
        line(april().rate(today, "KZT/USD")),
        "0.00210486434149 Inverted nbk 2026-04-02 Fresh 0.00001617875133 0.7746% since 2026-04-01"
    );
}

#[test]
fn units_move_the_decimal_point_alone() {
    let rows = [("USD", 1, "475.09"), ("RUB", 100, "587.00")];
    let table = table(
        "nbk",
        Quotes::InHome(Currency::KZT),
        date(2026, 4, 2),
        &rows,
    );
    let records = Records::default().with("nbk", Some(Currency::KZT), vec![table]);
    assert_eq!(
        line(records.rate(date(2026, 4, 2), "RUB/KZT")),
        "5.8700 Published nbk 2026-04-02 Fresh n/a"
    );
}

#[test]
fn a_repeated_table_moves_the_date_and_keeps_the_change_of_the_last_real_fixing() {
    let tables = vec![
        nbkr(date(2026, 5, 22), "87.4500", "0.1851"),
        nbkr(date(2026, 5, 23), "87.4500", "0.1859"),
        nbkr(date(2026, 5, 24), "87.4500", "0.1859"),
    ];
    let records = Records::default().with("nbkr", Some(Currency::KGS), tables);
    assert_eq!(
        line(records.rate(date(2026, 5, 23), "KGS/USD")),
        "0.0114351057747 Inverted nbkr 2026-05-23 Fresh 0 0% since 2026-05-22"
    );
    let carried = records.rate(date(2026, 5, 24), "KGS/USD").unwrap();
    assert_eq!(
        carried.freshness_status.reason,
        "the fixing of 2026-05-23 was repeated for 2026-05-24"
    );
    assert_eq!(
        line(Some(carried)),
        "0.0114351057747 Inverted nbkr 2026-05-24 CarriedOver 0 0% since 2026-05-22"
    );
    let early = records.rate(date(2026, 5, 23), "KGS/USD").unwrap();
    assert_eq!(early.announced, None, "a repeated table is never announced");
}

#[test]
fn the_reference_is_a_real_fixing_across_any_number_of_repeats() {
    let fridays = ["478.77", "478.77", "478.77", "475.09"];
    let tables = (3..)
        .zip(fridays)
        .map(|(day, usd)| nbk(date(2026, 4, day), usd))
        .collect();
    let records = Records::default().with("nbk", Some(Currency::KZT), tables);
    assert_eq!(
        line(records.rate(date(2026, 4, 6), "USD/KZT")),
        "475.09 Published nbk 2026-04-06 Fresh -3.68 -0.7686% since 2026-04-03"
    );
}

#[test]
fn a_table_of_tomorrow_is_announced_and_a_lone_table_is_served_with_its_own_date() {
    let announced = april().rate(date(2026, 4, 1), "USD/KZT").unwrap();
    assert_eq!(announced.value.to_string(), "478.77");
    let tomorrow = announced.announced.unwrap();
    assert_eq!(
        (tomorrow.value.to_string(), tomorrow.effective_date),
        ("475.09".into(), date(2026, 4, 2))
    );
    assert_eq!(tomorrow.change.unwrap().absolute.to_string(), "-3.68");
    assert_eq!(
        line(april().rate(date(2026, 3, 30), "USD/KZT")),
        "478.77 Published nbk 2026-04-01 Fresh n/a"
    );
}

#[test]
fn a_corrected_value_keeps_what_it_superseded() {
    let mut history = History::new(RevisionPolicy::Correction);
    let day = date(2026, 4, 2);
    let mut rows_of_news = |value| match history.insert(nbk(day, value)) {
        InsertOutcome::Rows(rows) => rows.len(),
        InsertOutcome::OlderInstant => panic!("a bank has no instants"),
    };
    assert_eq!(rows_of_news("475.09"), 1);
    assert_eq!(rows_of_news("475.09"), 0);
    assert_eq!(rows_of_news("475.90"), 1);
    assert_eq!(rows_of_news("475.90"), 0);
    let row = &history.newest().unwrap().rows[&Currency::USD];
    assert_eq!(row.superseded_value.unwrap().to_string(), "475.09");
}

#[test]
fn a_market_moves_within_its_day_and_compares_with_the_last_value_of_an_earlier_one() {
    let tables = vec![
        market(date(2025, 12, 7), "505.689811", "2025-12-07T16:07:06Z"),
        market(date(2025, 12, 8), "508.1", "2025-12-08T08:12:08Z"),
        market(date(2025, 12, 8), "511.015258", "2025-12-08T16:09:04Z"),
        market(date(2025, 12, 8), "507.0", "2025-12-08T00:34:07Z"),
    ];
    let records = Records::default().with("market", None, tables);
    let rate = records.rate(date(2025, 12, 8), "USD/KZT").unwrap();
    assert_eq!(
        rate.fixings[0].superseded_value, None,
        "a newer instant corrects nothing"
    );
    assert_eq!(
        line(Some(rate)),
        "511.015258 Published market 2025-12-08 Fresh 5.325447 1.0531% since 2025-12-07"
    );
}

#[test]
fn a_market_announces_nothing() {
    let tables = vec![
        market(date(2025, 12, 8), "511.015258", "2025-12-08T16:09:04Z"),
        market(date(2025, 12, 9), "511.015258", "2025-12-09T00:33:07Z"),
        market(date(2025, 12, 10), "515.7", "2025-12-10T00:34:07Z"),
    ];
    let records = Records::default().with("market", None, tables);
    assert_eq!(
        records
            .rate(date(2025, 12, 8), "USD/KZT")
            .unwrap()
            .announced,
        None
    );
}

#[test]
fn a_currency_missing_from_a_new_table_keeps_its_value_and_ages() {
    let kgs = Quotes::InHome(Currency::KGS);
    let without_tenge = table(
        "nbkr",
        kgs,
        date(2026, 5, 24),
        &[("USD", 1, "87.4000"), ("RUB", 1, "1.2263")],
    );
    let tables = vec![nbkr(date(2026, 5, 23), "87.4500", "0.1859"), without_tenge];
    let records = Records::default().with("nbkr", Some(Currency::KGS), tables);
    let history = &records.sources.values().next().unwrap().documents[0].history;
    let pair_state = history
        .pair_state(date(2026, 5, 29), Currency::KZT, Currency::KGS)
        .unwrap();
    assert_eq!(pair_state.effective_date, date(2026, 5, 23));
}

#[test]
fn a_pair_of_two_of_the_five_is_crossed_through_the_dollar_even_where_a_bank_prints_it() {
    let tables = vec![
        nbkr(date(2026, 4, 1), "87.4400", "0.1828"),
        nbkr(date(2026, 4, 2), "87.4500", "0.1841"),
    ];
    let records = april().with("nbkr", Some(Currency::KGS), tables);
    assert_eq!(
        line(records.rate(date(2026, 4, 2), "KGS/KZT")),
        "5.43270440252 Crossed nbkr+nbk 2026-04-02 Fresh -0.04270730837 -0.78% since 2026-04-01"
    );
    assert_eq!(
        line(records.rate(date(2026, 4, 2), "KGS/KGS")),
        "1 Identity   Fresh n/a"
    );
}

#[test]
fn a_cross_of_two_dates_has_the_older_and_compares_with_the_newest_earlier_date_of_either() {
    // The som moved on 23 May; the tenge stands since 2 April, so it had the same value on 22 May.
    let tables = vec![
        nbkr(date(2026, 5, 22), "87.4400", "0.1851"),
        nbkr(date(2026, 5, 23), "87.4500", "0.1859"),
    ];
    let records = april().with("nbkr", Some(Currency::KGS), tables);
    let rate = records.rate(date(2026, 5, 23), "KGS/KZT").unwrap();
    assert_eq!(rate.fixings.len(), 2);
    assert_eq!(
        line(Some(rate)),
        "5.43270440252 Crossed nbkr+nbk 2026-04-02 Stale -0.00062130654 -0.0114% since 2026-05-22"
    );
}

#[test]
fn a_bank_prices_what_it_does_not_print_through_its_own_currency() {
    let tables = vec![cbr(date(2026, 3, 19), "83.1259", "17.3533", "86.5174")];
    let records = Records::default().with("cbr", Some(Currency::RUB), tables);
    let rate = records.rate(date(2026, 4, 2), "TJS/USD").unwrap();
    assert_eq!(rate.fixings.len(), 2);
    assert_eq!(
        rate.freshness_status.reason,
        "nothing newer than 2026-03-19; the table for 2026-03-20 was due by 2026-03-19 18:00 UTC; \
         the bank has not been reached since 2026-03-19 18:00; stale since 2026-03-20 18:00"
    );
    assert_eq!(
        line(Some(rate)),
        "0.104079955826 Crossed cbr 2026-03-19 Stale n/a"
    );
    assert_eq!(
        line(records.rate(date(2026, 3, 19), "TJS/RUB")),
        "8.65174 Published cbr 2026-03-19 Fresh n/a"
    );
    assert_eq!(
        line(records.rate(date(2026, 3, 19), "USD/TJS")),
        "9.60799792874 Crossed cbr 2026-03-19 Fresh n/a"
    );
}

#[test]
fn the_home_bank_answers_until_it_is_stale_and_another_is_not() {
    let fallback = |day| vec![cbr(day, "83.1259", "17.3533", "86.5174")];
    let both = april().with("cbr", Some(Currency::RUB), fallback(date(2026, 4, 2)));
    let source = |records: &Records, today| records.rate(today, "KZT/USD").unwrap().source;
    assert_eq!(source(&both, date(2026, 4, 2)), "nbk");
    let newer = april().with("cbr", Some(Currency::RUB), fallback(date(2026, 4, 3)));
    let late = newer.rate(date(2026, 4, 3), "KZT/USD").unwrap();
    assert_eq!(
        (late.source.as_str(), late.freshness_status.freshness),
        ("nbk", Freshness::Late)
    );
    let fresh = april().with("cbr", Some(Currency::RUB), fallback(date(2026, 5, 24)));
    assert_eq!(source(&fresh, date(2026, 5, 24)), "cbr");
    assert_eq!(
        source(&both, date(2026, 5, 24)),
        "nbk",
        "when all are stale the first stays"
    );
}

#[test]
fn a_source_answers_only_after_every_source_of_higher_preference_was_polled() {
    let table = cbr(date(2026, 4, 2), "83.1259", "17.3533", "86.5174");
    let nothing_from_home = || {
        let records = Records::default().with("nbk", Some(Currency::KZT), Vec::new());
        records.with("cbr", Some(Currency::RUB), vec![table.clone()])
    };
    let today = date(2026, 4, 2);
    assert_eq!(
        line(
            nothing_from_home()
                .not_attempted("nbk")
                .rate(today, "KZT/USD")
        ),
        "not quoted"
    );
    assert_eq!(
        nothing_from_home().rate(today, "KZT/USD").unwrap().source,
        "cbr"
    );
}

#[test]
fn pairs_without_one_of_the_five_do_not_exist() {
    let today = date(2026, 4, 2);
    for pair in ["EUR/USD", "USD/USD", "USD/RUB", "KZT/JPY"] {
        assert_eq!(line(april().rate(today, pair)), "not quoted", "{pair}");
    }
}

#[test]
fn a_table_fetched_later_takes_its_place_in_the_history() {
    let newest_first = [
        nbkr(date(2026, 5, 24), "87.4500", "0.1859"),
        nbkr(date(2026, 5, 23), "87.4500", "0.1859"),
        nbkr(date(2026, 5, 22), "87.4500", "0.1862"),
    ];
    let today = date(2026, 5, 24);
    let rate = |tables: &[Table]| {
        let records = Records::default().with("nbkr", Some(Currency::KGS), tables.to_vec());
        line(records.rate(today, "USD/KGS"))
    };
    assert_eq!(
        rate(&newest_first[..1]),
        "87.4500 Published nbkr 2026-05-24 Fresh n/a"
    );
    assert_eq!(
        rate(&newest_first),
        "87.4500 Published nbkr 2026-05-24 CarriedOver 0 0% since 2026-05-22"
    );
    // A correction of what was repeated makes the repetition a fixing of its own.
    let corrected = nbkr(date(2026, 5, 23), "87.4500", "0.1860");
    assert_eq!(
        rate(&[&newest_first[..], &[corrected]].concat()),
        "87.4500 Published nbkr 2026-05-24 Fresh 0 0% since 2026-05-23"
    );
}

#[test]
fn a_currency_that_is_published_no_more_outlives_the_tables_that_are_dropped() {
    let kzt = Quotes::InHome(Currency::KZT);
    let first = date(2026, 4, 1);
    let with_lev = table(
        "nbk",
        kzt,
        first,
        &[("USD", 1, "478.77"), ("BGN", 1, "280.10")],
    );
    let days = std::iter::successors(first.tomorrow().ok(), |day| day.tomorrow().ok());
    let values = ["475.09", "474.20"].into_iter().cycle();
    let daily = days.zip(values).take(100).map(|(day, usd)| nbk(day, usd));
    let tables = std::iter::once(with_lev).chain(daily).collect();
    let records = Records::default().with("nbk", Some(Currency::KZT), tables);
    let today = date(2026, 7, 10);
    assert_eq!(
        line(records.rate(today, "BGN/KZT")),
        "280.10 Published nbk 2026-04-01 Stale n/a"
    );
    assert_eq!(
        line(records.rate(today, "USD/KZT")),
        "474.20 Published nbk 2026-07-10 Fresh -0.89 -0.1873% since 2026-07-09"
    );
}
