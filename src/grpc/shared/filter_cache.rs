//! What requests ask for, by their bytes: a dashboard asks the same all day, and reading forty pairs takes longer than
//! all else that its answer costs here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::RateFilter;

/// How many requests are remembered; as many as filters are shared.
const REQUESTS_MAX: usize = 64;
/// The longest request that is: two hundred pairs. It makes a quarter of a megabyte in all.
const REQUEST_BYTES_MAX: usize = 4 * 1024;

/// The filters of requests, by what the request was.
#[derive(Debug, Default)]
pub(super) struct FilterCache {
    known: Mutex<BTreeMap<Box<[u8]>, Arc<RateFilter>>>,
}

impl FilterCache {
    /// The filter of a request, which is read only if nobody sent the same before. What is wrong is read each time.
    pub(super) fn filter<E>(
        &self,
        request: &[u8],
        read: impl FnOnce() -> Result<RateFilter, E>,
    ) -> Result<Arc<RateFilter>, E> {
        // What is kept is whole at every moment, so a panic elsewhere does not spoil it.
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(filter) = known().get(request) {
            return Ok(Arc::clone(filter));
        }
        let filter = Arc::new(read()?);
        if request.len() <= REQUEST_BYTES_MAX {
            let mut known = known();
            if known.len() >= REQUESTS_MAX {
                // Those still in use are back at once, and cost what they did before.
                known.clear();
            }
            known.insert(request.into(), Arc::clone(&filter));
        }
        Ok(filter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FilterError;

    fn filter() -> Result<RateFilter, FilterError> {
        RateFilter::parse(&["KZT/USD"])
    }

    #[test]
    fn the_same_request_is_read_once_and_another_is_read() {
        let filters = FilterCache::default();
        let first = filters.filter(b"same", filter).unwrap();
        let again = filters.filter(b"same", || Err("it is not read")).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!(filters.filter(b"other", || Err("read")), Err("read"));
    }

    #[test]
    fn a_wrong_request_is_wrong_each_time() {
        let filters = FilterCache::default();
        assert_eq!(filters.filter(b"wrong", || Err(1)), Err(1));
        assert_eq!(filters.filter(b"wrong", || Err(2)), Err(2));
    }

    #[test]
    fn neither_many_nor_long_requests_are_kept_without_bound() {
        let filters = FilterCache::default();
        for number in 0..=REQUESTS_MAX {
            filters
                .filter(number.to_string().as_bytes(), filter)
                .unwrap();
        }
        let long = vec![0; REQUEST_BYTES_MAX + 1];
        filters.filter(&long, filter).unwrap();
        let known = filters.known.lock().unwrap();
        assert!(known.len() <= REQUESTS_MAX);
        assert!(!known.contains_key(&*long));
    }
}
