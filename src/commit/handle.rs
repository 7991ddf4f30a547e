//! The handle to the commit task, its messages, and their outcomes.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::Span;

use crate::board::BoardReader;
use crate::commit::proposal::{NotLeader, ReplicaMessage};
use crate::domain::{
    Answer, DecisionError, FilingError, FirstSeen, Held, HeldOutcome, Intent, PollReport, Position,
    Preference, RateFilter, SourceId, SourceRecord, Table,
};

/// The maximum number of messages that wait: two for each source. A submitter for whose message there is no room waits.
pub(super) const QUEUE_MAX: usize = 16;

/// The handle of pollers and operators.
#[derive(Debug, Clone)]
pub struct CommitHandle {
    sender: mpsc::Sender<Message>,
    ledger: LedgerView,
    /// The replica that leads, if this one does not.
    leader: watch::Sender<NotLeader>,
}

/// What is known of the ledger without the task, which may wait for a disk or for the log that replicas share.
#[derive(Debug, Clone)]
pub(super) struct LedgerView {
    /// The file; empty if the ledger is in memory.
    pub(super) path: String,
    pub(super) health: watch::Receiver<LedgerHealth>,
    pub(super) board: BoardReader,
}

/// Why the commit task did not take what an operator decides.
#[derive(Debug, Error)]
pub enum NotTaken {
    /// It has ended.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Another replica takes it.
    #[error(transparent)]
    NotLeader(#[from] NotLeader),
}

/// The commit task has ended.
#[derive(Debug, Error)]
#[error("the commit task has ended")]
pub struct Stopped;

/// The history of this service is kept in a file, and is never discarded.
#[derive(Debug, Error)]
#[error("the ledger is a file; only a ledger in memory can be emptied")]
pub struct LedgerIsFile;

/// The tables of one poll.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The source.
    pub source: SourceId,
    /// In the order in which they were fetched; empty if there are none.
    pub tables: Vec<Table>,
    /// Which tables were requested.
    pub intent: Intent,
    /// Whether the source's attempt has ended with this, so that sources of lower preference may answer.
    pub attempt_ended: bool,
    /// Whether the tables, if they are new, appeared since the poll before it, not long ago.
    pub is_live: bool,
    /// The documents for which the bank answered every request, whatever it showed.
    pub answered: Vec<Answer>,
}

/// The outcome of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubmitOutcome {
    /// The revision that was assigned; `None` if nothing that is served has changed.
    pub revision: Option<u64>,
    /// Why tables were refused, by document.
    pub refused: Vec<(&'static str, FilingError)>,
    /// The documents with held values in the table in force or a later one, which another poll may confirm.
    pub holding: Vec<&'static str>,
    /// Missing tables that the bank must have published, by document, oldest first.
    pub gaps: Vec<(&'static str, Date)>,
}

/// The outcome of submitting a table of the past.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BackfillOutcome {
    /// Why it was refused; empty if it was filed.
    pub refused: String,
    /// Whether it changed anything.
    pub has_changes: bool,
    /// The number of its rows that were held.
    pub held_rows: usize,
}

/// The receipt of an operator's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionReceipt {
    /// The first position that includes it.
    pub position: Position,
    /// The held value that was decided.
    pub held: Arc<Held>,
}

/// What is known of a source, to plan its next poll.
#[derive(Debug, Clone)]
pub struct PollContext {
    /// Its documents and tables.
    pub record: Arc<SourceRecord>,
    /// When the newest tables of each document were first seen.
    pub first_seen: Vec<(&'static str, FirstSeen)>,
}

/// The status of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerStatus {
    /// The file; empty if the ledger is in memory.
    pub path: String,
    /// The error that keeps it from being written; empty if there is none.
    pub error: String,
    /// The number of buffered entries.
    pub unsaved: usize,
    /// The position that is published.
    pub position: Position,
}

/// How the ledger is, published for readers outside of the commit task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerHealth {
    /// The error that keeps it from being written; `None` if there is none.
    pub error: Option<String>,
    /// The number of buffered entries.
    pub unsaved: usize,
}

impl SubmitOutcome {
    /// Whether a table of this document was refused.
    pub fn refuses(&self, document: &str) -> bool {
        self.refused.iter().any(|(refused, _)| *refused == document)
    }

    /// Whether values of this document are held that another poll may confirm.
    pub fn holds(&self, document: &str) -> bool {
        self.holding.contains(&document)
    }
}

#[derive(Debug)]
pub(super) enum Message {
    Tables {
        submission: Submission,
        /// The span of the poll.
        span: Span,
        outcome: oneshot::Sender<SubmitOutcome>,
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
    PollContext {
        source: SourceId,
        context: oneshot::Sender<Option<PollContext>>,
    },
    Reconfigure {
        records: Vec<SourceRecord>,
        preferences: Vec<Preference>,
        pairs: RateFilter,
        position: oneshot::Sender<Position>,
    },
    BeginAnew {
        tables: Vec<(SourceId, Table)>,
        begun: oneshot::Sender<Result<(), LedgerIsFile>>,
    },
    Replica(ReplicaMessage),
}

/// Sends the answer to a message. It is of no use if the sender of the message was dropped meanwhile.
pub(super) fn answer<T>(sender: oneshot::Sender<T>, answer: T, message: &str) {
    if sender.send(answer).is_err() {
        tracing::debug!(request = message, "the sender of a message was dropped");
    }
}

impl CommitHandle {
    pub(super) fn new(sender: mpsc::Sender<Message>, ledger: LedgerView) -> Self {
        Self {
            sender,
            ledger,
            leader: watch::Sender::default(),
        }
    }

