//! Builds a checked [`Config`] from the settings as written.

mod server;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
pub use server::{ADMIN_LISTEN_DEFAULT, LISTEN_DEFAULT};

use crate::config::entries::Entries;
use crate::config::{
    ApiKey, CertificateAuthorities, Clock, Config, ConfigError, Http, SourceSettings, Store,
    Ticker, Web, values,
};
use crate::domain::{Currency, Preference, RateFilter};
use crate::sources::{self, Source};

/// The browsers' port, on loopback.
const WEB_LISTEN_DEFAULT: SocketAddr = loopback(8_080);
/// The currencies of the five, in the order that news tickers have.
const PAIRS_DEFAULT: &[&str] = &["KGS/USD", "KZT/USD", "TJS/USD", "UZS/USD", "TMT/USD"];
/// The word in `ticker.prefer` for the bank whose own currency is one side of the pair.
pub(super) const HOME: &str = "home";
/// In the working directory, where a container mounts its volume.
const STORE_DEFAULT: &str = "silkrate.db";
/// The `store.path` without a file.
pub(super) const STORE_MEMORY: &str = ":memory:";
/// At a million, days pass in fractions of a second; at a higher speed a poll would outlast the table it requests.
const CLOCK_SPEED_BOUNDS: RangeInclusive<u32> = 1..=1_000_000;
/// The banks accept within a second, and a distant one within three.
const CONNECT_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);
/// After ten seconds of silence within a response the rest never arrives.
const READ_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
/// A slow response delays its own source alone, so half a minute does no harm.
const TOTAL_TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// No bank is close enough for less; after more, a dead bank would look alive.
const TIMEOUT_BOUNDS: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(600);
/// A bank publishes once a day; a delay of a quarter of an hour is acceptable, and the load on the bank is small.
const BANK_INTERVAL_DEFAULT: Duration = Duration::from_secs(15 * 60);
/// The rate that the free plans of the vendors allow.
const MARKET_INTERVAL_DEFAULT: Duration = Duration::from_secs(60 * 60);
/// Shorter intervals are of use to no test; a longer one than a day would miss a fixing.
const INTERVAL_BOUNDS: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(24 * 60 * 60);
/// Twice what polls need on a day on which everything happens when it is expected, and less than a visitor of the bank's
/// page sends in a minute.
const REQUESTS_PER_DAY_DEFAULT: u32 = 100;
/// With none, nothing would be polled: that is `enabled = false`. More than one in a second is for tests and replays.
const REQUESTS_PER_DAY_BOUNDS: RangeInclusive<u32> = 1..=1_000_000;
/// The vendor's format when none is named.
const KIND_DEFAULT: &str = "apilayer";
/// The settings that do not belong to a source.
const KEYS: &[&str] = &[
    "server.listen",
    "server.admin_listen",
    "server.heartbeat_interval",
    "server.max_connections",
    "server.max_streams",
    "web.listen",
    "web.allowed_origins",
    "ticker.pairs",
    "ticker.prefer",
    "store.path",
    "store.required",
    "clock.start",
    "clock.speed",
    "http.connect_timeout",
    "http.read_timeout",
    "http.total_timeout",
    "http.ca",
];
/// The settings of every source.
const SOURCE_KEYS: &[&str] = &["enabled", "base_url", "interval", "requests_per_day"];
/// The settings of a source that has several kinds.
const MARKET_KEYS: &[&str] = &["kind", "api_key_file"];

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

impl Config {
    /// Loads the configuration: defaults, overridden by the file, overridden by the `SILKRATE_…` variables in `environment`.
    /// Other variables are ignored. The file of `http.ca` and the key files of enabled sources are read, so that a wrong path is
    /// found before anything starts.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        load(sources::ALL, file, environment)
    }
}

