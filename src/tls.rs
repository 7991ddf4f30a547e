//! The certificates of the ports: read and checked at the start and whenever their files change, without a connection that
//! notices.
//!
//! ```text
//! files ─▶ checked as a whole ─▶ ServerTls ─▶ each handshake takes what is in force at that moment
//!   ▲                                │
//!   └───── Certificates: reads them again, logs what it replaced or could not, and warns of an end that is near
//! ```
//!
//! [`listener`](crate::listener) makes the handshakes; `config/README.md` describes the settings.
//!
//! *Chose* to compare what is in the files, *over* the times of their modification: a file that is copied with its times, or
//! replaced twice within a second, is noticed too, and the files are some kilobytes.

mod certificates;
mod contents;
mod doubt;
mod error;
mod identity;
mod validity;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use certificates::Certificates;
pub use doubt::Doubt;
pub use error::TlsError;
use jiff::Timestamp;
use rustls::ServerConfig;

use crate::config::TlsFiles;
use crate::telemetry::HandshakeCounts;
use crate::tls::contents::Contents;
use crate::tls::identity::Identity;
pub use crate::tls::validity::Validity;

/// The versions of HTTP that a port offers within TLS, the preferred one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpVersions {
    /// HTTP/2 alone, as gRPC needs it.
    Http2,
    /// HTTP/2 and HTTP/1.1.
    Http2AndHttp1,
}

impl HttpVersions {
    /// Their names in the handshake (ALPN).
    fn names(self) -> Vec<Vec<u8>> {
        let names: &[&[u8]] = match self {
            Self::Http2 => &[b"h2"],
            Self::Http2AndHttp1 => &[b"h2", b"http/1.1"],
        };
        names.iter().map(|name| name.to_vec()).collect()
    }
}

/// The TLS of one port.
#[derive(Debug)]
pub struct ServerTls {
    files: TlsFiles,
    versions: HttpVersions,
    /// How the handshakes ended.
    pub counts: HandshakeCounts,
    in_force: Mutex<InForce>,
}

/// What handshakes use from now on.
#[derive(Debug)]
struct InForce {
    contents: Contents,
    identity: Identity,
}

/// The outcome of reading the files again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// They are as they were.
    Unchanged,
    /// Handshakes use what is in them now; the certificate has these dates.
    Replaced(Validity),
}

impl ServerTls {
    /// Reads the files of a port.
    ///
    /// # Errors
    /// When a file cannot be used at that moment, or they do not fit together.
    pub fn load(
        files: &TlsFiles,
        versions: HttpVersions,
        now: Timestamp,
    ) -> Result<Self, TlsError> {
        let contents = Contents::read(files)?;
        let identity = Identity::new(&contents, files, versions, now)?;
        Ok(Self {
            files: files.clone(),
            versions,
            counts: HandshakeCounts::default(),
            in_force: Mutex::new(InForce { contents, identity }),
        })
    }

    /// Reads the files again. Connections that are open keep what they began with, and so does the port if the files cannot be
    /// used.
    ///
    /// # Errors
    /// As for [`ServerTls::load`].
    pub fn reload(&self, now: Timestamp) -> Result<Reload, TlsError> {
        let contents = Contents::read(&self.files)?;
        if self.lock().contents == contents {
            return Ok(Reload::Unchanged);
        }
        let identity = Identity::new(&contents, &self.files, self.versions, now)?;
        let validity = identity.validity;
        *self.lock() = InForce { contents, identity };
        Ok(Reload::Replaced(validity))
    }

    /// The files.
    pub fn files(&self) -> &TlsFiles {
        &self.files
    }

    /// The dates of the certificate in force.
    pub fn validity(&self) -> Validity {
        self.lock().identity.validity
    }

    /// What clients probably refuse of the certificate in force.
    pub fn doubts(&self) -> Vec<Doubt> {
        self.lock().identity.doubts.clone()
    }

    /// What a handshake uses that begins now.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.lock().identity.config)
    }

    /// It is whole at every moment, so a poisoned lock is safe to use.
    fn lock(&self) -> MutexGuard<'_, InForce> {
        self.in_force.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
