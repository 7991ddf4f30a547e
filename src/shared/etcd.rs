//! The log in etcd: the only module that names the engine.
//!
//! Every key is below `/silkrate/<name>/`. A record has the key `log/` and sixteen digits, and is written once: compaction of the
//! store takes nothing of it. `leader` lives under the lease of the replica that leads; `state` is the state to begin with.
//!
//! *Chose* the messages that are needed, as `proto/etcdserverpb/rpc.proto`, *over* the crate `etcd-client`: it compiles the whole
//! interface with `protoc`, which a build of silkrate does without.

mod connection;
mod keys;
mod watch;

use std::sync::Arc;
use std::time::Duration;

pub use connection::Servers;
use futures_util::StreamExt;
pub use watch::EtcdWatch;

use crate::pb::etcd as pb;
use crate::pb::etcd::compare::{CompareResult, CompareTarget, TargetUnion};
use crate::pb::etcd::kv_client::KvClient;
use crate::pb::etcd::lease_client::LeaseClient;
use crate::pb::etcd::request_op::Request as Op;
use crate::pb::etcd::response_op::Response as OpResponse;
use crate::shared::etcd::connection::{Connection, Repeat};
use crate::shared::etcd::keys::Keys;
use crate::shared::log::{Appended, Lead, LogError, Moment, Note, Page, Presence, Stored};

/// A log in etcd. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Etcd {
    connection: Arc<Connection>,
    keys: Arc<Keys>,
}

impl Etcd {
    /// The log of a name on some servers. They are connected to when they are needed.
    ///
    /// # Errors
    /// [`LogError::Refused`] if an address is invalid.
    pub fn new(servers: Servers, name: &str) -> Result<Self, LogError> {
        Ok(Self {
            connection: Arc::new(Connection::new(servers)?),
            keys: Arc::new(Keys::of(name)),
        })
    }

    pub(super) async fn read(&self, after: u64, limit: u32) -> Result<Page, LogError> {
        let request = pb::RangeRequest {
            key: self.keys.record(after.saturating_add(1)),
            range_end: self.keys.end_of_records(),
            limit: limit.min(PAGE_RECORDS_MAX).into(),
            ..Default::default()
        };
        let answer = self.range(request).await?;
        let records = answer.kvs.into_iter().filter_map(|stored| {
            Some(Stored {
                seq: self.keys.seq(&stored.key)?,
                bytes: stored.value.into(),
            })
        });
        Ok(Page {
            records: records.collect(),
            has_more: answer.more,
            moment: moment(answer.header.as_ref()),
        })
    }

    pub(super) async fn newest(&self) -> Result<u64, LogError> {
        let request = pb::RangeRequest {
            key: self.keys.records(),
            range_end: self.keys.end_of_records(),
            // To sort by keys, etcd reads them all with their values; it counts them without.
            count_only: true,
            ..Default::default()
        };
        let count = self.range(request).await?.count;
        Ok(count.try_into().unwrap_or(0))
    }

    pub(super) async fn read_everywhere(&self, seq: u64) -> Result<Vec<Arc<[u8]>>, LogError> {
        let mut read = Vec::new();
        let mut refused = None;
        for server in self.connection.servers() {
            let call = |channel, token| {
                let request = connection::request(one(self.keys.record(seq)), token);
                let client = KvClient::new(channel);
                let mut client = client.max_decoding_message_size(ANSWER_BYTES_MAX);
                async move { client.range(request).await }
            };
            match self.connection.call_at(server, &call).await {
                Ok(answer) => read.extend(answer.kvs.into_iter().map(|kv| kv.value.into())),
                Err(error) => refused = Some(error),
            }
        }
        match refused {
            Some(error) if read.is_empty() => Err(error),
            _ => Ok(read),
        }
    }

    pub(super) async fn append(
        &self,
        lead: &Lead,
        seq: u64,
        bytes: &[u8],
    ) -> Result<Appended, LogError> {
        let (place, leader) = (self.keys.record(seq), self.keys.leader());
        let before = (seq > 1).then(|| self.keys.record(seq.saturating_sub(1)));
        let mut compare = vec![created_at(place.clone(), CompareResult::Equal, 0)];
        compare.extend(self.leads(lead));
        let is_there = |key| created_at(key, CompareResult::Greater, 0);
        compare.extend(before.clone().map(is_there));
        let keys = [Some(place.clone()), Some(leader), before.clone()];
        let txn = pb::TxnRequest {
            compare,
            success: vec![put(place, bytes.to_vec(), 0)],
            failure: keys.into_iter().flatten().map(get).collect(),
        };
        // It is never repeated here: whether a call without an answer took effect must be read.
        let answer = self.txn(txn, Repeat::Never).await?;
        if answer.succeeded {
            return Ok(Appended::Written);
        }
        let mut found = answer.responses.into_iter().map(first_of);
        let (place, leader) = (found.next().flatten(), found.next().flatten());
        let is_before = before.is_none() || found.next().flatten().is_some();
        Ok(match place {
            Some(taken) => Appended::Taken(taken.value.into()),
            None if leader.is_none_or(|leader| {
                (leader.create_revision, leader.lease) != (lead.since, lead.lease)
            }) =>
            {
                Appended::Fenced
            }
            None if is_before => Appended::Fenced,
            None => Appended::Gap,
        })
    }

