//! Events: the JSON documents that receivers get. The parts of a document are the messages of the contract, with the digits
//! that every other interface shows.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::config::EventKind;
use crate::domain::{Fingerprint, Held, Position, Rate, SourceState};
use crate::json::{self, HeldFixing};
use crate::webhooks::subject::{Fact, Subject};
use crate::wire::{to_held, to_past_rate, to_position, to_rate, to_source_state, to_timestamp};

/// What precedes the digits of an id, which so differs from every other number of a receiver.
const ID_PREFIX: &str = "evt_";
/// The digits of an id: 128 bits, of which no two events share all.
const ID_DIGITS: usize = 32;
/// The type of a sample that an operator sends.
const TEST: &str = "test";

/// An event: its id, and its document as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) body: String,
}

/// What an event is about.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Rate(Box<Rate>),
    /// The rate that began to stand on a past day.
    Past(Box<Rate>, Date),
    /// A rate with a value that is announced.
    Announced(Box<Rate>),
    Source(Arc<SourceState>),
    Held(Arc<Held>),
}

#[derive(Serialize)]
struct Document<'a, D> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: Option<String>,
    data: D,
}

#[derive(Serialize)]
struct Data<'a, M> {
    #[serde(flatten)]
    message: M,
    position: json::Position<'a>,
}

#[derive(Serialize)]
struct Sample<'a> {
    webhook: &'a str,
}

impl Event {
    /// The event of a subject that differs at a position. The same difference has the same id, whether it is found at once or
    /// after a restart.
    pub(super) fn new(
        subject: &Subject,
        content: &Content,
        position: &Position,
        now: Timestamp,
    ) -> Self {
        let Subject { kind, name } = subject;
        let Position { epoch, revision } = position;
        let mut identity = format!("{}\n{name}\n{epoch}\n{revision}", kind.as_str());
        let body = match content {
            Content::Rate(rate) | Content::Announced(rate) => {
                let rate = to_rate(rate);
                document(*kind, json::Rate::from(&rate), position, now)
            }
            Content::Past(rate, day) => {
                identity = format!("{identity}\n{day}");
                let rate = to_past_rate(rate, *day);
                document(*kind, json::Rate::from(&rate), position, now)
            }
            Content::Source(state) => {
                let state = to_source_state(state);
                document(*kind, json::SourceState::from(&state), position, now)
            }
            Content::Held(held) => {
                let held = to_held(held);
                document(*kind, HeldFixing::from(&held), position, now)
            }
        };
        Self {
            id: id(&identity),
            body,
        }
    }

    /// A sample, for an operator who tries a receiver.
    pub(super) fn sample(webhook: &str, now: Timestamp) -> Self {
        let document = Document {
            kind: TEST,
            timestamp: instant(now),
            data: Sample { webhook },
        };
        Self {
            id: id(&format!("{TEST}\n{webhook}\n{now}")),
            body: json::text(&document).unwrap_or_default(),
        }
    }
}

impl Content {
    /// The source of the value that an event tells of a pair, and the date of its row; both dates, the earlier one first, if it
    /// follows from two rows of different dates.
    pub(super) fn fixing(&self) -> Option<String> {
        let (rate, dates) = match self {
            Self::Rate(rate) | Self::Past(rate, _) => {
                let dates = rate.fixings.iter().map(|row| row.effective_date);
                (rate, dates.collect::<BTreeSet<_>>())
            }
            Self::Announced(rate) => {
                let date = rate.announced.as_ref()?.effective_date;
                (rate, BTreeSet::from([date]))
            }
            Self::Source(_) | Self::Held(_) => return None,
        };
        let dates: Vec<String> = dates.iter().map(ToString::to_string).collect();
        Some(format!("{} {}", rate.source, dates.join(" ")))
    }

    /// Whether it is the newest value that was sent of its pair, by what is known of it.
    pub(super) fn was_told(&self, known: &Fact) -> bool {
        let is_newest = |fixing: Option<String>| fixing.is_some() && fixing == known.told;
        // A file of version 1, which knows no day since when a value stands, has the earlier of two dates alone.
        let is_of_version_1 = known.since.is_none();
        is_newest(self.fixing()) || is_of_version_1 && is_newest(self.fixing_of_version_1())
    }

    fn fixing_of_version_1(&self) -> Option<String> {
        let (Self::Rate(rate) | Self::Past(rate, _)) = self else {
            return None;
        };
        Some(format!("{} {}", rate.source, rate.effective_date?))
    }

    /// The date from which the value of a pair stands.
    pub(super) fn since(&self) -> Option<Date> {
        match self {
            Self::Rate(rate) => rate.fixings.iter().map(|row| row.effective_date).max(),
            Self::Past(_, day) => Some(*day),
            Self::Announced(_) | Self::Source(_) | Self::Held(_) => None,
        }
    }
}

fn document(
    kind: EventKind,
    message: impl Serialize,
    position: &Position,
    now: Timestamp,
) -> String {
    let position = to_position(position);
    let document = Document {
        kind: kind.as_str(),
        timestamp: instant(now),
        data: Data {
            message,
            position: json::Position::from(&position),
        },
    };
    json::text(&document).unwrap_or_default()
}

fn instant(now: Timestamp) -> Option<String> {
    json::instant(&to_timestamp(now))
}

fn id(identity: &str) -> String {
    let digits = Fingerprint::of_text(identity).to_string();
    let digits: String = digits.chars().take(ID_DIGITS).collect();
    format!("{ID_PREFIX}{digits}")
}
