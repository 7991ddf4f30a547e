//! The address of a server, and how a connection to it is secured.

use std::error::Error;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use http::Uri;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tonic::transport::{ClientTlsConfig, Endpoint, Identity};

use crate::authorities::add_file;
use crate::causes::causes;
use crate::client::{AccessKey, CONNECT_TIMEOUT, ClientError};

/// How a client connects to a server, beside its URL.
///
/// ```
/// use silkrate::client::ClientOptions;
///
/// let options = ClientOptions {
///     ca_file: Some("/etc/ssl/private-ca.pem".into()),
///     ..ClientOptions::default()
/// };
/// assert!(options.ca_file.is_some());
/// ```
#[derive(Debug, Clone, Default)]
pub struct ClientOptions {
    /// A PEM file with the certificate authorities to trust, in place of those of the machine. An `http://` URL needs none,
    /// and the file is not read then.
    pub ca_file: Option<PathBuf>,
    /// The certificate that the client shows to a server that demands one; without it none.
    pub identity: Option<ClientIdentity>,
    /// The key that every call has; without it none.
    pub key: Option<AccessKey>,
    /// Whether the key may be sent without TLS to another machine, where every network on the way can read it.
    pub exposes_key: bool,
}

/// The certificate of a client and its private key, both as PEM files. They are read for an `https://` URL, when the client is
/// made.
///
/// ```
/// use silkrate::client::{ClientIdentity, ClientOptions};
///
/// let options = ClientOptions {
///     identity: Some(ClientIdentity {
///         certificate_file: "/etc/silkrate/desk.pem".into(),
///         key_file: "/etc/silkrate/desk.key".into(),
///     }),
///     ..ClientOptions::default()
/// };
/// assert!(options.identity.is_some());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The certificate, then those that lead from it to an authority of the server.
    pub certificate_file: PathBuf,
    /// Its private key, without a password.
    pub key_file: PathBuf,
}

/// The address of a server.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// The URL, without a slash at its end.
    pub(super) url: String,
    /// The scheme, the host and the port.
    pub(super) endpoint: Endpoint,
    /// The path before that of each method; `/` if there is none.
    pub(super) prefix: Uri,
    /// The key of every call.
    pub(super) key: Option<AccessKey>,
}

impl Address {
    /// Reads a URL. The certificate authorities are read if it is `https://`, and nothing is sent.
    pub(super) fn new(url: &str, options: &ClientOptions) -> Result<Self, ClientError> {
        let bad = |reason: &'static str| ClientError::BadUrl {
            url: url.to_owned(),
            reason,
        };
        let (scheme, rest) = ["http://", "https://"]
            .iter()
            .find_map(|scheme| Some((*scheme, url.strip_prefix(scheme)?)))
            .ok_or_else(|| bad("it does not start with http:// or https://"))?;
        let rest = rest.trim_end_matches('/');
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.is_empty() || rest.contains(['?', '#', '@', ',']) {
            return Err(bad("only a host, a port and a path may follow the scheme"));
        }
        let not_a_url = || bad("it is not a URL");
        let path = if path.is_empty() { "/" } else { path };
        let prefix: Uri = path.parse().map_err(|_not_a_path| not_a_url())?;
        // No HTTP/2 pings on an idle connection: servers disconnect clients that ping too often, and the heartbeats of a
        // stream show that it is alive.
        let mut endpoint = Endpoint::from_shared(format!("{scheme}{authority}"))
            .map_err(|_not_a_uri| not_a_url())?
            .connect_timeout(CONNECT_TIMEOUT)
            .keep_alive_while_idle(false);
        if scheme == "https://" {
            let host = endpoint.uri().host().ok_or_else(not_a_url)?;
            // A certificate has an IPv6 address without the brackets of a URL.
            let host = host.trim_matches(['[', ']']).to_owned();
            let mut tls = trusting(options)?.domain_name(host);
            if let Some(files) = &options.identity {
                tls = tls.identity(identity(files)?);
            }
            endpoint = endpoint.tls_config(tls).map_err(|error| {
                let cause = causes(&error).last();
                let reason = cause.map_or_else(|| error.to_string(), ToString::to_string);
                // The files were read, so what is left of the identity is that they do not fit together.
                if causes(&error).any(<dyn Error>::is::<rustls::Error>) {
                    ClientError::Identity(reason)
                } else {
                    ClientError::Authorities(reason)
                }
            })?;
        }
        let url = format!("{scheme}{rest}");
        let host = endpoint.uri().host().unwrap_or_default();
        let is_protected = scheme == "https://" || is_loopback(host) || options.exposes_key;
        if options.key.is_some() && !is_protected {
            return Err(ClientError::ExposedKey { url });
        }
        Ok(Self {
            url,
            endpoint,
            prefix,
            key: options.key.clone(),
        })
    }
}

