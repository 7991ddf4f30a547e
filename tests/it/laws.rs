//! Laws: properties of every number and every order of events, not of examples alone.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Date, date};
use num_bigint::BigInt;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::prop_oneof;
use proptest::sample::select;
use rust_decimal::Decimal;
use silkrate::domain::{
    Change, Currency, Direction, Pair, Rate, RateFilter, Ratio, Snapshot, SourceId, Table,
    TickerStyle, parse_decimal, ticker_entry,
};

use crate::support::boards::noon;
use crate::support::records::{PREFERENCES, Quotes, Records, line, table};
use crate::support::test_commit::TestCommit;

/// Any decimal.
fn any_decimal() -> impl Strategy<Value = Decimal> {
    let mantissa =
        -79_228_162_514_264_337_593_543_950_335_i128..=79_228_162_514_264_337_593_543_950_335;
    (mantissa, 0..=28_u32)
        .prop_map(|(mantissa, scale)| Decimal::from_i128_with_scale(mantissa, scale))
}

/// A value such as a bank could print: above zero, at most 15 digits before the point and 12 after.
fn published() -> impl Strategy<Value = Decimal> {
    (1..=999_999_999_999_999_i128, 0..=12_u32)
        .prop_map(|(mantissa, scale)| Decimal::from_i128_with_scale(mantissa, scale))
}

/// Texts near the grammar of a decimal.
fn nearly_a_number() -> impl Strategy<Value = String> {
    prop_oneof![
        "[+-]?[0-9]{0,30}[.,]?[0-9]{0,15}",
        "[-+0-9._,eE ]{0,45}",
        any::<String>()
    ]
}

/// The grammar, written another way: by a table of states.
fn is_plain_number(text: &str) -> bool {
    let mut state = 0;
    for character in text.chars() {
        state = match (state, character) {
            (0, '+' | '-') => 1,
            (0..=2, '0'..='9') => 2,
            (2, '.') => 3,
            (3 | 4, '0'..='9') => 4,
            _ => return false,
        };
    }
    matches!(state, 2 | 4)
}

fn absolute_difference(a: &Ratio, b: &Ratio) -> Ratio {
    let difference = a.minus(b);
    if difference
        .significant(1)
        .is_some_and(|sign| sign < Decimal::ZERO)
    {
        b.minus(a)
    } else {
        difference
    }
}

