//! The memory of the process against its limit. Near the limit new streams are refused, and nearer to it new connections, so that
//! those that are open go on: the kernel would end all of them at once.
//!
//! The limit is that of the control group, which containers and units of systemd have, or that of the settings: the lower one.

mod limit;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::memory::limit::group_limit;
use crate::telemetry::resident_bytes;

/// How often the memory is read: the files take some ten microseconds, and a thousand streams that open within a second
/// take 20 MiB.
const INTERVAL: Duration = Duration::from_secs(1);
/// From this part of the limit on, in per cent, new streams are refused. What remains is for the answers and updates of those
/// that are open.
const STREAMS_PERCENT: u64 = 85;
/// From this part on new connections are refused too: each takes some 20 KiB before it asks for anything.
const CONNECTIONS_PERCENT: u64 = 92;
/// Where the kernel tells of this process and of control groups.
const ROOT: &str = "/";

/// The memory of the process. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    resident: AtomicU64,
    /// None is 0.
    limit: AtomicU64,
}

/// How near the limit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pressure {
    /// Far, or there is none.
    None,
    /// New streams are refused.
    Streams,
    /// New connections are refused too.
    Connections,
}

/// Figures of the memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryUse {
    /// What is in use.
    pub resident: u64,
    /// The limit.
    pub limit: u64,
}

impl Memory {
    /// How near the limit is, as it was read last.
    pub fn pressure(&self) -> Pressure {
        let Some(MemoryUse { resident, limit }) = self.in_use() else {
            return Pressure::None;
        };
        let is_past = |percent| {
            let bound = u128::from(limit).saturating_mul(u128::from(percent));
            u128::from(resident).saturating_mul(100) >= bound
        };
        if is_past(CONNECTIONS_PERCENT) {
            Pressure::Connections
        } else if is_past(STREAMS_PERCENT) {
            Pressure::Streams
        } else {
            Pressure::None
        }
    }

    /// What is in use, and the limit, if there is one.
    pub fn in_use(&self) -> Option<MemoryUse> {
        let limit = self.0.limit.load(Ordering::Relaxed);
        (limit > 0).then(|| MemoryUse {
            resident: self.0.resident.load(Ordering::Relaxed),
            limit,
        })
    }

    /// Notes what is in use and the limit, and logs where the pressure has changed.
    pub fn note(&self, resident: u64, limit: Option<u64>) {
        let before = self.pressure();
        self.0.resident.store(resident, Ordering::Relaxed);
        self.0.limit.store(limit.unwrap_or(0), Ordering::Relaxed);
        let now = self.pressure();
        match now {
            _ if now == before => {}
            Pressure::None => {
                tracing::info!(
                    resident,
                    limit,
                    "memory is free again; streams and connections are accepted"
                );
            }
            Pressure::Streams => {
                tracing::warn!(
                    resident,
                    limit,
                    "memory is nearly used: new streams are refused (server.memory_max, or the limit of the control group)"
                );
            }
            Pressure::Connections => {
                tracing::error!(
                    resident,
                    limit,
                    "memory is nearly used: new streams and connections are refused (server.memory_max, or the limit of the control group)"
                );
            }
        }
    }

    /// Reads the memory now. A limit of the settings holds where that of the control group is higher, or there is none.
    pub fn read(&self, setting: Option<u64>) {
        let group = group_limit(Path::new(ROOT));
        let limit = group.into_iter().chain(setting).min();
        self.note(resident_bytes().unwrap_or(0), limit);
    }

    /// Reads it each second until it is stopped.
    pub async fn watch(self, setting: Option<u64>, stopped: CancellationToken) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopped.cancelled() => return,
                _ = ticks.tick() => self.read(setting),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressure_begins_at_85_and_at_92_per_cent_of_the_limit_and_ends_below() {
        let memory = Memory::default();
        for (resident, limit, expected) in [
            (0, None, Pressure::None),
            (u64::MAX, None, Pressure::None),
            (849, Some(1000), Pressure::None),
            (850, Some(1000), Pressure::Streams),
            (919, Some(1000), Pressure::Streams),
            (920, Some(1000), Pressure::Connections),
            (2000, Some(1000), Pressure::Connections),
            (849, Some(1000), Pressure::None),
            (u64::MAX, Some(u64::MAX), Pressure::Connections),
        ] {
            memory.note(resident, limit);
            assert_eq!(memory.pressure(), expected, "{resident} of {limit:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_limit_of_the_settings_holds_where_it_is_the_lower_one() {
        let memory = Memory::default();
        memory.read(Some(1));
        let in_use = memory.in_use().unwrap();
        assert_eq!(in_use.limit, 1);
        assert!(in_use.resident > 1_000_000, "{in_use:?}");
        assert_eq!(memory.pressure(), Pressure::Connections);
    }
}
