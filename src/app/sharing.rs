//! What the clients of all ports share: which connections are accepted, the memory of the process, the quotas, and how long readers
//! without a key may stay.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::bounded;
use crate::app::tasks::{Stage, Tasks};
use crate::callers::Quotas;
use crate::config::{self, Config};
use crate::feed::{Feed, KeylessReaders};
use crate::listener::{Admission, Listener};
use crate::memory::Memory;
use crate::tls::ServerTls;

/// What the clients of all ports share. Clones share it too.
#[derive(Debug, Clone)]
pub(super) struct Sharing {
    /// Which connections the ports of clients accept.
    pub(super) admission: Admission,
    /// What each client may ask for.
    pub(super) quotas: Quotas,
    keyless: KeylessReaders,
    /// The number of connections of the gRPC port.
    connections_max: u32,
}

impl Sharing {
    /// That of a configuration, and what ends its listeners; from now on a task reads the memory of the process.
    pub(super) fn start(config: &Config, tasks: &mut Tasks) -> (Self, CancellationToken) {
        let (server, memory) = (&config.server, Memory::default());
        memory.read(server.memory_max);
        let stopped = tasks.token(Stage::Listeners);
        let watched = memory.clone().watch(server.memory_max, stopped.clone());
        tasks.start(Stage::Listeners, "memory", watched);
        let sharing = Self {
            admission: Admission {
                proxies: server.trusted_proxies.clone(),
                connections_per_client_max: Some(server.max_connections_per_address),
                memory,
            },
            quotas: Quotas::new(config.access.requests_per_minute),
            keyless: KeylessReaders::new(stopped.clone()),
            connections_max: server.max_connections,
        };
        (sharing, stopped)
    }

    /// A feed within what is shared.
    pub(super) fn limit(&self, feed: Feed) -> Feed {
        let feed = feed.within(self.memory());
        feed.with_keyless(self.keyless.clone())
    }

    /// Takes over other settings. The streams of readers without a key end if they need one now.
    pub(super) fn replace(&self, settings: &config::Access) {
        self.quotas.replace(settings.requests_per_minute);
        self.keyless.require_keys(settings.required);
    }

    /// The memory of the process.
    pub(super) fn memory(&self) -> Memory {
        self.admission.memory.clone()
    }

    /// The listener of the gRPC port.
    pub(super) fn grpc_listener(
        &self,
        (socket, tls): (TcpListener, Option<Arc<ServerTls>>),
        until: CancellationToken,
    ) -> Listener {
        let connections_max = usize::try_from(self.connections_max).unwrap_or(usize::MAX);
        let listener = bounded(socket, connections_max, until).secured(tls);
        listener.admitting(self.admission.clone())
    }
}