    pub(super) async fn follow(&self, since: Moment) -> Result<EtcdWatch, LogError> {
        EtcdWatch::open(&self.connection, &self.keys, since.0.saturating_add(1)).await
    }

    pub(super) async fn lead(
        &self,
        leader: &[u8],
        lease: Duration,
    ) -> Result<Option<Lead>, LogError> {
        let lease = self.grant(lease).await?;
        let key = self.keys.leader();
        let txn = pb::TxnRequest {
            compare: vec![created_at(key.clone(), CompareResult::Equal, 0)],
            success: vec![put(key, leader.to_vec(), lease)],
            failure: Vec::new(),
        };
        let taken = self.txn(txn, Repeat::Never).await;
        if let Ok(answer) = &taken
            && answer.succeeded
        {
            let since = answer.header.as_ref().map(|header| header.revision);
            return Ok(since.map(|since| Lead { lease, since }));
        }
        // Without its lease the key is gone, if it was written after all.
        let revoked = self.revoke(lease).await;
        taken.and(revoked).map(|()| None)
    }

    async fn grant(&self, lease: Duration) -> Result<i64, LogError> {
        let granted = self.connection.call(Repeat::OnOthers, |channel, token| {
            let request = pb::LeaseGrantRequest {
                ttl: i64::try_from(whole_seconds(lease)).unwrap_or(i64::MAX),
                id: 0,
            };
            let request = connection::request(request, token);
            async move { LeaseClient::new(channel).lease_grant(request).await }
        });
        Ok(granted.await?.id)
    }

    /// Keeps a lease. Returns whether it was still alive.
    pub(super) async fn keep(&self, lease: i64) -> Result<bool, LogError> {
        let kept = self.connection.call(Repeat::OnOthers, |channel, token| {
            // The stream stays open until the answer is there.
            let once = futures_util::stream::iter([pb::LeaseKeepAliveRequest { id: lease }]);
            let once = once.chain(futures_util::stream::pending());
            let request = connection::request(once, token);
            async move {
                let answers = LeaseClient::new(channel).lease_keep_alive(request).await?;
                let mut answers = answers.into_inner();
                answers.message().await.map(tonic::Response::new)
            }
        });
        Ok(kept.await?.is_some_and(|kept| kept.ttl > 0))
    }

    pub(super) async fn revoke(&self, lease: i64) -> Result<(), LogError> {
        let revoked = self.connection.call(Repeat::OnOthers, |channel, token| {
            let request = connection::request(pb::LeaseRevokeRequest { id: lease }, token);
            async move { LeaseClient::new(channel).lease_revoke(request).await }
        });
        revoked.await.map(drop)
    }

    pub(super) async fn leader(&self) -> Result<Option<Arc<[u8]>>, LogError> {
        self.value(self.keys.leader()).await
    }

    pub(super) async fn appear(&self, lease: Duration) -> Result<Presence, LogError> {
        let lease = self.grant(lease).await?;
        Ok(Presence { lease })
    }

    pub(super) async fn report(
        &self,
        lease: i64,
        node: &str,
        report: &[u8],
    ) -> Result<(), LogError> {
        let txn = pb::TxnRequest {
            success: vec![put(self.keys.node(node), report.to_vec(), lease)],
            ..Default::default()
        };
        self.txn(txn, Repeat::OnOthers).await.map(drop)
    }

    pub(super) async fn reports(&self, lease: i64, node: &str) -> Result<bool, LogError> {
        let found = self.range(one(self.keys.node(node))).await?.kvs;
        Ok(found.iter().all(|stored| stored.lease == lease))
    }

    pub(super) async fn nodes(&self) -> Result<Vec<Arc<[u8]>>, LogError> {
        let (key, range_end) = self.keys.nodes();
        let request = pb::RangeRequest {
            key,
            range_end,
            ..Default::default()
        };
        let reports = self.range(request).await?.kvs.into_iter();
        Ok(reports.map(|stored| stored.value.into()).collect())
    }

    pub(super) async fn note(&self, note: &Note) -> Result<Option<Arc<[u8]>>, LogError> {
        self.value(self.keys.note(note)).await
    }

    pub(super) async fn set_note(
        &self,
        lead: &Lead,
        note: &Note,
        bytes: &[u8],
    ) -> Result<bool, LogError> {
        self.replace(lead, self.keys.note(note), bytes).await
    }

