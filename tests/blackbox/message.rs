//! What a watcher is shown, over any wire.

use prost::Message as _;
use serde::Deserialize;
use serde_json::value::RawValue;
use silkrate::pb;
use silkrate::pb::watch_rates_response::Event as PbEvent;

/// A position.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Position {
    pub(crate) epoch: String,
    pub(crate) revision: u64,
}

/// A message of a stream, or the answer to a request for a snapshot.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) position: Position,
    pub(crate) event: Event,
}

#[derive(Debug)]
pub(crate) enum Event {
    Opening,
    Snapshot {
        rows: Vec<Row>,
    },
    Update {
        after: Position,
        rows: Vec<Row>,
        removed: Vec<String>,
        commits: u64,
    },
    Heartbeat,
}

/// The rate of a pair, or the state of a source.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The pair, or `source` and its id.
    pub(crate) key: String,
    /// The row as it was sent.
    pub(crate) bytes: Vec<u8>,
    /// What a rate says; empty for a source.
    pub(crate) rate: Option<Quoted>,
}

/// What a rate says in every encoding.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Quoted {
    pub(crate) value: String,
    pub(crate) source: Option<String>,
    pub(crate) effective_date: Option<String>,
    pub(crate) changed_at_revision: u64,
    pub(crate) fixings: Vec<Fixed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Fixed {
    pub(crate) source: String,
    pub(crate) currency: String,
    pub(crate) value: String,
    pub(crate) effective_date: String,
}

impl From<pb::Position> for Position {
    fn from(position: pb::Position) -> Self {
        let pb::Position { epoch, revision } = position;
        Self { epoch, revision }
    }
}

impl From<&pb::Rate> for Row {
    fn from(rate: &pb::Rate) -> Self {
        let fixed = |fixing: &pb::Fixing| Fixed {
            source: fixing.source.clone(),
            currency: fixing.currency.clone(),
            value: fixing.value.clone(),
            effective_date: fixing.effective_date.clone(),
        };
        Self {
            key: rate.pair.clone(),
            bytes: rate.encode_to_vec(),
            rate: Some(Quoted {
                value: rate.value.clone(),
                source: rate.source.clone(),
                effective_date: rate.effective_date.clone(),
                changed_at_revision: rate.changed_at_revision,
                fixings: rate.fixings.iter().map(fixed).collect(),
            }),
        }
    }
}

impl From<&pb::SourceState> for Row {
    fn from(state: &pb::SourceState) -> Self {
        Self {
            key: format!("source {}", state.id),
            bytes: state.encode_to_vec(),
            rate: None,
        }
    }
}

/// The rows of a snapshot or an update.
pub(crate) fn rows(rates: &[pb::Rate], sources: &[pb::SourceState]) -> Vec<Row> {
    let rates = rates.iter().map(Row::from);
    rates.chain(sources.iter().map(Row::from)).collect()
}

impl Message {
    /// A message over gRPC or gRPC-Web.
    pub(crate) fn of_pb(message: pb::WatchRatesResponse) -> Self {
        let event = match message.event.unwrap() {
            PbEvent::Opening(_) => Event::Opening,
            PbEvent::Heartbeat(_) => Event::Heartbeat,
            PbEvent::Snapshot(snapshot) => Event::Snapshot {
                rows: rows(&snapshot.rates, &snapshot.sources),
            },
            PbEvent::Update(update) => Event::Update {
                rows: rows(&update.rates, &update.sources),
                after: update.after.unwrap().into(),
                removed: update.removed_pairs,
                commits: update.commits,
            },
        };
        Self {
            position: message.position.unwrap().into(),
            event,
        }
    }

    /// The data of a server-sent event other than the end of a stream.
    pub(crate) fn of_json(text: &str) -> Self {
        let Json {
            event,
            position,
            after,
            rates,
            sources,
            removed_pairs,
            commits,
        } = serde_json::from_str(text).unwrap();
        let rates = rates.iter().map(|text| json_row(text, true));
        let sources = sources.iter().map(|text| json_row(text, false));
        let event = match event.as_str() {
            "opening" => Event::Opening,
            "heartbeat" => Event::Heartbeat,
            "snapshot" => Event::Snapshot {
                rows: rates.chain(sources).collect(),
            },
            "update" => Event::Update {
                rows: rates.chain(sources).collect(),
                after: after.expect("an update names the revision before it"),
                removed: removed_pairs,
                commits,
            },
            unknown => panic!("`{unknown}` is no event"),
        };
        Self {
            position: position.expect("every event has a position"),
            event,
        }
    }
}

/// A message as JSON. The rows keep their text.
#[derive(Deserialize)]
struct Json<'a> {
    event: String,
    position: Option<Position>,
    after: Option<Position>,
    #[serde(borrow, default)]
    rates: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    sources: Vec<&'a RawValue>,
    #[serde(default)]
    removed_pairs: Vec<String>,
    #[serde(default)]
    commits: u64,
}

fn json_row(text: &RawValue, is_rate: bool) -> Row {
    #[derive(Deserialize)]
    struct Key {
        #[serde(alias = "id")]
        pair: String,
    }
    let Key { pair } = serde_json::from_str(text.get()).unwrap();
    Row {
        key: if is_rate {
            pair
        } else {
            format!("source {pair}")
        },
        bytes: text.get().as_bytes().to_vec(),
        rate: is_rate.then(|| serde_json::from_str(text.get()).unwrap()),
    }
}
