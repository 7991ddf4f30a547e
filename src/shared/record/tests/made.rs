//! Entries and served values of every shape.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::domain::{
    Answer, Cause, Change, Check, Currency, DecidedBy, Decision, Direction, FiledTable,
    Fingerprint, Fixing, Flag, Freshness, FreshnessStatus, Held, HeldOutcome, LedgerEntry,
    MissingPoint, ORDER_OF_ANSWERS, PairState, Point, Position, Publication, Quote, QuoteInputs,
    ServedChange, ServedFingerprint, SourceId, SourceState, Window, WindowPoint,
};

fn source() -> impl Strategy<Value = SourceId> {
    prop::sample::select(&["nbk", "cbr", "market"][..]).prop_map(SourceId::new)
}

fn document() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["daily", "weekly"][..])
}

fn currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(&[Currency::KZT, Currency::USD, Currency::RUB, Currency::UZS][..])
}

fn date() -> impl Strategy<Value = Date> {
    (0..20_000_i32).prop_map(|days| {
        let first = jiff::civil::date(1990, 1, 1);
        first.checked_add(days.days()).unwrap()
    })
}

fn instant() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_i64, 0..1_000_000_000_i32)
        .prop_map(|(seconds, nanos)| Timestamp::new(seconds, nanos).unwrap())
}

fn text() -> impl Strategy<Value = String> {
    "[a-zа-яң \\n\"\\\\]{0,12}"
}

/// With zeros at the end, as banks print them.
fn decimal() -> impl Strategy<Value = Decimal> {
    (any::<i64>(), 0..12_u32).prop_map(|(mantissa, scale)| Decimal::new(mantissa / 100, scale))
}

fn fixing() -> impl Strategy<Value = Arc<Fixing>> {
    let sides = (source(), currency(), currency(), date());
    let values = (decimal(), option::of(decimal()), option::of(decimal()));
    (
        sides,
        prop::sample::select(&[1_u32, 100, 10_000][..]),
        values,
    )
        .prop_map(
            |((source, currency, home_currency, effective_date), units, values)| {
                let (value, published_change, superseded_value) = values;
                Arc::new(Fixing {
                    source,
                    currency,
                    units,
                    value,
                    home_currency,
                    effective_date,
                    published_change,
                    superseded_value,
                })
            },
        )
}

fn point() -> impl Strategy<Value = Point> {
    (vec(fixing(), 1..3), date()).prop_map(|(fixings, date)| Point { fixings, date })
}

fn change() -> impl Strategy<Value = Change> {
    (decimal(), decimal(), decimal(), date()).prop_map(
        |(absolute, percent, reference_value, reference_date)| Change {
            absolute,
            percent,
            direction: match absolute.cmp(&Decimal::ZERO) {
                std::cmp::Ordering::Greater => Direction::Up,
                std::cmp::Ordering::Less => Direction::Down,
                std::cmp::Ordering::Equal => Direction::Flat,
            },
            reference_value,
            reference_date,
        },
    )
}

fn check() -> impl Strategy<Value = Check> {
    prop::sample::select(&Check::ALL[..])
}

fn held() -> impl Strategy<Value = Arc<Held>> {
    let what = (document(), currency(), fixing(), check());
    (what, text(), instant(), option::of(change())).prop_map(
        |((document, code, fixing, check), detail, since, change)| {
            Arc::new(Held {
                document,
                code,
                fixing,
                check,
                detail,
                since,
                change,
            })
        },
    )
}

fn flag() -> impl Strategy<Value = Flag> {
    (check(), option::of(currency()), text()).prop_map(|(check, currency, detail)| Flag {
        check,
        currency,
        detail,
    })
}

fn freshness_status() -> impl Strategy<Value = FreshnessStatus> {
    let degrees = [
        Freshness::Fresh,
        Freshness::CarriedOver,
        Freshness::Late,
        Freshness::Stale,
    ];
    (prop::sample::select(degrees.to_vec()), text())
        .prop_map(|(freshness, reason)| FreshnessStatus { freshness, reason })
}

fn window_point() -> impl Strategy<Value = WindowPoint> {
    let point = prop_oneof![
        point().prop_map(Ok),
        date().prop_map(|date| Err(MissingPoint::BeginsLater(date))),
        date().prop_map(|date| Err(MissingPoint::Unknown(date))),
    ];
    (prop::sample::select(&Window::ALL[..]), point)
        .prop_map(|(window, point)| WindowPoint { window, point })
}

