//! Requests with wrong keys, by the network that they come from: after some of them, the next answers come late.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::callers::Network;

/// How many wrong keys in a row are answered at once: those of a client whose key was replaced, and of the pages behind the
/// same address.
const FREE: u32 = 10;
/// By how much each further one makes the next answer later.
const STEP: Duration = Duration::from_millis(100);
/// The longest delay: longer ones would keep the streams of a client open that has made a mistake, and no one guesses 32 bytes.
const DELAY_MAX: Duration = Duration::from_secs(2);
/// After this time without another one, a network begins anew.
const MEMORY: Duration = Duration::from_secs(60);
/// How many networks are remembered, at some hundred bytes each; beyond it, all of them begin anew.
const ADDRESSES_MAX: usize = 4096;

/// The failures of each network.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<BTreeMap<Network, Failed>>);

#[derive(Debug)]
struct Failed {
    times: u32,
    last: Instant,
}

impl Failures {
    /// Counts a failure, and says for how long its answer is kept back. A valid key is never delayed, whatever comes from the
    /// same network.
    pub(super) fn count(&self, network: Network) -> Duration {
        let now = Instant::now();
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= ADDRESSES_MAX && !failures.contains_key(&network) {
            failures.retain(|_, failed| now.duration_since(failed.last) < MEMORY);
            if failures.len() >= ADDRESSES_MAX {
                failures.clear();
            }
        }
        let failed = failures.entry(network).or_insert(Failed {
            times: 0,
            last: now,
        });
        if now.duration_since(failed.last) >= MEMORY {
            failed.times = 0;
        }
        failed.last = now;
        failed.times = failed.times.saturating_add(1);
        let late = failed.times.saturating_sub(FREE);
        STEP.saturating_mul(late).min(DELAY_MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn address(text: &str) -> Network {
        text.parse::<IpAddr>().unwrap().into()
    }

    #[tokio::test(start_paused = true)]
    async fn the_answers_to_many_wrong_keys_come_later_and_later_and_an_hour_on_at_once() {
        let failures = Failures::default();
        let guesser = address("203.0.113.7");
        let delays: Vec<Duration> = (0..40).map(|_| failures.count(guesser)).collect();
        assert!(delays[..10].iter().all(Duration::is_zero));
        assert_eq!(delays[10], STEP);
        assert_eq!(delays[11], STEP * 2);
        assert_eq!(delays[39], DELAY_MAX);
        assert_eq!(failures.count(address("203.0.113.8")), Duration::ZERO);
        tokio::time::advance(MEMORY).await;
        assert_eq!(failures.count(guesser), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn the_addresses_of_one_network_of_version_6_are_one_and_their_number_is_bounded() {
        let failures = Failures::default();
        for host in 0..12 {
            failures.count(address(&format!("2001:db8:1:2::{host}")));
        }
        assert!(!failures.count(address("2001:db8:1:2:ffff::1")).is_zero());
        assert!(failures.count(address("2001:db8:1:3::1")).is_zero());
        for number in 0..ADDRESSES_MAX + 10 {
            let [.., high, low] = number.to_be_bytes();
            failures.count(IpAddr::from([10, 0, high, low]).into());
        }
        assert!(failures.0.lock().unwrap().len() <= ADDRESSES_MAX);
    }
}
