//! Messages as JSON objects: the contract's names, decimals as strings, `null` for what is unknown.

use serde::Serialize;

use crate::client::WatchEvent;
use crate::pb;

/// One message of a watch, or one answer.
#[derive(Debug, Default, Serialize)]
pub(super) struct Message<'a> {
    event: &'static str,
    position: Option<Position<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commits: Option<u64>,
    rates: Vec<Rate<'a>>,
    removed_pairs: &'a [String],
}

#[derive(Debug, Serialize)]
struct Position<'a> {
    epoch: &'a str,
    revision: u64,
}

#[derive(Debug, Serialize)]
struct Rate<'a> {
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

#[derive(Debug, Serialize)]
struct Fixing<'a> {
    source: &'a str,
    currency: &'a str,
    units: &'a str,
    value: &'a str,
    home_currency: &'a str,
    effective_date: &'a str,
    published_change: Option<&'a str>,
    superseded_value: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Source<'a> {
    id: &'a str,
    name: &'a str,
    attribution: Option<&'a str>,
    freshness: &'static str,
    freshness_reason: Option<&'a str>,
    newest_effective_date: Option<&'a str>,
    polling: &'static str,
    last_verified_time: Option<String>,
    last_attempt_time: Option<String>,
    next_attempt_time: Option<String>,
    consecutive_failures: u32,
    last_error: Option<&'a str>,
    dropped_rows: Vec<DroppedRow<'a>>,
    home_currency: Option<&'a str>,
    page: &'a str,
    terms: &'a str,
}

#[derive(Debug, Serialize)]
struct DroppedRow<'a> {
    currency: &'a str,
    reason: &'a str,
}

/// One line of JSON.
pub(super) fn text(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(value)
}

/// A whole state.
pub(super) fn snapshot<'a>(
    position: Option<&'a pb::Position>,
    rates: &'a [pb::Rate],
) -> Message<'a> {
    Message {
        event: "snapshot",
        position: position.map(position_of),
        rates: rates.iter().map(rate).collect(),
        ..Message::default()
    }
}

/// What a server sent; nothing for what it did not send. The rates are those of the message.
pub(super) fn message<'a>(
    event: &'a WatchEvent,
    position: Option<&'a pb::Position>,
    held: &'a [pb::Rate],
) -> Option<Message<'a>> {
    let position_there = position.map(position_of);
    Some(match event {
        WatchEvent::Opening { verdict, .. } => Message {
            event: "opening",
            position: position_there,
            verdict: Some(short(verdict.as_str_name(), "RESUME_VERDICT_")),
            ..Message::default()
        },
        WatchEvent::Snapshot => snapshot(position, held),
        WatchEvent::Update {
            rates,
            removed_pairs,
            commits,
        } => Message {
            event: "update",
            position: position_there,
            commits: Some(*commits),
            rates: rates.iter().map(rate).collect(),
            removed_pairs,
            ..Message::default()
        },
        WatchEvent::Heartbeat(_) => Message {
            event: "heartbeat",
            position: position_there,
            ..Message::default()
        },
        WatchEvent::Disconnected { .. } => return None,
    })
}

/// The sources, with how polling goes.
pub(super) fn sources(details: &[pb::SourceDetail]) -> impl Serialize {
    details.iter().filter_map(source).collect::<Vec<_>>()
}

fn position_of(position: &pb::Position) -> Position<'_> {
    Position {
        epoch: &position.epoch,
        revision: position.revision,
    }
}

fn rate(rate: &pb::Rate) -> Rate<'_> {
    Rate {
        pair: &rate.pair,
        value: &rate.value,
        derivation: short(rate.derivation().as_str_name(), "DERIVATION_"),
        source: known(&rate.source),
        effective_date: known(&rate.effective_date),
        freshness: freshness(rate.freshness()),
        freshness_reason: known(&rate.freshness_reason),
        change: rate.change.as_ref().map(change),
        fixings: rate.fixings.iter().map(fixing).collect(),
        announced: rate.announced.as_ref().map(|announced| Announced {
            value: &announced.value,
            effective_date: &announced.effective_date,
            change: announced.change.as_ref().map(change),
        }),
        changed_at_revision: rate.changed_at_revision,
    }
}

