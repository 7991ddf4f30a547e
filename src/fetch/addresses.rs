//! The addresses that the name of a bank may lead to: public ones. A name that leads into the network of the service, by a mistake or
//! by an attack on the name, would have the service send requests there.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Finds the addresses of names, and refuses those that are not public.
#[derive(Debug, Clone, Copy)]
pub(super) struct PublicAddresses;

/// A name that leads to no public address.
#[derive(Debug)]
pub(super) struct PrivateAddress {
    host: String,
    address: IpAddr,
}

impl fmt::Display for PrivateAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, address } = self;
        write!(
            formatter,
            "{host} leads to {address}, which is no public address; if that is right, set http.private_addresses = true"
        )
    }
}

impl Error for PrivateAddress {}

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            // The port is that of the request.
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let (public, others): (Vec<SocketAddr>, Vec<SocketAddr>) =
                found.partition(|found| is_public(found.ip()));
            match others.first() {
                Some(other) if public.is_empty() => {
                    let address = other.ip();
                    Err(PrivateAddress { host, address }.into())
                }
                _ => {
                    let public: Addrs = Box::new(public.into_iter());
                    Ok(public)
                }
            }
        })
    }
}

/// Whether an address is one of the internet, by the registries of special addresses of IANA.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation();
    let reserved = match address.octets() {
        // This network; reserved, and broadcast; protocols, and the former relays of 6to4.
        [0 | 240..=255, ..] | [192, 0, 0, _] | [192, 88, 99, _] => true,
        // Carriers.
        [100, second, ..] => (64..128).contains(&second),
        // Measurements.
        [198, second, ..] => (18..20).contains(&second),
        _ => false,
    };
    !special && !reserved
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let embedded = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // Translation of addresses, and 6to4: what counts is the address within.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => embedded(high, low),
        // Teredo and protocols; documentation.
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        // The addresses that are assigned.
        [first, ..] => (0x2000..0x3fff).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_has_no_address() {
        let found = PublicAddresses.resolve("localhost".parse().unwrap()).await;
        let error = found.map(Iterator::count).unwrap_err().to_string();
        assert!(error.starts_with("localhost leads to "), "{error}");
        assert!(error.contains("http.private_addresses = true"), "{error}");
    }

    #[test]
    fn addresses_of_the_internet_are_public_and_no_others() {
        for public in [
            "8.8.8.8",
            "100.63.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "2606:4700::1",
            "2001:4860::8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "fc00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }
}
