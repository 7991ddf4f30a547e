//! Which format the replica that leads writes: one that every replica reads, so that replicas are upgraded one by one, and back.

use std::time::Duration;

use tokio::time::Instant;

use crate::shared::apply::Origin;
use crate::shared::members::Member;
use crate::shared::node::{Committer, Node};
use crate::shared::record::FORMAT_OLDEST;

/// For how long every replica must have been new before records are written that an old one does not read: until then an upgrade
/// can be taken back, and a replica that is away while it is replaced does not count as gone.
pub const REVERTIBLE_FOR: Duration = Duration::from_secs(3600);

/// What is known of the formats of others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Formats {
    /// The newest format of a record in the log: a replica that does not read that cannot follow.
    written: u32,
    /// Since when every replica that reports reads the newest format that this one knows; `None` while one does not.
    all_new_since: Option<Instant>,
}

impl Default for Formats {
    fn default() -> Self {
        Self {
            written: FORMAT_OLDEST,
            all_new_since: None,
        }
    }
}

impl Formats {
    /// Notes the format of a record of the log.
    pub(super) fn note_record(&mut self, format: u32) {
        self.written = self.written.max(format);
    }

    /// Forgets what others read: this replica has not looked while it did not lead.
    pub(super) fn forget_members(&mut self) {
        self.all_new_since = None;
    }

    /// Notes what others read.
    pub(super) fn note_members(&mut self, members: &[Member], newest: u32) {
        let are_new = members.iter().all(|member| member.format >= newest);
        self.all_new_since = are_new.then(|| self.all_new_since.unwrap_or_else(Instant::now));
    }

    fn to_write(self, newest: u32, revertible_for: Duration) -> u32 {
        let since = self.all_new_since;
        if since.is_some_and(|since| since.elapsed() >= revertible_for) {
            newest
        } else {
            self.written.min(newest)
        }
    }
}

impl<C: Committer> Node<C> {
    /// What the next record says of this replica, in the format that every replica reads.
    pub(super) fn origin(&self) -> Origin {
        let newest = self.settings.origin.format;
        let format = self.formats.to_write(newest, self.settings.revertible_for);
        Origin {
            format,
            ..self.settings.origin.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Position;
    use crate::shared::members::Traits;
    use crate::shared::record::Chain;

    fn member(format: u32) -> Member {
        Member {
            node: "one".to_owned(),
            seq: 0,
            chain: Chain::START,
            position: Position {
                epoch: "".into(),
                revision: 0,
            },
            build: String::new(),
            state: None,
            trouble: String::new(),
            past_entries: 0,
            format,
            traits: Traits::default(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_newer_format_is_written_when_every_replica_has_been_new_for_an_hour() {
        let mut formats = Formats::default();
        let written = |formats: Formats| formats.to_write(2, REVERTIBLE_FOR);
        tokio::time::sleep(REVERTIBLE_FOR).await;
        assert_eq!(written(formats), 1, "no replica was seen yet");
        formats.note_members(&[member(2), member(1)], 2);
        tokio::time::sleep(REVERTIBLE_FOR).await;
        assert_eq!(written(formats), 1);
        formats.note_members(&[member(2), member(3)], 2);
        tokio::time::sleep(REVERTIBLE_FOR / 2).await;
        formats.note_members(&[member(2)], 2);
        assert_eq!(written(formats), 1);
        tokio::time::sleep(REVERTIBLE_FOR / 2).await;
        assert_eq!(written(formats), 2);
        // One that is taken back meanwhile.
        formats.note_members(&[member(2), member(1)], 2);
        assert_eq!(written(formats), 1);
        formats.note_record(2);
        assert_eq!(written(formats), 2, "it cannot follow any longer");
        assert_eq!(formats.to_write(1, REVERTIBLE_FOR), 1);
    }
}