fn change(change: &pb::Change) -> Change<'_> {
    Change {
        absolute: &change.absolute,
        percent: &change.percent,
        direction: short(change.direction().as_str_name(), "DIRECTION_"),
        reference_value: &change.reference_value,
        reference_date: &change.reference_date,
    }
}

fn fixing(fixing: &pb::Fixing) -> Fixing<'_> {
    Fixing {
        source: &fixing.source,
        currency: &fixing.currency,
        units: &fixing.units,
        value: &fixing.value,
        home_currency: &fixing.home_currency,
        effective_date: &fixing.effective_date,
        published_change: fixing.published_change.as_deref(),
        superseded_value: fixing.superseded_value.as_deref(),
    }
}

/// Nothing for a source without a name.
fn source(detail: &pb::SourceDetail) -> Option<Source<'_>> {
    let state = detail.state.as_ref()?;
    let dropped = detail.dropped_rows.iter().map(|row| DroppedRow {
        currency: &row.currency,
        reason: &row.reason,
    });
    Some(Source {
        id: &state.id,
        name: &state.name,
        attribution: known(&state.attribution),
        freshness: freshness(state.freshness()),
        freshness_reason: known(&state.freshness_reason),
        newest_effective_date: known(&state.newest_effective_date),
        polling: short(detail.polling().as_str_name(), "POLLING_"),
        last_verified_time: detail.last_verified_time.as_ref().and_then(instant),
        last_attempt_time: detail.last_attempt_time.as_ref().and_then(instant),
        next_attempt_time: detail.next_attempt_time.as_ref().and_then(instant),
        consecutive_failures: detail.consecutive_failures,
        last_error: known(&detail.last_error),
        dropped_rows: dropped.collect(),
        home_currency: known(&detail.home_currency),
        page: &detail.page,
        terms: &detail.terms,
    })
}

fn freshness(freshness: pb::Freshness) -> &'static str {
    short(freshness.as_str_name(), "FRESHNESS_")
}

/// The name of an enum's value without the prefix that all its values have.
pub(super) fn short(name: &'static str, prefix: &str) -> &'static str {
    name.strip_prefix(prefix).unwrap_or(name)
}

/// An instant to the second, in UTC.
pub(super) fn instant(instant: &prost_types::Timestamp) -> Option<String> {
    let instant = jiff::Timestamp::from_second(instant.seconds).ok()?;
    Some(instant.to_string())
}

/// Absence is an empty text on the wire, and `null` here.
fn known(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_names_of_the_contract() {
        let held = [pb::Rate {
            pair: "KZT/USD".to_owned(),
            value: "0.00195689".to_owned(),
            derivation: pb::Derivation::Inverted.into(),
            source: "nbk".to_owned(),
            effective_date: "2025-12-08".to_owned(),
            freshness: pb::Freshness::Fresh.into(),
            changed_at_revision: 7,
            ..pb::Rate::default()
        }];
        let position = pb::Position {
            epoch: "e".to_owned(),
            revision: 7,
        };
        assert_eq!(
            text(&snapshot(Some(&position), &held)).unwrap(),
            r#"{"event":"snapshot","position":{"epoch":"e","revision":7},"rates":[{"pair":"KZT/USD","value":"0.00195689","derivation":"INVERTED","source":"nbk","effective_date":"2025-12-08","freshness":"FRESH","freshness_reason":null,"change":null,"fixings":[],"announced":null,"changed_at_revision":7}],"removed_pairs":[]}"#
        );
    }

    #[test]
    fn a_disconnection_is_no_message() {
        let event = WatchEvent::Disconnected {
            reason: String::new(),
            retry_in: std::time::Duration::ZERO,
        };
        assert!(message(&event, None, &[]).is_none());
    }

    #[test]
    fn an_instant_is_in_utc_to_the_second() {
        let seconds = prost_types::Timestamp {
            seconds: 1_775_120_400,
            nanos: 5,
        };
        assert_eq!(instant(&seconds).as_deref(), Some("2026-04-02T09:00:00Z"));
    }
}
