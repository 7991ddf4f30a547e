//! Everything that can be wrong with the files of a port.

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tempfile::TempDir;

use super::*;
use crate::tls::{Reload, ServerTls};

const NOW: &str = "2026-04-02T09:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// A certificate for a part of 2026, and its key, as PEM.
fn pair(first_month: u8, last_month: u8) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(["rates.example".to_owned()]).unwrap();
    parameters.not_before = date_time_ymd(2026, first_month, 1);
    parameters.not_after = date_time_ymd(2026, last_month, 1);
    let certificate = parameters.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// Files in a folder, which is removed with it.
struct Files {
    folder: TempDir,
    files: TlsFiles,
}

impl Files {
    fn new(certificate: &str, key: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: folder.path().join("site.pem"),
            key: folder.path().join("site.key"),
            client_ca: None,
        };
        let files = Self { folder, files };
        files.write(certificate, key);
        files
    }

    fn write(&self, certificate: &str, key: &str) {
        std::fs::write(&self.files.certificate, certificate).unwrap();
        std::fs::write(&self.files.key, key).unwrap();
    }

    fn load(&self) -> Result<ServerTls, TlsError> {
        ServerTls::load(&self.files, HttpVersions::Http2, now())
    }
}

/// The setting of what is wrong, and its text.
fn wrong(certificate: &str, key: &str) -> (&'static str, String) {
    let error = Files::new(certificate, key).load().unwrap_err();
    (error.setting(), error.to_string())
}

#[test]
fn each_fault_names_its_setting_and_its_file() {
    let (certificate, key) = pair(3, 6);
    let (_, other_key) = pair(3, 6);
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let older = key.replace(
        "-----BEGIN PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n",
    );
    let older = older.replace("END PRIVATE", "END RSA PRIVATE");
    let cut: String = certificate.lines().take(3).collect::<Vec<_>>().join("\n");
    let no_certificate = certificate.replace("MII", "MIJ");
    for (certificate, key, setting, expected) in [
        (
            &*certificate,
            &*other_key,
            "key",
            "site.key is not that of the first certificate in",
        ),
        (
            &key,
            &certificate,
            "certificate",
            "site.pem: no certificate in the PEM format in it, but a private key",
        ),
        (
            "",
            &key,
            "certificate",
            "site.pem: no certificate in the PEM format in it",
        ),
        (
            &cut,
            &key,
            "certificate",
            "site.pem: not in the PEM format: a section has no end",
        ),
        (
            &no_certificate,
            &key,
            "certificate",
            "site.pem: the certificate cannot be used: ",
        ),
        (
            &certificate,
            &certificate,
            "key",
            "site.key: no private key in the PEM format in it",
        ),
        (
            &certificate,
            &encrypted,
            "key",
            "site.key: no private key in the PEM format in it that is not encrypted",
        ),
        (
            &certificate,
            &older,
            "key",
            "site.key: no private key in the PEM format in it that is not encrypted",
        ),
        (
            &certificate,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "key",
            "site.key: the private key cannot be used: its kind, its size or its form is not supported",
        ),
    ] {
        let (of, text) = wrong(certificate, key);
        assert_eq!(of, setting, "{text}");
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn a_certificate_that_is_not_valid_now_is_refused_with_its_date() {
    for ((certificate, key), expected) in [
        (
            pair(1, 3),
            "the certificate expired at 2026-03-01T00:00:00Z",
        ),
        (
            pair(5, 6),
            "the certificate is not valid before 2026-05-01T00:00:00Z",
        ),
    ] {
        let (setting, text) = wrong(&certificate, &key);
        assert_eq!(setting, "certificate", "{text}");
        assert!(text.ends_with(&format!("site.pem: {expected}")), "{text}");
    }
}

#[test]
fn a_file_that_is_missing_or_endless_is_named() {
    let (certificate, key) = pair(3, 6);
    let mut files = Files::new(&certificate, &key);
    files.files.key = files.folder.path().join("gone.key");
    let error = files.load().unwrap_err();
    assert_eq!(error.setting(), "key");
    assert!(error.to_string().contains("gone.key: "), "{error}");

    let mut files = Files::new(&certificate, &key);
    files.files.client_ca = Some("/dev/zero".into());
    let error = files.load().unwrap_err();
    assert_eq!(error.setting(), "client_ca");
    assert!(error.to_string().starts_with("/dev/zero: "), "{error}");
    files.files.client_ca = Some(files.files.key.clone());
    let error = files.load().unwrap_err();
    assert_eq!(error.setting(), "client_ca");
    assert!(error.to_string().contains("no certificate"), "{error}");
}

#[test]
fn no_error_contains_a_line_of_a_key() {
    let (certificate, key) = pair(3, 6);
    let line = key.lines().nth(1).unwrap();
    let joined = key.replace("-----\n", "-----");
    let broken = key.replace("MI", "M!");
    for key in [
        &joined,
        &broken,
        &key.replace("BEGIN PRIVATE", "BEGIN PRIVAT"),
    ] {
        let error = Files::new(&certificate, key).load().unwrap_err();
        let texts = format!("{error} {error:?}");
        assert!(!texts.contains(line.get(4..20).unwrap()), "{texts}");
    }
    let loaded = format!("{:?}", Files::new(&certificate, &key).load().unwrap());
    assert!(!loaded.contains(line.get(4..20).unwrap()), "{loaded}");
}

#[test]
fn a_reload_takes_what_has_changed_and_keeps_what_works() {
    let (certificate, key) = pair(3, 6);
    let files = Files::new(&certificate, &key);
    let tls = files.load().unwrap();
    let first = tls.config();
    assert_eq!(tls.reload(now()), Ok(Reload::Unchanged));

    let (later, later_key) = pair(4, 9);
    // As a program that renews certificates writes them: one file, then the other.
    files.write(&later, &key);
    assert!(matches!(tls.reload(now()), Err(TlsError::Mismatch { .. })));
    std::fs::remove_file(&files.files.key).unwrap();
    assert!(matches!(
        tls.reload(now()),
        Err(TlsError::Unreadable { .. })
    ));
    assert!(Arc::ptr_eq(&tls.config(), &first));
    files.write(&later, &later_key);
    let Ok(Reload::Replaced(validity)) = tls.reload(now()) else {
        panic!("the new pair is in force");
    };
    assert_eq!(validity.ends.to_string(), "2026-09-01T00:00:00Z");
    assert_eq!(tls.validity(), validity);
    assert!(!Arc::ptr_eq(&tls.config(), &first));
    assert_eq!(tls.reload(now()), Ok(Reload::Unchanged));
}
