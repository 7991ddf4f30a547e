//! Who makes a request.

use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::access::keyring::Holder;
use crate::access::{KeyLimits, Scope};

/// The key behind a request, an extension of it. A request without one was made without a key.
#[derive(Clone)]
pub struct Identity(Arc<Holder>);

impl Identity {
    /// The entry of its key.
    pub(super) fn holder(&self) -> &Holder {
        &self.0
    }

    pub(super) fn new(holder: &Arc<Holder>) -> Self {
        Self(Arc::clone(holder))
    }

    /// The id of the key: what its requests are counted by.
    pub fn id(&self) -> &str {
        &self.0.record.id
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.0.record.name
    }

    /// The limits of the key.
    pub fn limits(&self) -> KeyLimits {
        self.0.record.limits
    }

    /// Whether it may be used for something.
    pub fn has(&self, scope: Scope) -> bool {
        self.0.record.has(scope)
    }

    /// What is cancelled when the key is revoked or has expired, and when the service drains.
    pub fn ended(&self) -> &CancellationToken {
        &self.0.ended
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Identity({})", self.id())
    }
}
