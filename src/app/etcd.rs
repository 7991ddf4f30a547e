//! How the servers of the shared log are reached: the files of its settings.

use std::fmt::Display;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tonic::transport::{ClientTlsConfig, Identity};

use crate::app::AppError;
use crate::authorities::add_pem;
use crate::config::{EtcdAccess, Shared};
use crate::shared::etcd::Servers;
use crate::small_file;

/// The servers of the settings, with what is in the files.
pub(super) fn servers(shared: &Shared) -> Result<Servers, AppError> {
    let EtcdAccess { ca, identity, user } = &shared.access;
    let has_tls = shared.servers.iter().any(|url| url.starts_with("https://"));
    let mut tls = ClientTlsConfig::new();
    tls = match ca {
        None => tls.with_native_roots(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            let pem = read("ca", path)?;
            add_pem(&mut roots, &pem, path).map_err(|reason| refused("ca", reason))?;
            tls.trust_anchors(roots.roots)
        }
    };
    if let Some((certificate, key)) = identity {
        let (chain, private) = (read("certificate", certificate)?, read("key", key)?);
        CertificateDer::from_pem_slice(&chain)
            .map_err(|_error| without("certificate", certificate, "certificate"))?;
        PrivateKeyDer::from_pem_slice(&private)
            .map_err(|_error| without("key", key, "private key"))?;
        tls = tls.identity(Identity::from_pem(chain, private));
    }
    let credentials = user.as_ref().map(|(name, file)| {
        let text = read("password_file", file)?;
        let text = String::from_utf8(text).map_err(|error| refused("password_file", error))?;
        let password = text.trim_end_matches(['\r', '\n']).to_owned();
        if password.is_empty() {
            return Err(without("password_file", file, "password"));
        }
        Ok((name.clone(), password))
    });
    Ok(Servers {
        urls: shared.servers.clone(),
        tls: has_tls.then_some(tls),
        has_certificate: identity.is_some(),
        credentials: credentials.transpose()?,
    })
}

fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, AppError> {
    let failed = |error| refused(setting, format!("{}: {error}", path.display()));
    small_file::read(path).map_err(failed)
}

fn without(setting: &'static str, path: &Path, what: &str) -> AppError {
    refused(setting, format!("{}: no {what} in it", path.display()))
}

fn refused(setting: &'static str, reason: impl Display) -> AppError {
    let reason = reason.to_string();
    AppError::LogFile { setting, reason }
}
