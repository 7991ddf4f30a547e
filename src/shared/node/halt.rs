//! Why a replica goes no further in the log.

use thiserror::Error;

use crate::commit::Stopped;
use crate::ledger::LedgerError;
use crate::shared::apply::ApplyError;
use crate::shared::log::LogError;

/// Why following stopped before a record.
#[derive(Debug, Error)]
pub(super) enum Halt {
    /// The log does not answer.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The next record cannot be applied by this version, or no server has it whole.
    #[error(transparent)]
    Unreadable(ApplyError),
    /// The log does not have what this replica has applied.
    #[error("the shared log does not have what this replica has applied")]
    OffTheLog,
    /// The ledger cannot be read, or not be set aside.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The commit task has ended.
    #[error("the commit task has ended")]
    Stopped,
}

impl From<Stopped> for Halt {
    fn from(Stopped: Stopped) -> Self {
        Self::Stopped
    }
}
