//! Answers that are encoded once a revision and query.
//!
//! An answer about the present depends on its query and on the position alone. So the first request that needs one has it
//! encoded, and every other gets the same. Nothing here knows what the encoding is.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::Position;

/// How many bytes an answer has.
type LengthOf<A> = fn(&A) -> usize;

/// Answers by query, each of the newest position that was asked for.
#[derive(Debug)]
pub struct AnswerCache<Q, A> {
    known: Mutex<Known<Q, A>>,
    answers_max: usize,
    /// How many bytes of answers are kept, and how many one has; without limit when there is none.
    bytes_max: Option<(usize, LengthOf<A>)>,
    /// How long an answer is given while its position stands; without limit when there is none.
    age_max: Option<Duration>,
    encoded: AtomicU64,
}

#[derive(Debug)]
struct Known<Q, A> {
    by_query: BTreeMap<Q, KeptAnswer<A>>,
    /// Counts uses, to tell which answer was used longest ago.
    uses: u64,
    /// What all answers have.
    bytes: usize,
}

#[derive(Debug)]
struct KeptAnswer<A> {
    slot: Arc<Slot<A>>,
    used: u64,
    bytes: usize,
}

/// The place of an answer. It is locked while the answer is encoded: those who want the same wait, instead of encoding it
/// again.
type Slot<A> = Mutex<Option<Answer<A>>>;

#[derive(Debug)]
struct Answer<A> {
    position: Position,
    since: Instant,
    encoded: A,
}

impl<Q: Ord + Clone, A: Clone> AnswerCache<Q, A> {
    /// A cache of at most `answers_max` answers.
    pub fn new(answers_max: usize) -> Self {
        Self {
            known: Mutex::new(Known {
                by_query: BTreeMap::new(),
                uses: 0,
                bytes: 0,
            }),
            answers_max,
            bytes_max: None,
            age_max: None,
            encoded: AtomicU64::new(0),
        }
    }

    /// The same, which keeps no more bytes of answers than `bytes_max`, by what `length_of` says of each; of a longer one alone it
    /// keeps that.
    #[must_use]
    pub fn with_bytes_max(self, bytes_max: usize, length_of: LengthOf<A>) -> Self {
        Self {
            bytes_max: Some((bytes_max, length_of)),
            ..self
        }
    }

    /// The same for answers that tell the time: each is encoded again after `age_max`, though its position stands.
    #[must_use]
    pub fn with_age_max(self, age_max: Duration) -> Self {
        Self {
            age_max: Some(age_max),
            ..self
        }
    }

    /// The answer to a query at a position. It is encoded unless it is known; an error is never kept.
    pub fn get_or_encode<K, E>(
        &self,
        query: &K,
        position: &Position,
        encode: impl FnOnce() -> Result<A, E>,
    ) -> Result<A, E>
    where
        Q: Borrow<K>,
        K: Ord + ToOwned<Owned = Q> + ?Sized,
    {
        let known = self.slot(query);
        let slot = known.clone().unwrap_or_default();
        let mut kept = lock(&slot);
        if let Some(encoded) = self.current(kept.as_ref(), position) {
            return Ok(encoded);
        }
        let encoded = encode()?;
        self.encoded.fetch_add(1, Ordering::Relaxed);
        // Revisions compare across epochs: a new epoch of a running process continues the numbers.
        // A late request for an older position does not displace what every other request needs.
        let is_newest = kept
            .as_ref()
            .is_none_or(|answer| answer.position.revision <= position.revision);
        if is_newest {
            *kept = Some(Answer {
                position: position.clone(),
                since: Instant::now(),
                encoded: encoded.clone(),
            });
        }
        drop(kept);
        let length = self
            .bytes_max
            .map_or(0, |(_, length_of)| length_of(&encoded));
        if known.is_none() || (is_newest && length > 0) {
            self.insert(query.to_owned(), slot, length);
        }
        Ok(encoded)
    }

    /// The answer to a query at a position, if it was encoded before.
    pub fn get<K>(&self, query: &K, position: &Position) -> Option<A>
    where
        Q: Borrow<K>,
        K: Ord + ?Sized,
    {
        let slot = self.slot(query)?;
        let kept = lock(&slot);
        self.current(kept.as_ref(), position)
    }

    /// How many answers were encoded. It grows with commits and queries, not with requests.
    pub fn encoded(&self) -> u64 {
        self.encoded.load(Ordering::Relaxed)
    }

    /// What is kept, if it is of the position and not too old.
    fn current(&self, kept: Option<&Answer<A>>, position: &Position) -> Option<A> {
        let answer = kept.filter(|answer| answer.position == *position)?;
        let is_recent = self
            .age_max
            .is_none_or(|age_max| answer.since.elapsed() < age_max);
        is_recent.then(|| answer.encoded.clone())
    }

