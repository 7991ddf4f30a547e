//! Each replica tells the others what it does, as long as it reaches the log.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::shared::apply::Origin;
use crate::shared::log::{Log, LogError, Presence};
use crate::shared::members::Member;
use crate::shared::node::status::Status;

/// How long what a replica told stays after its last word: longer than a restart of it, and than that of a server.
const LEASE: Duration = Duration::from_secs(30);
/// How often it is kept: two attempts may fail.
const KEEP_EVERY: Duration = Duration::from_secs(10);
/// After how many intervals in which no other process wrote over the report the name is this replica's own.
const UNDISPUTED: u32 = 3;
/// The least time between two reports: while a replica joins, thousands of records pass in a second.
const REPORT_EVERY: Duration = Duration::from_secs(1);
/// How long after a failure it is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// How long a replica that stops waits for the removal of its report, which otherwise ends with its lease.
const LEAVE_MAX: Duration = Duration::from_secs(2);

/// What tells the others.
#[derive(Debug)]
pub(super) struct Reporter {
    log: Log,
    origin: Origin,
    status: watch::Receiver<Status>,
    /// Where it notes that another process reports under the same name.
    noted: Arc<watch::Sender<Status>>,
    presence: Option<Presence>,
}

impl Reporter {
    pub(super) fn new(log: Log, origin: Origin, noted: Arc<watch::Sender<Status>>) -> Self {
        Self {
            log,
            origin,
            status: noted.subscribe(),
            noted,
            presence: None,
        }
    }

    /// Reports for as long as the replica runs.
    pub(super) async fn run(&mut self) {
        loop {
            if let Err(error) = self.report().await {
                tracing::debug!(%error, "could not tell the other replicas what this one does");
            }
            self.presence = None;
            sleep(RETRY_AFTER).await;
        }
    }

    async fn report(&mut self) -> Result<(), LogError> {
        let presence = self.log.appear(LEASE).await?;
        self.presence = Some(presence);
        let mut told: Option<Member> = None;
        let mut undisputed = 0_u32;
        let mut keep_at = Instant::now() + KEEP_EVERY;
        loop {
            let member = self.member();
            if told.as_ref() != Some(&member) {
                self.log
                    .report(presence, &member.node, &member.encode())
                    .await?;
                told = Some(member);
                sleep(REPORT_EVERY).await;
            }
            tokio::select! {
                changed = self.status.changed() => {
                    if changed.is_err() {
                        // The replica has ended.
                        std::future::pending::<()>().await;
                    }
                }
                () = sleep_until(keep_at) => {
                    if !self.log.stay(presence).await? {
                        return Ok(());
                    }
                    if self.log.reports(presence, &self.origin.node).await? {
                        undisputed = undisputed.saturating_add(1);
                    } else {
                        // Only a process that lives writes over the report of another one.
                        undisputed = 0;
                        told = None;
                    }
                    self.note_namesake(undisputed);
                    keep_at = Instant::now() + KEEP_EVERY;
                }
            }
        }
    }

    /// Notes whether another process reports under the name of this one: it does until nothing was written over for some time.
    fn note_namesake(&self, undisputed: u32) {
        self.noted.send_if_modified(|status| {
            let has_namesake = undisputed == 0 || status.has_namesake && undisputed < UNDISPUTED;
            let is_new = status.has_namesake != has_namesake;
            status.has_namesake = has_namesake;
            if is_new && has_namesake {
                tracing::error!(
                    node = self.origin.node,
                    "another replica has the same name: give each one its own shared.node"
                );
            }
            is_new
        });
    }

    fn member(&mut self) -> Member {
        self.status.borrow_and_update().member(&self.origin)
    }

    /// Removes the report.
    pub(super) async fn leave(self) {
        let Some(presence) = self.presence else {
            return;
        };
        let left = tokio::time::timeout(LEAVE_MAX, self.log.leave(presence)).await;
        if !matches!(left, Ok(Ok(()))) {
            tracing::debug!("what this replica told the others ends by itself");
        }
    }
}