    pub(super) async fn state(&self) -> Result<Option<Arc<[u8]>>, LogError> {
        self.value(self.keys.state()).await
    }

    pub(super) async fn set_state(&self, lead: &Lead, state: &[u8]) -> Result<bool, LogError> {
        self.replace(lead, self.keys.state(), state).await
    }

    /// Replaces a value, if the caller leads. Returns whether it does.
    async fn replace(&self, lead: &Lead, key: Vec<u8>, bytes: &[u8]) -> Result<bool, LogError> {
        let txn = pb::TxnRequest {
            compare: self.leads(lead).into(),
            success: vec![put(key, bytes.to_vec(), 0)],
            failure: Vec::new(),
        };
        let answer = self.txn(txn, Repeat::OnOthers).await?;
        Ok(answer.succeeded)
    }

    /// The conditions that a replica leads.
    fn leads(&self, lead: &Lead) -> [pb::Compare; 2] {
        let leader = self.keys.leader();
        [
            created_at(leader.clone(), CompareResult::Equal, lead.since),
            // After the store was restored from an older copy its revisions come again; leases have random numbers.
            lives_under(leader, lead.lease),
        ]
    }

    async fn value(&self, key: Vec<u8>) -> Result<Option<Arc<[u8]>>, LogError> {
        let found = self.range(one(key)).await?.kvs.into_iter().next();
        Ok(found.map(|stored| stored.value.into()))
    }

    async fn range(&self, request: pb::RangeRequest) -> Result<pb::RangeResponse, LogError> {
        let answer = self.connection.call(Repeat::OnOthers, |channel, token| {
            let request = connection::request(request.clone(), token);
            let client = KvClient::new(channel);
            let mut client = client.max_decoding_message_size(ANSWER_BYTES_MAX);
            async move { client.range(request).await }
        });
        answer.await
    }

    async fn txn(&self, txn: pb::TxnRequest, repeat: Repeat) -> Result<pb::TxnResponse, LogError> {
        let answer = self.connection.call(repeat, |channel, token| {
            let request = connection::request(txn.clone(), token);
            let client = KvClient::new(channel);
            let mut client = client.max_decoding_message_size(ANSWER_BYTES_MAX);
            async move { client.txn(request).await }
        });
        answer.await
    }
}

/// The most records that are read at a time: some hundred kilobytes.
const PAGE_RECORDS_MAX: u32 = 64;
/// The most bytes of an answer, or of what a watch tells at once: as many values of the largest size that etcd takes with its usual
/// settings, 1.5 MiB, and their keys.
const ANSWER_BYTES_MAX: usize = 64 * 1600 * 1024;

/// The seconds of a lease, which etcd has as a whole number: more rather than less, so that it does not end before the replica that
/// holds it believes.
fn whole_seconds(lease: Duration) -> u64 {
    lease
        .as_secs()
        .saturating_add(u64::from(lease.subsec_nanos() > 0))
}

fn moment(header: Option<&pb::ResponseHeader>) -> Moment {
    Moment(header.map_or(0, |header| header.revision))
}

fn one(key: Vec<u8>) -> pb::RangeRequest {
    pb::RangeRequest {
        key,
        ..Default::default()
    }
}

fn get(key: Vec<u8>) -> pb::RequestOp {
    pb::RequestOp {
        request: Some(Op::RequestRange(one(key))),
    }
}

fn put(key: Vec<u8>, value: Vec<u8>, lease: i64) -> pb::RequestOp {
    let put = pb::PutRequest { key, value, lease };
    pb::RequestOp {
        request: Some(Op::RequestPut(put)),
    }
}

/// The condition that a key was created at a revision of the store; 0 if it is not there.
fn created_at(key: Vec<u8>, result: CompareResult, revision: i64) -> pb::Compare {
    pb::Compare {
        result: result.into(),
        target: CompareTarget::Create.into(),
        key,
        target_union: Some(TargetUnion::CreateRevision(revision)),
    }
}

/// The condition that a key lives under a lease.
fn lives_under(key: Vec<u8>, lease: i64) -> pb::Compare {
    pb::Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Lease.into(),
        key,
        target_union: Some(TargetUnion::Lease(lease)),
    }
}

fn first_of(response: pb::ResponseOp) -> Option<pb::KeyValue> {
    match response.response? {
        OpResponse::ResponseRange(range) => range.kvs.into_iter().next(),
        OpResponse::ResponsePut(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_in_etcd_lasts_at_least_as_long_as_its_replica_believes() {
        let seconds = |milliseconds| whole_seconds(Duration::from_millis(milliseconds));
        assert_eq!([2000, 2001, 2500].map(seconds), [2, 3, 3]);
    }
}
