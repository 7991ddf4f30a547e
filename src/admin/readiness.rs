//! Whether the service has started, and whether it is ready: what the probes of a supervisor ask.

use std::fmt;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::board::{BoardReader, Detached, Replica};
use crate::commit::LedgerHealth;
use crate::domain::SourceRecord;
use crate::memory::{Memory, MemoryUse, Pressure};

/// What readiness is derived from. Nothing of it waits for a task: a probe is answered while a commit is written.
#[derive(Debug, Clone)]
pub struct Readiness {
    /// Reads what every source has published.
    pub board: BoardReader,
    /// How the ledger is.
    pub ledger: watch::Receiver<LedgerHealth>,
    /// Whether the service may not run without a ledger that is written (`store.required`).
    pub is_ledger_required: bool,
    /// The memory of the process.
    pub memory: Memory,
    /// Cancelled when the service begins to shut down.
    pub draining: CancellationToken,
}

/// One condition of readiness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    /// The subject, such as the ledger or a source.
    subject: String,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Passed,
    /// Passed, with a remark for the operator.
    Remark(String),
    /// Failed, for this reason.
    Failed(String),
}

impl Check {
    fn new(subject: impl Into<String>, state: State) -> Self {
        Self {
            subject: subject.into(),
            state,
        }
    }

    pub(super) fn is_failed(&self) -> bool {
        matches!(self.state, State::Failed(_))
    }
}

/// One line: `[+]` for a condition that holds, `[-]` for one that does not, and the reason.
impl fmt::Display for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, state } = self;
        match state {
            State::Passed => write!(formatter, "[+] {subject}"),
            State::Remark(remark) => write!(formatter, "[+] {subject}: {remark}"),
            State::Failed(reason) => write!(formatter, "[-] {subject}: {reason}"),
        }
    }
}

impl Readiness {
    /// The conditions of a started service, one for each source.
    pub(super) fn startup_checks(&self) -> Vec<Check> {
        let published = self.board.published();
        let records = published.records().values();
        records.map(|record| source_check(record)).collect()
    }

    /// The conditions of a service that is ready: those of a started one, and what may change while it runs.
    pub(super) fn checks(&self) -> Vec<Check> {
        let mut checks = vec![
            self.draining_check(),
            self.ledger_check(),
            self.memory_check(),
        ];
        checks.extend(self.replica_check());
        checks.extend(self.startup_checks());
        checks
    }

    /// One that is cut off serves what it has, so it is ready. One that has never had a state has nothing to serve.
    fn replica_check(&self) -> Option<Check> {
        let Replica {
            detached,
            empty,
            troubles,
        } = self.board.replica()?;
        let state = match (empty, detached) {
            (Some(reason), _) => State::Failed(format!("it has no state to serve yet: {reason}")),
            (None, Some(Detached { since, reason })) => State::Remark(format!(
                "cut off from the others since {since:.0}: {reason}"
            )),
            (None, None) => troubles.map_or(State::Passed, State::Remark),
        };
        Some(Check::new("replica", state))
    }

    fn draining_check(&self) -> Check {
        let state = if self.draining.is_cancelled() {
            State::Failed("the service is shutting down".to_owned())
        } else {
            State::Passed
        };
        Check::new("serving", state)
    }

    fn memory_check(&self) -> Check {
        Check::new("memory", memory_state(&self.memory))
    }

    fn ledger_check(&self) -> Check {
        let LedgerHealth { error, unsaved } = self.ledger.borrow().clone();
        let state = match error {
            None => State::Passed,
            Some(error) => {
                let reason =
                    format!("it cannot be written (entries in memory: {unsaved}): {error}");
                if self.is_ledger_required {
                    State::Failed(reason)
                } else {
                    State::Remark(format!("not required; {reason}"))
                }
            }
        };
        Check::new("ledger", state)
    }
}

/// Where memory is short, the streams that are open go on; a service that takes no connections leaves them to others.
fn memory_state(memory: &Memory) -> State {
    let Some(MemoryUse { resident, limit }) = memory.in_use() else {
        return State::Passed;
    };
    let of = format!("{} of {} MiB are in use", resident >> 20, limit >> 20);
    match memory.pressure() {
        Pressure::None => State::Passed,
        Pressure::Streams => State::Remark(format!("new streams are refused: {of}")),
        Pressure::Connections => {
            State::Failed(format!("new streams and connections are refused: {of}"))
        }
    }
}

/// A source is known once its first attempt has ended, however it ended: sources of lower preference answer from then on. The
/// ledger remembers that and the tables, so a restart is ready at once.
fn source_check(record: &SourceRecord) -> Check {
    let mut documents = record.documents.iter();
    let has_table = documents.any(|document| document.history.newest().is_some());
    let state = if record.attempted || has_table {
        State::Passed
    } else {
        let reason = "its first attempt has not ended, and the ledger gave no state of it";
        State::Failed(reason.to_owned())
    };
    Check::new(format!("source {}", record.id), state)
}
