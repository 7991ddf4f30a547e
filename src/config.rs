//! Every setting, its default and its bounds.
//!
//! ```text
//! defaults ─▶ file (TOML) ─▶ SILKRATE_… variables ─▶ checked once ─▶ Config
//! ```
//!
//! Whatever is unknown or out of bounds is refused before anything starts, with the key, the place it came from, and
//! what would have been accepted.

mod error;
mod entries;
mod variables;
mod values;
mod load;
mod print;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::{ConfigError, Origin};
use jiff::Timestamp;
pub use load::{ADMIN_LISTEN_DEFAULT, LISTEN_DEFAULT};

use crate::domain::{Preference, RateFilter};
use crate::sources::{Document, Source};

/// The effective configuration: defaults, the file, the environment, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where gRPC is served.
    pub server: Server,
    /// Where browsers are served.
    pub web: Web,
    /// What an empty filter means, and who answers.
    pub ticker: Ticker,
    /// Where history is kept.
    pub store: Store,
    /// A clock of its own, for replays and tests; the real one when absent.
    pub clock: Option<Clock>,
    /// How banks are asked.
    pub http: Http,
    /// The enabled sources, sorted by id.
    pub sources: Vec<SourceSettings>,
}

/// `[server]`
#[derive(Debug, Clone)]
pub struct Server {
    /// The address of the gRPC port.
    pub listen: SocketAddr,
    /// The address of the admin port.
    pub admin_listen: SocketAddr,
    /// How long a stream stays silent at most.
    pub heartbeat_interval: Duration,
    /// How many connections the gRPC port holds at once.
    pub max_connections: u32,
    /// How many streams there may be in all.
    pub max_streams: u32,
}

/// `[web]`
#[derive(Debug, Clone)]
pub struct Web {
    /// The address of the web port.
    pub listen: SocketAddr,
    /// The origins that may read it from a browser.
    pub allowed_origins: Vec<String>,
}

/// `[ticker]`
#[derive(Debug, Clone)]
pub struct Ticker {
    /// The pairs an empty filter stands for.
    pub pairs: RateFilter,
    /// Who answers a pair, best first; a source not named never answers.
    pub prefer: Vec<Preference>,
}

/// `[store]`
#[derive(Debug, Clone)]
pub enum Store {
    /// Nothing is kept.
    Memory,
    /// An `SQLite` file.
    File(PathBuf),
}

/// `[clock]`
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// What the clock says when the process starts.
    pub start: Timestamp,
    /// How many times faster than real time it runs; at least 1.
    pub speed: u32,
}

/// `[http]`
#[derive(Debug, Clone)]
pub struct Http {
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long a bank may stay silent within an answer.
    pub read_timeout: Duration,
    /// How long an answer may take in all.
    pub total_timeout: Duration,
    /// Whose certificates are believed.
    pub ca: CertificateAuthorities,
}

/// `http.ca`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateAuthorities {
    /// Mozilla's list, built in: a slim machine has none.
    Bundled,
    /// What the machine has.
    System,
    /// A PEM file.
    File(PathBuf),
}

/// `[sources.ID]` of an enabled source.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// The source; of the market, of the kind chosen.
    pub source: &'static Source,
    /// Which of its documents are asked for: all of them, save in a replay that has only some.
    pub documents: &'static [Document],
    /// Scheme, host and port.
    pub base_url: String,
    /// How often it is asked inside its publication window.
    pub interval: Duration,
    /// The vendor's key.
    pub api_key: Option<ApiKey>,
}

/// A vendor's key. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    key: String,
    file: Option<PathBuf>,
}

impl ApiKey {
    /// Holds a key.
    pub fn new(key: String) -> Self {
        Self { key, file: None }
    }

    /// Reads a key from a file that holds nothing else; the space around it is no part of it.
    pub fn read(file: &Path) -> std::io::Result<Self> {
        let key = std::fs::read_to_string(file)?.trim().to_owned();
        if key.is_empty() {
            return Err(std::io::Error::other("the file is empty"));
        }
        let file = Some(file.to_owned());
        Ok(Self { key, file })
    }

    /// The key, to be sent and to no other end.
    pub fn expose(&self) -> &str {
        &self.key
    }

    /// The file it was read from.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ApiKey(…)")
    }
}
