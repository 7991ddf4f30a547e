//! The readers without a key: their streams end when every reader needs one.

use std::sync::{Arc, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;

/// What ends the streams of readers without a key. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct KeylessReaders(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    draining: CancellationToken,
    /// Cancelled as long as keys are required, so that a stream ends too whose request was admitted a moment before.
    unwelcome: RwLock<CancellationToken>,
}

impl KeylessReaders {
    /// Readers who may stay until the service drains.
    pub fn new(draining: CancellationToken) -> Self {
        let unwelcome = RwLock::new(draining.child_token());
        Self(Arc::new(Inner {
            draining,
            unwelcome,
        }))
    }

    /// Ends their streams if keys are required from now on, and lets them open others if not.
    pub fn require_keys(&self, is_required: bool) {
        let unwelcome = self.0.unwelcome.write();
        // A token is whole at every moment, so a poisoned lock is safe to use.
        let mut unwelcome = unwelcome.unwrap_or_else(PoisonError::into_inner);
        if is_required {
            unwelcome.cancel();
        } else if unwelcome.is_cancelled() {
            *unwelcome = self.0.draining.child_token();
        }
    }

    /// What is cancelled when they have to go, and when the service drains.
    pub(super) fn unwelcome(&self) -> CancellationToken {
        let unwelcome = self.0.unwelcome.read();
        unwelcome.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
