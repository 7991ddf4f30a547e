//! The headers in which a trusted proxy names its client. Whatever a client sends in them, the address that the proxy adds is the
//! one that counts, or the connection.

use std::net::IpAddr;
use std::sync::LazyLock;

use http::header::{FORWARDED, HeaderMap, HeaderName, HeaderValue};
use silkrate::callers::{Caller, TrustedProxies};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The client, and the proxy that it reaches the service by.
const CLIENT: &str = "203.0.113.9";
const PROXY: &str = "10.0.0.1:443";

static PROXIES: LazyLock<TrustedProxies> =
    LazyLock::new(|| TrustedProxies::parse(&["10.0.0.0/8".to_owned()]).expect("it is a network"));

/// The headers as the client sent them: one a line, the one that is standard after a tabulator.
fn headers(bytes: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let (name, value) = match line.strip_prefix(b"\t") {
            Some(value) => (FORWARDED, value),
            None => (X_FORWARDED_FOR, line),
        };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    headers
}

/// The headers as the proxy passes them on: one of them with the address of the client at its end.
fn passed_on(headers: &HeaderMap, name: &HeaderName, added: &str) -> HeaderMap {
    let lines = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let lines: Vec<&[u8]> = lines.chain([added.as_bytes()]).collect();
    let list = HeaderValue::from_bytes(&lines.join(&b", "[..])).expect("its parts are values");
    let mut headers = headers.clone();
    headers.insert(name, list);
    headers
}

pub(crate) fn run(bytes: &[u8]) {
    let connection = Caller::direct(PROXY.parse().expect("it is an address"));
    let client: IpAddr = CLIENT.parse().expect("it is an address");
    let headers = headers(bytes);
    let stranger = Caller::direct("198.51.100.7:80".parse().expect("it is an address"));
    assert_eq!(PROXIES.caller(stranger, &headers), stranger);
    for (name, added) in [
        (X_FORWARDED_FOR, CLIENT.to_owned()),
        (FORWARDED, format!("for={CLIENT}")),
    ] {
        let passed_on = passed_on(&headers, &name, &added);
        let caller = PROXIES.caller(connection, &passed_on);
        let is_true = caller.address() == client || caller == connection;
        assert!(is_true, "{caller} instead of {client}: {passed_on:?}");
        let other = if name == FORWARDED {
            X_FORWARDED_FOR
        } else {
            FORWARDED
        };
        if !headers.contains_key(&other) {
            assert_eq!(caller.address(), client, "{passed_on:?}");
        }
    }
}
