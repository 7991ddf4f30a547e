//! Published figures, and what has to follow from them to the last digit.

use jiff::civil::date;
use silkrate::domain::{Derivation, Direction, Freshness, Inserted};

use crate::support::world::{CBR, CBT, CBU, MARKET, NBK, NBKR, World, table};

/// A change as [`World::change`] gives it.
fn change(absolute: &str, percent: &str, date: &str) -> (String, String, String) {
    (absolute.into(), percent.into(), date.into())
}

/// The Kazakh bank on 2 April 2026, its table of the day before known.
fn tenge_of_april() -> World {
    let mut world = World::of(&[NBK]);
    world.at("2026-04-02T09:00:00Z");
    for (day, usd, kgs, uzs) in [(1, "478.77", "5.47", "3.93"), (2, "475.09", "5.43", "3.91")] {
        let rows = [("USD", 1, usd), ("KGS", 1, kgs), ("UZS", 100, uzs)];
        world.publish(NBK, table(NBK, date(2026, 4, day), &rows));
    }
    world
}

fn som(date: jiff::civil::Date, kzt: &str) -> silkrate::domain::Table {
    table(NBKR, date, &[("USD", 1, "87.4500"), ("KZT", 1, kzt)])
}

#[test]
fn the_tenge_of_april_is_exact_in_both_directions() {
    let world = tenge_of_april();
    assert_eq!(world.value("KZT/USD"), "0.00210486434149");
    assert_eq!(world.rate("KZT/USD").derivation, Derivation::Inverted);
    assert_eq!(
        world.change("KZT/USD"),
        change("0.00001617875133", "0.7746", "2026-04-01")
    );
    assert_eq!(world.value("USD/KZT"), "475.09");
    assert_eq!(world.rate("USD/KZT").derivation, Derivation::Published);
    assert_eq!(
        world.change("USD/KZT"),
        change("-3.68", "-0.7686", "2026-04-01")
    );
    let falling = world.rate("USD/KZT").change.unwrap();
    assert_eq!(falling.direction, Direction::Down);
    assert_eq!(falling.reference_value.to_string(), "478.77");
    assert_eq!(world.value("KZT/KZT"), "1");
    assert!(world.has_no("EUR/USD") && world.has_no("KGS/USD"));
}

#[test]
fn a_repeated_fixing_moves_its_date_and_nothing_else() {
    let mut world = World::of(&[NBKR]);
    world.at("2026-05-22T13:00:00Z");
    world.publish(NBKR, som(date(2026, 5, 22), "0.1862"));
    world.publish(NBKR, som(date(2026, 5, 23), "0.1859"));
    assert!(world.rate("USD/KGS").announced.is_some());

    world.at("2026-05-23T11:00:00Z");
    let on_saturday = world.rate("USD/KGS");
    assert_eq!(on_saturday.age.freshness, Freshness::Fresh);
    world.publish(NBKR, som(date(2026, 5, 24), "0.1859"));
    assert_eq!(
        world.rate("USD/KGS").announced,
        None,
        "a repetition is no news"
    );
    world.at("2026-05-24T11:00:00Z");
    let on_sunday = world.rate("USD/KGS");
    assert_eq!(on_sunday.effective_date, Some(date(2026, 5, 24)));
    assert_eq!(on_sunday.age.freshness, Freshness::CarriedOver);
    assert_eq!(on_sunday.change, on_saturday.change);
    assert_eq!(on_sunday.fixings, on_saturday.fixings);
    assert_eq!(world.change("USD/KGS"), change("0", "0", "2026-05-22"));

    // On Monday the reference is the last real fixing, Saturday's, and not Sunday's repetition of it.
    world.at("2026-05-26T11:00:00Z");
    let monday = table(
        NBKR,
        date(2026, 5, 26),
        &[("USD", 1, "87.4491"), ("KZT", 1, "0.1859")],
    );
    world.publish(NBKR, monday);
    assert_eq!(
        world.change("USD/KGS"),
        change("-0.0009", "-0.001", "2026-05-23")
    );
    assert_eq!(world.rate("USD/KGS").age.freshness, Freshness::Fresh);
}

