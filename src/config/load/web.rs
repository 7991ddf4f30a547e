//! The settings of `[web]`.

use std::net::SocketAddr;

use super::hosts::{HOSTS_OR_ANY, hosts_or_any};
use super::{Loader, loopback};
use crate::config::{Web, values};

/// The browsers' port, on loopback.
const LISTEN_DEFAULT: SocketAddr = loopback(8_080);
/// The service has a host of its own, or a proxy removes the sub-path.
const PATH_DEFAULT: &str = "/";

impl Loader<'_> {
    pub(super) fn web(&self) -> Web {
        let key = "web.allowed_origins";
        let origins = self.entries.get(key, values::ORIGINS, values::origins);
        let key = "web.frame_ancestors";
        let ancestors = self.entries.get(key, values::ORIGINS, values::origins);
        let path = self.entries.get("web.path", values::PATH, values::path);
        Web {
            listen: self.address("web.listen", LISTEN_DEFAULT),
            tls: self.tls("web.tls"),
            path: path.unwrap_or_else(|| PATH_DEFAULT.to_owned()),
            public_url: self
                .entries
                .get("web.public_url", values::SITE, values::site),
            hosts: self
                .entries
                .get("web.hosts", HOSTS_OR_ANY, hosts_or_any)
                .unwrap_or_default(),
            allowed_origins: origins.unwrap_or_default(),
            frame_ancestors: ancestors.unwrap_or_default(),
        }
    }
}
