//! What rates of the past are, from tables of the Kazakh, the Uzbek and the Turkmen bank.

use jiff::civil::{Date, date};
use silkrate::domain::{
    Currency, DateRange, HistoryStep, Leg, Pair, Past, Period, SourceRecord, Table, snapshot_on,
};

use crate::support::records::{Quotes, Records, table};
use crate::values::{april, dollar};

/// The dollar in tenge on 31 March, 1 April and 2 April 2026.
fn tenge() -> Vec<Table> {
    vec![
        dollar(date(2026, 3, 31), "481.54"),
        dollar(april(1), "478.77"),
        dollar(april(2), "475.09"),
    ]
}

/// The dollar in sums on 1 and 2 April 2026.
fn sums() -> Vec<Table> {
    let sum = |day, value| {
        let rows = [("USD", 1, value)];
        table("cbu", Quotes::InHome(Currency::UZS), day, &rows)
    };
    vec![sum(april(1), "12194.21"), sum(april(2), "12142.10")]
}

fn banks(tenge: Vec<Table>) -> Records {
    Records::default()
        .with("nbk", Some(Currency::KZT), tenge)
        .with("cbu", Some(Currency::UZS), sums())
}

fn pair(text: &str) -> Pair {
    Pair::parse(text).unwrap()
}

fn range(first: Date, last: Date) -> DateRange {
    DateRange { first, last }
}

/// The legs of a pair. The bank of each is asked first, then the others in the order of their ids.
fn legs(records: &Records, pair: Pair) -> Vec<Leg> {
    let of_leg = |key: (Currency, Currency)| {
        let records = records.sources.values();
        let mut candidates: Vec<SourceRecord> =
            records.map(|record| SourceRecord::clone(record)).collect();
        candidates.sort_by_key(|record| record.home != Some(key.0));
        Leg { key, candidates }
    };
    pair.legs().into_iter().map(of_leg).collect()
}

/// The value of a pair on some days of a range.
fn values(records: &Records, text: &str, range: DateRange, days: &[Date]) -> Vec<Option<String>> {
    let pair = pair(text);
    let legs = legs(records, pair);
    let past = Past::of(&legs, range);
    let on = |day: &Date| {
        let rate = past.rate_on(pair, *day);
        assert_eq!(rate, snapshot_on(&legs, *day).rate(pair), "{text} {day}");
        Some(rate?.value.to_string())
    };
    days.iter().map(on).collect()
}

#[test]
fn the_rate_of_a_past_day_is_that_of_the_newest_table_of_two_weeks() {
    let days = [april(1), april(2), april(3), april(16), april(17)];
    let of = |text| values(&banks(tenge()), text, range(april(1), april(20)), &days);
    let some = |text: &str| Some(text.to_owned());
    let dollar = ["478.77", "475.09", "475.09", "475.09"].map(some);
    assert_eq!(of("USD/KZT"), [&dollar[..], &[None]].concat());
    // One divided by each, to twelve digits.
    let [first, second] = ["0.00208868559016", "0.00210486434149"].map(some);
    let inverse = [first, second.clone(), second.clone(), second, None];
    assert_eq!(of("KZT/USD"), inverse);
    // 12194.21 / 478.77 and 12142.10 / 475.09.
    let [first, second] = ["25.4698707104", "25.5574733208"].map(some);
    let cross = [first, second.clone(), second.clone(), second, None];
    assert_eq!(of("KZT/UZS"), cross);
    assert_eq!(of("KZT/KZT"), ["1"; 5].map(some));
}

#[test]
fn what_was_announced_on_a_past_day_is_no_part_of_its_rate() {
    let pair = pair("USD/KZT");
    let legs = legs(&banks(tenge()), pair);
    let past = Past::of(&legs, range(april(1), april(2)));
    let rate = past.rate_on(pair, april(1)).unwrap();
    assert_eq!(rate.announced, None);
    let change = rate.change.unwrap();
    assert_eq!(change.absolute.to_string(), "-2.77");
    assert_eq!(change.reference_date, date(2026, 3, 31));
}

#[test]
fn a_rate_begins_to_stand_on_the_days_of_its_fixings_and_not_where_it_is_repeated_or_ends() {
    let mut tables = tenge();
    tables.push(dollar(april(4), "475.09"));
    let records = banks(tables);
    let fixed = |text, range: DateRange, days| {
        let past = Past::of(&legs(&records, pair(text)), range);
        let days = past.fixing_days(pair(text), days);
        days.into_iter().map(Date::day).collect::<Vec<_>>()
    };
    let month = range(april(1), april(30));
    assert_eq!(fixed("USD/KZT", month, month), [1, 2]);
    assert_eq!(fixed("KZT/UZS", month, month), [1, 2]);
    let of_days = |first, last| fixed("USD/KZT", month, range(april(first), april(last)));
    assert_eq!(of_days(2, 3), [2]);
    assert_eq!(of_days(1, 1), [1]);
    assert_eq!(of_days(3, 20), Vec::<i8>::new());
    let later = range(april(3), april(30));
    assert_eq!(fixed("USD/KZT", later, later), Vec::<i8>::new());
    let later = range(april(2), april(30));
    assert_eq!(fixed("USD/KZT", later, later), [2]);
}

