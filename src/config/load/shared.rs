//! The settings of `[shared]`.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Loader;
use crate::config::entries::Raw;
use crate::config::{Clock, Shared, Store, values};

/// The addresses of the servers: with them a replica shares a log.
const SERVERS: &str = "shared.servers";
const NAME: &str = "shared.name";
const NODE: &str = "shared.node";
const ROLE: &str = "shared.role";
const LEASE: &str = "shared.lease";
const ADVERTISE_ADMIN: &str = "shared.advertise_admin";
const NAME_DEFAULT: &str = "main";
/// The roles.
pub(in crate::config) const AUTO: &str = "auto";
pub(in crate::config) const FOLLOWER: &str = "follower";
/// A leader that is gone is missed for this long. A shorter one is lost when a machine is busy.
const LEASE_DEFAULT: Duration = Duration::from_secs(10);
/// etcd gives no shorter lease than two seconds with its usual settings; after more than five minutes a morning's tables would
/// be late.
const LEASE_BOUNDS: RangeInclusive<Duration> = Duration::from_secs(2)..=Duration::from_secs(300);
/// The longest name: it is part of every key.
const NAME_BYTES_MAX: usize = 64;
/// Where Linux keeps the name of the machine.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

impl Loader<'_> {
    /// The log that is shared, if servers are named.
    pub(super) fn shared(&self, store: &Store, clock: Option<Clock>) -> Option<Shared> {
        let accepted = "a list of addresses of etcd, such as [\"http://10.0.0.1:2379\"]";
        let servers = self.entries.get(SERVERS, accepted, |raw| {
            let servers = values::list(raw)?.into_iter();
            let servers = servers.map(|server| values::origin(&Raw::Text(server)));
            let servers = servers.collect::<Result<Vec<_>, _>>()?;
            Ok(servers)
        });
        let accepted = "letters, digits, - and _, at most 64, with shared.servers";
        let name = self.entries.get(NAME, accepted, |raw| self.name(raw));
        let node = self.entries.get(NODE, accepted, |raw| self.name(raw));
        let accepted =
            "auto, or follower for a replica that never asks a bank, with shared.servers";
        let may_lead = self.entries.get(ROLE, accepted, |raw| {
            self.needs_servers()?;
            match values::text(raw)? {
                AUTO => Ok(true),
                FOLLOWER => Ok(false),
                other => Err(format!("`{other}` is no role")),
            }
        });
        let accepted =
            "an address as operators reach this replica, such as \"http://10.0.0.1:50052\"";
        let advertise_admin = self.entries.get(ADVERTISE_ADMIN, accepted, |raw| {
            self.needs_servers()?;
            if values::text(raw)?.is_empty() {
                return Ok(String::new());
            }
            values::origin(raw)
        });
        let access = self.etcd_access(servers.as_deref().unwrap_or_default());
        let lease = self.duration(LEASE, LEASE_DEFAULT, &LEASE_BOUNDS);
        if servers.as_ref().is_some_and(Vec::is_empty) && may_lead == Some(false) {
            // Alone it would ask the banks.
            let reason = "there is nothing to follow: shared.servers is empty";
            self.entries.refuse(
                ROLE,
                reason.to_owned(),
                "the addresses of etcd in shared.servers",
            );
        }
        let servers = servers.filter(|servers| !servers.is_empty())?;
        let may_lead = may_lead.unwrap_or(true);
        if may_lead && matches!(store, Store::Memory) {
            let reason = "a replica that may lead needs a ledger in a file: store.path is :memory:";
            self.entries
                .refuse(SERVERS, reason.to_owned(), "a file, or role = \"follower\"");
        }
        if clock.is_some() {
            let reason = "replicas follow the real clock: clock.start is set";
            self.entries
                .refuse(SERVERS, reason.to_owned(), "no clock.start");
        }
        Some(Shared {
            servers,
            name: name.unwrap_or_else(|| NAME_DEFAULT.to_owned()),
            node: node.unwrap_or_else(host_name),
            advertise_admin: advertise_admin.unwrap_or_default(),
            may_lead,
            lease,
            access,
        })
    }

    fn needs_servers(&self) -> Result<(), String> {
        if self.entries.is_set(SERVERS) {
            Ok(())
        } else {
            Err("it needs shared.servers: without them no log is shared".to_owned())
        }
    }

    fn name(&self, raw: &Raw) -> Result<String, String> {
        self.needs_servers()?;
        let text = values::text(raw)?;
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.bytes().all(is_allowed) {
            Ok(text.to_owned())
        } else {
            Err(format!("`{text}` is no name"))
        }
    }
}

/// The address of a server of etcd, in lower case.
///
/// # Errors
/// Why it is none. A password is not repeated.
pub fn etcd_address(text: &str) -> Result<String, String> {
    values::origin(&Raw::Text(text.to_owned()))
}

/// The name of the machine.
fn host_name() -> String {
    let name = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "silkrate" } else { name }.to_owned()
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn load(variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables = variables.iter().map(|(name, value)| {
            let name = format!("SILKRATE_{name}");
            (name, (*value).to_owned())
        });
        Config::load(None, variables).map_err(|errors| errors.to_string())
    }

    const SERVERS: (&str, &str) = (
        "SHARED__SERVERS",
        "http://10.0.0.1:2379,http://10.0.0.2:2379",
    );

    #[test]
    fn no_log_is_shared_until_servers_are_named() {
        let alone = load(&[]).unwrap();
        assert_eq!(alone.shared, None);
        assert!(!alone.to_toml().contains("[shared]"));
        let shared = load(&[SERVERS, ("SHARED__NODE", "one")]).unwrap();
        let printed = "[shared]\nservers = [\"http://10.0.0.1:2379\", \"http://10.0.0.2:2379\"]\nname = \"main\"\n\
             node = \"one\"\nrole = \"auto\"\nlease = \"10s\"\n\
             advertise_admin = \"\"\nca = \"system\"\n";
        assert!(shared.to_toml().contains(printed), "{}", shared.to_toml());
    }

    #[test]
    fn what_replicas_cannot_share_is_refused_with_its_setting() {
        for (more, reason) in [
            (
                ("STORE__PATH", ":memory:"),
                "a replica that may lead needs a ledger in a file",
            ),
            (
                ("CLOCK__START", "2026-04-02T09:00:00Z"),
                "replicas follow the real clock",
            ),
            (("SHARED__NAME", "a/b"), "`a/b` is no name"),
            (("SHARED__ROLE", "leader"), "`leader` is no role"),
            (("SHARED__LEASE", "1s"), "out of bounds"),
            (
                ("SHARED__ADVERTISE_ADMIN", "10.0.0.1"),
                "shared.advertise_admin",
            ),
        ] {
            let error = load(&[SERVERS, more]).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
        let alone = load(&[("SHARED__ROLE", "follower")]).unwrap_err();
        assert!(alone.contains("it needs shared.servers"), "{alone}");
        let edge = [
            SERVERS,
            ("SHARED__ROLE", "follower"),
            ("STORE__PATH", ":memory:"),
        ];
        assert!(!load(&edge).unwrap().shared.unwrap().may_lead);
        let nothing = load(&[("SHARED__SERVERS", ""), ("SHARED__ROLE", "follower")]);
        let errors = nothing.unwrap_err();
        assert!(errors.contains("nothing to follow"), "{errors}");
    }
}
