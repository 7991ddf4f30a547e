//! The settings, their defaults and their bounds.
//!
//! ```text
//! defaults ─▶ file (TOML) ─▶ SILKRATE_… variables ─▶ checked once ─▶ Config
//! ```
//!
//! An unknown key or a value out of bounds is refused before anything starts. The error names the key, the place it came
//! from, and the accepted values.
//!
#![doc = include_str!("config/README.md")]

mod error;
mod entries;
mod variables;
mod values;
mod byte_size;
mod proxy;
mod tls;
mod webhook;
mod clock;
mod shared;
mod load;
mod settings;
mod print;
mod difference;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use clock::Clock;
pub use difference::{EffectiveSetting, SettingChange, differences, variable};
pub use error::{ConfigError, ConfigErrors, Origin};
pub use load::{
    ADMIN_LISTEN_DEFAULT, LISTEN_DEFAULT, REQUESTS_PER_MINUTE_BOUNDS, STREAMS_DEFAULT,
    etcd_address, setting_keys,
};
pub use proxy::{Proxy, ProxyUrl, ProxyVariables};
use rust_decimal::Decimal;
pub use shared::{EtcdAccess, Shared};
pub use tls::TlsFiles;
use tracing::level_filters::LevelFilter;
pub use variables::{
    ACCESS_KEY_FILE_VARIABLE, ADMIN_URL_VARIABLE, CA_VARIABLE, CERTIFICATE_KEY_VARIABLE,
    CERTIFICATE_VARIABLE, URL_VARIABLE, access_key,
};
pub use webhook::{EventKind, Webhook, WebhookSecret};

use crate::callers::TrustedProxies;
use crate::domain::{Preference, RateFilter};
use crate::small_file;
use crate::sources::{Document, Source};

/// The effective configuration: defaults, overridden by the file, overridden by the environment, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The gRPC port and the operators' port.
    pub server: Server,
    /// The browsers' port.
    pub web: Web,
    /// The keys of clients.
    pub access: Access,
    /// The pairs of an empty filter, and the order of preference of the sources.
    pub ticker: Ticker,
    /// The storage of the history.
    pub store: Store,
    /// Whether the service starts only if the storage can be used.
    pub store_required: bool,
    /// A simulated clock, for replays and tests; without it the real clock.
    pub clock: Option<Clock>,
    /// The log that several replicas share; without it the service runs alone.
    pub shared: Option<Shared>,
    /// The HTTP client for the banks.
    pub http: Http,
    /// The enabled sources, sorted by id.
    pub sources: Vec<SourceSettings>,
    /// The receivers of events, in the order of the file.
    pub webhooks: Vec<Webhook>,
    /// The log.
    pub log: Log,
    /// Where traces are sent; without it there are none.
    pub trace: Option<Trace>,
    /// Whether published rates are replayed: then the settings of its sources, of its clock and of its storage are its own.
    pub demo: bool,
    /// The file that a reload reads, if a service was started with one.
    pub file: Option<PathBuf>,
    /// The keys of the settings that variables gave.
    pub variables: Vec<String>,
    /// Variables that look like settings and were ignored: those that Kubernetes sets for a Service.
    pub ignored_variables: Vec<String>,
}

/// `[server]`
#[derive(Debug, Clone)]
pub struct Server {
    /// The address of the gRPC port.
    pub listen: SocketAddr,
    /// The address of the operators' port.
    pub admin_listen: SocketAddr,
    /// The names under which the operators' port is reached over HTTP, beside addresses and names without a dot.
    pub admin_hosts: Vec<String>,
    /// The proxies that may name the client that they act for.
    pub trusted_proxies: TrustedProxies,
    /// `[server.tls]`: the files of the gRPC port; without them it does not speak TLS.
    pub tls: Option<TlsFiles>,
    /// `[admin.tls]`: those of the operators' port.
    pub admin_tls: Option<TlsFiles>,
    /// The longest silence of a stream.
    pub heartbeat_interval: Duration,
    /// The number of connections on the gRPC port.
    pub max_connections: u32,
    /// The number of connections of one address on each port.
    pub max_connections_per_address: u32,
    /// The number of streams on all ports.
    pub max_streams: u32,
    /// The number of streams of one client on all ports.
    pub max_streams_per_client: u32,
    /// The most memory that the process should use, in bytes; without it that of its control group, if it has one.
    pub memory_max: Option<u64>,
    /// Whether the gRPC port answers what it serves (reflection). That of operators always does.
    pub reflection: bool,
}

