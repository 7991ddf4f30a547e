//! The time of the last record of a log, and what follows from it: the clocks of replicas differ.

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;

/// How far the last record may be ahead of the clock of a replica that leads: machines whose clocks are kept right differ by less.
/// One that is further ahead was written by a clock that was wrong, and what is served must not stay wrong with it.
const CLOCKS_DIFFER_MAX: SignedDuration = SignedDuration::from_secs(60);

/// The time of the last record, if there is one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LastRecord(Option<Timestamp>);

impl LastRecord {
    /// The one of this time, which a replay goes on from.
    pub(super) fn at(time: Option<Timestamp>, clock: &Clock) -> Self {
        let mut last = Self::default();
        if let Some(at) = time {
            last.note(at, clock);
        }
        last
    }

    /// Notes the next record. A replay whose replica was started later goes on from there, however far that is: the days have
    /// passed for the one that leads.
    pub(super) fn note(&mut self, at: Timestamp, clock: &Clock) {
        self.0 = Some(self.time_after(at));
        clock.advance_to(at);
    }

    /// The time of the next record: the clock of the replica that led before may be ahead of this one, and the times of records
    /// never run backwards.
    pub(super) fn time_after(self, now: Timestamp) -> Timestamp {
        self.0.map_or(now, |last| last.max(now))
    }

    /// The time for which the next state is derived: a midnight that has passed for the replica that led before has passed, or its
    /// rates would be taken back and published again.
    pub(super) fn derived_for(self, now: Timestamp) -> Timestamp {
        let time = self.time_after(now);
        if time.duration_since(now) > CLOCKS_DIFFER_MAX {
            now
        } else {
            time
        }
    }
}
