//! The settings of `[[webhooks]]`.

use std::ops::RangeInclusive;
use std::time::Duration;

use reqwest::Url;
use rust_decimal::Decimal;

use super::Loader;
use crate::config::entries::Raw;
use crate::config::{EventKind, Ticker, Webhook, WebhookSecret, is_loopback, values};
use crate::domain::{RateFilter, parse_decimal};

/// The table that is written once for each webhook.
const TABLE: &str = "webhooks";
/// How many webhooks there may be: each has a task and a connection of its own, and a newsroom has a handful.
const WEBHOOKS_MAX: usize = 32;
/// The longest name: it stands in log lines and in commands.
const NAME_BYTES_MAX: usize = 40;
/// The longest address, as that of the longest query that the service itself accepts.
const URL_BYTES_MAX: usize = 8 * 1024;
/// A receiver that puts the event into a queue answers within a second; one that does its work first needs a few.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
/// Less is no time for a handshake with a distant receiver; after a minute it never answers.
const TIMEOUT_BOUNDS: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(60);
/// The accepted form of an address.
const URL: &str =
    "an https:// address without a user, a password or a fragment; http:// on loopback alone";
/// The accepted form of secrets.
const SECRETS: &str = "whsec_ and the base64 of 24 to 64 random bytes, or a list of such secrets";

impl Loader<'_> {
    /// The webhooks. One whose `pairs` are not set has those of the ticker.
    pub(super) fn webhooks(&self, ticker: &Ticker) -> Vec<Webhook> {
        let count = self.entries.tables(TABLE);
        if count > WEBHOOKS_MAX {
            let key = format!("{TABLE}[{WEBHOOKS_MAX}]");
            let reason = format!("there are {count} webhooks");
            self.entries
                .refuse(&key, reason, &format!("at most {WEBHOOKS_MAX}"));
        }
        let mut webhooks: Vec<Webhook> = Vec::new();
        for index in 0..count.min(WEBHOOKS_MAX) {
            let Some(webhook) = self.webhook(&format!("{TABLE}[{index}]"), ticker) else {
                continue;
            };
            if webhooks.iter().any(|known| known.name == webhook.name) {
                let reason = format!("`{}` is the name of an earlier webhook", webhook.name);
                let key = format!("{TABLE}[{index}].name");
                self.entries.refuse(&key, reason, "a name of its own");
            }
            webhooks.push(webhook);
        }
        webhooks
    }

    /// One webhook. Every setting is checked, whether or not another one is wrong.
    fn webhook(&self, table: &str, ticker: &Ticker) -> Option<Webhook> {
        let key = |name: &str| format!("{table}.{name}");
        let accepted = format!(
            "1 to {NAME_BYTES_MAX} letters, digits, hyphens and underscores, such as \"news-desk\""
        );
        let name = self.entries.get(&key("name"), &accepted, name);
        let url = self.entries.get(&key("url"), URL, url);
        for (required, accepted) in [("name", accepted.as_str()), ("url", URL)] {
            if !self.entries.is_set(&key(required)) {
                self.entries
                    .refuse(table, format!("it has no {required}"), accepted);
            }
        }
        let accepted =
            "a list of pairs, such as [\"KZT/USD\", \"*/EUR\"]; without it, ticker.pairs";
        let pairs = self.entries.get(&key("pairs"), accepted, pairs);
        let kinds = EventKind::ALL.map(EventKind::as_str).join(", ");
        let accepted = format!("a list of events, each once ({kinds}); without it, all of them");
        let events = self.entries.get(&key("on"), &accepted, events);
        let accepted = "a decimal in quotes that is not negative, such as \"0.5\"";
        let min_change_percent = self
            .entries
            .get(&key("min_change_percent"), accepted, percent);
        Some(Webhook {
            timeout: self.duration(&key("timeout"), TIMEOUT_DEFAULT, &TIMEOUT_BOUNDS),
            secrets: self.secrets(table),
            pairs: pairs.unwrap_or_else(|| ticker.pairs.clone()),
            events: events.unwrap_or_else(|| EventKind::ALL.to_vec()),
            min_change_percent,
            name: name?,
            url: url?,
        })
    }

    /// The secrets of the file and those of files beside it.
    fn secrets(&self, table: &str) -> Vec<WebhookSecret> {
        let (inline, files) = (format!("{table}.secret"), format!("{table}.secret_file"));
        if !self.entries.is_set(&inline) && !self.entries.is_set(&files) {
            let accepted = "secret or secret_file; `openssl rand -base64 32` makes one, to be written after whsec_";
            self.entries
                .refuse(table, "it has no secret".to_owned(), accepted);
        }
        let secrets = self.entries.get(&inline, SECRETS, |raw| {
            let texts = one_or_more(raw)?;
            let secrets = texts.iter().map(|text| WebhookSecret::parse(text));
            secrets.collect::<Result<Vec<_>, _>>()
        });
        let accepted = format!("the path of a file, or a list of paths; each contains {SECRETS}");
        let read = self.entries.get(&files, &accepted, |raw| {
            let paths = one_or_more(raw)?;
            let secrets = paths
                .iter()
                .map(|path| WebhookSecret::read(&self.entries.path(&files, path)));
            secrets.collect::<Result<Vec<_>, _>>()
        });
        let secrets = secrets.into_iter().chain(read);
        secrets.flatten().collect()
    }
}

