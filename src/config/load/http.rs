//! The settings of `[http]`, and those of a source that replace or extend them.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::Loader;
use crate::config::entries::Raw;
use crate::config::proxy::{PROXY, WrongVariable};
use crate::config::{
    CertificateAuthorities, ConfigError, Http, Origin, Proxy, ProxyVariables, SourceSettings,
    is_loopback, values,
};
use crate::small_file;

/// The banks accept within a second, and a distant one within three.
const CONNECT_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);
/// After ten seconds of silence within a response the rest never arrives.
const READ_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
/// A slow response delays its own source alone, so half a minute does no harm.
const TOTAL_TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// No bank is close enough for less; after more, a dead bank would look alive.
const TIMEOUT_BOUNDS: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(600);

impl Loader<'_> {
    pub(super) fn http(&self, proxies: &ProxyVariables) -> Http {
        let duration = |key, default| self.duration(key, default, &TIMEOUT_BOUNDS);
        let accepted = "\"bundled\", \"system\", or the path of a PEM file";
        let ca = self.entries.get("http.ca", accepted, |raw| {
            Ok(match values::text(raw)? {
                "bundled" => CertificateAuthorities::Bundled,
                "system" => CertificateAuthorities::System,
                path => CertificateAuthorities::File(self.readable("http.ca", path)?),
            })
        });
        let proxy = self.proxy("http.proxy", proxies);
        let key = "http.private_addresses";
        let private_addresses = self.entries.get(key, "true or false", values::flag);
        Http {
            connect_timeout: duration("http.connect_timeout", CONNECT_TIMEOUT_DEFAULT),
            read_timeout: duration("http.read_timeout", READ_TIMEOUT_DEFAULT),
            total_timeout: duration("http.total_timeout", TOTAL_TIMEOUT_DEFAULT),
            proxy: proxy.unwrap_or_else(|| Proxy::Environment(proxies.clone())),
            private_addresses: private_addresses.unwrap_or_default(),
            ca: ca.unwrap_or(CertificateAuthorities::Bundled),
            extra_ca: self.extra_ca("http.extra_ca"),
        }
    }

    /// Refuses a variable whose proxy cannot be used, if a setting asks for the proxies of the environment.
    pub(super) fn refuse_variable(
        &self,
        wrong: WrongVariable,
        http: &Http,
        sources: &[SourceSettings],
    ) {
        let own = sources.iter().filter_map(|source| source.proxy.as_ref());
        let mut used = own.chain([&http.proxy]);
        if used.any(|proxy| matches!(proxy, Proxy::Environment(_))) {
            self.entries.add_error(ConfigError::Value {
                key: "http.proxy".to_owned(),
                origin: Origin::Variable(wrong.name),
                reason: wrong.reason,
                accepted: PROXY.to_owned(),
            });
        }
    }

    pub(super) fn proxy(&self, key: &str, proxies: &ProxyVariables) -> Option<Proxy> {
        let parsed = |raw: &_| Proxy::parse(raw, proxies);
        self.entries.get(key, PROXY, parsed)
    }

    /// The PEM files of a setting; they must be readable.
    pub(super) fn extra_ca(&self, key: &str) -> Vec<PathBuf> {
        let accepted = "a list of paths of PEM files";
        let files = self.entries.get(key, accepted, |raw| {
            let paths = values::list(raw)?;
            paths.iter().map(|path| self.readable(key, path)).collect()
        });
        files.unwrap_or_default()
    }

    /// The path that a setting has, if it is that of a file that can be read. Its content is checked when it is used.
    pub(super) fn readable(&self, key: &str, path: &str) -> Result<PathBuf, String> {
        let path = self.entries.path(key, path);
        match small_file::read(&path) {
            Ok(_content) => Ok(path),
            Err(error) => Err(format!("`{}` cannot be read: {error}", path.display())),
        }
    }
}

/// The address of a source, which is reached with TLS: unless it is on loopback or plain addresses are admitted.
pub(super) fn address_of_source(raw: &Raw, is_plain_admitted: bool) -> Result<String, String> {
    let url = values::origin(raw)?;
    let plain = url.strip_prefix("http://");
    let host = plain.map(|rest| match rest.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => rest,
    });
    match host {
        Some(host) if !is_plain_admitted && !is_loopback(host) => Err(format!(
            "`{url}` is not https, and what it answers could be changed on its way; plain http is for loopback, and with http.private_addresses = true for a network of your own"
        )),
        _ => Ok(url),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn the_address_of_a_source_is_https_but_on_loopback_or_in_a_network_of_its_own() {
        let load = |url: &str, admitted: &str| {
            let variables = [
                ("SILKRATE_SOURCES__NBK__BASE_URL", url),
                ("SILKRATE_HTTP__PRIVATE_ADDRESSES", admitted),
            ];
            let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
            Config::load(None, variables.into_iter()).map_err(|errors| errors.to_string())
        };
        for url in [
            "https://bank.example",
            "http://localhost:9000",
            "http://[::1]:9000",
            "http://127.0.0.2",
        ] {
            assert!(load(url, "false").is_ok(), "{url}");
        }
        for url in [
            "http://bank.example",
            "http://bank.example:80",
            "http://10.0.0.7",
            "http://[fd00::1]:80",
        ] {
            let error = load(url, "false").unwrap_err();
            assert!(error.contains("is not https"), "{error}");
            assert!(load(url, "true").is_ok(), "{url}");
        }
    }
}
