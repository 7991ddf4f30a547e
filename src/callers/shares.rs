//! How much of something limited each client holds: connections of a port, or streams.
//!
//! What one client may hold is a small part of all, so that one alone shuts no other one out. For a crowd of clients who would take all
//! together there is a second rule: once four fifths are taken, a client may hold a 256th part of all. The heaviest are refused
//! then, and a newcomer, who holds nothing, is served until nothing at all is left.

use std::hash::Hash;
use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use thiserror::Error;

/// From this part on, in per cent, the smaller share holds: a service with a usual number of clients is far from it, and what
/// is left serves many newcomers.
const CROWDED_PERCENT: u64 = 80;
/// How many clients could hold their smaller share at once: of 16 384 connections a share is 64, enough for an office behind one
/// address; of 65 536 streams it is 256.
const CROWDED_PARTS: u32 = 256;

/// What each client holds. It has an entry for every client that holds anything, so it is no larger than the number of
/// things that are held.
#[derive(Debug)]
pub struct Shares<C: Eq + Hash> {
    held: DashMap<C, u32>,
    limits: ShareLimits,
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareLimits {
    /// What one client may hold; at least 1.
    pub each: u32,
    /// What all clients together may hold.
    pub all: u32,
}

/// What a client holds, until it is dropped.
#[derive(Debug)]
pub struct Share<C: Eq + Hash> {
    shares: Arc<Shares<C>>,
    client: C,
}

/// A client holds as much as one client may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the client holds {most}, the most that one client may")]
pub struct ShareExceeded {
    /// As much as it may hold now.
    pub most: u32,
    /// Whether it is less than usual, because nearly all is taken.
    pub is_crowded: bool,
}

impl<C: Clone + Eq + Hash> Shares<C> {
    /// Shares within limits, of which nothing is taken.
    pub fn new(limits: ShareLimits) -> Arc<Self> {
        Arc::new(Self {
            held: DashMap::new(),
            limits,
        })
    }

    /// One more for a client, where all clients together hold `taken`. A limit of its own takes the place of the usual one.
    ///
    /// # Errors
    /// [`ShareExceeded`].
    pub fn take(
        self: &Arc<Self>,
        client: C,
        taken: u32,
        own_limit: Option<u32>,
    ) -> Result<Share<C>, ShareExceeded> {
        let (each, smaller) = (own_limit.unwrap_or(self.limits.each), self.smaller());
        let is_crowded = self.is_crowded(taken) && smaller < each;
        let most = if is_crowded { smaller } else { each };
        match self.held.entry(client.clone()) {
            Entry::Occupied(mut held) if *held.get() < most => {
                *held.get_mut() = held.get().saturating_add(1);
            }
            Entry::Occupied(_) => return Err(ShareExceeded { most, is_crowded }),
            Entry::Vacant(none) => {
                none.insert(1);
            }
        }
        Ok(Share {
            shares: Arc::clone(self),
            client,
        })
    }

    /// How many clients hold anything.
    pub fn clients(&self) -> usize {
        self.held.len()
    }

    fn is_crowded(&self, taken: u32) -> bool {
        u64::from(taken) * 100 >= u64::from(self.limits.all) * CROWDED_PERCENT
    }

    fn smaller(&self) -> u32 {
        self.limits
            .all
            .checked_div(CROWDED_PARTS)
            .unwrap_or(1)
            .max(1)
    }
}

impl<C: Eq + Hash> Drop for Share<C> {
    fn drop(&mut self) {
        // One look at the map decides, so that none that comes meanwhile is lost.
        self.shares.held.remove_if_mut(&self.client, |_, held| {
            *held = held.saturating_sub(1);
            *held == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(each: u32, all: u32) -> Arc<Shares<&'static str>> {
        Shares::new(ShareLimits { each, all })
    }

    #[test]
    fn a_client_holds_its_share_and_gets_another_when_it_gives_one_back() {
        let shares = shares(2, 100);
        let mut held: Vec<_> = (0..2)
            .map(|_| shares.take("one", 0, None).unwrap())
            .collect();
        let refused = shares.take("one", 2, None).unwrap_err();
        assert_eq!((refused.most, refused.is_crowded), (2, false));
        let _other = shares.take("other", 2, None).unwrap();
        held.pop();
        held.push(shares.take("one", 2, None).unwrap());
        assert!(shares.take("one", 3, None).is_err());
    }

    #[test]
    fn nothing_is_kept_of_a_client_that_holds_nothing() {
        let shares = shares(10, 100);
        let held: Vec<_> = (0..5)
            .map(|_| shares.take("one", 0, None).unwrap())
            .collect();
        assert_eq!(shares.clients(), 1);
        drop(held);
        assert_eq!(shares.clients(), 0);
    }

    #[test]
    fn when_four_fifths_are_taken_the_heaviest_are_refused_and_newcomers_are_not() {
        let shares = shares(1000, 512);
        let _heavy: Vec<_> = (0..3)
            .map(|_| shares.take("heavy", 0, None).unwrap())
            .collect();
        assert!(shares.take("heavy", 409, None).is_ok());
        let refused = shares.take("heavy", 410, None).unwrap_err();
        assert_eq!((refused.most, refused.is_crowded), (2, true));
        let _first = shares.take("newcomer", 410, None).unwrap();
        let _second = shares.take("newcomer", 511, None).unwrap();
        assert!(shares.take("newcomer", 511, None).is_err());
    }

    #[test]
    fn a_newcomer_is_served_by_the_smallest_limits() {
        let shares = shares(1, 1);
        let held = shares.take("one", 0, None).unwrap();
        assert!(shares.take("one", 1, None).is_err());
        drop(held);
        assert!(shares.take("one", 0, None).is_ok());
    }

    #[test]
    fn a_limit_of_its_own_is_that_of_the_client() {
        let shares = shares(1, 1000);
        let _held: Vec<_> = (0..3)
            .map(|_| shares.take("one", 0, Some(3)).unwrap())
            .collect();
        assert_eq!(shares.take("one", 3, Some(3)).unwrap_err().most, 3);
    }

    #[test]
    fn shares_that_come_and_go_on_many_threads_are_counted_exactly() {
        let shares = shares(u32::MAX, 1000);
        let come_and_go = || {
            for _ in 0..10_000 {
                drop(shares.take("one", 0, None).unwrap());
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(come_and_go);
            }
        });
        assert_eq!(shares.clients(), 0);
    }
}
