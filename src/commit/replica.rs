//! The commit task of a replica. It follows: it writes the entries of a shared log to its ledger and publishes what they lead to,
//! without deriving anything. Or it leads: each of its commits is proposed to the log first, and takes effect when it is there.

use std::sync::Arc;

use crate::clock::Clock;
use crate::commit::handle::{Message, answer};
use crate::commit::proposal::{FollowedStep, Proposer, ReplicaMessage};
use crate::commit::restore::Restored;
use crate::commit::{BufferedLedger, Commit, CommitHandle, SubmitOutcome, restore};
use crate::domain::{
    Book, BookChanges, Cause, DocumentKey, LedgerEntry, LogStep, Preference, RateFilter, Snapshot,
    SourceId, SourceRecord,
};

/// What the commit task does with a step.
#[derive(Debug)]
pub(super) enum Role {
    /// It shares no log: a step is written and published.
    Alone,
    /// It makes no steps of its own.
    Following,
    /// It proposes each step to the log.
    Leading(Proposer),
}

impl Commit {
    /// Opens the task of a replica and its handle. It serves a snapshot, which its ledger has from the log, until records lead on;
    /// without one what the ledger has of the time before it shared a log.
    pub async fn open_replica(
        records: Vec<SourceRecord>,
        (preferences, pairs): (Vec<Preference>, RateFilter),
        mut ledger: BufferedLedger,
        clock: Clock,
        snapshot: Option<Snapshot>,
    ) -> (Self, CommitHandle) {
        let blank = Book::new(records.clone(), preferences.clone());
        let restored = match snapshot {
            Some(snapshot) => {
                let mut book = blank.clone();
                if let Err(error) = restore::from_ledger(&mut book, &ledger).await {
                    ledger.mark_damaged(error).await;
                }
                Restored {
                    book,
                    pairs_since: snapshot.position.revision,
                    snapshot,
                    entry: None,
                }
            }
            None => restore::restore(records, (preferences, &pairs), &mut ledger, &clock).await,
        };
        let (mut commit, handle) = Self::new(restored, (blank, pairs), ledger, clock);
        commit.role = Role::Following;
        commit.ledger.report_health();
        (commit, handle)
    }

    /// A message that a replica takes while it follows. The others change nothing: a poller that was stopped meanwhile and a reload
    /// get an answer, and an operator none, which is a refusal.
    pub(super) fn taken_while_following(&self, message: Message) -> Option<Message> {
        match message {
            Message::Tables { outcome, .. } => {
                answer(outcome, SubmitOutcome::default(), "tables");
                None
            }
            Message::Reconfigure { position, .. } => {
                tracing::warn!(
                    "this replica follows another one: its settings of sources and ticker are not taken over"
                );
                answer(
                    position,
                    self.board.snapshot().position.clone(),
                    "reconfigure",
                );
                None
            }
            Message::Polled { .. }
            | Message::PollContext { .. }
            | Message::Status { .. }
            | Message::Replica(_) => Some(message),
            Message::Backfill { .. } | Message::Decide { .. } | Message::BeginAnew { .. } => None,
        }
    }

    /// Whether this process decides when an epoch begins: a replica does so by the log alone.
    pub(super) fn is_alone(&self) -> bool {
        matches!(self.role, Role::Alone)
    }

    /// Whether it makes steps of its own.
    pub(super) fn makes_steps(&self) -> bool {
        !matches!(self.role, Role::Following)
    }

    /// Carries out what a replica is to do. Returns whether the state was derived anew.
    pub(super) async fn take_replica(&mut self, message: ReplicaMessage) -> bool {
        match message {
            ReplicaMessage::Follow { step, done } => {
                self.follow(*step).await;
                answer(done, (), "follow");
                false
            }
            ReplicaMessage::Lead {
                proposer,
                is_first,
                done,
            } => {
                answer(done, (), "lead");
                self.lead(proposer, is_first).await;
                true
            }
            ReplicaMessage::StopLeading { done } => {
                self.role = Role::Following;
                answer(done, (), "stop leading");
                false
            }
        }
    }

    /// Writes the entry of a record, and publishes what is served after it.
    async fn follow(&mut self, followed: FollowedStep) {
        self.role = Role::Following;
        let FollowedStep {
            entry,
            step,
            snapshot,
        } = followed;
        let (documents, attempted) = (documents_of(&entry), entry.attempted.clone());
        self.ledger.append_record(entry, step).await;
        for key in documents {
            self.read_again(key).await;
        }
        for source in attempted {
            self.book.mark_attempted(source);
        }
        if snapshot.position == self.board.snapshot().position {
            self.board.publish_records(self.book.records());
        } else {
            let next = Snapshot::clone(&snapshot);
            self.board.publish(next, self.book.records());
        }
    }

    /// Begins to lead: what differs from what is served by now is the first step.
    async fn lead(&mut self, proposer: Proposer, is_first: bool) {
        self.role = Role::Leading(proposer);
        let now = self.clock.now();
        if !is_first {
            self.commit(Cause::Start, BookChanges::default(), now).await;
            return;
        }
        // What is served is not in the log yet.
        let published = self.board.snapshot();
        let entry = restore::entry(&published, now, Vec::new());
        let begun = std::time::Instant::now();
        self.write_and_publish(entry, None, begun).await;
        self.commit(Cause::Start, BookChanges::default(), now).await;
    }

    /// Proposes a step. Returns its place in the log, or `None` if it must not take effect.
    pub(super) async fn propose(
        &mut self,
        entry: &LedgerEntry,
        snapshot: Arc<Snapshot>,
    ) -> Option<LogStep> {
        let Role::Leading(proposer) = &self.role else {
            return None;
        };
        let place = proposer.propose(entry.clone(), snapshot).await;
        if place.is_none() {
            tracing::warn!("a commit was not accepted: this replica no longer leads");
            self.role = Role::Following;
        }
        place
    }

    /// Reads the tables and held values of a document from the ledger. If that fails, the book stays behind; what is served does
    /// not come from it.
    async fn read_again(&mut self, key: DocumentKey) {
        let Some(reader) = self.ledger.reader() else {
            return;
        };
        let blank = self.blank.record(key.source);
        let blank = blank.and_then(|record| record.document(key.document));
        let (Some(history), Some(blank)) = (self.book.history(key), blank) else {
            return;
        };
        *history = blank.history.clone();
        let document = (key, history.revision_policy());
        if let Err(error) = restore::restore_document(&mut self.book, reader, document).await {
            tracing::warn!(%error, source = %key.source, "could not read the tables of a record again");
        }
    }
}

/// The documents that an entry is about, each once.
fn documents_of(entry: &LedgerEntry) -> Vec<DocumentKey> {
    let of = |source: SourceId, document| DocumentKey { source, document };
    let filed = entry.filed.iter();
    let filed = filed.map(|table| of(table.source, table.document));
    let decided = entry.decided.iter().map(|decision| &decision.held);
    let held = entry.held.iter().chain(decided);
    let held = held.map(|held| of(held.fixing.source, held.document));
    let answered = entry.answered.iter();
    let answered = answered.map(|answer| of(answer.source, answer.document));
    let mut documents: Vec<DocumentKey> = filed.chain(held).chain(answered).collect();
    documents.sort();
    documents.dedup();
    documents
}
