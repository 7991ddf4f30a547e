//! All that is served at a position, in the bytes in which it came.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{Fingerprint, ShownChange};

/// All that is served, by subject: the revision that last changed it, and its encoded value. The bytes are kept as they came, so
/// that the fingerprint is the same in every version of silkrate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    by_subject: BTreeMap<String, (u64, Arc<[u8]>)>,
}

impl Shown {
    /// Takes over changes, in their order; a whole state replaces everything.
    #[must_use]
    pub fn changed(&self, changes: &[ShownChange], is_whole: bool) -> Self {
        let mut by_subject = if is_whole {
            BTreeMap::new()
        } else {
            self.by_subject.clone()
        };
        for change in changes {
            match &change.value {
                Some(value) => {
                    let shown = (change.changed_at_revision, Arc::clone(value));
                    by_subject.insert(change.subject.clone(), shown);
                }
                None => drop(by_subject.remove(&change.subject)),
            }
        }
        Self { by_subject }
    }

    /// Whether nothing is served.
    pub fn is_empty(&self) -> bool {
        self.by_subject.is_empty()
    }

    /// All of it, sorted by subject.
    pub fn whole(&self) -> impl Iterator<Item = ShownChange> {
        let subjects = self.by_subject.iter();
        subjects.map(|(subject, (revision, value))| ShownChange {
            subject: subject.clone(),
            changed_at_revision: *revision,
            value: Some(Arc::clone(value)),
        })
    }

    /// SHA-256 of every subject, revision and value, sorted by subject; texts and values with their lengths before them.
    pub fn fingerprint(&self) -> Fingerprint {
        let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes();
        let numbers: Vec<[[u8; 8]; 3]> = self
            .by_subject
            .iter()
            .map(|(subject, (revision, value))| {
                let subject = length(subject.as_bytes());
                [subject, revision.to_be_bytes(), length(value)]
            })
            .collect();
        let subjects = self.by_subject.iter().zip(&numbers);
        Fingerprint::of_parts(subjects.flat_map(
            |((subject, (_, value)), [name, revision, length])| {
                [&name[..], subject.as_bytes(), revision, length, value]
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(subject: &str, changed_at_revision: u64, value: &str) -> ShownChange {
        ShownChange {
            subject: subject.to_owned(),
            changed_at_revision,
            value: Some(value.as_bytes().into()),
        }
    }

    #[test]
    fn the_fingerprint_depends_on_subjects_revisions_and_values() {
        let of = |changes: &[ShownChange]| Shown::default().changed(changes, false).fingerprint();
        let (one, other) = (change("KZT/USD", 7, "ab"), change("KZT/RUB", 7, "c"));
        let both = of(&[one.clone(), other.clone()]);
        assert_eq!(of(&[other.clone(), one.clone()]), both, "in any order");
        for differs in [
            vec![one.clone()],
            vec![change("KZT/USD", 8, "ab"), other.clone()],
            vec![change("KZT/USD", 7, "a"), change("KZT/RUB", 7, "bc")],
            vec![change("KZT/USDa", 7, "b"), other],
        ] {
            assert_ne!(of(&differs), both, "{differs:?}");
        }
    }

    #[test]
    fn what_left_is_gone_and_a_whole_state_replaces_all() {
        let (one, other) = (change("KZT/USD", 7, "ab"), change("KZT/RUB", 7, "c"));
        let both = Shown::default().changed(&[one.clone(), other.clone()], false);
        let left = ShownChange {
            value: None,
            ..one.clone()
        };
        let without = both.changed(&[left], false);
        assert_eq!(without.whole().collect::<Vec<_>>(), [other]);
        let whole = both.changed(std::slice::from_ref(&one), true);
        assert_eq!(whole.whole().collect::<Vec<_>>(), [one]);
    }
}
