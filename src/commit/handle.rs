//! What others hand in to the commit task, and what they are told.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::domain::{
    DecisionError, Held, HeldOutcome, Intent, PollReport, Position, SourceId, Table,
};

/// Submissions that may wait: two for each source there is. More would mean that a poller does not await its verdict.
pub(super) const QUEUE_MAX: usize = 16;

/// The end that pollers and operators hold.
#[derive(Debug, Clone)]
pub struct CommitHandle {
    sender: mpsc::Sender<Message>,
}

/// The commit task has ended; nothing can be handed in any more.
#[derive(Debug, Error)]
#[error("the commit task has ended")]
pub struct Stopped;

/// The history of this service is kept in a file, and is never discarded.
#[derive(Debug, Error)]
#[error("the ledger is a file: its history is not discarded")]
pub struct KeepsHistory;

/// The tables of one poll.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Who published them.
    pub source: SourceId,
    /// In the order in which they came; none when nothing came.
    pub tables: Vec<Table>,
    /// Whether older ones are welcome.
    pub intent: Intent,
    /// Whether the attempt to ask the source has ended with this, so that others may answer in its place.
    pub attempt_ended: bool,
}

/// What became of the tables of one poll.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubmitOutcome {
    /// The revision drawn; none when nothing a reader can see has changed.
    pub revision: Option<u64>,
    /// Why tables were refused, for people, by document.
    pub refused: Vec<(&'static str, String)>,
    /// The documents with values that wait: they are confirmed by being read again.
    pub holding: Vec<&'static str>,
    /// Tables that must have been published and are not known, by document, oldest first.
    pub gaps: Vec<(&'static str, Date)>,
}

/// What became of a table of the past.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BackfillOutcome {
    /// Why it was refused, for people; empty when it was not.
    pub refused: String,
    /// Whether it said anything new.
    pub news: bool,
    /// How many of its rows wait.
    pub held_rows: usize,
}

/// What an operator decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionReceipt {
    /// The position that serves it so.
    pub position: Position,
    /// The value.
    pub held: Arc<Held>,
}

/// Where history is kept, and whether it can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerStatus {
    /// The file; empty when nothing is kept.
    pub path: String,
    /// What is wrong, for people; empty when nothing is.
    pub error: String,
    /// Entries that wait in memory until it can be written again.
    pub unsaved: usize,
    /// The position shown.
    pub position: Position,
}

impl SubmitOutcome {
    /// Whether a table of this document was refused.
    pub fn refuses(&self, document: &str) -> bool {
        self.refused.iter().any(|(refused, _)| *refused == document)
    }

    /// Whether values of this document wait.
    pub fn holds(&self, document: &str) -> bool {
        self.holding.contains(&document)
    }
}

#[derive(Debug)]
pub(super) enum Message {
    Tables {
        submission: Submission,
        verdict: oneshot::Sender<SubmitOutcome>,
    },
    Backfill {
        source: SourceId,
        table: Table,
        admitted: oneshot::Sender<BackfillOutcome>,
    },
    Decide {
        id: String,
        value: Option<Decimal>,
        outcome: HeldOutcome,
        note: String,
        decided: oneshot::Sender<Result<DecisionReceipt, DecisionError>>,
    },
    Polled {
        source: SourceId,
        report: PollReport,
    },
    Status {
        status: oneshot::Sender<LedgerStatus>,
    },
    BeginAnew {
        tables: Vec<(SourceId, Table)>,
        begun: oneshot::Sender<Result<(), KeepsHistory>>,
    },
}

impl CommitHandle {
    pub(super) fn new(sender: mpsc::Sender<Message>) -> Self {
        Self { sender }
    }

    /// Hands in the tables of one poll: one commit at most.
    pub async fn submit(&self, submission: Submission) -> Result<SubmitOutcome, Stopped> {
        let (verdict, answer) = oneshot::channel();
        self.ask(
            Message::Tables {
                submission,
                verdict,
            },
            answer,
        )
        .await
    }

    /// Hands in a table of the past.
    pub async fn backfill(
        &self,
        source: SourceId,
        table: Table,
    ) -> Result<BackfillOutcome, Stopped> {
        let (admitted, answer) = oneshot::channel();
        let message = Message::Backfill {
            source,
            table,
            admitted,
        };
        self.ask(message, answer).await
    }

    /// Hands in an operator's decision on the held value of a name; with `value`, only if that is what waits.
    pub async fn decide(
        &self,
        id: String,
        value: Option<Decimal>,
        outcome: HeldOutcome,
        note: String,
    ) -> Result<Result<DecisionReceipt, DecisionError>, Stopped> {
        let (decided, answer) = oneshot::channel();
        let message = Message::Decide {
            id,
            value,
            outcome,
            note,
            decided,
        };
        self.ask(message, answer).await
    }

    /// Says how a poll went.
    pub async fn polled(&self, source: SourceId, report: PollReport) -> Result<(), Stopped> {
        self.send(Message::Polled { source, report }).await
    }

    /// Asks for the state of the store.
    pub async fn store(&self) -> Result<LedgerStatus, Stopped> {
        let (status, answer) = oneshot::channel();
        self.ask(Message::Status { status }, answer).await
    }

    /// Discards all that is known, and begins a new epoch with these tables, oldest first. A replay needs this when its
    /// clock is set back: within an epoch time never runs backwards. Only a service without a file can do it.
    pub async fn begin_anew(
        &self,
        tables: Vec<(SourceId, Table)>,
    ) -> Result<Result<(), KeepsHistory>, Stopped> {
        let (begun, answer) = oneshot::channel();
        self.ask(Message::BeginAnew { tables, begun }, answer).await
    }

    async fn ask<T>(&self, message: Message, answer: oneshot::Receiver<T>) -> Result<T, Stopped> {
        self.send(message).await?;
        answer.await.map_err(|_dropped| Stopped)
    }

    async fn send(&self, message: Message) -> Result<(), Stopped> {
        self.sender.send(message).await.map_err(|_closed| Stopped)
    }
}
