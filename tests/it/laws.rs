//! Laws of the numbers and of the snapshots that hold for everything, not only for what banks have printed so far.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rust_decimal::Decimal;
use silkrate::domain::{
    Change, Direction, Pair, Rate, RateFilter, Ratio, Separator, Snapshot, SourceId, parse_decimal,
    parse_published,
};

use crate::support::world::{CBR, MARKET, NBK, NBKR, World, table};

/// The largest mantissa of a `Decimal`: 96 bits.
const MANTISSA_MAX: i128 = (1 << 96) - 1;
/// The sources of the random histories.
const SOURCES: [SourceId; 4] = [NBK, NBKR, CBR, MARKET];

/// Any decimal there is.
fn any_decimal() -> impl Strategy<Value = Decimal> {
    (-MANTISSA_MAX..=MANTISSA_MAX, 0_u32..=28)
        .prop_map(|(mantissa, scale)| Decimal::try_from_i128_with_scale(mantissa, scale).unwrap())
}

/// A value as a bank may print it: above zero, at most fifteen digits before the point and eight after it.
fn published() -> impl Strategy<Value = Decimal> {
    (1_u32..=15, 0_u32..=8).prop_flat_map(|(digits, scale)| {
        (1..10_i128.pow(digits))
            .prop_map(move |mantissa| Decimal::try_from_i128_with_scale(mantissa, scale).unwrap())
    })
}

/// A value within the reach of a price: what crosses and percentages are taken of.
fn price() -> impl Strategy<Value = Decimal> {
    (1_i128..100_000_000_000, 2_u32..=6)
        .prop_map(|(mantissa, scale)| Decimal::try_from_i128_with_scale(mantissa, scale).unwrap())
}

/// Texts near the grammar of numbers, on either side of it.
fn number_like() -> impl Strategy<Value = String> {
    prop_oneof![
        "[+-]?[0-9]{1,18}([.,][0-9]{1,14})?",
        "[+-]?0{0,12}[0-9]{0,30}[.,]?[0-9]{0,30}",
        "[-+0-9.,_eE \u{a0}]{0,45}",
        "\\PC{0,45}",
    ]
}

/// The grammar and its bounds, said another way: sign, digits, and digits after a separator.
fn is_number(text: &str, separator: char, integer_max: usize, fraction_max: usize) -> bool {
    let mut letters = text.chars();
    let unsigned = match letters.next() {
        Some('+' | '-') => letters.as_str(),
        _ => text,
    };
    let parts: Vec<&str> = unsigned.split(separator).collect();
    let digits = |part: &&str| !part.is_empty() && part.chars().all(|digit| digit.is_ascii_digit());
    let fits = || {
        let mantissa: Option<i128> = parts.concat().parse().ok();
        mantissa.is_some_and(|mantissa| mantissa <= MANTISSA_MAX)
    };
    text.len() <= 40
        && matches!(parts.len(), 1 | 2)
        && parts.iter().all(digits)
        && parts[0].len() <= integer_max
        && parts
            .get(1)
            .is_none_or(|fraction| fraction.len() <= fraction_max)
        && fits()
}

/// Whether a text says minus nothing.
fn is_negative_zero(text: &str) -> bool {
    text.starts_with('-') && text.chars().all(|letter| matches!(letter, '-' | '0' | '.'))
}

/// How far a product is from one.
fn distance_from_one(left: Decimal, right: Decimal) -> Decimal {
    let product = Ratio::from(left).times(&right.into());
    let distance = product.minus(&Decimal::ONE.into());
    distance.places(16).unwrap().abs()
}

/// One thing that happens to the sources.
#[derive(Debug, Clone)]
enum Event {
    /// A source publishes a table for a day of April; each row has one of three values, so that tables repeat.
    Table(SourceId, i8, Vec<(&'static str, &'static str)>),
    /// The clock shows another hour of April.
    Clock(i8, i8),
    /// A source has been asked for the first time.
    Attempted(SourceId),
}

fn event() -> impl Strategy<Value = Event> {
    let rows = subsequence(vec!["USD", "EUR", "RUB", "KZT", "KGS"], 1..=5).prop_flat_map(|codes| {
        let values = prop::collection::vec(select(vec!["87.45", "88", "90.10"]), codes.len());
        values.prop_map(move |values| codes.iter().copied().zip(values).collect())
    });
    prop_oneof![
        6 => (select(&SOURCES), 1_i8..=9, rows).prop_map(|(id, day, rows)| Event::Table(id, day, rows)),
        2 => (1_i8..=18, 0_i8..=23).prop_map(|(day, hour)| Event::Clock(day, hour)),
        1 => select(&SOURCES).prop_map(Event::Attempted),
    ]
}

