//! Messages of streams that are encoded once for all subscribers of a filter.
//!
//! Snapshots and updates depend on the filter of a stream and on positions alone. So the first stream that needs one has it encoded,
//! and every other sends the same bytes. Nothing here knows what the encoding is.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::{block_in_place, yield_now};
use tokio::time::Instant;

use crate::domain::{Position, RateFilter};
use crate::feed::StreamMessage;
use crate::feed::filter_frames::{FilterFrames, Totals};

/// How many filters are known: a site has a handful of tickers; further filters are experiments of single readers. A stream that comes
/// finds the messages of a filter that is known.
const FILTERS_MAX: usize = 64;
/// How long a heartbeat is shared: readers who received their last message together are due together, and a server time
/// that is a second old does no harm.
const HEARTBEAT_AGE_MAX: Duration = Duration::from_secs(1);

/// The turn to encode the wide messages that no other stream needs, in the whole process: with a thread for each of them, every
/// other stream would wait for the processor.
static TURN: Semaphore = Semaphore::const_new(1);

/// Encodes the messages of streams for one protocol.
pub trait MessageEncoder: fmt::Debug + Send + Sync + 'static {
    /// A message as it stands on the wire.
    fn encode(&self, message: &StreamMessage) -> Bytes;
}

/// The filters in use, and what an encoder has encoded for them.
#[derive(Debug)]
pub struct FrameCache<E> {
    encoder: E,
    known: Mutex<Known>,
    heartbeat: Mutex<Option<(Position, Instant, Bytes)>>,
    totals: Arc<Totals>,
}

#[derive(Debug, Default)]
struct Known {
    by_filter: BTreeMap<RateFilter, (Arc<FilterFrames>, u64)>,
    /// Counts uses, to tell which filter was used longest ago.
    uses: u64,
}

impl<E: MessageEncoder> FrameCache<E> {
    /// A cache of what `encoder` encodes.
    pub fn new(encoder: E) -> Self {
        Self {
            encoder,
            known: Mutex::default(),
            heartbeat: Mutex::default(),
            totals: Arc::default(),
        }
    }

    /// How many messages that follow from commits were encoded. It grows with commits and filters, not with subscribers.
    pub fn encoded(&self) -> u64 {
        self.totals.encoded()
    }

    pub(super) fn encode(&self, message: &StreamMessage) -> Bytes {
        self.encoder.encode(message)
    }

    /// A message that follows from a commit, which no other stream needs: it is not kept. The wide ones take milliseconds, so
    /// the other tasks run between two of them: behind hundreds of them, a message to others would wait for seconds.
    pub(super) async fn encode_alone(&self, encode: impl FnOnce() -> Bytes) -> Bytes {
        let _turn = TURN.acquire().await;
        self.totals.count();
        let bytes = encode();
        yield_now().await;
        bytes
    }

    /// What is shared by the readers of a filter. When there are too many filters, the one with the fewest streams goes, and of
    /// several the one used longest ago: those streams share on among themselves, and later streams of the new filter find
    /// theirs. When their messages are too long, all go that no stream has.
    pub(super) fn of_filter(&self, filter: &RateFilter) -> Arc<FilterFrames> {
        let mut known = lock(&self.known);
        if self.totals.take_full() {
            let in_use = |frames: &Arc<FilterFrames>| Arc::strong_count(frames) > 1;
            known.by_filter.retain(|_, (frames, _)| in_use(frames));
        }
        known.uses = known.uses.wrapping_add(1);
        let now = known.uses;
        if let Some((frames, used)) = known.by_filter.get_mut(filter) {
            *used = now;
            return Arc::clone(frames);
        }
        if known.by_filter.len() >= FILTERS_MAX {
            let of_streams =
                |(frames, used): &(Arc<FilterFrames>, u64)| (Arc::strong_count(frames), *used);
            let filters = known.by_filter.iter();
            let fewest = filters.min_by_key(|(_, frames)| of_streams(frames));
            let fewest = fewest.map(|(filter, _)| filter.clone());
            if let Some((displaced, _)) = fewest.and_then(|filter| known.by_filter.remove(&filter))
            {
                displaced.forget();
            }
        }
        let frames = Arc::new(FilterFrames::new(&self.totals));
        let entry = (Arc::clone(&frames), now);
        known.by_filter.insert(filter.clone(), entry);
        frames
    }

    /// The heartbeat at a position, which is the same for the readers of every filter. What moves without commits is at
    /// most a second old in it.
    pub(super) fn heartbeat(&self, position: &Position, encode: impl FnOnce() -> Bytes) -> Bytes {
        let mut kept = lock(&self.heartbeat);
        let now = Instant::now();
        if let Some((of, since, bytes)) = &*kept
            && of == position
            && now.duration_since(*since) < HEARTBEAT_AGE_MAX
        {
            return bytes.clone();
        }
        let bytes = encode();
        *kept = Some((position.clone(), now, bytes.clone()));
        bytes
    }
}

