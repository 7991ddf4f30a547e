//! The order of preference of the sources, for those who read what is published: a reload may change it.

use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::Preference;

/// The order of preference. Clones share it.
#[derive(Debug, Clone)]
pub struct Preferences {
    current: Arc<RwLock<Arc<[Preference]>>>,
}

impl Preferences {
    /// The order now.
    pub fn current(&self) -> Arc<[Preference]> {
        // It is whole at every moment, so a panic while it was locked does not spoil it.
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    /// Replaces the order. The board must be derived with it.
    pub fn set(&self, preferences: &[Preference]) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = preferences.into();
    }
}

impl<P: AsRef<[Preference]> + ?Sized> From<&P> for Preferences {
    fn from(preferences: &P) -> Self {
        Self {
            current: Arc::new(RwLock::new(preferences.as_ref().into())),
        }
    }
}