fn happens(world: &mut World, event: &Event) {
    match event {
        Event::Table(id, day, rows) => {
            let pivot = world.record(*id).home.map_or("USD", |home| match *id {
                NBK => "KZT",
                NBKR => "KGS",
                _ => {
                    assert_eq!(home.as_str(), "RUB");
                    "RUB"
                }
            });
            let rows: Vec<(&str, u32, &str)> = rows
                .iter()
                .filter(|(code, _)| *code != pivot)
                .map(|(code, value)| (*code, 1, *value))
                .collect();
            world.publish(*id, table(*id, date(2026, 4, *day), &rows));
        }
        Event::Clock(day, hour) => world.at(&format!("2026-04-{day:02}T{hour:02}:30:00Z")),
        Event::Attempted(id) => world.attempted(*id, true),
    }
}

fn by_pair(rates: Vec<Rate>) -> BTreeMap<Pair, Rate> {
    rates.into_iter().map(|rate| (rate.pair, rate)).collect()
}

/// What a reader of the old snapshot holds after the update that leads to the new one.
fn overlaid(old: &Snapshot, new: &Snapshot, filter: &RateFilter) -> BTreeMap<Pair, Rate> {
    let update = new.update_since(old.position.revision, filter);
    let mut rates = by_pair(old.rates(filter));
    rates.extend(by_pair(update.rates));
    rates.retain(|pair, _| !update.removed_pairs.contains(pair));
    rates
}