/// The rows of pairs until their last days, as lines.
fn rows(
    past: &Past,
    pairs: &[(Pair, Date)],
    step: HistoryStep,
    after: Option<(Date, usize)>,
) -> Vec<String> {
    let rows = past.rows(pairs, step, april(5), after);
    let line = |row: silkrate::domain::HistoryRow| {
        let of = row.rate.effective_date.unwrap();
        let (day, pair, value) = (row.date.day(), row.rate.pair, row.rate.value);
        format!("{day} {pair} {value} of {}", of.day())
    };
    rows.map(line).collect()
}

#[test]
fn rows_come_newest_first_until_the_last_day_of_each_pair_and_after_the_one_that_is_known() {
    let records = banks(tenge());
    let (dollar, cross) = (pair("USD/KZT"), pair("KZT/UZS"));
    let legs = legs(&records, cross);
    let past = Past::of(&legs, range(april(1), april(5)));
    let fixings = [
        "2 USD/KZT 475.09 of 2",
        "2 KZT/UZS 25.5574733208 of 2",
        "1 USD/KZT 478.77 of 1",
        "1 KZT/UZS 25.4698707104 of 1",
    ];
    let until = |day| [(dollar, april(5)), (cross, april(day))];
    let of = |day, after| rows(&past, &until(day), HistoryStep::Fixing, after);
    assert_eq!(of(5, None), fixings);
    assert_eq!(of(5, Some((april(2), 0))), fixings[1..]);
    assert_eq!(of(5, Some((april(2), 1))), fixings[2..]);
    assert_eq!(of(5, Some((april(1), 1))), Vec::<String>::new());
    assert_eq!(of(2, None), fixings);
    assert_eq!(of(1, None), [fixings[0], fixings[2], fixings[3]]);
    let days = |step| rows(&past, &[(dollar, april(4))], step, None);
    assert_eq!(
        days(HistoryStep::Day),
        [
            "4 USD/KZT 475.09 of 2",
            "3 USD/KZT 475.09 of 2",
            "2 USD/KZT 475.09 of 2",
            "1 USD/KZT 478.77 of 1",
        ]
    );
    // The week ends on the 5th, the pair the day before.
    let week = HistoryStep::LastOf(Period::Week);
    assert_eq!(days(week), ["4 USD/KZT 475.09 of 2"]);
}

#[test]
fn a_row_of_a_bank_that_answers_later_bears_its_day_and_the_date_of_the_table() {
    // Figures of the Russian table of 19 March: the dollar for 83.1259 roubles, 100 tenge for 17.3533.
    let rows_of = [("USD", 1, "83.1259"), ("KZT", 100, "17.3533")];
    let roubles = table("cbr", Quotes::InHome(Currency::RUB), april(10), &rows_of);
    let records = banks(tenge()).with("cbr", Some(Currency::RUB), vec![roubles]);
    let dollar = pair("USD/KZT");
    let past = Past::of(&legs(&records, dollar), range(april(2), april(20)));
    let rows = rows(&past, &[(dollar, april(20))], HistoryStep::Fixing, None);
    // 83.1259 / 0.173533, from the day on which the table of the 2nd is fifteen days old.
    assert_eq!(
        rows,
        ["17 USD/KZT 479.020704996 of 10", "2 USD/KZT 475.09 of 2"]
    );
}

#[test]
fn the_figures_of_a_month_count_each_day_with_the_rate_that_stood_at_its_end() {
    let records = banks(tenge());
    let month = Period::Month.around(april(1));
    let dollar = pair("USD/KZT");
    let past = Past::of(&legs(&records, dollar), range(april(1), april(5)));
    let of = |period, today| past.period(dollar, period, today);
    let figures = of(month, april(5)).unwrap();
    let shown = [figures.first, figures.last, figures.highest, figures.lowest];
    let shown = shown.map(|(day, value)| format!("{} {value}", day.day()));
    assert_eq!(shown, ["1 478.77", "5 475.09", "1 478.77", "2 475.09"]);
    // (478.77 + 4 × 475.09) / 5.
    assert_eq!(figures.average.normalize().to_string(), "475.826");
    assert_eq!((figures.days, figures.fixings), (5, 2));
    assert_eq!(figures.period, month);
    assert!(!figures.is_complete);
    let days = range(april(3), april(4));
    let figures = |today| of(days, today).unwrap();
    assert!(!figures(april(4)).is_complete, "the last day is not over");
    assert!(figures(april(5)).is_complete);
    let figures = figures(april(5));
    assert_eq!((figures.days, figures.fixings), (2, 0));
    assert_eq!(figures.first.0, april(3));
    assert_eq!(figures.last.0, april(4));
    assert_eq!(of(range(april(4), april(5)), april(3)), None);
}

#[test]
fn the_highest_and_the_lowest_rate_are_those_of_the_first_day_that_has_them() {
    let manat = |day, value| {
        let rows = [("USD", 1, value)];
        table("cbt", Quotes::InHome(Currency::TMT), day, &rows)
    };
    // The bank has printed 3.5 manats for years.
    let tables = (1..=3).map(|day| manat(april(day), "3.5")).collect();
    let records = Records::default().with("cbt", Some(Currency::TMT), tables);
    let days = range(april(1), april(3));
    let figures = |text| {
        let past = Past::of(&legs(&records, pair(text)), days);
        past.period(pair(text), days, april(10)).unwrap()
    };
    let dollar = figures("USD/TMT");
    assert_eq!((dollar.highest.0, dollar.lowest.0), (april(1), april(1)));
    assert_eq!((dollar.last.0, dollar.fixings), (april(3), 1));
    let itself = figures("TMT/TMT");
    assert_eq!(itself.average.normalize().to_string(), "1");
    assert_eq!((itself.days, itself.fixings), (3, 0));
}
