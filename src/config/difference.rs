//! The difference of two configurations, setting by setting: what a reload applies, and what takes effect at a restart.

use std::collections::BTreeSet;
use std::fmt;

use ring::digest::{Context, SHA256};

use crate::config::Config;
use crate::config::settings::{ENABLED, Setting, Shown, WEBHOOK, settings};
use crate::config::variables::variable_of;
use crate::sources;

/// The settings that a running service cannot change: a port is bound, the ledger open, the clock running, the log of replicas
/// followed, and the limits of streams and connections, the form of the log and the collector of traces are chosen
/// once. Each is a setting or, with a dot at its end, a table.
const AT_RESTART: &[&str] = &[
    "server.",
    "admin.",
    "web.listen",
    "web.tls.",
    "access.open_admin",
    "store.",
    "clock.",
    "shared.",
    "trace.",
    "log.format",
];

/// A setting in force, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveSetting {
    /// Its key, such as `sources.nbk.interval`; that of a webhook has its name: `webhooks.news-desk.url`.
    pub key: String,
    /// What may be shown of its value, as TOML.
    pub value: String,
    /// A digest of the whole value and a salt: it tells whether two values are equal of which a part is never shown.
    pub digest: Vec<u8>,
}

/// A setting that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingChange {
    /// Its key. Of a source or a webhook that comes or goes, the key of its table alone.
    pub key: String,
    /// What may be shown of its value before; `None` if it was not set.
    pub from: Option<String>,
    /// What may be shown of its value now; `None` if it is not set.
    pub to: Option<String>,
    /// Whether it takes effect at a restart alone.
    pub needs_restart: bool,
}

impl Config {
    /// Every setting in force, in the order of [`Config::to_toml`]; digests are made with a salt.
    pub fn effective(&self, salt: &[u8]) -> Vec<EffectiveSetting> {
        let settings = settings(self, sources::ALL).into_iter();
        settings.map(|setting| effective(setting, salt)).collect()
    }

    /// What a running service has in force once it has taken over the settings of `next` that it can change.
    #[must_use]
    pub fn reloaded(&self, next: Self) -> Self {
        let mut web = next.web;
        web.listen = self.web.listen;
        web.tls.clone_from(&self.web.tls);
        let mut access = next.access;
        access.open_admin = self.access.open_admin;
        let mut log = next.log;
        log.format = self.log.format;
        Self {
            server: self.server.clone(),
            web,
            access,
            store: self.store.clone(),
            store_required: self.store_required,
            clock: self.clock,
            shared: self.shared.clone(),
            trace: self.trace.clone(),
            log,
            ..next
        }
    }
}

fn effective(setting: Setting, salt: &[u8]) -> EffectiveSetting {
    let Setting {
        table,
        name,
        shown,
        secret,
    } = setting;
    let value = match shown {
        Shown::Whole(value) => value,
        Shown::Part(_) => "\"…\"".to_owned(),
    };
    let mut context = Context::new(&SHA256);
    for part in [salt, value.as_bytes()]
        .into_iter()
        .chain(secret.parts().iter().map(Vec::as_slice))
    {
        // Each with its length, so that no two lists of parts are the same bytes.
        context.update(&part.len().to_be_bytes());
        context.update(part);
    }
    EffectiveSetting {
        key: format!("{table}.{name}"),
        value,
        digest: context.finish().as_ref().to_vec(),
    }
}

/// What differs between the settings before and now, whose digests have the same salt: in the order of the settings, and then
/// what is not set any more.
pub fn differences(before: &[EffectiveSetting], now: &[EffectiveSetting]) -> Vec<SettingChange> {
    let find = |of: &[EffectiveSetting], key: &str| -> Option<EffectiveSetting> {
        of.iter().find(|setting| setting.key == key).cloned()
    };
    let gone = before
        .iter()
        .filter(|known| find(now, &known.key).is_none());
    let keys: Vec<&str> = now
        .iter()
        .chain(gone)
        .map(|setting| setting.key.as_str())
        .collect();
    let mut changes: Vec<SettingChange> = Vec::new();
    let mut whole_tables = BTreeSet::new();
    for key in keys {
        let (from, to) = (find(before, key), find(now, key));
        let digest =
            |setting: &Option<EffectiveSetting>| setting.as_ref().map(|it| it.digest.clone());
        if digest(&from) == digest(&to) {
            continue;
        }
        // All settings of a source or a webhook that comes or goes are there with it, or not at all.
        let table = table_of(key);
        if let Some(change) = whole(table, before, now) {
            if whole_tables.insert(table.to_owned()) {
                changes.push(change);
            }
            continue;
        }
        changes.push(SettingChange {
            key: key.to_owned(),
            from: from.map(|setting| setting.value),
            to: to.map(|setting| setting.value),
            needs_restart: needs_restart(key),
        });
    }
    changes
}

/// The change of a table that comes or goes: a source that is enabled or disabled, a webhook that is added or removed.
fn whole(
    table: &str,
    before: &[EffectiveSetting],
    now: &[EffectiveSetting],
) -> Option<SettingChange> {
    let is_webhook = table.starts_with(WEBHOOK);
    let (prefix, enabled) = (format!("{table}."), format!("{table}.{ENABLED}"));
    let is_there = |of: &[EffectiveSetting]| {
        of.iter().any(|setting| {
            if is_webhook {
                setting.key.starts_with(&prefix)
            } else {
                setting.key == enabled && setting.value == "true"
            }
        })
    };
    let (key, words) = if is_webhook {
        (table.to_owned(), ["absent", "present"])
    } else {
        (enabled.clone(), ["false", "true"])
    };
    let [absent, present] = words;
    let word = |is_there: bool| Some(if is_there { present } else { absent }.to_owned());
    let (was, is) = (is_there(before), is_there(now));
    (was != is).then(|| SettingChange {
        key,
        from: word(was),
        to: word(is),
        needs_restart: false,
    })
}

/// The environment variable that gives a setting a value, which is TOML, and its text.
pub fn variable(key: &str, value: &str) -> Option<(String, String)> {
    let text = match value.parse().ok()? {
        toml::Value::String(text) => text,
        toml::Value::Array(items) => {
            let items: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            items?.join(",")
        }
        other => other.to_string(),
    };
    Some((variable_of(key), text))
}

fn table_of(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(table, _)| table)
}

fn needs_restart(key: &str) -> bool {
    AT_RESTART.iter().any(|named| {
        let is_table = named.ends_with('.');
        key == *named || is_table && key.starts_with(named)
    })
}

impl fmt::Display for SettingChange {
    /// `sources.nbk.interval: "15m" is now "5m"`; of a secret only that it changed.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, from, to, .. } = self;
        match (from, to) {
            (Some(from), Some(to)) if from == to => write!(formatter, "{key}: changed, not shown"),
            (Some(from), Some(to)) => write!(formatter, "{key}: {from} -> {to}"),
            (None, Some(to)) => write!(formatter, "{key}: {to}, not set before"),
            (Some(from), None) => write!(formatter, "{key}: not set any more; it was {from}"),
            (None, None) => write!(formatter, "{key}"),
        }
    }
}

#[cfg(test)]
mod tests;
