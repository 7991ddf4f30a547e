//! The client that the headers of a trusted proxy name: `X-Forwarded-For`, and `Forwarded` (RFC 7239).
//!
//! A proxy adds the address that it was reached from to the end of what it got. So the list is read from its end: past the
//! addresses of trusted proxies, to the first one that none of them has. What is before that may be invented.

use std::net::{IpAddr, SocketAddr};

use http::header::{FORWARDED, HeaderMap, HeaderName};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client that the headers of a proxy name, if they name one.
///
/// Most proxies write one of the two headers, and pass the other on as the client sent it. Where both name a client, they must
/// name the same one: one that is named by one of them alone may have named itself.
pub(super) fn client(headers: &HeaderMap, is_proxy: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let is_proxy = &is_proxy;
    let plain = named(
        headers,
        &X_FORWARDED_FOR,
        |text| node(text.trim()),
        is_proxy,
    );
    let standard = named(headers, &FORWARDED, element, is_proxy);
    match (plain, standard) {
        (Named::Client(plain), Named::Client(standard)) => (plain == standard).then_some(plain),
        (Named::Client(client), Named::Nothing) | (Named::Nothing, Named::Client(client)) => {
            Some(client)
        }
        _ => None,
    }
}

/// What a header names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    /// It is absent.
    Nothing,
    /// It has no address that can be read.
    Unknown,
    /// A client.
    Client(IpAddr),
}

fn named(
    headers: &HeaderMap,
    name: &HeaderName,
    read: fn(&str) -> Option<IpAddr>,
    is_proxy: impl Fn(IpAddr) -> bool,
) -> Named {
    if !headers.contains_key(name) {
        return Named::Nothing;
    }
    // A comma within quotes would part an element too, and stands in none that a proxy writes. A client that leaves quotes
    // open changes nothing of what comes after.
    let lines = headers.get_all(name).iter().rev();
    // A client may begin a line with what is no text, which does not spoil what a proxy adds to it.
    let elements = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let elements = elements.map(|element| str::from_utf8(element).unwrap_or_default());
    let mut client = Named::Unknown;
    // Who wrote what is before an element that cannot be read is not known.
    for address in elements.map_while(read) {
        client = Named::Client(address);
        if !is_proxy(address) {
            break;
        }
    }
    client
}

/// The address of an element of `Forwarded`: `for=192.0.2.43;proto=https`.
fn element(text: &str) -> Option<IpAddr> {
    let mut parameters = text.split(';').filter_map(|part| part.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    let value = value.trim();
    let quoted = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    node(quoted.unwrap_or(value))
}

/// An address, with or without a port; one of IP version 6 with or without brackets. A hidden one has none.
fn node(text: &str) -> Option<IpAddr> {
    let bracketed = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bracketed.unwrap_or(text).parse();
    let address = address.or_else(|_with_port| text.parse().map(|node: SocketAddr| node.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// The client that headers name, where 10.0.0.0/8 are proxies.
    fn client_of<V: AsRef<[u8]>>(lines: &[(&'static str, V)]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_bytes(value.as_ref()).unwrap());
        }
        let is_proxy = |address: IpAddr| match address {
            IpAddr::V4(address) => address.octets()[0] == 10,
            IpAddr::V6(_) => false,
        };
        client(&headers, is_proxy).map(|address| address.to_string())
    }

    #[test]
    fn the_client_is_the_last_address_that_is_not_of_a_proxy() {
        for (list, expected) in [
            ("203.0.113.9", Some("203.0.113.9")),
            ("198.51.100.1, 203.0.113.9", Some("203.0.113.9")),
            ("198.51.100.1, 203.0.113.9, 10.0.0.2", Some("203.0.113.9")),
            ("10.0.0.3, 10.0.0.2", Some("10.0.0.3")),
            ("198.51.100.1,unknown,10.0.0.2", Some("10.0.0.2")),
            ("198.51.100.1, 203.0.113.9,", None),
            ("unknown", None),
            ("", None),
            ("203.0.113.9:4000", Some("203.0.113.9")),
            ("[2001:db8::9]:4000", Some("2001:db8::9")),
            ("[2001:db8::9]", Some("2001:db8::9")),
            ("2001:db8::9", Some("2001:db8::9")),
            ("::ffff:203.0.113.9", Some("203.0.113.9")),
        ] {
            let found = client_of(&[("x-forwarded-for", list)]);
            assert_eq!(found.as_deref(), expected, "{list}");
        }
        assert_eq!(client_of::<&str>(&[]), None);
    }

    #[test]
    fn the_standard_header_names_a_client_in_the_parameter_for() {
        for (list, expected) in [
            ("for=203.0.113.9", Some("203.0.113.9")),
            (
                "proto=https;For=\"203.0.113.9:80\";by=10.0.0.1",
                Some("203.0.113.9"),
            ),
            (
                "for=198.51.100.1, for=\"[2001:db8::9]:80\"",
                Some("2001:db8::9"),
            ),
            (
                "for=\"198.51.100.1, for=203.0.113.9;proto=http",
                Some("203.0.113.9"),
            ),
            ("for=198.51.100.1, for=_hidden", None),
            ("for=198.51.100.1, proto=http", None),
            ("for=unknown", None),
        ] {
            let found = client_of(&[("forwarded", list)]);
            assert_eq!(found.as_deref(), expected, "{list}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_before_the_address_of_a_client_do_not_hide_it() {
        for line in [&b"\xff, 203.0.113.9"[..], b"\xff\xfe,203.0.113.9, 10.0.0.2"] {
            let found = client_of(&[("x-forwarded-for", line)]);
            assert_eq!(found.as_deref(), Some("203.0.113.9"));
        }
        assert_eq!(
            client_of(&[("x-forwarded-for", &b"203.0.113.9, \xff"[..])]),
            None
        );
    }

    #[test]
    fn lines_of_one_header_are_one_list() {
        let lines = ["198.51.100.1", "203.0.113.9", "10.0.0.2"];
        let lines = lines.map(|line| ("x-forwarded-for", line));
        assert_eq!(client_of(&lines).as_deref(), Some("203.0.113.9"));
    }

    #[test]
    fn two_headers_that_name_different_clients_name_none() {
        let own = ("x-forwarded-for", "203.0.113.9");
        for (of_client, expected) in [
            ("for=203.0.113.9", Some("203.0.113.9")),
            ("for=198.51.100.1", None),
            ("for=unknown", None),
        ] {
            let found = client_of(&[own, ("forwarded", of_client)]);
            assert_eq!(found.as_deref(), expected, "{of_client}");
        }
    }
}
