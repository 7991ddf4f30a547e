//! Why the files of a port cannot be used.

use std::path::PathBuf;

use jiff::Timestamp;
use thiserror::Error;

/// Why the files of a port cannot be used. No text contains more of a key than the path of its file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{}: {reason}", .path.display())]
    Unreadable {
        /// The setting that names the file, without its table.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the system.
        reason: String,
    },
    /// A file is not in the PEM format.
    #[error("{}: not in the PEM format: {reason}", .path.display())]
    NotPem {
        /// The setting that names the file, without its table.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file has no certificate.
    #[error("{}: no certificate in the PEM format in it{}", .path.display(), if *.has_key { ", but a private key" } else { "" })]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// Whether it has a private key.
        has_key: bool,
    },
    /// The file has no private key.
    #[error("{}: no private key in the PEM format in it{}", .path.display(), if *.is_encrypted { " that is not encrypted" } else { "" })]
    NoKey {
        /// The file.
        path: PathBuf,
        /// Whether it has one that a password protects.
        is_encrypted: bool,
    },
    /// The key has an algorithm, a size or a form that is not supported.
    #[error("{}: the private key cannot be used: its kind, its size or its form is not supported", .path.display())]
    BadKey {
        /// The file.
        path: PathBuf,
    },
    /// The certificate cannot be used.
    #[error("{}: the certificate cannot be used: {reason}", .path.display())]
    BadCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key is not that of the certificate.
    #[error("the private key in {} is not that of the first certificate in {}", .key.display(), .certificate.display())]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The certificate has expired.
    #[error("{}: the certificate expired at {expired}", .path.display())]
    Expired {
        /// The file.
        path: PathBuf,
        /// When.
        expired: Timestamp,
    },
    /// The certificate is for a later time.
    #[error("{}: the certificate is not valid before {begins}", .path.display())]
    NotYetValid {
        /// The file.
        path: PathBuf,
        /// When it is.
        begins: Timestamp,
    },
    /// The authorities of clients cannot be used: a text that names the file.
    #[error("{0}")]
    Authorities(String),
}

impl TlsError {
    /// The setting that it is about, without its table.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Unreadable { setting, .. } | Self::NotPem { setting, .. } => setting,
            Self::NoCertificate { .. }
            | Self::BadCertificate { .. }
            | Self::Expired { .. }
            | Self::NotYetValid { .. } => "certificate",
            Self::NoKey { .. } | Self::BadKey { .. } | Self::Mismatch { .. } => "key",
            Self::Authorities(_) => "client_ca",
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "name a file that the user of the service can read",
            Self::NotPem { .. } => {
                "convert it: `openssl x509` and `openssl pkey`, with -inform DER, write PEM"
            }
            Self::NoCertificate { .. } => {
                "name the file of the certificate, which has the lines BEGIN CERTIFICATE"
            }
            Self::NoKey {
                is_encrypted: true, ..
            } => "write it without the password: `openssl pkey -in FILE -out NEW`",
            Self::NoKey { .. } => {
                "name the file of the private key, which has the line BEGIN PRIVATE KEY"
            }
            Self::BadKey { .. } => {
                "use a key of the kinds RSA (2048 bits or more), ECDSA (P-256, P-384) or Ed25519"
            }
            Self::BadCertificate { .. } => {
                "use an X.509 certificate of version 3 for TLS servers; `openssl x509 -text` prints it"
            }
            Self::Mismatch { .. } => {
                "name the key with which the certificate was requested; the own certificate of the port stands before those of its authorities"
            }
            Self::Expired { .. } => "renew the certificate, and check the clock of this machine",
            Self::NotYetValid { .. } => {
                "check the clock of this machine, or use the certificate before it"
            }
            Self::Authorities(_) => "name a PEM file of the authorities that sign for clients",
        }
    }
}
