//! Hostile peers, with frames and bytes that no library would send: their outcome, and that others are served.

mod requests;

use std::net::SocketAddr;

use crate::support::silkrate::Silkrate;

/// The address of the operators' port of a service.
fn admin(silkrate: &Silkrate) -> SocketAddr {
    let address = silkrate.admin_url.trim_start_matches("http://");
    address.parse().unwrap()
}