    /// Submits the tables of one poll. They become one commit at most.
    pub async fn submit(&self, submission: Submission) -> Result<SubmitOutcome, Stopped> {
        let (outcome, answer) = oneshot::channel();
        self.ask(
            Message::Tables {
                submission,
                span: Span::current(),
                outcome,
            },
            answer,
        )
        .await
    }

    /// Submits a table of the past.
    ///
    /// # Errors
    /// [`NotTaken`]. If this replica stopped to lead meanwhile, nothing of the table was filed.
    pub async fn backfill(
        &self,
        source: SourceId,
        table: Table,
    ) -> Result<BackfillOutcome, NotTaken> {
        let (admitted, answer) = oneshot::channel();
        let message = Message::Backfill {
            source,
            table,
            admitted,
        };
        self.ask_leader(message, answer).await
    }

    /// Submits an operator's decision on a held value; with `value`, only if that is the value that is held.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub async fn decide(
        &self,
        id: String,
        value: Option<Decimal>,
        outcome: HeldOutcome,
        note: String,
    ) -> Result<Result<DecisionReceipt, DecisionError>, NotTaken> {
        let (decided, answer) = oneshot::channel();
        let message = Message::Decide {
            id,
            value,
            outcome,
            note,
            decided,
        };
        self.ask_leader(message, answer).await
    }

    /// Reports the result of a poll.
    pub async fn polled(&self, source: SourceId, report: PollReport) -> Result<(), Stopped> {
        self.send(Message::Polled { source, report }).await
    }

    /// Requests what is known of a source, to plan its next poll; `None` for an unknown source.
    pub async fn poll_context(&self, source: SourceId) -> Result<Option<PollContext>, Stopped> {
        let (context, answer) = oneshot::channel();
        self.ask(Message::PollContext { source, context }, answer)
            .await
    }

    /// The status of the ledger. It does not wait for a commit that is under way.
    ///
    /// # Errors
    /// [`Stopped`] if the task has ended.
    pub fn ledger_status(&self) -> Result<LedgerStatus, Stopped> {
        if self.sender.is_closed() {
            return Err(Stopped);
        }
        let LedgerHealth { error, unsaved } = self.ledger.health.borrow().clone();
        Ok(LedgerStatus {
            path: self.ledger.path.clone(),
            error: error.unwrap_or_default(),
            unsaved,
            position: self.ledger.board.snapshot().position.clone(),
        })
    }

    /// Takes over other sources, without tables, another order of preference and other pairs of the ticker, and publishes the
    /// next revision: what is known of a source that stays is kept. Returns the position from which on they are served.
    pub async fn reconfigure(
        &self,
        records: Vec<SourceRecord>,
        preferences: Vec<Preference>,
        pairs: RateFilter,
    ) -> Result<Position, Stopped> {
        let (position, answer) = oneshot::channel();
        let message = Message::Reconfigure {
            records,
            preferences,
            pairs,
            position,
        };
        self.ask(message, answer).await
    }

    /// Discards all that is known, and begins a new epoch with these tables, oldest first. A replay needs this when its
    /// clock is set back: within an epoch time never runs backwards. Only a service without a file can do it.
    pub async fn begin_anew(
        &self,
        tables: Vec<(SourceId, Table)>,
    ) -> Result<Result<(), LedgerIsFile>, Stopped> {
        let (begun, answer) = oneshot::channel();
        self.ask(Message::BeginAnew { tables, begun }, answer).await
    }

    /// Sets which replica takes what operators decide, while this one follows.
    pub fn name_leader(&self, leader: NotLeader) {
        self.leader.send_replace(leader);
    }

    /// The same as [`CommitHandle::ask`] for what the replica that leads takes: the others drop the answer.
    async fn ask_leader<T>(
        &self,
        message: Message,
        answer: oneshot::Receiver<T>,
    ) -> Result<T, NotTaken> {
        self.ask(message, answer).await.map_err(|Stopped| {
            if self.sender.is_closed() {
                NotTaken::Stopped(Stopped)
            } else {
                NotTaken::NotLeader(self.leader.borrow().clone())
            }
        })
    }

    pub(super) async fn ask<T>(
        &self,
        message: Message,
        answer: oneshot::Receiver<T>,
    ) -> Result<T, Stopped> {
        self.send(message).await?;
        answer.await.map_err(|_dropped| Stopped)
    }

    async fn send(&self, message: Message) -> Result<(), Stopped> {
        self.sender.send(message).await.map_err(|_closed| Stopped)
    }
}
