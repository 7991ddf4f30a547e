//! Giving a ledger the records that it lacks, because it could not be written for so long that they did not fit into its buffer. That
//! happens beside all else that a replica does, so that one which leads commits meanwhile.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::commit::LedgerEnd;
use crate::domain::{Position, Snapshot};
use crate::shared::apply::Replica;
use crate::shared::node::Committer;
use crate::shared::node::halt::Halt;
use crate::shared::node::records::{PAGE_RECORDS, Records};

/// How often the ledger is asked what it lacks: one that could not be written is tried once a minute.
const ASK_EVERY: Duration = Duration::from_secs(10);

/// What gives a ledger the records that it lacks.
#[derive(Debug)]
pub(super) struct Filler<C> {
    pub(super) records: Records,
    pub(super) committer: C,
}

impl<C: Committer> Filler<C> {
    /// Fills for as long as the replica runs.
    pub(super) async fn run(self) {
        loop {
            sleep(ASK_EVERY).await;
            match self.fill().await {
                Ok(()) => {}
                // The replica itself ends then.
                Err(Halt::Stopped) => std::future::pending().await,
                Err(error) => tracing::warn!(
                    %error,
                    "could not read the records that the ledger lacks; they are read again"
                ),
            }
        }
    }

    /// Reads the records that the ledger lacks, and lets it write them, some at a time.
    async fn fill(&self) -> Result<(), Halt> {
        let end = self.committer.end_of_lacking(&self.records.name).await?;
        let Some(LedgerEnd(end)) = end else {
            return Ok(());
        };
        let mut replica = match end {
            Some((place, position)) => Replica::restored(&place, position)
                .map_err(|error| Halt::Unreadable(error.into()))?,
            None => before_the_log(),
        };
        tracing::info!(
            after = replica.seq,
            "reading the records that the ledger lacks"
        );
        loop {
            let page = self.records.log.read(replica.seq, PAGE_RECORDS).await?;
            let mut records = Vec::new();
            for stored in &page.records {
                let next = self.records.next(&replica, stored).await?;
                let step = self.records.step(&next);
                records.push((next.entry, step));
                replica = next.replica;
            }
            if records.is_empty() || !self.committer.fill(records).await? {
                return Ok(());
            }
        }
    }
}

/// The state before the first record.
fn before_the_log() -> Replica {
    let position = Position {
        epoch: "".into(),
        revision: 0,
    };
    Replica::before_the_log(Arc::new(Snapshot::assembled(position, Vec::new(), [])))
}
