//! What a replica begins with: the place of its ledger in the log, and what is served there.

use std::sync::Arc;

use thiserror::Error;

use crate::ledger::{LedgerError, LedgerReader};
use crate::shared::apply::Replica;
use crate::shared::record::RecordError;

/// Why a ledger has no state to begin with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RestoreError {
    /// It cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What it keeps of the log cannot be read.
    #[error("what the ledger keeps of the shared log cannot be read: {0}")]
    Record(#[from] RecordError),
}

/// The state after the last record whose entry is in a ledger; `None` if it has none of the log of this name.
///
/// # Errors
/// A [`RestoreError`].
pub async fn restore(
    ledger: &LedgerReader,
    log: &Arc<str>,
) -> Result<Option<Replica>, RestoreError> {
    let Some(place) = ledger.restore_log(Arc::clone(log)).await? else {
        return Ok(None);
    };
    let Some(last) = ledger.restore().await? else {
        return Ok(None);
    };
    Ok(Some(Replica::restored(&place, last.position)?))
}