/// Whether a host is this machine, so that no network is between.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.parse::<IpAddr>().map_or_else(
        |_a_name| host == "localhost" || host.ends_with(".localhost"),
        |address| address.is_loopback(),
    )
}

/// The TLS configuration that trusts the chosen authorities.
fn trusting(options: &ClientOptions) -> Result<ClientTlsConfig, ClientError> {
    let config = ClientTlsConfig::new();
    let Some(path) = &options.ca_file else {
        return Ok(config.with_native_roots());
    };
    let mut roots = RootCertStore::empty();
    add_file(&mut roots, path).map_err(ClientError::Authorities)?;
    Ok(config.trust_anchors(roots.roots))
}

/// The certificate and the key of the client.
fn identity(files: &ClientIdentity) -> Result<Identity, ClientError> {
    let read = |path: &Path| {
        let failed = |error| ClientError::Identity(format!("{}: {error}", path.display()));
        std::fs::read(path).map_err(failed)
    };
    let without = |path: &Path, what| {
        let reason = format!("{}: no {what} in the PEM format in it", path.display());
        ClientError::Identity(reason)
    };
    let certificate = read(&files.certificate_file)?;
    CertificateDer::from_pem_slice(&certificate)
        .map_err(|_error| without(&files.certificate_file, "certificate"))?;
    let key = read(&files.key_file)?;
    PrivateKeyDer::from_pem_slice(&key)
        .map_err(|_error| without(&files.key_file, "private key"))?;
    Ok(Identity::from_pem(certificate, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With an authority of its own: the machine of the test may have none.
    fn address(url: &str) -> Result<Address, ClientError> {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/tls/intermediate.pem"
        );
        let options = ClientOptions {
            ca_file: Some(file.into()),
            ..ClientOptions::default()
        };
        Address::new(url, &options)
    }

    #[test]
    fn a_url_is_a_scheme_a_host_a_port_and_a_path() {
        for (url, prefix) in [
            ("http://127.0.0.1:50051", "/"),
            ("http://localhost/", "/"),
            ("http://[::1]:50051", "/"),
            ("https://rates.example", "/"),
            ("https://[::1]:443/", "/"),
            ("http://rates.example:8080/rates", "/rates"),
            ("https://rates.example/fx/rates/", "/fx/rates"),
        ] {
            let address = address(url).unwrap();
            assert_eq!(address.prefix.path(), prefix, "{url}");
            assert_eq!(address.url, url.trim_end_matches('/'));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in [
            "",
            "localhost:50051",
            "ftp://localhost",
            "http://",
            "https:///rates",
            "http://localhost?pairs=KZT/USD",
            "https://localhost/rates#top",
            "http://user@localhost",
            "http://one,http://two",
            "http://local host",
            "https://localhost/two words",
        ] {
            let refused = address(wrong);
            assert!(
                matches!(refused, Err(ClientError::BadUrl { .. })),
                "{wrong}: {refused:?}"
            );
        }
    }

    #[test]
    fn a_file_of_authorities_is_read_for_https_alone() {
        let options = ClientOptions {
            ca_file: Some("/nowhere/ca.pem".into()),
            ..ClientOptions::default()
        };
        assert!(Address::new("http://localhost", &options).is_ok());
        let refused = Address::new("https://localhost", &options).unwrap_err();
        assert!(refused.is_usage());
        assert!(refused.to_string().contains("/nowhere/ca.pem"), "{refused}");
    }

    #[test]
    fn a_key_is_not_sent_without_tls_over_a_network_unless_that_is_wanted() {
        let mut options = ClientOptions {
            key: AccessKey::new("silkrate_x").ok(),
            ..ClientOptions::default()
        };
        for near in [
            "http://127.0.0.1:50051",
            "http://[::1]",
            "http://localhost/fx",
        ] {
            assert!(Address::new(near, &options).is_ok(), "{near}");
        }
        let far = [
            "http://rates.example",
            "http://10.0.0.1:50051",
            "http://localhost.example",
        ];
        for url in far {
            let refused = Address::new(url, &options).unwrap_err();
            assert!(
                matches!(refused, ClientError::ExposedKey { .. }),
                "{url}: {refused}"
            );
            assert!(refused.is_usage());
        }
        options.exposes_key = true;
        for url in far {
            assert!(Address::new(url, &options).is_ok(), "{url}");
        }
    }
}
