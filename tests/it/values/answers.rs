//! What filters, snapshots and gaps answer.

use std::collections::BTreeMap;

use silkrate::domain::{
    Currency, Digits, DocumentKey, Figures, Form, Pair, Position, RateFilter, Snapshot, SourceId,
    parse_decimal,
};

use crate::support::boards::noon;
use crate::support::records::Records;
use crate::values::{NBK, april, dollar, nbk};

fn pair(text: &str) -> Pair {
    Pair::parse(text).unwrap()
}

fn filter(items: &[&str]) -> RateFilter {
    RateFilter::parse(items).unwrap()
}

#[test]
fn a_star_wants_every_other_currency_and_an_item_its_own_pair() {
    for (item, wanted, unwanted) in [
        ("KZT/USD", "KZT/USD", "USD/KZT"),
        ("*/USD", "KZT/USD", "USD/KZT"),
        ("*/USD", "KGS/USD", "USD/USD"),
        ("KZT/*", "KZT/EUR", "EUR/KZT"),
        ("KZT/*", "KZT/USD", "KZT/KZT"),
        ("*/*", "EUR/KZT", "KZT/KZT"),
    ] {
        let filter = filter(&[item]);
        assert!(filter.wants(pair(wanted)), "{item} {wanted}");
        assert!(!filter.wants(pair(unwanted)), "{item} {unwanted}");
        assert_eq!(filter.has_star(), item.contains('*'));
        assert!(!filter.is_empty());
        assert_eq!(filter.to_string(), item);
    }
    let none = filter(&[]);
    assert!(none.is_empty() && !none.has_star());
    assert!(!none.wants(pair("KZT/USD")));
    assert_eq!(filter(&["KZT/USD", "*/EUR"]).to_string(), "KZT/USD,*/EUR");
}

#[test]
fn a_filter_covers_what_falls_under_its_items() {
    for (wide, narrow, is_covered) in [
        (&["*/*"][..], &["KZT/*", "KGS/USD"][..], true),
        (&["KZT/*"], &["KZT/USD"], true),
        (&["KZT/*"], &["KZT/*"], true),
        (&["KZT/*"], &["KZT/USD", "KGS/USD"], false),
        (&["KZT/*"], &["*/USD"], false),
        (&["KZT/USD"], &["KZT/*"], false),
        (&[], &[], true),
        (&[], &["KZT/USD"], false),
        (&["*/*"], &[], false),
    ] {
        let covers = filter(wide).covers(&filter(narrow));
        assert_eq!(covers, is_covered, "{wide:?} {narrow:?}");
    }
}

#[test]
fn an_update_has_what_is_newer_than_a_revision_and_nothing_else() {
    let position = Position {
        epoch: "epoch".into(),
        revision: 0,
    };
    let mut book = Records::default()
        .with("nbk", Some(Currency::KZT), vec![dollar(april(1), "475.09")])
        .book();
    let empty = Snapshot::initial(position, BTreeMap::new());
    let first = empty.next(book.view(noon(april(1)))).unwrap();
    assert!(
        first.next(book.view(noon(april(1)))).is_none(),
        "nothing has changed"
    );
    let rows = [("EUR", 1, "550.00"), ("USD", 1, "475.09")];
    let key = DocumentKey {
        source: NBK,
        document: "daily",
    };
    book.history(key).unwrap().insert(nbk(april(1), &rows));
    let second = first.next(book.view(noon(april(1)))).unwrap();
    let all = filter(&["*/*"]);
    let since = |revision, filter: &RateFilter| {
        let update = second.update_since(revision, filter);
        let pairs = update.rates.iter().map(|rate| rate.pair.to_string());
        assert_eq!(update.removed_pairs, []);
        pairs.collect::<Vec<_>>()
    };
    assert!(second.can_update_from(1));
    assert_eq!(since(1, &all), ["EUR/KZT", "KZT/EUR"]);
    assert_eq!(since(1, &filter(&["KZT/USD"])), Vec::<String>::new());
    assert_eq!(since(0, &filter(&["*/USD"])), ["KZT/USD"]);
    assert_eq!(since(2, &all), Vec::<String>::new());
}

#[test]
fn a_snapshot_answers_by_pair_by_source_and_with_a_converted_amount() {
    let rows = [("EUR", 1, "550.00"), ("USD", 1, "475.09")];
    let snapshot = Records::default()
        .with("nbk", Some(Currency::KZT), vec![nbk(april(1), &rows)])
        .snapshot(april(1));
    let pairs = |item| {
        let pairs = snapshot.pairs(&filter(&[item])).into_iter();
        pairs.map(|pair| pair.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(pairs("KZT/*"), ["KZT/EUR", "KZT/USD"]);
    assert_eq!(snapshot.rates(&filter(&["KZT/*", "KGS/USD"])).len(), 2);
    let source = snapshot.source_of(Currency::KZT, Currency::USD);
    assert_eq!(source, Some(NBK));
    assert_eq!(snapshot.source_of(Currency::KGS, Currency::USD), None);
    assert_eq!(snapshot.source(NBK).map(|source| source.id), Some(NBK));
    assert!(snapshot.source(SourceId::new("nbt")).is_none());
    let convert = |amount, text, round| {
        let amount = parse_decimal(amount).unwrap();
        let result = snapshot.convert(amount, pair(text), round)?;
        Some(result.to_string())
    };
    assert_eq!(convert("2", "USD/KZT", false).unwrap(), "950.18");
    assert_eq!(convert("0.015", "USD/KZT", true).unwrap(), "7.13");
    assert_eq!(convert("2", "KGS/USD", false), None);
}

#[test]
fn a_gap_of_the_last_two_weeks_is_named_and_an_older_one_is_not() {
    let days = [1, 3, 16, 18];
    let tables = days.map(|day| dollar(april(day), &format!("475.{day:02}")));
    let book = Records::default()
        .with("nbk", Some(Currency::KZT), tables.to_vec())
        .book();
    let gaps = |day| {
        let gaps = book.gaps(NBK, noon(april(day)));
        gaps.into_iter()
            .map(|(_, date)| date.day())
            .collect::<Vec<_>>()
    };
    // Two weeks before the 18th is the 4th.
    let between: Vec<i8> = (4..=15).chain([17]).collect();
    assert_eq!(gaps(18), between);
    assert_eq!(gaps(30), [17]);
    assert_eq!(book.gaps(SourceId::new("nbt"), noon(april(18))), []);
}

#[test]
fn a_published_value_is_shown_as_printed_and_a_derived_one_with_five_digits() {
    let rate = |text| {
        let records = Records::default();
        let tables = vec![dollar(april(1), "475"), dollar(april(2), "480.50")];
        let records = records.with("nbk", Some(Currency::KZT), tables);
        records.rate(april(2), text).unwrap()
    };
    let entry = |text| Figures::from(&rate(text)).entry(Form::Pair);
    let shown = |text, digits| {
        let entry = entry(text);
        entry.shown(entry.value, digits).to_string()
    };
    assert_eq!(shown("USD/KZT", Digits::Auto), "480.50");
    assert_eq!(shown("USD/KZT", Digits::Places(1)), "480.5");
    assert_eq!(shown("USD/KZT", Digits::Places(3)), "480.500");
    assert_eq!(shown("KZT/USD", Digits::Auto), "0.0020812");
    assert_eq!(shown("KZT/USD", Digits::Places(2)), "0.00208");
}
