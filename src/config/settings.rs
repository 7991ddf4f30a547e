//! The settings in force as a list, of which a page of TOML is made, and the difference of two configurations.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;

use crate::config::byte_size::bytes_text;
use crate::config::load::etcd::SYSTEM;
use crate::config::load::shared::{AUTO, FOLLOWER};
use crate::config::load::{HOME, STORE_MEMORY, ids};
use crate::config::{
    Access, ApiKey, CertificateAuthorities, Config, EtcdAccess, EventKind, Http, SourceSettings,
    Store, TlsFiles, Webhook, WebhookSecret, values,
};
use crate::domain::{Exceptions, Preference};
use crate::sources::Source;

/// The table of a webhook, before its name.
pub(super) const WEBHOOK: &str = "webhooks.";
/// The setting whose presence says that a source is polled.
pub(super) const ENABLED: &str = "enabled";

/// One setting in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    /// The table: `server`, `sources.nbk`, `webhooks.news-desk`.
    pub(super) table: String,
    /// Its name in the table.
    pub(super) name: &'static str,
    /// What may be printed of its value.
    pub(super) shown: Shown,
    /// What is compared besides, and never printed.
    pub(super) secret: Secret,
}

/// What may be printed of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shown {
    /// The whole value, as TOML.
    Whole(String),
    /// A part of it, and what the rest is replaced by, as a comment of TOML.
    Part(String),
}

/// What must not be printed: an API key, a secret, the address of a webhook.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct Secret(Vec<Vec<u8>>);

