//! The TLS configuration of a client: which certificate authorities are trusted.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

use crate::authorities::add_file;
use crate::config::CertificateAuthorities;
use crate::fetch::FetchError;

/// The TLS configuration: it trusts the authorities and the certificates of the extra files. The provider of the ciphers is
/// set here, so that nothing depends on one that the process would have to install. For a plain HTTP address no authority
/// is read.
pub(super) fn client_config<'a>(
    authorities: &CertificateAuthorities,
    extra: impl Iterator<Item = &'a PathBuf>,
    secure: bool,
) -> Result<ClientConfig, FetchError> {
    let mut roots = RootCertStore::empty();
    if secure {
        roots = chosen(authorities)?;
        for path in extra {
            add_file(&mut roots, path).map_err(FetchError::Authorities)?;
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| FetchError::Client(error.to_string()))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    // The client speaks HTTP/1.1 alone, and a custom configuration must say so itself.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn chosen(authorities: &CertificateAuthorities) -> Result<RootCertStore, FetchError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        CertificateAuthorities::Bundled => {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        CertificateAuthorities::System => {
            // One invalid certificate among hundreds is common and ignored; an empty list is an error.
            let found = rustls_native_certs::load_native_certs();
            let (added, _ignored) = roots.add_parsable_certificates(found.certs);
            if added == 0 {
                let reason = found
                    .errors
                    .first()
                    .map_or_else(|| "the machine has none".to_owned(), ToString::to_string);
                return Err(FetchError::Authorities(reason));
            }
        }
        CertificateAuthorities::File(path) => {
            add_file(&mut roots, path).map_err(FetchError::Authorities)?;
        }
    }
    Ok(roots)
}
