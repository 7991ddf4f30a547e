//! The settings of `[server]`.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::hosts::{HOSTS, hosts};
use super::{Loader, loopback};
use crate::callers::TrustedProxies;
use crate::config::byte_size::{bytes, bytes_accepted};
use crate::config::{Server, values};

/// The gRPC port, on loopback: opening it to a network is an explicit decision.
pub const LISTEN_DEFAULT: SocketAddr = loopback(50_051);
/// The operators' port, on loopback: a program that can connect to it may decide on held values.
pub const ADMIN_LISTEN_DEFAULT: SocketAddr = loopback(9_464);
/// A client treats a stream as dead after three missed heartbeats: within a minute.
const HEARTBEAT_DEFAULT: Duration = Duration::from_secs(20);
/// A shorter interval has no use; with a longer one, middleboxes close idle connections.
const HEARTBEAT_BOUNDS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);
/// At some 20 KiB for an idle connection, a third of a gigabyte when all are in use.
const CONNECTIONS_DEFAULT: u32 = 16_384;
/// Without a connection no client is served; more than a million exhaust the memory of a large machine.
const CONNECTIONS_BOUNDS: RangeInclusive<u32> = 1..=1_000_000;
/// An office behind one address is served, and one address takes a sixteenth of all.
const CONNECTIONS_PER_ADDRESS_DEFAULT: u32 = 1024;
/// A subscriber with a connection of its own takes some 20 KiB: a gigabyte and a half for all.
pub const STREAMS_DEFAULT: u32 = 65_536;
/// Without a stream there is no subscription; a million is more than one process has been measured with.
const STREAMS_BOUNDS: RangeInclusive<u32> = 1..=1_000_000;

/// A site that multiplexes its readers needs a handful, and one client takes a 64th of all.
const STREAMS_PER_CLIENT_DEFAULT: u32 = 1024;
/// Under less the service would refuse clients from its start on: without one it takes some 50 MiB. More is no limit.
const MEMORY_BOUNDS: RangeInclusive<u64> = 256 << 20..=1 << 50;

/// The accepted form of proxies.
const PROXIES: &str = "a list of addresses and networks, such as [\"10.0.0.0/8\", \"2001:db8::7\"]";

impl Loader<'_> {
    pub(super) fn server(&self) -> Server {
        let heartbeat_interval = self.duration(
            "server.heartbeat_interval",
            HEARTBEAT_DEFAULT,
            &HEARTBEAT_BOUNDS,
        );
        let listen = self.address("server.listen", LISTEN_DEFAULT);
        let reflection = self
            .entries
            .get("server.reflection", "true or false", values::flag);
        Server {
            listen,
            admin_listen: self.address("server.admin_listen", ADMIN_LISTEN_DEFAULT),
            admin_hosts: self
                .entries
                .get("server.admin_hosts", HOSTS, hosts)
                .unwrap_or_default(),
            trusted_proxies: self.trusted_proxies(),
            tls: self.tls("server.tls"),
            admin_tls: self.tls("admin.tls"),
            heartbeat_interval,
            max_connections: self.count(
                "server.max_connections",
                CONNECTIONS_DEFAULT,
                &CONNECTIONS_BOUNDS,
            ),
            max_connections_per_address: self.count(
                "server.max_connections_per_address",
                CONNECTIONS_PER_ADDRESS_DEFAULT,
                &CONNECTIONS_BOUNDS,
            ),
            max_streams: self.count("server.max_streams", STREAMS_DEFAULT, &STREAMS_BOUNDS),
            // For a developer at this machine; a public port tells nothing that the contract does not.
            reflection: reflection.unwrap_or(listen.ip().is_loopback()),
            max_streams_per_client: self.count(
                "server.max_streams_per_client",
                STREAMS_PER_CLIENT_DEFAULT,
                &STREAMS_BOUNDS,
            ),
            memory_max: self.memory_max(),
        }
    }

    fn trusted_proxies(&self) -> TrustedProxies {
        let proxies = self.entries.get("server.trusted_proxies", PROXIES, |raw| {
            let texts = values::list(raw)?;
            TrustedProxies::parse(&texts).map_err(|invalid| invalid.to_string())
        });
        proxies.unwrap_or_default()
    }

    fn memory_max(&self) -> Option<u64> {
        let accepted = bytes_accepted(&MEMORY_BOUNDS);
        self.entries.get("server.memory_max", &accepted, |raw| {
            bytes(raw, &MEMORY_BOUNDS)
        })
    }

    fn count(&self, key: &str, default: u32, bounds: &RangeInclusive<u32>) -> u32 {
        let accepted = format!("an integer from {} to {}", bounds.start(), bounds.end());
        let count = self
            .entries
            .get(key, &accepted, |raw| values::whole(raw, bounds.clone()));
        count.unwrap_or(default)
    }
}