impl Secret {
    /// Its parts.
    pub(super) fn parts(&self) -> &[Vec<u8>] {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// Every setting in force, in the order in which they are printed: of a disabled source only that it is disabled.
pub(super) fn settings(config: &Config, catalogue: &[&'static Source]) -> Vec<Setting> {
    let mut list = List::default();
    list.server(config);
    list.web(config);
    list.access(&config.access);
    list.ticker(config);
    list.table("store");
    match &config.store {
        Store::Memory => list.text("path", STORE_MEMORY),
        Store::File(path) => list.path("path", path),
    }
    list.plain("required", config.store_required);
    if let Some(clock) = config.clock {
        list.table("clock");
        list.text("start", clock.start);
        list.plain("speed", clock.speed);
    }
    if let Some(shared) = &config.shared {
        list.table("shared");
        list.list("servers", shared.servers.iter().cloned());
        list.text("name", &shared.name);
        list.text("node", &shared.node);
        list.text("role", if shared.may_lead { AUTO } else { FOLLOWER });
        list.duration("lease", shared.lease);
        list.text("advertise_admin", &shared.advertise_admin);
        list.etcd_access(&shared.access);
    }
    list.http(&config.http);
    for id in ids(catalogue) {
        let mut enabled = config.sources.iter();
        list.source(
            id,
            enabled.find(|settings| settings.source.id.as_str() == id),
        );
    }
    list.table("log");
    list.text("format", config.log.format.as_str());
    list.text("level", config.log.level);
    list.plain("access", config.log.access);
    if let Some(trace) = &config.trace {
        list.table("trace");
        list.text("endpoint", &trace.endpoint);
        list.text("sample", format_args!("{}%", trace.sample));
    }
    for webhook in &config.webhooks {
        list.webhook(webhook);
    }
    list.settings
}

#[derive(Default)]
struct List {
    settings: Vec<Setting>,
    table: String,
}

impl List {
    fn etcd_access(&mut self, access: &EtcdAccess) {
        let EtcdAccess { ca, identity, user } = access;
        match ca {
            None => self.text("ca", SYSTEM),
            Some(path) => self.path("ca", path),
        }
        if let Some((certificate, key)) = identity {
            self.path("certificate", certificate);
            self.path("key", key);
        }
        if let Some((name, password_file)) = user {
            self.text("user", name);
            self.path("password_file", password_file);
        }
    }

    fn server(&mut self, config: &Config) {
        let server = &config.server;
        self.table("server");
        self.text("listen", server.listen);
        self.text("admin_listen", server.admin_listen);
        self.list("admin_hosts", server.admin_hosts.iter().cloned());
        self.list("trusted_proxies", server.trusted_proxies.items());
        self.duration("heartbeat_interval", server.heartbeat_interval);
        self.plain("max_connections", server.max_connections);
        self.plain(
            "max_connections_per_address",
            server.max_connections_per_address,
        );
        self.plain("max_streams", server.max_streams);
        self.plain("max_streams_per_client", server.max_streams_per_client);
        if let Some(bytes) = server.memory_max {
            self.text("memory_max", bytes_text(bytes));
        }
        self.plain("reflection", server.reflection);
        self.tls("server.tls", server.tls.as_ref());
        self.tls("admin.tls", server.admin_tls.as_ref());
    }

    fn web(&mut self, config: &Config) {
        let web = &config.web;
        self.table("web");
        self.text("listen", web.listen);
        self.text("path", &web.path);
        if let Some(url) = &web.public_url {
            self.text("public_url", url);
        }
        self.list("hosts", web.hosts.iter().cloned());
        self.list("allowed_origins", web.allowed_origins.iter().cloned());
        self.list("frame_ancestors", web.frame_ancestors.iter().cloned());
        self.tls("web.tls", web.tls.as_ref());
    }

    fn tls(&mut self, table: &str, files: Option<&TlsFiles>) {
        let Some(TlsFiles {
            certificate,
            key,
            client_ca,
        }) = files
        else {
            return;
        };
        self.table(table);
        self.path("certificate", certificate);
        self.path("key", key);
        if let Some(client_ca) = client_ca {
            self.path("client_ca", client_ca);
        }
    }

    fn access(&mut self, access: &Access) {
        let Access {
            keys,
            required,
            open_admin,
            requests_per_minute,
        } = access;
        self.table("access");
        if let Some(keys) = keys {
            self.path("keys", keys);
        }
        self.plain("required", required);
        self.plain("open_admin", open_admin);
        if let Some(number) = requests_per_minute {
            self.plain("requests_per_minute", number);
        }
    }

    fn ticker(&mut self, config: &Config) {
        self.table("ticker");
        self.list("pairs", config.ticker.pairs.items());
        let prefer = config.ticker.prefer.iter();
        let prefer = prefer.map(|preference| match preference {
            Preference::Home => HOME.to_owned(),
            Preference::Source(id) => id.to_string(),
        });
        self.list("prefer", prefer);
    }

    fn http(&mut self, http: &Http) {
        self.table("http");
        self.duration("connect_timeout", http.connect_timeout);
        self.duration("read_timeout", http.read_timeout);
        self.duration("total_timeout", http.total_timeout);
        self.text("proxy", &http.proxy);
        self.plain("private_addresses", http.private_addresses);
        match &http.ca {
            CertificateAuthorities::Bundled => self.text("ca", "bundled"),
            CertificateAuthorities::System => self.text("ca", "system"),
            CertificateAuthorities::File(path) => self.path("ca", path),
        }
        self.paths("extra_ca", &http.extra_ca);
    }

    fn source(&mut self, id: &str, enabled: Option<&SourceSettings>) {
        self.table(&format!("sources.{id}"));
        self.plain(ENABLED, enabled.is_some());
        let Some(settings) = enabled else {
            return;
        };
        if !settings.source.kind.is_empty() {
            self.text("kind", settings.source.kind);
        }
        self.text("base_url", &settings.base_url);
        self.duration("interval", settings.interval);
        self.plain("requests_per_day", settings.requests_per_day);
        if let Some(document) = settings.documents.first() {
            let Exceptions {
                holidays,
                working_days,
            } = document.schedule.exceptions;
            self.list("holidays", holidays.iter().map(ToString::to_string));
            self.list("working_days", working_days.iter().map(ToString::to_string));
        }
        if let Some((key, file)) = settings
            .api_key
            .as_ref()
            .and_then(|key| Some((key, key.file()?)))
        {
            self.path("api_key_file", file);
            self.keep_secret([key].map(ApiKey::expose).map(Vec::from));
        }
        if let Some(proxy) = &settings.proxy {
            self.text("proxy", proxy);
        }
        if !settings.extra_ca.is_empty() {
            self.paths("extra_ca", &settings.extra_ca);
        }
    }

    fn webhook(&mut self, webhook: &Webhook) {
        let Webhook {
            name,
            url,
            pairs,
            events,
            min_change_percent,
            secrets,
            timeout,
        } = webhook;
        self.table(&format!("{WEBHOOK}{name}"));
        self.text("name", name);
        match hidden_origin(url) {
            Some(origin) => {
                self.part(
                    "url",
                    format!("url = \"{origin}/…\", of which the rest is not printed"),
                );
                self.keep_secret([url.clone().into_bytes()]);
            }
            None => self.text("url", url),
        }
        let inline = secrets.iter().filter(|secret| secret.file().is_none());
        let inline: Vec<_> = inline.map(|secret| secret.expose().to_vec()).collect();
        if !inline.is_empty() {
            self.part("secret", "secret = \"…\", which is not printed".to_owned());
            self.keep_secret(inline);
        }
        let read = secrets.iter().filter(|secret| secret.file().is_some());
        let read: Vec<&WebhookSecret> = read.collect();
        if !read.is_empty() {
            let files = read.iter().filter_map(|secret| secret.file());
            let files: Vec<PathBuf> = files.map(PathBuf::from).collect();
            self.paths("secret_file", &files);
            self.keep_secret(read.iter().map(|secret| secret.expose().to_vec()));
        }
        let events = events.iter().copied().map(EventKind::as_str);
        self.list("on", events.map(str::to_owned));
        self.list("pairs", pairs.items());
        if let Some(percent) = min_change_percent {
            self.text("min_change_percent", percent);
        }
        self.duration("timeout", *timeout);
    }

    fn table(&mut self, name: &str) {
        name.clone_into(&mut self.table);
    }

    fn text(&mut self, name: &'static str, value: impl Display) {
        self.plain(name, quoted(value.to_string()));
    }

    fn duration(&mut self, name: &'static str, value: Duration) {
        self.text(name, values::duration_text(value));
    }

    fn paths(&mut self, name: &'static str, paths: &[PathBuf]) {
        self.list(name, paths.iter().map(|path| shown(path)));
    }

    fn path(&mut self, name: &'static str, path: &Path) {
        self.text(name, shown(path));
    }

    fn list(&mut self, name: &'static str, items: impl Iterator<Item = String>) {
        let items: Vec<String> = items.map(quoted).collect();
        self.plain(name, format_args!("[{}]", items.join(", ")));
    }

    fn plain(&mut self, name: &'static str, value: impl Display) {
        self.push(name, Shown::Whole(value.to_string()));
    }

    fn part(&mut self, name: &'static str, comment: String) {
        self.push(name, Shown::Part(comment));
    }

    fn push(&mut self, name: &'static str, shown: Shown) {
        self.settings.push(Setting {
            table: self.table.clone(),
            name,
            shown,
            secret: Secret::default(),
        });
    }

    /// Adds to the newest setting what is compared and never printed.
    fn keep_secret(&mut self, parts: impl IntoIterator<Item = Vec<u8>>) {
        if let Some(setting) = self.settings.last_mut() {
            setting.secret.0.extend(parts);
        }
    }
}

/// Scheme, host and port of an address that has more: what follows them may be a token.
fn hidden_origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let has_more = url.path() != "/" || url.query().is_some();
    has_more.then(|| url.origin().ascii_serialization())
}

/// A path from the root on: what is printed means the same wherever it is loaded.
fn shown(path: &Path) -> String {
    let whole = std::path::absolute(path);
    let whole = whole.as_deref().unwrap_or(path);
    whole.display().to_string()
}

fn quoted(text: String) -> String {
    toml::Value::String(text).to_string()
}
