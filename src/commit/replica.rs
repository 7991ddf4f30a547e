//! The commit task of a replica. It follows: it writes the entries of a shared log to its ledger and publishes what they lead to,
//! without deriving anything. Or it leads: each of its commits is proposed to the log first, and takes effect when it is there.

mod of_ledger;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::commit::handle::{Message, answer};
use crate::commit::last_record::LastRecord;
use crate::commit::proposal::{FollowedStep, Proposer, ReplicaMessage};
use crate::commit::restore::Restored;
use crate::commit::{BufferedLedger, Commit, CommitHandle, SubmitOutcome, restore};
use crate::domain::{
    Book, DocumentKey, LedgerEntry, LogStep, Preference, RateFilter, Snapshot, SourceId,
    SourceRecord,
};
use crate::ledger::LedgerError;

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

/// What a replica knows of the log beside its book.
#[derive(Debug, Default)]
pub(super) struct Followed {
    /// The documents whose tables the book does not have as the log has them. A replica leads only without such ones: it would
    /// publish what was served before.
    behind: BTreeSet<DocumentKey>,
    /// How many proposals were accepted.
    accepted: u64,
    last: LastRecord,
    /// The revision after it.
    last_revision: u64,
    /// Settings that were reloaded meanwhile: they are those of the next lead.
    reloaded: Option<(Vec<SourceRecord>, Vec<Preference>, RateFilter)>,
}

