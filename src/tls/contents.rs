//! What is in the files of a port.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::config::TlsFiles;
use crate::tls::TlsError;

/// The most bytes of a file: a list of every public authority is a quarter of it. What is larger is no file of this kind, and
/// a device may never end.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

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
    /// When one of them cannot be read, or is too large.
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
    bytes(path).map_err(|error| TlsError::Unreadable {
        setting,
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    let read = file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    if u64::try_from(read).is_ok_and(|read| read < FILE_BYTES_MAX) {
        Ok(bytes)
    } else {
        Err(io::Error::other("it is larger than a mebibyte"))
    }
}
