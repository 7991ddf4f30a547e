//! The settings of `[server]`.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::{Loader, loopback};
use crate::config::{ConfigError, Server, values};

/// gRPC, on loopback: whoever opens it to a network says so.
const LISTEN_DEFAULT: SocketAddr = loopback(50_051);
/// Metrics and operators, on loopback: it is nobody else's business.
const ADMIN_LISTEN_DEFAULT: SocketAddr = loopback(9_464);
/// A client takes three missed heartbeats for a dead stream: it learns of one within a minute.
const HEARTBEAT_DEFAULT: Duration = Duration::from_secs(20);
/// Faster tells nothing more; slower, and middle boxes cut idle connections.
const HEARTBEAT_BOUNDS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);
/// At some 20 KiB for an idle one, a third of a gigabyte when all are taken.
const CONNECTIONS_DEFAULT: u32 = 16_384;
/// One, or nobody is served; past a million, the memory of a large machine is gone.
const CONNECTIONS_BOUNDS: RangeInclusive<u32> = 1..=1_000_000;

impl Loader<'_> {
    pub(super) fn server(&self) -> Result<Server, ConfigError> {
        let heartbeat_interval = self.duration(
            "server.heartbeat_interval",
            HEARTBEAT_DEFAULT,
            &HEARTBEAT_BOUNDS,
        )?;
        let gather_writes =
            self.entries
                .get("server.gather_writes", "true or false", values::flag)?;
        Ok(Server {
            listen: self.address("server.listen", LISTEN_DEFAULT)?,
            admin_listen: self.address("server.admin_listen", ADMIN_LISTEN_DEFAULT)?,
            heartbeat_interval,
            max_connections: self.max_connections()?,
            gather_writes: gather_writes.unwrap_or(true),
        })
    }

    fn max_connections(&self) -> Result<u32, ConfigError> {
        let (least, most) = (CONNECTIONS_BOUNDS.start(), CONNECTIONS_BOUNDS.end());
        let accepted = format!("a whole number from {least} to {most}");
        let connections = self
            .entries
            .get("server.max_connections", &accepted, |raw| {
                values::whole(raw, CONNECTIONS_BOUNDS)
            })?;
        Ok(connections.unwrap_or(CONNECTIONS_DEFAULT))
    }
}
