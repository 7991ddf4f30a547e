//! The environment variables of the settings.

use std::net::IpAddr;

/// The prefix of every variable of silkrate.
pub(super) const PREFIX: &str = "SILKRATE_";
/// The variable that names the server of the client commands. It is no setting of the service.
pub const URL_VARIABLE: &str = "SILKRATE_URL";
/// The variable that names the operators' port for the commands of operators. It is no setting of the service.
pub const ADMIN_URL_VARIABLE: &str = "SILKRATE_ADMIN_URL";
/// The variable that names the file of certificate authorities that the client commands trust. It is no setting of the service.
pub const CA_VARIABLE: &str = "SILKRATE_CA";
/// The variable that names the file of the certificate that the client commands show. It is no setting of the service.
pub const CERTIFICATE_VARIABLE: &str = "SILKRATE_CERTIFICATE";
/// The variable that names the file of its private key. It is no setting of the service.
pub const CERTIFICATE_KEY_VARIABLE: &str = "SILKRATE_CERTIFICATE_KEY";
/// The variable that names the file with the key of the client commands. It is no setting of the service.
pub const ACCESS_KEY_FILE_VARIABLE: &str = "SILKRATE_ACCESS_KEY_FILE";
/// The variable that has the key of the client commands. It is no setting of the service.
const ACCESS_KEY_VARIABLE: &str = "SILKRATE_ACCESS_KEY";
/// What stands for the dot of a key: names of keys contain single underscores.
const SEPARATOR: &str = "__";

/// The key that the environment has for the client commands. No option has it: the arguments of a process are public.
pub fn access_key() -> Option<String> {
    let key = std::env::var_os(ACCESS_KEY_VARIABLE)?;
    Some(key.to_string_lossy().into_owned()).filter(|key| !key.is_empty())
}

/// The variable that sets a key: `SILKRATE_SOURCES__NBK__INTERVAL` for `sources.nbk.interval`.
pub(super) fn variable_of(key: &str) -> String {
    let name = key.replace('.', SEPARATOR).to_uppercase();
    format!("{PREFIX}{name}")
}

/// Whether a variable is read by client commands, which may run in the environment of the service.
pub(super) fn is_of_clients(name: &str) -> bool {
    let names = [
        URL_VARIABLE,
        ADMIN_URL_VARIABLE,
        CA_VARIABLE,
        CERTIFICATE_VARIABLE,
        CERTIFICATE_KEY_VARIABLE,
        ACCESS_KEY_FILE_VARIABLE,
        ACCESS_KEY_VARIABLE,
    ];
    names.contains(&name)
}

/// Whether a variable is one that Kubernetes sets in every container for a Service whose name begins with `silkrate`: of
/// `silkrate-web` those are `SILKRATE_WEB_SERVICE_HOST`, `SILKRATE_WEB_SERVICE_PORT`, `SILKRATE_WEB_PORT=tcp://…`,
/// `SILKRATE_WEB_PORT_8080_TCP_ADDR` and others. No setting has such a name: a setting has two underscores in it.
///
/// Source: <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>.
pub(super) fn is_service_link(name: &str, value: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if name.ends_with("_SERVICE_HOST") {
        return value.parse::<IpAddr>().is_ok();
    }
    if name.ends_with("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") {
        return is_number(value);
    }
    if name.ends_with("_PORT") && value.contains("://") {
        return true;
    }
    // `…_PORT_8080_TCP`, and the same with the name of a part.
    let parts = ["_PROTO", "_PORT", "_ADDR"];
    let whole = parts.iter().find_map(|part| name.strip_suffix(part));
    let link = whole.unwrap_or(name).rsplit_once("_PORT_");
    let port_and_protocol = link.and_then(|(_, link)| link.split_once('_'));
    port_and_protocol.is_some_and(|(port, protocol)| {
        is_number(port) && ["TCP", "UDP", "SCTP"].contains(&protocol)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_a_kubernetes_service_are_told_from_settings() {
        for (name, value) in [
            ("SILKRATE_SERVICE_HOST", "10.96.0.10"),
            ("SILKRATE_PORT", "tcp://10.96.0.10:50051"),
            ("SILKRATE_WEB_SERVICE_HOST", "fd00::10"),
            ("SILKRATE_WEB_SERVICE_PORT", "8080"),
            ("SILKRATE_WEB_SERVICE_PORT_HTTP", "8080"),
            ("SILKRATE_WEB_PORT", "tcp://10.96.0.10:8080"),
            ("SILKRATE_WEB_PORT_8080_TCP", "tcp://10.96.0.10:8080"),
            ("SILKRATE_WEB_PORT_8080_TCP_PROTO", "tcp"),
            ("SILKRATE_WEB_PORT_8080_TCP_PORT", "8080"),
            ("SILKRATE_WEB_PORT_8080_TCP_ADDR", "10.96.0.10"),
            ("SILKRATE_DNS_PORT_53_UDP_ADDR", "10.96.0.10"),
        ] {
            assert!(is_service_link(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("SILKRATE_PORT", "8080"),
            ("SILKRATE_WEB_PORT", "8080"),
            ("SILKRATE_SERVICE_HOST", "silkrate.example"),
            ("SILKRATE_SERVICE_PORT", "http"),
            ("SILKRATE_WEB__LISTN", "127.0.0.1:8080"),
            ("SILKRATE_PORT_NUMBER", "8080"),
            ("SILKRATE_PORT_80_HTTP", "8080"),
        ] {
            assert!(!is_service_link(name, value), "{name}={value}");
        }
    }

    #[test]
    fn a_variable_has_two_underscores_between_levels() {
        assert_eq!(
            variable_of("sources.nbk.base_url"),
            "SILKRATE_SOURCES__NBK__BASE_URL"
        );
    }
}
