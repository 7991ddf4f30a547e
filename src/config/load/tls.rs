//! The settings of `[server.tls]`, `[web.tls]` and `[admin.tls]`.

use std::path::PathBuf;

use super::Loader;
use crate::config::{TlsFiles, values};

/// Settings, and those of the three tables.
pub(super) fn with_keys(others: &[&str]) -> Vec<String> {
    let keys = others.iter().chain(KEYS);
    keys.map(ToString::to_string).collect()
}

const KEYS: &[&str] = &[
    "server.tls.certificate",
    "server.tls.key",
    "server.tls.client_ca",
    "web.tls.certificate",
    "web.tls.key",
    "web.tls.client_ca",
    "admin.tls.certificate",
    "admin.tls.key",
    "admin.tls.client_ca",
];

impl Loader<'_> {
    /// The files of a port that speaks TLS; they must be readable. What is in them is checked when they are used.
    pub(super) fn tls(&self, table: &str) -> Option<TlsFiles> {
        let certificate = self.pem(&format!("{table}.certificate"));
        let key = self.pem(&format!("{table}.key"));
        let client_ca = self.pem(&format!("{table}.client_ca"));
        for (set, needed) in [
            ("certificate", "key"),
            ("key", "certificate"),
            ("client_ca", "certificate"),
        ] {
            let (set, needed) = (format!("{table}.{set}"), format!("{table}.{needed}"));
            if self.entries.is_set(&set) && !self.entries.is_set(&needed) {
                let reason = format!("it needs {needed}, which is not set");
                let accepted = "certificate and key together, or none of [TABLE]";
                self.entries
                    .refuse(&set, reason, &accepted.replace("TABLE", table));
            }
        }
        Some(TlsFiles {
            certificate: certificate?,
            key: key?,
            client_ca,
        })
    }

    fn pem(&self, key: &str) -> Option<PathBuf> {
        let accepted = "the path of a PEM file";
        self.entries
            .get(key, accepted, |raw| self.readable(key, values::text(raw)?))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/bank.pem");

    fn loaded(variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables = variables.iter();
        let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(None, variables).map_err(|errors| errors.to_string())
    }

    #[test]
    fn a_certificate_without_a_key_and_authorities_without_a_certificate_are_refused() {
        for (name, needed) in [
            ("SILKRATE_SERVER__TLS__CERTIFICATE", "server.tls.key"),
            ("SILKRATE_WEB__TLS__KEY", "web.tls.certificate"),
            ("SILKRATE_ADMIN__TLS__CLIENT_CA", "admin.tls.certificate"),
        ] {
            let error = loaded(&[(name, FILE)]).unwrap_err();
            assert!(error.contains(name), "{error}");
            assert!(
                error.contains(&format!("it needs {needed}, which")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_file_that_does_not_exist_is_named_with_its_setting() {
        let error = loaded(&[
            ("SILKRATE_WEB__TLS__CERTIFICATE", "/nowhere/site.pem"),
            ("SILKRATE_WEB__TLS__KEY", FILE),
        ]);
        let error = error.unwrap_err();
        assert!(error.contains("`web.tls.certificate`"), "{error}");
        assert!(
            error.contains("`/nowhere/site.pem` cannot be read"),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_device_that_never_ends_is_named_with_its_setting() {
        let error = loaded(&[
            ("SILKRATE_SERVER__TLS__CERTIFICATE", "/dev/zero"),
            ("SILKRATE_SERVER__TLS__KEY", FILE),
        ]);
        let error = error.unwrap_err();
        assert!(error.contains("`server.tls.certificate`"), "{error}");
        assert!(
            error.contains("`/dev/zero` cannot be read: it is a pipe or a device"),
            "{error}"
        );
    }

    #[test]
    fn a_port_without_these_settings_does_not_speak_tls() {
        let config = loaded(&[]).unwrap();
        assert_eq!(config.server.tls, None);
        assert_eq!(config.server.admin_tls, None);
        assert_eq!(config.web.tls, None);
    }
}
