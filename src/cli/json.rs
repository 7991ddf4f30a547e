//! Messages as JSON objects: the contract's names, decimals as strings, `null` for what is unknown.

mod rate;
mod source;

use serde::Serialize;

pub(super) use self::rate::{Fixing, HeldFixing, Rate};
pub(super) use self::source::Source;
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

/// One revision of one server.
#[derive(Debug, Serialize)]
pub(super) struct Position<'a> {
    epoch: &'a str,
    revision: u64,
}

impl<'a> From<&'a pb::Position> for Position<'a> {
    fn from(position: &'a pb::Position) -> Self {
        let pb::Position { epoch, revision } = position;
        Self {
            epoch,
            revision: *revision,
        }
    }
}

/// One line of JSON.
pub(super) fn text(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(value)
}

/// What there is one of for each item.
pub(super) fn list<'a, T: 'a, J: From<&'a T>>(items: &'a [T]) -> Vec<J> {
    items.iter().map(J::from).collect()
}

/// A whole state.
pub(super) fn snapshot<'a>(
    position: Option<&'a pb::Position>,
    rates: &'a [pb::Rate],
) -> Message<'a> {
    Message {
        event: "snapshot",
        position: position.map(Position::from),
        rates: list(rates),
        ..Message::default()
    }
}

/// What a server sent; nothing for what it did not send. The rates are those of the message.
pub(super) fn message<'a>(
    event: &'a WatchEvent,
    position: Option<&'a pb::Position>,
    held: &'a [pb::Rate],
) -> Option<Message<'a>> {
    let position_there = position.map(Position::from);
    Some(match event {
        // The rows held may still be of another position: an opening tells the server's.
        WatchEvent::Opening {
            verdict, position, ..
        } => Message {
            event: "opening",
            position: position.as_ref().map(Position::from),
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
            rates: list(rates),
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
pub(super) fn known(text: &str) -> Option<&str> {
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
            r#"{"event":"snapshot","position":{"epoch":"e","revision":7},"rates":[{"pair":"KZT/USD","value":"0.00195689","derivation":"INVERTED","source":"nbk","effective_date":"2025-12-08","freshness":"FRESH","freshness_reason":null,"change":null,"fixings":[],"announced":null,"changed_at_revision":7,"held":[],"windows":[],"flags":[]}],"removed_pairs":[]}"#
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
