//! The keys in force, by their hashes.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::access::{Key, KeyHash, KeyLimits, KeyRecord};
use crate::callers::OwnLimits;

/// How many bytes of a hash lead to its entries. They are compared in the order of the list, and the whole hash is not: the
/// time that takes tells nothing of a key, whose hash no client can choose.
const INDEX_BYTES: usize = 8;

/// A key in force, and what ends the streams that were opened with it.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) record: KeyRecord,
    /// Cancelled when the key is revoked or has expired, and when the service drains.
    pub(super) ended: CancellationToken,
    /// What it has of limits of its own; nothing if it has none.
    pub(super) own_limits: Option<Arc<OwnLimits>>,
}

/// All keys of a file. Those that have ended are among them, so that their users get the reason.
#[derive(Debug, Default)]
pub(super) struct Keyring {
    by_index: BTreeMap<[u8; INDEX_BYTES], Vec<Arc<Holder>>>,
    by_id: BTreeMap<String, Arc<Holder>>,
}

impl Keyring {
    /// The keys of a file that takes the place of `before`. Streams go on whose key is in both; those of the others end.
    pub(super) fn replacing(
        before: &Self,
        records: Vec<KeyRecord>,
        draining: &CancellationToken,
    ) -> Self {
        let mut keyring = Self::default();
        for record in records {
            let before = before.find(&record.hash);
            // What it has used of its quota is not forgotten when another key changes.
            let own_limits = match before {
                Some(holder) if holder.record.limits == record.limits => holder.own_limits.clone(),
                _ => own_limits(&record),
            };
            let known = before.map(|holder| holder.ended.clone());
            // A key whose end was set to a later time may open streams again.
            let known = known.filter(|ended| !ended.is_cancelled());
            let holder = Holder {
                ended: known.unwrap_or_else(|| draining.child_token()),
                own_limits,
                record,
            };
            let (id, holder) = (holder.record.id.clone(), Arc::new(holder));
            let entries = keyring.by_index.entry(index(&holder.record.hash));
            entries.or_default().push(Arc::clone(&holder));
            keyring.by_id.insert(id, holder);
        }
        for holder in before.holders() {
            if keyring.find(&holder.record.hash).is_none() {
                holder.ended.cancel();
            }
        }
        keyring
    }

    /// Ends the streams of the keys that are not valid any more.
    pub(super) fn end_streams(&self, now: Timestamp) {
        for holder in self.holders() {
            if holder.record.check(now).is_err() {
                holder.ended.cancel();
            }
        }
    }

    /// The entry of a key.
    pub(super) fn of(&self, key: &Key) -> Option<&Arc<Holder>> {
        self.find(&key.hash())
    }

    /// The entry with an id.
    pub(super) fn with_id(&self, id: &str) -> Option<&Arc<Holder>> {
        self.by_id.get(id)
    }

    /// How many keys are valid.
    pub(super) fn valid(&self, now: Timestamp) -> usize {
        let valid = self.holders();
        valid
            .filter(|holder| holder.record.check(now).is_ok())
            .count()
    }

    fn holders(&self) -> impl Iterator<Item = &Arc<Holder>> {
        self.by_index.values().flatten()
    }

    fn find(&self, hash: &KeyHash) -> Option<&Arc<Holder>> {
        let entries = self.by_index.get(&index(hash))?;
        entries.iter().find(|holder| holder.record.hash == *hash)
    }
}

fn own_limits(record: &KeyRecord) -> Option<Arc<OwnLimits>> {
    let KeyLimits {
        streams,
        requests_per_minute,
    } = record.limits;
    let has_any = streams.is_some() || requests_per_minute.is_some();
    has_any.then(|| Arc::new(OwnLimits::new(&record.id, streams, requests_per_minute)))
}

fn index(hash: &KeyHash) -> [u8; INDEX_BYTES] {
    let mut index = [0; INDEX_BYTES];
    for (byte, of_hash) in index.iter_mut().zip(hash.bytes()) {
        *byte = *of_hash;
    }
    index
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::access::Scope;

    fn record(key: &Key, id: &str) -> KeyRecord {
        KeyRecord {
            id: id.to_owned(),
            name: "desk".to_owned(),
            hash: key.hash(),
            scopes: BTreeSet::from([Scope::Read]),
            created: Timestamp::UNIX_EPOCH,
            expires: None,
            revoked: None,
            limits: KeyLimits::default(),
        }
    }

    #[test]
    fn streams_end_with_their_key_and_go_on_when_another_one_changes() {
        let [kept, removed, revoked] = [(); 3].map(|()| Key::generate().unwrap());
        let draining = CancellationToken::new();
        let keyring = |before: &Keyring, records| Keyring::replacing(before, records, &draining);
        let all = [(&kept, "a"), (&removed, "b"), (&revoked, "c")];
        let all = all.map(|(key, id)| record(key, id));
        let [first, _, third] = all.clone();
        let before = keyring(&Keyring::default(), all.to_vec());
        let ended = [&kept, &removed, &revoked].map(|key| before.of(key).unwrap().ended.clone());
        let now = Timestamp::UNIX_EPOCH;
        let third = KeyRecord {
            revoked: Some(now),
            ..third
        };
        let after = keyring(&before, vec![first, third]);
        after.end_streams(now);
        assert_eq!(
            ended.each_ref().map(CancellationToken::is_cancelled),
            [false, true, true]
        );
        assert!(after.of(&removed).is_none());
        assert_eq!(after.of(&kept).unwrap().record.id, "a");
        assert_eq!(after.valid(now), 1);
        draining.cancel();
        assert!(ended[0].is_cancelled());
    }

    #[test]
    fn a_key_is_none_of_another_with_the_same_beginning_of_its_hash() {
        let (key, other) = (Key::generate().unwrap(), Key::generate().unwrap());
        let (own, foreign) = (key.hash().digits(), other.hash().digits());
        let digits = [own.split_at(16).0, foreign.split_at(16).1].concat();
        let similar = KeyRecord {
            hash: KeyHash::parse(&digits).unwrap(),
            ..record(&key, "a")
        };
        let records = vec![similar, record(&key, "b")];
        let draining = CancellationToken::new();
        let keyring = Keyring::replacing(&Keyring::default(), records, &draining);
        assert_eq!(keyring.of(&key).unwrap().record.id, "b");
        assert!(keyring.of(&other).is_none());
    }
}
