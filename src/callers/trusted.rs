//! The proxies that may name the client that they act for.

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use ipnet::IpNet;
use thiserror::Error;

use crate::callers::{Caller, forwarded};

/// The proxies that may name the client that they act for. What anyone else says of that is ignored. Clones share the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Arc<[IpNet]>);

/// A text names no network of proxies.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidNetwork {
    /// It is neither an address nor a network.
    #[error("`{0}` is neither an address nor a network")]
    Unreadable(String),
    /// Its address has bits that are not of the network.
    #[error("`{text}` has an address beyond its prefix; the network is {network}")]
    BeyondPrefix {
        /// The text.
        text: String,
        /// The network.
        network: IpNet,
    },
    /// It has every address.
    #[error("`{0}` has every address: each client could name another one as itself")]
    Everything(String),
}

impl TrustedProxies {
    /// Reads addresses and networks in the notation of CIDR.
    pub fn parse(texts: &[String]) -> Result<Self, InvalidNetwork> {
        let networks: Result<Vec<_>, _> = texts.iter().map(|text| network(text)).collect();
        Ok(Self(networks?.into()))
    }

    /// The addresses and networks.
    pub fn items(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|network| {
            if network.prefix_len() == network.max_prefix_len() {
                network.addr().to_string()
            } else {
                network.to_string()
            }
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an address is that of a proxy.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Who makes a request with these headers over the connection of a caller.
    pub fn caller(&self, connection: Caller, headers: &HeaderMap) -> Caller {
        if !self.contains(connection.address()) {
            return connection;
        }
        let client = forwarded::client(headers, |address| self.contains(address));
        client.map_or(connection, |client| connection.on_behalf_of(client, None))
    }
}

fn network(text: &str) -> Result<IpNet, InvalidNetwork> {
    let unreadable = |_unreadable| InvalidNetwork::Unreadable(text.to_owned());
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_not_an_address) => text.parse().map_err(unreadable)?,
    };
    if network.prefix_len() == 0 {
        return Err(InvalidNetwork::Everything(text.to_owned()));
    }
    if network.trunc() != network {
        return Err(InvalidNetwork::BeyondPrefix {
            text: text.to_owned(),
            network: network.trunc(),
        });
    }
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(texts: &[&str]) -> Result<TrustedProxies, InvalidNetwork> {
        let texts: Vec<String> = texts.iter().copied().map(str::to_owned).collect();
        TrustedProxies::parse(&texts)
    }

    #[test]
    fn a_proxy_is_named_by_its_address_or_its_network() {
        let texts = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"];
        let proxies = proxies(&texts).unwrap();
        assert_eq!(proxies.items().collect::<Vec<_>>(), texts);
        for (address, expected) in [
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("::ffff:192.0.2.7", true),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
            ("::1", true),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(proxies.contains(address), expected, "{address}");
        }
    }

    #[test]
    fn what_is_no_network_of_proxies_is_refused_with_the_reason() {
        for (text, reason) in [
            ("proxy.example", "neither an address nor a network"),
            ("10.0.0.0/33", "neither an address nor a network"),
            ("", "neither an address nor a network"),
            ("10.0.0.5/8", "the network is 10.0.0.0/8"),
            ("0.0.0.0/0", "has every address"),
            ("::/0", "has every address"),
        ] {
            let error = proxies(&[text]).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
