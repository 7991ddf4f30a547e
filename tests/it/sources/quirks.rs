//! The peculiarities of each bank, one in each test.

use jiff::civil::date;
use silkrate::domain::{Currency, Fixing, Table};
use silkrate::sources::{ParseError, TableSelector, find};

use crate::sources::parse;

pub(super) fn table(name: &str) -> Table {
    parse(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn row(name: &str, code: &str) -> Fixing {
    let currency = Currency::parse(code).unwrap();
    let table = table(name);
    let row = table.rows.get(&currency);
    (**row.unwrap_or_else(|| panic!("{name} has no {code}"))).clone()
}

/// `units value change` of a row, as printed.
pub(super) fn figures(name: &str, code: &str) -> String {
    let row = row(name, code);
    let change = row.published_change.map(|change| format!(" {change}"));
    format!("{} {}{}", row.units, row.value, change.unwrap_or_default())
}

pub(super) fn dropped(name: &str) -> Vec<String> {
    let rows = table(name).dropped;
    rows.into_iter()
        .map(|row| format!("{}: {}", row.currency, row.reason))
        .collect()
}

pub(super) fn refused(name: &str) -> String {
    parse(name).unwrap_err().to_string()
}

#[test]
fn nbk_cuts_zeros_off_values_and_keeps_them_on_changes() {
    assert_eq!(figures("nbk/2026-04-01.xml", "JPY"), "1 3 -0.02");
    assert_eq!(figures("nbk/2026-04-01.xml", "TJS"), "1 50.19 -0.50");
    assert_eq!(figures("nbk/2026-04-01.xml", "IRR"), "1000 0.4 0.00");
}

#[test]
fn nbk_writes_a_plus_before_a_rise() {
    assert_eq!(figures("nbk/2026-04-02.xml", "EUR"), "1 551.06 2.44");
    assert_eq!(figures("nbk/2026-04-02.xml", "USD"), "1 475.09 -3.68");
}

#[test]
fn nbk_prints_no_change_on_a_monday() {
    let table = table("nbk/2016-04-18-monday.xml");
    assert!(
        table
            .rows
            .values()
            .all(|row| row.published_change.is_some_and(|change| change.is_zero()))
    );
}

#[test]
fn nbk_answers_a_wrong_date_with_an_error_in_json() {
    assert!(matches!(
        parse("nbk/wrong-date-error.json"),
        Err(ParseError::Refused(text)) if text.starts_with("500 Invalid format date.")
    ));
}

#[test]
fn the_feed_of_nbk_with_dead_currencies_is_refused() {
    let error = refused("nbk/2016-04-18-rates-all-with-dead-currencies.xml");
    assert!(error.contains("the root is <rss>"), "{error}");
}

#[test]
fn a_row_without_a_positive_number_is_dropped_and_the_others_stay() {
    let name = "nbk/2026-04-02-zero-row.xml";
    assert_eq!(table(name).rows.len(), 1);
    assert_eq!(
        dropped(name),
        [
            "KGS: `0` is not above zero",
            "TJS: `-49.75` is not above zero",
            "UZS: `` is not a plain decimal number",
            "EUR: `5.5106e2` is not a plain decimal number",
        ]
    );
}

#[test]
fn a_row_of_an_unknown_code_nominal_or_separator_is_dropped() {
    let name = "nbk/2026-04-02-odd-rows.xml";
    assert_eq!(table(name).rows.len(), 1);
    assert_eq!(
        dropped(name),
        [
            "KZT: the source's own currency",
            "___: a currency code is three letters, such as KZT",
            "KGS: `7` is no nominal",
            "EUR: `551,06` is not a plain decimal number",
            "EEK: no longer a currency",
        ]
    );
}

#[test]
fn the_same_row_twice_is_kept_once_and_another_value_refuses_the_document() {
    let once = table("nbk/2026-04-02-duplicate.xml");
    assert_eq!((once.rows.len(), once.dropped.len()), (2, 0));
    for (name, currency) in [
        ("nbk/2026-04-02-contradiction.xml", Currency::USD),
        ("nbkr/weekly/2026-05-23-contradiction.xml", Currency::UZS),
        ("cbu/2026-04-02-contradiction.json", Currency::USD),
    ] {
        assert_eq!(parse(name), Err(ParseError::Contradiction(currency)));
    }
}

#[test]
fn a_document_with_a_structural_fault_is_refused_whole() {
    for name in [
        "nbk/2026-04-02-two-roots.xml",
        "nbk/2026-04-02-junk-after-root.xml",
        "nbk/2026-04-02-truncated.xml",
        "nbk/2026-04-02-entities.xml",
        "cbu/2026-04-02-junk-after-the-list.json",
    ] {
        assert!(
            matches!(parse(name), Err(ParseError::Malformed(_))),
            "{name}"
        );
    }
    for name in [
        "nbk/2026-04-02-two-dates.xml",
        "nbkr/daily/undated.xml",
        "cbu/2026-04-02-member-twice.json",
        "cbu/not-a-list.json",
    ] {
        assert!(
            matches!(parse(name), Err(ParseError::Unexpected(_))),
            "{name}"
        );
    }
}

#[test]
fn an_html_page_is_refused_as_a_web_page() {
    for name in [
        "nbk/firewall-page.html",
        "cbu/page.html",
        "nbt/help-page.html",
        "cbr/firewall-page.html",
        "market/apilayer/page.html",
    ] {
        assert_eq!(
            parse(name),
            Err(ParseError::Unexpected("a web page".into())),
            "{name}"
        );
    }
}

#[test]
fn a_date_that_does_not_exist_or_is_in_another_form_is_refused() {
    for name in [
        "nbk/no-such-date.xml",
        "nbt/2026-05-19-dotted-date.xml",
        "cbt/two-digit-year.xml",
        "cbr/2026-03-19-iso-date.xml",
        "market/fawazahmed0/no-such-date.json",
    ] {
        assert!(matches!(parse(name), Err(ParseError::Date(_))), "{name}");
    }
}

#[test]
fn nbkr_tells_its_two_files_apart_by_their_name() {
    assert_eq!(table("nbkr/daily/2026-05-23.xml").document, "daily");
    assert_eq!(
        table("nbkr/weekly/2026-05-23-with-retired-byr.xml").document,
        "weekly"
    );
    let error = refused("nbkr/weekly/2026-05-23-daily-file.xml");
    assert!(error.contains("`Daily Exchange Rates`"), "{error}");
    let error = refused("nbkr/daily/2026-05-23-weekly-file.xml");
    assert!(error.contains("`Weekly Exchange Rates`"), "{error}");
}

#[test]
fn nbkr_writes_a_comma_and_four_decimals() {
    assert_eq!(figures("nbkr/daily/2026-05-23.xml", "USD"), "1 87.4500");
    assert_eq!(
        figures("nbkr/weekly/2026-05-23-with-retired-byr.xml", "UZS"),
        "1 0.0073"
    );
    assert_eq!(dropped("nbkr/daily/2026-05-23-decimal-point.xml").len(), 2);
}

#[test]
fn nbkr_repeats_the_values_of_saturday_on_sunday() {
    let saturday = table("nbkr/daily/2026-05-23.xml");
    let sunday = table("nbkr/daily/2026-05-24-same-figures.xml");
    assert_ne!(saturday.effective_date, sunday.effective_date);
    assert!(saturday.same_values(&sunday));
}

#[test]
fn a_currency_is_dropped_from_the_day_it_was_withdrawn_and_not_before() {
    assert_eq!(
        dropped("nbkr/weekly/2026-05-23-with-retired-byr.xml"),
        ["BYR: no longer a currency"]
    );
    assert_eq!(
        figures("nbk/2013-12-31-when-lvl-was-money.xml", "LVL"),
        "1 300.96 -0.86"
    );
}

#[test]
fn a_weekly_table_is_for_seven_days() {
    let documents = find("nbkr", "").unwrap().documents;
    let schedules = documents.iter().map(|document| document.schedule);
    let days: Vec<_> = schedules.map(|schedule| schedule.valid_days).collect();
    assert_eq!(days, [1, 7]);
}

#[test]
fn cbu_prints_misprints_and_the_parser_repeats_them() {
    assert_eq!(
        figures("cbu/2026-04-01-tmt-misprinted.json", "TMT"),
        "1 4037.68 108.25"
    );
    assert_eq!(figures("cbu/2026-04-02.json", "TMT"), "1 3469.17 -568.51");
}

#[test]
fn cbu_cuts_zeros_off_changes_and_keeps_them_on_values() {
    assert_eq!(figures("cbu/2026-04-02.json", "KGS"), "1 138.80 -0.6");
    assert_eq!(figures("cbu/2026-04-02.json", "IRR"), "10 0.09 0");
}

#[test]
fn nbt_is_read_by_letter_code_because_its_numbers_are_wrong() {
    assert_eq!(figures("nbt/2026-05-18.xml", "RUB"), "1 0.1277");
    assert_eq!(figures("nbt/2026-05-18.xml", "AMD"), "100 2.5340");
    assert_eq!(row("nbt/2026-05-18.xml", "USD").published_change, None);
}

#[test]
fn nbt_requires_attribution() {
    assert_eq!(
        find("nbt", "").unwrap().attribution,
        "reference to www.nbt.tj"
    );
}

#[test]
fn a_nominal_may_change_between_those_that_banks_use() {
    let name = "nbt/2026-05-19-nominal-drifted.xml";
    assert_eq!(figures(name, "UZS"), "1000 0.7770");
    assert_eq!(figures(name, "KZT"), "1000000 19860.0000");
    assert_eq!(
        figures("cbr/2016-12-09-without-unit-rates.xml", "UZS"),
        "1000 19.9654"
    );
    assert_eq!(figures("cbr/2026-03-19.xml", "UZS"), "10000 68.2543");
}

#[test]
fn cbt_dates_its_files_in_two_ways() {
    assert_eq!(
        table("cbt/2026-05-21.xml").effective_date,
        date(2026, 5, 21)
    );
    assert_eq!(
        table("cbt/2022-06-01-iso-date.xml").effective_date,
        date(2022, 6, 1)
    );
}

#[test]
fn cbt_counts_in_manat_and_its_dollar_column_is_never_read() {
    let name = "cbt/2026-05-21-unreadable-rate-usd.xml";
    assert_eq!(figures(name, "USD"), "1 3.5");
    assert_eq!(figures(name, "KGS"), "100 4.0023");
    assert_eq!(figures("cbt/2026-05-21.xml", "EUR"), "1 4.0569");
}

#[test]
fn cbt_has_days_without_a_file_and_polls_skip_them() {
    let document = &find("cbt", "").unwrap().documents[0];
    assert!(document.missing_is_normal);
    let saturday = date(2026, 5, 23);
    let path = |selector| document.path(selector, saturday).unwrap();
    assert_eq!(path(TableSelector::Today), "/kurs/2026/23052026.xml");
    assert_eq!(path(TableSelector::Tomorrow), "/kurs/2026/24052026.xml");
    assert_eq!(path(TableSelector::NextFixing), "/kurs/2026/25052026.xml");
}

#[test]
fn cbr_is_read_from_windows_1251_with_a_comma() {
    assert_eq!(figures("cbr/2025-12-13.xml", "KZT"), "100 15.3320");
    assert_eq!(figures("cbr/2026-03-17.xml", "TJS"), "10 84.3691");
}

#[test]
fn the_unit_rate_of_cbr_is_never_read() {
    // It is `5,88139E-05` in one document, and missing in the other.
    let row = row("cbr/2026-03-19.xml", "XDR");
    assert_eq!(row.value.to_string(), "113.0662");
    assert_eq!(table("cbr/2016-12-09-without-unit-rates.xml").rows.len(), 4);
    assert_eq!(
        dropped("cbr/2026-03-19-scientific-value.xml"),
        ["IRR: `5,88139E-05` is not a plain decimal number"]
    );
}

#[test]
fn cbr_answers_wrong_parameters_with_an_undated_table() {
    assert_eq!(
        parse("cbr/error-in-parameters.xml"),
        Err(ParseError::Refused("Error in parameters".into()))
    );
}

#[test]
fn five_banks_and_the_fallback_quote_the_dollar() {
    for (name, value) in [
        ("nbk/2026-04-02.xml", "475.09"),
        ("nbkr/daily/2026-05-23.xml", "87.4500"),
        ("cbu/2026-04-02.json", "12142.10"),
        ("nbt/2026-05-19.xml", "9.3371"),
        ("cbt/2026-05-21.xml", "3.5"),
        ("cbr/2025-12-13.xml", "79.7296"),
    ] {
        assert_eq!(row(name, "USD").value.to_string(), value, "{name}");
    }
}
