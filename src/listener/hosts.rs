//! The hosts under which a port answers over HTTP.
//!
//! A site can let a name of its own lead to an address of this machine ("DNS rebinding"): for a browser the port then belongs
//! to the site, whose scripts may read it. An address, a name without a dot, or one below `localhost` (RFC 6761), is no site's to
//! assign.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use http::Request;
use http::header::HOST;
use http::uri::Authority;

use crate::listener::Reminder;
use crate::telemetry::Counter;

/// The entry of a list that stands for every host.
const ANY: &str = "*";
/// What the names end with that lead every client to its own machine.
const OWN_MACHINE: &str = ".localhost";
/// The length of a name in characters: more is none, and does not fill the log.
const NAME_CHARS_MAX: usize = 253;

/// A port that is served under some hosts: its name in the log, and the setting that lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostsOf {
    /// The operators' port.
    Operators,
    /// The browsers' port.
    Browsers,
}

/// The hosts that are served, and the requests for others. Clones share the latter.
#[derive(Debug, Clone)]
pub struct Hosts {
    /// The names that an operator configured.
    names: Arc<[String]>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    of: HostsOf,
    /// The requests for other hosts.
    refused: Counter,
    /// When the log had one of them last.
    reminder: Mutex<Reminder>,
}

impl HostsOf {
    /// The setting that lists the names.
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Operators => "server.admin_hosts",
            Self::Browsers => "web.hosts",
        }
    }

    const fn port(self) -> &'static str {
        match self {
            Self::Operators => "the operators' port",
            Self::Browsers => "the browsers' port",
        }
    }
}

impl Hosts {
    /// Beside addresses, names without a dot and those below `localhost`, these names, in lower case.
    pub fn new(of: HostsOf, names: &[String]) -> Self {
        // A supervisor that probes under a wrong name is to be seen soon. Strangers call a public port by any name.
        let reminder = match of {
            HostsOf::Operators => Reminder::default(),
            HostsOf::Browsers => Reminder::daily(),
        };
        Self {
            names: names.into(),
            shared: Arc::new(Shared {
                of,
                refused: Counter::default(),
                reminder: Mutex::new(reminder),
            }),
        }
    }

    /// Other names, and the same requests.
    #[must_use]
    pub fn with(&self, names: impl IntoIterator<Item = String>) -> Self {
        Self {
            names: names.into_iter().collect(),
            shared: Arc::clone(&self.shared),
        }
    }

    /// The requests that were refused for their host.
    pub fn refused(&self) -> &Counter {
        &self.shared.refused
    }

    /// The host of a request, as it may be shown, if the port is not served under it; it is then counted, and logged now and
    /// then. A request without a host, as HTTP/1.0 has it, is served: no browser sends that.
    pub fn foreign<B>(&self, request: &Request<B>) -> Option<String> {
        // HTTP/2 has it in the address.
        let address = request.uri().authority().map(Authority::as_str);
        let headers = request.headers().get_all(HOST).into_iter();
        // What is no text is no host either.
        let headers = headers.map(|header| header.to_str().unwrap_or_default());
        let mut hosts = address.into_iter().chain(headers).map(host_of);
        let foreign = hosts.find(|host| !self.has(host))?;
        let shown: String = foreign.chars().take(NAME_CHARS_MAX).collect();
        let shown = shown.escape_default().to_string();
        self.note_refused(&shown);
        Some(shown)
    }

    fn note_refused(&self, host: &str) {
        self.shared.refused.increment();
        let reminder = self.shared.reminder.lock();
        if reminder.unwrap_or_else(PoisonError::into_inner).is_due() {
            let (port, setting) = (self.shared.of.port(), self.shared.of.setting());
            tracing::warn!(
                host,
                "refused a request to {port}, which is not served under this name; {setting} lists those it is served under"
            );
        }
    }

    fn has(&self, host: &str) -> bool {
        let is_address = || {
            let inner = host
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'));
            inner.unwrap_or(host).parse::<IpAddr>().is_ok()
        };
        let name = host.strip_suffix('.').unwrap_or(host);
        let mut names = self.names.iter();
        is_address()
            || is_plain(host)
            || is_own_machine(name)
            || names.any(|known| known == ANY || known.eq_ignore_ascii_case(name))
    }
}

/// The host without its port.
fn host_of(named: &str) -> &str {
    // The usual ones need no parser.
    match named.split_once(':') {
        None => named,
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) => match named.rsplit_once("]:") {
            Some((address, _port)) => named.get(..=address.len()).unwrap_or(named),
            None => named,
        },
    }
}

/// Whether it is a name below `localhost`.
fn is_own_machine(name: &str) -> bool {
    let start = name.len().checked_sub(OWN_MACHINE.len());
    let end = start.and_then(|start| name.get(start..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(OWN_MACHINE))
}

/// Whether it is a name without a dot.
fn is_plain(host: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    !host.is_empty() && host.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_names_without_a_dot_and_configured_ones_are_served_and_no_others() {
        let hosts = Hosts::new(HostsOf::Operators, &["silkrate.monitoring.svc".to_owned()]);
        for served in [
            "127.0.0.1",
            "10.1.2.3",
            "[::1]",
            "localhost",
            "rates.localhost",
            "Rates.LOCALHOST.",
            "silkrate",
            "Silkrate.monitoring.svc",
            "silkrate.monitoring.svc.",
        ] {
            assert!(hosts.has(served), "{served}");
        }
        for other in [
            "",
            "example.",
            "rebound.example",
            "localhost.example",
            "notlocalhost.example",
            "rates.localhost.example",
            "127.0.0.1.example",
            "[::1",
        ] {
            assert!(!hosts.has(other), "{other}");
            assert!(hosts.with([ANY.to_owned()]).has(other), "{other}");
        }
    }

    #[test]
    fn every_host_of_a_request_must_be_served() {
        let hosts = Hosts::new(HostsOf::Browsers, &[]);
        let foreign = |uri: &str, headers: &[&[u8]]| {
            let mut request = Request::builder().uri(uri);
            for header in headers {
                request = request.header(HOST, *header);
            }
            hosts.foreign(&request.body(()).unwrap())
        };
        for (uri, headers) in [
            ("/", &[][..]),
            ("/", &[&b"localhost:8080"[..]]),
            ("/", &[b"[::1]:8080"]),
            ("http://127.0.0.1:8080/", &[]),
            ("http://127.0.0.1:8080/", &[b"silkrate"]),
        ] {
            assert_eq!(foreign(uri, headers), None, "{uri} {headers:?}");
        }
        for (uri, headers, expected) in [
            ("/", &[&b"rebound.example:8080"[..]][..], "rebound.example"),
            ("http://rebound.example/", &[], "rebound.example"),
            (
                "http://127.0.0.1/",
                &[b"rebound.example"],
                "rebound.example",
            ),
            (
                "http://rebound.example/",
                &[b"127.0.0.1"],
                "rebound.example",
            ),
            ("/", &[b"localhost", b"rebound.example"], "rebound.example"),
            ("/", &[b"a.b:c:8080"], "a.b:c:8080"),
            ("/", &[b"user@rebound.example"], "user@rebound.example"),
            ("/", &[b"\xff.example"], ""),
        ] {
            assert_eq!(
                foreign(uri, headers).as_deref(),
                Some(expected),
                "{uri} {headers:?}"
            );
        }
        assert_eq!(hosts.refused().get(), 8);
    }
}
