//! Through which proxy a source is reached.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;

use crate::config::{Proxy, ProxyUrl, ProxyVariables, is_loopback};
use crate::fetch::FetchError;

/// A proxy in the place of any other, to match an address with the exceptions of `NO_PROXY`.
const ANY_PROXY: &str = "http://proxy";

/// The proxy to a source with an address; `None` for a direct connection.
pub(super) fn chosen<'a>(proxy: &'a Proxy, base: &Url) -> Option<&'a ProxyUrl> {
    match proxy {
        Proxy::Direct => None,
        Proxy::Url(url) => Some(url),
        Proxy::Environment(variables) => of_environment(variables, base),
    }
}

/// The proxy as the HTTP client takes it: for every request, which go to one host.
pub(super) fn client_proxy(proxy: &ProxyUrl) -> Result<reqwest::Proxy, FetchError> {
    reqwest::Proxy::all(proxy.expose()).map_err(|error| FetchError::Proxy {
        proxy: proxy.to_string(),
        reason: error.without_url().to_string(),
    })
}

/// The proxy that the environment names for an address. A program on this machine is reached directly: an environment names
/// proxies to reach other networks.
fn of_environment<'a>(variables: &'a ProxyVariables, base: &Url) -> Option<&'a ProxyUrl> {
    let proxy = match base.scheme() {
        "https" => variables.https.as_ref(),
        _ => variables.http.as_ref(),
    }?;
    let uri = base.as_str().parse().ok()?;
    // Only the exceptions are matched here. A proxy that the client cannot use must fail there, not be skipped.
    let matcher = Matcher::builder()
        .all(ANY_PROXY)
        .no(variables.no_proxy.as_str())
        .build();
    let host = base.host_str().unwrap_or_default();
    let is_used = !is_loopback(host) && matcher.intercept(&uri).is_some();
    is_used.then_some(proxy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_a_proxy_for_each_scheme_and_hosts_without_one() {
        let url = |text: &str| ProxyUrl::parse(text).unwrap();
        let proxy = Proxy::Environment(ProxyVariables {
            https: Some(url("http://secure.example:3128")),
            http: Some(url("plain.example:3128")),
            no_proxy: "nbt.tj, .internal.example,10.0.0.0/8".to_owned(),
        });
        for (base, expected) in [
            (
                "https://nationalbank.kz",
                Some("http://secure.example:3128"),
            ),
            (
                "http://nationalbank.kz:8000",
                Some("http://plain.example:3128"),
            ),
            ("https://nbt.tj", None),
            ("https://www.nbt.tj", None),
            ("https://bank.internal.example", None),
            ("https://10.1.2.3", None),
            ("http://127.0.0.1:8000", None),
            ("http://[::1]:8000", None),
            ("http://localhost:8000", None),
            ("http://bank.localhost:8000", None),
        ] {
            let chosen = chosen(&proxy, &Url::parse(base).unwrap());
            let chosen = chosen.map(ToString::to_string);
            assert_eq!(chosen.as_deref(), expected, "{base}");
        }
    }

    #[test]
    fn a_proxy_whose_password_cannot_be_read_is_not_skipped() {
        let url = ProxyUrl::parse("http://me:p^ss word@proxy.example:3128").unwrap();
        let proxy = Proxy::Environment(ProxyVariables {
            https: Some(url.clone()),
            ..ProxyVariables::default()
        });
        let bank = Url::parse("https://nationalbank.kz").unwrap();
        assert_eq!(chosen(&proxy, &bank), Some(&url));
    }

    #[test]
    fn a_configured_proxy_is_used_for_loopback_too_and_none_never() {
        let loopback = Url::parse("http://127.0.0.1:8000").unwrap();
        let url = ProxyUrl::parse("http://proxy.example:3128").unwrap();
        assert_eq!(chosen(&Proxy::Url(url.clone()), &loopback), Some(&url));
        let bank = Url::parse("https://nationalbank.kz").unwrap();
        assert_eq!(chosen(&Proxy::Direct, &bank), None);
    }
}
