//! Who makes a request.

use std::fmt;
use std::sync::Arc;

use http::Extensions;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::access::Scope;
use crate::access::keyring::Holder;
use crate::callers::{Caller, CountedClient};

/// The key behind a request, an extension of it. A request without one was made without a key.
#[derive(Clone)]
pub struct Identity {
    holder: Arc<Holder>,
    /// Whether a token of the key was sent in its place.
    is_of_token: bool,
}

impl Identity {
    /// The entry of its key.
    pub(super) fn holder(&self) -> &Holder {
        &self.holder
    }

    /// The holder of a key.
    pub(super) fn new(holder: &Arc<Holder>) -> Self {
        Self {
            holder: Arc::clone(holder),
            is_of_token: false,
        }
    }

    /// A reader of a page with a token of a key.
    pub(super) fn of_token(holder: &Arc<Holder>) -> Self {
        Self {
            is_of_token: true,
            ..Self::new(holder)
        }
    }

    /// The id of the key.
    pub fn id(&self) -> &str {
        &self.holder.record.id
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.holder.record.name
    }

    /// From when on the key is not valid any more.
    pub(super) fn ends(&self) -> Option<Timestamp> {
        self.holder.record.expires
    }

    /// Whether it may be used for something.
    pub fn has(&self, scope: Scope) -> bool {
        self.holder.record.has(scope)
    }

    /// What is cancelled when the key is revoked or has expired, and when the service drains.
    pub fn ended(&self) -> &CancellationToken {
        &self.holder.ended
    }
}

/// By what a request is counted: by its key where that has a limit of its own, and otherwise by the network of its caller; `None`
/// if it has none. The readers of a page with a token are many clients, each at its own network.
pub fn counted(caller: Option<Caller>, identity: Option<&Identity>) -> Option<CountedClient> {
    let of_key = identity.filter(|identity| !identity.is_of_token);
    let own = of_key.and_then(|identity| identity.holder.own_limits.clone());
    caller.map(|caller| CountedClient::new(caller.network(), own))
}

/// The same by the extensions of a request.
pub fn counted_in(extensions: &Extensions) -> Option<CountedClient> {
    counted(extensions.get().copied(), extensions.get())
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Identity({})", self.id())
    }
}
