//! Names that a program has as constants (of banks, documents and sources), as they come from another one.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::shared::record::RecordError;

/// The most names of a process: seven banks have some thirty, and a name that was read once stays in memory.
const NAMES_MAX: usize = 1024;
/// The longest name in bytes: an attribution is a sentence.
const NAME_BYTES_MAX: usize = 1024;

/// The names that were read so far.
static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// A name for as long as the process runs. A replica may meet a bank that only a newer version knows.
///
/// # Errors
/// [`RecordError::Broken`] if the name is too long, or there are too many.
pub(super) fn kept(name: &str) -> Result<&'static str, RecordError> {
    let refused = || RecordError::Broken("a name in it is too long, or it has too many".to_owned());
    keep_name(name).ok_or_else(refused)
}

/// The same; `None` if the name is too long, or there are too many.
pub fn keep_name(name: &str) -> Option<&'static str> {
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return Some(known);
    }
    if names.len() >= NAMES_MAX {
        return None;
    }
    let kept: &'static str = Box::leak(name.into());
    names.insert(kept);
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once() {
        let (first, again) = (kept("a bank").unwrap(), kept("a bank").unwrap());
        assert!(std::ptr::eq(first, again));
        assert!(kept(&"x".repeat(NAME_BYTES_MAX + 1)).is_err());
    }
}
