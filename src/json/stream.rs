//! The messages of a stream as JSON objects.

use serde::Serialize;

use crate::json::{Position, Rate, Replica, SourceDetail, SourceState, instant, list, short};
use crate::pb;
use crate::pb::watch_rates_response::Event;

/// One message: its kind, the position the reader holds once it has applied it, and what it says.
#[derive(Debug, Serialize)]
pub struct WatchRatesResponse<'a> {
    #[serde(rename = "event")]
    name: &'static str,
    /// The position as one text, for a stream of lines; server-sent events have it beside the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    position: Option<Position<'a>>,
    #[serde(flatten)]
    content: Content<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Opening {
        verdict: &'static str,
        min_interval: Option<String>,
        heartbeat_interval: Option<String>,
        replica: Option<Replica<'a>>,
    },
    Snapshot {
        rates: Vec<Rate<'a>>,
        sources: Vec<SourceState<'a>>,
    },
    Update {
        after: Option<Position<'a>>,
        rates: Vec<Rate<'a>>,
        removed_pairs: &'a [String],
        sources: Vec<SourceState<'a>>,
        commits: u64,
    },
    Heartbeat {
        server_time: Option<String>,
        sources: Vec<SourceDetail<'a>>,
        replica: Option<Replica<'a>>,
    },
}

impl<'a> WatchRatesResponse<'a> {
    /// `None` for a message without an event, which no server sends.
    pub fn of(message: &'a pb::WatchRatesResponse) -> Option<Self> {
        let pb::WatchRatesResponse { position, event } = message;
        let (name, content) = match event.as_ref()? {
            Event::Opening(opening) => ("opening", Content::from(opening)),
            Event::Snapshot(snapshot) => ("snapshot", Content::from(snapshot)),
            Event::Update(update) => ("update", Content::from(update)),
            Event::Heartbeat(heartbeat) => ("heartbeat", Content::from(heartbeat)),
        };
        Some(Self {
            name,
            id: None,
            position: position.as_ref().map(Position::from),
            content,
        })
    }

    /// The same, with the text from which a client resumes.
    #[must_use]
    pub fn with_id(self, id: String) -> Self {
        Self {
            id: Some(id),
            ..self
        }
    }

    /// Which kind of message it is.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl<'a> From<&'a pb::Opening> for Content<'a> {
    fn from(opening: &'a pb::Opening) -> Self {
        let pb::Opening {
            verdict: _,
            min_interval,
            heartbeat_interval,
            replica,
        } = opening;
        Self::Opening {
            verdict: short(opening.verdict().as_str_name(), "RESUME_VERDICT_"),
            min_interval: min_interval.as_ref().map(seconds),
            heartbeat_interval: heartbeat_interval.as_ref().map(seconds),
            replica: replica.as_ref().map(Replica::from),
        }
    }
}

impl<'a> From<&'a pb::Snapshot> for Content<'a> {
    fn from(snapshot: &'a pb::Snapshot) -> Self {
        let pb::Snapshot { rates, sources } = snapshot;
        Self::Snapshot {
            rates: list(rates),
            sources: list(sources),
        }
    }
}

impl<'a> From<&'a pb::Update> for Content<'a> {
    fn from(update: &'a pb::Update) -> Self {
        let pb::Update {
            after,
            rates,
            removed_pairs,
            sources,
            commits,
        } = update;
        Self::Update {
            after: after.as_ref().map(Position::from),
            rates: list(rates),
            removed_pairs,
            sources: list(sources),
            commits: *commits,
        }
    }
}

impl<'a> From<&'a pb::Heartbeat> for Content<'a> {
    fn from(heartbeat: &'a pb::Heartbeat) -> Self {
        let pb::Heartbeat {
            server_time,
            sources,
            replica,
        } = heartbeat;
        Self::Heartbeat {
            server_time: server_time.as_ref().and_then(instant),
            sources: sources.iter().filter_map(SourceDetail::of).collect(),
            replica: replica.as_ref().map(Replica::from),
        }
    }
}

/// A duration as the JSON form of protocol buffers writes it: `20s`, `0.250s`.
fn seconds(duration: &prost_types::Duration) -> String {
    let prost_types::Duration { seconds, nanos } = duration;
    match nanos {
        0 => format!("{seconds}s"),
        nanos if nanos % 1_000_000 == 0 => format!("{seconds}.{:03}s", nanos / 1_000_000),
        nanos => format!("{seconds}.{nanos:09}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::text;

    fn printed(event: Event) -> String {
        let position = pb::Position {
            epoch: "e".to_owned(),
            revision: 7,
        };
        let message = pb::WatchRatesResponse {
            position: Some(position),
            event: Some(event),
        };
        text(&WatchRatesResponse::of(&message).unwrap()).unwrap()
    }

    #[test]
    fn a_message_has_the_names_of_the_contract() {
        let opening = pb::Opening {
            verdict: pb::ResumeVerdict::Resumed.into(),
            min_interval: Some(prost_types::Duration {
                seconds: 0,
                nanos: 250_000_000,
            }),
            heartbeat_interval: Some(prost_types::Duration {
                seconds: 20,
                nanos: 0,
            }),
            replica: None,
        };
        assert_eq!(
            printed(Event::Opening(opening)),
            r#"{"event":"opening","position":{"epoch":"e","revision":7},"verdict":"RESUMED","min_interval":"0.250s","heartbeat_interval":"20s","replica":null}"#
        );
        let update = pb::Update {
            after: Some(pb::Position {
                epoch: "e".to_owned(),
                revision: 5,
            }),
            removed_pairs: vec!["KZT/LTL".to_owned()],
            commits: 2,
            ..pb::Update::default()
        };
        assert_eq!(
            printed(Event::Update(update)),
            r#"{"event":"update","position":{"epoch":"e","revision":7},"after":{"epoch":"e","revision":5},"rates":[],"removed_pairs":["KZT/LTL"],"sources":[],"commits":2}"#
        );
        let heartbeat = pb::Heartbeat {
            server_time: Some(prost_types::Timestamp {
                seconds: 1_775_120_400,
                nanos: 0,
            }),
            sources: Vec::new(),
            replica: Some(pb::Replica {
                detached: true,
                since_time: Some(prost_types::Timestamp {
                    seconds: 1_775_120_385,
                    nanos: 0,
                }),
                reason: Some("no answer".to_owned()),
            }),
        };
        assert_eq!(
            printed(Event::Heartbeat(heartbeat)),
            r#"{"event":"heartbeat","position":{"epoch":"e","revision":7},"server_time":"2026-04-02T09:00:00Z","sources":[],"replica":{"detached":true,"since_time":"2026-04-02T08:59:45Z","reason":"no answer"}}"#
        );
    }

    #[test]
    fn a_message_without_an_event_is_none() {
        assert!(WatchRatesResponse::of(&pb::WatchRatesResponse::default()).is_none());
    }
}