    fn slot<K>(&self, query: &K) -> Option<Arc<Slot<A>>>
    where
        Q: Borrow<K>,
        K: Ord + ?Sized,
    {
        let mut known = lock(&self.known);
        known.uses = known.uses.wrapping_add(1);
        let now = known.uses;
        let kept = known.by_query.get_mut(query)?;
        kept.used = now;
        Some(Arc::clone(&kept.slot))
    }

    /// Keeps an answer, in the place of those used longest ago when there are too many.
    fn insert(&self, query: Q, slot: Arc<Slot<A>>, bytes: usize) {
        let mut known = lock(&self.known);
        known.remove(&query);
        let used = known.uses;
        let is_too_much = |known: &Known<Q, A>| {
            let bytes = known.bytes.saturating_add(bytes);
            known.by_query.len() >= self.answers_max
                || self
                    .bytes_max
                    .is_some_and(|(bytes_max, _)| bytes > bytes_max)
        };
        while is_too_much(&known) && known.remove_oldest() {}
        known.bytes = known.bytes.saturating_add(bytes);
        let kept = KeptAnswer { slot, used, bytes };
        known.by_query.insert(query, kept);
    }
}

impl<Q: Ord + Clone, A> Known<Q, A> {
    fn remove(&mut self, query: &Q) {
        if let Some(removed) = self.by_query.remove(query) {
            self.bytes = self.bytes.saturating_sub(removed.bytes);
        }
    }

    /// Removes the answer used longest ago; returns whether there was one.
    fn remove_oldest(&mut self) -> bool {
        let oldest = self.by_query.iter().min_by_key(|(_, kept)| kept.used);
        let oldest = oldest.map(|(query, _)| query.clone());
        if let Some(oldest) = &oldest {
            self.remove(oldest);
        }
        oldest.is_some()
    }
}

/// What is kept is whole at every moment, so a panic while it was locked does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn position(revision: u64) -> Position {
        Position {
            epoch: "epoch".into(),
            revision,
        }
    }

    /// The answer of a query at a revision; it is the number of answers encoded before it.
    fn answer(cache: &AnswerCache<u64, u64>, query: u64, revision: u64) -> u64 {
        let encode = || Ok::<_, Infallible>(cache.encoded());
        let answer = cache.get_or_encode(&query, &position(revision), encode);
        answer.unwrap_or_else(|never| match never {})
    }

    #[tokio::test]
    async fn an_answer_is_encoded_once_a_position_and_a_late_request_does_not_displace_it() {
        let cache = AnswerCache::new(2);
        assert_eq!((answer(&cache, 7, 1), answer(&cache, 7, 1)), (0, 0));
        assert_eq!((answer(&cache, 7, 2), answer(&cache, 8, 2)), (1, 2));
        assert_eq!((answer(&cache, 7, 1), answer(&cache, 7, 2)), (3, 1));
    }

    #[tokio::test]
    async fn the_answer_used_longest_ago_makes_room() {
        let cache = AnswerCache::new(2);
        assert_eq!((answer(&cache, 1, 1), answer(&cache, 2, 1)), (0, 1));
        assert_eq!((answer(&cache, 1, 1), answer(&cache, 3, 1)), (0, 2));
        assert_eq!((answer(&cache, 1, 1), answer(&cache, 2, 1)), (0, 3));
    }

    #[tokio::test]
    async fn the_answers_used_longest_ago_make_room_for_the_bytes_of_another() {
        // An answer has as many bytes as were encoded before it.
        let length_of = |number: &u64| usize::try_from(*number).unwrap();
        let cache = AnswerCache::new(9).with_bytes_max(3, length_of);
        for query in 0..3 {
            answer(&cache, query, 1);
        }
        assert_eq!((0..3).map(|query| answer(&cache, query, 1)).sum::<u64>(), 3);
        assert_eq!(answer(&cache, 0, 2), 3, "of as many as may be");
        assert_eq!(lock(&cache.known).bytes, 3);
        assert_eq!(lock(&cache.known).by_query.len(), 1);
        assert_eq!(answer(&cache, 1, 1), 4, "longer than may be");
        assert_eq!(answer(&cache, 1, 1), 4, "and kept alone");
        assert_eq!(lock(&cache.known).by_query.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_tells_the_time_is_encoded_again_after_its_age() {
        let cache = AnswerCache::new(2).with_age_max(Duration::from_secs(1));
        assert_eq!(answer(&cache, 1, 1), 0);
        tokio::time::advance(Duration::from_millis(999)).await;
        assert_eq!(answer(&cache, 1, 1), 0);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(answer(&cache, 1, 1), 1);
    }

    #[tokio::test]
    async fn an_error_is_not_kept() {
        let cache = AnswerCache::<u64, u64>::new(2);
        for error in ["first", "second"] {
            let answer = cache.get_or_encode(&1, &position(1), || Err(error));
            assert_eq!(answer, Err(error));
        }
        assert_eq!(answer(&cache, 1, 1), 0);
    }
}