proptest! {
    #[test]
    fn a_printed_number_is_the_text_that_was_read(
        integer in "0|[1-9][0-9]{0,14}",
        fraction in "(\\.[0-9]{1,12})?",
        minus in any::<bool>(),
    ) {
        let digits = format!("{integer}{fraction}");
        let number = parse_published(&digits, Separator::Point).unwrap();
        prop_assert_eq!(number.to_string(), &*digits);
        prop_assert_eq!(parse_published(&digits.replace('.', ","), Separator::Comma), Ok(number));
        if minus && !number.is_zero() {
            let text = format!("-{digits}");
            prop_assert_eq!(parse_decimal(&text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn every_decimal_survives_being_printed_and_read(number in any_decimal()) {
        let text = number.to_string();
        let read = parse_decimal(&text).unwrap();
        prop_assert_eq!(read.to_string(), text);
        prop_assert_eq!((read.mantissa(), read.scale()), (number.mantissa(), number.scale()));
    }

    #[test]
    fn exactly_what_the_grammar_says_is_a_number(text in number_like()) {
        prop_assert_eq!(parse_decimal(&text).is_ok(), is_number(&text, '.', 40, 28));
        for (separator, letter) in [(Separator::Point, '.'), (Separator::Comma, ',')] {
            let accepted = parse_published(&text, separator).is_ok();
            prop_assert_eq!(accepted, is_number(&text, letter, 15, 12), "{:?}", separator);
        }
        if let Ok(number) = parse_decimal(&text) {
            prop_assert!(!is_negative_zero(&number.to_string()));
        }
    }

    #[test]
    fn a_value_times_its_inverse_is_one(value in published()) {
        let inverse = Ratio::from(Decimal::ONE).divided_by(&value.into()).unwrap();
        let inverse = inverse.significant(12).unwrap();
        prop_assert!(distance_from_one(value, inverse) <= Decimal::new(1, 11), "{value} {inverse}");
    }

    #[test]
    fn rounding_moves_a_quotient_by_half_a_digit_at_most(
        above in published(),
        below in published(),
        digits in 1_u32..=20,
    ) {
        let exact = Ratio::from(above).divided_by(&below.into()).unwrap();
        // What has more places than fit is no decimal, and says so.
        let Some(rounded) = exact.significant(digits) else { return Ok(()) };
        let text = rounded.to_string();
        let kept = text.trim_start_matches(['0', '.']).replace('.', "");
        let kept = if text.contains('.') { &*kept } else { kept.trim_end_matches('0') };
        prop_assert!(kept.len() <= usize::try_from(digits).unwrap(), "{text}");
        prop_assert!(!text.contains('.') || !text.ends_with('0'), "{text}");
        let error = Ratio::from(rounded).minus(&exact).divided_by(&exact).unwrap();
        // Relative to the value, half a unit of the last of n digits is 5 in the n-th place after the point at most.
        let allowed = Ratio::from(Decimal::new(5, digits));
        let within = |error: &Ratio| allowed.minus(error).places(28).is_none_or(|left| left >= Decimal::ZERO);
        prop_assert!(within(&error) && within(&Ratio::from(Decimal::ZERO).minus(&error)), "{text}");
    }

    #[test]
    fn a_cross_and_its_other_side_are_inverse(tenge in price(), som in price()) {
        let mut world = World::of(&[NBK, NBKR]);
        let (tenge, som) = (tenge.to_string(), som.to_string());
        world.at("2026-04-01T09:00:00Z");
        world.publish(NBK, table(NBK, date(2026, 4, 1), &[("USD", 1, &tenge)]));
        world.publish(NBKR, table(NBKR, date(2026, 4, 1), &[("USD", 1, &som)]));
        let [there, back] = ["KZT/KGS", "KGS/KZT"].map(|pair| world.rate(pair).value);
        prop_assert!(distance_from_one(there, back) <= Decimal::new(2, 11), "{there} {back}");
        let [there, back] = ["KZT/USD", "USD/KZT"].map(|pair| world.rate(pair).value);
        prop_assert!(distance_from_one(there, back) <= Decimal::new(1, 11), "{there} {back}");
        for same in ["KZT/KZT", "KGS/KGS"] {
            prop_assert_eq!(world.rate(same).value.to_string(), "1");
        }
    }

    #[test]
    fn a_change_adds_up_and_its_percentage_has_its_sign(reference in price(), value in price()) {
        let change = Change::since(reference, date(2026, 4, 1), value).unwrap();
        let back = Ratio::from(change.absolute).minus(&Ratio::from(Decimal::ZERO).minus(&reference.into()));
        prop_assert_eq!(back.exact(), Some(value.normalize()));
        let direction = match value.cmp(&reference) {
            std::cmp::Ordering::Greater => Direction::Up,
            std::cmp::Ordering::Less => Direction::Down,
            std::cmp::Ordering::Equal => Direction::Flat,
        };
        prop_assert_eq!(change.direction, direction);
        // A tiny move may be zero per cent; it never has the other sign.
        let signs_agree = match direction {
            Direction::Up => change.percent >= Decimal::ZERO,
            Direction::Down => change.percent <= Decimal::ZERO,
            Direction::Flat => change.percent.is_zero() && change.absolute.is_zero(),
        };
        prop_assert!(signs_agree, "{change:?}");
        prop_assert!(change.percent.scale() <= 4);
    }

    #[test]
    fn equal_values_are_flat_whatever_their_zeros(value in price(), zeros in 0_u32..=6) {
        let mut longer = value;
        longer.rescale(value.scale() + zeros);
        let change = Change::since(value, date(2026, 4, 1), longer).unwrap();
        prop_assert_eq!(change.direction, Direction::Flat);
        prop_assert_eq!(change.absolute.to_string(), "0");
        prop_assert_eq!(change.percent.to_string(), "0");
    }

    #[test]
    fn nothing_panics_and_nothing_prints_minus_zero(
        left in any_decimal(),
        right in any_decimal(),
        digits in 0_u32..=40,
    ) {
        let (a, b) = (Ratio::from(left), Ratio::from(right));
        let mut ratios = vec![a.times(&b), a.minus(&b), b.minus(&a)];
        ratios.extend(a.divided_by(&b));
        ratios.extend(b.divided_by(&a));
        let mut decimals: Vec<Decimal> = ratios
            .iter()
            .flat_map(|ratio| [ratio.exact(), ratio.places(digits), ratio.significant(digits)])
            .flatten()
            .collect();
        if let Some(change) = Change::since(left, date(2026, 4, 1), right) {
            decimals.extend([change.absolute, change.percent]);
        }
        for decimal in decimals {
            prop_assert!(!is_negative_zero(&decimal.to_string()), "{decimal}");
        }
    }

    #[test]
    fn an_update_leads_from_any_snapshot_to_any_later_one(
        events in prop::collection::vec(event(), 1..24),
        wanted in subsequence(vec!["KZT/USD", "*/USD", "KGS/*", "KZT/KGS", "EUR/KZT", "*/KZT", "UZS/USD", "KZT/KZT"], 1..=8),
    ) {
        let filter = RateFilter::parse(&wanted).unwrap();
        let mut world = World::of(&SOURCES);
        for id in SOURCES {
            world.record(id).attempted = false;
        }
        let mut snapshots = vec![world.snapshot.clone()];
        for event in &events {
            let before = world.snapshot.clone();
            happens(&mut world, event);
            if world.snapshot != before {
                let revision = before.position.revision + 1;
                prop_assert_eq!(world.snapshot.position.revision, revision, "a revision was left out");
                snapshots.push(world.snapshot.clone());
            }
            prop_assert!(!world.commit(), "nothing happened, and there is a revision for it");
        }
        for (index, new) in snapshots.iter().enumerate() {
            for old in &snapshots[..=index] {
                prop_assert_eq!(overlaid(old, new, &filter), by_pair(new.rates(&filter)));
            }
            let itself = new.update_since(new.position.revision, &filter);
            prop_assert!(itself.rates.is_empty() && itself.removed_pairs.is_empty());
            prop_assert!(itself.sources.is_empty());
        }
        // Rows come in the order of the filter, and a source is told exactly when it changed.
        let (first, last) = (&snapshots[0], &snapshots[snapshots.len() - 1]);
        let update = last.update_since(first.position.revision, &filter);
        let order: Vec<Pair> = filter.pairs(last);
        let places: Vec<_> = update.rates.iter().map(|rate| order.iter().position(|pair| *pair == rate.pair)).collect();
        prop_assert!(places.is_sorted() && places.iter().all(Option::is_some));
        let told: BTreeSet<SourceId> = update.sources.iter().map(|state| state.id).collect();
        let differing = last.sources().filter(|state| first.source(state.id) != Some(*state));
        prop_assert!(differing.map(|state| state.id).all(|id| told.contains(&id)));
    }
}
