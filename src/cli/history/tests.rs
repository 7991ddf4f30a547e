//! The table, its overview and its notes.

use super::*;
use crate::pb::{Change, Derivation, Fixing};
use crate::tabular::{self, Dialect};

fn rate(date: &str, value: &str, change: Option<(&str, &str)>) -> Rate {
    Rate {
        pair: "USD/KZT".to_owned(),
        value: value.to_owned(),
        derivation: Derivation::Published.into(),
        source: Some("nbk".to_owned()),
        effective_date: Some(date.to_owned()),
        date: Some(date.to_owned()),
        change: change.map(|(absolute, percent)| Change {
            absolute: absolute.to_owned(),
            percent: percent.to_owned(),
            reference_value: "478.77".to_owned(),
            reference_date: "2026-04-01".to_owned(),
            ..Change::default()
        }),
        ..Rate::default()
    }
}

fn found() -> Rows<Rate> {
    let mut corrected = rate("2026-04-02", "475.09", Some(("-3.68", "-0.7686")));
    corrected.fixings = vec![Fixing {
        source: "nbk".to_owned(),
        currency: "USD".to_owned(),
        value: "475.09".to_owned(),
        effective_date: "2026-04-02".to_owned(),
        superseded_value: Some("475.90".to_owned()),
        ..Fixing::default()
    }];
    Rows {
        rows: vec![
            corrected,
            rate("2026-04-01", "478.77", None),
            rate("2026-03-31", "476.10", None),
        ],
        is_cut: false,
    }
}

#[test]
fn the_bars_and_the_extremes_stand_above_the_rows() {
    assert_eq!(
        page(&arguments(&["USD/KZT"]), &found(), None),
        "\
USD/KZT: 3 rates, 2026-03-31 to 2026-04-02
▃█▁
lowest 475.09 on 2026-04-02, highest 478.77 on 2026-04-01

DATE        VALUE   CHANGE  PERCENT   SOURCE  HOW
2026-04-02  475.09  -3.68   -0.7686%  nbk     published
2026-04-01  478.77  n/a     n/a       nbk     published
2026-03-31  476.10  n/a     n/a       nbk     published

2026-04-02: nbk corrected USD of 2026-04-02 from 475.90 to 475.09
"
    );
}

fn arguments(words: &[&str]) -> HistoryArgs {
    #[derive(Debug, clap::Parser)]
    struct Command {
        #[command(flatten)]
        history: HistoryArgs,
    }
    let words = ["history"].iter().chain(words);
    <Command as clap::Parser>::try_parse_from(words)
        .unwrap()
        .history
}

#[test]
fn of_several_pairs_each_row_names_its_pair_and_a_step_the_date_of_the_fixing() {
    let mut found = found();
    found.rows.truncate(1);
    found.rows[0].fixings.clear();
    found.rows[0].date = Some("2026-04-05".to_owned());
    let arguments = arguments(&["usd/kzt", "*/USD", "--step", "day"]);
    assert_eq!(
        page(&arguments, &found, None),
        "\
USD/KZT, */USD: 1 rate, 2026-04-05 to 2026-04-05

DATE        PAIR     FIXED       VALUE   CHANGE  PERCENT   SOURCE  HOW
2026-04-05  USD/KZT  2026-04-02  475.09  -3.68   -0.7686%  nbk     published
"
    );
    let request = arguments.request((None, None));
    assert_eq!(
        (request.pair.as_str(), request.step()),
        ("", HistoryStep::Day)
    );
    assert_eq!(request.filter.unwrap().pairs, ["USD/KZT", "*/USD"]);
}

#[test]
fn a_truncated_range_is_noted() {
    let mut found = found();
    found.rows.truncate(1);
    found.is_cut = true;
    let first = overview("USD/KZT", &found, Some(80));
    assert!(
        first.starts_with("USD/KZT: 1 rate, 2026-04-02 to 2026-04-02; older ones are omitted\n▄\n"),
        "{first}"
    );
}

#[test]
fn of_equal_extremes_the_newest_is_named() {
    let values = [("04", "1"), ("03", "2"), ("02", "2"), ("01", "1.0")];
    let rate = |(day, value): (&str, &str)| rate(&format!("2026-04-{day}"), value, None);
    let found = Rows {
        rows: values.map(rate).into(),
        is_cut: false,
    };
    let message = overview("USD/KZT", &found, Some(80));
    let extremes = "lowest 1 on 2026-04-04, highest 2 on 2026-04-03\n";
    assert!(message.ends_with(extremes), "{message}");
}

#[test]
fn a_value_that_cannot_be_read_is_shown_without_bars() {
    let mut found = found();
    found.rows[1].value = "4.8e2".to_owned();
    let shown = page(&arguments(&["USD/KZT"]), &found, None);
    assert!(shown.contains("  4.8e2  "), "{shown}");
    assert!(!shown.contains("lowest"), "{shown}");
}

#[test]
fn csv_has_the_digits_as_printed_and_nothing_for_what_is_not_known() {
    let found = found();
    let rows: Vec<json::Rate<'_>> = json::list(&found.rows);
    let text =
        String::from_utf8(tabular::csv(PAST_RATE, Dialect::Rfc4180, &rows).unwrap()).unwrap();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(
        lines[..4],
        [
            "pair,effective_date,value,change_absolute,change_percent,reference_value,reference_date,source,derivation,date",
            "USD/KZT,2026-04-02,475.09,-3.68,-0.7686,478.77,2026-04-01,nbk,PUBLISHED,2026-04-02",
            "USD/KZT,2026-04-01,478.77,,,,,nbk,PUBLISHED,2026-04-01",
            "USD/KZT,2026-03-31,476.10,,,,,nbk,PUBLISHED,2026-03-31",
        ]
    );
}
