//! Following: every record is applied in its order, as soon as it is there.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::commit::{FollowedStep, Stopped};
use crate::shared::apply::Replica;
use crate::shared::log::{Event, LogError, Moment, Stored, Watch};
use crate::shared::members::State;
use crate::shared::node::halt::Halt;
use crate::shared::node::records::PAGE_RECORDS;
use crate::shared::node::{Committer, Node, Past, RETRY_AFTER};
use crate::shared::record::{Record, RecordError};

/// How often the log is asked whether it is there while nothing happens.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// How long a log may be silent after that before it counts as lost: longer than a call may take.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// How often a replica checks that the log still has the record that it applied last, and what is behind it. A log that was restored
/// from an older copy says nothing of it.
pub(super) const AUDIT_EVERY: Duration = Duration::from_secs(60);
/// How long a replica waits before it reads a record again that no server has whole, or that needs a newer version.
pub(super) const BROKEN_RETRY: Duration = Duration::from_secs(10);

/// No replica leads, and this one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Vacant;

impl<C: Committer> Node<C> {
    /// Follows until no replica leads and this one may.
    pub(super) async fn follow_until_vacant(&mut self) -> Result<Vacant, Stopped> {
        loop {
            match self.follow_once().await {
                Ok(Some(vacant)) => return Ok(vacant),
                Ok(None) | Err(Halt::Log(LogError::Compacted)) => {}
                Err(Halt::OffTheLog) => self.leave_the_log(),
                Err(Halt::Log(error)) => {
                    self.detached(&error);
                    sleep(RETRY_AFTER).await;
                }
                Err(Halt::Unreadable(error)) => {
                    tracing::error!(%error, "a record of the shared log cannot be applied; what is served stays as it is");
                    self.note_stopped(&error.to_string());
                    sleep(BROKEN_RETRY).await;
                }
                Err(Halt::Ledger(error)) => {
                    tracing::error!(%error, "the ledger cannot be compared with the shared log");
                    self.report(|status| status.trouble = Some(error.to_string()));
                    sleep(BROKEN_RETRY).await;
                }
                Err(Halt::Stopped) => return Err(Stopped),
            }
        }
    }

    /// Reads the log to its end and then follows what happens, over one connection.
    async fn follow_once(&mut self) -> Result<Option<Vacant>, Halt> {
        if self.past != Past::InTheLog {
            return self.settle_past().await;
        }
        self.audit().await?;
        self.show_state().await?;
        let moment = self.catch_up().await?;
        let mut watch = self.log.follow(moment).await?;
        if self.is_vacant().await? {
            return Ok(Some(Vacant));
        }
        if self.barred.is_none() {
            self.report_following();
        }
        self.attached();
        self.take_events(&mut watch).await.map(Some)
    }

    /// Whether no replica leads, and this one may.
    async fn is_vacant(&self) -> Result<bool, LogError> {
        let leader = self.log.leader().await?;
        self.report_leader(leader.as_deref());
        self.attached();
        Ok(leader.is_none() && self.contends())
    }

    /// Reports that it follows. What keeps it from leading is said until it tries again.
    fn report_following(&self) {
        let rests = Instant::now() < self.rests_until;
        self.report(|status| {
            status.state = State::Following;
            if !rests {
                status.trouble = None;
            }
            status.stopped = None;
        });
    }

    /// Whether it takes the lead if no other replica has it.
    pub(super) fn contends(&self) -> bool {
        self.settings.may_lead && Instant::now() >= self.rests_until
    }

    async fn take_events(&mut self, watch: &mut Watch) -> Result<Vacant, Halt> {
        let mut ask_at = Instant::now() + ASK_EVERY;
        let mut lost_at = Instant::now() + SILENCE_MAX;
        let mut audit_at = Instant::now() + AUDIT_EVERY;
        let mut rested_at = Some(self.rests_until).filter(|at| *at > Instant::now());
        loop {
            tokio::select! {
                event = watch.next() => {
                    ask_at = Instant::now() + ASK_EVERY;
                    lost_at = Instant::now() + SILENCE_MAX;
                    let event = event?;
                    self.attached();
                    match event {
                        Event::Appended(stored) => self.take(stored).await?,
                        Event::Leader(leader) => {
                            self.report_leader(leader.as_deref());
                            if leader.is_none() && self.contends() {
                                return Ok(Vacant);
                            }
                        }
                        Event::Nothing => {}
                    }
                }
                () = sleep_until(ask_at) => {
                    watch.ask()?;
                    ask_at = Instant::now() + ASK_EVERY;
                }
                () = sleep_until(lost_at) => {
                    let silence = format!("nothing was heard from it for {SILENCE_MAX:?}");
                    return Err(LogError::NoAnswer(silence).into());
                }
                () = sleep_until(rested_at.unwrap_or(audit_at)), if rested_at.is_some() => {
                    rested_at = None;
                    if self.is_vacant().await? {
                        return Ok(Vacant);
                    }
                    // Another replica leads.
                    if self.barred.is_none() {
                        self.report_following();
                    }
                }
                () = sleep_until(audit_at) => {
                    self.audit().await?;
                    self.catch_up().await?;
                    if self.is_vacant().await? {
                        return Ok(Vacant);
                    }
                    audit_at = Instant::now() + AUDIT_EVERY;
                }
            }
        }
    }

