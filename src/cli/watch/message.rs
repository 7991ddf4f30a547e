//! The events of a watch as the messages they came in, so that they print as every other stream does.

use std::time::Duration;

use crate::client::WatchEvent;
use crate::pb::watch_rates_response::Event;
use crate::pb::{Opening, Position, Rate, Snapshot, SourceState, Update, WatchRatesResponse};

/// The rows, sources and position of a subscriber.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State<'a> {
    pub(super) position: Option<&'a Position>,
    pub(super) rates: &'a [Rate],
    pub(super) sources: &'a [SourceState],
}

/// A whole state as a message.
pub(super) fn snapshot(state: State<'_>) -> WatchRatesResponse {
    let State {
        position,
        rates,
        sources,
    } = state;
    WatchRatesResponse {
        position: position.cloned(),
        event: Some(Event::Snapshot(Snapshot {
            rates: rates.to_vec(),
            sources: sources.to_vec(),
        })),
    }
}

/// An event as the server's message; `None` for an event that the server did not send. `state` is the state after it.
/// The heartbeat interval of an opening is the one that the client applies, within its bounds.
pub(super) fn of(event: &WatchEvent, state: State<'_>) -> Option<WatchRatesResponse> {
    let (position, event) = match event {
        // The rows may still be of another position: an opening has that of the server.
        WatchEvent::Opening {
            position,
            verdict,
            min_interval,
            heartbeat_interval,
            replica,
        } => {
            let duration = |interval: Duration| prost_types::Duration::try_from(interval).ok();
            let opening = Opening {
                verdict: (*verdict).into(),
                min_interval: duration(*min_interval),
                heartbeat_interval: duration(*heartbeat_interval),
                replica: replica.clone(),
            };
            (position.as_ref(), Event::Opening(opening))
        }
        WatchEvent::Snapshot => return Some(snapshot(state)),
        WatchEvent::Update {
            after,
            rates,
            removed_pairs,
            sources,
            commits,
        } => {
            let update = Update {
                after: after.clone(),
                rates: rates.clone(),
                removed_pairs: removed_pairs.clone(),
                sources: sources.clone(),
                commits: *commits,
            };
            (state.position, Event::Update(update))
        }
        WatchEvent::Heartbeat(heartbeat) => (state.position, Event::Heartbeat(heartbeat.clone())),
        WatchEvent::Disconnected { .. } => return None,
    };
    Some(WatchRatesResponse {
        position: position.cloned(),
        event: Some(event),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn position(revision: u64) -> Position {
        Position {
            epoch: "e".to_owned(),
            revision,
        }
    }

    #[test]
    fn an_event_prints_as_the_message_that_the_server_sent() {
        let rates = [Rate {
            pair: "KZT/USD".to_owned(),
            ..Rate::default()
        }];
        let sources = [SourceState {
            id: "nbk".to_owned(),
            ..SourceState::default()
        }];
        let held = position(8);
        let state = State {
            position: Some(&held),
            rates: &rates,
            sources: &sources,
        };
        let event = WatchEvent::Update {
            after: Some(position(7)),
            rates: rates.to_vec(),
            removed_pairs: vec!["KZT/LTL".to_owned()],
            sources: sources.to_vec(),
            commits: 1,
        };
        let sent = WatchRatesResponse {
            position: Some(held.clone()),
            event: Some(Event::Update(Update {
                after: Some(position(7)),
                rates: rates.to_vec(),
                removed_pairs: vec!["KZT/LTL".to_owned()],
                sources: sources.to_vec(),
                commits: 1,
            })),
        };
        assert_eq!(of(&event, state), Some(sent));
        let whole = of(&WatchEvent::Snapshot, state).unwrap();
        let json = json::text(&json::WatchRatesResponse::of(&whole)).unwrap();
        let start = r#"{"event":"snapshot","position":{"epoch":"e","revision":8},"rates":[{"pair":"KZT/USD","#;
        assert!(json.starts_with(start), "{json}");
        assert!(json.contains(r#""sources":[{"id":"nbk","#), "{json}");
    }

    #[test]
    fn a_disconnection_is_no_message() {
        let event = WatchEvent::Disconnected {
            reason: String::new(),
            retry_in: Duration::ZERO,
        };
        assert_eq!(of(&event, State::default()), None);
    }
}
