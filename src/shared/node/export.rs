//! What happens between taking the lead and the first commit: what the last leader appended is read, or what the log lacks of the
//! ledger is given to it.

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::commit::Beginning;
use crate::domain::{LedgerEntry, Position};
use crate::shared::apply::{Origin, Replica};
use crate::shared::log::Lead;
use crate::shared::node::halt::Halt;
use crate::shared::node::{Committer, Node, Past, members};
use crate::shared::record::Record;

/// How often a lead is kept within the time that it lasts: two attempts may fail.
pub(super) const KEEPS_PER_LEASE: u32 = 3;

/// How many entries are read from the ledger at a time: some hundred kilobytes.
const ENTRIES: u32 = 1024;

/// A lead that was taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken<'a> {
    pub(super) lead: &'a Lead,
    pub(super) stop: &'a CancellationToken,
}

impl<C: Committer> Node<C> {
    /// Prepares the first commit of a lead. Returns what that is; `None` if the lead is to be given up, to be taken again or by
    /// another replica.
    pub(super) async fn prepare(
        &mut self,
        taken: Taken<'_>,
        ends_at: &mut Instant,
    ) -> Result<Option<Beginning>, Halt> {
        if self.past != Past::InTheLog {
            return self.export(taken, ends_at).await;
        }
        // What the last leader appended comes first.
        self.catch_up().await?;
        let members = members(&self.log).await?;
        self.formats
            .note_members(&members, self.settings.origin.format);
        let has_lost = self.has_lost(&members);
        if has_lost && !self.has_yielded {
            tracing::warn!(
                "another replica has records that the shared log does not have: it may lead first"
            );
            self.has_yielded = true;
            self.rests_until = Instant::now() + self.settings.lease;
            return Ok(None);
        }
        self.has_yielded = false;
        let is_first = self.replica.seq == 0;
        Ok(Some(if is_first && self.barred.is_none() && !has_lost {
            Beginning::First
        } else if has_lost || self.barred.is_some() || self.replica.shown.is_empty() {
            Beginning::NewEpoch
        } else {
            Beginning::Continued
        }))
    }

    /// Appends the facts of the ledger that the log does not have.
    async fn export(
        &mut self,
        taken: Taken<'_>,
        ends_at: &mut Instant,
    ) -> Result<Option<Beginning>, Halt> {
        let Some(mut end) = self.base().await? else {
            return Ok(None);
        };
        tracing::info!(
            after = end.seq,
            "giving the shared log what the ledger has and the log has not"
        );
        let served = self.replica.snapshot.position.clone();
        loop {
            let entries = self.committer.entries(end.seq, ENTRIES).await?;
            let entries = entries.map_err(Halt::Ledger)?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                let Some(next) = self.append_facts(taken, &end, entry).await? else {
                    return Ok(None);
                };
                end = next;
                if !self.keep_while_exporting(taken, ends_at).await? {
                    return Ok(None);
                }
            }
            self.report(|status| status.newest = end.seq);
        }
        tracing::info!(records = end.seq, "the shared log has what the ledger has");
        // In an epoch that the log knows, what follows must not look like what clients may have.
        let is_known = end.snapshot.position.epoch == served.epoch && !end.shown.is_empty();
        let is_new = self.past == Past::Lost || is_known;
        self.replica = end;
        Ok(Some(if is_new {
            Beginning::NewEpoch
        } else {
            Beginning::First
        }))
    }

    /// Appends the facts of an entry. Returns the state after them; `None` if the lead is lost.
    async fn append_facts(
        &self,
        taken: Taken<'_>,
        end: &Replica,
        entry: LedgerEntry,
    ) -> Result<Option<Replica>, Halt> {
        let record = facts(end, entry, &self.origin());
        let bytes = record
            .encode()
            .map_err(|error| Halt::Unreadable(error.into()))?;
        let next = self
            .records
            .applied(end, &bytes)
            .map_err(Halt::Unreadable)?
            .replica;
        let settled = tokio::select! {
            biased;
            () = taken.stop.cancelled() => return Err(Halt::Stopped),
            settled = self.settle(taken.lead, next.seq, &bytes) => settled,
        };
        Ok(settled.is_ok().then_some(next))
    }

    /// Keeps the lead when that is due. Returns whether it is still held.
    async fn keep_while_exporting(
        &self,
        taken: Taken<'_>,
        ends_at: &mut Instant,
    ) -> Result<bool, Halt> {
        let lease = self.settings.lease;
        let every = lease.checked_div(KEEPS_PER_LEASE).unwrap_or(lease);
        let asked_at = Instant::now();
        if asked_at + lease < *ends_at + every {
            return Ok(true);
        }
        let is_kept = self.keep(taken.lead, *ends_at).await?;
        *ends_at = asked_at + lease;
        Ok(is_kept)
    }
}

/// The record of the facts of an entry: nothing that is served changes by it.
fn facts(end: &Replica, entry: LedgerEntry, origin: &Origin) -> Record {
    let Position { epoch, revision } = end.snapshot.position.clone();
    Record {
        format: origin.format,
        previous: end.chain,
        entry: LedgerEntry {
            position: Position {
                epoch,
                // Before anything is served no client has a position of it.
                revision: if end.shown.is_empty() { 0 } else { revision },
            },
            served: Vec::new(),
            ..entry
        },
        served: Vec::new(),
        is_whole: false,
        state: end.shown.fingerprint(),
        settings: None,
        node: origin.node.clone(),
        build: origin.build.clone(),
    }
}
