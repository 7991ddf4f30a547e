//! Parsing and printing of each kind of value: durations, origins of URLs, lists, numbers.

use std::collections::BTreeSet;
use std::net::{Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::civil::Date;

use crate::config::entries::Raw;
use crate::domain::{DateFormat, parse_date};

/// Units of a duration, the largest first, in milliseconds.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
/// The accepted form of an address.
pub(super) const ADDRESS: &str = "an address and a port, such as 127.0.0.1:50051 or [::1]:50051";
/// The accepted form of an origin.
pub(super) const ORIGIN: &str =
    "http:// or https://, a host, and optionally a port, such as https://bank.example:8443";

/// A string.
pub(super) fn text(raw: &Raw) -> Result<&str, String> {
    match raw {
        Raw::Text(text) | Raw::Variable(text) => Ok(text),
        Raw::List(_) => Err("this is a list, not a string".to_owned()),
        Raw::Integer(number) => Err(format!("{number} is a number, not a string")),
        Raw::Flag(flag) => Err(format!("`{flag}` is a boolean, not a string")),
        Raw::Other(kind) => Err(format!("this is {kind}, not a string")),
    }
}

/// A list of strings; in a variable, separated by commas.
pub(super) fn list(raw: &Raw) -> Result<Vec<String>, String> {
    match raw {
        Raw::List(items) => Ok(items.clone()),
        Raw::Variable(text) if text.trim().is_empty() => Ok(Vec::new()),
        Raw::Variable(text) if text.trim_start().starts_with('[') => {
            let reason =
                "a variable has a list without brackets and quotes, with commas between the items";
            Err(reason.to_owned())
        }
        Raw::Variable(text) => Ok(text.split(',').map(|item| item.trim().to_owned()).collect()),
        Raw::Text(text) => Err(format!("`{text}` is a string, not a list")),
        Raw::Integer(_) | Raw::Flag(_) => Err("this is not a list".to_owned()),
        Raw::Other(kind) => Err(format!("this is {kind}, not a list of strings")),
    }
}

/// `true` or `false`.
pub(super) fn flag(raw: &Raw) -> Result<bool, String> {
    match raw {
        Raw::Flag(flag) => Ok(*flag),
        Raw::Variable(text) => text
            .parse()
            .map_err(|_not_a_flag| format!("`{text}` is neither true nor false")),
        Raw::Text(text) => Err(format!("`{text}` is a string; write it without quotes")),
        Raw::Integer(_) | Raw::List(_) | Raw::Other(_) => {
            Err("this is neither true nor false".to_owned())
        }
    }
}

/// An integer within bounds.
pub(super) fn whole(raw: &Raw, bounds: RangeInclusive<u32>) -> Result<u32, String> {
    let (Raw::Integer(text) | Raw::Variable(text)) = raw else {
        return Err("this is not an integer".to_owned());
    };
    let number = text.parse();
    let number =
        number.map_err(|_not_whole| format!("`{text}` is not an integer of 0 to {}", u32::MAX))?;
    if bounds.contains(&number) {
        Ok(number)
    } else {
        Err(format!("{number} is out of bounds"))
    }
}

/// An address to listen on.
pub(super) fn address(raw: &Raw) -> Result<SocketAddr, String> {
    let text = text(raw)?;
    let address = text.parse();
    address.map_err(|_not_an_address| format!("`{text}` is not an address with a port"))
}

/// A duration within bounds.
pub(super) fn duration(raw: &Raw, bounds: &RangeInclusive<Duration>) -> Result<Duration, String> {
    let text = text(raw)?;
    let duration = parse_duration(text).ok_or_else(|| format!("`{text}` is not a duration"))?;
    if bounds.contains(&duration) {
        Ok(duration)
    } else {
        Err(format!("`{text}` is out of bounds"))
    }
}

/// The accepted form of a duration within bounds.
pub(super) fn duration_accepted(bounds: &RangeInclusive<Duration>) -> String {
    let least = duration_text(*bounds.start());
    let most = duration_text(*bounds.end());
    format!("an integer with a unit (500ms, 20s, 15m, 1h) in quotes, from {least} to {most}")
}

fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let unit = text.strip_prefix(digits)?;
    let (_, milliseconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(Duration::from_millis(count.checked_mul(*milliseconds)?))
}

/// A duration as it is written in a setting, in the largest unit without a fraction.
pub(super) fn duration_text(duration: Duration) -> String {
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let unit = UNITS
        .iter()
        .find(|(_, size)| milliseconds.is_multiple_of(*size));
    let (name, size) = unit.unwrap_or(&("ms", 1));
    format!("{}{name}", milliseconds / size)
}

/// Scheme, host and port of a URL, in lower case, without a trailing slash.
pub(super) fn origin(raw: &Raw) -> Result<String, String> {
    let text = text(raw)?.to_ascii_lowercase();
    let (scheme, rest) = text
        .split_once("://")
        .filter(|(scheme, _)| ["http", "https"].contains(scheme))
        .ok_or_else(|| format!("`{text}` does not start with http:// or https://"))?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains('@') {
        // The error does not contain the text: a password may precede the @.
        return Err("it must not contain a user or a password".to_owned());
    }
    if authority.contains(['/', '?', '#']) {
        return Err(format!(
            "`{text}` continues after host and port; the path belongs to the source and cannot be set"
        ));
    }
    if is_host_and_port(authority) {
        Ok(format!("{scheme}://{authority}"))
    } else {
        Err(format!(
            "`{authority}` is not a host, with or without a port"
        ))
    }
}

/// The accepted form of a list of origins.
pub(super) const ORIGINS: &str = "a list of origins, each with scheme, host and optionally port, such as https://news.example; or `*` for all";
/// The item that allows every origin.
const ANY_ORIGIN: &str = "*";

/// Origins of sites.
pub(super) fn origins(raw: &Raw) -> Result<Vec<String>, String> {
    let texts = list(raw)?.into_iter();
    let read = |text: String| match text.as_str() {
        ANY_ORIGIN => Ok(text),
        _ => origin(&Raw::Text(text)),
    };
    texts.map(read).collect()
}

/// The accepted form of a path.
pub(super) const PATH: &str = "a path that begins with a slash, such as /rates/, with letters, digits and - . _ ~ between its slashes; or / alone";

/// A path of an address, with a slash at its end, which may be left out.
pub(super) fn path(raw: &Raw) -> Result<String, String> {
    let text = text(raw)?;
    let within = text
        .strip_prefix('/')
        .ok_or_else(|| format!("`{text}` does not begin with a slash"))?;
    let within = within.strip_suffix('/').unwrap_or(within);
    if within.is_empty() {
        return if text == "/" {
            Ok(text.to_owned())
        } else {
            Err(format!("`{text}` has nothing between two slashes"))
        };
    }
    for segment in within.split('/') {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if segment.is_empty() {
            return Err(format!("`{text}` has nothing between two slashes"));
        }
        // A browser removes these from every address before it sends a request.
        if segment == "." || segment == ".." {
            return Err(format!("`{text}` contains `{segment}`"));
        }
        if !segment.bytes().all(plain) {
            return Err(format!("`{text}` contains another character"));
        }
    }
    Ok(format!("/{within}/"))
}

/// The accepted form of the address of a site.
pub(super) const SITE: &str = "the address of the page with all rates as readers see it, such as https://rates.example/ or https://site.example/rates/";

/// The address of a site: an origin, and a path with a slash at its end, which may be left out.
pub(super) fn site(raw: &Raw) -> Result<String, String> {
    let Some((scheme, rest)) = text(raw)?.split_once("://") else {
        return origin(raw);
    };
    if rest.contains(['?', '#']) {
        return Err("it must not contain a query or a fragment".to_owned());
    }
    let (authority, within) = rest.split_once('/').unwrap_or((rest, ""));
    let origin = origin(&Raw::Text(format!("{scheme}://{authority}")))?;
    let path = path(&Raw::Text(format!("/{within}")))?;
    Ok(origin + &path)
}

/// The accepted form of a list of dates.
pub(super) const DATES: &str = "a list of dates in quotes, such as [\"2026-03-20\"]";

/// A list of dates; sorted, each once.
pub(super) fn dates(raw: &Raw) -> Result<Vec<Date>, String> {
    let read = |text: String| {
        let date = parse_date(&text, DateFormat::Iso);
        date.ok_or_else(|| format!("`{text}` is not a date"))
    };
    let dates: Result<BTreeSet<Date>, String> = list(raw)?.into_iter().map(read).collect();
    Ok(dates?.into_iter().collect())
}

fn is_host_and_port(authority: &str) -> bool {
    let is_port = |port: &str| {
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        digits && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    if let Some(bracketed) = authority.strip_prefix('[') {
        return bracketed.split_once(']').is_some_and(|(host, port)| {
            let port = port.strip_prefix(':').map_or(port.is_empty(), is_port);
            port && host.parse::<Ipv6Addr>().is_ok()
        });
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, is_port(port)),
        None => (authority, true),
    };
    let label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !label.is_empty() && label.bytes().all(plain)
    };
    port && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_origin(text: &str) -> Result<String, String> {
        origin(&Raw::Text(text.to_owned()))
    }

    #[test]
    fn a_duration_is_an_integer_with_a_unit() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("20s", 20_000),
            ("15m", 900_000),
            ("1h", 3_600_000),
        ] {
            let duration = parse_duration(text).unwrap();
            assert_eq!(duration, Duration::from_millis(milliseconds));
            assert_eq!(duration_text(duration), text);
        }
        for wrong in [
            "",
            "15",
            "m",
            "-5m",
            "1.5h",
            "15 m",
            "15x",
            "+5s",
            "1h30m",
            "99999999999999999h",
        ] {
            assert_eq!(parse_duration(wrong), None, "{wrong:?}");
        }
        assert_eq!(duration_text(Duration::from_secs(90)), "90s");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_else() {
        for (text, normal) in [
            ("https://Bank.example", "https://bank.example"),
            ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
            ("http://[::1]:80", "http://[::1]:80"),
            ("http://localhost", "http://localhost"),
        ] {
            assert_eq!(read_origin(text).as_deref(), Ok(normal));
        }
        for wrong in [
            "",
            "bank.example",
            "ftp://bank.example",
            "https://",
            "https:///",
            "https://bank.example:0",
            "https://bank.example:99999",
            "https://bank.example:",
            "https://bank..example",
            "https://[::1",
            "https://bank.example?x",
            "https://bank example",
            "https://[::1]8",
        ] {
            assert!(read_origin(wrong).is_err(), "{wrong:?}");
        }
        let path = read_origin("https://bank.example/xml").unwrap_err();
        assert!(path.contains("the path belongs to the source"), "{path}");
    }

    #[test]
    fn a_path_begins_and_ends_with_a_slash() {
        let read = |text: &str| path(&Raw::Text(text.to_owned()));
        for (text, normal) in [
            ("/", "/"),
            ("/rates", "/rates/"),
            ("/rates/", "/rates/"),
            ("/a/b-c.d_e~1/", "/a/b-c.d_e~1/"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(normal), "{text}");
        }
        for wrong in [
            "",
            "rates",
            "rates/",
            "//",
            "/a//b",
            "/rates//",
            "/./",
            "/a/../b",
            "/a?b",
            "/a#b",
            "/a b",
            "/%41",
            "/курс/",
            "https://site.example/rates/",
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_address_of_a_site_is_an_origin_and_a_path() {
        let read = |text: &str| site(&Raw::Text(text.to_owned()));
        for (text, normal) in [
            ("https://Rates.example", "https://rates.example/"),
            ("https://rates.example/", "https://rates.example/"),
            (
                "http://127.0.0.1:8080/Rates",
                "http://127.0.0.1:8080/Rates/",
            ),
            ("https://site.example/a/b/", "https://site.example/a/b/"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(normal), "{text}");
        }
        for (wrong, reason) in [
            ("", "does not start with http:// or https://"),
            ("rates.example", "does not start with http:// or https://"),
            (
                "//rates.example/",
                "does not start with http:// or https://",
            ),
            (
                "ftp://rates.example/",
                "does not start with http:// or https://",
            ),
            ("https:///rates/", "is not a host"),
            ("https://rates.example//", "nothing between two slashes"),
            ("https://rates.example/курс/", "another character"),
            ("https://rates.example/?locale=ru", "a query or a fragment"),
            ("https://rates.example#top", "a query or a fragment"),
        ] {
            let error = read(wrong).unwrap_err();
            assert!(error.contains(reason), "{wrong:?}: {error}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_printed() {
        let url = "https://user:secret@bank.example";
        let read_site = |text: &str| site(&Raw::Text(text.to_owned()));
        for refused in [
            read_origin(url),
            read_site(url),
            read_site(&format!("{url}/?x")),
        ] {
            let error = refused.unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
