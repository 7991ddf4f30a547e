//! The names under which ports are reached: `server.admin_hosts` and `web.hosts`.

use crate::config::entries::Raw;
use crate::config::values;

/// The accepted form of names of a machine.
pub(super) const HOSTS: &str = "a list of names without ports, such as silkrate.monitoring.svc";
/// The same, where every name may be meant.
pub(super) const HOSTS_OR_ANY: &str =
    "a list of names without ports, such as rates.example; or `*` for every name";
/// The item that stands for every name.
const ANY: &str = "*";

/// Names of a machine, in lower case and without a dot at their end.
pub(super) fn hosts(raw: &Raw) -> Result<Vec<String>, String> {
    values::list(raw)?.iter().map(|text| host(text)).collect()
}

/// The same, or an item that stands for every name.
pub(super) fn hosts_or_any(raw: &Raw) -> Result<Vec<String>, String> {
    let read = |text: String| match text.as_str() {
        ANY => Ok(text),
        _ => host(&text),
    };
    values::list(raw)?.into_iter().map(read).collect()
}

fn host(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    // A dot at the end keeps a resolver from its search list; requests are compared without it.
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(format!("`{text}` is no name of a machine"));
    }
    Ok(name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn names(variable: &str, text: &str) -> Result<[Vec<String>; 2], String> {
        let variable = (variable.to_owned(), text.to_owned());
        let config = Config::load(None, std::iter::once(variable));
        let config = config.map_err(|errors| errors.to_string())?;
        Ok([config.server.admin_hosts, config.web.hosts])
    }

    #[test]
    fn a_name_of_a_port_is_kept_in_small_letters_and_without_a_dot_at_its_end() {
        let (admin, web) = ("SILKRATE_SERVER__ADMIN_HOSTS", "SILKRATE_WEB__HOSTS");
        let expected = vec!["rates.example".to_owned()];
        assert_eq!(names(admin, "Rates.example.").unwrap()[0], expected);
        assert_eq!(names(web, "Rates.example.").unwrap()[1], expected);
        for wrong in [".", "rates.example:9464", "http://rates.example"] {
            assert!(names(admin, wrong).is_err(), "{wrong}");
            assert!(names(web, wrong).is_err(), "{wrong}");
        }
        assert_eq!(names(web, "*").unwrap()[1], ["*"]);
        assert!(names(admin, "*").is_err());
    }

    #[test]
    fn the_host_of_the_public_address_is_one_of_the_names() {
        let of = |url: &str| {
            let variable = ("SILKRATE_WEB__PUBLIC_URL".to_owned(), url.to_owned());
            let config = Config::load(None, std::iter::once(variable)).unwrap();
            config.web.served_hosts().collect::<Vec<_>>()
        };
        assert_eq!(of("https://Site.example:8443/rates/"), ["site.example"]);
        assert_eq!(of("https://[::1]/"), ["[::1]"]);
    }
}