#[test]
fn tomorrows_table_is_announced_until_midnight_of_the_bank() {
    let mut world = World::of(&[NBK]);
    world.at("2026-04-01T12:00:00Z");
    world.publish(NBK, table(NBK, date(2026, 4, 1), &[("USD", 1, "478.77")]));
    world.publish(NBK, table(NBK, date(2026, 4, 2), &[("USD", 1, "475.09")]));
    assert_eq!(world.value("USD/KZT"), "478.77");
    let announced = world.rate("USD/KZT").announced.unwrap();
    assert_eq!(announced.value.to_string(), "475.09");
    assert_eq!(announced.effective_date, date(2026, 4, 2));
    let coming = announced.change.unwrap();
    assert_eq!(coming.percent.to_string(), "-0.7686");
    assert_eq!(coming.reference_date, date(2026, 4, 1));

    // Almaty is five hours ahead.
    world.at("2026-04-01T18:59:59Z");
    assert_eq!(world.value("USD/KZT"), "478.77");
    world.at("2026-04-01T19:00:00Z");
    assert_eq!(world.value("USD/KZT"), "475.09");
    assert_eq!(world.rate("USD/KZT").announced, None);
}

#[test]
fn before_anything_is_in_force_the_announced_value_is_served_under_its_own_date() {
    let mut world = World::of(&[NBK]);
    world.at("2026-04-01T12:00:00Z");
    world.publish(NBK, table(NBK, date(2026, 4, 2), &[("USD", 1, "475.09")]));
    let rate = world.rate("USD/KZT");
    assert_eq!(rate.value.to_string(), "475.09");
    assert_eq!(rate.effective_date, Some(date(2026, 4, 2)));
    assert_eq!((rate.announced, rate.change), (None, None));
}

#[test]
fn a_corrected_row_remembers_what_it_said_before() {
    let mut world = World::of(&[CBU]);
    world.at("2026-04-01T09:00:00Z");
    let day = date(2026, 4, 1);
    let of = |tmt| table(CBU, day, &[("USD", 1, "12194.21"), ("TMT", 1, tmt)]);
    assert_eq!(world.publish(CBU, of("4037.68")), Inserted::Changed);
    assert_eq!(world.publish(CBU, of("4037.68")), Inserted::Unchanged);
    assert_eq!(world.publish(CBU, of("3484.06")), Inserted::Changed);
    assert_eq!(world.publish(CBU, of("3484.06")), Inserted::Unchanged);
    let newest = world.record(CBU).documents[0].history.newest().unwrap();
    let row = &newest.rows[&silkrate::domain::Currency::TMT];
    assert_eq!(row.value.to_string(), "3484.06");
    assert_eq!(row.superseded_value.unwrap().to_string(), "4037.68");
    assert_eq!(world.rate("USD/UZS").fixings[0].superseded_value, None);
}

#[test]
fn a_market_table_is_replaced_by_a_newer_instant_and_by_no_older_one() {
    let mut world = World::of(&[MARKET]);
    world.at("2025-12-08T18:00:00Z");
    let of = |instant: &str, kzt: &str| {
        let instant: jiff::Timestamp = instant.parse().unwrap();
        let day = jiff::tz::TimeZone::UTC.to_datetime(instant).date();
        let mut table = table(MARKET, day, &[("KZT", 1, kzt), ("KGS", 1, "87.449424")]);
        table.as_of = Some(instant);
        table
    };
    let morning = of("2025-12-08T08:12:08Z", "505.488469");
    world.publish(MARKET, of("2025-12-07T16:07:06Z", "505.714163"));
    world.publish(MARKET, morning.clone());
    let afternoon = of("2025-12-08T16:09:04Z", "511.015258");
    assert_eq!(world.publish(MARKET, afternoon), Inserted::Changed);
    assert_eq!(world.publish(MARKET, morning), Inserted::Outdated);
    let rate = world.rate("KZT/USD");
    assert_eq!(rate.value.to_string(), "0.00195688873149");
    assert_eq!(rate.fixings[0].superseded_value, None);
    // Against the last value of the day before, not against the morning: the tenge lost one per cent that day.
    let change = rate.change.unwrap();
    assert_eq!(change.percent.to_string(), "-1.0374");
    assert_eq!(change.reference_date, date(2025, 12, 7));
    assert_eq!(world.value("USD/KZT"), "511.015258");
    assert_eq!(world.value("KGS/KZT"), "5.84355201699");
}

