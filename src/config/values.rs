//! How each kind of value is read and written: durations, origins of URLs, lists, numbers.

use std::net::{Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::config::entries::Raw;

/// Units of a duration, the largest first, in milliseconds.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
/// What an address has to look like.
pub(super) const ADDRESS: &str = "an address and a port, such as 127.0.0.1:50051 or [::1]:50051";
/// What an origin has to look like.
pub(super) const ORIGIN: &str =
    "http:// or https://, a host, and a port if need be, such as https://bank.example:8443";

/// A text.
pub(super) fn text(raw: &Raw) -> Result<&str, String> {
    match raw {
        Raw::Text(text) | Raw::Variable(text) => Ok(text),
        Raw::List(_) => Err("a list stands where one text belongs".to_owned()),
        Raw::Integer(number) => Err(format!("the number {number} stands where a text belongs")),
        Raw::Flag(flag) => Err(format!("`{flag}` stands where a text belongs")),
        Raw::Other(kind) => Err(format!("{kind} stands where a text belongs")),
    }
}

/// A list of texts; in a variable, parted by commas.
pub(super) fn list(raw: &Raw) -> Result<Vec<String>, String> {
    match raw {
        Raw::List(items) => Ok(items.clone()),
        Raw::Variable(text) if text.trim().is_empty() => Ok(Vec::new()),
        Raw::Variable(text) => Ok(text.split(',').map(|item| item.trim().to_owned()).collect()),
        Raw::Text(text) => Err(format!("`{text}` is one text, not a list")),
        Raw::Integer(_) | Raw::Flag(_) => Err("this is not a list".to_owned()),
        Raw::Other(kind) => Err(format!("{kind} stands where a list of texts belongs")),
    }
}

/// `true` or `false`.
pub(super) fn flag(raw: &Raw) -> Result<bool, String> {
    match raw {
        Raw::Flag(flag) => Ok(*flag),
        Raw::Variable(text) => text
            .parse()
            .map_err(|_not_a_flag| format!("`{text}` is neither")),
        Raw::Text(text) => Err(format!("`{text}` is a text; write it without quotes")),
        Raw::Integer(_) | Raw::List(_) | Raw::Other(_) => Err("this is neither".to_owned()),
    }
}

/// A whole number within bounds.
pub(super) fn whole(raw: &Raw, bounds: RangeInclusive<u32>) -> Result<u32, String> {
    let (Raw::Integer(text) | Raw::Variable(text)) = raw else {
        return Err("this is not a whole number".to_owned());
    };
    let number = text.parse();
    let number = number.map_err(|_not_whole| format!("`{text}` is not such a whole number"))?;
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

/// What a duration within bounds has to look like.
pub(super) fn duration_accepted(bounds: &RangeInclusive<Duration>) -> String {
    let least = duration_text(*bounds.start());
    let most = duration_text(*bounds.end());
    format!("a whole number with a unit (500ms, 20s, 15m, 1h) in quotes, from {least} to {most}")
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

/// A duration as a setting writes it, in the largest unit that leaves a whole number.
pub(super) fn duration_text(duration: Duration) -> String {
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let unit = UNITS
        .iter()
        .find(|(_, size)| milliseconds.is_multiple_of(*size));
    let (name, size) = unit.unwrap_or(&("ms", 1));
    format!("{}{name}", milliseconds / size)
}

/// Scheme, host and port of a URL, in lower case, without a slash at the end.
pub(super) fn origin(raw: &Raw) -> Result<String, String> {
    let text = text(raw)?.to_ascii_lowercase();
    let (scheme, rest) = text
        .split_once("://")
        .filter(|(scheme, _)| ["http", "https"].contains(scheme))
        .ok_or_else(|| format!("`{text}` does not begin with http:// or https://"))?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains('@') {
        // The text is not repeated: what stands before the @ may be a password.
        return Err("a user or a password has no place in it".to_owned());
    }
    if authority.contains(['/', '?', '#']) {
        return Err(format!(
            "`{text}` goes on after host and port; the path is the source's own and stays"
        ));
    }
    if is_host_and_port(authority) {
        Ok(format!("{scheme}://{authority}"))
    } else {
        Err(format!("`{authority}` is not a host with a port"))
    }
}

/// What a list of origins looks like.
pub(super) const ORIGINS: &str = "a list of origins, each scheme, host and port such as https://news.example, or `*` for every one";
/// In place of an origin: every one may read.
const ANY_ORIGIN: &str = "*";

/// Origins whose pages may read.
pub(super) fn origins(raw: &Raw) -> Result<Vec<String>, String> {
    let texts = list(raw)?.into_iter();
    let read = |text: String| match text.as_str() {
        ANY_ORIGIN => Ok(text),
        _ => origin(&Raw::Text(text)),
    };
    texts.map(read).collect()
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
    fn a_duration_is_a_whole_number_with_a_unit() {
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
        assert!(path.contains("the path is the source's own"), "{path}");
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_repeated() {
        let refused = read_origin("https://user:secret@bank.example").unwrap_err();
        assert!(!refused.contains("secret"), "{refused}");
    }
}
