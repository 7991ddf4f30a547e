//! The next message of a stream, before and after its rows are computed.

use std::sync::Arc;
use std::time::Duration;

use crate::board::{BoardReader, Replica, SourceDetail};
use crate::domain::{Position, Rate, RateFilter, Snapshot, Update};
use crate::feed::ResumeVerdict;

/// The next message of a stream before its rows are computed. It is cheap. The same snapshot or update step of the same
/// filter is the same message.
#[derive(Debug, Clone)]
pub enum Step {
    /// The first message.
    Opening {
        /// Where the stream begins.
        position: Position,
        /// The result of the resume.
        verdict: ResumeVerdict,
        /// The interval granted.
        min_interval: Duration,
        /// The longest silence of the stream.
        heartbeat_interval: Duration,
    },
    /// The whole state for the filter.
    Snapshot(Arc<Snapshot>),
    /// What changed.
    Update {
        /// The revision that the reader holds, of the epoch of `to`.
        after: u64,
        /// The snapshot that the reader holds after the update.
        to: Arc<Snapshot>,
    },
    /// Nothing changed. It bears the position of the rows that the reader holds.
    Heartbeat(Arc<Snapshot>),
}

/// One message.
#[derive(Debug, Clone)]
pub struct StreamMessage {
    /// The position that the reader holds once it has applied the message.
    pub position: Position,
    /// The content.
    pub event: StreamEvent,
}

/// The content of a message.
#[derive(Debug, Clone)]
pub enum StreamEvent {
    /// The first message.
    Opening {
        /// The result of the resume.
        verdict: ResumeVerdict,
        /// The interval granted.
        min_interval: Duration,
        /// The longest silence of the stream.
        heartbeat_interval: Duration,
        /// How this replica stands to the others, if there are others.
        replica: Option<Replica>,
    },
    /// The whole state for the filter.
    Snapshot {
        /// The rates, in the order of the filter.
        rates: Vec<Rate>,
        /// The snapshot of the rates, for its source states.
        snapshot: Arc<Snapshot>,
    },
    /// What changed.
    Update(Update),
    /// Nothing changed.
    Heartbeat {
        /// Every source.
        sources: Vec<SourceDetail>,
        /// How this replica stands to the others, if there are others.
        replica: Option<Replica>,
    },
}

impl Step {
    /// The message of a step, for the readers of a filter.
    pub fn message(&self, filter: &RateFilter, board: &BoardReader) -> StreamMessage {
        match self {
            Self::Opening {
                position,
                verdict,
                min_interval,
                heartbeat_interval,
            } => StreamMessage {
                position: position.clone(),
                event: StreamEvent::Opening {
                    verdict: *verdict,
                    min_interval: *min_interval,
                    heartbeat_interval: *heartbeat_interval,
                    replica: board.replica(),
                },
            },
            Self::Snapshot(snapshot) => StreamMessage {
                position: snapshot.position.clone(),
                event: StreamEvent::Snapshot {
                    rates: snapshot.rates(filter),
                    snapshot: Arc::clone(snapshot),
                },
            },
            Self::Update { after, to } => StreamMessage {
                position: to.position.clone(),
                event: StreamEvent::Update(to.update_since(*after, filter)),
            },
            Self::Heartbeat(shown) => StreamMessage {
                position: shown.position.clone(),
                event: StreamEvent::Heartbeat {
                    sources: board.details(shown),
                    replica: board.replica(),
                },
            },
        }
    }
}
