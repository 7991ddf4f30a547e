//! What a replica reports of itself to those who ask it.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::Position;
use crate::shared::apply::{Origin, Replica};
use crate::shared::members::{Leader, Member, State, Traits};
use crate::shared::record::Chain;

/// What troubles a replica whose name another process has too.
const NAMESAKE: &str = "another replica has the same name: give each one its own shared.node";

/// What a replica reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What it does.
    pub state: State,
    /// The last record that it has applied: its position in the log.
    pub seq: u64,
    /// The chain up to that.
    pub chain: Chain,
    /// What that record leads to.
    pub position: Position,
    /// The newest record that it knows of. While it joins, it is at `seq` of these.
    pub newest: u64,
    /// When it last had every record of the log.
    pub current_at: Timestamp,
    /// Whether it has a state to show. One that has never had one has nothing to serve.
    pub has_state: bool,
    /// Since when and why the log does not answer; `None` while it does. At a start it has not answered yet.
    pub detached: Option<Detached>,
    /// Since when and why it takes nothing from the log although that answers; `None` if it does.
    pub stopped: Option<Detached>,
    /// The replica that led when the log last answered; [`Status::known_leader`] is the one that leads now.
    pub leader: Option<Leader>,
    /// What keeps it from its work, in a sentence; `None` if nothing does, or the log does not answer.
    pub trouble: Option<String>,
    /// How it differs from the others in what should be the same, in sentences.
    pub remarks: Vec<String>,
    /// What the others compare.
    pub traits: Traits,
    /// Whether another process reports under the name of this replica.
    pub has_namesake: bool,
    /// How many entries its ledger has, while it waits to give the log those that the log does not have; otherwise 0.
    pub past_entries: u64,
    /// How often it has taken the lead.
    pub takeovers: u64,
    /// How many of its proposals were refused because it did not lead any longer.
    pub fenced: u64,
    /// How often the log did not have what this replica has applied.
    pub audits_failed: u64,
}

/// A replica that gets nothing from the log. It serves what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detached {
    /// When the log last answered; at a start without an answer, when the replica was started.
    pub since: Timestamp,
    /// Why, in a sentence.
    pub reason: String,
}

impl Status {
    /// That of a replica which was started now, with the state of its ledger.
    pub(super) fn starting(replica: &Replica, now: Timestamp) -> Self {
        Self {
            state: State::Joining,
            seq: replica.seq,
            chain: replica.chain,
            position: replica.snapshot.position.clone(),
            newest: replica.seq,
            current_at: now,
            // The facts of a past that is given to the log serve nothing.
            has_state: !replica.shown.is_empty(),
            detached: Some(Detached {
                since: now,
                reason: "the shared log has not answered yet".to_owned(),
            }),
            stopped: None,
            leader: None,
            trouble: None,
            remarks: Vec::new(),
            traits: Traits::default(),
            has_namesake: false,
            past_entries: 0,
            takeovers: 0,
            fenced: 0,
            audits_failed: 0,
        }
    }

    /// The replica that leads, as far as this one knows: without an answer from the log it may have lost its lead since.
    pub fn known_leader(&self) -> Option<&Leader> {
        let knows = self.detached.is_none() || self.state == State::Leading;
        self.leader.as_ref().filter(|_| knows)
    }

    /// How many records of those that it knows of it has not applied.
    pub fn lag_records(&self) -> u64 {
        self.newest.saturating_sub(self.seq)
    }

    /// For how long it has not had every record; nothing while it has. Without an answer it cannot know, and may lack some.
    pub fn lag(&self, now: Timestamp) -> Duration {
        if self.is_current() {
            return Duration::ZERO;
        }
        Duration::try_from(self.current_at.duration_until(now)).unwrap_or(Duration::ZERO)
    }

    fn is_current(&self) -> bool {
        let reads_all = matches!(self.state, State::Following | State::Leading);
        reads_all && self.detached.is_none() && self.lag_records() == 0
    }

    /// Notes that the log answered.
    pub(super) fn note_answer(&mut self, now: Timestamp) {
        if self.is_current() {
            self.current_at = now;
        }
    }

    /// Notes what was applied.
    pub(super) fn note_applied(&mut self, replica: &Replica, now: Timestamp) {
        self.seq = replica.seq;
        self.chain = replica.chain;
        self.position = replica.snapshot.position.clone();
        self.newest = self.newest.max(self.seq);
        self.note_answer(now);
    }

    /// The same for the other replicas, and for operators.
    pub fn member(&self, origin: &Origin) -> Member {
        let Origin {
            node,
            build,
            format,
        } = origin;
        Member {
            node: node.clone(),
            seq: self.seq,
            chain: self.chain,
            position: self.position.clone(),
            build: build.clone(),
            state: Some(self.state),
            trouble: self.troubles().unwrap_or_default(),
            traits: self.traits,
            past_entries: self.past_entries,
            format: *format,
        }
    }

    /// What keeps it from its work, and how it differs from the others; `None` if all is well.
    pub fn troubles(&self) -> Option<String> {
        let own = self.trouble.iter().chain(&self.remarks);
        let namesake = self.has_namesake.then_some(NAMESAKE);
        let all: Vec<&str> = own.map(String::as_str).chain(namesake).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}
