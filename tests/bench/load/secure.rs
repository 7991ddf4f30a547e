//! A protocol within TLS.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use silkrate::config::TlsFiles;
use silkrate::load::{Event, Protocol};

use super::AnyConnection;

/// How much is decrypted at once: the largest record.
const READ_BYTES: usize = 16 * 1024;

fn fixture(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/fixtures/tls").join(name)
}

/// The certificate of the servers that are measured: ECDSA, as most sites have it.
pub(crate) fn files() -> TlsFiles {
    TlsFiles {
        certificate: fixture("bank.pem"),
        key: fixture("bank.key"),
        client_ca: None,
    }
}

/// What every connection of the load begins with. Without resumption each handshake is a whole one.
pub(crate) fn config(is_resuming: bool) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(fixture("intermediate.pem"));
    let authority = authority.map_err(io::Error::other)?;
    roots.add(authority).map_err(io::Error::other)?;
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    if !is_resuming {
        config.resumption = Resumption::disabled();
    }
    Ok(Arc::new(config))
}

/// The client's side of a handshake with a server on loopback.
pub(crate) fn client(config: &Arc<ClientConfig>) -> io::Result<ClientConnection> {
    let name = ServerName::try_from("127.0.0.1").map_err(io::Error::other)?;
    ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)
}

/// One connection, and what speaks within it.
#[derive(Debug)]
pub(crate) struct SecureConnection {
    tls: ClientConnection,
    inner: AnyConnection,
    buffer: Vec<u8>,
}

impl SecureConnection {
    /// Begins the handshake, and gives it what `inner` sends first.
    ///
    /// # Panics
    /// When TLS refuses its own beginning, which is a defect of the benchmark.
    pub(crate) fn begin(
        config: &Arc<ClientConfig>,
        inner: AnyConnection,
        first: &[u8],
        out: &mut Vec<u8>,
    ) -> Self {
        let mut tls = client(config).expect("the name of the server is an address");
        tls.set_buffer_limit(None);
        tls.writer().write_all(first).expect("it is buffered");
        tls.write_tls(out).expect("a vector takes everything");
        Self {
            tls,
            inner,
            buffer: vec![0; READ_BYTES],
        }
    }
}

impl Protocol for SecureConnection {
    fn received(
        &mut self,
        mut bytes: &[u8],
        out: &mut Vec<u8>,
        report: &mut dyn FnMut(Event<'_>),
    ) -> io::Result<()> {
        let mut answer = Vec::new();
        while !bytes.is_empty() {
            self.tls.read_tls(&mut bytes)?;
            self.tls.process_new_packets().map_err(io::Error::other)?;
            loop {
                let read = match self.tls.reader().read(&mut self.buffer) {
                    Ok(0) => break,
                    Ok(read) => read,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                };
                let plain = self.buffer.get(..read).unwrap_or_default();
                self.inner.received(plain, &mut answer, report)?;
            }
        }
        self.tls.writer().write_all(&answer)?;
        while self.tls.wants_write() {
            self.tls.write_tls(out)?;
        }
        Ok(())
    }
}
