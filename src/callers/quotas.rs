//! How much each client may ask for in a minute: every request costs something, and what it costs comes back with time.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use crate::callers::quota::{Cost, MINUTE, QuotaExceeded};
use crate::callers::{CountedClient, Network, costs};
use crate::telemetry::Counter;

/// How many places there are for what is kept of clients: half a mebibyte, which is taken at once, so that a peer with a
/// network of addresses cannot have more kept. Of a thousand clients, one in sixty-six shares its place with another one by
/// chance, and its quota.
const PLACES: u32 = 65_536;

/// The quotas of all clients. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Quotas(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Whether there is a limiter: most services have none, and most requests are done with this.
    has_limiter: AtomicBool,
    /// Those of the clients without a quota of their own.
    limiter: RwLock<Option<Arc<Limiter<DefaultClock>>>>,
    refused: Counter,
}

impl Quotas {
    /// Quotas of a number of units a minute; without one there are none.
    pub fn new(per_minute: Option<NonZeroU32>) -> Self {
        let quotas = Self::default();
        quotas.replace(per_minute);
        quotas
    }

    /// Quotas of another number of units a minute, or none, from now on. Another number begins with whole quotas; the same one
    /// goes on.
    pub fn replace(&self, per_minute: Option<NonZeroU32>) {
        let limiter = self.0.limiter.write();
        // It is whole at every moment, so a poisoned lock is safe to use.
        let mut limiter = limiter.unwrap_or_else(PoisonError::into_inner);
        if limiter.as_ref().map(|limiter| limiter.per_minute) == per_minute {
            return;
        }
        let new = |per_minute| Limiter::new(per_minute, DefaultClock::default());
        *limiter = per_minute.map(new).map(Arc::new);
        self.0
            .has_limiter
            .store(limiter.is_some(), Ordering::Relaxed);
    }

    fn limiter(&self) -> Option<Arc<Limiter<DefaultClock>>> {
        if !self.0.has_limiter.load(Ordering::Relaxed) {
            return None;
        }
        let limiter = self.0.limiter.read();
        limiter.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the cost of a request from the quota of a client. One that costs more than a whole quota takes all of it.
    ///
    /// # Errors
    /// [`QuotaExceeded`]: then nothing is taken.
    pub fn charge(&self, client: &CountedClient, cost: u32) -> Result<(), QuotaExceeded> {
        self.take(
            client,
            Cost {
                units: cost,
                taken: 0,
            },
        )
    }

    /// Takes the rest of the cost of a request, of which [`costs::REQUEST`] was taken before it was read.
    ///
    /// # Errors
    /// [`QuotaExceeded`]: then nothing more is taken.
    pub fn charge_rest(&self, client: &CountedClient, cost: u32) -> Result<(), QuotaExceeded> {
        let taken = costs::REQUEST;
        self.take(client, Cost { units: cost, taken })
    }

    fn take(&self, client: &CountedClient, cost: Cost) -> Result<(), QuotaExceeded> {
        let charged = client.charge(cost).unwrap_or_else(|| match self.limiter() {
            Some(limiter) => limiter.charge(client.network(), cost),
            None => Ok(()),
        });
        charged.inspect_err(|_exceeded| self.0.refused.increment())
    }

    /// Whether a client has one.
    pub fn limit(&self, client: &CountedClient) -> bool {
        self.0.has_limiter.load(Ordering::Relaxed) || client.has_quota()
    }

    /// How many requests were refused.
    pub fn refused(&self) -> u64 {
        self.0.refused.get()
    }
}

/// A quota for each client, by a clock.
struct Limiter<C: Clock> {
    cells: RateLimiter<Network, Places, C, NoOpMiddleware<C::Instant>>,
    per_minute: NonZeroU32,
}

impl<C: Clock> Limiter<C> {
    fn new(per_minute: NonZeroU32, clock: C) -> Self {
        Self {
            cells: RateLimiter::new(Quota::per_minute(per_minute), Places::default(), clock),
            per_minute,
        }
    }

    fn charge(&self, client: Network, cost: Cost) -> Result<(), QuotaExceeded> {
        let Some(units) = cost.within(self.per_minute) else {
            return Ok(());
        };
        let wait = match self.cells.check_key_n(&client, units) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(until)) => until.wait_time_from(self.cells.clock().now()),
            // It does not happen: the cost is at most the quota.
            Err(_more_than_the_quota) => MINUTE,
        };
        Err(QuotaExceeded {
            per_minute: self.per_minute.get(),
            wait,
        })
    }
}

impl<C: Clock> fmt::Debug for Limiter<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Limiter({} a minute)", self.per_minute)
    }
}

/// What is kept of clients: a fixed number of places, each client at that of its hash. The hash has a secret of its own in each
/// process, so that no client can choose with whom it shares a place.
struct Places {
    states: Box<[InMemoryState]>,
    hasher: RandomState,
}

impl Default for Places {
    fn default() -> Self {
        let states = (0..PLACES).map(|_| InMemoryState::default());
        Self {
            states: states.collect(),
            hasher: RandomState::new(),
        }
    }
}

impl StateStore for Places {
    type Key = Network;

