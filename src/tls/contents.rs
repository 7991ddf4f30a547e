//! What is in the files of a port.

use std::fmt;
use std::path::Path;

use crate::config::TlsFiles;
use crate::small_file;
use crate::tls::TlsError;

/// The bytes of the files. They are never printed: a private key is among them.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Vec<u8>,
    pub(super) client_ca: Option<Vec<u8>>,
}

impl Contents {
    /// Reads the files.
    ///
    /// # Errors
    /// When one of them cannot be read, is too large, or is no regular file.
    pub(super) fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self {
            certificate: read("certificate", &files.certificate)?,
            key: read("key", &files.key)?,
            client_ca: files
                .client_ca
                .as_deref()
                .map(|path| read("client_ca", path))
                .transpose()?,
        })
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Contents(…)")
    }
}

fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    small_file::read(path).map_err(|error| TlsError::Unreadable {
        setting,
        path: path.to_owned(),
        reason: error.to_string(),
    })
}
