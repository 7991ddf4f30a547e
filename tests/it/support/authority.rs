//! Certificates made by the test: an authority, and what it signs for servers and clients.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, date_time_ymd,
};
use silkrate::client::{ClientIdentity, ClientOptions};
use silkrate::config::TlsFiles;
use tempfile::TempDir;

/// An authority, and a folder for the files of what it signs.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Usage {
    Server,
    Client,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap());
        let authority = Self {
            issuer: issuer.unwrap(),
            folder: tempfile::tempdir().unwrap(),
        };
        authority.write("ca.pem", &authority.issuer.pem());
        authority
    }

    /// Writes a file into the folder, in one step: a reader sees the one before or this one.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        let new = self.path(&format!("{name}.new"));
        std::fs::write(&new, text).unwrap();
        std::fs::rename(&new, &path).unwrap();
        path
    }

    /// The path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The file of the authority.
    pub(crate) fn file(&self) -> PathBuf {
        self.path("ca.pem")
    }

    fn sign(&self, usage: Usage, life: SignedDuration) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut parameters = CertificateParams::new(names).unwrap();
        parameters.extended_key_usages.push(match usage {
            Usage::Server => ExtendedKeyUsagePurpose::ServerAuth,
            Usage::Client => ExtendedKeyUsagePurpose::ClientAuth,
        });
        let end = TimeZone::UTC.to_datetime(Timestamp::now() + life);
        parameters.not_before = date_time_ymd(2020, 1, 1);
        parameters.not_after = date_time_ymd(
            end.year().into(),
            end.month().unsigned_abs(),
            end.day().unsigned_abs(),
        );
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// A new certificate for 127.0.0.1 and localhost, in the same files each time.
    pub(crate) fn server(&self) -> TlsFiles {
        self.server_for(SignedDuration::from_hours(90 * 24))
    }

    /// The same with another life, to the day.
    pub(crate) fn server_for(&self, life: SignedDuration) -> TlsFiles {
        let (certificate, key) = self.sign(Usage::Server, life);
        TlsFiles {
            key: self.write("server.key", &key),
            certificate: self.write("server.pem", &certificate),
            client_ca: None,
        }
    }

    /// The files of a client, which trusts this authority and has no certificate.
    pub(crate) fn trusting(&self) -> ClientOptions {
        ClientOptions {
            ca_file: Some(self.file()),
            ..ClientOptions::default()
        }
    }

    /// A certificate of this authority for a client.
    pub(crate) fn client(&self) -> ClientIdentity {
        let (certificate, key) = self.sign(Usage::Client, SignedDuration::from_hours(90 * 24));
        ClientIdentity {
            certificate_file: self.write("client.pem", &certificate),
            key_file: self.write("client.key", &key),
        }
    }
}

/// The same files, with the demand that each client has a certificate of an authority.
pub(crate) fn demanding(files: TlsFiles, authority: &Path) -> TlsFiles {
    TlsFiles {
        client_ca: Some(authority.to_owned()),
        ..files
    }
}
