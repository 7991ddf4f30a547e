//! The records of the log, as this version of silkrate reads them.

use std::sync::Arc;

use crate::domain::LogStep;
use crate::shared::apply::{Applied, ApplyError, Replica};
use crate::shared::log::{Log, Stored};
use crate::shared::node::halt::Halt;

/// How many records are read at a time: some hundred kilobytes.
pub(super) const PAGE_RECORDS: u32 = 64;

/// What reads records.
#[derive(Debug, Clone)]
pub(super) struct Records {
    pub(super) log: Log,
    /// The name of the log.
    pub(super) name: Arc<str>,
    /// The newest format that is known.
    pub(super) reads: u32,
}

impl Records {
    /// What a record leads to, if this version reads it.
    pub(super) fn applied(&self, to: &Replica, stored: &[u8]) -> Result<Applied, ApplyError> {
        to.apply_for(stored, self.reads)
    }

    /// What the next record leads to; if it is damaged, as another server has it.
    pub(super) async fn next(&self, replica: &Replica, stored: &Stored) -> Result<Applied, Halt> {
        if stored.seq != replica.seq.saturating_add(1) {
            return Err(Halt::OffTheLog);
        }
        match self.applied(replica, &stored.bytes) {
            Ok(applied) => Ok(applied),
            Err(error) => self.apply_elsewhere(replica, stored.seq, error).await,
        }
    }

    async fn apply_elsewhere(
        &self,
        replica: &Replica,
        seq: u64,
        error: ApplyError,
    ) -> Result<Applied, Halt> {
        tracing::warn!(%error, seq, "a record cannot be applied; reading it from every server");
        let mut last = error;
        for bytes in self.log.read_everywhere(seq).await? {
            match self.applied(replica, &bytes) {
                Ok(applied) => return Ok(applied),
                Err(error) => last = error,
            }
        }
        match last {
            ApplyError::OtherChain { .. } => Err(Halt::OffTheLog),
            error => Err(Halt::Unreadable(error)),
        }
    }

    /// The place of what was applied, for the ledger.
    pub(super) fn step(&self, applied: &Applied) -> LogStep {
        LogStep {
            log: Arc::clone(&self.name),
            seq: applied.replica.seq,
            chain: applied.replica.chain.fingerprint(),
            is_whole: applied.record.is_whole,
            shown: applied.record.served.clone(),
        }
    }
}
