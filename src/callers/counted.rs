//! By what a client is counted: by its network or, where its key has a limit of its own, by that key.

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::callers::Network;
use crate::callers::quota::{Cost, OwnQuota, QuotaExceeded};

/// By what the streams of a client are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CountedBy {
    /// Its network.
    Network(Network),
    /// The id of its key.
    Key(Arc<str>),
}

/// The limits of one key, which take the place of those of every client.
#[derive(Debug)]
pub struct OwnLimits {
    key: Arc<str>,
    streams: Option<NonZeroU32>,
    quota: Option<OwnQuota>,
}

/// A client as it is counted.
#[derive(Debug, Clone)]
pub struct CountedClient {
    network: Network,
    own: Option<Arc<OwnLimits>>,
}

impl OwnLimits {
    /// The limits of a key, of which nothing is used: how many streams it may have at once, and how many units it may use a
    /// minute.
    pub fn new(key: &str, streams: Option<NonZeroU32>, per_minute: Option<NonZeroU32>) -> Self {
        Self {
            key: key.into(),
            streams,
            quota: per_minute.map(OwnQuota::new),
        }
    }
}

impl CountedClient {
    /// A client of a network whose key has these limits.
    pub fn new(network: Network, own: Option<Arc<OwnLimits>>) -> Self {
        Self { network, own }
    }

    /// Its network.
    pub fn network(&self) -> Network {
        self.network
    }

    /// By what its streams are counted, and how many it may have in the place of the usual number.
    pub fn streams(&self) -> (CountedBy, Option<u32>) {
        let own = self.own.as_ref();
        match own.and_then(|own| Some((&own.key, own.streams?))) {
            Some((key, streams)) => (CountedBy::Key(Arc::clone(key)), Some(streams.get())),
            None => (CountedBy::Network(self.network), None),
        }
    }

    /// Whether it has a quota of its own.
    pub(super) fn has_quota(&self) -> bool {
        self.own_quota().is_some()
    }

    /// Takes a cost from its own quota; nothing if it has none.
    pub(super) fn charge(&self, cost: Cost) -> Option<Result<(), QuotaExceeded>> {
        self.own_quota().map(|quota| quota.charge(cost))
    }

    fn own_quota(&self) -> Option<&OwnQuota> {
        self.own.as_ref().and_then(|own| own.quota.as_ref())
    }
}

impl From<Network> for CountedClient {
    fn from(network: Network) -> Self {
        Self::new(network, None)
    }
}
