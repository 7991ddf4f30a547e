//! `http.proxy` and `sources.ID.proxy`: how the banks are reached.

use std::fmt;

use crate::config::entries::Raw;
use crate::config::values;

/// The accepted values of the setting.
pub(super) const PROXY: &str = "\"env\" (the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY), \"none\", or http:// or https://, \
     a host, and optionally a port";
/// The accepted form of the variables.
const VARIABLE: &str =
    "http:// or https://, optionally a user and a password, a host, and optionally a port";
/// The word for the proxies of the environment.
pub(super) const ENVIRONMENT: &str = "env";
/// The word for no proxy.
pub(super) const DIRECT: &str = "none";
/// The port of a proxy whose URL names none is that of its scheme; a URL without a scheme is one of plain HTTP, as for curl.
const SCHEME_DEFAULT: &str = "http";

/// How a source is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proxy {
    /// Through the proxy that the environment names, if it names one. A source on loopback is reached directly.
    Environment(ProxyVariables),
    /// Directly.
    Direct,
    /// Through this proxy, wherever the source is.
    Url(ProxyUrl),
}

/// The variables that name proxies. In upper or in lower case; the upper case wins, and an empty one counts as missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProxyVariables {
    /// `HTTPS_PROXY`: for sources with an `https` address.
    pub https: Option<ProxyUrl>,
    /// `HTTP_PROXY`: for sources with an `http` address.
    pub http: Option<ProxyUrl>,
    /// `NO_PROXY`: hosts, domains and networks that are reached directly, separated by commas.
    pub no_proxy: String,
}

/// The URL of a proxy. It is printed without the user and the password that it may contain.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    url: String,
}

impl Proxy {
    /// Parses the setting. A user or a password is refused: `silkrate config` prints the setting.
    pub(super) fn parse(raw: &Raw, variables: &ProxyVariables) -> Result<Self, String> {
        match values::text(raw)? {
            ENVIRONMENT => Ok(Self::Environment(variables.clone())),
            DIRECT => Ok(Self::Direct),
            text if text.contains('@') => Err(
                "it must not contain a user or a password; put them into the variable HTTPS_PROXY, which is never printed"
                    .to_owned(),
            ),
            _ => values::origin(raw).map(|url| Self::Url(ProxyUrl { url })),
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(_) => formatter.write_str(ENVIRONMENT),
            Self::Direct => formatter.write_str(DIRECT),
            Self::Url(url) => url.fmt(formatter),
        }
    }
}

impl ProxyVariables {
    /// Reads the variables of an environment. A proxy that cannot be used is refused, with the name of its variable.
    pub(super) fn read(environment: &[(String, String)]) -> Result<Self, WrongVariable> {
        let value = |name: &str| {
            let of = |name: &str| {
                let mut variables = environment.iter();
                let found = variables.find(|(known, value)| known == name && !value.is_empty());
                found.map(|(name, value)| (name.clone(), value.clone()))
            };
            of(name).or_else(|| of(&name.to_lowercase()))
        };
        let proxy = |name: &str| {
            let Some((name, value)) = value(name) else {
                return Ok(None);
            };
            ProxyUrl::parse(&value)
                .map(Some)
                .map_err(|reason| WrongVariable { name, reason })
        };
        Ok(Self {
            https: proxy("HTTPS_PROXY")?,
            http: proxy("HTTP_PROXY")?,
            no_proxy: value("NO_PROXY")
                .map(|(_, hosts)| hosts)
                .unwrap_or_default(),
        })
    }
}

/// A variable whose proxy cannot be used.
pub(super) struct WrongVariable {
    /// Its name as it is set.
    pub(super) name: String,
    /// What is wrong with it.
    pub(super) reason: String,
}

impl ProxyUrl {
    /// Parses a URL as variables contain it: without a scheme it is `http`, and a user and a password are accepted.
    ///
    /// # Errors
    /// If it is not a scheme, a host and a port. The text does not contain the URL, in which a password may be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").unwrap_or((SCHEME_DEFAULT, text));
        let (user, host) = match rest.rsplit_once('@') {
            Some((user, host)) => (format!("{user}@"), host),
            None => (String::new(), rest),
        };
        let origin = values::origin(&Raw::Text(format!("{scheme}://{host}")));
        let origin =
            origin.map_err(|_wrong| format!("it is not a usable proxy; accepted: {VARIABLE}"))?;
        let (scheme, host) = origin.split_once("://").unwrap_or_default();
        Ok(Self {
            url: format!("{scheme}://{user}{host}"),
        })
    }

    /// The URL with the user and the password, for the HTTP client only.
    pub fn expose(&self) -> &str {
        &self.url
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.url.split_once("://").unwrap_or_default();
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        write!(formatter, "{scheme}://{host}")
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ProxyUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_of_a_variable_may_lack_a_scheme_and_have_a_password_that_is_not_printed() {
        for (text, url, printed) in [
            (
                "proxy.example:3128",
                "http://proxy.example:3128",
                "http://proxy.example:3128",
            ),
            (
                "HTTPS://Proxy.example/",
                "https://proxy.example",
                "https://proxy.example",
            ),
            (
                "http://me:S3cret@proxy.example",
                "http://me:S3cret@proxy.example",
                "http://proxy.example",
            ),
        ] {
            let proxy = ProxyUrl::parse(text).unwrap();
            assert_eq!(proxy.expose(), url);
            assert_eq!(proxy.to_string(), printed);
            assert_eq!(format!("{proxy:?}"), format!("ProxyUrl({printed})"));
        }
        for wrong in [
            "socks5://proxy.example",
            "http://",
            "me:S3cret@",
            "http://a/b",
        ] {
            let refused = ProxyUrl::parse(wrong).unwrap_err();
            assert!(!refused.contains("S3cret"), "{refused}");
        }
    }

    #[test]
    fn variables_are_read_in_either_case_and_an_empty_one_is_missing() {
        let read = |variables: &[(&str, &str)]| {
            let owned = variables.iter();
            let owned: Vec<_> = owned
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            ProxyVariables::read(&owned)
        };
        let variables = read(&[
            ("https_proxy", "http://lower:1"),
            ("HTTPS_PROXY", "http://upper:1"),
            ("HTTP_PROXY", ""),
            ("no_proxy", "a, b"),
        ]);
        let Ok(variables) = variables else {
            panic!("they are usable")
        };
        assert_eq!(variables.https, ProxyUrl::parse("http://upper:1").ok());
        assert_eq!(variables.http, None);
        assert_eq!(variables.no_proxy, "a, b");
        let Err(wrong) = read(&[("https_proxy", "socks5://me:S3cret@proxy")]) else {
            panic!("it is refused")
        };
        assert_eq!(wrong.name, "https_proxy");
        assert!(!wrong.reason.contains("S3cret"), "{}", wrong.reason);
    }
}
