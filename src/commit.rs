//! The commit task: the only one that assigns revision numbers.
//!
//! Pollers submit tables, time passes, an operator decides. Each of these becomes at most one commit: it is checked,
//! written to the ledger, and then published on the board under the next revision. A submitter awaits the outcome; the
//! queue is short, so a burst slows the pollers and not the readers.

mod anew;
mod backfilled;
mod epoch_name;
mod filing_log;
mod handle;
mod last_record;
mod lead;
mod order_of_answers;
mod ticker_pairs;
mod poll_context;
mod proposal;
mod publish;
mod replica;
mod replica_handle;
mod parts;
mod punctuality;
mod reconfigure;
mod restore;
mod buffered_ledger;
mod recovery;
mod anchors;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use buffered_ledger::{BufferedLedger, SimulatedDisk};
use futures_util::FutureExt;
pub use handle::{
    BackfillOutcome, CommitHandle, DecisionReceipt, LedgerHealth, LedgerIsFile, LedgerStatus,
    NotTaken, PollContext, Stopped, Submission, SubmitOutcome,
};
use jiff::Timestamp;
pub use proposal::{Beginning, FollowedStep, LedgerEnd, NotLeader, Proposal, Proposer};
use rust_decimal::Decimal;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::board::{Board, BoardReader, ReplicaMark};
use crate::clock::Clock;
use crate::commit::filing_log::{log_decided, log_filed};
use crate::commit::handle::{LedgerView, Message, QUEUE_MAX};
use crate::commit::replica::{Followed, Role};
use crate::commit::restore::Restored;
use crate::domain::{
    Book, BookChanges, Cause, DecisionError, HeldOutcome, Intent, Preference, RateFilter, SourceId,
    SourceRecord,
};
use crate::ledger::{LedgerError, LedgerReader};
use crate::telemetry::{CommitCounts, LedgerCounts};

/// The commit task.
#[derive(Debug)]
pub struct Commit {
    book: Book,
    /// The book before any table was filed.
    blank: Book,
    /// The pairs of the ticker.
    pairs: RateFilter,
    /// The first revision that showed them, as of the start.
    pairs_since: u64,
    board: Board,
    ledger: BufferedLedger,
    clock: Clock,
    /// When the clock was last read to see whether anything is due.
    read_at: Timestamp,
    /// The time for which the state was last derived.
    derived_at: Timestamp,
    /// Sources whose first attempt has ended, not yet written in an entry.
    attempted: BTreeSet<SourceId>,
    counts: Arc<CommitCounts>,
    receiver: mpsc::Receiver<Message>,
    role: Role,
    followed: Followed,
}

impl Commit {
    /// Opens the task and its handle, with the order of preference and the pairs of the ticker. What the ledger contains is restored and published at once.
    pub async fn open(
        records: Vec<SourceRecord>,
        (preferences, pairs): (Vec<Preference>, RateFilter),
        mut ledger: BufferedLedger,
        clock: Clock,
    ) -> (Self, CommitHandle) {
        let blank = Book::new(records.clone(), preferences.clone());
        let mut restored =
            restore::restore(records, (preferences, &pairs), &mut ledger, &clock).await;
        let entry = restored.entry.take();
        let (mut commit, handle) = Self::new(restored, (blank, pairs), ledger, clock);
        if let Some(entry) = entry {
            commit.write(entry).await;
        }
        commit.ledger.report_health();
        (commit, handle)
    }

    /// A task that has published what was restored.
    fn new(
        restored: Restored,
        (blank, pairs): (Book, RateFilter),
        ledger: BufferedLedger,
        clock: Clock,
    ) -> (Self, CommitHandle) {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let Restored {
            book,
            snapshot,
            entry: _,
            pairs_since,
        } = restored;
        let board = Board::new(book.records(), snapshot);
        let sources = book.records().map(|record| record.id.as_str());
        let counts = Arc::new(CommitCounts::new(sources));
        let commit = Self {
            book,
            blank,
            pairs,
            pairs_since,
            board,
            ledger,
            read_at: clock.now(),
            derived_at: clock.now(),
            clock,
            attempted: BTreeSet::new(),
            counts,
            receiver,
            role: Role::Alone,
            followed: Followed::default(),
        };
        let ledger = LedgerView {
            path: commit.ledger.path(),
            health: commit.ledger.health(),
            board: commit.board.reader(),
        };
        (commit, CommitHandle::new(sender, ledger))
    }