    fn measure_and_replace<T, F, E>(&self, client: &Network, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let place = self.hasher.hash_one(client) % u64::from(PLACES);
        let state = usize::try_from(place)
            .ok()
            .and_then(|at| self.states.get(at));
        match state {
            Some(state) => state.measure_and_replace(&NotKeyed::NonKey, decide),
            // There is a place for every remainder.
            None => decide(None).map(|(allowed, _)| allowed),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr};
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;
    use crate::callers::OwnLimits;

    fn limiter(per_minute: u32) -> (Limiter<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let per_minute = NonZeroU32::new(per_minute).unwrap();
        (Limiter::new(per_minute, clock.clone()), clock)
    }

    fn units(units: u32) -> Cost {
        Cost { units, taken: 0 }
    }

    fn client(number: u8) -> Network {
        IpAddr::from([192, 0, 2, number]).into()
    }

    #[test]
    fn a_client_may_use_its_quota_at_once_and_gets_it_back_over_a_minute() {
        let (limiter, clock) = limiter(60);
        for _ in 0..60 {
            limiter.charge(client(1), units(1)).unwrap();
        }
        let refused = limiter.charge(client(1), units(1)).unwrap_err();
        assert_eq!(
            (refused.per_minute, refused.wait),
            (60, Duration::from_secs(1))
        );
        // With those of two others, one of which shares the place once in 65 536 runs.
        assert!((2..4).any(|other| limiter.charge(client(other), units(1)).is_ok()));
        clock.advance(Duration::from_secs(1));
        limiter.charge(client(1), units(1)).unwrap();
        limiter.charge(client(1), units(1)).unwrap_err();
        clock.advance(MINUTE);
        limiter.charge(client(1), units(60)).unwrap();
    }

    #[test]
    fn a_request_takes_its_cost_and_one_that_is_refused_takes_nothing() {
        let (limiter, clock) = limiter(60);
        limiter.charge(client(1), units(50)).unwrap();
        let refused = limiter.charge(client(1), units(51)).unwrap_err();
        assert_eq!(refused.wait, Duration::from_secs(41));
        limiter.charge(client(1), units(10)).unwrap();
        clock.advance(MINUTE);
        // More than there ever is.
        limiter.charge(client(1), units(1000)).unwrap();
        limiter.charge(client(1), units(1)).unwrap_err();
    }

    #[test]
    fn a_peer_with_a_network_of_addresses_has_no_more_kept_and_one_client_of_a_network_is_one() {
        let (limiter, _clock) = limiter(60);
        for number in 0..100_000_u128 {
            let address = Ipv6Addr::from_bits((0x2001_0db8 << 96) | (number << 64));
            limiter
                .charge(IpAddr::V6(address).into(), units(1))
                .unwrap();
        }
        assert_eq!(limiter.cells.into_state_store().states.len(), 65_536);
        let (limiter, _clock) = self::limiter(2);
        let of_network = |host: u128| -> Network {
            IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) | host)).into()
        };
        limiter.charge(of_network(1), units(1)).unwrap();
        limiter.charge(of_network(2), units(1)).unwrap();
        limiter.charge(of_network(3), units(1)).unwrap_err();
    }

    #[test]
    fn the_rest_of_a_request_is_what_was_not_taken_before_it_was_read() {
        let quotas = Quotas::new(NonZeroU32::new(60));
        let own = Arc::new(OwnLimits::new("k7f3q9x2", None, NonZeroU32::new(60)));
        for (number, own) in [(1, None), (2, Some(own))] {
            let client = CountedClient::new(client(number), own);
            for _request in 0..2 {
                quotas.charge(&client, costs::REQUEST).unwrap();
                quotas.charge_rest(&client, 30).unwrap();
            }
            quotas.charge_rest(&client, costs::REQUEST).unwrap();
            quotas.charge_rest(&client, 0).unwrap();
            quotas.charge(&client, costs::REQUEST).unwrap_err();
        }
        // One that costs more than there ever is takes all of it in both steps.
        let client = client(3).into();
        quotas.charge(&client, costs::REQUEST).unwrap();
        quotas.charge_rest(&client, 1000).unwrap();
        quotas.charge(&client, costs::REQUEST).unwrap_err();
    }

    #[test]
    fn without_a_quota_every_request_is_free() {
        let quotas = Quotas::new(None);
        assert_eq!(quotas.charge(&client(1).into(), u32::MAX), Ok(()));
        assert_eq!(quotas.refused(), 0);
    }

    #[test]
    fn another_quota_begins_whole_and_the_same_one_goes_on() {
        let quotas = Quotas::new(NonZeroU32::new(60));
        let (clone, client) = (quotas.clone(), client(1).into());
        clone.charge(&client, 60).unwrap();
        quotas.replace(NonZeroU32::new(60));
        clone.charge(&client, 60).unwrap_err();
        quotas.replace(NonZeroU32::new(100));
        clone.charge(&client, 100).unwrap();
        assert_eq!(clone.charge(&client, 60).unwrap_err().per_minute, 100);
        quotas.replace(None);
        clone.charge(&client, 1000).unwrap();
        assert!(!clone.limit(&client));
        assert_eq!(quotas.refused(), 2);
    }

    #[test]
    fn a_key_with_a_quota_of_its_own_has_that_one_from_every_network_and_takes_nothing_of_theirs() {
        let quotas = Quotas::new(NonZeroU32::new(60));
        let own = Arc::new(OwnLimits::new("k7f3q9x2", None, NonZeroU32::new(100)));
        let with_key = |number| CountedClient::new(client(number), Some(Arc::clone(&own)));
        quotas.charge(&with_key(1), 60).unwrap();
        quotas.charge(&with_key(2), 40).unwrap();
        let refused = quotas.charge(&with_key(3), 50).unwrap_err();
        assert_eq!(refused.per_minute, 100);
        quotas.charge(&client(1).into(), 60).unwrap();
        quotas.charge(&with_key(1), 0).unwrap();
        assert_eq!(quotas.refused(), 1);
        let unlimited = Quotas::default();
        assert!(unlimited.limit(&with_key(1)) && !unlimited.limit(&client(1).into()));
        let without_quota = Arc::new(OwnLimits::new("k7f3q9x2", NonZeroU32::new(1), None));
        let client = CountedClient::new(client(1), Some(without_quota));
        quotas.charge(&client, 60).unwrap_err();
    }
}
