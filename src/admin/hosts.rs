//! The hosts under which the operators' port answers over HTTP.
//!
//! A site can let a name of its own lead to an address of this machine ("DNS rebinding"): for a browser the port then belongs
//! to the site, whose scripts may read it. An address, or a name without a dot, is no site's to assign.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::Response;

use crate::admin::text::text;
use crate::listener::Reminder;
use crate::telemetry::Counter;

/// The hosts that are served, and the requests for others. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Hosts(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// The names that an operator configured.
    names: Vec<String>,
    /// The requests for other hosts.
    refused: Counter,
    /// When the log had one of them last.
    reminder: Mutex<Reminder>,
}

impl Hosts {
    /// Beside addresses and names without a dot, these names.
    pub fn new(names: &[String]) -> Self {
        Self(Arc::new(Shared {
            names: names.to_vec(),
            ..Shared::default()
        }))
    }

    /// The requests that were refused for their host.
    pub(super) fn refused(&self) -> &Counter {
        &self.0.refused
    }

    /// Counts a request for a host that is not served, and logs it now and then: a supervisor probes every few seconds.
    fn note_refused(&self, host: &str) {
        self.0.refused.increment();
        let reminder = self.0.reminder.lock();
        if reminder.unwrap_or_else(PoisonError::into_inner).is_due() {
            tracing::warn!(
                host,
                "refused a request to the operators' port, which is not served under this name; server.admin_hosts lists those it is served under"
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
        let mut names = self.0.names.iter();
        is_address() || is_plain(host) || names.any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// Whether it is a name without a dot.
fn is_plain(host: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    !host.is_empty() && host.bytes().all(is_letter)
}

/// Answers a request for a served host, or for none, as HTTP/1.0 has it: no browser sends that.
pub(super) async fn guard(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    match refused(&hosts, &request) {
        None => next.run(request).await,
        Some(host) => {
            let host = host.escape_default().to_string();
            hosts.note_refused(&host);
            let refusal = format!(
                "this port is not served as `{host}`: use its address, or add the name to server.admin_hosts\n"
            );
            text(StatusCode::MISDIRECTED_REQUEST, refusal)
        }
    }
}

/// The host of a request if it is not served. HTTP/2 has it in the address.
fn refused(hosts: &Hosts, request: &Request) -> Option<String> {
    let named = if let Some(authority) = request.uri().authority() {
        authority.as_str()
    } else {
        let header = request.headers().get(HOST)?;
        // What is no text is no host either.
        header.to_str().unwrap_or_default()
    };
    let authority = named.parse::<Authority>();
    let host = authority.as_ref().map_or(named, Authority::host);
    (!hosts.has(host)).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_names_without_a_dot_and_configured_ones_are_served_and_no_others() {
        let hosts = Hosts::new(&["silkrate.monitoring.svc".to_owned()]);
        for served in [
            "127.0.0.1",
            "10.1.2.3",
            "[::1]",
            "localhost",
            "silkrate",
            "Silkrate.monitoring.svc",
        ] {
            assert!(hosts.has(served), "{served}");
        }
        for other in [
            "",
            "example.",
            "rebound.example",
            "localhost.example",
            "127.0.0.1.example",
            "[::1",
        ] {
            assert!(!hosts.has(other), "{other}");
        }
    }
}