/// What a step began with.
#[derive(Debug)]
pub(super) struct Before {
    book: Book,
    attempted: BTreeSet<SourceId>,
    accepted: u64,
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
        let mut followed = Followed::default();
        let restored = match snapshot {
            Some(snapshot) => {
                let mut book = blank.clone();
                match restore::from_ledger(&mut book, &ledger).await {
                    Ok(restored) => {
                        followed.last = LastRecord::at(restored.map(|last| last.at), &clock);
                    }
                    Err(error) => {
                        ledger.mark_damaged(error).await;
                        let documents = book.documents().into_iter();
                        followed.behind = documents.map(|(key, _policy)| key).collect();
                    }
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
        // A replica that begins has no past until it has read the log.
        ledger.withhold(restored.snapshot.position.revision == 0);
        let (mut commit, handle) = Self::new(restored, (blank, pairs), ledger, clock);
        commit.role = Role::Following;
        commit.followed = followed;
        commit.ledger.report_health();
        (commit, handle)
    }

    /// A message that a replica takes while it follows. The others change nothing: a poller that was stopped meanwhile and a reload
    /// get an answer, and an operator none, which is a refusal.
    pub(super) fn taken_while_following(&mut self, message: Message) -> Option<Message> {
        match message {
            Message::Tables { outcome, .. } => {
                answer(outcome, SubmitOutcome::default(), "tables");
                None
            }
            Message::Reconfigure {
                records,
                preferences,
                pairs,
                position,
            } => {
                tracing::info!(
                    "this replica follows another one: it serves by its sources and ticker when it leads"
                );
                self.followed.reloaded = Some((records, preferences, pairs));
                answer(
                    position,
                    self.board.snapshot().position.clone(),
                    "reconfigure",
                );
                None
            }
            Message::Polled { .. } | Message::PollContext { .. } | Message::Replica(_) => {
                Some(message)
            }
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
            ReplicaMessage::Follow { steps, done } => {
                self.follow(steps).await;
                answer(done, (), "follow");
                false
            }
            ReplicaMessage::Show {
                snapshot,
                is_whole,
                done,
            } => {
                self.ledger.withhold(!is_whole);
                self.show(&snapshot);
                answer(done, (), "show");
                false
            }
            ReplicaMessage::CanLead { can_lead } => {
                self.read_behind().await;
                answer(can_lead, !self.is_behind(), "can lead");
                false
            }
            ReplicaMessage::Lead {
                proposer,
                beginning,
                done,
            } => {
                answer(done, (), "lead");
                self.lead(proposer, beginning).await;
                true
            }
            ReplicaMessage::BeginEpoch { done } => {
                answer(done, (), "begin epoch");
                self.begin_epoch().await;
                false
            }
            ReplicaMessage::Ledger(message) => {
                self.take_of_ledger(message).await;
                false
            }
            ReplicaMessage::Polls { polls, done } => {
                if !self.makes_steps() {
                    self.board.set_polls(polls);
                }
                answer(done, (), "polls");
                false
            }
            ReplicaMessage::StopLeading { done } => {
                self.role = Role::Following;
                answer(done, (), "stop leading");
                false
            }
        }
    }

    /// Writes the entries of records together, and publishes what is served after those that are to be shown.
    async fn follow(&mut self, followed: Vec<FollowedStep>) {
        self.role = Role::Following;
        let mut records = Vec::new();
        let mut attempted = BTreeSet::new();
        let mut shown = None;
        for step in followed {
            attempted.extend(step.entry.attempted.iter().copied());
            self.followed.behind.extend(documents_of([&step.entry]));
            self.followed.last.note(step.entry.at, &self.clock);
            self.followed.last_revision = step.entry.position.revision;
            records.push((step.entry, step.step));
            shown = Some(step.snapshot).filter(|_| step.is_shown);
        }
        self.ledger.append_records(records).await;
        self.read_behind().await;
        for source in attempted {
            self.book.mark_attempted(source);
        }
        if let Some(snapshot) = shown {
            self.show(&snapshot);
        }
    }

    /// Publishes what records lead to.
    fn show(&self, snapshot: &Snapshot) {
        if snapshot.position == self.board.snapshot().position {
            self.board.publish_records(self.book.records());
        } else {
            self.board.publish(snapshot.clone(), self.book.records());
        }
    }

    /// The present time of what is derived.
    pub(super) fn now(&self) -> Timestamp {
        self.followed.last.derived_for(self.clock.now())
    }

    /// The time of the next record.
    pub(super) fn followed_time(&self, now: Timestamp) -> Timestamp {
        self.followed.last.time_after(now)
    }

    /// The revision after the last record that was followed.
    pub(super) fn last_revision(&self) -> u64 {
        self.followed.last_revision
    }

    /// Whether the book lacks tables that the log has.
    pub(super) fn is_behind(&self) -> bool {
        !self.followed.behind.is_empty() || self.ledger.lacks_records()
    }

    /// Forgets what was followed, but for its time: that of records never runs backwards.
    pub(super) fn forget_followed(&mut self) {
        let before = std::mem::take(&mut self.followed);
        self.followed = Followed {
            last: before.last,
            reloaded: before.reloaded,
            ..Followed::default()
        };
        self.attempted.clear();
    }

    /// Takes over the settings that were reloaded while another replica led. They are kept until that is accepted.
    pub(super) async fn take_reloaded(&mut self) {
        let Some((records, preferences, pairs)) = self.followed.reloaded.clone() else {
            return;
        };
        self.reconfigure(records, preferences, pairs).await;
        if self.makes_steps() {
            self.followed.reloaded = None;
        }
    }

    /// Reads tables again from the ledger before this replica leads.
    pub(super) fn read_later(&mut self, documents: Vec<DocumentKey>) {
        self.followed.behind.extend(documents);
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
        if place.is_some() {
            self.followed.accepted = self.followed.accepted.saturating_add(1);
            self.followed.last.note(entry.at, &self.clock);
        } else {
            tracing::warn!("a commit was not accepted: this replica no longer leads");
            self.role = Role::Following;
        }
        place
    }

    /// What a step begins with, if it must be accepted by the log.
    pub(super) fn before_step(&self) -> Option<Before> {
        let is_leading = matches!(self.role, Role::Leading(_));
        is_leading.then(|| Before {
            book: self.book.clone(),
            attempted: self.attempted.clone(),
            accepted: self.followed.accepted,
        })
    }

    /// Leaves nothing behind of a step that was not accepted. If its first proposal was, and a later one was not, the log has its
    /// facts: the later ones have none.
    pub(super) fn put_back(&mut self, before: Before) {
        if !self.makes_steps() && self.followed.accepted == before.accepted {
            self.book = before.book;
            self.attempted = before.attempted;
        }
    }

    /// Reads the tables again that the book does not have as the log has them. While the ledger is not written, or lacks records, it
    /// does not have them either.
    pub(super) async fn read_behind(&mut self) {
        if !self.ledger.is_working() || self.ledger.lacks_records() {
            return;
        }
        for key in std::mem::take(&mut self.followed.behind) {
            if let Err(error) = self.read_again(key).await {
                tracing::warn!(%error, source = %key.source, "could not read the tables of a record again");
                self.followed.behind.insert(key);
            }
        }
    }

    /// Reads the tables and held values of a document from the ledger. If that fails, the book keeps what it has; what is served
    /// does not come from it.
    async fn read_again(&mut self, key: DocumentKey) -> Result<(), LedgerError> {
        let blank = self.blank.record(key.source);
        let blank = blank.and_then(|record| record.document(key.document));
        let (Some(reader), Some(blank)) = (self.ledger.reader(), blank) else {
            return Ok(());
        };
        let Some(history) = self.book.history(key) else {
            return Ok(());
        };
        let document = (key, history.revision_policy());
        let kept = std::mem::replace(history, blank.history.clone());
        let read = restore::restore_document(&mut self.book, reader, document).await;
        if read.is_err()
            && let Some(history) = self.book.history(key)
        {
            *history = kept;
        }
        read
    }
}

/// The documents that entries are about, each once.
pub(super) fn documents_of<'a>(
    entries: impl IntoIterator<Item = &'a LedgerEntry>,
) -> Vec<DocumentKey> {
    let of = |source: SourceId, document| DocumentKey { source, document };
    let documents = entries.into_iter().flat_map(|entry| {
        let filed = entry.filed.iter();
        let filed = filed.map(move |table| of(table.source, table.document));
        let decided = entry.decided.iter().map(|decision| &decision.held);
        let held = entry.held.iter().chain(decided);
        let held = held.map(move |held| of(held.fixing.source, held.document));
        let answered = entry.answered.iter();
        let answered = answered.map(move |answer| of(answer.source, answer.document));
        filed.chain(held).chain(answered)
    });
    let mut documents: Vec<DocumentKey> = documents.collect();
    documents.sort();
    documents.dedup();
    documents
}
