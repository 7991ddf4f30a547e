//! What a replica lets the commit task do, and what the task proposes to the log that replicas share.

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::domain::{LedgerEntry, LogStep, PollStatus, Position, RestoredLog, Snapshot, SourceId};
use crate::ledger::{KeepName, LedgerError};

/// How many proposals wait: the commit task makes one at a time.
const PROPOSALS_MAX: usize = 1;

/// A step that is proposed to the log.
#[derive(Debug)]
pub struct Proposal {
    /// The facts.
    pub entry: LedgerEntry,
    /// What would be served after it.
    pub snapshot: Arc<Snapshot>,
    /// Answered with the place in the log; dropped if the step is not accepted.
    pub accepted: oneshot::Sender<LogStep>,
}

/// The end by which the commit task proposes, while its replica leads.
#[derive(Debug, Clone)]
pub struct Proposer {
    proposals: mpsc::Sender<Proposal>,
}

/// The replica that takes what an operator decides, because this one follows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Error)]
#[error("this replica follows another one, which decides")]
pub struct NotLeader {
    /// Its name; empty if none is known.
    pub node: String,
    /// Where operators reach it, as a URL; empty if it does not say.
    pub admin_address: String,
}

/// A record of the log, for a replica that follows it.
#[derive(Debug, Clone)]
pub struct FollowedStep {
    /// The facts.
    pub entry: LedgerEntry,
    /// The place in the log.
    pub step: LogStep,
    /// What is served after it.
    pub snapshot: Arc<Snapshot>,
    /// Whether it is shown at once. Of records that are read together the last one is.
    pub is_shown: bool,
}

/// The last record whose entry is in a ledger that lacks the ones behind it, with its position; `None` if it has none.
#[derive(Debug, Clone)]
pub struct LedgerEnd(pub Option<(RestoredLog, Position)>);

/// What the first step of a lead is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// What differs by now from what the log has.
    Continued,
    /// All that is served, at its position: the log has none of it yet.
    First,
    /// All that is served, in a new epoch: the log has lost something, and clients may hold positions that it does not know.
    NewEpoch,
}

/// What a replica is to do.
#[derive(Debug)]
pub(super) enum ReplicaMessage {
    Follow {
        steps: Vec<FollowedStep>,
        done: oneshot::Sender<()>,
    },
    Show {
        snapshot: Arc<Snapshot>,
        /// Whether the ledger has all that led to it.
        is_whole: bool,
        done: oneshot::Sender<()>,
    },
    CanLead {
        can_lead: oneshot::Sender<bool>,
    },
    Lead {
        proposer: Proposer,
        beginning: Beginning,
        done: oneshot::Sender<()>,
    },
    BeginEpoch {
        done: oneshot::Sender<()>,
    },
    Ledger(LedgerMessage),
    Polls {
        polls: Vec<(SourceId, PollStatus)>,
        done: oneshot::Sender<()>,
    },
    StopLeading {
        done: oneshot::Sender<()>,
    },
}

/// What a replica is to do with its ledger.
#[derive(Debug)]
pub(super) enum LedgerMessage {
    Entries {
        after: u64,
        limit: u32,
        keep: KeepName,
        entries: oneshot::Sender<Result<Vec<LedgerEntry>, LedgerError>>,
    },
    EndOfLacking {
        log: Arc<str>,
        end: oneshot::Sender<Option<LedgerEnd>>,
    },
    Fill {
        records: Vec<(LedgerEntry, LogStep)>,
        lacks_more: oneshot::Sender<bool>,
    },
    SetAside {
        /// The last record of the log that it has.
        seq: u64,
        done: oneshot::Sender<Result<(), LedgerError>>,
    },
}

impl Proposer {
    /// The proposing end, and the end that answers.
    pub fn new() -> (Self, mpsc::Receiver<Proposal>) {
        let (proposals, receiver) = mpsc::channel(PROPOSALS_MAX);
        (Self { proposals }, receiver)
    }

    /// Proposes a step; `None` if it is not accepted, because this replica leads no longer.
    pub async fn propose(&self, entry: LedgerEntry, snapshot: Arc<Snapshot>) -> Option<LogStep> {
        let (accepted, answer) = oneshot::channel();
        let proposal = Proposal {
            entry,
            snapshot,
            accepted,
        };
        self.proposals.send(proposal).await.ok()?;
        answer.await.ok()
    }
}
