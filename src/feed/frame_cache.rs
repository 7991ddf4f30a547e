//! What is encoded once for all subscribers of a filter.
//!
//! The messages of a stream and the answers of unary calls depend on a filter and on positions alone. So the first who
//! needs one has it encoded, and everyone else gets the same bytes. Nothing here knows what the encoding is.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::domain::{Pair, Position, RateFilter};

/// How many filters are shared: a site has a handful of tickers, and the rest is people who try things.
const TOPICS_MAX: usize = 64;
/// How many updates of a filter are kept: each of those that readers may be behind by, and the ways to the newest for
/// those who are further behind or come back from the same few positions after a cut.
const FRAMES_MAX: usize = 32;
/// How many bytes of updates a filter keeps: the widest filter's updates are of this order, and 64 such filters take
/// 64 MiB.
const FRAME_BYTES_MAX: usize = 1024 * 1024;

/// How long a sign of life is good for all: readers who were last told something together are due together, and nobody
/// minds a server's clock that is a second old.
const HEARTBEAT_AGE_MAX: Duration = Duration::from_secs(1);

/// The filters in use, and what has been encoded for them.
#[derive(Debug, Default)]
pub struct FrameCache {
    known: Mutex<Known>,
    rates: Mutex<Answers>,
    heartbeat: Mutex<Option<(Position, Instant, Bytes)>>,
    encoded: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Known {
    by_filter: BTreeMap<RateFilter, (Arc<FilterFrames>, u64)>,
    /// Counts uses, to tell which topic was used longest ago.
    uses: u64,
}

/// The answers for single pairs, all of one position.
#[derive(Debug, Default)]
struct Answers {
    position: Option<Position>,
    by_pair: BTreeMap<Pair, Bytes>,
}

/// What has been encoded for a filter.
#[derive(Debug)]
pub struct FilterFrames {
    frames: Mutex<Frames>,
    encoded: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Frames {
    /// The newest state as a message of a stream.
    snapshot: Option<(Position, Bytes)>,
    /// The newest state as an answer.
    answer: Option<(Position, Bytes)>,
    /// Updates by where they begin and where they lead, the newest last.
    updates: VecDeque<(u64, Position, Bytes)>,
    update_bytes: usize,
}

impl FrameCache {
    /// The topic of a filter. When there are too many, the one used longest ago and by no stream goes; when all are in
    /// use, this one is shared with nobody.
    pub fn topic(&self, filter: &RateFilter) -> Arc<FilterFrames> {
        let mut known = lock(&self.known);
        known.uses = known.uses.wrapping_add(1);
        let now = known.uses;
        if let Some((topic, used)) = known.by_filter.get_mut(filter) {
            *used = now;
            return Arc::clone(topic);
        }
        let topic = Arc::new(FilterFrames {
            frames: Mutex::default(),
            encoded: Arc::clone(&self.encoded),
        });
        if known.by_filter.len() >= TOPICS_MAX {
            let idle = known.by_filter.iter();
            let idle = idle.filter(|(_, (topic, _))| Arc::strong_count(topic) == 1);
            let oldest = idle.min_by_key(|(_, (_, used))| *used);
            let Some(oldest) = oldest.map(|(filter, _)| filter.clone()) else {
                return topic;
            };
            known.by_filter.remove(&oldest);
        }
        let entry = (Arc::clone(&topic), now);
        known.by_filter.insert(filter.clone(), entry);
        topic
    }

    /// The answer for a pair at a position.
    pub fn rate<E>(
        &self,
        pair: Pair,
        position: &Position,
        encode: impl FnOnce() -> Result<Bytes, E>,
    ) -> Result<Bytes, E> {
        let mut answers = lock(&self.rates);
        if answers.position.as_ref() != Some(position) {
            answers.by_pair.clear();
            answers.position = Some(position.clone());
        }
        if let Some(known) = answers.by_pair.get(&pair) {
            return Ok(known.clone());
        }
        let bytes = encode()?;
        self.encoded.fetch_add(1, Ordering::Relaxed);
        answers.by_pair.insert(pair, bytes.clone());
        Ok(bytes)
    }

    /// A sign of life at a position: it tells the same to the readers of every filter. What moves without commits is at
    /// most a second old in it.
    pub fn heartbeat(&self, position: &Position, encode: impl FnOnce() -> Bytes) -> Bytes {
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

    /// How often something that follows from commits was encoded to be shared. It grows with commits and filters, and not with subscribers.
    pub fn encoded(&self) -> u64 {
        self.encoded.load(Ordering::Relaxed)
    }
}

impl FilterFrames {
    /// The message that leads from a revision to a position.
    pub fn update(&self, after: u64, to: &Position, encode: impl FnOnce() -> Bytes) -> Bytes {
        let mut frames = lock(&self.frames);
        let mut newest_first = frames.updates.iter().rev();
        let known = newest_first.find(|(from, until, _)| *from == after && until == to);
        if let Some((_, _, bytes)) = known {
            return bytes.clone();
        }
        let bytes = self.encode(encode);
        frames.update_bytes = frames.update_bytes.saturating_add(bytes.len());
        frames.updates.push_back((after, to.clone(), bytes.clone()));
        while frames.updates.len() > FRAMES_MAX
            || (frames.update_bytes > FRAME_BYTES_MAX && frames.updates.len() > 1)
        {
            if let Some((_, _, oldest)) = frames.updates.pop_front() {
                frames.update_bytes = frames.update_bytes.saturating_sub(oldest.len());
            }
        }
        bytes
    }

