//! The effective configuration as TOML: `silkrate config` prints it, and it loads to the same configuration.

use std::fmt::{Display, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;

use crate::config::load::{HOME, STORE_MEMORY, ids};
use crate::config::{
    CertificateAuthorities, Config, EventKind, Http, Store, Webhook, WebhookSecret, values,
};
use crate::domain::{Exceptions, Preference};
use crate::sources::{self, Source};

impl Config {
    /// The configuration as TOML, every setting in force: of a disabled source only that it is disabled. It contains the path
    /// of the file of an API key or a secret, and never the key or the secret, nor more of the address of a webhook than its
    /// host: what stands in the configuration itself must be added to what is printed.
    pub fn to_toml(&self) -> String {
        print(self, sources::ALL)
    }
}

/// Prints a configuration for a catalogue of sources.
pub(super) fn print(config: &Config, catalogue: &[&'static Source]) -> String {
    let mut page = Page::default();
    page.table("server");
    page.text("listen", config.server.listen);
    page.text("admin_listen", config.server.admin_listen);
    page.list("admin_hosts", config.server.admin_hosts.iter().cloned());
    page.duration("heartbeat_interval", config.server.heartbeat_interval);
    page.plain("max_connections", config.server.max_connections);
    page.plain("max_streams", config.server.max_streams);
    page.table("web");
    page.text("listen", config.web.listen);
    page.text("path", &config.web.path);
    if let Some(url) = &config.web.public_url {
        page.text("public_url", url);
    }
    page.list(
        "allowed_origins",
        config.web.allowed_origins.iter().cloned(),
    );
    page.list(
        "frame_ancestors",
        config.web.frame_ancestors.iter().cloned(),
    );
    page.table("ticker");
    page.list("pairs", config.ticker.pairs.items());
    let prefer = config
        .ticker
        .prefer
        .iter()
        .map(|preference| match preference {
            Preference::Home => HOME.to_owned(),
            Preference::Source(id) => id.to_string(),
        });
    page.list("prefer", prefer);
    page.table("store");
    match &config.store {
        Store::Memory => page.text("path", STORE_MEMORY),
        Store::File(path) => page.text("path", path.display()),
    }
    page.plain("required", config.store_required);
    if let Some(clock) = config.clock {
        page.table("clock");
        page.text("start", clock.start);
        page.plain("speed", clock.speed);
    }
    page.http(&config.http);
    for id in ids(catalogue) {
        page.source(config, id);
    }
    page.table("log");
    page.text("format", config.log.format.as_str());
    page.text("level", config.log.level);
    page.plain("access", config.log.access);
    if let Some(trace) = &config.trace {
        page.table("trace");
        page.text("endpoint", &trace.endpoint);
        page.text("sample", format_args!("{}%", trace.sample));
    }
    for webhook in &config.webhooks {
        page.webhook(webhook);
    }
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn table(&mut self, name: &str) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        self.push(format_args!("{gap}[{name}]\n"));
    }

    fn http(&mut self, http: &Http) {
        self.table("http");
        self.duration("connect_timeout", http.connect_timeout);
        self.duration("read_timeout", http.read_timeout);
        self.duration("total_timeout", http.total_timeout);
        self.text("proxy", &http.proxy);
        match &http.ca {
            CertificateAuthorities::Bundled => self.text("ca", "bundled"),
            CertificateAuthorities::System => self.text("ca", "system"),
            CertificateAuthorities::File(path) => self.text("ca", path.display()),
        }
        self.paths("extra_ca", &http.extra_ca);
    }

    fn source(&mut self, config: &Config, id: &str) {
        self.table(&format!("sources.{id}"));
        let enabled = config
            .sources
            .iter()
            .find(|settings| settings.source.id.as_str() == id);
        self.plain("enabled", enabled.is_some());
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
        if let Some(file) = settings.api_key.as_ref().and_then(|key| key.file()) {
            self.text("api_key_file", file.display());
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
        self.table("[webhooks]");
        self.text("name", name);
        match hidden_origin(url) {
            Some(origin) => self.push(format_args!(
                "# url = \"{origin}/…\", of which the rest is not printed\n"
            )),
            None => self.text("url", url),
        }
        let files = secrets.iter().filter_map(WebhookSecret::file);
        let files: Vec<PathBuf> = files.map(Path::to_owned).collect();
        if files.len() < secrets.len() {
            self.push(format_args!("# secret = \"…\", which is not printed\n"));
        }
        if !files.is_empty() {
            self.paths("secret_file", &files);
        }
        let events = events.iter().copied().map(EventKind::as_str);
        self.list("on", events.map(str::to_owned));
        self.list("pairs", pairs.items());
        if let Some(percent) = min_change_percent {
            self.text("min_change_percent", percent);
        }
        self.duration("timeout", *timeout);
    }

    fn text(&mut self, key: &str, value: impl Display) {
        self.plain(key, quoted(value.to_string()));
    }

    fn duration(&mut self, key: &str, value: Duration) {
        self.text(key, values::duration_text(value));
    }

    fn paths(&mut self, key: &str, paths: &[PathBuf]) {
        self.list(key, paths.iter().map(|path| path.display().to_string()));
    }

    fn list(&mut self, key: &str, items: impl Iterator<Item = String>) {
        let items: Vec<String> = items.map(quoted).collect();
        self.plain(key, format_args!("[{}]", items.join(", ")));
    }

    fn plain(&mut self, key: &str, value: impl Display) {
        self.push(format_args!("{key} = {value}\n"));
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        self.text
            .write_fmt(text)
            .expect("writing to a string cannot fail");
    }
}

/// Scheme, host and port of an address that has more: what follows them may be a token.
fn hidden_origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let has_more = url.path() != "/" || url.query().is_some();
    has_more.then(|| url.origin().ascii_serialization())
}

fn quoted(text: String) -> String {
    toml::Value::String(text).to_string()
}
