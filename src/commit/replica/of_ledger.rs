//! What the commit task of a replica does with its ledger alone: nothing that is served changes by it.

use crate::commit::Commit;
use crate::commit::handle::answer;
use crate::commit::proposal::LedgerMessage;

impl Commit {
    /// Carries out what a replica is to do with its ledger.
    pub(super) async fn take_of_ledger(&mut self, message: LedgerMessage) {
        match message {
            LedgerMessage::Entries {
                after,
                limit,
                keep,
                entries,
            } => {
                let found = self.ledger.entries(after, limit, keep).await;
                answer(entries, found, "entries");
            }
            LedgerMessage::EndOfLacking { log, end } => {
                let found = self.ledger.end_of_lacking(log).await;
                answer(end, found, "end of lacking");
            }
            LedgerMessage::Fill {
                records,
                lacks_more,
            } => {
                let lacks = self.ledger.fill(records).await;
                self.read_behind().await;
                answer(lacks_more, lacks, "fill");
            }
            LedgerMessage::SetAside { seq, done } => {
                let aside = self.set_aside(seq).await;
                answer(done, aside, "set aside");
            }
        }
    }
}
