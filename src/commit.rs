//! The one task that draws revisions.
//!
//! Pollers hand in tables, the calendar turns at the banks' midnights and deadlines, and each of them becomes at most one
//! commit: judged, applied to the board, published under the next revision. Whoever hands something in waits for the
//! verdict; the queue is short, so a burst slows the pollers and not the readers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::board::Board;
use crate::clock::Clock;
use crate::domain::{Currency, Inserted, Intent, PollReport, SourceId, Table, judge};

/// Submissions that may wait: two for each source there is. More would mean that a poller does not await its verdict.
const QUEUE_MAX: usize = 16;

/// The end that pollers hold.
#[derive(Debug, Clone)]
pub struct CommitHandle {
    sender: mpsc::Sender<Message>,
}

/// The commit task has ended; nothing can be handed in any more.
#[derive(Debug, Error)]
#[error("the commit task has ended")]
pub struct Stopped;

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
pub struct Verdict {
    /// The revision drawn; none when nothing a reader can see has changed.
    pub revision: Option<u64>,
    /// Why tables were refused, for people, by document.
    pub refused: Vec<(&'static str, String)>,
}

impl Verdict {
    /// Whether a table of this document was refused.
    pub fn refuses(&self, document: &str) -> bool {
        self.refused.iter().any(|(refused, _)| *refused == document)
    }
}

#[derive(Debug)]
enum Message {
    Tables {
        submission: Submission,
        verdict: oneshot::Sender<Verdict>,
    },
    Polled {
        source: SourceId,
        report: PollReport,
    },
}

/// The task.
#[derive(Debug)]
pub struct Commit {
    board: Board,
    clock: Clock,
    /// By source and document, the currencies without which a table is not believed.
    required: BTreeMap<(SourceId, &'static str), &'static [Currency]>,
    receiver: mpsc::Receiver<Message>,
}

impl CommitHandle {
    /// Hands in the tables of one poll: one commit at most.
    pub async fn submit(&self, submission: Submission) -> Result<Verdict, Stopped> {
        let (verdict, answer) = oneshot::channel();
        self.send(Message::Tables {
            submission,
            verdict,
        })
        .await?;
        answer.await.map_err(|_dropped| Stopped)
    }

    /// Says how a poll went.
    pub async fn polled(&self, source: SourceId, report: PollReport) -> Result<(), Stopped> {
        self.send(Message::Polled { source, report }).await
    }

    async fn send(&self, message: Message) -> Result<(), Stopped> {
        self.sender.send(message).await.map_err(|_closed| Stopped)
    }
}

impl Commit {
    /// The task and the handle for those who hand in.
    pub fn new(
        board: Board,
        clock: Clock,
        required: BTreeMap<(SourceId, &'static str), &'static [Currency]>,
    ) -> (Self, CommitHandle) {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        (
            Self {
                board,
                clock,
                required,
                receiver,
            },
            CommitHandle { sender },
        )
    }

    /// Works until told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        // Kept until it has been worked off: whatever else happens at that instant does not push it to the next one.
        let mut change = self.next_change();
        loop {
            let until_change = self.clock.real_time_until(change);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(until_change) => {
                    if self.clock.now() >= change {
                        self.publish("the calendar");
                        change = self.next_change();
                    }
                }
                message = self.receiver.recv() => match message {
                    Some(message) => self.take(message),
                    // There are no pollers: what there is, is served all the same.
                    None => return stop.cancelled().await,
                },
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Tables {
                submission,
                verdict,
            } => {
                let answer = self.file(submission);
                if verdict.send(answer).is_err() {
                    tracing::debug!("a poller did not wait for its verdict");
                }
            }
            Message::Polled { source, report } => self.board.record_poll(source, report),
        }
    }

    fn file(&mut self, submission: Submission) -> Verdict {
        let Submission {
            source,
            tables,
            intent,
            attempt_ended,
        } = submission;
        let mut verdict = Verdict::default();
        for table in tables {
            let (document, date) = (table.document, table.effective_date);
            if let Err(reason) = self.judge(source, &table, intent) {
                tracing::warn!(%source, document, %date, reason, "refused a table");
                verdict.refused.push((document, reason));
                continue;
            }
            match self.board.insert(source, table) {
                Inserted::Changed => tracing::info!(%source, document, %date, "filed a table"),
                known => tracing::debug!(%source, document, %date, ?known, "no news in a table"),
            }
        }
        if attempt_ended {
            self.board.mark_attempted(source);
        }
        verdict.revision = self.publish(source.as_str());
        verdict
    }

    fn judge(&self, source: SourceId, table: &Table, intent: Intent) -> Result<(), String> {
        let record = self.board.record(source).ok_or("unknown source")?;
        let document = record.document(table.document).ok_or("unknown document")?;
        let required = self
            .required
            .get(&(source, table.document))
            .copied()
            .unwrap_or_default();
        let today = record.today(self.clock.now());
        judge(table, &document.history, required, today, intent)
            .map_err(|implausible| implausible.to_string())
    }

    fn publish(&self, cause: &str) -> Option<u64> {
        let position = self.board.publish(self.clock.now())?;
        tracing::debug!(revision = position.revision, cause, "committed");
        Some(position.revision)
    }

    /// When time alone next changes something: a midnight, or a table that becomes late or stale.
    fn next_change(&self) -> Timestamp {
        let now = self.clock.now();
        let sources = self.required.keys();
        let records = sources.filter_map(|(source, _)| self.board.record(*source));
        records
            .map(|record| record.next_change(now))
            .min()
            .unwrap_or(Timestamp::MAX)
    }
}
