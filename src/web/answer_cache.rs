//! Answers about the present, encoded and compressed once for all who send the same request in the same second.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::domain::Position;
use crate::web::ready::ReadyAnswer;

/// How many answers are kept. The tickers of a site send a handful of requests; beyond this, each is answered anew.
const ANSWERS_MAX: usize = 64;
/// The longest request target whose answer is kept: two hundred pairs.
const TARGET_BYTES_MAX: usize = 4 * 1024;

/// What an answer depends on, beside the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    position: Position,
    /// An answer holds the time of the server, in whole seconds.
    second: i64,
}

/// The answers of one moment, by the path and query of their requests. Those of an older moment are dropped with the first
/// request of a newer one, so nothing here is ever out of date.
#[derive(Debug, Default)]
pub(super) struct AnswerCache(Mutex<Answers>);

#[derive(Debug, Default)]
struct Answers {
    moment: Option<Moment>,
    by_target: BTreeMap<Box<str>, Arc<ReadyAnswer>>,
}

impl Moment {
    pub(super) fn new(position: &Position, now: Timestamp) -> Self {
        Self {
            position: position.clone(),
            second: now.as_second(),
        }
    }
}

impl AnswerCache {
    /// The answer to a request, if it was made at this moment.
    pub(super) fn get(&self, moment: &Moment, target: &str) -> Option<Arc<ReadyAnswer>> {
        let answers = self.lock();
        if answers.moment.as_ref() != Some(moment) {
            return None;
        }
        answers.by_target.get(target).map(Arc::clone)
    }

    /// The answer to a request. It is made unless it was made at this moment; an error is not kept.
    pub(super) fn get_or_make<E>(
        &self,
        moment: Moment,
        target: &str,
        make: impl FnOnce() -> Result<ReadyAnswer, E>,
    ) -> Result<Arc<ReadyAnswer>, E> {
        if let Some(answer) = self.get(&moment, target) {
            return Ok(answer);
        }
        let answer = Arc::new(make()?);
        let mut answers = self.lock();
        if answers.moment.as_ref() != Some(&moment) {
            answers.moment = Some(moment);
            answers.by_target.clear();
        }
        if answers.by_target.len() < ANSWERS_MAX && target.len() <= TARGET_BYTES_MAX {
            answers.by_target.insert(target.into(), Arc::clone(&answer));
        }
        Ok(answer)
    }

    /// The answers are whole at every moment, so a panic while they were locked does not spoil them.
    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::web::{JSON, caching};

    fn moment(revision: u64, millisecond: i64) -> Moment {
        let now = Timestamp::from_millisecond(millisecond).unwrap();
        Moment::new(&position(revision), now)
    }

    fn position(revision: u64) -> Position {
        Position {
            epoch: "e".into(),
            revision,
        }
    }

    /// Whether a request is answered anew.
    fn is_made(cache: &AnswerCache, moment: Moment, target: &str) -> bool {
        let mut made = false;
        let answer = cache.get_or_make(moment, target, || {
            made = true;
            Ok::<_, Infallible>(caching::present(&position(0), target, JSON, String::new()))
        });
        drop(answer.unwrap());
        made
    }

    #[test]
    fn an_answer_is_made_once_in_a_second_and_at_a_revision() {
        let cache = AnswerCache::default();
        assert!(is_made(&cache, moment(7, 1_000), "/a"));
        assert!(!is_made(&cache, moment(7, 1_999), "/a"));
        assert!(is_made(&cache, moment(7, 1_999), "/b"));
        assert!(is_made(&cache, moment(7, 2_000), "/a"), "another second");
        assert!(is_made(&cache, moment(8, 2_000), "/a"), "another revision");
        assert!(is_made(&cache, moment(8, 2_000), "/b"), "it was dropped");
        assert!(!is_made(&cache, moment(8, 2_000), "/a"));
    }

    #[test]
    fn the_answers_that_are_kept_are_bounded_in_number_and_in_length() {
        let cache = AnswerCache::default();
        for index in 0..ANSWERS_MAX {
            assert!(is_made(&cache, moment(7, 0), &format!("/{index}")));
        }
        assert!(is_made(&cache, moment(7, 0), "/more"));
        assert!(is_made(&cache, moment(7, 0), "/more"), "there is no room");
        assert!(!is_made(&cache, moment(7, 0), "/0"));
        let long = "x".repeat(TARGET_BYTES_MAX + 1);
        assert!(is_made(&cache, moment(8, 0), &long));
        assert!(is_made(&cache, moment(8, 0), &long));
    }

    #[test]
    fn an_error_is_not_kept() {
        let cache = AnswerCache::default();
        assert!(cache.get_or_make(moment(7, 0), "/a", || Err(())).is_err());
        assert!(is_made(&cache, moment(7, 0), "/a"));
    }
}