fn name(raw: &Raw) -> Result<String, String> {
    let text = values::text(raw)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_plain) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is not a name"))
    }
}

/// An address. No error contains it: it may contain a token.
fn url(raw: &Raw) -> Result<String, String> {
    let text = values::text(raw)?;
    if text.len() > URL_BYTES_MAX {
        return Err(format!("it has more than {URL_BYTES_MAX} bytes"));
    }
    let url = Url::parse(text).map_err(|error| format!("it is not an address: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it contains a user or a password".to_owned());
    }
    if url.fragment().is_some() {
        return Err("it contains a fragment, which no server receives".to_owned());
    }
    match url.scheme() {
        "https" => Ok(text.to_owned()),
        "http" if is_loopback(url.host_str().unwrap_or_default()) => Ok(text.to_owned()),
        "http" => Err("it is not encrypted, and the receiver is not on this machine".to_owned()),
        scheme => Err(format!("it begins with {scheme}:")),
    }
}

fn pairs(raw: &Raw) -> Result<RateFilter, String> {
    let pairs = values::list(raw)?;
    if pairs.is_empty() {
        return Err("the list is empty, so nothing would be sent".to_owned());
    }
    RateFilter::parse(&pairs).map_err(|error| error.to_string())
}

fn events(raw: &Raw) -> Result<Vec<EventKind>, String> {
    let mut kinds = Vec::new();
    for name in values::list(raw)? {
        let kind = EventKind::parse(&name).ok_or_else(|| format!("`{name}` is not an event"))?;
        if kinds.contains(&kind) {
            return Err(format!("`{name}` is listed twice"));
        }
        kinds.push(kind);
    }
    if kinds.is_empty() {
        return Err("the list is empty, so nothing would be sent".to_owned());
    }
    Ok(kinds)
}

fn percent(raw: &Raw) -> Result<Decimal, String> {
    let text = values::text(raw)?;
    let percent = parse_decimal(text).map_err(|error| format!("`{text}` is {error}"))?;
    if percent.is_sign_negative() && !percent.is_zero() {
        return Err(format!(
            "`{text}` is negative; a fall counts as well as a rise"
        ));
    }
    Ok(percent)
}

/// A text, or a list of texts that is not empty.
fn one_or_more(raw: &Raw) -> Result<Vec<String>, String> {
    match raw {
        Raw::List(texts) if texts.is_empty() => Err("the list is empty".to_owned()),
        Raw::List(texts) => Ok(texts.clone()),
        raw => Ok(vec![values::text(raw)?.to_owned()]),
    }
}

#[cfg(test)]
mod tests;