fn quote() -> impl Strategy<Value = Quote> {
    let points = (point(), option::of(point()), option::of(point()));
    let dates = (date(), date(), 0..9_u32);
    let marks = (
        vec(held(), 0..2),
        vec(window_point(), 0..3),
        vec(flag(), 0..2),
    );
    let rest = (freshness_status(), any::<u64>());
    (source(), points, dates, marks, rest).prop_map(|(source, points, dates, marks, rest)| Quote {
        inputs: Arc::new(QuoteInputs {
            source,
            pair_state: PairState {
                current: points.0,
                effective_date: dates.0,
                newest: dates.1,
                reference: points.1,
                announced: points.2,
                decimal_places: dates.2,
                held: marks.0,
            },
            windows: marks.1,
            freshness_status: rest.0,
            flags: marks.2,
        }),
        changed_at_revision: rest.1,
    })
}

fn source_state() -> impl Strategy<Value = Arc<SourceState>> {
    let publication = (date(), instant(), instant());
    let publication = publication.prop_map(|(effective_date, opens, due)| Publication {
        effective_date,
        opens,
        due,
    });
    let dates = (option::of(date()), option::of(publication), any::<u32>());
    let marks = (vec(held(), 0..2), vec(flag(), 0..2), any::<u64>());
    (source(), option::of(freshness_status()), dates, marks).prop_map(
        |(id, freshness_status, dates, marks)| {
            Arc::new(SourceState {
                id,
                name: "National Bank",
                attribution: "from the National Bank",
                freshness_status,
                newest_effective_date: dates.0,
                next_publication: dates.1,
                missed_publications: dates.2,
                held: marks.0,
                flags: marks.1,
                changed_at_revision: marks.2,
            })
        },
    )
}

/// A quote or a source that is served otherwise, or no longer.
pub(super) fn any_change() -> impl Strategy<Value = ServedChange> {
    prop_oneof![
        (currency(), currency(), option::of(quote()))
            .prop_filter("a quote has two sides", |(home, other, _)| home != other)
            .prop_map(|(home, other, quote)| ServedChange::Quote((home, other), quote)),
        source().prop_map(|id| ServedChange::Source(id, None)),
        source_state().prop_map(|state| ServedChange::Source(state.id, Some(state))),
    ]
}

fn filed() -> impl Strategy<Value = FiledTable> {
    let of = (source(), document(), currency(), date());
    (of, option::of(instant()), vec(fixing(), 0..4)).prop_map(
        |((source, document, pivot, effective_date), as_of, rows)| FiledTable {
            source,
            document,
            pivot,
            effective_date,
            as_of,
            rows,
        },
    )
}

fn decision() -> impl Strategy<Value = Decision> {
    let outcomes = [
        HeldOutcome::Released,
        HeldOutcome::Rejected,
        HeldOutcome::Overtaken,
        HeldOutcome::Replaced,
    ];
    let by = prop::sample::select(&[DecidedBy::Rule, DecidedBy::Operator][..]);
    (held(), prop::sample::select(outcomes.to_vec()), by, text()).prop_map(
        |(held, outcome, by, note)| Decision {
            held,
            outcome,
            by,
            note,
        },
    )
}

fn cause() -> impl Strategy<Value = Cause> {
    prop_oneof![
        source().prop_map(Cause::Poll),
        source().prop_map(Cause::CatchUp),
        source().prop_map(Cause::Backfill),
        Just(Cause::Clock),
        Just(Cause::Operator),
        Just(Cause::Start),
    ]
}

/// An entry with facts of every kind, and the fingerprint of a setting.
pub(super) fn any_entry() -> impl Strategy<Value = LedgerEntry> {
    let answer = (source(), document(), instant());
    let answer = answer.prop_map(|(source, document, asked_at)| Answer {
        source,
        document,
        asked_at,
    });
    let facts = (vec(filed(), 0..3), vec(held(), 0..2), vec(decision(), 0..2));
    let rest = (vec(source(), 0..2), vec(answer, 0..2), any::<bool>());
    (
        "[a-z0-9]{0,16}",
        any::<u64>(),
        instant(),
        cause(),
        facts,
        rest,
    )
        .prop_map(|(epoch, revision, at, cause, facts, rest)| {
            let order = ServedFingerprint {
                subject: ORDER_OF_ANSWERS.to_owned(),
                fingerprint: Some(Fingerprint::of_text("KZT: nbk")),
            };
            LedgerEntry {
                position: Position {
                    epoch: epoch.as_str().into(),
                    revision,
                },
                at,
                cause,
                filed: facts.0,
                held: facts.1,
                decided: facts.2,
                attempted: rest.0,
                answered: rest.1,
                served: rest.2.then_some(order).into_iter().collect(),
            }
        })
}
