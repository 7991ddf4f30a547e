//! How a stream begins: whether it resumes, and what follows the opening.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{Position, Snapshot};
use crate::feed::{ResumeVerdict, Ticker};

/// How long the opening of a stream waits for what its reader has seen on another replica. A replica has a commit some
/// milliseconds after the one that leads, and a client waits ten seconds for an opening. One that is cut off from the others
/// may lack it for hours.
const BEHIND_MAX: Duration = Duration::from_secs(2);

/// What follows the opening.
#[derive(Debug, Clone)]
pub(super) enum First {
    Snapshot,
    /// The update from the revision at which the reader stopped.
    CatchUp(u64),
    Updates,
}

impl First {
    pub(super) fn of(
        resume_after: Option<&Position>,
        verdict: ResumeVerdict,
        updates_only: bool,
    ) -> Self {
        match resume_after {
            Some(position) if verdict == ResumeVerdict::Resumed => Self::CatchUp(position.revision),
            _ if updates_only => Self::Updates,
            _ => Self::Snapshot,
        }
    }
}

/// What a reader has seen on another replica and this one lacks.
#[derive(Debug, Clone)]
pub(super) struct Behind {
    pub(super) seen: Position,
    pub(super) updates_only: bool,
    /// When the stream begins without it.
    pub(super) until: Instant,
}

impl Behind {
    /// Nothing, if a reader has seen no more than what is shown. An epoch that a reader knows may begin here in a moment:
    /// revisions go on from one to the next.
    pub(super) fn new(seen: Position, updates_only: bool, shown: &Snapshot) -> Option<Self> {
        let until = Instant::now() + BEHIND_MAX;
        let is_behind = seen.revision > shown.position.revision;
        is_behind.then_some(Self {
            seen,
            updates_only,
            until,
        })
    }

    pub(super) fn is_over(&self, shown: &Snapshot) -> bool {
        let Position { epoch, revision } = &shown.position;
        *epoch == self.seen.epoch && *revision >= self.seen.revision
    }
}

/// Whether a stream resumes after a position, and if not, why.
pub(super) fn verdict(
    resume_after: Option<&Position>,
    present: &Snapshot,
    followed: Option<&Ticker>,
) -> ResumeVerdict {
    let has_pairs = |revision| followed.is_none_or(|ticker| ticker.was_shown_at(revision));
    match resume_after {
        None => ResumeVerdict::SnapshotRequested,
        Some(position) if position.epoch != present.position.epoch => {
            ResumeVerdict::SnapshotOtherEpoch
        }
        Some(position) if position.revision > present.position.revision => {
            ResumeVerdict::SnapshotAhead
        }
        Some(position)
            if !present.can_update_from(position.revision) || !has_pairs(position.revision) =>
        {
            ResumeVerdict::SnapshotTooOld
        }
        Some(_) => ResumeVerdict::Resumed,
    }
}