    /// Takes a record that was appended. One that is known is ignored; before one that does not follow, the missing ones are read.
    async fn take(&mut self, stored: Stored) -> Result<(), Halt> {
        let next = self.replica.seq.saturating_add(1);
        if stored.seq < next {
            return Ok(());
        }
        if stored.seq > next {
            return self.catch_up().await.map(drop);
        }
        self.report(|status| status.newest = status.newest.max(stored.seq));
        self.apply(&[stored], true).await
    }

    /// Applies every record that is there. Returns the moment up to which it was read. Only what the last one leads to is shown:
    /// what a log began with years ago must not look like what is in force.
    pub(super) async fn catch_up(&mut self) -> Result<Moment, Halt> {
        let read = self.read_to_the_end().await;
        if read.is_ok() {
            self.check_ahead();
        }
        let is_read = !matches!(read, Err(Halt::Log(_) | Halt::Stopped));
        if is_read && self.may_show(&self.replica) {
            let reached = Arc::clone(&self.replica.snapshot);
            self.committer.show(reached, true).await?;
            self.note_shown();
        }
        read
    }

    /// Whether what a record leads to may be shown: the log has begun with all that is served, and nothing that is shown is newer
    /// or of an epoch of which something is lost.
    fn may_show(&self, replica: &Replica) -> bool {
        let is_barred = self.barred.as_ref() == Some(&replica.snapshot.position.epoch);
        let is_older = self
            .ahead
            .as_ref()
            .is_some_and(|ahead| replica.seq < ahead.seq);
        !is_barred && !is_older && !replica.shown.is_empty()
    }

    /// Notes that what the log leads to is shown.
    fn note_shown(&mut self) {
        let was_barred = self.barred.take().is_some();
        let was_ahead = self.ahead.take().is_some();
        self.report(|status| status.has_state = true);
        if was_barred {
            tracing::info!("this replica serves what the shared log has");
            self.report_following();
        }
        if was_barred || was_ahead {
            self.report_applied();
        }
    }

    async fn read_to_the_end(&mut self) -> Result<Moment, Halt> {
        let newest = self.log.newest().await?;
        self.report(|status| status.newest = status.newest.max(newest));
        loop {
            let page = self.log.read(self.replica.seq, PAGE_RECORDS).await?;
            self.attached();
            self.apply(&page.records, false).await?;
            if !page.has_more {
                return Ok(page.moment);
            }
        }
    }

    /// Applies the next records. Those before one that cannot be applied are.
    async fn apply(&mut self, records: &[Stored], is_shown: bool) -> Result<(), Halt> {
        let mut replica = self.replica.clone();
        let mut steps = Vec::new();
        let mut applied = Ok(());
        for stored in records {
            match self.records.next(&replica, stored).await {
                Ok(next) => {
                    if next.record.settings.is_some() {
                        self.ticker.clone_from(&next.record.settings);
                    }
                    steps.push(FollowedStep {
                        step: self.records.step(&next),
                        entry: next.entry,
                        snapshot: Arc::clone(&next.replica.snapshot),
                        is_shown: is_shown && self.may_show(&next.replica),
                    });
                    self.formats.note_record(next.record.format);
                    replica = next.replica;
                    if self.contradicts_ahead(&replica)
                        && let Some(ahead) = self.ahead.take()
                    {
                        self.bar(ahead.epoch);
                    }
                }
                Err(halt) => {
                    applied = Err(halt);
                    break;
                }
            }
        }
        if let Some(last) = steps.last() {
            let is_shown = last.is_shown;
            self.committer.follow(steps).await?;
            self.replica = replica;
            self.report_applied();
            if is_shown {
                self.note_shown();
            }
        }
        applied
    }

    /// Checks that the log still has the record that was applied last.
    pub(super) async fn audit(&self) -> Result<(), Halt> {
        let Some(before) = self.replica.seq.checked_sub(1) else {
            return Ok(());
        };
        let page = self.log.read(before, 1).await?;
        let found = page.records.first();
        let Some(stored) = found.filter(|stored| stored.seq == self.replica.seq) else {
            return Err(Halt::OffTheLog);
        };
        if self.is_own(&stored.bytes) == Ok(true) {
            return Ok(());
        }
        // It may be damaged at one server.
        let mut newer = None;
        for bytes in self.log.read_everywhere(self.replica.seq).await? {
            match self.is_own(&bytes) {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(Halt::OffTheLog),
                Err(error) if error.is_of_newer() => newer = Some(error),
                Err(error) => tracing::warn!(%error, seq = self.replica.seq, "a record is damaged"),
            }
        }
        // A newer version of this replica has applied it.
        Err(newer.map_or(Halt::OffTheLog, |error| Halt::Unreadable(error.into())))
    }

    /// Whether the bytes are those of the record that was applied last.
    fn is_own(&self, bytes: &[u8]) -> Result<bool, RecordError> {
        let record = Record::decode_for(bytes, self.settings.origin.format)?;
        Ok(record.previous.followed_by(bytes) == self.replica.chain)
    }
}
