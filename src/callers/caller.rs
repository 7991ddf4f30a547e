//! Who makes a request.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The bits of an address of IP version 6 that are those of its network. A provider gives a household or a server 64 bits of
/// addresses at least, so one client may have any of them.
const NETWORK_BITS: u32 = 64;

/// Who makes a request: the address at the other end of the connection or, where that is a trusted proxy, the address that the
/// proxy names. Requests bear it as an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    address: IpAddr,
    /// Headers name none.
    port: Option<u16>,
    proxy: Option<SocketAddr>,
}

/// What counts as one client: an address of IP version 4, or the first 64 bits of one of version 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(IpAddr);

impl Caller {
    /// The peer of a connection.
    pub fn direct(peer: SocketAddr) -> Self {
        Self {
            address: peer.ip().to_canonical(),
            port: Some(peer.port()),
            proxy: None,
        }
    }

    /// The client that a proxy names, with a port if it names one too.
    #[must_use]
    pub fn on_behalf_of(self, client: IpAddr, port: Option<u16>) -> Self {
        let through = SocketAddr::new(self.address, self.port.unwrap_or_default());
        Self {
            address: client.to_canonical(),
            port,
            proxy: Some(self.proxy.unwrap_or(through)),
        }
    }

    /// The address of the client. One of IP version 4 within version 6 is that of version 4.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// The proxy at the other end of the connection, if it named the client.
    pub fn proxy(&self) -> Option<SocketAddr> {
        self.proxy
    }

    /// What the client is counted by.
    pub fn network(&self) -> Network {
        self.address.into()
    }
}

/// The address, with the port where it is known.
impl fmt::Display for Caller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => SocketAddr::new(self.address, port).fmt(formatter),
            None => self.address.fmt(formatter),
        }
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(u128::BITS.saturating_sub(NETWORK_BITS));
                IpAddr::V6(Ipv6Addr::from_bits(
                    address.to_bits() & mask.unwrap_or_default(),
                ))
            }
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(formatter),
            IpAddr::V6(address) => write!(formatter, "{address}/{NETWORK_BITS}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> String {
        Network::from(address.parse::<IpAddr>().unwrap()).to_string()
    }

    #[test]
    fn addresses_of_one_network_of_version_6_count_as_one_client() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2::"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:3::"), "2001:db8:1:3::/64");
        assert_eq!(network("203.0.113.9"), "203.0.113.9");
    }

    #[test]
    fn an_address_of_version_4_within_version_6_is_that_of_version_4() {
        assert_eq!(network("::ffff:203.0.113.9"), "203.0.113.9");
        let caller = Caller::direct("[::ffff:203.0.113.9]:4000".parse().unwrap());
        assert_eq!(caller.to_string(), "203.0.113.9:4000");
    }

    #[test]
    fn a_caller_keeps_the_proxy_at_the_other_end_of_the_connection() {
        let peer = "10.0.0.1:4000".parse().unwrap();
        let client = |text: &str| text.parse::<IpAddr>().unwrap();
        let named = Caller::direct(peer).on_behalf_of(client("10.0.0.2"), Some(5000));
        assert_eq!(named.to_string(), "10.0.0.2:5000");
        let named = named.on_behalf_of(client("203.0.113.9"), None);
        assert_eq!(named.to_string(), "203.0.113.9");
        assert_eq!(named.proxy(), Some(peer));
        assert_eq!(Caller::direct(peer).proxy(), None);
    }
}
