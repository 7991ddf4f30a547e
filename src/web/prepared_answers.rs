//! The answers about the present that are prepared: encoded and compressed once a revision for all requests with the same
//! target.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::Position;
use crate::feed::AnswerCache;
use crate::web::prepared::PreparedAnswer;

/// How many answers for a filter are kept. The tickers of a site send a handful of requests; the widest filter's answers
/// take half a megabyte.
const SNAPSHOTS_MAX: usize = 64;
/// How many bytes of them are kept, before they are compressed: some thirty of the widest filter.
const SNAPSHOT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How many answers for a pair are kept: twice as many pairs as exist, at some four kilobytes each.
const RATES_MAX: usize = 1024;
/// How many charts are kept: those of a front page and its articles in a few sizes, at some ten kilobytes each.
const CHARTS_MAX: usize = 256;
/// The longest request target whose answer is kept: two hundred pairs.
const TARGET_BYTES_MAX: usize = 4 * 1024;
/// How many pages are kept: that of all rates against four currencies and those of the five, in eight languages, each by its
/// address and by the headers of the reader. They take some thirty kilobytes each.
const PAGES_MAX: usize = 144;
/// How long an answer that bears the server time is sent again. Caches keep it for five seconds; another one does no harm.
const SERVER_TIME_AGE_MAX: Duration = Duration::from_secs(1);
/// How long a chart is sent again while nothing is committed: a backfilled table of the past is no commit.
const CHART_AGE_MAX: Duration = Duration::from_secs(60);
/// The path under which a target is a chart.
const CHARTS_PATH: &str = "/chart/";
/// The path under which a target is one pair. Its answer does not bear the server time.
const RATES_PATH: &str = "/v1/rates/";

/// The answers by the path and query of their requests.
#[derive(Debug)]
pub(super) struct PreparedAnswers {
    snapshots: AnswerCache<String, Arc<PreparedAnswer>>,
    rates: AnswerCache<String, Arc<PreparedAnswer>>,
    charts: AnswerCache<String, Arc<PreparedAnswer>>,
    /// By a key of their own: the language of a page may depend on the headers of its request.
    pages: AnswerCache<String, Arc<PreparedAnswer>>,
}

impl Default for PreparedAnswers {
    fn default() -> Self {
        Self {
            snapshots: AnswerCache::new(SNAPSHOTS_MAX)
                .with_age_max(SERVER_TIME_AGE_MAX)
                .with_bytes_max(SNAPSHOT_BYTES_MAX, |answer| answer.plain_bytes()),
            rates: AnswerCache::new(RATES_MAX),
            charts: AnswerCache::new(CHARTS_MAX).with_age_max(CHART_AGE_MAX),
            pages: AnswerCache::new(PAGES_MAX).with_age_max(SERVER_TIME_AGE_MAX),
        }
    }
}

impl PreparedAnswers {
    /// The answer to a target at a position, if it is prepared.
    pub(super) fn get(&self, target: &str, position: &Position) -> Option<Arc<PreparedAnswer>> {
        self.cache(target).get(target, position)
    }

    /// The answer to a target at a position. It is made unless it is prepared; an error is not kept.
    pub(super) fn get_or_make<E>(
        &self,
        target: &str,
        position: &Position,
        make: impl FnOnce() -> Result<PreparedAnswer, E>,
    ) -> Result<Arc<PreparedAnswer>, E> {
        let make = || make().map(Arc::new);
        if target.len() > TARGET_BYTES_MAX {
            return make();
        }
        self.cache(target).get_or_encode(target, position, make)
    }

    /// The page of a key at a position, if it is prepared.
    pub(super) fn known_page(&self, key: &str, position: &Position) -> Option<Arc<PreparedAnswer>> {
        self.pages.get(key, position)
    }

    /// The page of a key at a position. It is made unless it is prepared; an error is not kept.
    pub(super) fn page<E>(
        &self,
        key: &str,
        position: &Position,
        make: impl FnOnce() -> Result<PreparedAnswer, E>,
    ) -> Result<Arc<PreparedAnswer>, E> {
        self.pages
            .get_or_encode(key, position, || make().map(Arc::new))
    }

    fn cache(&self, target: &str) -> &AnswerCache<String, Arc<PreparedAnswer>> {
        if target.starts_with(RATES_PATH) {
            &self.rates
        } else if target.starts_with(CHARTS_PATH) {
            &self.charts
        } else {
            &self.snapshots
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::web::{JSON, caching};

    fn position(revision: u64) -> Position {
        Position {
            epoch: "e".into(),
            revision,
        }
    }

    /// Whether a request has its answer made.
    fn is_made(answers: &PreparedAnswers, target: &str, revision: u64) -> bool {
        let position = position(revision);
        let mut is_made = false;
        let answer = answers.get_or_make(target, &position, || {
            is_made = true;
            let answer = caching::present(&position, target, JSON, String::new());
            Ok::<_, Infallible>(answer)
        });
        drop(answer.unwrap_or_else(|never| match never {}));
        is_made
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_with_the_server_time_is_made_again_after_a_second_and_a_rate_is_not() {
        let answers = PreparedAnswers::default();
        let (snapshot, rate) = ("/v1/snapshot.json", "/v1/rates/KZT/USD");
        assert!(is_made(&answers, snapshot, 7));
        assert!(is_made(&answers, rate, 7));
        assert!(answers.get(snapshot, &position(7)).is_some());
        tokio::time::advance(SERVER_TIME_AGE_MAX).await;
        assert!(answers.get(snapshot, &position(7)).is_none());
        assert!(is_made(&answers, snapshot, 7));
        assert!(!is_made(&answers, rate, 7));
        assert!(is_made(&answers, rate, 8), "another revision");
    }

    #[tokio::test]
    async fn the_answer_to_a_long_target_is_not_kept() {
        let answers = PreparedAnswers::default();
        let target = "x".repeat(TARGET_BYTES_MAX + 1);
        assert!(is_made(&answers, &target, 7));
        assert!(is_made(&answers, &target, 7));
    }
}