/// `[access]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// The file of keys; without it there are none.
    pub keys: Option<PathBuf>,
    /// Whether every request needs a key.
    pub required: bool,
    /// Whether all who reach the operators' port are operators, on whichever address it listens.
    pub open_admin: bool,
    /// What one client may ask for in a minute, in units of cost; without it there is no quota.
    pub requests_per_minute: Option<NonZeroU32>,
}

/// `[web]`
#[derive(Debug, Clone)]
pub struct Web {
    /// The address of the browsers' port.
    pub listen: SocketAddr,
    /// `[web.tls]`: its files; without them it does not speak TLS.
    pub tls: Option<TlsFiles>,
    /// The path of every request, which begins and ends with a slash: where a proxy passes a sub-path of its site.
    pub path: String,
    /// The address of the page with all rates as readers see it, with a slash at its end. Pages name their own addresses by it,
    /// for search engines and previews; without it by relative ones.
    pub public_url: Option<String>,
    /// The names under which the port is reached, beside addresses, names without a dot and the host of `public_url`; `*` stands for
    /// every name.
    pub hosts: Vec<String>,
    /// The origins whose pages may read from it.
    pub allowed_origins: Vec<String>,
    /// The origins whose pages may show the page `/embed` in a frame, beside the service's own.
    pub frame_ancestors: Vec<String>,
}

impl Web {
    /// The names under which the port is served: those of [`Web::hosts`] and that of [`Web::public_url`].
    pub fn served_hosts(&self) -> impl Iterator<Item = String> {
        let url = self
            .public_url
            .as_ref()
            .and_then(|url| reqwest::Url::parse(url).ok());
        let of_url = url.and_then(|url| url.host_str().map(str::to_owned));
        self.hosts.iter().cloned().chain(of_url)
    }
}

/// `[ticker]`
#[derive(Debug, Clone)]
pub struct Ticker {
    /// The pairs of an empty filter.
    pub pairs: RateFilter,
    /// The sources that may serve a pair, the best first; a source that is not named serves none.
    pub prefer: Vec<Preference>,
}

/// `[store]`
#[derive(Debug, Clone)]
pub enum Store {
    /// None: the history is lost at the end of the process.
    Memory,
    /// An `SQLite` file.
    File(PathBuf),
}

/// `[http]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// The timeout of opening a connection.
    pub connect_timeout: Duration,
    /// The longest silence within a response.
    pub read_timeout: Duration,
    /// The timeout of a whole response.
    pub total_timeout: Duration,
    /// How the banks are reached, unless a source has its own setting.
    pub proxy: Proxy,
    /// The trusted certificate authorities.
    pub ca: CertificateAuthorities,
    /// Whether the name of a source may lead to another address than one of the internet, and whether one that is not on loopback may
    /// be reached without TLS.
    pub private_addresses: bool,
    /// PEM files of certificates that are trusted besides: a company's authority, or the intermediate certificate that a bank
    /// does not send.
    pub extra_ca: Vec<PathBuf>,
}

/// `http.ca`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateAuthorities {
    /// Mozilla's list, built in: a slim container has none.
    Bundled,
    /// Those of the operating system.
    System,
    /// A PEM file, and nothing else.
    File(PathBuf),
}

/// `[log]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    /// The form of its lines.
    pub format: LogFormat,
    /// The least important events of the service that it has; those of libraries are at most as verbose as `info`.
    pub level: LevelFilter,
    /// Whether it has a line for each request.
    pub access: bool,
}

impl Default for Log {
    /// Text for a reader at a terminal and JSON for the program that collects logs; a day of a healthy service fits on a
    /// screen.
    fn default() -> Self {
        Self {
            format: LogFormat::Auto,
            level: LevelFilter::INFO,
            access: false,
        }
    }
}

