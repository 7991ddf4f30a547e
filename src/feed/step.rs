//! What the next message of a stream is, and the message itself.

use std::sync::Arc;
use std::time::Duration;

use crate::board::{BoardReader, SourceDetail};
use crate::domain::{Position, Rate, RateFilter, Snapshot, Update};
use crate::feed::Verdict;

/// The next message of a stream, its rows not yet computed: cheap, and for the same filter the same message.
#[derive(Debug, Clone)]
pub enum Step {
    /// The first message.
    Opening {
        /// Where the stream begins.
        position: Position,
        /// What became of the resume.
        verdict: Verdict,
        /// The interval granted.
        min_interval: Duration,
        /// How long the stream stays silent at most.
        heartbeat_interval: Duration,
    },
    /// The whole state for the filter.
    Snapshot(Arc<Snapshot>),
    /// What changed.
    Update {
        /// Where the reader stands, in the epoch of the snapshot it is led to.
        after: u64,
        /// Where it stands then.
        to: Arc<Snapshot>,
    },
    /// Nothing changed. It is of the snapshot the reader holds the rows of.
    Heartbeat(Arc<Snapshot>),
}

/// One message.
#[derive(Debug, Clone)]
pub struct Message {
    /// Where the reader stands once it has applied it.
    pub position: Position,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The first message.
    Opening {
        /// What became of the resume.
        verdict: Verdict,
        /// The interval granted.
        min_interval: Duration,
        /// How long the stream stays silent at most.
        heartbeat_interval: Duration,
    },
    /// The whole state for the filter.
    Snapshot {
        /// The rates, in the order of the filter.
        rates: Vec<Rate>,
        /// The revision they are of, for its source states.
        snapshot: Arc<Snapshot>,
    },
    /// What changed.
    Update(Update),
    /// Nothing changed.
    Heartbeat(Vec<SourceDetail>),
}

impl Step {
    /// The message of a step, for the readers of a filter.
    pub fn message(&self, filter: &RateFilter, board: &BoardReader) -> Message {
        match self {
            Self::Opening {
                position,
                verdict,
                min_interval,
                heartbeat_interval,
            } => Message {
                position: position.clone(),
                event: Event::Opening {
                    verdict: *verdict,
                    min_interval: *min_interval,
                    heartbeat_interval: *heartbeat_interval,
                },
            },
            Self::Snapshot(snapshot) => Message {
                position: snapshot.position.clone(),
                event: Event::Snapshot {
                    rates: snapshot.rates(filter),
                    snapshot: Arc::clone(snapshot),
                },
            },
            Self::Update { after, to } => Message {
                position: to.position.clone(),
                event: Event::Update(to.update_since(*after, filter)),
            },
            Self::Heartbeat(shown) => Message {
                position: shown.position.clone(),
                event: Event::Heartbeat(board.details(shown)),
            },
        }
    }
}
