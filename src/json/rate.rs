//! Rates and the messages they contain as JSON objects.

use serde::Serialize;

use crate::json::{instant, list, short};
use crate::pb;

/// The rate of a pair.
#[derive(Debug, Serialize)]
pub struct Rate<'a> {
    pair: &'a str,
    value: &'a str,
    derivation: &'static str,
    source: Option<&'a str>,
    effective_date: Option<&'a str>,
    freshness: &'static str,
    freshness_reason: Option<&'a str>,
    change: Option<Change<'a>>,
    fixings: Vec<Fixing<'a>>,
    announced: Option<Announced<'a>>,
    changed_at_revision: u64,
    held: Vec<HeldFixing<'a>>,
    windows: Vec<WindowChange<'a>>,
    flags: Vec<Flag<'a>>,
    decimal_places: Option<u32>,
    date: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Change<'a> {
    absolute: &'a str,
    percent: &'a str,
    direction: &'static str,
    reference_value: &'a str,
    reference_date: &'a str,
}

#[derive(Debug, Serialize)]
struct Announced<'a> {
    value: &'a str,
    effective_date: &'a str,
    change: Option<Change<'a>>,
}

/// One row as published.
#[derive(Debug, Serialize)]
pub struct Fixing<'a> {
    source: &'a str,
    currency: &'a str,
    units: &'a str,
    value: &'a str,
    home_currency: &'a str,
    effective_date: &'a str,
    published_change: Option<&'a str>,
    superseded_value: Option<&'a str>,
    superseded: bool,
    recorded_time: Option<String>,
}

/// A published value that failed a check and is not served.
#[derive(Debug, Serialize)]
pub struct HeldFixing<'a> {
    id: &'a str,
    fixing: Option<Fixing<'a>>,
    check: &'static str,
    detail: &'a str,
    since_time: Option<String>,
    change: Option<Change<'a>>,
}

#[derive(Debug, Serialize)]
struct WindowChange<'a> {
    window: &'static str,
    change: Option<Change<'a>>,
    reason: Option<&'a str>,
}

/// A check that a served value failed.
#[derive(Debug, Serialize)]
pub struct Flag<'a> {
    check: &'static str,
    currency: Option<&'a str>,
    detail: &'a str,
}

impl<'a> From<&'a pb::Rate> for Rate<'a> {
    fn from(rate: &'a pb::Rate) -> Self {
        let pb::Rate {
            pair,
            value,
            derivation: _,
            source,
            effective_date,
            freshness: _,
            freshness_reason,
            change,
            fixings,
            announced,
            changed_at_revision,
            held,
            windows,
            flags,
            decimal_places,
            date,
        } = rate;
        Self {
            pair,
            value,
            derivation: short(rate.derivation().as_str_name(), "DERIVATION_"),
            source: source.as_deref(),
            effective_date: effective_date.as_deref(),
            freshness: short(rate.freshness().as_str_name(), "FRESHNESS_"),
            freshness_reason: freshness_reason.as_deref(),
            change: change.as_ref().map(Change::from),
            fixings: list(fixings),
            announced: announced.as_ref().map(Announced::from),
            changed_at_revision: *changed_at_revision,
            held: list(held),
            windows: list(windows),
            flags: list(flags),
            decimal_places: *decimal_places,
            date: date.as_deref(),
        }
    }
}

impl<'a> From<&'a pb::Change> for Change<'a> {
    fn from(change: &'a pb::Change) -> Self {
        let pb::Change {
            absolute,
            percent,
            direction: _,
            reference_value,
            reference_date,
        } = change;
        Self {
            absolute,
            percent,
            direction: short(change.direction().as_str_name(), "DIRECTION_"),
            reference_value,
            reference_date,
        }
    }
}

