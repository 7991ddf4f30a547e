//! What a log answers.

use std::sync::Arc;

use thiserror::Error;

/// A record of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its number.
    pub seq: u64,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// A part of the log, as it was at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The records, in their order. A number may be missing if the log lost a record.
    pub records: Vec<Stored>,
    /// Whether there are more records behind them.
    pub has_more: bool,
    /// The moment: what happens after it can be followed from here.
    pub moment: Moment,
}

/// A moment of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub(in crate::shared) i64);

/// The right to append, until it is lost: every append checks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lead {
    pub(in crate::shared) lease: i64,
    /// The moment at which the leader was written.
    pub(in crate::shared) since: i64,
}

/// What the replica that leads notes beside the records. A note is replaced, and may be lost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// How its polls went.
    Polls,
    /// The event that the receiver of a webhook accepted last.
    Delivered(String),
}

/// The right to say something of oneself, for as long as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    pub(in crate::shared) lease: i64,
}

/// The outcome of an append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// The record is in its place, on the disks of a majority.
    Written,
    /// Another replica leads, or none: nothing was written.
    Fenced,
    /// There is a record in its place already.
    Taken(Arc<[u8]>),
    /// The record before it is missing: the log lost something. Nothing was written.
    Gap,
}

/// What happened in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A record was appended.
    Appended(Stored),
    /// Another replica leads, with these bytes to describe it; `None` if no replica does.
    Leader(Option<Arc<[u8]>>),
    /// Nothing up to this moment.
    Nothing,
}

/// Why the log did not do what it was called for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LogError {
    /// There was no answer: whether anything was written is not known.
    #[error("the shared log did not answer: {0}")]
    NoAnswer(String),
    /// It refused: nothing was written.
    #[error("the shared log refused: {0}")]
    Refused(String),
    /// What happened since a moment is no longer kept: the records must be read again.
    #[error("the shared log no longer keeps what happened since then")]
    Compacted,
}