#[test]
fn a_currency_missing_from_a_new_table_keeps_its_value_and_ages() {
    let mut world = tenge_of_april();
    world.at("2026-04-06T09:00:00Z");
    world.publish(NBK, table(NBK, date(2026, 4, 6), &[("KGS", 1, "5.40")]));
    let rate = world.rate("KZT/USD");
    assert_eq!(rate.value.to_string(), "0.00210486434149");
    assert_eq!(rate.effective_date, Some(date(2026, 4, 2)));
    assert_eq!(rate.age.freshness, Freshness::Fresh);
    world.at("2026-04-08T09:00:00Z");
    let rate = world.rate("KZT/USD");
    assert_eq!(rate.value.to_string(), "0.00210486434149");
    assert_eq!(rate.age.freshness, Freshness::Stale);
}

#[test]
fn two_of_the_five_are_crossed_through_the_dollar_at_one_reference_date() {
    let mut world = World::of(&[NBK, NBKR]);
    world.at("2026-04-03T09:00:00Z");
    for (day, usd) in [(1, "478.77"), (2, "475.09"), (3, "474.20")] {
        let rows = [("USD", 1, usd), ("KGS", 1, "5.43")];
        world.publish(NBK, table(NBK, date(2026, 4, day), &rows));
    }
    // Without an earlier fixing of one leg there is no reference.
    let som = |day, usd| table(NBKR, date(2026, 4, day), &[("USD", 1, usd)]);
    world.publish(NBKR, som(3, "87.4500"));
    assert_eq!(world.rate("KGS/KZT").change, None);

    world.publish(NBKR, som(1, "87.4000"));
    let rate = world.rate("KGS/KZT");
    // 474.20 / 87.4500 today, 475.09 / 87.4000 on the second: the som's newest fixing up to then is the first's.
    assert_eq!(rate.value.to_string(), "5.42252715838");
    assert_eq!(rate.derivation, Derivation::Crossed);
    assert_eq!(rate.source, "nbkr+nbk");
    assert_eq!(rate.fixings.len(), 2);
    let change = rate.change.unwrap();
    assert_eq!(change.reference_value.to_string(), "5.43581235698");
    assert_eq!(change.reference_date, date(2026, 4, 2));

    // The older leg dates the pair.
    world.at("2026-04-04T09:00:00Z");
    world.publish(NBKR, som(4, "87.4491"));
    assert_eq!(
        world.origin("KGS/KZT"),
        ("nbkr+nbk".into(), date(2026, 4, 3))
    );
}

#[test]
fn the_somoni_crosses_through_the_rouble_where_its_own_bank_is_silent() {
    let mut world = World::of(&[CBR]);
    world.at("2026-03-19T09:00:00Z");
    let rows = [
        ("USD", 1, "83.1259"),
        ("KZT", 100, "17.3533"),
        ("TJS", 10, "86.5174"),
    ];
    world.publish(CBR, table(CBR, date(2026, 3, 19), &rows));
    let rate = world.rate("TJS/USD");
    assert_eq!(rate.value.to_string(), "0.104079955826");
    assert_eq!(rate.derivation, Derivation::Crossed);
    assert_eq!((rate.source.as_str(), rate.fixings.len()), ("cbr", 2));
    assert_eq!(world.value("TJS/RUB"), "8.65174");
    let cross = world.rate("KZT/TJS");
    assert_eq!((cross.source.as_str(), cross.fixings.len()), ("cbr", 4));
    assert_eq!(cross.value.to_string(), "0.0200575837924");
}

