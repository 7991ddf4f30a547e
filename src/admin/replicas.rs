//! The replicas that share a log, as operators see them.

use crate::config::Shared;
use crate::domain::OtherReplica;
use crate::pb;
use crate::pb::admin::{ListReplicasResponse, ReplicaReport, ReplicaRole};
use crate::shared::apply::Origin;
use crate::shared::members::{Leader, Member, State};
use crate::shared::node::{Detached, NodeHandle};
use crate::shared::record::FORMAT;
use crate::wire::to_timestamp;

/// What is said of a replica that led when it last reported.
const FORMER: &str = "it led when it last reported, and does not lead any longer";

/// Every replica that reports, and this one. Where the log does not answer, this one alone, and no leader but itself.
pub(super) async fn list(node: &NodeHandle, shared: &Shared) -> ListReplicasResponse {
    let reported = node.members().await;
    let mut status = node.status().borrow().clone();
    let mut members = match reported {
        Ok(members) => members,
        Err(error) => {
            tracing::debug!(%error, "the replicas of the log are not known");
            if status.state != State::Leading {
                // Another one may lead by now.
                status.leader = None;
            }
            let since = status.current_at;
            let reason = error.to_string();
            status.detached.get_or_insert(Detached { since, reason });
            Vec::new()
        }
    };
    // What it knows of itself is newer than what it last reported.
    members.retain(|member| member.node != shared.node);
    let leader = status.known_leader().cloned().unwrap_or_default();
    for member in &mut members {
        if member.state == Some(State::Leading) && member.node != leader.node {
            member.state = None;
            FORMER.clone_into(&mut member.trouble);
        }
    }
    members.push(status.member(&Origin {
        node: shared.node.clone(),
        build: env!("CARGO_PKG_VERSION").to_owned(),
        format: FORMAT,
    }));
    members.sort_by(|one, other| one.node.cmp(&other.node));
    let records = members.iter().map(|member| member.seq);
    let newest_record = records.fold(status.newest, u64::max);
    let known = |text: String| (!text.is_empty()).then_some(text);
    let contact = pb::Replica {
        detached: status.detached.is_some(),
        since_time: status
            .detached
            .as_ref()
            .map(|detached| to_timestamp(detached.since)),
        reason: status.detached.map(|detached| detached.reason),
    };
    ListReplicasResponse {
        log: shared.name.clone(),
        node: shared.node.clone(),
        contact: Some(contact),
        leader: known(leader.node),
        leader_address: known(leader.admin_address),
        newest_record,
        replicas: members
            .into_iter()
            .map(|member| report(member, newest_record))
            .collect(),
    }
}

fn report(member: Member, newest_record: u64) -> ReplicaReport {
    let Member {
        node,
        seq,
        chain: _,
        position,
        build,
        state,
        trouble,
        traits: _,
        past_entries: _,
        format: _,
    } = member;
    ReplicaReport {
        node,
        role: state.map_or(ReplicaRole::Unspecified, role).into(),
        record: seq,
        lag_records: newest_record.saturating_sub(seq),
        position: Some(crate::wire::to_position(&position)),
        build,
        trouble: (!trouble.is_empty()).then_some(trouble),
    }
}

fn role(state: State) -> ReplicaRole {
    match state {
        State::Joining => ReplicaRole::Joining,
        State::Following => ReplicaRole::Following,
        State::Candidate => ReplicaRole::Candidate,
        State::Leading => ReplicaRole::Leading,
        State::OffTheLog => ReplicaRole::OffTheLog,
    }
}

/// The replica that takes what this one does not.
pub(super) fn other(leader: Option<Leader>) -> OtherReplica {
    let Leader {
        node,
        admin_address: address,
        build: _,
    } = leader.unwrap_or_default();
    OtherReplica { node, address }
}