impl<'a> From<&'a pb::Announced> for Announced<'a> {
    fn from(announced: &'a pb::Announced) -> Self {
        let pb::Announced {
            value,
            effective_date,
            change,
        } = announced;
        Self {
            value,
            effective_date,
            change: change.as_ref().map(Change::from),
        }
    }
}

impl<'a> From<&'a pb::Fixing> for Fixing<'a> {
    fn from(fixing: &'a pb::Fixing) -> Self {
        let pb::Fixing {
            source,
            currency,
            units,
            value,
            home_currency,
            effective_date,
            published_change,
            superseded_value,
            superseded,
            recorded_time,
        } = fixing;
        Self {
            source,
            currency,
            units,
            value,
            home_currency,
            effective_date,
            published_change: published_change.as_deref(),
            superseded_value: superseded_value.as_deref(),
            superseded: *superseded,
            recorded_time: recorded_time.as_ref().and_then(instant),
        }
    }
}

impl<'a> From<&'a pb::HeldFixing> for HeldFixing<'a> {
    fn from(held: &'a pb::HeldFixing) -> Self {
        let pb::HeldFixing {
            id,
            fixing,
            check: _,
            detail,
            since_time,
            change,
        } = held;
        Self {
            id,
            fixing: fixing.as_ref().map(Fixing::from),
            check: short(held.check().as_str_name(), "CHECK_"),
            detail,
            since_time: since_time.as_ref().and_then(instant),
            change: change.as_ref().map(Change::from),
        }
    }
}

impl<'a> From<&'a pb::WindowChange> for WindowChange<'a> {
    fn from(of_window: &'a pb::WindowChange) -> Self {
        let pb::WindowChange {
            window: _,
            change,
            reason,
        } = of_window;
        Self {
            window: short(of_window.window().as_str_name(), "WINDOW_"),
            change: change.as_ref().map(Change::from),
            reason: reason.as_deref(),
        }
    }
}

impl<'a> From<&'a pb::Flag> for Flag<'a> {
    fn from(flag: &'a pb::Flag) -> Self {
        let pb::Flag {
            check: _,
            currency,
            detail,
        } = flag;
        Self {
            check: short(flag.check().as_str_name(), "CHECK_"),
            currency: currency.as_deref(),
            detail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::text;
    use crate::pb::{Check, Window};

    #[test]
    fn a_rate_tells_what_is_held_what_is_odd_and_the_changes_over_windows() {
        let rate = pb::Rate {
            pair: "TMT/UZS".to_owned(),
            held: vec![pb::HeldFixing {
                id: "cbu/daily/2026-04-02/TMT".to_owned(),
                fixing: Some(pb::Fixing {
                    value: "34691.7".to_owned(),
                    recorded_time: Some(prost_types::Timestamp {
                        seconds: 1_775_120_400,
                        nanos: 0,
                    }),
                    ..pb::Fixing::default()
                }),
                check: Check::UnitJump.into(),
                ..pb::HeldFixing::default()
            }],
            windows: vec![pb::WindowChange {
                window: Window::Year.into(),
                reason: Some("nothing so old is known".to_owned()),
                ..pb::WindowChange::default()
            }],
            flags: vec![pb::Flag {
                check: Check::Calendar.into(),
                detail: "a Sunday".to_owned(),
                ..pb::Flag::default()
            }],
            ..pb::Rate::default()
        };
        let printed = text(&Rate::from(&rate)).unwrap();
        for part in [
            r#""held":[{"id":"cbu/daily/2026-04-02/TMT","fixing":{"#,
            r#""value":"34691.7","#,
            r#""superseded":false,"recorded_time":"2026-04-02T09:00:00Z"},"check":"UNIT_JUMP","#,
            r#""windows":[{"window":"YEAR","change":null,"reason":"nothing so old is known"}]"#,
            r#""flags":[{"check":"CALENDAR","currency":null,"detail":"a Sunday"}]"#,
        ] {
            assert!(printed.contains(part), "{part} is not in {printed}");
        }
    }
}