#[test]
fn the_home_bank_comes_first_and_nobody_before_it_was_asked() {
    let mut world = World::of(&[CBT, CBR, MARKET]);
    world.at("2025-12-13T12:00:00Z");
    world.attempted(CBT, false);
    world.attempted(CBR, false);
    let market = table(MARKET, date(2025, 12, 13), &[("TMT", 1, "3.51")]);
    world.publish(MARKET, market);
    assert!(world.has_no("TMT/USD"));
    let rows = [("USD", 1, "79.7296"), ("TMT", 1, "22.7799")];
    world.publish(CBR, table(CBR, date(2025, 12, 13), &rows));
    assert!(world.has_no("TMT/USD"), "its own bank may still answer");
    world.attempted(CBT, true);
    assert_eq!(world.rate("TMT/USD").source, "cbr");
    world.publish(CBT, table(CBT, date(2025, 12, 13), &[("USD", 1, "3.5")]));
    assert_eq!(world.rate("TMT/USD").source, "cbt");
    assert_eq!(world.value("TMT/USD"), "0.285714285714");
    assert_eq!(world.value("USD/TMT"), "3.5");
}

#[test]
fn a_stale_value_yields_to_a_fresh_one_and_stays_when_all_are_stale() {
    let mut world = World::of(&[CBT, CBR, MARKET]);
    world.at("2025-12-13T12:00:00Z");
    world.publish(CBT, table(CBT, date(2025, 12, 5), &[("USD", 1, "3.5")]));
    let rate = world.rate("TMT/USD");
    assert_eq!(
        rate.age.freshness,
        Freshness::Stale,
        "stale is still better than nothing"
    );
    let market = table(MARKET, date(2025, 12, 13), &[("TMT", 1, "3.51")]);
    world.publish(MARKET, market);
    assert_eq!(
        world.origin("TMT/USD"),
        ("market".into(), date(2025, 12, 13))
    );
    assert_eq!(world.rate("TMT/USD").age.freshness, Freshness::Fresh);
    world.at("2025-12-19T12:00:00Z");
    assert_eq!(world.origin("TMT/USD"), ("cbt".into(), date(2025, 12, 5)));
}

#[test]
fn a_table_fetched_later_takes_its_place_in_the_past() {
    let mut world = World::of(&[NBKR]);
    world.at("2026-05-24T11:00:00Z");
    world.publish(NBKR, som(date(2026, 5, 24), "0.1859"));
    assert_eq!(world.rate("USD/KGS").age.freshness, Freshness::Fresh);
    world.publish(NBKR, som(date(2026, 5, 23), "0.1859"));
    world.publish(NBKR, som(date(2026, 5, 22), "0.1862"));
    let rate = world.rate("USD/KGS");
    assert_eq!(rate.age.freshness, Freshness::CarriedOver);
    assert_eq!(rate.fixings[0].effective_date, date(2026, 5, 23));
    assert_eq!(rate.change.unwrap().reference_date, date(2026, 5, 22));
    // A correction of what was repeated makes the repetition a fixing of its own.
    world.publish(NBKR, som(date(2026, 5, 23), "0.1860"));
    let rate = world.rate("USD/KGS");
    assert_eq!(rate.age.freshness, Freshness::Fresh);
    assert_eq!(rate.change.unwrap().reference_date, date(2026, 5, 23));
}

#[test]
fn what_is_published_no_more_outlives_the_tables_that_are_forgotten() {
    let mut world = World::of(&[NBK]);
    let first = date(2026, 4, 1);
    let rows = [("USD", 1, "478.77"), ("BGN", 1, "280.10")];
    world.publish(NBK, table(NBK, first, &rows));
    for (days, value) in (1..=100).zip(["475.09", "474.20"].into_iter().cycle()) {
        let day = first.checked_add(jiff::Span::new().days(days)).unwrap();
        world.publish(NBK, table(NBK, day, &[("USD", 1, value)]));
    }
    world.at("2026-07-10T09:00:00Z");
    assert_eq!(world.origin("KZT/USD"), ("nbk".into(), date(2026, 7, 10)));
    assert_eq!(world.origin("KZT/BGN"), ("nbk".into(), first));
    let oldest = world.record(NBK).documents[0].history.clone();
    assert_eq!(oldest.oldest_date(), Some(first));
}