/// `log.format`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, and JSON elsewhere.
    Auto,
    /// Text, with colours on a terminal.
    Text,
    /// A JSON object a line.
    Json,
}

impl LogFormat {
    /// Every format.
    pub(crate) const ALL: [Self; 3] = [Self::Auto, Self::Text, Self::Json];

    /// Its name in the setting.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// `[trace]`
#[derive(Debug, Clone)]
pub struct Trace {
    /// Scheme, host and port of a collector that takes OTLP over gRPC.
    pub endpoint: String,
    /// The share of the traces that are sent, in per cent, where the caller has not decided.
    pub sample: Decimal,
}

impl Trace {
    /// The share as a number from 0 to 1.
    pub fn share(&self) -> Decimal {
        self.sample
            .checked_div(Decimal::ONE_HUNDRED)
            .unwrap_or_default()
    }
}

/// `[sources.ID]` of an enabled source.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// The source; of the market, the kind chosen.
    pub source: &'static Source,
    /// The documents to poll: all of them, except in a replay that has only some.
    pub documents: &'static [Document],
    /// Scheme, host and port.
    pub base_url: String,
    /// The longest time between two polls in its publication hours, while a table is awaited. The module `poller::plan`
    /// derives the others from it.
    pub interval: Duration,
    /// How many requests it may be sent on one day, in its time zone.
    pub requests_per_day: u32,
    /// The API key of the vendor.
    pub api_key: Option<ApiKey>,
    /// How it is reached; without it as [`Http::proxy`] says.
    pub proxy: Option<Proxy>,
    /// PEM files of certificates that are trusted for it besides those of [`Http`].
    pub extra_ca: Vec<PathBuf>,
}

impl SourceSettings {
    /// Whether the source is polled in the same way.
    pub fn is_same(&self, other: &Self) -> bool {
        let Self {
            source,
            documents,
            base_url,
            interval,
            requests_per_day,
            api_key,
            proxy,
            extra_ca,
        } = self;
        // Sources are constants, and of equal calendars there is one list of documents.
        std::ptr::eq(*source, other.source)
            && std::ptr::eq(*documents, other.documents)
            && *base_url == other.base_url
            && *interval == other.interval
            && *requests_per_day == other.requests_per_day
            && *api_key == other.api_key
            && *proxy == other.proxy
            && *extra_ca == other.extra_ca
    }
}

/// An API key. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    key: String,
    file: Option<PathBuf>,
}

impl ApiKey {
    /// A key from memory.
    pub fn new(key: String) -> Self {
        Self { key, file: None }
    }

    /// Reads a key from a file that contains nothing else.
    pub fn read(file: &Path) -> std::io::Result<Self> {
        Ok(Self {
            key: secret_file(file)?,
            file: Some(file.to_owned()),
        })
    }

    /// The key itself, to be sent to the vendor only.
    pub fn expose(&self) -> &str {
        &self.key
    }

    /// The file it was read from.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

/// The one line of a file with a key or a secret. Surrounding white space, empty lines and a byte order mark, which editors
/// and shells of Windows write, are ignored.
fn secret_file(file: &Path) -> std::io::Result<String> {
    let bytes = small_file::read(file)?;
    // A byte order mark decides the encoding: the shell of Windows writes UTF-16.
    let (text, _encoding, is_malformed) = encoding_rs::UTF_8.decode(&bytes);
    let line = text.trim();
    if is_malformed {
        return Err(std::io::Error::other("the file is not text"));
    }
    if line.is_empty() {
        return Err(std::io::Error::other("the file is empty"));
    }
    if line.lines().nth(1).is_some() {
        return Err(std::io::Error::other("the file has more than one line"));
    }
    Ok(line.to_owned())
}

/// Whether the host of an address is this machine. A host in brackets is an address of IP version 6.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<std::net::IpAddr>().map_or_else(
        |_a_name| host == "localhost" || host.ends_with(".localhost"),
        |address| address.is_loopback(),
    )
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ApiKey(…)")
    }
}