    /// The whole state at a position, as a message of a stream.
    pub fn snapshot(&self, position: &Position, encode: impl FnOnce() -> Bytes) -> Bytes {
        let mut frames = lock(&self.frames);
        self.newest(&mut frames.snapshot, position, encode)
    }

    /// The whole state at a position, as an answer.
    pub fn answer(&self, position: &Position, encode: impl FnOnce() -> Bytes) -> Bytes {
        let mut frames = lock(&self.frames);
        self.newest(&mut frames.answer, position, encode)
    }

    fn newest(
        &self,
        kept: &mut Option<(Position, Bytes)>,
        position: &Position,
        encode: impl FnOnce() -> Bytes,
    ) -> Bytes {
        if let Some((of, bytes)) = kept
            && of == position
        {
            return bytes.clone();
        }
        let bytes = self.encode(encode);
        // Who is late does not take the place of what everybody else wants.
        let is_newest = kept
            .as_ref()
            .is_none_or(|(of, _)| of.revision <= position.revision);
        if is_newest {
            *kept = Some((position.clone(), bytes.clone()));
        }
        bytes
    }

    /// Under the topic's lock: those who want the same wait for it, instead of doing it again.
    fn encode(&self, encode: impl FnOnce() -> Bytes) -> Bytes {
        self.encoded.fetch_add(1, Ordering::Relaxed);
        encode()
    }
}

/// What is kept is whole at every moment, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(number: usize) -> RateFilter {
        let letter = |number: usize| char::from(b'A' + u8::try_from(number % 26).unwrap());
        let code: String = [letter(number / 26), letter(number), 'X'].iter().collect();
        RateFilter::parse(&[format!("{code}/KZT")]).unwrap()
    }

    fn position(revision: u64) -> Position {
        Position {
            epoch: "epoch".into(),
            revision,
        }
    }

    /// Whether an update has to be encoded.
    fn is_new(topic: &FilterFrames, after: u64, frame: &Bytes) -> bool {
        let mut is_new = false;
        topic.update(after, &position(after + 1), || {
            is_new = true;
            frame.clone()
        });
        is_new
    }

    #[test]
    fn a_filter_without_readers_makes_room_the_one_used_longest_ago_first() {
        let topics = FrameCache::default();
        let watched = topics.topic(&filter(0));
        for number in 1..=TOPICS_MAX {
            topics.topic(&filter(number));
        }
        assert!(Arc::ptr_eq(&watched, &topics.topic(&filter(0))));
        let known = lock(&topics.known);
        assert_eq!(known.by_filter.len(), TOPICS_MAX);
        assert!(!known.by_filter.contains_key(&filter(1)));
        assert!(known.by_filter.contains_key(&filter(2)));
    }

    #[test]
    fn when_every_topic_has_readers_one_more_is_shared_with_nobody() {
        let topics = FrameCache::default();
        let watched: Vec<_> = (0..TOPICS_MAX)
            .map(|number| topics.topic(&filter(number)))
            .collect();
        let more = [0; 2].map(|_| topics.topic(&filter(TOPICS_MAX)));
        assert!(!Arc::ptr_eq(&more[0], &more[1]));
        drop(watched);
        let more = [0; 2].map(|_| topics.topic(&filter(TOPICS_MAX)));
        assert!(Arc::ptr_eq(&more[0], &more[1]));
    }

    #[test]
    fn a_topic_keeps_some_updates_and_not_too_many_bytes_of_them() {
        let topic = FrameCache::default().topic(&filter(0));
        let small = Bytes::from_static(b"small");
        let most = u64::try_from(FRAMES_MAX).unwrap();
        for after in 0..=most {
            assert!(is_new(&topic, after, &small));
        }
        assert!(!is_new(&topic, 1, &small));
        assert!(is_new(&topic, 0, &small), "it was the oldest");
        let large = Bytes::from(vec![0; FRAME_BYTES_MAX]);
        assert!(is_new(&topic, most + 1, &large));
        assert!(!is_new(&topic, most + 1, &large), "the newest is kept");
        assert!(is_new(&topic, most, &small), "and nothing beside it");
    }

    #[test]
    fn who_is_late_does_not_displace_the_newest_state() {
        let topics = FrameCache::default();
        let topic = topics.topic(&filter(0));
        for revision in [2, 1, 2] {
            topic.snapshot(&position(revision), Bytes::new);
        }
        assert_eq!(topics.encoded(), 2);
    }
}