/// Loads a configuration for a catalogue of sources.
pub(super) fn load(
    catalogue: &[&'static Source],
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let mut known: Vec<String> = KEYS.iter().map(ToString::to_string).collect();
    for id in ids(catalogue) {
        let more = if has_kinds(catalogue, id) {
            MARKET_KEYS
        } else {
            &[]
        };
        let names = SOURCE_KEYS.iter().chain(more);
        known.extend(names.map(|name| format!("sources.{id}.{name}")));
    }
    let loader = Loader {
        entries: Entries::read(&known, file, environment)?,
        catalogue,
    };
    Ok(Config {
        server: loader.server()?,
        web: loader.web()?,
        ticker: loader.ticker()?,
        store: loader.store()?,
        store_required: loader.store_required()?,
        clock: loader.clock()?,
        http: loader.http()?,
        sources: loader.sources()?,
    })
}

/// The ids of a catalogue, sorted, each once.
pub(super) fn ids(catalogue: &[&'static Source]) -> BTreeSet<&'static str> {
    catalogue.iter().map(|source| source.id.as_str()).collect()
}

/// Whether an id has several kinds, one for each vendor's format: a market table. Those are disabled by default.
fn has_kinds(catalogue: &[&'static Source], id: &str) -> bool {
    let mut of_id = catalogue.iter().filter(|source| source.id.as_str() == id);
    of_id.any(|source| !source.kind.is_empty())
}

struct Loader<'a> {
    entries: Entries,
    catalogue: &'a [&'static Source],
}

impl Loader<'_> {
    fn web(&self) -> Result<Web, ConfigError> {
        let key = "web.allowed_origins";
        let origins = self.entries.get(key, values::ORIGINS, values::origins)?;
        Ok(Web {
            listen: self.address("web.listen", WEB_LISTEN_DEFAULT)?,
            allowed_origins: origins.unwrap_or_default(),
        })
    }

    fn ticker(&self) -> Result<Ticker, ConfigError> {
        let accepted = "a list of pairs, such as [\"KZT/USD\", \"*/EUR\"]";
        let pairs = self.entries.get("ticker.pairs", accepted, values::list)?;
        let pairs =
            pairs.unwrap_or_else(|| PAIRS_DEFAULT.iter().map(ToString::to_string).collect());
        let pairs = if pairs.is_empty() {
            Err("the list is empty, and an empty filter needs pairs".to_owned())
        } else {
            RateFilter::parse(&pairs).map_err(|error| error.to_string())
        };
        let pairs =
            pairs.map_err(|reason| self.entries.refusal("ticker.pairs", reason, accepted))?;
        let accepted = format!(
            "a list of `{HOME}` and source ids, the best first, each once ({HOME}, {})",
            ids(self.catalogue)
                .into_iter()
                .collect::<Vec<_>>()
                .join(", ")
        );
        let prefer = self.entries.get("ticker.prefer", &accepted, |raw| {
            self.preferences(&values::list(raw)?)
        })?;
        Ok(Ticker {
            pairs,
            prefer: prefer.unwrap_or_else(|| self.default_preferences()),
        })
    }

    fn preferences(&self, texts: &[String]) -> Result<Vec<Preference>, String> {
        let mut preferences = Vec::with_capacity(texts.len());
        for text in texts {
            let named = |source: &&&Source| source.id.as_str() == text;
            let preference = if text == HOME {
                Preference::Home
            } else {
                let source = self.catalogue.iter().find(named);
                let source = source.ok_or_else(|| format!("`{text}` is not a source"))?;
                Preference::Source(source.id)
            };
            if preferences.contains(&preference) {
                return Err(format!("`{text}` is listed twice"));
            }
            preferences.push(preference);
        }
        if preferences.is_empty() {
            return Err("the list is empty, so no source would serve a pair".to_owned());
        }
        Ok(preferences)
    }

    /// The home bank, then the banks that are home to none of the five, then the markets.
    fn default_preferences(&self) -> Vec<Preference> {
        let of_the_five = |source: &Source| source.home.is_some_and(Currency::is_of_the_five);
        let mut others: Vec<_> = self
            .catalogue
            .iter()
            .filter(|source| !of_the_five(source))
            .map(|source| (source.home.is_none(), source.id))
            .collect();
        others.sort_unstable();
        others.dedup();
        let others = others.into_iter().map(|(_, id)| Preference::Source(id));
        std::iter::once(Preference::Home).chain(others).collect()
    }

    fn store(&self) -> Result<Store, ConfigError> {
        let accepted = format!("the path of a file, or {STORE_MEMORY}");
        let path = self.entries.get("store.path", &accepted, |raw| {
            let path = values::text(raw)?.to_owned();
            if path.is_empty() {
                return Err("the path is empty".to_owned());
            }
            Ok(path)
        })?;
        let path = path.unwrap_or_else(|| STORE_DEFAULT.to_owned());
        Ok(if path == STORE_MEMORY {
            Store::Memory
        } else {
            Store::File(PathBuf::from(path))
        })
    }

    fn store_required(&self) -> Result<bool, ConfigError> {
        let required = self
            .entries
            .get("store.required", "true or false", values::flag)?;
        Ok(required.unwrap_or(true))
    }

    fn clock(&self) -> Result<Option<Clock>, ConfigError> {
        let accepted = "a timestamp as in RFC 3339, such as 2026-04-02T09:00:00Z";
        let start = self.entries.get("clock.start", accepted, |raw| {
            let text = values::text(raw)?;
            let instant = text.parse::<Timestamp>();
            instant.map_err(|error| format!("`{text}` is not a timestamp: {error}"))
        })?;
        let (least, most) = (CLOCK_SPEED_BOUNDS.start(), CLOCK_SPEED_BOUNDS.end());
        let accepted = format!("an integer from {least} to {most}, with clock.start");
        let speed = self.entries.get("clock.speed", &accepted, |raw| {
            let speed = values::whole(raw, CLOCK_SPEED_BOUNDS)?;
            if start.is_none() {
                return Err("it needs clock.start: without it the real clock is used".to_owned());
            }
            Ok(speed)
        })?;
        let speed = speed.unwrap_or(*least);
        Ok(start.map(|start| Clock { start, speed }))
    }

    fn http(&self) -> Result<Http, ConfigError> {
        let duration = |key, default| self.duration(key, default, &TIMEOUT_BOUNDS);
        let accepted = "\"bundled\", \"system\", or the path of a PEM file";
        let ca = self.entries.get("http.ca", accepted, |raw| {
            Ok(match values::text(raw)? {
                "bundled" => CertificateAuthorities::Bundled,
                "system" => CertificateAuthorities::System,
                path => {
                    let opened = std::fs::File::open(path);
                    opened.map_err(|error| format!("`{path}` cannot be read: {error}"))?;
                    CertificateAuthorities::File(PathBuf::from(path))
                }
            })
        })?;
        Ok(Http {
            connect_timeout: duration("http.connect_timeout", CONNECT_TIMEOUT_DEFAULT)?,
            read_timeout: duration("http.read_timeout", READ_TIMEOUT_DEFAULT)?,
            total_timeout: duration("http.total_timeout", TOTAL_TIMEOUT_DEFAULT)?,
            ca: ca.unwrap_or(CertificateAuthorities::Bundled),
        })
    }

    fn sources(&self) -> Result<Vec<SourceSettings>, ConfigError> {
        let settings = ids(self.catalogue).into_iter().map(|id| self.source(id));
        settings.filter_map(Result::transpose).collect()
    }

    /// The settings of one source, or `None` when it is disabled. They are checked in both cases, but for the
    /// file of the API key, which is read for an enabled source only.
    fn source(&self, id: &str) -> Result<Option<SourceSettings>, ConfigError> {
        let key = |name: &str| format!("sources.{id}.{name}");
        let has_kinds = has_kinds(self.catalogue, id);
        let enabled = self
            .entries
            .get(&key("enabled"), "true or false", values::flag)?;
        let interval_default = if has_kinds {
            MARKET_INTERVAL_DEFAULT
        } else {
            BANK_INTERVAL_DEFAULT
        };
        let interval = self.duration(&key("interval"), interval_default, &INTERVAL_BOUNDS)?;
        let (least, most) = (
            REQUESTS_PER_DAY_BOUNDS.start(),
            REQUESTS_PER_DAY_BOUNDS.end(),
        );
        let accepted =
            format!("an integer from {least} to {most}; to send none, set enabled = false");
        let requests_per_day = self
            .entries
            .get(&key("requests_per_day"), &accepted, |raw| {
                values::whole(raw, REQUESTS_PER_DAY_BOUNDS)
            })?;
        let base_url = self
            .entries
            .get(&key("base_url"), values::ORIGIN, values::origin)?;
        let source = self.kind(id)?;
        if !enabled.unwrap_or(!has_kinds) {
            return Ok(None);
        }
        let accepted = "the path of a file that contains the key and nothing else";
        let api_key = self.entries.get(&key("api_key_file"), accepted, |raw| {
            let path = values::text(raw)?;
            ApiKey::read(Path::new(path))
                .map_err(|error| format!("`{path}` contains no key: {error}"))
        })?;
        Ok(Some(SourceSettings {
            source,
            documents: source.documents,
            base_url: base_url.unwrap_or_else(|| source.base_url.to_owned()),
            interval,
            requests_per_day: requests_per_day.unwrap_or(REQUESTS_PER_DAY_DEFAULT),
            api_key,
        }))
    }

    /// The source with an id, of the kind chosen if there are several.
    fn kind(&self, id: &str) -> Result<&'static Source, ConfigError> {
        let of_id = || {
            self.catalogue
                .iter()
                .filter(|source| source.id.as_str() == id)
        };
        let key = format!("sources.{id}.kind");
        let kinds: Vec<&str> = of_id().map(|source| source.kind).collect();
        let accepted = format!("one of {}", kinds.join(", "));
        let kind = self
            .entries
            .get(&key, &accepted, |raw| values::text(raw).map(str::to_owned))?;
        let kind = match &kind {
            Some(kind) => kind.as_str(),
            None if has_kinds(self.catalogue, id) => KIND_DEFAULT,
            None => "",
        };
        let source = of_id().find(|source| source.kind == kind).copied();
        source.ok_or_else(|| {
            let reason = format!("`{kind}` is not a kind of this source");
            self.entries.refusal(&key, reason, &accepted)
        })
    }

    fn address(&self, key: &str, default: SocketAddr) -> Result<SocketAddr, ConfigError> {
        let address = self.entries.get(key, values::ADDRESS, values::address)?;
        Ok(address.unwrap_or(default))
    }

    fn duration(
        &self,
        key: &str,
        default: Duration,
        bounds: &RangeInclusive<Duration>,
    ) -> Result<Duration, ConfigError> {
        let accepted = values::duration_accepted(bounds);
        let duration = self
            .entries
            .get(key, &accepted, |raw| values::duration(raw, bounds))?;
        Ok(duration.unwrap_or(default))
    }
}

#[cfg(test)]
mod tests;
