//! What a port shows to its clients, made of its files and checked as a whole.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{InconsistentKeys, RootCertStore, ServerConfig};

use crate::authorities::add_pem;
use crate::config::TlsFiles;
use crate::tls::contents::Contents;
use crate::tls::{Doubt, HttpVersions, TlsError, Validity};

/// What a line before a key has that a password protects.
const ENCRYPTED: &[u8] = b"ENCRYPTED";

/// A certificate with its key, and what is demanded of clients.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) config: Arc<ServerConfig>,
    pub(super) validity: Validity,
    pub(super) doubts: Vec<Doubt>,
}

impl Identity {
    /// Checks the contents of the files: every part alone, and that they fit together and are valid now.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(super) fn new(
        contents: &Contents,
        files: &TlsFiles,
        versions: HttpVersions,
        now: Timestamp,
    ) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let chain = chain(&contents.certificate, &files.certificate)?;
        let own = chain.first().ok_or_else(|| TlsError::NoCertificate {
            path: files.certificate.clone(),
            has_key: false,
        })?;
        let bad = |error: rustls::Error| TlsError::BadCertificate {
            path: files.certificate.clone(),
            reason: error.to_string(),
        };
        let validity = Validity::of(own).map_err(bad)?;
        let key = key(&contents.key, &files.key)?;
        let key = provider.key_provider.load_private_key(key);
        // The reason names but the parsers that were tried.
        let key = key.map_err(|_error| TlsError::BadKey {
            path: files.key.clone(),
        })?;
        let doubts = Doubt::of(&chain, now);
        let certified = CertifiedKey::new(chain, key);
        certified.keys_match().map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::Mismatch {
                certificate: files.certificate.clone(),
                key: files.key.clone(),
            },
            other => bad(other),
        })?;
        in_force(validity, &files.certificate, now)?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(bad)?;
        let builder = match (&contents.client_ca, &files.client_ca) {
            (Some(pem), Some(path)) => {
                builder.with_client_cert_verifier(verifier(pem, path, provider)?)
            }
            _ => builder.with_no_client_auth(),
        };
        let resolver = Arc::new(SingleCertAndKey::from(certified));
        let mut config = builder.with_cert_resolver(resolver);
        config.alpn_protocols = versions.names();
        // Clients that reconnect resume with a ticket, at a fraction of the cost: after a restart of a proxy all of them do. The
        // keys of tickets end with this configuration, so that none outlives a change of the authorities.
        config.ticketer = ring::Ticketer::new().map_err(bad)?;
        Ok(Self {
            config: Arc::new(config),
            validity,
            doubts,
        })
    }
}

/// The certificates of a file, the port's own first.
fn chain(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| not_pem("certificate", path, &error))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate {
            path: path.to_owned(),
            has_key: PrivateKeyDer::from_pem_slice(pem).is_ok(),
        });
    }
    Ok(chain)
}

/// The private key of a file.
fn key(pem: &[u8], path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let mut windows = pem.windows(ENCRYPTED.len());
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| {
        // The older form is no base64: two lines of text say how it is encrypted.
        let is_encrypted = windows.any(|window| window == ENCRYPTED);
        match error {
            other if !is_encrypted && !matches!(other, PemError::NoItemsFound) => {
                not_pem("key", path, &other)
            }
            _ => TlsError::NoKey {
                path: path.to_owned(),
                is_encrypted,
            },
        }
    })
}

fn not_pem(setting: &'static str, path: &Path, error: &PemError) -> TlsError {
    // The parser quotes the line that it cannot read, which may be of a key.
    let reason = match error {
        PemError::MissingSectionEnd { .. } => "a section has no end",
        PemError::IllegalSectionStart { .. } => "a section has no beginning",
        PemError::Base64Decode(_) => "a section is not base64",
        _ => "it cannot be read",
    };
    TlsError::NotPem {
        setting,
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Refuses a certificate that is not valid now.
fn in_force(validity: Validity, path: &Path, now: Timestamp) -> Result<(), TlsError> {
    let path = path.to_owned();
    let Validity { begins, ends } = validity;
    if now > ends {
        return Err(TlsError::Expired {
            path,
            expired: ends,
        });
    }
    if now < begins {
        return Err(TlsError::NotYetValid { path, begins });
    }
    Ok(())
}

/// Demands a certificate of one of the authorities from every client.
fn verifier(
    pem: &[u8],
    path: &Path,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    add_pem(&mut roots, pem, path).map_err(TlsError::Authorities)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    verifier.map_err(|error| TlsError::Authorities(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests;
