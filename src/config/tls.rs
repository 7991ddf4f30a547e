//! `[server.tls]`, `[web.tls]` and `[admin.tls]`: the files of a port that speaks TLS.

use std::path::PathBuf;

/// The files of a port that speaks TLS. They are read when the service starts, and whenever they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// A PEM file: the certificate of the port, then those that lead from it to an authority.
    pub certificate: PathBuf,
    /// A PEM file: the private key of the certificate.
    pub key: PathBuf,
    /// A PEM file of authorities: every client needs a certificate of one of them. Without it none is demanded.
    pub client_ca: Option<PathBuf>,
}
