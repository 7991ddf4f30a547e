//! Rates and their parts, outwards.

use rust_decimal::Decimal;

use crate::domain::{
    Announced, Change, Check, Derivation, Direction, Fixing, Flag, Freshness, Held, Rate, Window,
    WindowChange,
};
use crate::pb;
use crate::wire::{present, to_timestamp};

pub(crate) fn to_rate(rate: &Rate) -> pb::Rate {
    let Rate {
        pair,
        value,
        derivation,
        source,
        effective_date,
        freshness_status,
        change,
        fixings,
        announced,
        changed_at_revision,
        held,
        windows,
        flags,
        decimal_places,
    } = rate;
    pb::Rate {
        pair: pair.to_string(),
        value: value.to_string(),
        derivation: to_derivation(*derivation).into(),
        source: present(source),
        effective_date: effective_date.map(|date| date.to_string()),
        freshness: to_freshness(freshness_status.freshness).into(),
        freshness_reason: present(&freshness_status.reason),
        change: change.as_ref().map(to_change),
        fixings: fixings.iter().map(|fixing| to_fixing(fixing)).collect(),
        announced: announced.as_ref().map(to_announced),
        changed_at_revision: *changed_at_revision,
        held: held.iter().map(|held| to_held(held)).collect(),
        windows: windows.iter().map(to_window_change).collect(),
        flags: flags.iter().map(to_flag).collect(),
        decimal_places: *decimal_places,
        date: None,
    }
}

pub(crate) fn to_rates(rates: &[Rate]) -> Vec<pb::Rate> {
    rates.iter().map(to_rate).collect()
}

fn to_change(change: &Change) -> pb::Change {
    let Change {
        absolute,
        percent,
        direction,
        reference_value,
        reference_date,
    } = change;
    pb::Change {
        absolute: absolute.to_string(),
        percent: percent.to_string(),
        direction: to_direction(*direction).into(),
        reference_value: reference_value.to_string(),
        reference_date: reference_date.to_string(),
    }
}

fn to_announced(announced: &Announced) -> pb::Announced {
    let Announced {
        value,
        effective_date,
        change,
    } = announced;
    pb::Announced {
        value: value.to_string(),
        effective_date: effective_date.to_string(),
        change: change.as_ref().map(to_change),
    }
}

pub(crate) fn to_fixing(fixing: &Fixing) -> pb::Fixing {
    let Fixing {
        source,
        currency,
        units,
        value,
        home_currency,
        effective_date,
        published_change,
        superseded_value,
    } = fixing;
    let text = |number: &Decimal| number.to_string();
    pb::Fixing {
        source: source.to_string(),
        currency: currency.to_string(),
        units: units.to_string(),
        value: value.to_string(),
        home_currency: home_currency.to_string(),
        effective_date: effective_date.to_string(),
        published_change: published_change.as_ref().map(text),
        superseded_value: superseded_value.as_ref().map(text),
        superseded: false,
        recorded_time: None,
    }
}

pub(super) fn to_derivation(derivation: Derivation) -> pb::Derivation {
    match derivation {
        Derivation::Published => pb::Derivation::Published,
        Derivation::Inverted => pb::Derivation::Inverted,
        Derivation::Crossed => pb::Derivation::Crossed,
        Derivation::Identity => pb::Derivation::Identity,
    }
}

fn to_direction(direction: Direction) -> pb::Direction {
    match direction {
        Direction::Up => pb::Direction::Up,
        Direction::Down => pb::Direction::Down,
        Direction::Flat => pb::Direction::Flat,
    }
}

pub(crate) fn to_freshness(freshness: Freshness) -> pb::Freshness {
    match freshness {
        Freshness::Fresh => pb::Freshness::Fresh,
        Freshness::CarriedOver => pb::Freshness::CarriedOver,
        Freshness::Late => pb::Freshness::Late,
        Freshness::Stale => pb::Freshness::Stale,
    }
}

pub(crate) fn to_held(held: &Held) -> pb::HeldFixing {
    pb::HeldFixing {
        id: held.id().to_string(),
        fixing: Some(to_fixing(&held.fixing)),
        check: to_check(held.check).into(),
        detail: held.detail.clone(),
        since_time: Some(to_timestamp(held.since)),
        change: held.change.as_ref().map(to_change),
    }
}

pub(crate) fn to_flag(flag: &Flag) -> pb::Flag {
    pb::Flag {
        check: to_check(flag.check).into(),
        currency: flag.currency.map(|currency| currency.to_string()),
        detail: flag.detail.clone(),
    }
}

fn to_window_change(change: &WindowChange) -> pb::WindowChange {
    pb::WindowChange {
        window: match change.window {
            Window::Week => pb::Window::Week,
            Window::Month => pb::Window::Month,
            Window::Year => pb::Window::Year,
        }
        .into(),
        change: change.change.as_ref().ok().map(to_change),
        reason: change.change.as_ref().err().cloned(),
    }
}

fn to_check(check: Check) -> pb::Check {
    match check {
        Check::PublishedChange => pb::Check::PublishedChange,
        Check::Calendar => pb::Check::Calendar,
        Check::MissingRow => pb::Check::MissingRow,
        Check::NewRow => pb::Check::NewRow,
        Check::Triangle => pb::Check::Triangle,
        Check::UnitJump => pb::Check::UnitJump,
        Check::Inversion => pb::Check::Inversion,
        Check::SizeOfMove => pb::Check::SizeOfMove,
        Check::WholeTable => pb::Check::WholeTable,
        Check::Bounds => pb::Check::Bounds,
        Check::Rewritten => pb::Check::Rewritten,
        Check::Returned => pb::Check::Returned,
        Check::Rejected => pb::Check::Rejected,
    }
}
