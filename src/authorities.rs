//! The certificate authorities of a PEM file, for every side that opens TLS connections.

use std::fmt::Display;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Trusts the certificates of a PEM file. An intermediate certificate is trusted like a root: a chain ends at it.
///
/// # Errors
/// When the file cannot be read, contains no certificate, or one that is not valid: a text that names the file.
pub(crate) fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let pem = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    add_pem(roots, &pem, path)
}

/// The same with what was read from the file.
///
/// # Errors
/// When it contains no certificate, or one that is not valid: a text that names the file.
pub(crate) fn add_pem(roots: &mut RootCertStore, pem: &[u8], path: &Path) -> Result<(), String> {
    let failed = |reason: &dyn Display| format!("{}: {reason}", path.display());
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| failed(&error))?;
    if certificates.is_empty() {
        return Err(failed(&"no certificate in the PEM format in it"));
    }
    for certificate in certificates {
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    Ok(())
}
