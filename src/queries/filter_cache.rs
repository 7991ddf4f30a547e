//! Parsed filters by the bytes of their requests: a dashboard sends the same request all day, and parsing forty pairs takes
//! longer than everything else that its answer costs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many requests are kept; as many as filters share their answers.
const REQUESTS_MAX: usize = 64;
/// The longest request that is kept: two hundred pairs. All of them together take a quarter of a megabyte.
const REQUEST_BYTES_MAX: usize = 4 * 1024;

/// What requests ask for, by their bytes.
#[derive(Debug)]
pub struct FilterCache<Q> {
    known: Mutex<BTreeMap<Box<[u8]>, Arc<Q>>>,
}

impl<Q> Default for FilterCache<Q> {
    fn default() -> Self {
        Self {
            known: Mutex::default(),
        }
    }
}

impl<Q> FilterCache<Q> {
    /// What a request asks for. It is parsed unless the same request was parsed before; a wrong request is parsed each time.
    pub fn get_or_parse<E>(
        &self,
        request: &[u8],
        parse: impl FnOnce() -> Result<Q, E>,
    ) -> Result<Arc<Q>, E> {
        if let Some(known) = self.get(request) {
            return Ok(known);
        }
        let parsed = Arc::new(parse()?);
        if request.len() <= REQUEST_BYTES_MAX {
            let mut known = self.lock();
            if known.len() >= REQUESTS_MAX {
                // Those still in use return with their next request.
                known.clear();
            }
            known.insert(request.into(), Arc::clone(&parsed));
        }
        Ok(parsed)
    }

    /// What a request asks for, if the same request was parsed before.
    pub fn get(&self, request: &[u8]) -> Option<Arc<Q>> {
        self.lock().get(request).map(Arc::clone)
    }

    /// The map is whole at every moment, so a panic while it was locked does not spoil it.
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Box<[u8]>, Arc<Q>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{FilterError, RateFilter};

    fn filter() -> Result<RateFilter, FilterError> {
        RateFilter::parse(&["KZT/USD"])
    }

    #[test]
    fn the_same_request_is_parsed_once_and_another_is_parsed() {
        let cache = FilterCache::default();
        let first = cache.get_or_parse(b"same", filter).unwrap();
        let again = cache
            .get_or_parse(b"same", || Err("it is not parsed"))
            .unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        let other = cache.get_or_parse(b"other", || Err("parsed"));
        assert_eq!(other, Err("parsed"));
    }

    #[test]
    fn a_wrong_request_is_wrong_each_time() {
        let cache = FilterCache::<RateFilter>::default();
        assert_eq!(cache.get_or_parse(b"wrong", || Err(1)), Err(1));
        assert_eq!(cache.get_or_parse(b"wrong", || Err(2)), Err(2));
    }

    #[test]
    fn neither_many_nor_long_requests_are_kept_without_bound() {
        let cache = FilterCache::default();
        for number in 0..=REQUESTS_MAX {
            let request = number.to_string();
            cache.get_or_parse(request.as_bytes(), filter).unwrap();
        }
        let long = vec![0; REQUEST_BYTES_MAX + 1];
        cache.get_or_parse(&long, filter).unwrap();
        assert!(cache.lock().len() <= REQUESTS_MAX);
        assert!(cache.get(&long).is_none());
    }
}