    /// The error that keeps the ledger from being written; `None` if there is none.
    pub fn ledger_failure(&self) -> Option<&LedgerError> {
        self.ledger.failure()
    }

    /// The first revision of which every reader has seen the pairs of the ticker, as of the start.
    pub fn pairs_since(&self) -> u64 {
        self.pairs_since
    }

    /// The board, for readers.
    pub fn board(&self) -> BoardReader {
        self.board.reader()
    }

    /// What writes on the board how this replica stands to the others.
    pub fn replica_mark(&self) -> ReplicaMark {
        self.board.replica_mark()
    }

    /// The reading end of the ledger, for as long as there is one.
    pub fn ledger(&self) -> watch::Receiver<Option<LedgerReader>> {
        self.ledger.readers()
    }

    /// What the task counts.
    pub fn counts(&self) -> Arc<CommitCounts> {
        Arc::clone(&self.counts)
    }

    /// What is counted of the ledger.
    pub fn ledger_counts(&self) -> Arc<LedgerCounts> {
        self.ledger.counts()
    }

    /// How the ledger is, after each step of the task.
    pub fn ledger_health(&self) -> watch::Receiver<LedgerHealth> {
        self.ledger.health()
    }

    /// Runs until it is stopped. A commit that is under way is finished: nothing is published that is not written.
    pub async fn run(mut self, stop: CancellationToken) {
        self.work(&stop).await;
        if !self.ledger.is_working() {
            // The error may have gone meanwhile, and there is no later retry.
            self.recover().await;
            if self.ledger.is_checking() {
                self.ledger.retry_due().await;
                self.recover().await;
            }
        }
        self.ledger.close().await;
    }