/// Whether two values differ by less than the second divided by ten to the power of `digits`.
fn agree_to(a: &Ratio, b: &Ratio, digits: u32) -> bool {
    let bound = Ratio::from(Decimal::from_i128_with_scale(1, digits)).times(b);
    bound
        .minus(&absolute_difference(a, b))
        .significant(1)
        .is_some_and(|rest| rest >= Decimal::ZERO)
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back_digit_by_digit(number in any_decimal()) {
        let read = parse_decimal(&number.to_string());
        prop_assert_eq!(read.map(|read| read.to_string()), Ok(number.to_string()));
    }

    #[test]
    fn a_text_is_read_if_and_only_if_it_is_a_plain_number_that_fits(text in nearly_a_number()) {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let fits = text.len() <= 40
            && digits.parse::<BigInt>().is_ok_and(|mantissa| mantissa < BigInt::from(1_u8) << 96)
            && text.split_once('.').is_none_or(|(_, fraction)| fraction.len() <= 28);
        prop_assert_eq!(parse_decimal(&text).is_ok(), is_plain_number(&text) && fits, "{:?}", text);
    }

    #[test]
    fn an_inverse_times_its_value_is_one_to_eleven_digits(value in published()) {
        let one = Ratio::from(Decimal::ONE);
        let inverse = one.divided_by(&value.into()).and_then(|inverse| inverse.significant(12)).unwrap();
        prop_assert!(agree_to(&Ratio::from(inverse).times(&value.into()), &one, 11), "{} {}", value, inverse);
    }

    #[test]
    fn a_rounded_quotient_is_the_nearest_of_its_digits(a in published(), b in published()) {
        let exact = Ratio::from(a).divided_by(&b.into()).unwrap();
        if let Some(rounded) = exact.significant(12) {
            prop_assert!(rounded.mantissa().abs() < 1_000_000_000_000 || rounded.scale() == 0, "{}", rounded);
            prop_assert!(agree_to(&rounded.into(), &exact, 11));
        }
    }

    #[test]
    fn a_change_adds_up_and_its_direction_is_its_sign(reference in published(), value in published()) {
        let Some(change) = Change::since(reference, date(2026, 4, 1), value) else { return Ok(()) };
        let sum = Ratio::from(reference).minus(&(-change.absolute).into()).exact();
        prop_assert_eq!(sum, Some(value));
        let expected = match value.cmp(&reference) {
            Ordering::Greater => Direction::Up,
            Ordering::Less => Direction::Down,
            Ordering::Equal => Direction::Flat,
        };
        prop_assert_eq!(change.direction, expected);
        let percent_sign = match change.percent.cmp(&Decimal::ZERO) {
            Ordering::Greater => Direction::Up,
            Ordering::Less => Direction::Down,
            Ordering::Equal => change.direction,
        };
        prop_assert_eq!(percent_sign, change.direction);
    }

    #[test]
    fn no_zero_is_printed_negative(reference in any_decimal(), value in any_decimal()) {
        let quotient = Ratio::from(value).divided_by(&reference.into());
        let change = Change::since(reference, date(2026, 4, 1), value);
        let printed = [
            change.as_ref().map(|change| change.absolute.to_string()),
            change.as_ref().map(|change| change.percent.to_string()),
            quotient.as_ref().and_then(|quotient| quotient.significant(12)).map(|number| number.to_string()),
            quotient.as_ref().and_then(|quotient| quotient.places(4)).map(|number| number.to_string()),
            quotient.as_ref().and_then(Ratio::exact).map(|number| number.to_string()),
        ];
        for text in printed.into_iter().flatten() {
            let zero = text.strip_prefix('-').is_some_and(|rest| rest.chars().all(|c| matches!(c, '0' | '.')));
            prop_assert!(!zero, "{}", text);
            prop_assert!(!text.contains('.') || !text.ends_with('0'), "a trailing zero in {}", text);
        }
    }

    #[test]
    fn the_ticker_never_panics_and_always_names_its_pair(value in any_decimal(), percent in any_decimal()) {
        for style in [TickerStyle::Compact, TickerStyle::Wide] {
            let entry = ticker_entry("KZT/USD", value, Some((percent, Direction::Down)), style);
            prop_assert!(entry.starts_with("KZT/USD = ") && entry.ends_with('%'));
        }
    }

    #[test]
    fn crosses_agree_with_each_other(kgs in published(), kzt in published()) {
        let day = date(2026, 4, 2);
        let row = |value: Decimal| [("USD", 1, value.to_string())];
        let table = |id, home, rows: [(&'static str, u32, String); 1]| {
            let rows = rows.each_ref().map(|(code, units, value)| (*code, *units, value.as_str()));
            table(id, Quotes::InHome(home), day, &rows)
        };
        let records = Records::default()
            .with("nbkr", Some(Currency::KGS), vec![table("nbkr", Currency::KGS, row(kgs))])
            .with("nbk", Some(Currency::KZT), vec![table("nbk", Currency::KZT, row(kzt))]);
        let value = |pair| records.rate(day, pair).map(|rate| Ratio::from(rate.value));
        prop_assert_eq!(line(records.rate(day, "KZT/KZT")), "1 Identity   Fresh n/a");
        if let (Some(there), Some(back)) = (value("KGS/KZT"), value("KZT/KGS")) {
            prop_assert!(agree_to(&there.times(&back), &Decimal::ONE.into(), 10));
        }
    }

    #[test]
    fn an_update_laid_over_the_old_rows_gives_the_new_ones(moves in vec(a_move(), 1..12), wanted in a_filter()) {
        let mut board = two_banks();
        let reader = board.reader();
        let mut seen: Vec<Arc<Snapshot>> = vec![reader.snapshot()];
        for Move { source, table, today } in moves {
            board.insert(source, table);
            let before = reader.snapshot().position.revision;
            if let Some(position) = board.publish(noon(today)) {
                prop_assert_eq!(position.revision, before + 1, "revisions have no holes");
                seen.push(reader.snapshot());
            }
        }
        let last = reader.snapshot();
        let nothing = last.update_since(last.position.revision, &wanted);
        prop_assert!(nothing.rates.is_empty() && nothing.sources.is_empty());
        let rows = |snapshot: &Snapshot| -> BTreeMap<Pair, Rate> {
            snapshot.rates(&wanted).into_iter().map(|rate| (rate.pair, rate)).collect()
        };
        for old in &seen {
            let update = last.update_since(old.position.revision, &wanted);
            let mut laid_over = rows(old);
            laid_over.extend(update.rates.into_iter().map(|rate| (rate.pair, rate)));
            prop_assert_eq!(&laid_over, &rows(&last), "from revision {}", old.position.revision);
            let mut states: BTreeMap<_, _> = old.sources().map(|state| (state.id, Arc::clone(state))).collect();
            states.extend(update.sources.into_iter().map(|state| (state.id, state)));
            prop_assert_eq!(states, last.sources().map(|state| (state.id, Arc::clone(state))).collect::<BTreeMap<_, _>>());
        }
    }
}

/// One table, submitted on a day.
#[derive(Debug, Clone)]
struct Move {
    source: SourceId,
    table: Table,
    today: Date,
}

/// Few values and few days, so that repeats, corrections, gaps and stale tables are common.
fn a_move() -> impl Strategy<Value = Move> {
    let value = || select(vec!["475.09", "478.77", "87.45", "0.0077"]);
    let rows = (
        value(),
        proptest::option::of(value()),
        proptest::option::of(value()),
    );
    let bank = prop_oneof![
        Just(("nbk", Quotes::InHome(Currency::KZT))),
        Just(("cbr", Quotes::InHome(Currency::RUB))),
    ];
    (bank, rows, 1..20_i8, 1..28_i8).prop_map(|((id, quotes), (usd, other, eur), day, today)| {
        let neighbour = if id == "nbk" { "RUB" } else { "KZT" };
        let rows = [
            Some(("USD", 1, usd)),
            other.map(|value| (neighbour, 100, value)),
            eur.map(|value| ("EUR", 1, value)),
        ];
        let rows: Vec<_> = rows.into_iter().flatten().collect();
        Move {
            source: SourceId::new(id),
            table: table(id, quotes, april(day), &rows),
            today: april(today),
        }
    })
}

fn a_filter() -> impl Strategy<Value = RateFilter> {
    let item = select(vec![
        "KZT/USD", "USD/KZT", "*/USD", "KZT/*", "KZT/RUB", "KGS/KZT", "KZT/KZT", "EUR/KZT", "*/KZT",
    ]);
    vec(item, 1..5).prop_map(|items| RateFilter::parse(&items).unwrap())
}

fn two_banks() -> TestCommit {
    let records = Records::default();
    let records = records.with("nbk", Some(Currency::KZT), Vec::new()).with(
        "cbr",
        Some(Currency::RUB),
        Vec::new(),
    );
    let records = records
        .sources
        .into_values()
        .map(Arc::unwrap_or_clone)
        .collect();
    TestCommit::new(records, PREFERENCES.to_vec(), noon(april(1)))
}

fn april(day: i8) -> Date {
    date(2026, 4, day)
}
