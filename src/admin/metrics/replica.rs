//! This replica of a log: what it does, how far it is, and what went wrong.

use std::fmt;

use tokio::sync::watch;

use crate::shared::members::State;
use crate::shared::node::Status as Report;
use crate::telemetry::{Collect, Page};

/// The states, by their names in the log.
const STATES: [State; 5] = [
    State::Joining,
    State::Following,
    State::Candidate,
    State::Leading,
    State::OffTheLog,
];

/// The replica, if the service shares a log.
#[derive(Debug)]
pub(super) struct ReplicaMetrics(pub(super) Option<watch::Receiver<Report>>);

impl Collect for ReplicaMetrics {
    fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
        let status = self.0.as_ref().map(|status| status.borrow().clone());
        let status = status.as_ref();
        let names = (
            "silkrate_replica_state",
            "One for what this replica does, zero for everything else; absent without `[shared]`",
        );
        let each = status.into_iter().flat_map(|report| {
            let is = |state| u64::from(report.state == state);
            STATES.map(|state| ([("state", state.as_str())], is(state)))
        });
        page.gauges(names, each)?;
        let names = (
            "silkrate_replica_leader",
            "One for the replica that leads, as far as this one knows",
        );
        let leader = status.and_then(Report::known_leader);
        page.gauges(
            names,
            leader.map(|leader| ([("node", &*leader.node)], 1_u64)),
        )?;
        let names = (
            "silkrate_replica_detached",
            "1 while the shared log does not answer, so that newer rates may be lacking",
        );
        page.gauge(
            names,
            status.map(|status| u64::from(status.detached.is_some())),
        )?;
        let names = (
            "silkrate_replica_log_position",
            "The last record of the log that this replica has applied",
        );
        page.gauge(names, status.map(|status| status.seq))?;
        let names = (
            "silkrate_replica_lag_records",
            "Records that this replica knows of and has not applied",
        );
        page.gauge(names, status.map(Report::lag_records))?;
        let names = (
            "silkrate_replica_current_timestamp_seconds",
            "When this replica last had every record of the log",
        );
        page.gauge(names, status.map(|status| status.current_at))?;
        let names = (
            "silkrate_replica_troubled",
            "1 while something keeps this replica from its work, or it differs from the others in what should be the same",
        );
        page.gauge(
            names,
            status.map(|report| u64::from(report.troubles().is_some())),
        )?;
        let names = (
            "silkrate_replica_takeovers",
            "How often this replica has taken the lead",
        );
        page.counter(names, status.map(|report| report.takeovers))?;
        let names = (
            "silkrate_replica_fenced_proposals",
            "Commits of this replica that were refused because it did not lead any longer",
        );
        page.counter(names, status.map(|report| report.fenced))?;
        let names = (
            "silkrate_replica_audits_failed",
            "How often the log did not have what this replica has applied",
        );
        page.counter(names, status.map(|report| report.audits_failed))
    }
}
