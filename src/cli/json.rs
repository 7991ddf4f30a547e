//! What a watch or an answer prints as a line of JSON.

use serde::Serialize;

use crate::client::WatchEvent;
pub(super) use crate::json::{
    Conversion, Fixing, HeldFixing, Position, Rate, Source, instant, list, short, text,
};
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_names_of_the_contract() {
        let held = [pb::Rate {
            pair: "KZT/USD".to_owned(),
            value: "0.00195689".to_owned(),
            derivation: pb::Derivation::Inverted.into(),
            source: Some("nbk".to_owned()),
            effective_date: Some("2025-12-08".to_owned()),
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
}
