//! The settings of `[shared]` that say how the servers of etcd are reached: certificates, a user and its password.

use super::Loader;
use crate::config::entries::Raw;
use crate::config::{EtcdAccess, values};

const CA: &str = "shared.ca";
const CERTIFICATE: &str = "shared.certificate";
const KEY: &str = "shared.key";
const USER: &str = "shared.user";
const PASSWORD_FILE: &str = "shared.password_file";
/// The authorities of the machine.
pub(in crate::config) const SYSTEM: &str = "system";

impl Loader<'_> {
    /// How the servers are reached. What is in the files is checked when the service starts.
    pub(super) fn etcd_access(&self, servers: &[String]) -> EtcdAccess {
        let accepted =
            "\"system\", or the path of a PEM file, with an https:// address in shared.servers";
        let ca = self.entries.get(CA, accepted, |raw| {
            if values::text(raw)? == SYSTEM {
                return Ok(None);
            }
            needs_tls(servers)?;
            self.readable(CA, values::text(raw)?).map(Some)
        });
        let accepted = "the path of a PEM file, with an https:// address in shared.servers";
        let certificate = self.unless_empty(CERTIFICATE, accepted, |path| {
            needs_tls(servers)?;
            self.readable(CERTIFICATE, path)
        });
        let key = self.unless_empty(KEY, accepted, |path| {
            needs_tls(servers)?;
            self.readable(KEY, path)
        });
        let accepted = "the name of a user of etcd, with shared.password_file";
        let user = self.unless_empty(USER, accepted, |name| {
            is_unheard(servers)?;
            Ok(name.to_owned())
        });
        let accepted = "the path of a file that has the password alone";
        let password_file = self.unless_empty(PASSWORD_FILE, accepted, |path| {
            self.readable(PASSWORD_FILE, path)
        });
        let is_set = [
            (CERTIFICATE, self.is_chosen(CERTIFICATE)),
            (KEY, self.is_chosen(KEY)),
            (USER, self.is_chosen(USER)),
            (PASSWORD_FILE, self.is_chosen(PASSWORD_FILE)),
        ];
        for pair in is_set.chunks(2) {
            if let [(one, true), (other, false)] | [(other, false), (one, true)] = pair {
                let reason = format!("it needs {other}, which is not set");
                self.entries.refuse(one, reason, "both, or neither");
            }
        }
        EtcdAccess {
            ca: ca.flatten(),
            identity: certificate.zip(key),
            user: user.zip(password_file),
        }
    }

    /// A text, where an empty one is as good as none.
    fn unless_empty<T>(
        &self,
        key: &str,
        accepted: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let read = self
            .entries
            .get(key, accepted, |raw| match values::text(raw)? {
                "" => Ok(None),
                text => parse(text).map(Some),
            });
        read.flatten()
    }

    /// Whether a text is set, rightly or not.
    fn is_chosen(&self, key: &str) -> bool {
        let is_empty = |raw: &Raw| values::text(raw).is_ok_and(str::is_empty);
        let chosen = self.entries.get(key, "", |raw| Ok(!is_empty(raw)));
        chosen.unwrap_or(false)
    }
}

fn needs_tls(servers: &[String]) -> Result<(), String> {
    if servers.iter().any(|server| server.starts_with("https://")) {
        Ok(())
    } else {
        Err("no address in shared.servers begins with https://".to_owned())
    }
}

/// Whether no network hears what the servers are told. The addresses are in lower case.
fn is_unheard(servers: &[String]) -> Result<(), String> {
    let is_near = |server: &str| {
        let authority = server.strip_prefix("http://").unwrap_or_default();
        let host = authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host);
        host == "localhost" || host == "[::1]" || host.starts_with("127.")
    };
    let mut servers = servers.iter();
    match servers.find(|server| !server.starts_with("https://") && !is_near(server)) {
        None => Ok(()),
        Some(server) => Err(format!(
            "the password would be sent to {server} in the clear, where every network on the way can read it"
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, EtcdAccess};

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/bank.pem");

    fn load(servers: &str, settings: &[(&str, &str)]) -> Result<Config, String> {
        let servers = ("SERVERS", servers);
        let settings = [&[servers], settings].concat().into_iter();
        let variables =
            settings.map(|(name, value)| (format!("SILKRATE_SHARED__{name}"), value.to_owned()));
        Config::load(None, variables).map_err(|errors| errors.to_string())
    }

    #[test]
    fn certificates_and_a_user_are_read_and_printed_without_the_password() {
        let plain = load("http://10.0.0.1:2379", &[]).unwrap();
        assert_eq!(plain.shared.unwrap().access, EtcdAccess::default());
        let secured = load(
            "https://10.0.0.1:2379,https://10.0.0.2:2379",
            &[
                ("CA", FILE),
                ("CERTIFICATE", FILE),
                ("KEY", FILE),
                ("USER", "edge"),
                ("PASSWORD_FILE", FILE),
            ],
        );
        let secured = secured.unwrap();
        let printed = format!(
            "ca = \"{FILE}\"\ncertificate = \"{FILE}\"\nkey = \"{FILE}\"\nuser = \"edge\"\npassword_file = \"{FILE}\"\n"
        );
        assert!(
            secured.to_toml().contains(&printed),
            "{}",
            secured.to_toml()
        );
        let access = secured.shared.unwrap().access;
        assert_eq!(access.ca, Some(FILE.into()));
        assert_eq!(access.identity, Some((FILE.into(), FILE.into())));
        assert_eq!(access.user, Some(("edge".to_owned(), FILE.into())));
    }

    #[test]
    fn what_does_not_fit_together_is_refused_with_its_setting() {
        let (near, far, secure) = (
            "http://127.0.0.1:2379",
            "http://10.0.0.1:2379",
            "https://10.0.0.1:2379",
        );
        let both = [("USER", "edge"), ("PASSWORD_FILE", FILE)];
        assert!(load(near, &both).is_ok());
        for (servers, settings, reason) in [
            (far, &both[..], "sent to http://10.0.0.1:2379 in the clear"),
            (far, &[("CA", FILE)], "begins with https://"),
            (secure, &[("KEY", FILE)], "it needs shared.certificate"),
            (secure, &[("CERTIFICATE", FILE)], "it needs shared.key"),
            (secure, &[("USER", "edge")], "it needs shared.password_file"),
            (secure, &[("PASSWORD_FILE", FILE)], "it needs shared.user"),
            (secure, &[("CA", "/nowhere")], "`/nowhere` cannot be read"),
        ] {
            let refused = load(servers, settings).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