/// Does work of milliseconds; another thread runs the other tasks meanwhile, if the runtime may have one.
pub(super) fn aside<T>(work: impl FnOnce() -> T) -> T {
    let flavor = Handle::try_current().map(|runtime| runtime.runtime_flavor());
    match flavor {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
        _ => work(),
    }
}

/// Whether several streams have a filter: beside this one, the cache holds the frames of one that is known.
pub(super) fn is_shared(frames: &Arc<FilterFrames>) -> bool {
    let alone = if frames.is_known() { 2 } else { 1 };
    Arc::strong_count(frames) > alone
}

/// What is kept is whole at every moment, so a panic while it was locked does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::filter_frames::SharedMessage;

    #[derive(Debug)]
    struct NoEncoder;

    impl MessageEncoder for NoEncoder {
        fn encode(&self, _message: &StreamMessage) -> Bytes {
            Bytes::new()
        }
    }

    fn filter(number: usize) -> RateFilter {
        let letter = |number: usize| char::from(b'A' + u8::try_from(number % 26).unwrap());
        let letters = [letter(number / 676), letter(number / 26), letter(number)];
        let code: String = letters.iter().collect();
        RateFilter::parse(&[format!("{code}/KZT")]).unwrap()
    }

    #[test]
    fn a_filter_without_readers_makes_room_the_one_used_longest_ago_first() {
        let cache = FrameCache::new(NoEncoder);
        let watched = cache.of_filter(&filter(0));
        for number in 1..=FILTERS_MAX {
            cache.of_filter(&filter(number));
        }
        assert!(Arc::ptr_eq(&watched, &cache.of_filter(&filter(0))));
        let known = lock(&cache.known);
        assert_eq!(known.by_filter.len(), FILTERS_MAX);
        assert!(!known.by_filter.contains_key(&filter(1)));
        assert!(known.by_filter.contains_key(&filter(2)));
    }

    #[test]
    fn filters_without_readers_make_room_for_the_messages_of_those_that_have_some() {
        let cache = FrameCache::new(NoEncoder);
        let position = Position {
            epoch: "epoch".into(),
            revision: 1,
        };
        let keep = |frames: &FilterFrames| {
            let wide = || Bytes::from(vec![0; 1024 * 1024]);
            frames.get_or_encode(SharedMessage::Snapshot(&position), wide);
        };
        let watched = cache.of_filter(&filter(0));
        keep(&watched);
        for number in 1..=16 {
            keep(&cache.of_filter(&filter(number)));
        }
        let is_kept = |frames: &FilterFrames| frames.get(SharedMessage::Snapshot(&position));
        let last = cache.of_filter(&filter(16));
        assert!(is_kept(&last).is_none());
        keep(&last);
        assert!(is_kept(&last).is_some());
        assert!(is_kept(&watched).is_some());
        assert_eq!(lock(&cache.known).by_filter.len(), 2);
    }

    #[test]
    fn when_every_filter_has_readers_the_one_with_the_fewest_makes_room() {
        let cache = FrameCache::new(NoEncoder);
        let pair = |number| [0; 2].map(|_| cache.of_filter(&filter(number)));
        let watched: Vec<_> = (0..FILTERS_MAX).map(pair).collect();
        let many = [0; 3].map(|_| cache.of_filter(&filter(FILTERS_MAX)));
        assert!(Arc::ptr_eq(&many[0], &many[2]));
        // The one used longest ago went: its readers share on, and no more find it.
        assert!(!watched[0][0].is_known());
        assert!(is_shared(&watched[0][0]));
        assert!(!Arc::ptr_eq(&watched[0][0], &cache.of_filter(&filter(0))));
        for number in 0..2 * FILTERS_MAX {
            cache.of_filter(&filter(number));
        }
        assert!(Arc::ptr_eq(
            &many[0],
            &cache.of_filter(&filter(FILTERS_MAX))
        ));
        assert_eq!(lock(&cache.known).by_filter.len(), FILTERS_MAX);
    }

    #[test]
    fn what_is_kept_for_filters_that_made_room_stays_within_half_of_what_may_be_kept() {
        let cache = FrameCache::new(NoEncoder);
        let position = |revision| Position {
            epoch: "epoch".into(),
            revision,
        };
        let narrow = || Bytes::from(vec![0; 10_000]);
        let watched: Vec<_> = (0..60 * FILTERS_MAX)
            .map(|number| cache.of_filter(&filter(number)))
            .collect();
        for frames in &watched {
            frames.get_or_encode(SharedMessage::Snapshot(&position(1)), narrow);
        }
        assert!(cache.totals.kept_bytes() < 9 * 1024 * 1024);
        let known = watched.last().unwrap();
        assert!(known.get(SharedMessage::Snapshot(&position(1))).is_some());
        drop(watched);
        drop(cache.of_filter(&filter(0)));
        lock(&cache.known).by_filter.clear();
        assert_eq!(cache.totals.kept_bytes(), 0);
    }
}
