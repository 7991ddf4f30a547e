//! The replicas of a log as JSON objects.

use serde::Serialize;

use crate::json::{Position, Replica, short};
use crate::pb::admin as pb;

/// The replicas of a log.
#[derive(Debug, Serialize)]
pub struct ListReplicasResponse<'a> {
    log: &'a str,
    node: &'a str,
    contact: Option<Replica<'a>>,
    leader: Option<&'a str>,
    leader_address: Option<&'a str>,
    newest_record: u64,
    replicas: Vec<ReplicaReport<'a>>,
}

/// What a replica reports of itself.
#[derive(Debug, Serialize)]
pub struct ReplicaReport<'a> {
    node: &'a str,
    role: &'static str,
    record: u64,
    lag_records: u64,
    position: Option<Position<'a>>,
    build: &'a str,
    trouble: Option<&'a str>,
}

/// That a lead was given up.
#[derive(Debug, Serialize)]
pub struct StepDownResponse<'a> {
    node: &'a str,
    leader: Option<&'a str>,
}

impl<'a> From<&'a pb::ListReplicasResponse> for ListReplicasResponse<'a> {
    fn from(response: &'a pb::ListReplicasResponse) -> Self {
        let pb::ListReplicasResponse {
            log,
            node,
            contact,
            leader,
            leader_address,
            newest_record,
            replicas,
        } = response;
        Self {
            log,
            node,
            contact: contact.as_ref().map(Replica::from),
            leader: leader.as_deref(),
            leader_address: leader_address.as_deref(),
            newest_record: *newest_record,
            replicas: replicas.iter().map(ReplicaReport::from).collect(),
        }
    }
}

impl<'a> From<&'a pb::ReplicaReport> for ReplicaReport<'a> {
    fn from(report: &'a pb::ReplicaReport) -> Self {
        let pb::ReplicaReport {
            node,
            role: _,
            record,
            lag_records,
            position,
            build,
            trouble,
        } = report;
        Self {
            node,
            role: short(report.role().as_str_name(), "REPLICA_ROLE_"),
            record: *record,
            lag_records: *lag_records,
            position: position.as_ref().map(Position::from),
            build,
            trouble: trouble.as_deref(),
        }
    }
}

impl<'a> From<&'a pb::StepDownResponse> for StepDownResponse<'a> {
    fn from(response: &'a pb::StepDownResponse) -> Self {
        let pb::StepDownResponse { node, leader } = response;
        let leader = leader.as_deref();
        Self { node, leader }
    }
}