    async fn work(&mut self, stop: &CancellationToken) {
        let mut due = self.clock.now();
        let mut damage = std::pin::pin!(self.ledger.damage().fuse());
        loop {
            let until_reading = self.clock.real_time_until(due);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.ledger.retry_due() => self.recover().await,
                error = &mut damage => self.stop_writing(error).await,
                // Without pollers there are no messages, but time passes all the same.
                Some(message) = self.receiver.recv() => {
                    due = if self.take(message).await {
                        self.next_due()
                    } else {
                        // A burst of messages must not delay a midnight.
                        self.pass_time(due).await
                    };
                }
                () = tokio::time::sleep(until_reading) => due = self.pass_time(due).await,
            }
            self.ledger.report_health();
        }
    }

    /// If `due` has come, commits what has changed by then. So it does if the clock was set back, since `due` was reckoned
    /// from a wrong time. Returns the next due instant.
    async fn pass_time(&mut self, due: Timestamp) -> Timestamp {
        let now = self.now();
        let was_set_back = now < self.read_at;
        self.read_at = now;
        if now < due && !was_set_back {
            return due;
        }
        if !self.makes_steps() {
            self.derived_at = now;
            return self.next_due();
        }
        self.commit(Cause::Clock, BookChanges::default(), now).await;
        self.next_due()
    }

    /// The next instant at which what is served can change. It counts from the time for which the state was derived: a
    /// midnight may pass while an entry is written.
    fn next_due(&self) -> Timestamp {
        self.book.next_change(self.derived_at)
    }

    /// Handles a message. Returns whether the state was derived anew.
    async fn take(&mut self, message: Message) -> bool {
        let message = if self.makes_steps() {
            message
        } else {
            let Some(message) = self.taken_while_following(message) else {
                return false;
            };
            message
        };
        let before = self.before_step();
        let was_derived = self.carry_out(message).await;
        if let Some(before) = before {
            self.put_back(before);
        }
        was_derived
    }

    /// Carries out a message. Returns whether the state was derived anew.
    async fn carry_out(&mut self, message: Message) -> bool {
        let mut was_derived = true;
        match message {
            Message::Tables {
                submission,
                span,
                outcome,
            } => {
                let answer = self.file(submission).instrument(span).await;
                handle::answer(outcome, answer, "tables");
            }
            Message::Backfill {
                source,
                table,
                admitted,
            } => {
                let (answer, derived) = self.backfill(source, table).await;
                was_derived = derived;
                if self.makes_steps() {
                    handle::answer(admitted, answer, "backfill");
                }
            }
            Message::Decide {
                id,
                value,
                outcome,
                note,
                decided,
            } => {
                let answer = self.decide(&id, value, outcome, &note).await;
                was_derived = answer.is_ok();
                // One that is not accepted has no answer: it may be made again, at the replica that leads.
                if self.makes_steps() {
                    handle::answer(decided, answer, "decide");
                }
            }
            Message::Polled { source, report } => {
                self.board.record_poll(source, report);
                was_derived = false;
            }
            Message::PollContext { source, context } => {
                let answer = poll_context::of(&self.book, &self.ledger, source).await;
                handle::answer(context, answer, "poll context");
                was_derived = false;
            }
            Message::Reconfigure {
                records,
                preferences,
                pairs,
                position,
            } => {
                let answer = self.reconfigure(records, preferences, pairs).await;
                handle::answer(position, answer, "reconfigure");
            }
            Message::BeginAnew { tables, begun } => {
                let answer = self.begin_anew(tables).await;
                was_derived = answer.is_ok();
                handle::answer(begun, answer, "begin anew");
            }
            Message::Replica(message) => was_derived = self.take_replica(message).await,
        }
        was_derived
    }

    async fn file(&mut self, submission: Submission) -> SubmitOutcome {
        let Submission {
            source,
            tables,
            intent,
            attempt_ended,
            is_live,
            mut answered,
        } = submission;
        let now = self.now();
        let mut outcome = SubmitOutcome::default();
        let mut changes = BookChanges::default();
        let before = self.book.record(source).map(Arc::clone);
        for table in tables {
            let (document, date) = (table.document, table.effective_date);
            match self.book.file(source, table, intent, now) {
                Ok(of_table) => {
                    log_filed(source, document, &of_table);
                    changes.filed.extend(of_table.filed);
                    changes.held.extend(of_table.held);
                    changes.decided.extend(of_table.decided);
                }
                Err(reason) => {
                    // The poller reports it, unless the table is no news: the bank shows its last one for days.
                    tracing::debug!(%source, document, %date, %reason, "refused a table");
                    outcome.refused.push((document, reason));
                }
            }
        }
        // What is refused is no answer.
        answered.retain(|answer| !outcome.refuses(answer.document));
        changes.answered = self.book.record_answers(answered);
        if attempt_ended && self.book.mark_attempted(source) {
            self.attempted.insert(source);
        }
        let cause = if is_live { Cause::Poll } else { Cause::CatchUp };
        // At a start and for a gap, tables of the past are requested.
        if let (Intent::Newest, Some(before), Some(counts)) =
            (intent, before, self.counts.of(source.as_str()))
        {
            for delay in punctuality::delays(&before, &changes.filed, now) {
                counts.delays.observe(delay);
            }
        }
        outcome.revision = self.commit(cause(source), changes, now).await;
        outcome.holding = poll_context::holding(&self.book, source, now);
        outcome.gaps = self.book.gaps(source, now);
        outcome
    }

    async fn decide(
        &mut self,
        id: &str,
        value: Option<Decimal>,
        outcome: HeldOutcome,
        note: &str,
    ) -> Result<DecisionReceipt, DecisionError> {
        let changes = self.book.decide(id, value, outcome, note)?;
        let decision = changes.decided.first();
        let held = decision.map(|decision| Arc::clone(&decision.held));
        let held = held.ok_or_else(|| DecisionError::NotHeld(id.to_owned()))?;
        log_decided(&changes);
        let now = self.now();
        self.commit(Cause::Operator, changes, now).await;
        Ok(DecisionReceipt {
            position: self.board.snapshot().position.clone(),
            held,
        })
    }
}
